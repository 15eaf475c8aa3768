"""Random branches on which names decide, against a referee that tries every set of commits.

A branch has headers and functions with places in them, far enough apart that no hunk sees two.  A commit writes into
one or two places: a definition of a name, a local variable, or a line that uses names which are there by then.  So a
set of commits is right when each of them finds the places as it left them (the writer before it is there, too), and
when every name on a line that is there is defined: a global one in a header, a local one in the same function.

On some branches commits also take definitions away that nothing uses any more, in the end the patch.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import Draft
from test_properties import SCALE, SEED

from git_xsa.ask.commits import ask_commits
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.ask.supply import supplier
from git_xsa.ask.verdict import State
from git_xsa.model.selection import select

HEADERS = ("a.h", "b.h")
FUNCTIONS = ("first", "second")
#: Lines between two places: more than twice the context of a hunk.
APART = 8
NAME = re.compile(r"\b(?:GLOBAL|local)_\d+\b")

#: A place: the header or function, and its number there.
Place = tuple[str, int]


@dataclass(frozen=True)
class Branch:
    """What each commit writes, the last one being the patch; and how many of them the base has."""

    commits: tuple[dict[Place, str], ...]
    base: int

    def tree(self, selected: frozenset[int]) -> dict[Place, str]:
        """Return what stands at each place after the base and the ``selected`` commits (numbers from 1)."""
        written: dict[Place, str] = {}
        for number, commit in enumerate(self.commits, 1):
            if number <= self.base or number in selected:
                written.update(commit)
        return written

    def right(self, selected: frozenset[int]) -> bool:
        """Whether ``selected`` apply and leave no name undefined."""
        for number in selected:
            for place in self.commits[number - 1]:
                before = [n for n in range(1, number) if place in self.commits[n - 1]]
                if before and before[-1] > self.base and before[-1] not in selected:
                    return False
        tree = self.tree(selected)
        defined = {(place[0], match[1]) for place, text in tree.items() if (match := DEFINES.search(text))}
        for (where, _), text in tree.items():
            for name in NAME.findall(text):
                wanted = {(where, name)} if name.startswith("local") else {(header, name) for header in HEADERS}
                if not wanted & defined:
                    return False
        return True

    def smallest(self) -> frozenset[int]:
        """Return the smallest right set that has the last commit: every set is tried, by size."""
        last = len(self.commits)
        others = range(self.base + 1, last)
        for size in range(len(others) + 1):
            for some in combinations(others, size):
                if self.right(frozenset((*some, last))):
                    return frozenset((*some, last))
        raise AssertionError("the whole branch is right")

    def writes_over(self, number: int, selected: frozenset[int]) -> bool:
        """Whether the commit writes over a line of one of ``selected`` that uses names."""
        return any(
            NAME.search(DEFINES.sub("", self.commits[other - 1].get(place, "")))
            for place in self.commits[number - 1]
            for other in selected
            if other < number
        )


#: What stands where a definition was taken away; nothing is written there again.
GONE = "gone"
DEFINES = re.compile(r"(?:#define|int) ((?:GLOBAL|local)_\d+)\b")


@st.composite
def branches(draw: st.DrawFn) -> Branch:
    """Draw a branch of up to seven commits."""
    written: dict[Place, str] = {}
    commits: list[dict[Place, str]] = []
    last = draw(st.integers(2, 7))
    for number in range(1, last + 1):
        commit: dict[Place, str] = {}
        for _ in range(draw(st.integers(1, 2))):
            kind = "use" if number == last else draw(st.sampled_from(("global", "global", "local", "use")))
            where = draw(st.sampled_from(HEADERS if kind == "global" else FUNCTIONS))
            spot = draw(st.integers(0, 3))
            place = (where, spot + (4 if kind == "use" else 0))
            if place not in commit:
                commit[place] = _text(draw, kind, place, written, number)
        written |= commit
        commits.append(commit)
    return Branch(tuple(commits), draw(st.integers(0, min(2, last - 1))))


@st.composite
def shrinking(draw: st.DrawFn) -> Branch:
    """Draw a branch that takes definitions away once no line uses them any more, as its patch does if it can.

    The base defines two names or one, and uses them; what comes after it mostly writes over those lines.
    """
    written: dict[Place, str] = {}
    commits: list[dict[Place, str]] = []
    base, more = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    for number in range(1, base + more + 1):
        unused, used = _unused(written), [place for place in sorted(written) if place[1] >= 4]
        if number <= base:
            kind = "define" if number == 1 else draw(st.sampled_from(("use", "use", "define", "local")))
        else:
            kind = draw(st.sampled_from((*["stop"] * 4, "drop", "use", "define", "local")))
        if unused and number > base and (kind == "drop" or number == base + more):
            place = draw(st.sampled_from(unused))
            commit = {place: f"{'    ' if place[0] in FUNCTIONS else ''}/* {GONE} {number} */"}
        elif used and kind in ("stop", "drop"):
            commit = {draw(st.sampled_from(used)): f"    x += {number};"}
        else:
            where = HEADERS[0] if kind == "define" else draw(st.sampled_from(FUNCTIONS))
            place = (where, draw(st.integers(0, 1)) + (0 if kind in ("define", "local") else 4))
            kind = {"define": "global", "local": "local"}.get(kind, "use")
            left = GONE in written.get(place, "")
            commit = {} if left else {place: _text(draw, kind, place, written, number, least=1)}
        written |= commit
        commits.append(commit or {(HEADERS[1], 0): f"/* {number} */"})
    return Branch(tuple(commits), base)


def _unused(written: dict[Place, str]) -> list[Place]:
    """Return where names are defined that nothing uses."""
    used = [name for text in written.values() for name in NAME.findall(DEFINES.sub("", text))]
    defined = {place: match[1] for place, text in written.items() if (match := DEFINES.search(text))}
    return sorted(place for place, name in defined.items() if name not in used)


def _text(draw: st.DrawFn, kind: str, place: Place, written: dict[Place, str], number: int, least: int = 0) -> str:
    """Return a line for ``place`` that no other commit writes; what it uses is there before this commit."""
    names = sorted(
        match[1]
        for where, text in written.items()
        if (match := DEFINES.search(text)) and where != place and (where[0] == place[0] or where[0] in HEADERS)
    )
    if kind == "global":
        names = [name for name in names if name < f"GLOBAL_{_number(place)}"]
    used = draw(st.lists(st.sampled_from(names), min_size=least, max_size=2)) if names else []
    value = " + ".join([*used, str(number)])
    if kind == "global":
        return f"#define GLOBAL_{_number(place)} ({value})"
    return f"    int local_{place[1]} = {number};" if kind == "local" else f"    x += {value};"


def _number(place: Place) -> int:
    return HEADERS.index(place[0]) * 4 + place[1]


def files(written: dict[Place, str]) -> dict[str, bytes]:
    """Return the files of a tree."""
    made = {}
    for header in HEADERS:
        made[header] = "\n".join([f"/* {header} */", *_slots(written, header, range(4), "/*", " */"), "/* end */", ""])
    body = ['#include "a.h"', '#include "b.h"', ""]
    for function in FUNCTIONS:
        slots = _slots(written, function, range(8), "    /*", " */")
        body += [f"int {function}(int x)", "{", *slots, "    return x;", "}", ""]
    return {name: text.encode() for name, text in {**made, "u.c": "\n".join(body)}.items()}


def _slots(written: dict[Place, str], where: str, spots: range, start: str, end: str) -> Iterator[str]:
    for spot in spots:
        yield written.get((where, spot), f"{start} place {spot} of {where}{end}")
        yield from (f"{start} {where} {spot}.{line}{end}" for line in range(APART))


RANDOM = settings(max_examples=60 * SCALE, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


@hypothesis.seed(SEED)
@RANDOM
@given(branches())
def test_the_queue_is_the_smallest_that_leaves_no_name_undefined(branch: Branch) -> None:
    with asked(branch) as (session, question):
        verdict = question.answer(session.quarantine)
    smallest = branch.smallest()
    queue = frozenset(branch.base + position for position in verdict.queue)  # the range begins at the base
    assert verdict.state is (State.NEEDS_PREREQUISITES if len(queue) > 1 else State.APPLIES)
    if queue != smallest:
        # A commit that writes over the line which uses a name can make its definition unnecessary.  It is not looked
        # for: what is taken is one that defines the name, and nothing besides.
        assert any(branch.writes_over(number, queue) for number in smallest - queue)
        assert branch.right(queue)
        assert not any(branch.right(queue - {number}) for number in queue - {len(branch.commits)})


@hypothesis.seed(SEED)
@RANDOM
@given(shrinking())
def test_where_context_need_not_be_there_uses_of_names_that_go_are_taken_away(branch: Branch) -> None:
    with asked(branch) as (session, question):
        history, found = question.range.history, question.proposal.selection
        supply = supplier(session, question.base, question.range, relaxed=True)
        assert supply is not None
        grown = supply(history, select(history, found.base, found.wanted))
    assert {branch.base + position for position in grown.queue} == branch.smallest()


@contextmanager
def asked(branch: Branch) -> Iterator[tuple[Session, Question]]:
    """Write the branch; yield a session there, and the question about its last commit."""
    with tempfile.TemporaryDirectory() as name:
        draft = Draft()
        draft.release("1.0.0", files({}))
        for number in range(1, len(branch.commits) + 1):
            draft.commit(f"change {number}", files(branch.tree(frozenset(range(1, number + 1)))))
        place = draft.write(Path(name))
        with Session(place.folder) as session:
            base = session.commit(place[branch.base + 1])
            patch = session.commit(place[len(branch.commits) + 1])
            yield session, ask_commits(session, base, session.commit("stable-1.0"), [patch])
