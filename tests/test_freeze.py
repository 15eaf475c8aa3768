"""The freeze rule: each of its sentences, and all of them at once against a slow referee.

The referee knows one instant after another and every commit's ancestors; it joins no intervals and is told no facts.
The run is fixed by a seed, which is printed at its start and can be given, as for test_properties.py::

    GIT_XSA_SEED=7 GIT_XSA_EXAMPLES=40 tests/run tests/test_freeze.py

asks about 20,000 worlds that hypothesis makes, and 100,000 more that are made faster (``-k many_more``).
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import hypothesis
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from git_xsa.embargo.rule import (
    Arrival,
    Embargo,
    Ledger,
    Rules,
    Update,
    Why,
    clock_is_wrong,
    freeze_at,
    judge,
    windows,
)

SCALE = int(os.environ.get("GIT_XSA_EXAMPLES", "1"))
#: Processes of one run share the seed.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.urandom(4).hex()
SEED = int(os.environ.get("GIT_XSA_SEED") or int(RUN[:8], 16))

STABLE, STAGING, TAG = "refs/heads/stable-4.17", "refs/heads/staging-4.17", "refs/tags/RELEASE-4.17.3"
TIPS = {"staging-4.17": frozenset({"tip"})}
GATE = Update(STABLE, "old", "new", fast_forward=True, inside=frozenset({"tip"}))


def why(ledger: Ledger | None, now: int, update: Update, rules: Rules = Rules()) -> Why:  # noqa: B008 - it is frozen
    (verdict,) = judge(ledger, rules, now, [update])
    assert verdict.update is update
    assert verdict.allowed == verdict.why.allowed
    return verdict.why


def moved(ref: str) -> Update:
    return Update(ref, "old", "new", fast_forward=True)


ONE = Ledger((Embargo(1, 10, 20, tips=TIPS),), newest=5)


# Each sentence by itself


@pytest.mark.parametrize("ref", [STABLE, STAGING, TAG])
@pytest.mark.parametrize(("now", "frozen"), [(9, False), (10, True), (19, True), (20, False)])
def test_frozen_from_the_first_instant_up_to_the_last(ref: str, now: int, frozen: bool) -> None:
    assert why(ONE, now, moved(ref)).allowed is not frozen


@pytest.mark.parametrize(
    "update",
    [
        Update(STAGING, "old", "new", fast_forward=True),
        Update(STAGING, "old", None),
        Update(STAGING, "old", "new"),
        Update(STAGING, None, "new"),
        Update(STABLE, "old", None),
        Update(STABLE, "old", "new", inside=frozenset({"tip"})),
        Update(STABLE, None, "new", inside=frozenset({"tip"})),
        Update(TAG, None, "new", inside=frozenset({"tip"})),
        Update(TAG, "old", None),
        Update(TAG, "old", "new", fast_forward=True, inside=frozenset({"tip"})),
    ],
)
def test_updates_deletions_forced_updates_and_creations_alike(update: Update) -> None:
    assert why(ONE, 15, update) is Why.FROZEN
    assert why(ONE, 20, update) is Why.NO_FREEZE


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/master",
        "refs/heads/staging",
        "refs/heads/my-stable-4.17",
        "refs/tags/stable-4.17",
        "refs/tags/4.17.0-rc1",
        "refs/tags/RELEASE-4.17.0-rc1",
        "refs/notes/stable-4.17",
        "refs/remotes/origin/stable-4.17",
    ],
)
def test_other_references_are_not_concerned(ref: str) -> None:
    assert why(ONE, 15, moved(ref)) is Why.NOT_CONCERNED
    assert why(None, 15, moved(ref)) is Why.NOT_CONCERNED


@pytest.mark.parametrize(
    ("patterns", "frozen"),
    [
        (("stable-4.17",), {STABLE, TAG}),
        (("stable-4.18",), set()),
        (("staging-*",), {STAGING}),
        (("refs/tags/RELEASE-4.*",), {TAG}),
        (("refs/heads/*",), {STABLE, STAGING, TAG}),
        ((), set()),
    ],
)
def test_patterns_of_frozen_references(patterns: tuple[str, ...], frozen: set[str]) -> None:
    rules = Rules(frozen_refs=patterns)
    assert {ref for ref in (STABLE, STAGING, TAG) if rules.frozen(ref)} == frozen


def test_overlapping_embargoes_freeze_until_the_last_one_lifts() -> None:
    ledger = Ledger((Embargo(1, 10, 20), Embargo(2, 15, 30), Embargo(3, 30, 40), Embargo(4, 50, 60)))
    frozen = [now for now in range(70) if not why(ledger, now, moved(STAGING)).allowed]
    assert frozen == [*range(10, 40), *range(50, 60)]
    assert windows(ledger, 0) == [(10, 40), (50, 60)]
    assert windows(ledger, 39) == [(10, 40), (50, 60)]
    assert windows(ledger, 40) == [(50, 60)]


def test_lifting_one_of_a_batch_leaves_the_others() -> None:
    lifted = Embargo(1, 10, 40, lifted=12)
    assert why(Ledger((lifted,)), 12, moved(STAGING)) is Why.NO_FREEZE
    assert why(Ledger((lifted,)), 11, moved(STAGING)) is Why.FROZEN
    assert why(Ledger((lifted, Embargo(2, 11, 30))), 29, moved(STAGING)) is Why.FROZEN
    assert why(Ledger((replace(lifted, lifted=5),)), 10, moved(STAGING)) is Why.NO_FREEZE
    assert why(Ledger((replace(lifted, lifted=50),)), 40, moved(STAGING)) is Why.NO_FREEZE


def test_the_gate_may_move_to_what_was_in_staging() -> None:
    assert why(ONE, 15, GATE) is Why.GATE
    assert why(ONE, 15, replace(GATE, inside=frozenset())) is Why.NOT_WAITING
    assert why(ONE, 15, replace(GATE, fast_forward=False)) is Why.FROZEN
    assert why(ONE, 15, replace(GATE, ref="refs/heads/stable-4.18")) is Why.TIP_UNKNOWN
    assert why(ONE, 15, replace(GATE, ref=STAGING)) is Why.FROZEN


def test_the_gate_can_be_closed() -> None:
    closed = Rules(gate=False)
    assert why(ONE, 15, GATE, closed) is Why.GATE_FORBIDDEN
    assert why(ONE, 15, replace(GATE, inside=frozenset()), closed) is Why.NOT_WAITING
    assert why(ONE, 20, GATE, closed) is Why.NO_FREEZE


def test_of_several_tips_all_have_to_have_it() -> None:
    later = Embargo(2, 12, 30, tips={"staging-4.17": frozenset({"later"})})
    both = replace(ONE, embargoes=(*ONE.embargoes, later))
    assert why(both, 15, replace(GATE, inside=frozenset({"later"}))) is Why.NOT_WAITING
    assert why(both, 15, replace(GATE, inside=frozenset({"later", "tip"}))) is Why.GATE
    assert why(both, 25, replace(GATE, inside=frozenset({"later"}))) is Why.NOT_WAITING


FIXED = Ledger((replace(ONE.embargoes[0], fixes={"stable-4.17": frozenset({"fix", "more"})}),))
FIRST = Rules(fixes_first=True)


@pytest.mark.parametrize("ref", [STABLE, STAGING])
def test_fixes_come_first(ref: str) -> None:
    fix, release, other = Arrival("fix"), Arrival("r", release=True), Arrival("other")
    waiting = Arrival("w", inside=frozenset({"tip"}))
    for arrivals in ((fix,), (release,), (waiting, fix, release), ()):
        assert why(FIXED, 20, replace(moved(ref), arrivals=arrivals), FIRST) is Why.FIXES
    (verdict,) = judge(FIXED, FIRST, 20, [replace(moved(ref), arrivals=(fix, other), present=frozenset({"more"}))])
    assert (verdict.why, verdict.missing) == (Why.FIXES_FIRST, frozenset({"fix"}))
    assert why(FIXED, 20, replace(moved(ref), fast_forward=False), FIRST) is Why.FIXES_FIRST
    assert why(FIXED, 20, Update(ref, "old", None), FIRST) is Why.FIXES_FIRST
    after = replace(other, behind=frozenset({"fix"}))
    update = replace(moved(ref), arrivals=(fix, after), present=frozenset({"more"}))
    assert why(FIXED, 20, update, FIRST) is Why.FIXES
    assert why(FIXED, 20, replace(update, present=frozenset()), FIRST) is Why.FIXES_FIRST
    everything = replace(moved(ref), arrivals=(other,), present=frozenset({"fix", "more"}))
    assert why(FIXED, 20, everything, FIRST) is Why.NO_FREEZE
    assert why(FIXED, 20, replace(moved(ref), arrivals=(other,))) is Why.NO_FREEZE
    assert why(FIXED, 20, replace(moved("refs/heads/stable-4.18"), arrivals=(other,)), FIRST) is Why.NO_FREEZE
    assert why(FIXED, 19, replace(moved(STAGING), arrivals=(fix,)), FIRST) is Why.FROZEN


def test_fixes_of_an_earlier_batch_are_waited_for_too() -> None:
    ledger = replace(FIXED, embargoes=(*FIXED.embargoes, Embargo(2, 30, 40)))
    assert why(ledger, 40, replace(moved(STAGING), arrivals=(Arrival("other"),)), FIRST) is Why.FIXES_FIRST


def test_closed_gate_does_not_hold_up_fixes_afterwards() -> None:
    update = replace(moved(STABLE), arrivals=(Arrival("w", inside=frozenset({"tip"})), Arrival("fix")))
    assert why(FIXED, 20, update, replace(FIRST, gate=False)) is Why.FIXES


def test_clock_before_the_newest_entry_opens_nothing() -> None:
    ledger = Ledger((Embargo(1, 10, 20),), newest=12)
    assert [clock_is_wrong(ledger, now) for now in (11, 12, 13)] == [True, False, False]
    assert why(ledger, 5, moved(STAGING)) is Why.FROZEN
    assert why(replace(ledger, newest=9), 5, moved(STAGING)) is Why.NO_FREEZE
    assert not clock_is_wrong(replace(ledger, newest=None), 0)


def test_unreadable_ledger_freezes_everything() -> None:
    assert {why(None, 15, update) for update in (moved(STABLE), moved(STAGING), moved(TAG), GATE)} == {Why.UNREADABLE}


# The referee


@dataclass(frozen=True)
class Wish:
    """An update as its author sees it: commits are numbers."""

    ref: str
    old: int | None
    new: int | None


@dataclass(frozen=True)
class World:
    """Commits, each with the numbers of its parents, a patch id, and whether it makes a release; and all the rest."""

    parents: tuple[tuple[int, ...], ...]
    patches: tuple[str, ...]
    releases: tuple[bool, ...]
    ledger: Ledger
    rules: Rules
    now: int
    wishes: tuple[Wish, ...]

    def history(self, commit: int) -> set[int]:
        found = {commit}
        for parent in self.parents[commit]:
            found |= self.history(parent)
        return found

    def has(self, tip: str, commit: int) -> bool:
        return commit in self.history(int(tip))


LONGEST = 14
NAMES = ("stable-1.0", "staging-1.0", "stable-1.1", "staging-1.1", "other")
REFS = (
    *["refs/heads/stable-1.0"] * 4,
    *(f"refs/heads/{name}" for name in NAMES),
    "refs/tags/RELEASE-1.0.1",
    "refs/tags/RELEASE-1.1",
    "refs/tags/v1",
)
PATTERNS = (*[("stable-*", "staging-*")] * 4, ("stable-1.0",), ("refs/heads/*",), ("*-1.1", "refs/tags/v*"), ())
PATCHES = ("p", "q", "r", "s")


def ids(names: tuple[str, ...], commits: list[str]) -> st.SearchStrategy[dict[str, frozenset[str]]]:
    return st.dictionaries(st.sampled_from(names), st.frozensets(st.sampled_from(commits), max_size=2), max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(1, 7))
    parents = tuple(
        tuple(draw(st.sets(st.integers(max(0, i - 2), i - 1), min_size=1, max_size=2))) if i else ()
        for i in range(count)
    )
    instant = st.integers(0, LONGEST - 1)
    embargoes = []
    for number in range(draw(st.sampled_from((0, 1, 1, 2, 2, 3, 4)))):
        since, lifted = draw(instant), draw(st.none() | st.none() | instant)
        until = draw(instant | st.integers(since, LONGEST - 1))
        tips = draw(ids(NAMES[1:4:2], [str(i) for i in range(count // 2, count)]))
        fixes = draw(ids(NAMES[0:4:2], list(PATCHES)))
        embargoes.append(Embargo(number, since, until, lifted, tips, fixes))
    commit = st.integers(0, count - 1)
    ref, early = st.sampled_from(REFS), st.integers(0, count // 3)
    wish = st.builds(Wish, ref, st.none() | commit, st.none() | commit) | st.builds(Wish, ref, early, commit)
    return World(
        parents,
        tuple(draw(st.sampled_from(PATCHES)) for _ in parents),
        tuple(draw(st.integers(0, 3)) == 0 for _ in parents),
        Ledger(tuple(embargoes), draw(st.none() | instant)),
        Rules(draw(st.sampled_from(PATTERNS)), gate=draw(st.booleans()), fixes_first=draw(st.booleans())),
        draw(instant),
        tuple(draw(st.lists(wish, min_size=1, max_size=4))),
    )


def random_world(rng: random.Random) -> World:
    """Return a world as ``worlds`` does, a hundred times faster and without a way to make it smaller."""
    count = rng.randint(1, 7)
    parents = tuple(
        tuple({rng.randint(max(0, i - 2), i - 1) for _ in range(rng.randint(1, 2))}) if i else () for i in range(count)
    )

    def some(names: tuple[str, ...], values: Sequence[str]) -> dict[str, frozenset[str]]:
        chosen = rng.sample(names, rng.randint(0, 2))
        return {name: frozenset(rng.choices(values, k=rng.randint(0, 2))) for name in chosen}

    def instant() -> int:
        return rng.randrange(LONGEST)

    embargoes = []
    for number in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        since = instant()
        until = rng.choice((instant(), rng.randint(since, LONGEST - 1)))
        tips = some(NAMES[1:4:2], [str(i) for i in range(count // 2, count)])
        lifted = rng.choice((None, None, instant()))
        embargoes.append(Embargo(number, since, until, lifted, tips, some(NAMES[0:4:2], PATCHES)))

    def wish() -> Wish:
        if rng.random() < 0.5:
            return Wish(rng.choice(REFS), rng.randint(0, count // 3), rng.randrange(count))
        return Wish(rng.choice(REFS), *(rng.choice((None, rng.randrange(count))) for _ in range(2)))

    return World(
        parents,
        tuple(rng.choice(PATCHES) for _ in parents),
        tuple(rng.randrange(4) == 0 for _ in parents),
        Ledger(tuple(embargoes), rng.choice((None, instant()))),
        Rules(rng.choice(PATTERNS), gate=rng.random() < 0.5, fixes_first=rng.random() < 0.5),
        instant(),
        tuple(wish() for _ in range(rng.randint(1, 4))),
    )


def told(world: World, wish: Wish) -> Update:
    """Return what git would tell about ``wish``."""
    tips = {tip for embargo in world.ledger.embargoes for found in embargo.tips.values() for tip in found}
    before = world.history(wish.old) if wish.old is not None else set()
    after = world.history(wish.new) if wish.new is not None else set()

    def inside(commit: int) -> frozenset[str]:
        return frozenset(tip for tip in tips if world.has(tip, commit))

    def behind(commit: int) -> frozenset[str]:
        return frozenset(world.patches[i] for i in world.history(commit) - before - {commit})

    arrivals = (Arrival(world.patches[i], world.releases[i], inside(i), behind(i)) for i in sorted(after - before))
    return Update(
        wish.ref,
        None if wish.old is None else str(wish.old),
        None if wish.new is None else str(wish.new),
        wish.old in after,
        frozenset() if wish.new is None else inside(wish.new),
        tuple(arrivals),
        frozenset(world.patches[i] for i in before),
    )


@cache
def matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


def concerned(world: World, ref: str) -> bool:
    patterns = [p if p.startswith("refs/") else f"refs/heads/{p}" for p in world.rules.frozen_refs]
    names = {ref}
    if ref == "refs/tags/RELEASE-1.0.1":
        names |= {"refs/heads/stable-1.0", "refs/heads/stable-1"}
    if ref == "refs/tags/RELEASE-1.1":
        names |= {"refs/heads/stable-1"}
    return any(matches(pattern, name) for pattern in patterns for name in names)


def secret(embargo: Embargo) -> set[int]:
    """Return every instant at which it is secret."""
    return {
        instant
        for instant in range(LONGEST)
        if embargo.since <= instant < embargo.until and (embargo.lifted is None or instant < embargo.lifted)
    }


def stretch(secrets: list[set[int]], instant: int) -> set[int]:
    """Return the unbroken instants of secrecy that ``instant`` is one of."""
    found = {instant}
    while True:
        near = {i for each in secrets for i in each if {i - 1, i + 1} & found} - found
        if not near:
            return found
        found |= near


def batch(world: World, instants: set[int]) -> list[Embargo]:
    return [embargo for embargo in world.ledger.embargoes if secret(embargo) & instants]


def waiting(embargoes: list[Embargo], staging: str, world: World, commit: int) -> bool:
    tips = [tip for embargo in embargoes for tip in embargo.tips.get(staging, ())]
    return bool(tips) and all(world.has(tip, commit) for tip in tips)


def allowed(world: World, wish: Wish) -> bool:
    if not concerned(world, wish.ref):
        return True
    secrets = [secret(embargo) for embargo in world.ledger.embargoes]
    newest = world.now if world.ledger.newest is None else max(world.now, world.ledger.newest)
    # from the clock's instant up to the journal's newest, none of what has begun is over
    felt = {i for each in secrets for i in each if each and min(each) <= newest and i >= world.now}
    frozen = set().union(*(stretch(secrets, i) for i in felt if any(i in s and min(s) <= newest for s in secrets)))
    branch = wish.ref.removeprefix("refs/heads/")
    forward = wish.old is not None and wish.new is not None and wish.old in world.history(wish.new)
    version = branch.rpartition("-")[2]
    if felt:
        gate = world.rules.gate and forward and branch in ("stable-1.0", "stable-1.1") and wish.new is not None
        hull = set(range(min(frozen), max(frozen) + 1))
        return gate and waiting(batch(world, hull), f"staging-{version}", world, wish.new or 0)
    over = {i for each in secrets for i in each if i < world.now and max(each) < world.now}
    if not world.rules.fixes_first or not over or branch not in NAMES[:4]:
        return True
    last = batch(world, stretch(secrets, max(over)))
    public = [embargo for embargo in world.ledger.embargoes if secret(embargo) and max(secret(embargo)) < world.now]
    fixes = {patch for embargo in public for patch in embargo.fixes.get(f"stable-{version}", ())}
    before = world.history(wish.old) if wish.old is not None else set()
    missing = fixes - {world.patches[i] for i in before}
    if not missing:
        return True

    def early(i: int) -> bool:
        return not missing <= {world.patches[j] for j in world.history(i)}

    return forward and all(
        world.patches[i] in fixes or world.releases[i] or waiting(last, f"staging-{version}", world, i)
        for i in world.history(wish.new or 0) - before
        if early(i)
    )


@pytest.fixture(autouse=True, scope="module")
def seed(request: pytest.FixtureRequest) -> None:
    """Print the seed, once in every process that runs some of these tests."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\ntest_freeze: GIT_XSA_SEED={SEED} GIT_XSA_EXAMPLES={SCALE}")


@hypothesis.seed(SEED)
@settings(
    max_examples=500 * SCALE,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(worlds())
def test_the_referee_agrees(world: World) -> None:
    for why in judged(world):
        event(why.value)


def judged(world: World) -> list[Why]:
    """Compare the rule with the referee; returns its reasons."""
    updates = [told(world, wish) for wish in world.wishes]
    verdicts = judge(world.ledger, world.rules, world.now, updates)
    assert [verdict.update for verdict in verdicts] == updates
    for wish, verdict in zip(world.wishes, verdicts, strict=True):
        assert verdict.allowed == allowed(world, wish), (wish, verdict)
    clear = [verdict.allowed for verdict in judge(None, world.rules, world.now, updates)]
    assert clear == [not concerned(world, wish.ref) for wish in world.wishes]
    return [*(verdict.why for verdict in verdicts), *([] if all(clear) else [Why.UNREADABLE])]


def test_the_referee_agrees_on_many_more() -> None:
    reasons: Counter[Why] = Counter()
    for number in range(2_500 * SCALE):
        world = random_world(random.Random(f"{SEED} {number}"))
        reasons.update(judged(world))
    assert reasons.keys() == set(Why), reasons


@hypothesis.seed(SEED)
@settings(max_examples=200 * SCALE, deadline=None, print_blob=True)
@given(worlds())
def test_windows_are_the_stretches_that_are_not_over(world: World) -> None:
    secrets = [secret(embargo) for embargo in world.ledger.embargoes]
    found = {frozenset(stretch(secrets, max(each))) for each in secrets if each and max(each) >= world.now}
    assert windows(world.ledger, world.now) == sorted((min(each), max(each) + 1) for each in found)
    freeze = freeze_at(replace(world.ledger, newest=None), world.now)
    here = [each for each in found if world.now in each]
    assert (None if freeze is None else (freeze.began, freeze.ends)) == (
        (min(here[0]), max(here[0]) + 1) if here else None
    )
