"""What is said beside an answer, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from git_xsa.model.words import advisory_names, count, hunk_names, some_of
from git_xsa.wording import Remark, remark

#: So many names are written out.
_SHOWN = 4


# targets


@remark
def no_release_tag(branch: str) -> str:
    return f"{branch} has no release tag: git fetch --tags"


@remark
def without_support(branches: int) -> str:
    them = "it" if branches == 1 else "them"
    return f"{count(branches, 'branch')} without security support left out (--all checks {them}, too)"


# best_fit


@remark
def taken_as(base: str, branch: str, release: str, same: tuple[int, int], second: Mapping[str, tuple[int, int]]) -> str:
    others = "".join(f" ({name}: {_percent(*counts)})" for name, counts in second.items())
    what = f"{base} is taken as {branch}, made from {release}"
    return f"{what}: {_percent(*same)} of the files that both have are the same{others}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole} %"


# what a package brings


@remark
def needs_fuzz(patch: str, lines: int) -> str:
    return f"{patch} needs a fuzz of up to {lines} lines"


@remark
def of_another_tree(patch: str, files: Sequence[str]) -> str:
    shown = files[0] + (", ..." if len(files) > 1 else "")
    return f"{patch} changes files of another source tree ({shown}), which are left out"


# series_finder


@remark
def do_not_go_together(files: Sequence[str]) -> str:
    return f"left out because they don't apply together with the others: {some_of(files, _SHOWN)}"


@remark
def same_commits(files: Sequence[str]) -> str:
    return f"left out because others are the same commits: {some_of(files, _SHOWN)}"


@remark
def commits_taken(tip: str, advisory: int, commits: Sequence[str]) -> str:
    return _marked(tip, advisory, commits, "taken from there")


@remark
def commits_left_out(tip: str, advisory: int, commits: Sequence[str], base: str) -> str:
    return _marked(tip, advisory, commits, f"left out on {base}")


def _marked(tip: str, advisory: int, commits: Sequence[str], what: str) -> str:
    marked = f"{tip} marks {count(len(commits), 'more commit')} as XSA-{advisory}"
    return f"{marked}, {what}: {some_of(commits, _SHOWN)}"


@remark
def no_joint_queue(patches: Sequence[str]) -> str:
    return f"{some_of(patches, _SHOWN)} can't join one queue with the others"


@remark
def marked_used_instead(why: Remark, tip: str, advisory: int) -> str:
    return f"{why}; the commits that {tip} marks as XSA-{advisory} are used instead"


# stored_advisories


@remark
def said_of_the_text(title: str, what: Remark) -> str:
    return f"{title} {what}"


@remark
def no_trusted_signature(title: str) -> str:
    return f"{title}: no trusted signature"


@remark
def other_checksum(path: str, title: str) -> str:
    return f"{path} does not match {title}: its SHA-256 differs"


@remark
def no_checksum(path: str, title: str) -> str:
    return f"{title} lists no checksum of {path}"


@remark
def in_one(remarks: Sequence[Remark]) -> str:
    return "; ".join(remarks)


# unmarked


@remark
def not_marked(advisory: int) -> str:
    return f"not marked; stands between the patches of XSA-{advisory}"


@remark
def perhaps_of_the_fix(commit: str, subject: str, advisory: int) -> str:
    what = f"{commit} {subject} stands between the patches of XSA-{advisory}"
    return f"{what}, but is not marked and not in the queue; check whether the fix needs it: git show {commit}"


# verdict: why an advisory is not in the queue


@remark
def marked_nowhere(base: str, tip: str) -> str:
    return f"no commit of {base}..{tip} says that it fixes it"


@remark
def has_all(base: str) -> str:
    return f"{base} has all of it"


@remark
def no_patches_here(basis: str) -> str:
    return {"not-named": "no patch for this branch", "other-trees": "no patch for this tree"}.get(basis, "no patches")


# keep_going


@remark
def cannot_join() -> str:
    return "its patches can't join one queue with the others"


@remark
def cannot_be_applied(why: Remark) -> str:
    return f"it can't be applied: {why}"


# obstacle


@remark
def comes_after(advisories: Collection[int]) -> str:
    return f"comes after {advisory_names(advisories)}"


@remark
def has_no_place(needed: str, subject: str) -> str:
    return f"needs {needed} {subject}, which has no place"


@remark
def partly_there(change: str, base: str, hunks: Mapping[str, Sequence[int]]) -> str:
    found = ", ".join(f"{hunk_names(there)} of {path}" for path, there in hunks.items())
    return f"{change}: {base} has {found} already, and lacks the rest"


@remark
def does_not_fit(change: str, hunk: int, path: str, why: Remark, others: int) -> str:
    more = f", and {count(others, 'more place')}" if others else ""
    return f"{change}: hunk {hunk} of {path}: {why}{more}"


@remark
def own_lines(base: str, gone: bool) -> str:
    return f"lines that {base} itself {'added in its place' if gone else 'removed'}"


@remark
def said_by_the_rule(note: str) -> str:
    return note
