"""What goes wrong with patches, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from pathlib import Path

from git_xsa.advisory.problems import DamagedPatch, FormError, Misfit, NoFolder, PatchError, Shady, StoreError, Unplaced
from git_xsa.errors import XsaError, problem
from git_xsa.git.problems import DiffError

_LOST = "fetch it again; GNU patch would skip this hunk and all later ones without an error"
_UNIFIED = "make a unified diff with diff -u, or convert it with filterdiff --format=unified"
_UNPLACED = (
    "give the branch for which the patch was made: --tip <ref>; if your package applies other patches before it, "
    "commit them and give that commit: --onto <commit>"
)

# adaptations


@problem
def changed_adaptation(folder: Path, name: str) -> StoreError:
    return StoreError(f"a patch in {folder} was changed after git xsa-resolve wrote it", _forget(name))


@problem
def damaged_adaptation(record: Path, name: str) -> StoreError:
    return StoreError(f"{record} is damaged", _forget(name))


def _forget(name: str) -> str:
    return f"run git xsa-resolve --forget {name}, then resolve the conflict again"


# package


@problem
def no_patches(place: Path) -> XsaError:
    return XsaError(
        f"{place} contains neither patches nor a list of patches", "give the series, the spec, or the folder"
    )


@problem
def no_such_package(place: Path) -> XsaError:
    return XsaError(f"there is no {place}", "give a series, a spec, an APKBUILD, an ebuild or a folder of patches")


@problem
def too_many_patches(place: Path, number: int, most: int) -> XsaError:
    return XsaError(f"{place} lists {number:,} patches", f"at most {most:,} are read")


@problem
def several_lists(place: Path, lists: str) -> XsaError:
    return XsaError(f"{place} contains several lists of patches: {lists}", "give one of them")


@problem
def list_too_large(place: Path) -> XsaError:
    return XsaError(f"{place} is too large for a list of patches (limit: 4 MiB)", "give the list itself")


@problem
def strange_patch_name(listing: Path, name: str) -> XsaError:
    return XsaError(f"{listing} contains a patch name that is not plain text: {name}", "spell the name out")


@problem
def path_outside(listing: Path, name: str) -> XsaError:
    return XsaError(
        f"{listing} names a path outside the package: {name}", "give a list of file names inside the package"
    )


@problem
def missing_patch(listing: Path, name: str) -> XsaError:
    return XsaError(f"{listing} lists {name}, which is not there", "fetch the complete package")


@problem
def series_reverts(patch: str) -> XsaError:
    return XsaError(f"the series reverts {patch} (-R)", "remove it from the series and from the tree")


@problem
def unreadable_list(how: str, way: str) -> XsaError:
    return XsaError(f"the list applies patches in a way that can't be read: {how}", f"list them as {way}")


@problem
def spec_reverts(patch: str) -> XsaError:
    return XsaError(f"the spec reverts {patch} (-R)", "remove it from the spec and from the tree")


# parts


@problem
def lost_hunk(hunk: str) -> DiffError:
    return DiffError(f"the hunk {hunk!r} follows a blank line or other text, and names no file", _LOST)


@problem
def no_binary_contents(names: str) -> DiffError:
    return DiffError(f"the contents of the binary files {names} are missing")


@problem
def context_diff() -> FormError:
    return FormError("is a context diff", _UNIFIED)


@problem
def merge_diff() -> FormError:
    return FormError("is the diff of a merge", "give the diff against one parent: git diff <merge>^ <merge>")


@problem
def normal_diff() -> FormError:
    return FormError("is a diff without context", _UNIFIED)


@problem
def ed_script() -> FormError:
    return FormError("is an ed script", _UNIFIED)


# patchfile


@problem
def large_patch(path: Path, megabytes: int) -> PatchError:
    return PatchError(f"{path} is larger than {megabytes} MB, too large for a patch", "give the patch file itself")


@problem
def unreadable_patch(path: Path, why: str | None) -> PatchError:
    return PatchError(f"{path}: {why}", "give the path of a patch file, or the name of a commit")


@problem
def web_page(path: Path) -> PatchError:
    return PatchError(f"{path} is a web page and not a patch", "download the file that the page shows, as it is")


@problem
def no_diff(path: Path) -> PatchError:
    return PatchError(f"{path} is not a patch: no diff in it", "give a unified diff, as git format-patch writes it")


@problem
def unknown_form(path: Path, form: str, hint: str) -> PatchError:
    return PatchError(f"{path} {form}", hint)


@problem
def damaged_patch(path: Path, why: str, hint: str = "") -> DamagedPatch:
    return DamagedPatch(path, why, hint)


@problem
def shady_path(path: Path, name: str) -> PatchError:
    return PatchError(f"{path} names the path {name!r}", "do not use this patch; inform its sender")


def shady(path: str) -> Shady:
    return Shady(path)


@problem
def script_of_ed(path: Path) -> PatchError:
    return PatchError(f"{path} is not a patch: it has a script of ed")


@problem
def packed_patch(path: Path, program: str) -> PatchError:
    return PatchError(f"{path} is packed", f"unpack it first, with {program}")


@problem
def patch_in_utf_16(path: Path, encoding: str) -> PatchError:
    return PatchError(f"{path} is encoded in UTF-16", f"convert it to UTF-8: iconv -f {encoding} -t utf-8")


@problem
def no_hunk_follows() -> DiffError:
    return DiffError("not a diff: no hunk follows the names of the file")


@problem
def several_mails(file: Path) -> PatchError:
    return PatchError(f"{file} is a mail with several patches", "save the attachment that you mean, and give that file")


@problem
def no_hunks(path: str) -> DiffError:
    return DiffError(f"the diff of {path} has no hunks, though the contents of the file change")


@problem
def short_object_names(path: str) -> DiffError:
    return DiffError(f"the binary change of {path} lacks full object names (git diff --binary writes them)")


@problem
def nothing_changed(path: str) -> DiffError:
    return DiffError(f"nothing is changed in {path}")


@problem
def new_and_gone() -> DiffError:
    return DiffError("not a diff: a file that is new and deleted")


def too_few_folders(path: str) -> NoFolder:
    return NoFolder(f"the path {path} has too few leading folders")


# series


@problem
def no_place() -> Unplaced:
    return Unplaced("the series has no place")


@problem
def no_place_on_base(why: str, on_base: str, hint: str) -> Unplaced:
    return Unplaced(f"{why}; {on_base}, the base itself", hint)


@problem
def misfit(patch: str, why: Misfit, commit: str) -> Unplaced:
    return Unplaced(f"{patch}: {why} at {commit}", _UNPLACED)


def no_such_file(path: str) -> Misfit:
    return Misfit(f"there is no file {path}")


def changed_twice(path: str) -> Misfit:
    return Misfit(f"{path} is changed twice, and by a rename")


def another_type(path: str) -> Misfit:
    return Misfit(f"{path} has another type than in the patch")


def in_the_way(path: str, folder: bool) -> Misfit:
    return Misfit(f"there is a {'folder' if folder else 'file'} {path} already")


def not_a_folder(path: str) -> Misfit:
    return Misfit(f"{path} is not a folder")


def another_version(path: str) -> Misfit:
    return Misfit(f"{path} is another version of the file")


def binary_file(path: str) -> Misfit:
    return Misfit(f"{path} is binary, and the patch has lines for it")


def mismatch(path: str, why: Exception) -> Misfit:
    return Misfit(f"{why} in {path}")


def not_empty(path: str) -> Misfit:
    return Misfit(f"{path} would not be empty after the deletion")
