"""What is said of an export, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from git_xsa.model.words import hunk_names, some_of
from git_xsa.wording import Remark, remark

#: States of a test whose words are not its own -> how they are said.
_STATES = {"passed": "passes", "failed": "FAILS", "not-judged": "is not judged", "vulnerable": "is VULNERABLE"}


# patches


@remark
def converted_to_a_mail() -> str:
    return "converted to a mail, with its author and subject"


@remark
def refreshed_for(base: str) -> str:
    return f"line numbers and context refreshed for {base}"


@remark
def only_the_rest(base: str, hunks: Mapping[str, Sequence[int]]) -> str:
    there = ", ".join(f"{hunk_names(numbers)} of {path}" for path, numbers in hunks.items())
    return f"only the rest of it: {base} has {there} already"


@remark
def review_hunk(hunk: int, path: str) -> str:
    return f"review hunk {hunk} of {path}: the lines around it differ"


@remark
def note_in_the_mail(base: str, half: bool) -> str:
    same = "what it lacks of the change" if half else "the same changed lines"
    return f"Refreshed for {base}: {same}, with the line numbers and the context they have there."


@remark
def not_as_published(adapted: Remark) -> str:
    return f"Not as it was published: {adapted}."


# policy: what a program does wrong


@remark
def said_by_the_program(message: str) -> str:
    return message


@remark
def said_under_policy(policy: str, complaint: Remark) -> str:
    return f"{policy}: {complaint}"


@remark
def refuses(program: str) -> str:
    return f"{program} refuses it"


@remark
def refuses_a_patch() -> str:
    return "it refuses a patch"


@remark
def accepts_one_by_one() -> str:
    return "it accepts the patches only one by one"


@remark
def misplaces_a_hunk(paths: Sequence[str]) -> str:
    return f"it puts a hunk in the wrong place in {', '.join(paths)}"


@remark
def submodule() -> str:
    return "a submodule"


@remark
def symbolic_link() -> str:
    return "a symbolic link"


@remark
def binary_file() -> str:
    return "a binary file"


# exporter: what the queue lacks


@remark
def later_fix(commit: str, subject: str, fixed: str) -> str:
    return f"{commit} {subject} says that it fixes {fixed}, and is not in the queue"


@remark
def later_fix_elsewhere(commit: str, subject: str, branch: str, fixed: str, tip: str) -> str:
    return f"{commit} {subject} of {branch} says that it fixes {fixed}; {tip} lacks it"


@remark
def has_the_fixes(base: str) -> str:
    return f"{base} has the fixes already"


@remark
def concern_others(tip: str) -> str:
    return f"{tip} has no fix for them, because they concern other versions or other software (Linux, QEMU, XAPI)"


@remark
def were_left_out() -> str:
    return "they were left out"


@remark
def only_a_part() -> str:
    return "only a part of their fixes is in the queue"


@remark
def no_title() -> str:
    return "no title is known"


# folder, verify, recheck: what is wrong with an export


@remark
def missing(name: str) -> str:
    return f"{name} is missing"


@remark
def was_added(name: str) -> str:
    return f"{name} was added"


@remark
def was_changed(name: str) -> str:
    return f"{name} was changed"


@remark
def other_files(paths: Sequence[str], base: str, exported_for: str) -> str:
    return f"{some_of(paths, 1)} of {base} differs from {exported_for}, the base of the export"


@remark
def request_not_recorded(manifest: str) -> str:
    why = "an older git-xsa wrote it without the request, so whether the base needs another queue now is not known"
    return f"{manifest}: {why}"


@remark
def patch_file_is_missing(file: Path) -> str:
    return f"{file}, a patch file of the queue, is missing: the queue that is needed now is not known"


@remark
def can_no_longer_be_made(why: Remark) -> str:
    return f"the queue can no longer be made: {why}"


@remark
def earlier_contents(target: Path, kept: Path) -> str:
    return f"the earlier contents of {target} are now in {kept}"


# proofs: a line for each cell


@remark
def cell_was_skipped(cell: str, why: str) -> str:
    return f"{cell} was skipped: {why}"


@remark
def cell_proves(cell: str, tests: Sequence[tuple[str, str]]) -> str:
    told = [f"{name} {_STATES.get(state) or 'is ' + state.replace('-', ' ')}" for name, state in tests]
    return f"{cell}: {', '.join(dict.fromkeys(told))}"
