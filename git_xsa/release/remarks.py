"""What is said of a release, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from git_xsa.model.words import advisory_names, count
from git_xsa.wording import Remark, remark

#: So many patches that are there are named.
_SHOWN = 3


@remark
def in_lines(remarks: Sequence[Remark]) -> str:
    return "\n".join(remarks)


# archive


@remark
def missing(path: str) -> str:
    return f"{path} is missing"


@remark
def not_in_the_tree(path: str) -> str:
    return f"{path} is not in the tree"


@remark
def other_mode(path: str) -> str:
    return f"{path} has another mode"


@remark
def other_contents(path: str) -> str:
    return f"{path} has other contents"


@remark
def and_more(number: int) -> str:
    return f"and {number} more"


# audit


@remark
def nothing_to_audit() -> str:
    return "the store has no public advisory that concerns the branch, so only its own history was checked"


@remark
def has_all(advisories: int) -> str:
    verb = "concerns" if advisories == 1 else "concern"
    return f"the branch has all fixes of {count(advisories, 'advisory')} in the store that {verb} it"


@remark
def not_public_yet(advisory: int) -> str:
    return f"XSA-{advisory} is not known to be public, and the branch lacks its fix"


@remark
def excused(advisory: int, why: Remark) -> str:
    return f"XSA-{advisory}: {why}"


@remark
def left_out_as_requested(advisory: int) -> str:
    return f"XSA-{advisory} is left out, as requested"


@remark
def no_listed_file(advisory: int, title: str) -> str:
    return f"XSA-{advisory}: the store has no file of the patches that {title or 'its text'} lists for the branch"


@remark
def no_certain_patches(advisory: int, why: Remark) -> str:
    return f"XSA-{advisory}: {why}"


@remark
def cannot_be_determined(advisory: int) -> str:
    return f"XSA-{advisory}: its patches for the branch can't be determined"


@remark
def not_all_applied(advisory: int, there: Sequence[str], lacking: Sequence[str]) -> str:
    shown = there if len(there) <= _SHOWN else [f"{len(there)} of its {len(there) + len(lacking)} patches"]
    head = f"XSA-{advisory} is {'only partly' if there else 'not'} applied:"
    return "\n".join([head, *(f"  present  {one}" for one in shown), *(f"  missing  {one}" for one in lacking)])


@remark
def only_said_by_a_commit() -> str:
    return "the store lacks its patches, but a commit says that it is the fix"


@remark
def for_older_branches(patches: str) -> str:
    return f"the store has patches for older branches only: {patches or 'its patches'}"


@remark
def not_in_its_table(patches: str) -> str:
    return f"its table does not name the branch, and the branch has none of {patches or 'its patches'}"


# what has to hold: freeze and gate


@remark
def clock_is_wrong() -> str:
    return "the clock is before the newest entry of the journal"


@remark
def set_the_clock() -> str:
    return "set the clock"


@remark
def no_embargo() -> str:
    return "no embargo is in force"


@remark
def no_freeze_here() -> str:
    return "no freeze concerns it"


@remark
def frozen_until(end: str, advisories: Collection[int]) -> str:
    return f"the branch is frozen until {end} ({advisory_names(advisories)})"


@remark
def how_to_lift() -> str:
    return "git xsa-embargo list shows the ledger, lift ends an embargo early"


@remark
def branch_has_moved(branch: str, start: str) -> str:
    return f"{branch} is not at {start[:12]} any more, the base of this release"


@remark
def start_again() -> str:
    return "start again: --abandon undoes this run"


@remark
def not_through_the_gate(branch: str, commits: int) -> str:
    return f"your {branch} has {count(commits, 'commit')} that the gate has not passed"


@remark
def push_and_wait(start: str, branch: str) -> str:
    return f"git log {start[:12]}..{branch} shows them; push and wait"


@remark
def no_staging(branch: str, start: str) -> str:
    return f"{branch} is at {start[:12]}; there is no staging branch"


@remark
def staging_is_through(branch: str, staging: str, start: str) -> str:
    return f"{branch} and {staging} are both at {start[:12]}"


@remark
def have_diverged(staging: str, branch: str, commits: int) -> str:
    verb = "is" if commits == 1 else "are"
    return (
        f"{staging} and {branch} have diverged: {count(commits, 'commit')} of the stable branch {verb} not in staging"
    )


@remark
def staging_must_have_all() -> str:
    return "find the reason; staging must have all commits of the stable branch"


@remark
def gate_is_busy(staging: str, commits: int) -> str:
    return f"the gate has not passed {count(commits, 'commit')} of {staging} yet"


@remark
def wait_for_the_gate() -> str:
    return "wait for the gate, then run git fetch"


# what has to hold: what the release is made of, and where


@remark
def signs_with(key: Remark) -> str:
    return f"signs with the {key}"


@remark
def how_to_skip() -> str:
    return "apply what is missing; --skip-xsa <n> leaves out an advisory of which the branch needs no patch"


@remark
def files_are_ready(version: str) -> str:
    return f"the files have {version} already"


@remark
def edits(files: Sequence[str], messages: Sequence[str]) -> str:
    quoted = [f"'{message}'" for message in messages]
    return f"{', '.join(files)}: {' and '.join(quoted)}"


@remark
def not_checked_out(branch: str) -> str:
    return f"{branch} is not checked out"


@remark
def tree_is_behind(tree: Path, branch: str) -> str:
    return f"{tree}, where {branch} is checked out, is behind"


@remark
def catch_up(tree: Path, commit: str) -> str:
    return f"git -C {tree} merge --ff-only {commit[:12]}"


@remark
def tree_has_changes(tree: Path, branch: str, path: str) -> str:
    return f"{tree}, where {branch} is checked out, has changes: {path}"


@remark
def commit_or_stash(tree: Path) -> str:
    return f"commit or stash it: git -C {tree} status"


@remark
def tree_is_clean(tree: Path, branch: str) -> str:
    return f"{tree}, where {branch} is checked out, is clean"


@remark
def tag_is_new(tag: str, last: str) -> str:
    return f"{tag} follows {last} and is new"


@remark
def tag_exists(tag: str) -> str:
    return f"there is a tag {tag} already"


@remark
def use_or_delete(tag: str) -> str:
    return f"git xsa-release --from-tag {tag} makes what follows a tag; git tag -d deletes the tag"


@remark
def no_remote() -> str:
    return "there is no remote to push to"


@remark
def add_a_remote() -> str:
    return "add one with git remote add, or select one with git config xsa.release.remote"


@remark
def remote_is_silent(remote: str, why: Remark) -> str:
    return f"{remote} can't be reached, so it was not compared ({why})"


@remark
def remote_has_the_tag(remote: str, tag: str) -> str:
    return f"{remote} has a tag {tag} already"


@remark
def fetch_tags() -> str:
    return "git fetch --tags"


@remark
def remote_has_moved(remote: str, branches: Sequence[str]) -> str:
    return f"{' and '.join(branches)} of {remote} moved since it was fetched"


@remark
def fetch(remote: str) -> str:
    return f"git fetch {remote}"


@remark
def remote_is_as_fetched(remote: str, tag: str) -> str:
    return f"{remote} has what was fetched, and no tag {tag}"


@remark
def not_installed(program: str) -> str:
    return f"{program} is not installed"


@remark
def install(program: str) -> str:
    return f"install {program}"


@remark
def file_exists(path: Path) -> str:
    return f"{path} exists already"


@remark
def move_it_away() -> str:
    return "move it away, or choose another folder: -o <folder>"


@remark
def not_writable(folder: Path) -> str:
    return f"{folder} can't be written to"


@remark
def choose_another_folder() -> str:
    return "choose another one: -o <folder>"


@remark
def folder_will_hold(folder: Path, name: str) -> str:
    return f"{folder} will hold {name}.tar.gz and related files"


# lists: what is different from the release before


@remark
def no_list_before(advisory: str, state: str, before: str) -> str:
    return f"{advisory}: {state}; no list for {before}"


@remark
def needs_changed(advisory: str, state: str, commits: int, old_state: str, old_commits: int, before: str) -> str:
    now = f"{state} with {count(commits, 'prerequisite')}"
    return f"{advisory}: {now}; {old_state} with {old_commits} on {before}"


# records


@remark
def other_format(found: object, wanted: int) -> str:
    return f"its format is {found!r}, not {wanted}"


# what a run says


@remark
def doing(step: str, what: str) -> str:
    return f"{step}: {what}"


@remark
def already_done(step: str) -> str:
    return f"{step}: already done"


@remark
def no_build_command() -> str:
    return "build: no command is set"


@remark
def commit_made(commit: str, subject: str) -> str:
    return f"{commit[:12]} {subject}"


@remark
def nothing_to_commit() -> str:
    return "the files have this version already: nothing to commit"


@remark
def tag_made(name: str, tag: str, kind: str, key: str) -> str:
    return f"{name[:12]} {tag}, signed with the {kind} key {key}"


@remark
def tag_found(tag: str, name: str) -> str:
    return f"{tag}: {name[:12]}"


@remark
def tarball_made(name: str, size: int) -> str:
    return f"{name}: {size:,} bytes"


@remark
def tarball_compared(name: str, files: int, tag: str) -> str:
    return f"{name}: {count(files, 'file')}, as in {tag}"


@remark
def announced(fixes: Collection[int], others: int) -> str:
    return f"fixes: {advisory_names(fixes) or 'none'}; {count(others, 'other change')}"


@remark
def answered(advisories: Collection[int], state: str, base: str) -> str:
    return f"{advisory_names(advisories)}: {state} on {base}"


@remark
def none_outstanding(base: str) -> str:
    return f"no advisory is outstanding on {base}"


@remark
def script_failed(script: Path, status: int) -> str:
    return f"warning: {script} ended with status {status}"


# how a run goes on, or ended


@remark
def may_be_out(tag: str, remote: str, version: str) -> str:
    return f"{tag} is here, and may be at {remote}: run git xsa-release --continue {version} --push to try again"


@remark
def resume_or_undo(tag: str, files: Sequence[str], folder: str, version: str) -> str:
    state = f"branch and tag {tag} are set" if tag else "no reference was changed"
    where = f" in {folder}" if files else ""
    return (
        f"{state}; {', '.join(files) or 'no file'}{where}\n"
        f"git xsa-release --continue {version} resumes it, git xsa-release --abandon {version} undoes it"
    )


@remark
def made_already(folder: str) -> str:
    return f"already made, in {folder}"


@remark
def made_in(folder: str) -> str:
    return folder


@remark
def made_by_another() -> str:
    return "another process is making it"


# keys


@remark
def gpg_key(name: str) -> str:
    return f"gpg key {name}"


@remark
def ssh_key(name: str) -> str:
    return f"ssh key {name}"


@remark
def said_by(line: str) -> str:
    return line


@remark
def ended_with(status: int) -> str:
    return f"exit status {status}"


@remark
def no_signature() -> str:
    return "it has no signature"


@remark
def not_an_allowed_signer(file: str) -> str:
    return f"{file} (gpg.ssh.allowedSignersFile) does not list it, or it has expired there"
