"""Check an exported folder again: its files, and what they make of a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from git_xsa.ask.request import read_request
from git_xsa.ask.session import Session
from git_xsa.export import problems, remarks
from git_xsa.export.exporter import Wish
from git_xsa.export.folder import MANIFEST, differences, inside, read_manifest
from git_xsa.export.formats import FORMATS
from git_xsa.export.policy import GNU_FUZZ, POLICIES, elsewhere
from git_xsa.export.recheck import differs, entries
from git_xsa.git.repository import Commit
from git_xsa.git.trees import entries_of
from git_xsa.git.trial import Entry
from git_xsa.model.change import SUBMODULE_MODE, SYMLINK_MODE
from git_xsa.model.history import FileState
from git_xsa.wording import Remark


@dataclass(frozen=True)
class Check:
    """What was found: ``problems`` are sentences, none when all is well.

    ``diff`` is how the queue that the base needs now differs from the one in the folder, nothing if it does not.
    ``base`` is what the folder was exported for, ``xsa`` the advisories and ``patches`` the number of patches in it.
    """

    problems: tuple[Remark, ...]
    base: str
    xsa: tuple[int, ...]
    patches: int
    judges: tuple[str, ...]
    diff: tuple[str, ...] = ()


def verify(session: Session, folder: Path, base: Commit, policy: str | None) -> Check:
    """Return what is wrong with the export in ``folder`` on ``base``; ``XsaError`` when it is no export.

    The files must be as they were written, the base's files as those of the base that it was made for, and the
    programs that judged it then (or that of ``policy``) must make the same files of them.  Then the same is asked
    again, with the policy of then.
    """
    known = read_manifest(folder)
    if known is None:
        raise problems.not_exported(folder, MANIFEST)
    try:
        found = _verify(session, folder, base, policy, known)
        if "asked" not in known:
            return replace(found, problems=(*found.problems, remarks.request_not_recorded(MANIFEST)))
        request, old = read_request(known["asked"]), entries(known)
        wish = Wish(str(known["export"]), str(known["policy"]), bool(known["asked"]["refresh"]), request=request)
        if wish.format not in FORMATS or wish.policy not in POLICIES:
            raise ValueError(wish.format)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise problems.damaged_manifest_key(folder / MANIFEST) from None
    return replace(found, diff=tuple(differs(session, base, request, wish, old)))


def _verify(session: Session, folder: Path, base: Commit, policy: str | None, known: Mapping[str, Any]) -> Check:
    judges = (policy,) if policy is not None else tuple(map(str, known["judges"]))
    if any(name not in POLICIES for name in judges):
        raise ValueError(judges)
    wrong = differences(folder, known)
    result = {path.encode("utf-8", "surrogateescape"): pair for path, pair in known["result"].items()}
    before = {path: _entry(pair["before"]) for path, pair in result.items()}
    after = {path: _entry(pair["after"]) for path, pair in result.items()}
    now = entries_of(session.repository, base.id)
    other = sorted(path for path in before if before[path] != now.get(path))
    if other:
        shown = [path.decode("utf-8", "backslashreplace") for path in other]
        wrong.append(remarks.other_files(shown, base.name, str(known["base"]["name"])))
    if not wrong:
        names = dict.fromkeys(str(entry["file"]) for entry in known["queue"])
        patches = [inside(folder, name).read_bytes() for name in names]
        start = {path: entry for path, entry in before.items() if entry is not None}
        right = {path: entry for path, entry in after.items() if entry is not None}
        for name in judges:
            problem = _judged(session, name, patches, start, right)
            wrong += [remarks.said_under_policy(POLICIES[name], problem)] if problem else []
    numbers = tuple(int(number) for number in known["xsa"])
    return Check(tuple(wrong), str(known["base"]["name"]), numbers, len(known["queue"]), judges)


def _entry(pair: Sequence[str] | None) -> Entry | None:
    return None if pair is None else (str(pair[0]), str(pair[1]))


def _judged(
    session: Session, policy: str, patches: Sequence[bytes], before: Mapping[bytes, Entry], after: Mapping[bytes, Entry]
) -> Remark:
    """Return what the program of ``policy`` does wrong; empty when it makes the files ``after``."""
    if policy in GNU_FUZZ:
        return _patched(session, GNU_FUZZ[policy], patches, before, after)
    quarantine = session.quarantine
    options = "--3way" if policy == "3way" else ""
    trial = quarantine.am(before, patches) if policy == "am" else quarantine.apply(before, patches, options)
    if trial.refused is not None:
        first = trial.message.splitlines()[:1]
        return remarks.said_by_the_program(first[0]) if first else remarks.refuses_a_patch()
    return elsewhere(trial.files, after)


def _patched(
    session: Session, fuzz: int, patches: Sequence[bytes], before: Mapping[bytes, Entry], after: Mapping[bytes, Entry]
) -> Remark:
    """Do the same with GNU patch, which leaves links and submodules alone."""
    odd = (SYMLINK_MODE, SUBMODULE_MODE)
    names = {path: name for path, (mode, name) in before.items() if mode not in odd}
    contents = session.repository.contents(sorted(set(names.values())))
    made = session.quarantine.gnu_patch({path: contents[name] for path, name in names.items()}, patches, fuzz)
    if made is None:
        return remarks.refuses_a_patch()
    length = session.repository.hash_length
    found = {path: FileState(path, "", [content]).object_name(length) for path, content in made.items()}
    return elsewhere(found, {path: name for path, (mode, name) in after.items() if mode not in odd})
