"""What goes wrong with a release, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from shlex import quote

from git_xsa.errors import UsageError, XsaError, problem
from git_xsa.git.problems import INSTALL_GIT, Meaningless

EDIT_HINT = "git config xsa.release.edit sets which lines change (git-xsa-config(5))"
_FILE_NAME = "'xen-{version}'"
_FINAL = "a published release is final: make the next release instead"


class ReleaseRefused(XsaError):
    """A condition for a release does not hold (exit status 1)."""

    status = 1


class Stopped(XsaError):
    """A step failed: says what is there, and how to go on or back."""


class KeyProblem(XsaError):
    """The key can't sign."""


class EditError(Exception):
    """An edit can't be made: the text says why, and ``path`` where."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path


# archive


@problem
def compressor_fails(program: str, why: str) -> XsaError:
    return XsaError(f"{program} failed: {why}")


@problem
def file_outside(folder: str, member: str) -> XsaError:
    return XsaError(f"the tarball has a file outside of {folder}/: {member}")


@problem
def not_a_file(member: str) -> XsaError:
    return XsaError(f"the tarball has something that is neither file nor link: {member}")


@problem
def damaged_tarball() -> XsaError:
    return XsaError("the tarball is damaged: it can't be unpacked", "remove it, then resume with --continue")


@problem
def own_tarball_fails(why: str, command: str) -> XsaError:
    return XsaError(f"xsa.release.tarball failed: {why}", f"it runs {command}")


@problem
def no_own_tarball(command: str) -> XsaError:
    return XsaError("xsa.release.tarball made no tarball", f"{command} should put them into $XSA_OUTPUT, or dist/")


# conditions


@problem
def condition_fails(condition: str, why: str, hint: str) -> ReleaseRefused:
    return ReleaseRefused(f"{condition}: {why}", hint)


# due


def not_an_interval() -> ValueError:
    return ValueError("it must be a number of days, weeks, months or years, or never")


# edits


def not_an_edit() -> ValueError:
    return ValueError("it must be a path, the expected line and the new line")


def not_a_file_of_the_tree(path: str) -> ValueError:
    return ValueError(f"{path} is no path of a file in the tree")


def too_many_stars() -> ValueError:
    return ValueError("the new line has more * than the old line")


def unknown_word(word: str, known: Iterable[str]) -> ValueError:
    return ValueError(f"{{{word}}} has no meaning; these have: {', '.join(f'{{{name}}}' for name in known)}")


def two_lines_match(path: str, first: int, second: int) -> EditError:
    return EditError(path, f"lines {first} and {second} both match the line to change")


def no_line_matches(path: str, expected: str, nearest: str) -> EditError:
    return EditError(path, f"it has no line {expected}{f'; the nearest is {nearest!r}' if nearest else ''}")


def no_heading() -> EditError:
    return EditError("CHANGELOG.md", "it has no release heading ('## [4.21.1](...)')")


# packaging


@problem
def not_the_tree(tarball: Path, tag: str, differences: Sequence[str], version: str) -> XsaError:
    return XsaError(
        f"{tarball} is not the tree of {tag}: {'; '.join(differences)}",
        f"remove it, then resume: git xsa-release --continue {version}",
    )


@problem
def does_not_build(tag: str, command: str, log: Path) -> XsaError:
    return XsaError(
        f"{tag} does not build with '{command}'", f"what it printed: {log}\n--no-build leaves the build out"
    )


@problem
def unverified_signature(tarball: str, why: str) -> XsaError:
    return XsaError(f"the new signature of {tarball} can't be verified: {why}")


# plan


@problem
def nothing_to_follow(branch: str) -> XsaError:
    return XsaError(
        f"{branch} has no release that a point release could follow",
        "git fetch --tags; a branch's first release is not made with this command",
    )


@problem
def branch_gone(branch: str) -> XsaError:
    return XsaError(f"there is no branch {branch} any more", "git branch -a lists them")


@problem
def no_such_remote(remote: str) -> XsaError:
    return XsaError(f"xsa.release.remote is {remote!r}, and there is no such remote", "git remote lists the remotes")


@problem
def not_a_version(version: str) -> UsageError:
    return UsageError(f"{version!r} is not a version", "such as: git xsa-release 4.21.2")


@problem
def no_branch_for(version: str, branch: str) -> UsageError:
    return UsageError(f"{version} is a release of {branch}, and there is no such branch", "git branch -a lists them")


@problem
def no_release_tag(branch: str) -> XsaError:
    return XsaError(f"{branch} has no release tag", "fetch them: git fetch --tags")


@problem
def does_not_follow(version: str, branch: str, last: str, made: bool, following: str | None) -> UsageError:
    what = f"{version} does not follow {last}, the last release of {branch}"
    hint = f"the next one is {following}" if following is not None else ""
    return UsageError(f"{what}; it exists already" if made else what, hint)


# record


@problem
def damaged_record(place: Path, why: str) -> XsaError:
    return XsaError(f"{place} can't be read: {why}", "inspect it; without it, the release cannot be resumed")


# runs


@problem
def no_identity() -> XsaError:
    return XsaError("git has no usable identity for commits", "git config user.name and user.email")


@problem
def released_elsewhere(version: str, repository: str) -> XsaError:
    return XsaError(
        f"{version} is being released in {repository}",
        "finish or abandon it there, or use a separate store: git -c xsa.store=<folder>",
    )


@problem
def already_published(remote: str, tag: str) -> XsaError:
    return XsaError(f"{remote} has {tag} already", _FINAL)


@problem
def perhaps_published(tag: str, remote: str, why: str) -> XsaError:
    return XsaError(f"{tag} may be at {remote}, which can't be reached: {why}", _FINAL)


@problem
def tag_of_somebody_else(tag: str) -> XsaError:
    return XsaError(f"{tag} is not the tag that the run made", "a tag made by somebody else is kept")


@problem
def branch_moved(branch: str, tag: str) -> XsaError:
    return XsaError(f"{branch} was updated after the run set it", f"remove its commits by hand, then git tag -d {tag}")


@problem
def branch_checked_out(branch: str, tree: Path) -> XsaError:
    return XsaError(f"{branch} is checked out in {tree}, and was not there before", "switch to another branch first")


@problem
def no_such_tag(tag: str) -> XsaError:
    return XsaError(f"there is no tag {tag}", "git tag lists them")


@problem
def unsigned_tag(tag: str) -> XsaError:
    return XsaError(
        f"{tag} is not an annotated tag, so it has no signature",
        f"replace it with a signed one: git tag -f -s {quote(tag)} {quote(tag)}",
    )


@problem
def stopped(step: str, error: XsaError, way_on: str) -> Stopped:
    found = Stopped(f"{step}: {error.what}", f"{error.hint}\n{way_on}".strip())
    found.status = error.status
    return found


# settings


def bad_interval(why: ValueError) -> Meaningless:
    return Meaningless(str(why), "'4 months'")


def bad_edit(why: ValueError, wrong: str) -> Meaningless:
    return Meaningless(str(why), "'VERSION: {branch}.{previous} => {version}'", wrong)


def bad_template(why: ValueError) -> Meaningless:
    return Meaningless(str(why), "'version {version}'")


def bad_file_name(why: ValueError) -> Meaningless:
    return Meaningless(str(why), _FILE_NAME)


def not_one_line() -> Meaningless:
    return Meaningless("it must be one line of text", "'version {version}'")


def not_a_file_name() -> Meaningless:
    return Meaningless("it must be a name that contains {version}, without a slash or a blank", _FILE_NAME)


def not_a_time_for_pre() -> Meaningless:
    return Meaningless("it must be always, never or supported", "never")


# signing


@problem
def unusable_key(key: str, why: str) -> KeyProblem:
    return KeyProblem(f"the key {key} can't be used: {why}", "try by hand: git tag -s, git verify-tag")


@problem
def locked_gpg_key(key: str) -> KeyProblem:
    return _locked(key, f"echo | gpg --local-user {quote(key)} --sign >/dev/null")


@problem
def locked_ssh_key(key: str) -> KeyProblem:
    return _locked(key, f"ssh-add {quote(key.removesuffix('.pub'))}")


def _locked(key: str, unlock: str) -> KeyProblem:
    return KeyProblem(f"the key {key} is locked, and no passphrase was given", f"unlock it: {unlock}")


@problem
def key_fails(key: str, why: str) -> KeyProblem:
    return KeyProblem(f"the key {key} can't sign: {why}", "try by hand: git tag -s")


@problem
def no_gpg_key(key: str) -> KeyProblem:
    return KeyProblem(
        f"gpg has no secret key {key!r}",
        "gpg --list-secret-keys lists the keys; select one with git config xsa.signingKey <key>",
    )


@problem
def no_signing_key(key: str) -> KeyProblem:
    return KeyProblem(f"the key {key} can't sign, or its secret part is not here", "select another key")


@problem
def no_ssh_key(key: str) -> KeyProblem:
    return KeyProblem(f"there is no ssh key {key}", "select a key with git config xsa.signingKey <key>")


@problem
def no_public_part(key: str, place: Path) -> KeyProblem:
    return KeyProblem(f"the public part of {key} is missing", f"{place} should hold it")


@problem
def unknown_signer(kind: str) -> KeyProblem:
    return KeyProblem(f"git signs with gpg.format {kind}, which can't sign releases here", "use openpgp or ssh")


@problem
def git_without_ssh_keys(version: str) -> KeyProblem:
    return KeyProblem(f"gpg.format is ssh, and git {version} can't sign with ssh keys", INSTALL_GIT)


@problem
def no_ssh_key_set() -> KeyProblem:
    return KeyProblem("gpg.format is ssh, and no key is set", "git config user.signingKey ~/.ssh/id_ed25519.pub")


@problem
def no_identity_to_sign() -> KeyProblem:
    return KeyProblem("git has no identity to sign with", "git config user.name and user.email, or xsa.signingKey")


@problem
def dead_key(key: str, state: str) -> KeyProblem:
    return KeyProblem(f"the key {key} is {state}", "select another key with git config xsa.signingKey <key>")


@problem
def expired_key(key: str, day: date | None = None, fingerprint: str = "<fingerprint>", subkey: str = "") -> KeyProblem:
    """``subkey``: the fingerprint of the part that has expired, if that is not the key itself."""
    when = f" on {day}" if day is not None else ""
    hint = f"extend it by a year: gpg --quick-set-expire {fingerprint} 1y {subkey}".rstrip()
    return KeyProblem(f"the key {key} has expired{when}", hint)


# status


@problem
def no_release_tag_in(branch: str, folder: Path, hint: str) -> XsaError:
    return XsaError(f"{branch} has no release tag in {folder}", hint)


# steps


@problem
def tag_not_accepted(why: str) -> XsaError:
    return XsaError(f"git does not accept the new tag: {why}", "try by hand: git tag -s, git verify-tag")


@problem
def tree_has_changes(tree: Path, path: str) -> XsaError:
    return XsaError(f"{tree}, where the branch is checked out, has changes: {path}", "commit or stash them first")


# work


@problem
def no_changelog(path: str) -> ReleaseRefused:
    return ReleaseRefused(f"there is no {path} on the branch", "git config xsa.release.changelog false")


@problem
def unfit_changelog(path: str, why: str) -> ReleaseRefused:
    return ReleaseRefused(f"{path}: {why}")


@problem
def no_such_file(path: str) -> ReleaseRefused:
    return ReleaseRefused(f"{path} is not on the branch, but one of its lines must change", EDIT_HINT)


@problem
def unfit_edit(path: str, why: str) -> ReleaseRefused:
    return ReleaseRefused(f"{path}: {why}", EDIT_HINT)


# what follows a tag


@problem
def on_no_branch(tag: str) -> XsaError:
    return XsaError(f"{tag} is on no stable branch of this repository", "git fetch brings the branch")


@problem
def not_a_release_tag(tag: str, pattern: str) -> XsaError:
    return UsageError(f"{tag} is not a release tag", f"release tags match {pattern}")


@problem
def unaccepted_signature(tag: str, why: str) -> XsaError:
    return XsaError(f"git does not accept the signature of {tag}: {why}", "git verify-tag")


@problem
def made_for_another_tag(tag: str, folder: str, version: str, record: Path) -> XsaError:
    return XsaError(
        f"{tag} was another tag when its files were made, in {folder}",
        f"inspect them; git xsa-release --abandon {version} deletes them and {record}",
    )


@problem
def being_released(tag: str, version: str) -> XsaError:
    return UsageError(f"{tag} is being made by git xsa-release", f"resume it: git xsa-release --continue {version}")
