"""git xsa-stats --reissues, and advisories of the store in the replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from hypothesis import given
from hypothesis import strategies as st
from repositories import Answer, Place, run, story

from git_xsa.advisory.reissues import REASONS, DisclosureStage, Told, count_reissues, reasons_of

ONE, TWO, THREE = b"one", b"two", b"three"


def stages(*texts: Told) -> list[tuple[int, str]]:
    return [(one.version, one.stage.value) for one in count_reissues(texts).reissues]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([Told(9, 1, False)], []),
        ([Told(9, 4, True, {4: "Typo.", 3: "Public release.", 2: "More."})],
         [(2, "before"), (3, "publication"), (4, "after")]),
        # Approximation 1: nothing says when it became public, or only in part.
        ([Told(9, 2, None, {2: "Typo."})], [(2, "unknown")]),
        ([Told(9, 2, False), Told(9, 3, None), Told(9, 4, True), Told(9, 5, True)],
         [(2, "before"), (3, "unknown"), (4, "unknown"), (5, "after")]),
        ([Told(9, 1, True), Told(9, 2, True)], [(2, "after")]),
        # A version that only a later text tells of.
        ([Told(9, 3, True, {3: "PUBLIC\n  release.  Typo."})], [(2, "before"), (3, "publication")]),
        ([Told(9, 1, None, {3: "A word of what is to come."})], [(2, "unknown"), (3, "unknown")]),
    ],
)  # fmt: skip
def test_when_a_version_was_issued(texts: Sequence[Told], found: list[tuple[int, str]]) -> None:
    assert stages(*texts) == found


@pytest.mark.parametrize(
    ("words", "reasons"),
    [
        ("Public release.", ("public-release",)),
        ("Updated the patch for 4.17 to fix a build error.", ("patches",)),
        ("Xen 4.6 is also affected.  CVE assigned.", ("versions", "cve")),
        ("Updated metadata to add 4.13, update StableRef's", ("metadata",)),
        ("Fix a typo in the credits.\nPublic release.", ("public-release", "patches", "credits", "wording")),
        ("Hello.", ("other",)),
        ("", ("not-told",)),
    ],
)
def test_why_a_version_was_issued(words: str, reasons: tuple[str, ...]) -> None:
    """Approximation 2: by words, of which one can stand for several reasons."""
    assert reasons_of(words) == reasons


def test_patches_are_compared_with_the_version_before() -> None:
    """Approximation 3: by checksums, and only where both texts are there."""
    texts = [
        Told(9, 1, False, {}, {"a.patch": "1", "b.patch": "2"}),
        Told(9, 2, False, {}, {"a.patch": "1", "b.patch": "3", "c.patch": "4"}),
        Told(9, 4, True, {4: "Public release."}, {"a.patch": "1"}),
        Told(8, 1, True),
    ]
    found = count_reissues([*reversed(texts), Told(9, 2, True, {}, {"z.patch": "0"})])
    assert (found.advisories, found.texts, found.reissued, found.most) == (2, 4, 1, (9, 3))
    known = [(one.version, one.patches and (one.patches.added, one.patches.changed)) for one in found.reissues]
    assert known == [(2, (("c.patch",), ("b.patch",))), (3, None), (4, None)]
    counts = found.patches()
    assert counts == {"compared": 1, "with_changes": 1, "added": 1, "dropped": 0, "changed": 1}
    assert count_reissues(texts).patches(DisclosureStage.BEFORE) == counts
    assert count_reissues(texts).patches(DisclosureStage.AFTER)["compared"] == 0


TEXTS = st.lists(
    st.builds(
        Told, st.integers(1, 3), st.integers(1, 5), st.sampled_from([True, False, None]),
        st.dictionaries(st.integers(1, 5), st.sampled_from(["Public release.", "Typo.", ""])),
    ),
    max_size=8,
)  # fmt: skip


@given(TEXTS)
def test_every_reissue_is_counted_once(texts: list[Told]) -> None:
    found = count_reissues(texts)
    highest: dict[int, int] = {}
    first = {(text.number, text.version): text for text in reversed(texts)}
    for text in first.values():
        highest[text.number] = max([highest.get(text.number, 1), text.version, *text.updates])
    assert len(found.reissues) == sum(version - 1 for version in highest.values())
    assert sum(found.stages().values()) == len(found.reissues)
    for reason, number in found.reasons().items():
        assert number == sum(found.reasons(stage)[reason] for stage in DisclosureStage), reason
    assert list(found.reasons())[: len(REASONS)] == list(REASONS)


# The command


def write(folder: Path, number: int, version: int, patches: dict[str, bytes], words: str = "", **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    updates = {version: words} if words else None
    text = advisory(number, version, [("xsa*", "xen-unstable")], patches, updates=updates, **more)
    (folder / f"advisory-{number}-{version}.txt").write_bytes(text)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    write(folder, 9, 1, {"xsa9-1.patch": ONE, "xsa9-2.patch": TWO})
    write(folder, 9, 2, {"xsa9-1.patch": ONE, "xsa9-2.patch": THREE}, "Fix the second patch.")
    write(folder, 9, 3, {"xsa9-1.patch": ONE, "xsa9-2.patch": THREE}, "Public release.")
    write(folder, 9, 4, {"xsa9-1.patch": ONE}, "The second patch is not needed.")
    write(folder, 10, 1, {"xsa10.patch": ONE}, public=True)
    return folder


def check(done: Answer) -> None:
    assert done.status == 0
    assert done.out.splitlines() == [
        "2 advisories, 1 of them reissued, 3 times",
        "  most often XSA-9, 3 times",
        "",
        "Reissues                        before  to publish       after     unknown         all",
        "  all                                1           1           1           0           3",
        "why, as far as the text says (one can have several reasons):",
        "  public release                     0           1           0           0           1",
        "  patches, backports                 1           0           1           0           2",
        "patches, where both texts are there to be compared:",
        "  reissues compared                  1           1           1           0           3",
        "    with other patches               1           0           1           0           2",
        "  patches changed                    1           0           0           0           1",
        "  patches added                      0           0           0           0           0",
        "  patches dropped                    0           0           1           0           1",
    ]
    names = "XSA-9 v1, XSA-9 v2, XSA-9 v3, XSA-9 v4, XSA-10 v1"
    assert done.err == f"note: not signed by a key in xsa.trustedKeys: {names}\n"


def test_from_a_folder_without_any_repository(texts: Path, tmp_path: Path) -> None:
    check(run(tmp_path, "stats", "--reissues", str(texts)))


def test_from_the_store(texts: Path, tmp_path: Path) -> None:
    run(tmp_path, "import", str(texts))
    done = run(tmp_path, "stats", "--reissues")
    check(done)


def test_as_json(texts: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "stats", "--json", "--reissues", str(texts))
    found = json.loads(done.out)
    assert (found["format"], found["advisories"], found["texts"], found["reissued"]) == (1, 2, 5, 1)
    assert found["most"] == {"xsa": 9, "reissues": 3}
    assert found["stages"] == {"before": 1, "publication": 1, "after": 1, "unknown": 0}
    assert found["by_stage"]["after"]["patches"]["dropped"] == 1
    assert found["each"][0] == {
        "xsa": 9, "version": 2, "stage": "before", "reasons": ["patches"], "words": "Fix the second patch.",
        "patches": {"added": [], "dropped": [], "changed": ["xsa9-2.patch"]},
    }  # fmt: skip


def test_what_can_not_be_read_or_must_not_be_used(texts: Path, tmp_path: Path, sealed: Path) -> None:
    (texts / "half.txt").write_bytes(b"-----BEGIN PGP SIGNED MESSAGE-----\n\nXen Security Advisory XSA-3\n")
    done = run(tmp_path, "stats", "--reissues", str(texts))
    assert done.status == 1
    assert done.err.startswith("warning: half.txt was left out: the text has several signed parts, or half of one\n")
    for words, status, why in (
        (("--reissues", str(tmp_path / "no")), 128, "No such file or directory"),
        (("--reissues",), 128, "there is no advisory text in the store"),
        (("--reissues", "--quick"), 129, "--reissues cannot be combined with --branch or --quick"),
    ):
        done = run(tmp_path, "stats", *words)
        assert (done.status, done.out) == (status, "")
        assert why in done.err
    (sealed / ".gitconfig").write_text("[xsa]\n\trequireSignature = true\n")
    done = run(tmp_path, "stats", "--reissues", str(texts))
    assert (done.status, done.out) == (128, "")
    assert "XSA-9 v1 is not signed by a key in xsa.trustedKeys" in done.err


def test_replay_takes_the_patches_from_the_store(tmp_path: Path) -> None:
    """XSA-4's advisory has a patch whose commit has no mark."""
    place: Place = story().write(tmp_path / "clone")
    folder = tmp_path / "in"
    folder.mkdir()
    before = json.loads(place.run("stats", "--quick", "--json").out)["pairs"]
    (folder / "xsa4-1.patch").write_bytes(place.patch(7))
    (folder / "xsa4-2.patch").write_bytes(place.patch(9))
    run(tmp_path, "import", str(folder))
    done = place.run("stats", "--quick", "--json")
    pairs = {pair["xsa"]: pair for pair in json.loads(done.out)["pairs"]}
    old = {pair["xsa"]: pair for pair in before}
    assert (old[4]["stored"], old[4]["patches"]) == (False, [place[9]])
    assert (pairs[4]["stored"], pairs[4]["patches"]) == (True, [place[7], place[9]])
    assert {number: pair["patches"] for number, pair in pairs.items() if number != 4} == {
        number: pair["patches"] for number, pair in old.items() if number != 4
    }
    assert done.err == "note: not signed by a key in xsa.trustedKeys: XSA-4 files-1\n"
