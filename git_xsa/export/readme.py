"""The README of an export: what is in it, in which order, and why; and the words for it in the formats' comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from git_xsa.export.policy import POLICIES
from git_xsa.export.prepared import FOLLOW_UP, Item, Patch, Queue
from git_xsa.model.words import advisory_names, count

#: How many patches that need a prerequisite are named before the rest is only counted.
SHOWN_NEEDS = 8


def one_line(text: str) -> str:
    """Return ``text`` on one line, without anything that a terminal or a file format could take for more than text."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+", " ", text).strip()


def what_it_is(patch: Patch, queue: Queue) -> str:
    """Return in a few words what ``patch`` is in the queue, and that a person has adapted it if so."""
    return ", ".join([_role(patch, queue), *([one_line(patch.adapted)] if patch.adapted else [])])


def _role(patch: Patch, queue: Queue) -> str:
    """Return in a few words what ``patch`` is in the queue."""
    names = " ".join([advisory_names(patch.xsa), *patch.cve]).strip()
    if queue.partly.intersection(patch.xsa):
        names = f"a part of {names}"
    if patch.kind is None:
        note = queue.notes.get(patch.id)
        return (names or "patch") + (f" ({note})" if note else "")
    if patch.kind == FOLLOW_UP:
        return "a later fix for patches in the queue" + (f", itself {names}" if names else "")
    return f"prerequisite ({patch.kind})" + (f", itself {names}" if names else "")


def origin(patch: Patch) -> list[str]:
    """Return where ``patch`` comes from: the stable branch's commit, and the upstream one that it was made from."""
    found = [f"commit {patch.commit}"] if patch.commit is not None else [f"published as {one_line(patch.id)}"]
    return [*found, *([f"cherry picked from {patch.upstream}"] if patch.upstream else [])]


def needed_by(patch: Patch, name: Callable[[int], str]) -> list[str]:
    """Return for each patch that needs this one, by ``name``, the kind, and the files and hunks that do."""
    grouped: dict[tuple[int, str], dict[str, list[int]]] = {}
    for need in patch.needs:
        hunks = grouped.setdefault((need.needed_by, need.kind), {}).setdefault(need.path, [])
        hunks += [need.hunk] if need.hunk else []
    lines = [
        f"{name(index)} ({kind}): " + "; ".join(map(_place, paths.items())) for (index, kind), paths in grouped.items()
    ]
    return [*lines[:SHOWN_NEEDS], *([f"{len(lines) - SHOWN_NEEDS} more"] if len(lines) > SHOWN_NEEDS else [])]


def _place(place: tuple[str, list[int]]) -> str:
    path, hunks = place
    return one_line(path) + (f" {'hunks' if len(hunks) > 1 else 'hunk'} {', '.join(map(str, hunks))}" if hunks else "")


def readme(queue: Queue, found: list[Item], name: str) -> bytes:
    """Return the README: for each patch what it is, where it comes from, what needs it, and what to look at."""
    roles = Counter(item.patch.role for item in found)
    size = f"{count(roles['patch'], 'patch')} and {count(roles['prerequisite'], 'prerequisite')}"
    size += f", and {count(roles[FOLLOW_UP], 'follow-up')}" if roles[FOLLOW_UP] else ""
    adapted = sum(bool(item.patch.adapted) for item in found)
    doubts = [f"Look at:   {one_line(words)}" for words in queue.doubts]
    missing = [f"Not in it: XSA-{number}: {one_line(why)}" for number, why in queue.left_out.items()]
    lines = [
        f"Security patches for {queue.base}, from {queue.tip}",
        "",
        f"Base:      {queue.base_commit}",
        f"Fixes:     {', '.join(f'XSA-{number}' for number in queue.xsa) or 'no advisory that is named'}",
        *missing,
        *doubts,
        *([f"Adapted:   {count(adapted, 'patch')}, not as published: see below"] if adapted else []),
        *[f"Later fix: {one_line(words)}" for words in (*queue.later, *queue.elsewhere)],
        f"Queue:     {size}",
        f"Format:    {name}",
        f"Policy:    {queue.policy} ({POLICIES[queue.policy]})",
        *[f"Proof:     {one_line(words)}" for words in queue.proof.lines],
        "",
        "Apply all of them in this order, before any other change to the same files.",
    ]
    for item in found:
        lines += ["", item.name, *(f"    {line}" for line in _about(item, queue, found))]
    if queue.avoided:
        lines += ["", "Left out, because only lines of context needed them:"]
        lines += [f"    {sentence}" for sentence in queue.avoided]
    return ("\n".join(lines) + "\n").encode()


def _about(item: Item, queue: Queue, found: list[Item]) -> list[str]:
    patch = item.patch
    lines = [one_line(patch.subject), what_it_is(patch, queue), *([patch.merge] if patch.merge else []), *origin(patch)]
    lines += [f"needed by {words}" for words in needed_by(patch, lambda index: found[index].name)]
    if item.published_name is not None:
        lines.append(f"{'' if patch.adapted else 'refreshed; '}as published: {item.published_name}")
    return lines + [one_line(remark) for remark in patch.remarks]
