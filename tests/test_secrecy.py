"""One rule says what is public: what may leave the machine, and what is told of it, go by it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import Place, numbered, run, story

from git_xsa.advisory.editions import EditionSource, Library
from git_xsa.advisory.store import Store
from git_xsa.advisory.text import read_advisory
from git_xsa.embargo.rule import Embargo, Ledger
from git_xsa.embargo.secrecy import Secrecy, Secret
from git_xsa.model.instant import parse_instant

NOW = parse_instant("2090-11-25 09:00")
LATER, EARLIER = parse_instant("2090-12-08 12:00"), parse_instant("2090-11-24 12:00")
PATCH = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"


def text(until: str = "", public: bool = False) -> bytes:
    made = advisory(9, public=public)
    return (
        made.replace(b"ISSUE DESCRIPTION", f"*** EMBARGOED UNTIL {until} ***\n\nISSUE DESCRIPTION".encode(), 1)
        if until
        else made
    )


@pytest.mark.parametrize(
    ("contents", "site", "listed", "public", "until"),
    [
        ([], False, None, False, None),
        ([PATCH], False, None, False, None),
        ([text()], False, None, False, None),
        ([text("2090-12-08")], False, None, False, LATER),
        ([text("2090-11-24")], False, None, True, None),
        ([text(public=True)], False, None, True, None),
        ([text()], True, None, True, None),
        ([PATCH, text(public=True)], False, None, True, None),
        ([PATCH, text("2090-12-08")], False, None, False, LATER),
        ([PATCH], False, EARLIER, True, None),
        ([text(public=True)], False, LATER, False, None),
        ([], False, LATER, False, None),
    ],
)  # fmt: skip
def test_the_ledger_counts_then_what_came_in_and_without_a_word_it_is_secret(
    contents: list[bytes], site: bool, listed: int | None, public: bool, until: int | None, tmp_path: Path
) -> None:
    library = Library(Store(tmp_path / "store"))
    source = EditionSource("here", datetime.now(timezone.utc), site)
    editions = []
    for content in contents:
        if content == PATCH:
            editions.append(library.loose(9, {"xsa9.patch": PATCH}))
            library.add_file(editions[-1], "xsa9.patch", PATCH, source)
        else:
            editions.append(library.add_text(read_advisory(content), content, source)[0])
    embargoes = () if listed is None else (Embargo(9, EARLIER - 1000, listed),)
    secrecy = Secrecy(library, Ledger(embargoes, None), NOW)
    assert secrecy.public(9) is public
    assert secrecy.embargoed() == ([] if public or not (contents or embargoes) else [9])
    offered = [] if public or embargoes or not contents else [Secret(9, until)]
    assert secrecy.unlisted(editions, None) == offered
    # A ledger that can't be read ends no embargo, and nor does none in the place of a store begin one.
    assert Secrecy(library, None, NOW).public(9) is (public if listed is None else text(public=True) in contents)
    assert Secrecy(None, Ledger(embargoes, None), NOW).embargoed() == ([9] if listed == LATER else [])


def test_patches_without_a_text_are_answered_about_but_don_t_leave_until_the_ledger_says_so(tmp_path: Path) -> None:
    place: Place = story().write(tmp_path / "clone")
    tip = numbered(20, {5: "tidied", 7: "fixed", 19: "alone"}).decode().splitlines()
    body = (
        "".join(f" {line}\n" for line in tip[8:11])
        + f"-{tip[11]}\n+new\n"
        + "".join(f" {line}\n" for line in tip[12:15])
    )
    file = tmp_path / "xsa9.patch"
    file.write_text(f"--- a/b.c\n+++ b/b.c\n@@ -9,7 +9,7 @@\n{body}", encoding="utf-8")
    assert run(tmp_path, "import", str(file)).err.startswith(
        "warning: XSA-9 may be under embargo, but its end is unknown"
    )
    assert place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "9").status == 0
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--format", "branch", "-o", "fixed")
    assert "may be under embargo, and a branch is easily pushed" in place.run(*words).err
    assert run(tmp_path, "embargo", "add", "9", "--until", "2090-12-08").status == 0
    assert place.run(*words).status == 129
    assert run(tmp_path, "embargo", "lift", "9").status == 0
    assert place.run(*words).status == 0
