"""Policies: the programs that will apply a queue, each as the judge of it.

A policy is asked whether its program makes the right files of a queue, all at once, or patch by patch.  What is right
is the line history's word (``Step``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from git_xsa.export import problems, remarks
from git_xsa.git.trial import Entry, Quarantine
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE
from git_xsa.model.history import FileState, Opaque
from git_xsa.wording import NOTHING, Remark

#: Files by their paths, as they are at one point of the queue; ``None``: no such file.
States = Mapping[bytes, FileState | None]

_TAKES_AWAY = re.compile(rb"^(?:deleted file mode|rename from) |^\+\+\+ /dev/null", re.MULTILINE)

#: Each policy -> what it says of itself in messages.
POLICIES = {
    "strict": "git apply, no fuzz",
    "patch-f0": "GNU patch, no fuzz",
    "patch-f2": "GNU patch with its default fuzz of 2",
    "am": "git am",
    "3way": "git apply --3way",
}
#: Policies of GNU patch -> the fuzz it is allowed.
GNU_FUZZ = {"patch-f0": 0, "patch-f2": 2}
#: Policies under which a patch may be taken whose context is not quite there.
LENIENT = ("patch-f2", "3way")


class Files:
    """Some files at one point of a queue, as states or as git's index has them: what is asked for is worked out.

    ``known`` are the entries, where they are known already.
    """

    def __init__(self, make: Callable[[], States], length: int, known: Mapping[bytes, Entry] | None = None) -> None:
        self._make = make
        self._length = length
        self._known = known

    @cached_property
    def states(self) -> States:
        """The files' contents by their paths."""
        return self._make()

    @cached_property
    def entries(self) -> Mapping[bytes, Entry]:
        """Mode and object name of each file that is there."""
        if self._known is not None:
            return self._known
        return {
            path: (state.mode, state.object_name(self._length))
            for path, state in self.states.items()
            if state is not None
        }


@dataclass(frozen=True)
class QueueStep:
    """Some patches in order, and the files that they touch, before and after."""

    patches: Sequence[bytes]
    before: Files
    after: Files


class Judge(Protocol):
    """A program that applies patches."""

    name: str

    def right(self, step: QueueStep) -> bool:
        """Return whether the program takes all patches and makes the files right."""

    def complaint(self, step: QueueStep) -> Remark:
        """Return what is wrong, in its own words where it refuses; empty when all is right."""


def judge(policy: str, quarantine: Quarantine, contents: Callable[[str], bytes]) -> Judge:
    """Return the judge for ``policy``; ``contents`` gives the contents of a binary file by its object name."""
    if policy in GNU_FUZZ:
        return _GnuPatch(policy, quarantine, contents)
    return _Git(policy, quarantine)


class _Git:
    """``git apply`` and ``git am``, in an index."""

    def __init__(self, policy: str, quarantine: Quarantine) -> None:
        self.name = policy
        self._quarantine = quarantine

    def right(self, step: QueueStep) -> bool:
        """Return whether git takes all patches and makes the files right."""
        if self.name == "strict":
            trial = self._quarantine.apply(step.before.entries, _batches(step.patches))
            if trial.refused is None and trial.files == step.after.entries:
                return True
        return not self.complaint(step)

    def complaint(self, step: QueueStep) -> Remark:
        """Return what git refuses, or the files in which it puts a hunk elsewhere; empty when all is right."""
        before = step.before.entries
        if self.name == "am":
            trial = self._quarantine.am(before, step.patches)
        else:
            trial = self._quarantine.apply(before, step.patches, "--3way" if self.name == "3way" else "")
        if trial.refused is not None:
            return remarks.said_by_the_program(trial.message) or remarks.refuses(POLICIES[self.name])
        return elsewhere(trial.files, step.after.entries)


def _batches(patches: Sequence[bytes]) -> list[bytes]:
    """Return ``patches`` joined to as few as will do: each is one call of git.

    git takes files away before it writes any, so one that goes must not have been changed in the same call.
    """
    batches: list[list[bytes]] = [[]]
    for text in patches:
        if batches[-1] and _TAKES_AWAY.search(text):
            batches.append([])
        batches[-1].append(text)
    return [b"".join(batch) for batch in batches]


class _GnuPatch:
    """GNU patch, in a folder.  It knows nothing of submodules, follows no symbolic link and reads no binary diff."""

    def __init__(self, policy: str, quarantine: Quarantine, contents: Callable[[str], bytes]) -> None:
        self.name = policy
        self._fuzz = GNU_FUZZ[policy]
        self._quarantine = quarantine
        self._contents = contents

    def right(self, step: QueueStep) -> bool:
        """Return whether GNU patch takes all patches and makes the files right."""
        return not self.complaint(step)

    def complaint(self, step: QueueStep) -> Remark:
        """Return what is wrong; raises ``XsaError`` for what GNU patch can't do at all."""
        self._refuse_odd(step)
        made = self._quarantine.gnu_patch(self._files(step.before.states), step.patches, self._fuzz)
        if made is None:
            return remarks.refuses(POLICIES[self.name])
        return elsewhere(made, self._files(step.after.states))

    def _refuse_odd(self, step: QueueStep) -> None:
        before, after = step.before.states, step.after.states
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if old == new:
                continue
            for state in (old, new):
                odd = state is not None and _odd(state)
                if odd:
                    shown = path.decode("utf-8", "backslashreplace")
                    raise problems.not_for_gnu_patch(shown, odd)

    def _files(self, states: States) -> dict[bytes, bytes]:
        found = {}
        for path, state in states.items():
            if state is not None and state.mode not in (SYMLINK_MODE, SUBMODULE_MODE):
                binary = len(state.lines) == 1 and isinstance(state.lines[0], Opaque)
                found[path] = self._contents(state.lines[0].decode()) if binary else b"".join(state.lines)
        return found


def _odd(state: FileState) -> Remark:
    """Return what a file is that GNU patch can't handle; empty for any other."""
    if state.mode == SUBMODULE_MODE:
        return remarks.submodule()
    if state.mode == SYMLINK_MODE:
        return remarks.symbolic_link()
    return remarks.binary_file() if any(isinstance(text, Opaque) for text in state.lines) else NOTHING


def elsewhere(made: Mapping[bytes, object], right: Mapping[bytes, object]) -> Remark:
    """Return the sentence that names the files which are not ``made`` ``right``; empty when all are."""
    paths = sorted(path for path in made.keys() | right.keys() if made.get(path) != right.get(path))
    return remarks.misplaces_a_hunk(list(map(_shown, paths))) if paths else NOTHING


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
