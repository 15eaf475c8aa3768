"""git xsa-report: what its tables say of releases, and what stays out of them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from advisory_texts import advisory
from repositories import Place, git, numbered, run, story

from git_xsa.ask import by_number
from git_xsa.ask.question import Question
from git_xsa.ask.session import Session
from git_xsa.git.repository import Commit
from git_xsa.publish import standings
from git_xsa.release import status

RELEASE = "RELEASE-1.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


BULLETIN = """\
Advisories
==========

First fixed on 2023-11-15:

  XSA-5    second half
  XSA-4    alone
  XSA-3    next to it (CVE-2020-1234)
  XSA-2    use it

Releases
========

       1.0.1
XSA-5  applies
XSA-4  applies
XSA-3  +1
XSA-2  +1

What needs more than its patches
================================

- XSA-2 on RELEASE-1.0.1: needs 1 other commit
    {prepare} prepare
- XSA-3 on RELEASE-1.0.1: needs 1 other commit
    {tidy} tidy

How to repeat this
==================

    git xsa-prereqs --onto RELEASE-1.0.1 --why
"""


def test_the_bulletin(place: Place) -> None:
    answer = place.run("report")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out == BULLETIN.format(prepare=place.short(5), tidy=place.short(7))


def test_the_command_in_a_bulletin_gives_its_queue(place: Place) -> None:
    """What the bulletin counts is what the command that it names says."""
    out = place.run("report", "--onto", RELEASE, "--xsa", "3", "--no-symbols").out
    [command] = [line.split() for line in out.splitlines() if line.startswith("    git xsa-prereqs")]
    assert command[2:] == ["--onto", RELEASE, "--xsa", "3", "--no-symbols", "--why"]
    found = json.loads(place.run("prereqs", *command[2:-1], "--json").out)
    assert [one["subject"] for one in found["prerequisites"]] == ["tidy"]
    assert "tidy" in out


def test_a_mail_has_lines_of_at_most_76_columns(tmp_path: Path) -> None:
    draft = story()
    draft.commit(f"{'a long subject ' * 9}\n\nThis is XSA-6.", {"c.c": b"x\n"}, on="stable-1.0")
    for number in range(2, 12):
        draft.release(f"1.0.{number}", {"version": b"%d" % number})
    place = draft.write(tmp_path / "clone")
    out = place.run("report", "--releases-since", "2020-01-01").out
    assert max(map(len, out.splitlines())) <= 76
    assert {f"1.0.{number}" for number in range(12)} <= set(out.split())


def test_markdown_has_a_table_and_no_markup_of_others(tmp_path: Path) -> None:
    draft = story()
    draft.commit("<b>|`x` [a](b) *c* @all #7\n\nThis is XSA-6.", {"c.c": b"x\n"}, on="stable-1.0")
    place = draft.write(tmp_path / "clone")
    out = place.run("report", "--format", "markdown", "--onto", RELEASE).out
    assert "| XSA-3 | +1 |" in out.splitlines()
    assert r"- **XSA-6** \<b\>\|\`x\` \[a\](b) \*c\* \@all \#7" in out.splitlines()


def test_the_cve_number_of_a_commit_for_two_advisories_is_of_neither(tmp_path: Path) -> None:
    """As in the records of --format osv and openvex: nothing says which of the numbers is whose."""
    draft = story()
    draft.commit("one\n\nThis is XSA-6 / CVE-2026-6666.", {"c.c": b"x\n"}, on="stable-1.0")
    draft.commit("two\n\nThis is XSA-7 / CVE-2026-7777.\n\nThis is XSA-8.", {"c.c": b"y\n"}, on="stable-1.0")
    out = draft.write(tmp_path / "clone").run("report").out
    assert all(words in out for words in ("one (CVE-2026-6666)", "XSA-7", "XSA-8"))
    assert "CVE-2026-7777" not in out


def test_a_batch_alone(place: Place) -> None:
    bases = ("--onto", "RELEASE-1.0.0", "--onto", RELEASE)  # the first lacks all of XSA-5, the second a part
    newest = place.run("report", "--batch", *bases).out
    assert ("XSA-4" in newest, "XSA-5" in newest) == (True, False)
    other = place.run("report", "--batch", "2023-11-14", *bases).out
    assert ("XSA-4" in other, "XSA-5" in other) == (False, True)
    answer = place.run("report", "--batch", "2020-02-02")
    assert (answer.status, answer.out) == (128, "")
    assert "no advisory of these releases was first fixed on 2020-02-02" in answer.err
    assert place.run("report", "--batch", "yesterday").status == 129


def test_nothing_outstanding_is_said(place: Place) -> None:
    answer = place.run("report", "--onto", "stable-1.0")
    assert answer == (0, "No advisory is outstanding on stable-1.0.\n", "")


def test_a_file_is_written_as_the_report_is_printed(place: Place) -> None:
    printed = place.run("report").out
    file = place.folder.parent / "table.txt"
    assert place.run("report", "-o", str(file)) == (0, "", "")
    assert file.read_text() == printed
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_nothing_is_written_into_the_repository(place: Place) -> None:
    answer = place.run("report", "-o", str(place.folder / ".git" / "table.txt"))
    assert answer.status == 128
    assert "is inside the repository" in answer.err


def test_an_advisory_that_nothing_is_known_of(place: Place) -> None:
    answer = place.run("report", "--onto", RELEASE, "--xsa", "4,77")
    assert answer.status == 1
    assert "error: no commit of a branch says that it fixes XSA-77" in answer.err
    assert "XSA-77  no fix" in answer.out


def test_a_shallow_clone(place: Place, tmp_path: Path) -> None:
    """It has the newest release and what came since."""
    shallow = tmp_path / "shallow"
    words = ("clone", "-q", "--depth", "7", "--branch", "stable-1.0", place.folder.as_uri(), str(shallow))
    place.git(*words)
    Place(shallow, place.ids).git("fetch", "-q", "--depth", "7", "origin", "tag", RELEASE)
    out = tmp_path / "page"
    answer = run(shallow, "report", "--format", "html", "-o", str(out))
    assert answer.status == 1, answer  # only one branch is fetched: there may be others
    document = json.loads((out / "index.json").read_text())
    assert [one["name"] for one in document["releases"]] == [RELEASE]
    assert document["branches"][0]["outstanding"] == 4


def take(place: Place, public: bool) -> None:
    """Put an advisory with a patch for the tip of the story's branch into the store."""
    folder = place.folder.parent / "in"
    folder.mkdir()
    name = f"xsa{NUMBER}.patch"
    (folder / name).write_bytes(patch())
    rows = [(name, "xen-unstable - Xen 1.0.x")]
    text = advisory(NUMBER, 3, rows, {name: patch()}, title=TITLE, public=public)
    (folder / f"advisory-{NUMBER}.txt").write_bytes(text)
    assert run(place.folder.parent, "import", str(folder)).status == 0


def test_the_page_has_what_the_published_text_says(place: Place) -> None:
    take(place, public=True)
    out = place.folder.parent / "page"
    assert place.run("report", "--format", "html", "--onto", RELEASE, "-o", str(out)).status == 0
    document = json.loads((out / f"xsa-{NUMBER}.json").read_text())
    assert (document["title"], document["cves"], document["batch"]) == (TITLE, ["CVE-2026-1234"], None)
    assert [one["title"] for one in document["editions"]] == [f"XSA-{NUMBER} v3"]
    text = (out / f"xsa-{NUMBER}.html").read_text()
    for words in (TITLE, f"XSA-{NUMBER} v3", 'href="https://www.cve.org/CVERecord?id=CVE-2026-1234"'):
        assert words in text
    assert f'href="https://xenbits.xen.org/xsa/advisory-{NUMBER}.html"' in text
    assert "not on a branch yet" in (out / "index.html").read_text()


def test_a_package_on_the_base(place: Place, tmp_path: Path) -> None:
    """Its own patch has the fix of XSA-4."""
    (tmp_path / "series").write_text("four.patch\n")
    (tmp_path / "four.patch").write_bytes(place.patch(9))
    words = ("report", "--onto", RELEASE, "--base-patches", str(tmp_path / "series"))
    out = place.run(*words).out
    assert "1.0.1 with 1 patch" in out
    assert "XSA-4" not in out
    found = place.run(*words, "--xsa", "3,4").out
    assert [line.split() for line in found.splitlines() if line.startswith("XSA-4")] == [["XSA-4", "fixed"]]


def test_what_a_person_adapted(place: Place) -> None:
    """The conflict of XSA-2 on a branch that went its own way is solved by hand, and remembered."""
    found = re.search(r"work tree: (.*)", place.run("resolve", "--onto", "own", "--xsa", "2").out)
    assert found is not None
    for words, ending in (("ours, prepared", 1), ("ours and used", 0)):
        (Path(found[1]) / "a.c").write_bytes(numbered(20, {2: "five", 10: words}))
        git(Path(found[1]), "add", "--update")
        assert place.run("resolve", "--continue").status == ending
    out = place.folder.parent / "page"
    assert place.run("report", "--format", "html", "--onto", "own", "-o", str(out)).status == 0
    [cell] = json.loads((out / "xsa-2.json").read_text())["cells"]
    assert (cell["state"], cell["words"], [one["adapted"] for one in cell["queue"]]) == (
        "adapted",
        "adapted +1",
        [True] * 2,
    )
    assert (
        "With a patch that was adapted by hand, it applies once 1 other commit of the branch is in."
        in (out / "xsa-2.html").read_text()
    )


# embargoes

FORMS = ("text", "markdown", "html")
NUMBER, SECRET, TITLE = 8888, "embargoedsecretword", "an overlong frobnicator overflows"


def patch() -> bytes:
    """Return a patch for the tip of the story's branch."""
    rows = "".join(f" line {n}\n" for n in (9, 10, 11)) + f"-line 12\n+{SECRET}\n"
    rows += "".join(f" line {n}\n" for n in (13, 14, 15))
    head = f"From: Jane <jane@example.org>\nSubject: x86: check the frobnicator\n\nThis is a fix of {SECRET}.\n\n"
    return f"{head}--- a/b.c\n+++ b/b.c\n@@ -9,7 +9,7 @@\n{rows}".encode()


@pytest.fixture
def secret(place: Place) -> Place:
    """Return the place with an advisory under embargo in the store."""
    take(place, public=False)
    place.run("embargo", "add", str(NUMBER), "--until", "2099-01-01T12:00:00Z")
    return place


def made(place: Place, form: str, *words: str) -> tuple[int, Path]:
    """Have a report made; return its exit status and where it is."""
    out = place.folder.parent / f"out-{form}"
    return place.run("report", "--format", form, *words, "-o", str(out)).status, out


def contents(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out]
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.parametrize("form", FORMS)
def test_no_form_has_a_trace_of_what_is_under_embargo(secret: Place, form: str) -> None:
    out = secret.folder.parent / f"out-{form}"
    answer = secret.run("report", "--format", form, "--onto", RELEASE, "-o", str(out))
    note = "note: 1 advisory under embargo is left out (--embargoed includes it)\n"
    assert answer == (0, "", note)
    assert contents(out)
    for name, content in contents(out).items():
        for word in (str(NUMBER), SECRET, "frobnicator", "2099"):
            assert word.encode() not in content, f"{word} is in {name}"
            assert word not in name


@pytest.mark.parametrize("form", FORMS)
def test_a_named_advisory_under_embargo_is_refused(secret: Place, form: str) -> None:
    status, out = made(secret, form, "--onto", RELEASE, "--xsa", f"{NUMBER},4")
    assert (status, out.exists()) == (128, False)


@pytest.mark.parametrize("form", FORMS)
def test_what_only_the_user_may_read_is_for_them_alone(secret: Place, form: str) -> None:
    status, out = made(secret, form, "--onto", RELEASE, "--embargoed")
    assert status == 0
    assert str(NUMBER).encode() in b"".join(contents(out).values())
    for path in [out, *out.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    for page in out.glob("*.html"):
        assert "UNDER EMBARGO" in page.read_text(), page
        assert json.loads(page.with_suffix(".json").read_text())["private"] is True


@pytest.mark.parametrize("form", FORMS)
def test_a_commit_of_the_branch_under_embargo_is_no_part_of_a_report(place: Place, form: str) -> None:
    """The clone has a commit that nobody else may see: its number is hidden, and pages that would list it, refused."""
    assert place.run("embargo", "add", "3", "--until", "2099-01-01T12:00:00Z").status == 0
    status, out = made(place, form, "--onto", RELEASE)
    if form == "html":  # its branch's page lists all commits
        assert (status, out.exists()) == (128, False)
    else:
        assert (status, b"XSA-3" in out.read_bytes()) == (0, False)


def test_the_gate_reads_what_is_written(secret: Place) -> None:
    """A commit that everybody can see, as it seems, has the title of an advisory under embargo."""
    mark = "x86: an overlong: frobnicator overflows\n\nThis is XSA-9."
    tree = secret.git("rev-parse", "stable-1.0^{tree}")
    commit = secret.git("commit-tree", "-p", "stable-1.0", "-m", mark, tree)
    secret.git("update-ref", "refs/heads/stable-1.0", commit)
    answer = secret.run("report", "--format", "html", "--onto", RELEASE, "-o", str(secret.folder.parent / "out"))
    assert answer.status == 128
    assert f"the report would tell something of XSA-{NUMBER}, which is under embargo" in answer.err
    assert not (secret.folder.parent / "out").exists()


# writing


def test_a_report_that_fails_leaves_the_old_page(place: Place) -> None:
    status, out = made(place, "html", "--onto", RELEASE)
    before = contents(out)
    assert status == 0
    assert made(place, "html", "--onto", "nowhere")[0] == 128
    assert contents(out) == before
    assert made(place, "html", "--onto", "RELEASE-1.0.0")[0] == 0
    assert contents(out) != before


def test_a_folder_of_others_stays(place: Place) -> None:
    out = place.folder.parent / "out-html"
    out.mkdir()
    (out / "mine").write_text("mine")
    assert made(place, "html", "--onto", RELEASE)[0] == 128
    assert contents(out) == {"mine": b"mine"}


def test_releases_since_a_day(place: Place) -> None:
    head = ["1.0.1", "1.0.0"]
    for since, releases in (("2020-01-01", head), ("1 day", head[:1])):
        lines = place.run("report", "--releases-since", since).out.splitlines()
        assert lines[lines.index("Releases") + 3].split() == releases
    assert place.run("report", "--releases-since", "never").status == 129
    assert place.run("report", "--format", "osv", "--releases-since", "2020-01-01").status == 129
    assert place.run("report", "--proof", "proof").status == 129
    assert place.run("report", "--releases-since", "2020-01-01", "--onto", RELEASE).status == 129


def test_nothing_is_asked_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due on a branch comes from the answers that the matrix shows, and each release is asked about once."""
    asked = []
    once = by_number.ask

    def ask(session: Session, base: Commit, *rest: Any, **more: Any) -> list[Question]:
        asked.append(base.name)
        return once(session, base, *rest, **more)

    monkeypatch.setattr(standings, "ask", ask)
    monkeypatch.setattr(status, "ask", None)
    monkeypatch.setattr(status, "outstanding", None)
    out = place.folder.parent / "page"
    words = ("--releases-since", "2020-01-01", "-o", str(out))
    assert place.run("report", "--format", "html", *words).status == 0
    assert asked == [RELEASE, "RELEASE-1.0.0"]
    [branch] = json.loads((out / "index.json").read_text())["branches"]
    assert (branch["due"], branch["outstanding"]) == ("release-conflicts", 4)
