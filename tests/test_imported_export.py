"""git xsa-export with advisories from the store: which bytes, which names, and who can read them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import Draft, Place, numbered, run, snapshot, story

TIP = {5: "tidied", 7: "fixed", 19: "alone"}
SECRET = "embargoedsecretword"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


def patch(line: int, word: str, subject: str = "x86: fix it") -> bytes:
    """Return a patch for the tip of the story's branch that changes a line of ``b.c``."""
    old = numbered(20, TIP).decode().splitlines()
    low, high = max(line - 3, 1), min(line + 3, 20)
    body = "".join(f"-{old[at - 1]}\n+{word}\n" if at == line else f" {old[at - 1]}\n" for at in range(low, high + 1))
    size = high - low + 1
    head = f"From: Jane <jane@example.org>\nSubject: {subject}\n\nThis is a fix.\n\n"
    return f"{head}--- a/b.c\n+++ b/b.c\n@@ -{low},{size} +{low},{size} @@\n{body}".encode()


def take(place: Place, number: int, content: bytes, public: bool = False) -> None:
    folder = place.folder.parent / f"in-{number}"
    folder.mkdir()
    name = f"xsa{number}.patch"
    (folder / name).write_bytes(content)
    rows = [(name, "xen-unstable - Xen 1.0.x")]
    text = advisory(number, 1, rows, {name: content}, title=f"a title {SECRET}", public=public)
    (folder / f"advisory-{number}.txt").write_bytes(text)
    assert run(place.folder.parent, "import", str(folder)).status == 0


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def test_embargoed_patch_is_exported_as_it_was_sent_and_for_the_user_alone(place: Place, tmp_path: Path) -> None:
    content = patch(12, SECRET)
    take(place, 9, content)
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--format", "quilt", "-o", str(out))
    assert (done.status, done.err) == (0, "")
    assert "from the store: XSA-9 v1, xsa9.patch (1 patch), 1 placed after" in done.out
    assert "XSA-9 v1 is not signed" in done.out
    assert modes(out) == {0o700, 0o600}
    assert [path.read_bytes() for path in out.rglob("*-xsa9.patch")] == [content]


def test_title_and_cve_come_from_the_text(place: Place, tmp_path: Path) -> None:
    take(place, 9, patch(12, "new"))
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--format", "debian", "-o", str(out))
    assert done.status == 0
    stanza = (out / "debian" / "changelog.xsa").read_text()
    assert f"    - a title {SECRET}\n      XSA-9 CVE-2026-1234\n" in stanza


@pytest.mark.parametrize(("public", "title"), [(True, f"a title {SECRET}"), (False, "one")])
def test_the_title_of_a_prerequisites_advisory(public: bool, title: str, tmp_path: Path) -> None:
    """Nobody asked for it; its text is in the store, and quoted if it is public."""
    draft = Draft()
    draft.release("1.0.0", {"b.c": numbered(20)})
    draft.commit("one\n\nThis is XSA-1.", {"b.c": numbered(20, {10: "one"})})
    draft.commit("two\n\nThis is XSA-2.", {"b.c": numbered(20, {10: "two"})})
    place = draft.write(tmp_path / "clone")
    take(place, 1, place.patch(2), public)
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.0", "--xsa", "2", "--format", "debian", "-o", str(out))
    assert done.status == 0
    assert f"    - {title}\n      XSA-1\n" in (out / "debian" / "changelog.xsa").read_text()


@pytest.mark.parametrize("public", [True, False])
def test_only_what_may_be_embargoed_is_hidden(public: bool, place: Place, tmp_path: Path) -> None:
    take(place, 9, patch(12, "new"), public)
    out = tmp_path / "out"
    assert place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "-o", str(out)).status == 0
    umask = os.umask(0)
    os.umask(umask)
    assert modes(out) == ({0o777 & ~umask, 0o666 & ~umask} if public else {0o700, 0o600})


def test_everything_outstanding_includes_what_the_store_has(place: Place, tmp_path: Path) -> None:
    take(place, 9, patch(12, "new"))
    done = place.run("export", "--onto", "RELEASE-1.0.1", "-o", str(tmp_path / "out"), "--json")
    found = json.loads(done.out)
    assert done.status == 0
    assert found["queue"][-1] == {"id": "xsa9.patch", "role": "patch"}
    assert 9 in found["xsa"]
    assert len(found["xsa"]) > 1
    assert found["advisories"][0]["xsa"] == 9
    checked = place.run("export", "--verify", str(tmp_path / "out"), "--onto", "RELEASE-1.0.1")
    assert checked.status == 0


def test_branch_takes_no_embargoed_patch_unless_told_twice(place: Place) -> None:
    take(place, 9, patch(12, SECRET))
    before = snapshot(place.folder)
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--format", "branch", "-o", "fixed")
    done = place.run(*words)
    assert (done.status, done.out) == (129, "")
    assert "may be under embargo, and a branch is easily pushed" in done.err
    assert snapshot(place.folder) == before
    assert place.run(*words, "--embargoed", "--embargoed").status == 0
    assert SECRET in place.git("show", "fixed:b.c")


def test_embargoed_patch_in_a_work_tree_is_warned_of(place: Place) -> None:
    take(place, 9, patch(12, SECRET))
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9")
    assert done.status == 0
    assert done.err == (
        f"note: xsa-RELEASE-1.0.1 may be under embargo and is in the work tree {place.folder}: do not commit it\n"
    )
    assert modes(place.folder / "xsa-RELEASE-1.0.1") == {0o700, 0o600}


def test_what_does_not_fit_is_named_and_nothing_is_written(place: Place, tmp_path: Path) -> None:
    take(place, 9, patch(12, "new"))
    take(place, 10, patch(12, "other").replace(b" line 11", b" line eleven"))
    before = snapshot(place.folder)
    done = place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9,10", "-o", str(tmp_path / "out"))
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[:2] == [
        "error: XSA-10 can't join one queue with the others",
        f"hint: they don't fit: xsa10.patch: hunk 1 does not fit in b.c at {place[10][:12]}",
    ]
    assert not (tmp_path / "out").exists()
    assert snapshot(place.folder) == before


def own_branch(place: Place) -> str:
    """Make the branch ``mine``: the release, and a patch of the packager's own.  Return its commit."""
    place.git("checkout", "-q", "-b", "mine", "RELEASE-1.0.1")
    file = place.folder / "b.c"
    file.write_bytes(file.read_bytes().replace(b"line 11\n", b"our line\n"))
    place.git("commit", "-q", "-a", "-m", "our own patch")
    return place.git("rev-parse", "HEAD").strip()


def test_patches_for_the_packagers_own_tree_are_asked_about_there(place: Place, tmp_path: Path) -> None:
    """They fit nowhere on the branch; the release with the patches that the package has before them is a base, too."""
    mine = own_branch(place)
    take(place, 9, patch(12, "new").replace(b" line 11\n", b" our line\n"))
    take(
        place,
        10,
        patch(14, "other", "x86: and that").replace(b" line 12\n", b" new\n").replace(b" line 11\n", b" our line\n"),
    )
    done = place.run("check", "--onto", "RELEASE-1.0.1", "--xsa", "9")
    assert done.status == 2
    assert f"    xsa9.patch: hunk 1 does not fit in b.c at {place[10][:12]}\n    if they were made for your" in done.out
    done = place.run("check", "--onto", "mine", "--xsa", "9,10", "--json")
    (found,) = json.loads(done.out)["results"]
    assert (done.status, found["state"], found["prerequisites"]) == (0, "applies", [])
    assert [entry["id"] for entry in found["queue"]] == ["xsa9.patch", "xsa10.patch"]
    assert {series["baseline"] for series in found["advisories"]} == {mine}
    out = tmp_path / "out"
    assert place.run("export", "--onto", "mine", "--xsa", "9,10", "-o", str(out)).status == 0
    assert place.run("export", "--verify", str(out), "--onto", "mine").status == 0
    (tmp_path / "x.patch").write_bytes(patch(12, "new").replace(b" line 11\n", b" our line\n"))
    done = place.run("prereqs", "--onto", "mine", str(tmp_path / "x.patch"), "--json")
    assert (done.status, json.loads(done.out)["state"]) == (0, "applies")


def test_a_tree_that_has_the_prerequisites_in_another_form_takes_the_patches_as_they_are(
    place: Place, tmp_path: Path
) -> None:
    """The fix is a commit of the branch that needs another one there; the own tree has the lines of that."""
    place.git("checkout", "-q", "-b", "mine", "RELEASE-1.0.1")
    file = place.folder / "b.c"
    file.write_bytes(file.read_bytes().replace(b"line 5\n", b"tidied\n").replace(b"line 3\n", b"ours\n"))
    place.git("commit", "-q", "-a", "-m", "a backport and a change of our own")
    content = place.patch(8)
    assert place.run("prereqs", "--onto", "mine", place[8], "--json").status == 0
    (tmp_path / "xsa3.patch").write_bytes(content)
    done = place.run("prereqs", "--onto", "mine", str(tmp_path / "xsa3.patch"), "--json")
    assert (done.status, json.loads(done.out)["state"]) == (0, "applies")
    assert run(tmp_path, "import", str(tmp_path / "xsa3.patch")).status == 0
    done = place.run("check", "--onto", "mine", "--xsa", "3", "--json")
    (found,) = json.loads(done.out)["results"]
    assert (done.status, found["state"], found["queue"]) == (0, "applies", [{"id": place[8], "role": "patch"}])
    assert place.run("export", "--onto", "mine", "--xsa", "3", "-o", str(tmp_path / "out")).status == 0
    assert place.run("export", "--verify", str(tmp_path / "out"), "--onto", "mine").status == 0


def test_a_patch_that_uses_what_only_the_branch_introduces_is_not_taken_as_it_is(tmp_path: Path) -> None:
    """It would apply to the own tree, but nothing there has the function that it calls."""
    code = "int first(void)\n{\n    return 1;\n}\n" + "\n" * 5
    helper = "int helper(void);\n"
    use = code.replace("return 1;", "return helper();")
    draft = Draft()
    draft.release("1.0.0", {"a.c": code.encode(), "h.h": b"one\ntwo\nthree\n"})
    draft.commit("prepare", {"h.h": b"one\nTWO\nthree\n" + helper.encode(), "a.c": code.replace("1;", "01;").encode()})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": use.encode()})
    place = draft.write(tmp_path / "clone")
    place.git("checkout", "-q", "-b", "mine", "RELEASE-1.0.0")
    (place.folder / "h.h").write_bytes(b"one\nours\nthree\n")
    (place.folder / "a.c").write_bytes(code.replace("1;", "01;").encode())
    place.git("commit", "-q", "-a", "-m", "half of a backport")
    (tmp_path / "xsa3.patch").write_bytes(place.patch(3))
    assert place.run("prereqs", "--onto", "mine", str(tmp_path / "xsa3.patch")).status == 2
    assert place.run("prereqs", "--onto", "mine", "--no-symbols", str(tmp_path / "xsa3.patch")).status == 0


def test_what_does_not_fit_on_an_own_tree_is_told_for_both_places(place: Place) -> None:
    mine = own_branch(place)
    take(place, 9, patch(12, "new").replace(b" line 11\n", b" another line\n"))
    done = place.run("check", "--onto", "mine", "--xsa", "9")
    assert done.status == 2
    why = "xsa9.patch: hunk 1 does not fit in b.c at"
    assert f"    {why} {place[10][:12]}; {why} {mine[:12]}, the base itself\n" in done.out
    assert "    no commit of stable-1.0 helps: adapt them to mine by hand\n" in done.out


def test_each_patch_keeps_its_own_bytes_when_others_are_commits(place: Place, tmp_path: Path) -> None:
    """A file that is a commit of the branch was counted as one that was placed, and the next ones got its bytes."""
    new = tmp_path / "new.patch"
    new.write_bytes(patch(9, "new"))
    old = tmp_path / "old.patch"
    old.write_bytes(place.patch(8))
    out = tmp_path / "out"
    done = place.run("export", "--onto", "RELEASE-1.0.1", "-o", str(out), str(new), str(old), "--json")
    assert done.status == 0
    names = [entry["id"] for entry in json.loads(done.out)["queue"]]
    assert names[-2:] == [place[8], "new.patch"]
    assert [path.read_bytes() for path in out.rglob("*-new.patch")] == [new.read_bytes()]
    assert modes(out) == {0o700, 0o600}


def test_exports_leave_no_trace_elsewhere(
    place: Place, tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "words"
    for name in ("git", "gpg"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        real = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True, check=True)
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>{words}\nexec {real.stdout.strip()} "$@"\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    (tmp_path / "tmp").mkdir()
    before = snapshot(place.folder)
    take(place, 9, patch(12, SECRET, SECRET))
    out = tmp_path / "out"
    for form in ("series", "mbox", "rpm"):
        target = str(out / form)
        assert place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--format", form, "-o", target).status == 0
    inside = str(place.folder / ".git" / "x")
    assert place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "9", "-o", inside).status == 128
    assert place.run("export", "--onto", "nothing", "--xsa", "9", "-o", str(out / "no")).status == 128
    assert snapshot(place.folder) == before
    assert SECRET not in words.read_text(encoding="utf-8", errors="replace")
    allowed = (sealed / "data" / "git-xsa", out, tmp_path / "in-9")
    holding = [path for top in (tmp_path, sealed) for path in top.rglob("*") if path.is_file()]
    found = {path for path in holding if SECRET.encode() in path.read_bytes()}
    assert {path for path in found if not any(top in path.parents for top in allowed)} == set()
    assert all(modes(out / form) == {0o700, 0o600} for form in ("series", "mbox", "rpm"))
