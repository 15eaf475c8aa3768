"""What goes wrong with a package that is edited, in words: each function returns an error made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.errors import UsageError, XsaError, problem

_NO_LIST = "give its folder, or its spec, series, APKBUILD, ebuild or package.nix"


class PackageRefused(XsaError):
    """The package can't be edited: nothing of it has been changed."""


class NoPackage(UsageError):
    """A path at which there is nothing that can be edited as a package."""


# alpine


@problem
def no_source(apkbuild: Path) -> PackageRefused:
    return PackageRefused(f'{apkbuild} has no source="..."', "give the APKBUILD of Xen")


@problem
def no_sums(apkbuild: Path) -> PackageRefused:
    return PackageRefused(f'{apkbuild} has no sha512sums="..."', "run abuild checksum")


@problem
def no_plain_version() -> PackageRefused:
    return PackageRefused("pkgver and pkgrel are not plain words", "give the version: --package-version <version>")


# base


@problem
def unnamed_release(place: Path) -> XsaError:
    return XsaError(f"{place} does not name its release in plain words", "give it: --onto RELEASE-4.17.6")


@problem
def no_such_release(place: Path, version: str, tag: str, folder: Path) -> XsaError:
    return XsaError(
        f"{place} builds {version}, and there is no {tag} in {folder}",
        "run git fetch --tags, or give the commit: --onto <base>",
    )


@problem
def patches_refused(files: Sequence[Path], base: str, doubt: str) -> XsaError:
    """One or several patches of the package do not apply to ``base``; ``doubt`` says what may be wrong with one."""
    hint = doubt or "make sure that --onto is the release that the package builds; or refresh them first"
    if len(files) == 1:
        return XsaError(f"{files[0]} does not apply to {base}", hint)
    shown = ", ".join(file.name for file in files[:6]) + (", ..." if len(files) > 6 else "")
    return XsaError(f"{len(files)} of the package's patches do not apply to {base}: {shown}", hint)


# debian


@problem
def no_entry(changelog: Path) -> PackageRefused:
    return PackageRefused(f"{changelog} has no entry of xen", "give the version: --package-version <version>")


@problem
def bad_changelog(changelog: Path) -> PackageRefused:
    return PackageRefused(
        f"{changelog} is not a valid Debian changelog",
        "dpkg-parsechangelog says what is wrong with it; repair it first",
    )


@problem
def not_later(version: str, newest: object) -> PackageRefused:
    return PackageRefused(f"{version} is not later than {newest}", "give a later one: --package-version <version>")


@problem
def other_source_format(folder: Path, format_: str) -> XsaError:
    return XsaError(f"{folder} has the source format {format_}, which applies no patches", "it must be 3.0 (quilt)")


# fetched


@problem
def unknown_fetched_patch(address: str) -> XsaError:
    return XsaError(
        f"the package applies {address}, which is unknown here",
        "take its advisory in: git xsa-fetch, git xsa-import; or fetch what the clone lacks",
    )


# gentoo


@problem
def no_patches(ebuild: Path) -> PackageRefused:
    return PackageRefused(
        f"{ebuild} has no PATCHES=(...)", "add an empty one, or use --format gentoo for a tarball of patches"
    )


@problem
def old_eapi(ebuild: Path) -> PackageRefused:
    return PackageRefused(f"{ebuild} is of an EAPI that applies no PATCHES", "move it to EAPI 6 or later")


# nix


@problem
def no_nix_patches(place: Path) -> PackageRefused:
    return PackageRefused(f"{place} has no patches = [ ... ]", "add an empty list to its derivation")


@problem
def own_patch_phase(place: Path, line: str) -> PackageRefused:
    return PackageRefused(
        f"{place} does not apply its patches as stdenv does: {line}", "leave the patch phase to stdenv: use postPatch"
    )


# package


@problem
def no_package(place: Path) -> NoPackage:
    return NoPackage(f"{place} is not a package that can be edited", _NO_LIST)


@problem
def not_edited(listing: Path) -> UsageError:
    return UsageError(f"{listing} is not a list of patches that can be edited", _NO_LIST)


@problem
def not_a_plain_list(place: Path) -> PackageRefused:
    return PackageRefused(f"{place} is a link or not a plain file", "give the package's own folder")


@problem
def link_out(file: Path) -> PackageRefused:
    return PackageRefused(f"{file} is a link out of the package", "replace it with the patch")


@problem
def cr_lf(path: Path) -> PackageRefused:
    return PackageRefused(
        f"{path} has line ends of CR and LF, which the tools of its kind do not take", "convert it first: dos2unix"
    )


@problem
def list_too_large(place: Path) -> PackageRefused:
    return PackageRefused(f"{place} would be too large for a list of patches (limit: 4 MiB)", "remove patches first")


# parts


@problem
def function_without_call(function: str, place: Path, call: str) -> PackageRefused:
    return PackageRefused(
        f"{function}() of {place} does not call {call}, so a new patch would not be applied", f"call {call} in it"
    )


# plan


@problem
def not_after_the_queue(stuck: str, places: str) -> PackageRefused:
    return PackageRefused(
        f"{stuck} does not apply after the queue{f': {places}' if places else ''}",
        "leave out --start to append the queue after all patches",
    )


# seal


@problem
def unusable_key(place: Path, why: str | None) -> XsaError:
    return XsaError(
        f"{place}: {why}", "a key is kept there, by which a run that was killed is known; set XDG_STATE_HOME to move it"
    )


@problem
def foreign_key(place: Path) -> XsaError:
    return XsaError(f"{place} is no key of this user alone", "inspect it, and move it away")


# spec


@problem
def numbers_below(first: int, start: int) -> PackageRefused:
    return PackageRefused(
        f"the spec applies Patch{first} before patches with numbers below {start}",
        "choose a number after all of them (--start), or leave out --start",
    )


@problem
def numbers_taken(number: int, first: int, taken: int, name: str) -> PackageRefused:
    return PackageRefused(
        f"{number} patches from number {first} on would collide with Patch{taken}: {name}",
        "choose a range of free numbers: --start <n>",
    )


@problem
def numbers_not_ascending() -> PackageRefused:
    return PackageRefused(
        "the patch numbers of the spec are not in ascending order", "leave out --start to append them"
    )


@problem
def within_condition(number: int) -> PackageRefused:
    return PackageRefused(f"Patch{number} is in the same %if as the patch before it", "choose another --start")


@problem
def spec_applies_nothing() -> PackageRefused:
    return PackageRefused("nothing in the spec applies its patches", "it needs %autosetup -p1, or %autopatch -p1")


@problem
def numbers_not_applied(first: int, last: int) -> PackageRefused:
    return PackageRefused(
        f"no line of the spec applies patches with the numbers {first} to {last}",
        "choose numbers that its %autopatch applies: --start <n>",
    )


@problem
def applied_in_condition(number: int) -> PackageRefused:
    return PackageRefused(f"patch {number} is applied only in an %if", "leave out --start")


@problem
def not_p1(line: str) -> PackageRefused:
    return PackageRefused(f"git's patches need -p1, which the spec does not give: {line}", "make it -p1")


@problem
def only_in_condition(line: str) -> PackageRefused:
    return PackageRefused(
        f"the spec applies its patches only in an %if: {line}", "have it apply them outside of conditions"
    )


# write


@problem
def leads_out(path: Path) -> PackageRefused:
    return PackageRefused(f"{path} leads out of the package", "replace the links on its way with folders")


@problem
def changed_meanwhile(path: Path) -> PackageRefused:
    return PackageRefused(f"{path} was changed meanwhile", "run the command again")


@problem
def not_our_work(work: Path) -> PackageRefused:
    return PackageRefused(f"{work} was not made by git xsa-export of this user", "inspect it, and move it away")


@problem
def foreign_journal(work: Path) -> PackageRefused:
    return PackageRefused(
        f"{work} has a journal that was not written there by git xsa-export of this user",
        f"inspect it, and move {work} away",
    )


@problem
def apart(edits: str) -> PackageRefused:
    return PackageRefused(f"{edits} can't be changed together", "give the folder of the source package")


@problem
def current_folder(target: Path) -> PackageRefused:
    return PackageRefused(
        f"{target} would be replaced, but it is the current folder", "change to the folder above it: cd .."
    )


@problem
def not_plain(path: str) -> PackageRefused:
    return PackageRefused(f"{path} is not a plain file", "remove it from the package")


@problem
def package_with_link(path: Path) -> PackageRefused:
    return PackageRefused(
        f"{path} is not a plain file", "a package with links is not edited; give the folder to which they lead"
    )
