"""What goes wrong with advisories and the store, in words: each function returns an error made of its values."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from git_xsa.errors import XsaError, problem
from git_xsa.git.problems import DiffError

_ADDRESS = "check the address (git config xsa.url) and the connection"
_AGAIN = "run git xsa-hooks install again"
_ANOTHER = "set another folder: git config --global xsa.store <folder>"
_AS_SENT = "save the mail or the file as it was sent, without changes"
_LOST = "fetch it again; GNU patch would skip this hunk and all later ones without an error"
_SMALLER = "give the advisory's own files"
_STRANGE = "inspect it: git-xsa did not create this"
_TRUST = "add the key to xsa.trustedKeys, or unset xsa.requireSignature to get only a warning"
_UNIFIED = "make a unified diff with diff -u, or convert it with filterdiff --format=unified"
_UNPLACED = (
    "give the branch for which the patch was made: --tip <ref>; if your package applies other patches before it, "
    "commit them and give that commit: --onto <commit>"
)
_WARN = "do not use it; inform its sender"


class StoreError(XsaError):
    """The store can't be used (exit status 128)."""


class Locked(StoreError):
    """Another command holds the lock."""


class FormError(DiffError):
    """A diff in a form that is not read here; ``what`` says which, ``hint`` how to get another."""


class WebError(XsaError):
    """A file could not be had: the text says which one, and why."""


class OutOfTime(WebError):
    """The time for the whole run is over; whatever is asked for after that fails in the same way."""


class NotFound(WebError):
    """The server has no such file (404 or 410)."""


class Passing(Exception):
    """Something that may be over the next time; ``wait`` is how many seconds the server asks for."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


class Unplaced(XsaError):
    """A patch has no certain place on the branch, with every commit of it (exit status 2)."""

    status = 2


class Misfit(Exception):
    """A change can't be made to the files at a place, for the reason in the text."""


class TextError(XsaError):
    """Text that is no advisory, or one whose signed part can't be separated from the rest."""


class ImportRefused(XsaError):
    """``xsa.requireSignature`` is set and nobody who is trusted vouches for what was given (exit status 128)."""


class PatchError(XsaError):
    """A file that is no patch, or one that must not be used."""

    status = 128


class DamagedPatch(PatchError):
    """A file that is a patch, but not a whole one; ``reason`` says what is wrong with it."""

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{path} is damaged: {reason}", hint or "fetch it again, and compare its checksum")
        self.reason = reason


class Shady(PatchError):
    """A path that must not be used: outside the tree, or git's own folder."""


class NoFolder(DiffError):
    """A name that has no folder to be taken off."""


class MetadataError(XsaError):
    """A file that is not the JSON that it should be."""


class IntakeError(XsaError):
    """A source that can't be taken in; nothing of it is."""


class ListError(XsaError):
    """The site's list can't be had, or is none (exit status 128)."""


# adaptations


@problem
def changed_adaptation(folder: Path, name: str) -> StoreError:
    return StoreError(f"a patch in {folder} was changed after git xsa-resolve wrote it", _forget(name))


@problem
def damaged_adaptation(record: Path, name: str) -> StoreError:
    return StoreError(f"{record} is damaged", _forget(name))


def _forget(name: str) -> str:
    return f"run git xsa-resolve --forget {name}, then resolve the conflict again"


# contents


@problem
def too_many_bytes(source: object, megabytes: int) -> IntakeError:
    return IntakeError(f"{source} holds more than {megabytes} MB", _SMALLER)


@problem
def too_many_files(source: object, most: int) -> IntakeError:
    return IntakeError(f"{source} holds more than {most} files", _SMALLER)


@problem
def not_a_file_or_folder(path: Path) -> IntakeError:
    return IntakeError(f"{path} is neither a file nor a folder", "save it as a file first")


@problem
def unreadable_source(path: Path, why: str | None) -> IntakeError:
    return IntakeError(f"{path}: {why}", "give the path of a mail, a patch, a folder or a tarball")


@problem
def folder_too_deep(folder: Path) -> IntakeError:
    return IntakeError(f"{folder} is nested too deeply", _SMALLER)


@problem
def archives_too_deep(archive: str) -> IntakeError:
    return IntakeError(f"{archive} nests archives too deeply", _SMALLER)


@problem
def unknown_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is an archive of an unsupported format", "unpack it and give the folder")


@problem
def link_in_archive(archive: str, name: str) -> IntakeError:
    return IntakeError(f"{archive} holds {name!r}, which is a link or a device", _WARN)


@problem
def short_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is damaged: it ends too early", "fetch it again")


@problem
def damaged_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is damaged: it can't be unpacked", "fetch it again")


@problem
def mails_too_deep(mail: str) -> IntakeError:
    return IntakeError(f"{mail} nests mails too deeply", _SMALLER)


@problem
def name_leads_out(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which leads out of its folder", _WARN)


@problem
def name_is_hidden(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which is hidden", _WARN)


@problem
def not_a_published_name(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which is not a valid name of a published file", _WARN)


@problem
def name_too_deep(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file that is nested too deeply: {name}", _WARN)


# fetch


@problem
def too_many_missing(address: str, most: int) -> ListError:
    return ListError(
        f"{address} lists more than {most} advisories that do not exist", "check the address (git config xsa.url)"
    )


@problem
def not_a_list(address: str, why: str) -> ListError:
    return ListError(f"{address} is not a list of advisories: {why}", _ADDRESS)


@problem
def no_list(why: str, hint: str) -> ListError:
    return ListError(why, hint or _ADDRESS)


@problem
def text_of_another(address: str, number: int) -> WebError:
    return WebError(f"{address} is the text of XSA-{number}")


@problem
def untrusted_text(address: str, why: str) -> WebError:
    return WebError(f"{address} {why}: not imported")


@problem
def other_checksum(address: str) -> WebError:
    return WebError(f"{address} does not match the advisory: its SHA-256 differs")


# import


@problem
def unsigned_advisory(number: int, version: int, why: str) -> ImportRefused:
    return ImportRefused(f"XSA-{number} v{version} {why}: nothing was imported", _TRUST)


@problem
def unsigned_text(name: str) -> ImportRefused:
    hint = "xsa.requireSignature refuses it; leave it out, or change the setting"
    return ImportRefused(f"{name} is not signed by a key in xsa.trustedKeys", hint)


@problem
def unlisted_content(name: str, number: int) -> ImportRefused:
    return ImportRefused(f"{name} does not match its checksum in XSA-{number}: nothing was imported", _TRUST)


@problem
def unlisted_file(name: str) -> ImportRefused:
    return ImportRefused(f"no signed advisory lists {name}: nothing was imported", _TRUST)


# metadata


@problem
def list_without_advisories() -> MetadataError:
    return MetadataError("the list has no key 'xsas'")


@problem
def large_metadata(megabytes: int) -> MetadataError:
    return MetadataError(f"it has more than {megabytes} MB")


@problem
def bad_metadata(why: ValueError) -> MetadataError:
    return MetadataError(str(why))


@problem
def metadata_lacks(what: str) -> MetadataError:
    return MetadataError(f"it holds no {what}")


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


# store


@problem
def not_a_name(name: str, why: str) -> StoreError:
    return StoreError(f"{name!r} can't be a name in the store: {why}")


@problem
def unreadable_file(path: Path, why: str | None) -> StoreError:
    return StoreError(f"{path} can't be read: {why}", _STRANGE)


@problem
def not_a_file(path: Path) -> StoreError:
    return StoreError(f"{path} is not a file", _STRANGE)


@problem
def unreadable_folder(path: Path, why: str | None) -> StoreError:
    return StoreError(f"{path} can't be searched: {why}", _STRANGE)


@problem
def store_in_use(store: Path, lock: Path) -> Locked:
    return Locked(
        f"another git-xsa command is using the store {store}",
        f"wait until it ends; fuser {quote(str(lock))} shows which one it is",
    )


@problem
def store_without_locks(store: Path) -> StoreError:
    return StoreError(
        f"the store {store} is on a file system without locks", "move it: git config --global xsa.store <folder>"
    )


@problem
def store_in_repository(store: Path, repository: Path) -> StoreError:
    return StoreError(
        f"the store {store} would be in the git repository {repository}, which may be pushed or served",
        "set a folder outside of it: git config --global xsa.store <folder>",
    )


@problem
def unusable_store(store: Path, why: str | None) -> StoreError:
    return StoreError(f"the store {store} can't be used: {why}", _ANOTHER)


@problem
def store_is_no_folder(store: Path) -> StoreError:
    return StoreError(f"the store {store} is not a folder", f"move it away, or {_ANOTHER}")


@problem
def store_of_another_user(store: Path) -> StoreError:
    return StoreError(f"the store {store} belongs to another user", f"take ownership of it, or {_ANOTHER}")


@problem
def open_store(store: Path, mode: int) -> StoreError:
    return StoreError(
        f"the store {store} can be read by others (mode {mode:04o})", f"chmod -R go= {quote(str(store))}\nor {_ANOTHER}"
    )


@problem
def lost_link(store: Path, path: Path, target: str) -> StoreError:
    return StoreError(
        f"the store {store} can't be used: {path} is a link to {target}, which is not there",
        f"restore its target, or {_ANOTHER}",
    )


def several_entries() -> ValueError:
    return ValueError("a journal has one entry a line")


@problem
def no_folder(path: Path) -> StoreError:
    return StoreError(f"{path} is not a folder", _STRANGE)


@problem
def removed_meanwhile(number: int) -> StoreError:
    return StoreError(f"XSA-{number} was removed from the store meanwhile", "run the command again")


@problem
def signature_required(doubt: str) -> ImportRefused:
    return ImportRefused(doubt, "xsa.requireSignature refuses it; import it again, or change the setting")


# store_place


@problem
def store_elsewhere(store: Path, hooks: Path) -> StoreError:
    return StoreError(
        f"the store is expected in {store}, but the hooks of this repository use {hooks}",
        f"xsa.store, HOME and XDG_DATA_HOME define its place; if it was moved: {_AGAIN}",
    )


@problem
def missing_store(store: Path) -> StoreError:
    return StoreError(
        f"the store {store} is missing, so it is unknown what is under embargo",
        f"mount or restore it; if you no longer want a store: {_AGAIN}",
    )


@problem
def store_nowhere() -> StoreError:
    return StoreError(
        "the place of the store is unknown: HOME is not set, and this account has no home folder",
        "set HOME, or set a folder: git config xsa.store <folder>",
    )


# text


@problem
def large_text(megabytes: int) -> TextError:
    return TextError(f"the text is larger than {megabytes} MB, too large for an advisory")


@problem
def title_outside() -> TextError:
    return TextError("the title of the advisory is outside of the signed part", _AS_SENT)


@problem
def no_title() -> TextError:
    what = "the text is not an advisory: it has no line like 'Xen Security Advisory CVE-2026-1234 / XSA-123'"
    return TextError(what, _AS_SENT)


@problem
def several_texts() -> TextError:
    return TextError("the text has several signed parts, or half of one", "give one advisory at a time, as it was sent")


@problem
def no_hash_name() -> TextError:
    return TextError("the signed part does not begin with the name of a hash", "fetch the advisory again")


# web


@problem
def gave_up(address: str, why: str) -> WebError:
    return WebError(f"{address}: {why}", "try again later; what was fetched is kept")


@problem
def out_of_time(address: str, seconds: float) -> OutOfTime:
    return OutOfTime(
        f"{address}: the run reached its limit of {seconds:.0f} seconds (xsa.fetchTime)", "run it again to continue"
    )


def incomplete(seconds: float) -> Passing:
    return Passing(f"it was incomplete after {seconds:.0f} seconds")


@problem
def no_certificate(address: str, why: str) -> WebError:
    return WebError(f"{address}: {why}")


def no_response(seconds: float) -> Passing:
    return Passing(f"no response within {seconds:.0f} seconds")


def no_proxy(why: str) -> Passing:
    return Passing(f"the proxy can't be used{why}")


def no_server(why: str) -> Passing:
    return Passing(f"the server can't be reached, or closed the connection{why}")


def interrupted(why: str) -> Passing:
    return Passing(f"the transfer was interrupted{why}")


@problem
def not_an_address(address: str) -> WebError:
    return WebError(f"{address}: this address, or that of the proxy, is not valid")


@problem
def too_many_redirections(address: str, most: int) -> WebError:
    return WebError(f"{address}: more than {most} redirections")


@problem
def not_found(address: str) -> NotFound:
    return NotFound(f"{address}: not found")


def server_passes(status: int, reason: str, wait: float) -> Passing:
    return Passing(f"the server answers {status} ({reason})", wait)


@problem
def server_refuses(address: str, status: int, reason: str) -> WebError:
    return WebError(f"{address}: the server answers {status} ({reason})")


@problem
def announced_too_large(address: str, size: int, limit: int) -> WebError:
    return WebError(f"{address}: its {size:,} bytes exceed the limit of {limit:,} bytes")


@problem
def too_large(address: str, limit: int) -> WebError:
    return WebError(f"{address}: it exceeds the limit of {limit:,} bytes")


def too_slow(bytes_a_second: int) -> Passing:
    return Passing(f"less than {bytes_a_second} bytes a second arrived (xsa.fetchSpeed)")


def cut_short(arrived: int, length: str) -> Passing:
    return Passing(f"only {arrived:,} of {length} bytes arrived")


@problem
def refused_redirect(place: str, target: str) -> WebError:
    return WebError(f"{place}: redirect to {target} refused")
