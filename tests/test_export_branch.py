"""git xsa-export --format branch: commits with their own authors and dates, trailers, and what must not be moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Answer, Draft, File, Place, git, numbered, run, snapshot, varied

RELEASE = "RELEASE-1.0.0"
#: Commits of ``place`` by number.
ROOT, BASE, PREPARE, FIX, SIDE, MERGE = range(1, 7)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a repository in which XSA-1 needs a commit, and XSA-2 comes with a merge."""
    draft = Draft()
    draft.commit("root", {"a.c": numbered(20), "dir": b"x\n"})
    draft.release("1.0.0", {"version": b"1\n"})
    draft.commit("prepare", {"a.c": numbered(20, {5: "prepared"})})
    message = "one\n\nThis is XSA-1 / CVE-2020-1111.\n\nSigned-off-by: A <a@example.org>"
    draft.commit(
        message.encode() + b"\nReviewed-by: \xe9 <b@example.org>",
        {"a.c": numbered(20, {5: "one"})},
        encoding="ISO-8859-1",
    )
    draft.commit("side", {"side": b"x\n"}, on="side", after=BASE)
    draft.commit(
        "merge it\n\nThis is XSA-2.", {"side": b"x\n", "dir": None, "dir/file": File(b"#!\n", "100755")},
        on="stable-1.0", merge=[SIDE],
    )  # fmt: skip
    return draft.write(tmp_path / "story")


def export(place: Place, *words: str, onto: str = RELEASE) -> Answer:
    return run(place.folder, "export", "--onto", onto, "--format", "branch", *words)


def test_commits_keep_authors_and_dates_and_get_trailers(place: Place) -> None:
    answer = export(place, "-o", "mine")
    assert (answer.status, answer.err) == (0, "")
    assert "Wrote 3 patches to mine\n" in answer.out

    form = "--format=%an %ae %ad|%cn %ce %cd|%s"
    ours = place.git("log", "--first-parent", form, f"{RELEASE}..mine")
    assert ours == place.git("log", "--first-parent", form, f"{RELEASE}..stable-1.0")
    assert place.git("diff", "stable-1.0", "mine") == ""
    assert place.git("rev-parse", "mine~3") == place[BASE]
    assert place.git("log", "-1", "--format=%B", "mine~2").rstrip() == (
        f"prepare\n\nXsa-Origin: commit {place[PREPARE]}\nXsa-Reason: needed by one (change): a.c hunk 1"
    )
    assert place.git("log", "-1", "--format=%B", "mine~1").rstrip() == (
        "one\n\nThis is XSA-1 / CVE-2020-1111.\n\nSigned-off-by: A <a@example.org>\n"
        f"Reviewed-by: é <b@example.org>\nXsa-Origin: commit {place[FIX]}\nXsa-Fixes: XSA-1 CVE-2020-1111"
    )


def test_the_default_name(place: Place) -> None:
    assert export(place, "--xsa", "1").status == 0

    assert place.git("log", "--format=%s", f"{RELEASE}..xsa/{RELEASE}") == "one\nprepare"


@pytest.mark.parametrize("digits", [40, 64])
def test_odd_files(digits: int, tmp_path: Path) -> None:
    options = ["--object-format=sha256"] if digits == 64 else []
    odd = varied(digits).write(tmp_path / "story", *options)
    assert export(odd, "-o", "mine").status == 0

    assert odd.git("diff", "--name-only", "stable-1.0", "mine") == ""


def test_nothing_else_changes(place: Place) -> None:
    def seen() -> dict[str, tuple[object, ...]]:
        found = snapshot(place.folder)
        skip = (".git/objects", ".git/refs/heads", ".git/logs/refs/heads")
        return {name: facts for name, facts in found.items() if name != ".git" and not name.startswith(skip)}

    before = seen()
    assert export(place, "-o", "mine").status == 0

    assert seen() == before


def test_a_branch_that_is_there_stays_unless_forced(place: Place) -> None:
    place.git("branch", "mine", "stable-1.0")
    refused = export(place, "-o", "mine", "--xsa", "1")
    assert refused == Answer(
        128, "",
        "fatal: there is a branch mine already\nhint: choose another name (-o), or give --force to move it\n",
    )  # fmt: skip
    assert place.git("rev-parse", "mine") == place[MERGE]

    moved = export(place, "-o", "mine", "--xsa", "1", "--force")
    assert moved.status == 0
    assert moved.err == f"note: mine was at {place[MERGE]}\n"
    assert place.git("rev-parse", "mine~2") == place[BASE]


def test_a_branch_that_is_checked_out_stays(place: Place) -> None:
    place.git("checkout", "--quiet", "-b", "mine")
    answer = export(place, "-o", "mine", "--force")

    assert answer.status == 128
    assert answer.err == (
        "fatal: the branch mine is checked out\nhint: switch to another branch first, or choose another name (-o)\n"
    )


@pytest.mark.parametrize(
    ("name", "status", "what"),
    [
        ("stable-1.0", 128, "fatal: stable-1.0 is a stable branch\nhint: choose another name: -o <branch>\n"),
        ("stable-9.9", 128, "fatal: stable-9.9 is a stable branch\nhint: choose another name: -o <branch>\n"),
        ("a..b", 129, "error: 'a..b' is not a valid branch name\nhint: see git help check-ref-format for the rules\n"),
        ("-x", 129, "error: '-x' is not a valid branch name\nhint: see git help check-ref-format for the rules\n"),
    ],
)
def test_names_that_will_not_do(name: str, status: int, what: str, place: Place) -> None:
    before = place.git("for-each-ref")
    assert export(place, f"-o{name}", "--force") == Answer(status, "", what)

    assert place.git("for-each-ref") == before


def test_patch_files_go_into_a_branch_only_when_told_so_twice(place: Place, tmp_path: Path) -> None:
    patch = tmp_path / "xsa7.patch"
    patch.write_bytes(place.patch(FIX).replace(b"XSA-1 /", b"XSA-7 /"))
    words = ("-o", "mine", str(patch))
    before = snapshot(place.folder)
    for more in ([], ["--embargoed"]):
        assert export(place, *more, *words) == Answer(
            129, "",
            "error: patch files may be under embargo, and a branch is easily pushed\n"
            "hint: give --embargoed twice to put them into a branch anyway\n",
        )  # fmt: skip
    assert snapshot(place.folder) == before

    assert export(place, "--embargoed", "--embargoed", *words).status == 0
    assert place.git("diff", "--name-only", "mine", place[FIX]) == ""
    assert place.git("log", "-1", "--format=%an|%ad|%s|%(trailers:key=Xsa-Origin,valueonly)", "mine").rstrip() == (
        place.git("log", "-1", "--format=%an|%ad|%s|", place[FIX]) + "xsa7.patch"
    )


def test_a_merge_goes_through_git_am(place: Place, tmp_path: Path) -> None:
    words = ("export", "--onto", RELEASE, "--xsa", "2", "--format", "mbox", "-o", str(tmp_path / "made"))
    assert run(place.folder, *words).status == 0
    place.git("checkout", "--quiet", "-b", "mine", RELEASE)
    place.git("am", "--quiet", str(tmp_path / "made" / "xsa.mbox"))

    assert place.git("log", "--format=%s", f"{RELEASE}..mine") == "merge it"
    assert git(place.folder, "diff", "--name-only", "mine", "stable-1.0") == "a.c"
