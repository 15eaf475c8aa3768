"""Known answers on the real tree: run with GIT_XSA_XEN naming a clone of xen.git (of July 2026 or later)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_xsa.ask.marked import ask_named
from git_xsa.ask.session import Session
from git_xsa.ask.tip import tip_for
from git_xsa.ask.verdict import State, Verdict

pytestmark = pytest.mark.xen


@pytest.fixture(scope="module")
def xen() -> Iterator[Session]:
    folder = os.environ.get("GIT_XSA_XEN")
    if not folder:
        pytest.skip("GIT_XSA_XEN does not name a clone of xen.git")
    with Session(Path(folder)) as session:
        yield session


def judge(xen: Session, base: str, *numbers: int) -> Verdict:
    commit = xen.branches.base(base)
    return ask_named(xen, commit, tip_for(xen, commit), numbers).answer(xen.quarantine)


def needs(verdict: Verdict) -> list[str]:
    return [verdict.range.commits[position - 1].id[:10] for position in verdict.selection.prerequisites]


def test_the_published_set_of_xsa_490_has_a_patch_more(xen: Session) -> None:
    # Upstream's set for 4.17 has two files, of which only the second is marked; the other one is 550d632f9b.
    verdict = judge(xen, "RELEASE-4.17.6", 490)
    assert (verdict.state, needs(verdict)) == (State.NEEDS_PREREQUISITES, ["57d0c0cdde", "550d632f9b"])


@pytest.mark.parametrize("base", ["RELEASE-4.17.6", "RELEASE-4.18.5", "RELEASE-4.19.5"])
def test_the_published_set_of_xsa_492_begins_with_an_unmarked_patch(xen: Session, base: str) -> None:
    # xsa492-4.1[789]-00.patch: there are such files for just these branches.
    verdict = judge(xen, base, 492)
    (position,) = verdict.selection.prerequisites
    assert verdict.range.commits[position - 1].subject == "xen/xsm: make getdomaininfo xsm dummy checks more stringent"


def test_xsa_499_needs_one_ordinary_commit_after_492(xen: Session) -> None:
    verdict = judge(xen, "RELEASE-4.21.1", 492, 499)
    assert (verdict.state, needs(verdict)) == (State.NEEDS_PREREQUISITES, ["b09055b6d9"])


def test_xsa_345_fits_but_git_misplaces_it(xen: Session) -> None:
    verdict = judge(xen, "RELEASE-4.10.4", 345)
    assert (verdict.state, needs(verdict)) == (State.MISPLACED, [])


def test_a_twin_of_a_line_does_not_stand_in_for_it(xen: Session) -> None:
    # XSA-265's patch can be made to apply without the commit that declares the variable it uses.
    verdict = judge(xen, "RELEASE-4.10.1", 265)
    assert (verdict.state, needs(verdict)) == (State.NEEDS_PREREQUISITES, ["abe5fb9218", "07b6f42623"])


def test_an_advisory_in_the_release_is_there_already(xen: Session) -> None:
    assert judge(xen, "RELEASE-4.17.4", 439).state is State.ALREADY_APPLIED
