"""git xsa-report: no trace of what is under embargo in documents for programs, unless it is asked for."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from advisory_texts import advisory
from platformdirs import user_data_path
from repositories import Place, run, story

SECRET = "embargoedsecretword"
FORMATS = ("openvex", "csaf", "cyclonedx", "osv", "cve")
WHO = ("--namespace", "https://example.org")
#: The commit of the story that fixes XSA-3, and what names it or its advisory.
COMMIT = 8
NAMES = ("XSA-3", "CVE-2020-1234", "cve-2020-1234", "next to it")


def words(form: str, out: Path, base: str = "RELEASE-1.0.1") -> list[str]:
    about = ["--onto", base, *WHO] if form in FORMATS[:3] else []
    return ["report", "--format", form, *about, "-o", str(out)]


def traces(out: Path, *names: str) -> list[str]:
    """Return which of ``names`` stand in a file or its name at ``out``."""
    files = [out, *out.rglob("*")] if out.is_dir() else [out]
    texts = [str(file.relative_to(out.parent)) + (file.read_text() if file.is_file() else "") for file in files]
    return [name for name in names if any(name in text for text in texts)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a clone with a fix on its branch that is under embargo, and an advisory in the store that is, too."""
    found = story().write(tmp_path / "clone")
    folder = tmp_path / "in"
    folder.mkdir()
    text = advisory(8888, 1, [], {}, title=f"a title {SECRET}", cves="CVE-2099-8888", public=False)
    (folder / "advisory-8888.txt").write_bytes(text)
    assert run(tmp_path, "import", str(folder)).status == 0
    assert found.run("embargo", "add", "3", "--until", "2099-01-01T12:00:00Z").status == 0
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_of_it_is_in_a_document(place: Place, tmp_path: Path, form: str) -> None:
    for base in ("RELEASE-1.0.1", "stable-1.0", "own"):
        out = tmp_path / "out"
        answer = place.run(*words(form, out, base))
        assert answer.status == 0, answer
        names = (*NAMES, place[COMMIT], place.short(COMMIT), "8888", SECRET)
        assert traces(out, *names) == []
        assert "under embargo" in answer.err
        assert not any(name in answer.err for name in NAMES)


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_refused_by_name(place: Place, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    for number in ("3", "8888", "2,3"):
        answer = place.run(*words(form, out), "--xsa", number)
        assert (answer.status, answer.out, out.exists()) == (128, "", False), answer
        assert "under embargo" in answer.err


@pytest.mark.parametrize("form", FORMATS)
def test_whoever_asks_for_it_gets_it_alone(place: Place, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    answer = place.run(*words(form, out), "--embargoed")
    assert answer.status == 0, answer
    assert "CVE-2020-1234" in traces(out, "CVE-2020-1234")
    for file in (out, *out.rglob("*")):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    if form == "csaf":
        assert '"label": "RED"' in (out / "cve-2020-1234.json").read_text()


@pytest.mark.parametrize("form", FORMATS)
def test_a_ledger_that_cannot_be_read_opens_nothing(place: Place, tmp_path: Path, form: str) -> None:
    """Then everything counts as being under embargo that nothing says to be public."""
    [ledger] = user_data_path("git-xsa").rglob("embargoes.json")
    ledger.write_text("{")
    out = tmp_path / "out"
    answer = place.run(*words(form, out))
    assert answer.status in (0, 128), answer
    names = (*NAMES, "XSA-2", "XSA-4", "8888", SECRET)
    assert not out.exists() or traces(out, *names) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_commit_that_fixes_two_is_as_secret_as_the_other(tmp_path: Path, form: str) -> None:
    made = story()
    made.commit("both\n\nThis is XSA-6 / CVE-2020-6666 / XSA-7.", {"c.c": b"c\n"})
    place = made.write(tmp_path / "clone")
    assert place.run("embargo", "add", "7", "--until", "2099-01-01T12:00:00Z").status == 0
    out = tmp_path / "out"
    assert place.run(*words(form, out)).status == 0
    assert traces(out, "XSA-6", "XSA-7", "CVE-2020-6666", "both", place[12]) == []
    assert place.run(*words(form, out), "--xsa", "6").status == 128


def test_a_later_fix_under_embargo_is_not_told(tmp_path: Path) -> None:
    place = story().write(tmp_path / "names")
    made = story()
    made.commit(f"later\n\nThis is XSA-9.\n\nFixes: {place[3]}", {"a.c": b"other\n"})
    place = made.write(tmp_path / "clone")
    asked = ("report", "--format", "openvex", "--onto", "stable-1.0~1", "--branch", "stable-1.0")
    assert f"{place.short(12)} (later)" in place.run(*asked).out
    assert place.run("embargo", "add", "9", "--until", "2099-01-01T12:00:00Z").status == 0
    answer = place.run(*asked)
    assert answer.status == 0
    assert not any(name in answer.out for name in (place[12], place.short(12), "later", "XSA-9"))
