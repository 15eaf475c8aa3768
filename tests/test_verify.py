"""git xsa-export --verify: whether what was exported is still what the base needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from repositories import Answer, Draft, Place, git, numbered, run

RELEASE = "RELEASE-1.0.0"


def text(**lines: str) -> dict[str, bytes]:
    return {"a.c": numbered(60, {int(name.removeprefix("l")): words for name, words in lines.items()})}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch with XSA-1, which needs a commit, and XSA-2; the branch ``later`` goes on with XSA-3."""
    draft = Draft()
    draft.release("1.0.0", text())
    draft.commit("prepare", text(l10="prepared"))
    draft.commit("one\n\nThis is XSA-1.", text(l10="one"))
    tip = draft.commit("two\n\nThis is XSA-2.", text(l10="one", l30="two"))
    draft.commit("three\n\nThis is XSA-3.", text(l10="one", l30="two", l50="three"), on="later", after=tip)
    return draft.write(tmp_path / "place")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made"


def export(place: Place, folder: Path, *words: str) -> Answer:
    return place.run("export", "--onto", RELEASE, "-o", str(folder), *words)


def verify(place: Place, folder: Path, *words: str, onto: str = RELEASE) -> Answer:
    return run(place.folder, "export", "--verify", str(folder), "--onto", onto, *words)


def changes(place: Place, folder: Path, onto: str = RELEASE) -> list[str]:
    """Return what comes in and what goes by the check: sign, advisory, subject; status and text agree with it."""
    done = verify(place, folder, "--json", onto=onto)
    found = json.loads(done.out)
    diff = [line for line in found["diff"] if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert done.status == int(bool(found["diff"] or found["problems"]))
    shown = verify(place, folder, onto=onto)
    assert shown.status == done.status
    assert [line for line in found["diff"] if f"  {line.rstrip()}" not in shown.out] == []
    return [line[0] + re.sub(r"^\S+ +\S+ +", "", line[1:]) for line in diff]


def move(place: Place) -> None:
    place.git("update-ref", "refs/heads/stable-1.0", "later")


@pytest.mark.parametrize("form", ["series", "mbox", "debian", "gentoo"])
def test_an_advisory_that_became_outstanding(form: str, place: Place, folder: Path) -> None:
    """All was said to be well."""
    export(place, folder, "--format", form)
    assert changes(place, folder) == []
    move(place)
    assert changes(place, folder) == ["+XSA-3  three"]


def test_only_what_was_asked_for_is_asked_again(place: Place, folder: Path, tmp_path: Path) -> None:
    export(place, folder, "--xsa", "1")
    export(place, tmp_path / "commits", place[4])
    export(place, tmp_path / "tip", "--tip", place[4])
    move(place)
    assert changes(place, folder) == changes(place, tmp_path / "commits") == changes(place, tmp_path / "tip") == []


def test_a_number_that_is_known_by_now(place: Place, folder: Path) -> None:
    assert export(place, folder, "--xsa", "1,3").status == 1
    assert changes(place, folder) == []
    move(place)
    assert changes(place, folder) == ["+XSA-3  three"]


def test_a_base_that_moved(place: Place, folder: Path) -> None:
    place.git("branch", "mine", RELEASE)
    assert place.run("export", "--onto", "mine", "-o", str(folder)).status == 0
    place.git("update-ref", "refs/heads/mine", place[3])
    done = verify(place, folder, onto="mine")
    assert done.status == 1
    assert "a.c of mine differs from mine, the base of the export" in done.out
    assert [line[0] for line in changes(place, folder, onto="mine")] == ["-", "-"]


def test_a_base_that_has_it_all_by_now(place: Place, folder: Path) -> None:
    export(place, folder, "--xsa", "2")
    assert changes(place, folder, onto="stable-1.0") == ["-XSA-2  two"]


def test_a_branch_that_was_made_anew(place: Place, folder: Path) -> None:
    """The same fix, as another commit."""
    export(place, folder, "--xsa", "2")
    git(place.folder, "checkout", "--quiet", "-B", "stable-1.0", place[3])
    git(place.folder, "cherry-pick", place[4], environment={"GIT_COMMITTER_DATE": "1800000000 +0000"})
    assert changes(place, folder) == ["-XSA-2  two", "+XSA-2  two"]


def patch(words: str) -> bytes:
    lines = "".join(f" line {number}\n" for number in (37, 38, 39))
    after = "".join(f" line {number}\n" for number in (41, 42, 43))
    return f"Subject: nine\n\n--- a/a.c\n+++ b/a.c\n@@ -37,7 +37,7 @@\n{lines}-line 40\n+{words}\n{after}".encode()


def test_a_patch_that_was_issued_again(place: Place, folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "xsa9.patch"
    given.write_bytes(patch("nine"))
    assert run(tmp_path, "import", str(given)).status == 0
    export(place, folder, "--xsa", "1,9")
    assert changes(place, folder) == []
    given.write_bytes(patch("nine, better"))
    assert run(tmp_path, "import", str(given)).status == 0
    found = changes(place, folder)
    assert [line[:1] for line in found] == ["-", "+"]
    assert all("(SHA-256 " in line for line in found)
    assert "xsa9.patch" in verify(place, folder).out


def test_patch_files(place: Place, folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "fix.patch"
    given.write_bytes(patch("nine"))
    export(place, folder, str(given))
    assert changes(place, folder) == []
    given.write_bytes(patch("ten"))
    assert len(changes(place, folder)) == 2
    given.unlink()
    (line,) = json.loads(verify(place, folder, "--json").out)["diff"]
    assert line.endswith("fix.patch, a patch file of the queue, is missing: the queue that is needed now is not known")


def test_settings_of_then_hold(place: Place, folder: Path) -> None:
    export(place, folder, "--refresh", "--no-symbols", "--policy", "patch-f2", "--xsa", "1")
    assert changes(place, folder) == []
    assert verify(place, folder, "--policy", "patch-f0").status == 0


def test_an_export_without_what_was_asked_for(place: Place, folder: Path) -> None:
    export(place, folder)
    manifest = folder / "xsa-queue.json"
    known = json.loads(manifest.read_bytes())
    del known["asked"]
    manifest.write_text(json.dumps(known), encoding="utf-8")
    done = verify(place, folder)
    assert done.status == 1
    assert "an older git-xsa wrote it without the request" in done.out


@pytest.mark.parametrize(
    "damage",
    [
        {"asked": None}, {"asked": {}}, {"asked": {"xsa": 1}}, {"export": "x"}, {"policy": "x"}, {"policy": None},
        {"queue": [{"file": "series"}]},
    ],
)  # fmt: skip
def test_a_damaged_request(damage: dict[str, object], place: Place, folder: Path) -> None:
    export(place, folder)
    manifest = folder / "xsa-queue.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_bytes()), **damage}), encoding="utf-8")
    done = verify(place, folder)
    assert done.status == 128
    assert "export the queue again" in done.err
