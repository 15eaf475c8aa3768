"""Files of an advisory that came without its text: which of them are one series, and that nothing of a fix is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import Answer, Draft, Place, numbered, run

from git_xsa.advisory.file_names import is_made_of, read_name
from git_xsa.advisory.patch_choice import choose
from git_xsa.export.formats import FORMATS

#: The commits of the branch, by the files and lines they change and their messages: those of XSA-1 are 4, 6 and 7.
CHANGES: Sequence[tuple[str, str, int, str]] = (
    ("prepare it", "a.c", 10, "prepared"),
    ("check the limit\n\nThis is part of XSA-1.", "a.c", 11, "checked"),
    ("tidy", "b.c", 3, "tidied"),
    ("check the other limit\n\nThis is part of XSA-1.", "b.c", 10, "checked"),
    ("use what XSA-1 checks\n\nThis is part of XSA-1 and XSA-2.", "c.c", 10, "used"),
    ("fix off-by-one in XSA-1 change\n\nThis is XSA-3.", "a.c", 12, "fixed"),
    ("revert what 1.9 did\n\nThis is XSA-4.", "c.c", 18, "reverted"),
)
PARTS = (4, 6, 7)


def draft(changes: Sequence[tuple[str, str, int, str]] = CHANGES) -> Draft:
    """Return a branch with a release and ``changes`` after it, the first of which is commit 3."""
    made = Draft()
    made.commit("root", {name: numbered(20) for name in ("a.c", "b.c", "c.c")})
    made.release("1.0.1", {"version": b"1.0.1\n"})
    lines: dict[str, dict[int, str]] = {}
    for message, name, line, word in changes:
        lines.setdefault(name, {})[line] = word
        made.commit(message, {name: numbered(20, lines[name])})
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return draft().write(tmp_path / "clone")


def diff(name: str, line: int, word: str, before: Mapping[int, str] | None = None) -> bytes:
    """Return a plain diff that changes one line of the file ``name``, which has the lines ``before``."""
    old, new = (numbered(20, lines).decode().splitlines() for lines in (before or {}, {**(before or {}), line: word}))
    low, high = max(line - 3, 1), min(line + 3, 20)
    body = "".join(
        f"-{old[at - 1]}\n+{new[at - 1]}\n" if at == line else f" {old[at - 1]}\n" for at in range(low, high + 1)
    )
    size = high - low + 1
    return f"--- a/{name}\n+++ b/{name}\n@@ -{low},{size} +{low},{size} @@\n{body}".encode()


def take(place: Place, files: Mapping[str, bytes]) -> Answer:
    folder = place.folder.parent / "in"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return run(place.folder.parent, "import", str(folder))


def asked(place: Place, *words: str) -> dict[str, Any]:
    """Return the answer of a check of the release: of everything, unless ``words`` say otherwise."""
    found: dict[str, Any] = json.loads(place.run("check", "--onto", "RELEASE-1.0.1", *words, "--json").out)["results"][
        0
    ]
    return found


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [entry["id"] for entry in answer["queue"]]


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"branch"}))
@pytest.mark.parametrize("words", [(), ("--backport-names",), ("--prefix", "xen-")])
def test_own_exports_taken_in_again_give_the_same_commits(
    name: str, words: tuple[str, ...], place: Place, tmp_path: Path
) -> None:
    before = asked(place)
    assert len(before["queue"]) == 6
    out = tmp_path / "out"
    assert place.run("export", "--onto", "RELEASE-1.0.1", "--format", name, *words, "-o", str(out)).status == 0
    run(tmp_path, "import", str(out))
    after = asked(place)
    assert after["queue"] == before["queue"]
    assert [one["xsa"] for one in after["advisories"]] == [1, 2, 3, 4]
    assert [len(one["patches"]) for one in after["advisories"]] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    "names",
    [
        ("69561c40-check-the-limit.patch", "69561c41-check-the-other-limit.patch", "69561c42-use.patch"),
        ("0001-check-the-limit.patch", "0002-check-the-other-limit.patch", "0017-use.patch"),
        ("xsa1-1-1.0.patch", "xsa1-2-1.0.patch", "xsa1-3-1.0.patch"),
        ("xsa1-1.0-1.patch", "xsa1-1.0-2.patch", "xsa1-1.0-3.patch"),
        ("xsa1-1.patch", "xsa1-2-1.0.patch", "xsa1-3.patch"),
        ("xsa1-1.0-c.patch", "xsa1-1.0-o.patch", "xsa1-x.patch"),
        ("xsa1/0001-a.patch", "xsa1/0002-b.patch", "xsa1/0003-c.patch"),
        ("0411-xsa1-1.0-first.patch", "0412-xsa1-1.0-second.patch", "0413-xsa1-third.patch"),
        ("z.patch", "y.patch", "x.patch"),
        ("CVE-2026-1-1.patch", "CVE-2026-1-2.patch", "CVE-2026-2.patch"),
    ],
)
def test_files_that_are_commits_of_the_branch_are_one_series(names: Sequence[str], place: Place) -> None:
    take(place, {name: place.patch(number) for name, number in zip(names, PARTS, strict=True)})
    answer = asked(place, "--xsa", "1")
    assert ids(answer) == [place[number] for number in (3, 4, 6, 7)]
    assert {patch["commit"] for patch in answer["advisories"][0]["patches"]} == {place[number] for number in PARTS}
    assert [one["remark"] for one in answer["advisories"]] == [None] * len(answer["advisories"])


def test_a_file_with_patches_of_several_advisories_gives_each_its_own(place: Place) -> None:
    take(place, {"fixes.patch": place.patch(4) + place.patch(6) + place.patch(8), "more.patch": place.patch(9)})
    for number, commits in ((1, (3, 4, 6, 7)), (3, (3, 4, 8)), (4, (9,))):
        answer = asked(place, "--xsa", str(number))
        assert ids(answer) == [place[commit] for commit in commits]
        assert {patch["xsa"] for patch in answer["patches"]} == {number}


def test_files_that_apply_one_after_the_other_are_one_series_in_that_order(place: Place) -> None:
    """Under embargo: no commit tells, and the names are in the wrong order."""
    first = diff("b.c", 14, "first", {3: "tidied", 10: "checked"})
    second = diff("b.c", 15, "second", {3: "tidied", 10: "checked", 14: "first"})
    third = diff("a.c", 2, "third")
    take(place, {"xsa9-better.patch": second, "xsa9-fix.patch": first, "xsa9-1.0-other.patch": third})
    answer = asked(place, "--xsa", "9")
    assert answer["state"] != "conflicts"
    assert sorted(ids(answer)[-3:]) == ["xsa9-1.0-other.patch", "xsa9-better.patch", "xsa9-fix.patch"]
    assert ids(answer).index("xsa9-fix.patch") < ids(answer).index("xsa9-better.patch")


def test_what_cannot_stand_together_are_alternatives_and_those_left_out_are_named(place: Place) -> None:
    one, other = diff("c.c", 4, "one"), diff("c.c", 4, "other")
    take(place, {"xsa9-a.patch": one, "xsa9-b.patch": other, "xsa9-c.patch": diff("b.c", 17, "more")})
    answer = asked(place, "--xsa", "9")
    assert ids(answer) == ["xsa9-a.patch", "xsa9-c.patch"]
    words = "left out because they don't apply together with the others: xsa9-b.patch"
    assert answer["advisories"][0]["remark"] == words
    assert words in place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "9").out


def test_files_for_two_branches_are_alternatives(place: Place) -> None:
    take(
        place,
        {
            "xsa9.patch": diff("c.c", 4, "unstable"),
            "xsa9-1.0.patch": diff("c.c", 5, "ours"),
            "xsa9-0.9.patch": diff("c.c", 6, "older"),
        },
    )
    answer = asked(place, "--xsa", "9")
    assert ids(answer) == ["xsa9-1.0.patch"]
    assert answer["advisories"][0]["remark"] is None


def test_copies_of_one_commit_count_once(place: Place) -> None:
    """Two exports, for two releases, have the same commits under other numbers."""
    files = {
        f"{start + number}-part.patch": place.patch(number, f"--start-number={start + number}", "--numbered")
        for start in (1000, 2000)
        for number in PARTS
    }
    take(place, files)
    answer = asked(place, "--xsa", "1")
    assert ids(answer) == [place[number] for number in (3, 4, 6, 7)]
    remark = answer["advisories"][0]["remark"]
    assert remark == "left out because others are the same commits: 2004-part.patch, 2006-part.patch, 2007-part.patch"


@pytest.mark.parametrize("text", [False, True])
def test_what_the_store_lacks_of_a_fix_comes_from_the_branch(text: bool, place: Place) -> None:
    """A part that a packager has, or the version of an advisory from before its last patches."""
    files = {"xsa1-1.patch": place.patch(4)}
    if text:
        listed = advisory(1, 1, [("xsa1-1.patch", "xen-unstable - Xen 1.0.x")], files)
        files["advisory-1.txt"] = listed
    take(place, files)
    answer = asked(place, "--xsa", "1")
    assert ids(answer) == [place[number] for number in (3, 4, 6, 7)]
    series = answer["advisories"][0]
    assert series["lacking"] == [place[6], place[7]]
    words = f"stable-1.0 marks 2 more commits as XSA-1, taken from there: {place.short(6)}, {place.short(7)}"
    assert series["remark"] == words
    assert words in place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "1").out


def test_a_new_patch_is_not_taken_for_a_commit_that_changes_the_same_file(place: Place) -> None:
    new = diff("b.c", 15, "new", {3: "tidied", 10: "checked"})
    take(place, {"xsa1-1.patch": place.patch(4), "xsa1-4.patch": new})
    answer = asked(place, "--xsa", "1")
    assert set(ids(answer)) == {"xsa1-4.patch", *(place[number] for number in (3, 4, 6, 7))}


def test_a_base_that_has_a_part_as_its_own_change_is_asked_for_the_rest(tmp_path: Path) -> None:
    made = draft()
    made.branch("mine", 2)
    made.commit("ours", {"a.c": numbered(20, {10: "prepared"})}, on="mine")
    made.commit("ours, too", {"a.c": numbered(20, {10: "prepared", 11: "checked"})}, on="mine")
    place = made.write(tmp_path / "clone")
    take(place, {"xsa1-1.patch": place.patch(4)})
    done = place.run("check", "--onto", "mine", "--branch", "stable-1.0", "--xsa", "1", "--json")
    answer = json.loads(done.out)["results"][0]
    assert (ids(answer), answer["state"]) == ([place[6], place[7]], "partly-applied")


def test_a_commit_that_does_not_go_on_a_base_beside_the_branch_is_left_out_and_named(tmp_path: Path) -> None:
    """A package has its own version of what another part of the fix changes; the file that it was given still goes."""
    made = draft()
    made.branch("mine", 2)
    made.commit("our own way", {"b.c": numbered(20, {10: "ours"})}, on="mine")
    place = made.write(tmp_path / "clone")
    take(place, {"xsa2.patch": place.patch(9), "xsa1-1.patch": place.patch(4)})
    done = place.run("check", "--onto", "mine", "--branch", "stable-1.0", "--xsa", "1", "--json")
    answer = json.loads(done.out)["results"][0]
    assert ids(answer) == [place[3], place[4]]
    words = f"stable-1.0 marks 2 more commits as XSA-1, left out on mine: {place.short(6)}, {place.short(7)}"
    assert answer["advisories"][0]["remark"] == words


def test_a_mark_outranks_the_number_in_a_name(place: Place) -> None:
    name = "0001-fix-off-by-one-in-XSA-1-change.patch"
    take(place, {name: place.patch(8), "xsa2-1.0.patch": place.patch(9)})
    answer = asked(place)
    assert [one["xsa"] for one in answer["advisories"]] == [3, 4]
    assert len(answer["patches"]) == 5


@pytest.mark.parametrize(
    "name", ["0001-fix-off-by-one-in-XSA-1-change.patch", "69561c40-fix-off-by-one-in-XSA-1.patch"]
)
def test_the_words_of_a_subject_name_no_advisory(name: str, place: Place) -> None:
    unmarked = place.patch(8).replace(b"This is XSA-3.", b"It was forgotten.")
    done = take(place, {name: unmarked})
    assert done.status == 1
    assert f"{name} was left out: it does not say to which advisory it belongs" in done.err
    take(place, {"0001-xsa3-fix-off-by-one-in-XSA-1-change.patch": unmarked})
    assert [one["xsa"] for one in asked(place)["advisories"]] == [3]


def test_a_text_that_lists_a_file_outranks_its_mark(place: Place) -> None:
    """Patches that an advisory ships because it needs them may be another one's."""
    files = {"xsa9/0001-a.patch": place.patch(9), "xsa9/0002-b.patch": diff("c.c", 4, "new")}
    text = advisory(9, 1, [("xsa9/*.patch", "xen-unstable - Xen 1.0.x")], files)
    take(place, {**files, "advisory-9.txt": text})
    answer = asked(place, "--xsa", "9")
    assert set(ids(answer)) == {place[9], "xsa9/0002-b.patch"}


@pytest.mark.parametrize(
    ("path", "subject", "made"),
    [
        ("0081-memory-fix-off-by-one-in-XSA-346-change.patch", "memory: fix off-by-one in XSA-346 change", True),
        ("memory-fix-off-by-one-in-XSA-346.patch", "memory: fix off-by-one in XSA-346 change", True),
        ("5f046c9a-memory-fix-off-by-one-in-XSA-346-change.patch", "memory: fix off-by-one in XSA-346 change", True),
        ("0081-xsa346-memory-fix.patch", "memory: fix off-by-one in XSA-346 change", False),
        ("xsa346-4.13-1.patch", "memory: fix off-by-one in XSA-346 change", False),
        ("xsa346.patch", "XSA-346: fix it", False),
    ],
)
def test_names_that_are_made_of_subjects(path: str, subject: str, made: bool) -> None:
    assert is_made_of(path, subject) == made


@pytest.mark.parametrize(
    ("path", "slot", "branch"),
    [
        ("xsa222-1-4.7.patch", ("", 1), (4, 7)),
        ("xsa222-1.patch", ("", 1), None),
        ("xsa372-4.15/0001-xen-arm.patch", ("", 1), (4, 15)),
        ("xsa372/0001-xen-arm.patch", ("", 1), None),
        ("xsa115-4.13-c-0001-tools.patch", ("c", 1), (4, 13)),
        ("xsa322-4.14-c.patch", ("c", None), (4, 14)),
        ("patch-xsa452-4.15-2.patch", ("", 2), (4, 15)),
        ("xsa123.patch", ("", None), None),
        ("xsa123-4.17.patch", ("", None), (4, 17)),
        ("0003-xsa123-drop-what-4.17-deprecated.patch", ("drop-what-4.17-deprecated", None), None),
    ],
)
def test_parts_and_branches_in_names(path: str, slot: tuple[str, int | None], branch: tuple[int, int] | None) -> None:
    name = read_name(path)
    assert (name.slot, name.version) == (slot, branch)


@pytest.mark.parametrize(
    ("version", "paths"),
    [
        ((4, 7), ["xsa222-1-4.7.patch", "xsa222-2-4.7.patch"]),
        ((4, 8), ["xsa222-1.patch", "xsa222-2-4.8.patch"]),
        ((4, 9), ["xsa222-1.patch", "xsa222-2.patch"]),
    ],
)
def test_parts_that_branches_share(version: tuple[int, int], paths: list[str]) -> None:
    """XSA-222's table, told by the names alone."""
    everything = [f"xsa222-{words}.patch" for words in ("1", "2", "2-4.8", "1-4.7", "2-4.7")]
    choice = choose(None, None, everything, version, "xen")
    assert list(choice.series[0].paths) == paths
