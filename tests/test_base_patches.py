"""A package's own patches on top of a base, as the package's files list them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from repositories import Draft, Place, numbered

from git_xsa.advisory.package import read_package
from git_xsa.ask.base import find_base
from git_xsa.ask.session import Session
from git_xsa.errors import XsaError
from git_xsa.git import patched


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch on which a fix needs the commit before it, and an early commit of another file."""
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(30), "b.c": numbered(9)})
    draft.commit("prepare", {"a.c": numbered(30, {10: "prepared"})})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(9, {5: "other"})})
    return draft.write(tmp_path / "clone")


@pytest.fixture
def folder(place: Place, tmp_path: Path) -> Path:
    """Return a folder with the patches of a package: of the branch's commit, and of its own, made for that."""
    made = tmp_path / "package"
    made.mkdir()
    (made / "prepare.patch").write_bytes(place.patch(2))
    own = "".join(
        [
            "--- a/a.c\n+++ b/a.c\n@@ -22,7 +22,7 @@\n",
            *(f" line {number}\n" for number in (22, 23, 24)),
            "-line 25\n+ours\n",
            *(f" line {number}\n" for number in (26, 27, 28)),
        ]
    )
    (made / "own.patch").write_text(own)
    return made


def series(folder: Path) -> Path:
    (folder / "series").write_text("# ours\nprepare.patch\nown.patch -p1 # last\n")
    return folder / "series"


def debian(folder: Path) -> Path:
    top = folder.parent / "source"
    (top / "debian").mkdir(parents=True)
    folder.rename(top / "debian/patches")
    series(top / "debian/patches")
    return top


def spec(folder: Path) -> Path:
    made = folder / "xen.spec"
    made.write_text(
        "%global kind own\nName: xen\nVersion: 1.0.0\nSource0: xen-%{version}.tar.gz\n"
        "Patch2: %{kind}.patch\nPatch1: prepare.patch\n%prep\n%autosetup -p1\n"
        f"%(touch '{folder}/was run')\n%{{lua: os.execute(\"touch '{folder}/was run'\")}}\n"
    )
    return made


def spec_beside_sources(folder: Path) -> Path:
    (folder.parent / "SPECS").mkdir()
    folder.rename(folder.parent / "SOURCES")
    made = folder.parent / "SPECS/xen.spec"
    made.write_text("Name: xen\nPatch: prepare.patch\nPatch: own.patch\n")
    return made


def apkbuild(folder: Path) -> Path:
    (folder / "APKBUILD").write_text(
        'pkgname=xen\npkgver=1.0.0\n_kind=own\nsource="https://example.org/$pkgver/xen-$pkgver.tar.gz\n'
        '\tprepare.patch::https://example.org/x.patch\n\n\t# comment\n\t$_kind.patch\n\txen.initd\n\t"\n'
    )
    return folder / "APKBUILD"


def ebuild(folder: Path) -> Path:
    made = folder.parent / "ebuild"
    made.mkdir()
    folder.rename(made / "files")
    (made / "xen-1.0.0.ebuild").write_text(
        'EAPI=8\nKIND=own\nPATCHES=(\n\t"${FILESDIR}"/prepare.patch\n\t"${FILESDIR}/${KIND}.patch"\n)\n'
    )
    return made / "xen-1.0.0.ebuild"


def plain_folder(folder: Path) -> Path:
    (folder / "prepare.patch").rename(folder / "0001-prepare.patch")
    (folder / "own.patch").rename(folder / "0002-own.patch")
    return folder


def mailbox(folder: Path) -> Path:
    made = folder / "all.mbox"
    heading = b"From: Jane Doe <jane@example.org>\nSubject: ours\n\n---\n"
    made.write_bytes((folder / "prepare.patch").read_bytes() + heading + (folder / "own.patch").read_bytes())
    return made


@pytest.mark.parametrize("write", [series, debian, spec, spec_beside_sources, apkbuild, ebuild, plain_folder, mailbox])
def test_the_patches_of_a_package_are_on_the_base(place: Place, folder: Path, write: Callable[[Path], Path]) -> None:
    listed = write(folder)
    words = ("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(listed))
    before = place.git("count-objects", "-v")
    (found,) = json.loads(place.run(*words, "--json").out)["results"]
    assert (found["state"], found["prerequisites"], found["xsa"]) == ("applies", [], [3, 4])
    assert found["base"] == {"name": "RELEASE-1.0.0", "commit": None, "patches": 2}
    headline = place.run(*words).out.partition("\n")[0]
    assert headline == "RELEASE-1.0.0 with 2 patches on top, which left stable-1.0 3 commits ago"
    assert place.git("count-objects", "-v") == before
    assert not list(folder.parent.rglob("was run"))


def test_what_stands_in_the_way_of_a_hunk_is_the_packages(place: Place, folder: Path) -> None:
    (folder / "prepare.patch").unlink()
    own = (folder / "own.patch").read_text().replace("@@ -22,7 +22,7 @@", "@@ -9,3 +9,3 @@")
    (folder / "own.patch").write_text(own.split(" line 22")[0] + " line 9\n-line 10\n+ours\n line 11\n")
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder), "--xsa", "3")
    assert done.status == 2
    assert "lines that RELEASE-1.0.0 itself added in its place" in done.out
    words = done.out.partition("All conflicts: git xsa-")[2].partition("\n")[0].split()
    assert "lines that RELEASE-1.0.0 itself added in its place\n      +ours\n" in place.run(*words).out


def test_the_fuzz_of_the_packages_tools_is_used_and_said(place: Place, folder: Path) -> None:
    text = (folder / "own.patch").read_text().replace(" line 22\n", " another line\n")
    (folder / "own.patch").write_text(text)
    (folder / "series").write_text("own.patch\n")
    refused = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder / "series"))
    assert refused.status == 128
    assert "own.patch of" in refused.err
    assert "does not apply to RELEASE-1.0.0" in refused.err
    (folder / "APKBUILD").write_text('source="own.patch"\n')
    taken = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder / "APKBUILD"))
    assert taken.status == 1
    assert "note: own.patch needs a fuzz of up to 2 lines" in taken.err


def test_the_hint_on_prerequisites_repeats_the_base(place: Place, folder: Path) -> None:
    (folder / "prepare.patch").unlink()
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder))
    (hint,) = [line for line in done.out.splitlines() if "Why these prerequisites: " in line]
    words = hint.partition("git xsa-")[2].split()
    assert place.run(*words).status == 0


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        ("../../../etc/passwd\n", "names a path outside the package"),
        ("/etc/passwd\n", "names a path outside the package"),
        ("missing.patch\n", "lists missing.patch, which is not there"),
        ("own.patch -R\n", "reverts own.patch"),
    ],
)
def test_a_list_that_is_refused(place: Place, folder: Path, listing: str, words: str) -> None:
    (folder / "series").write_text(listing)
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder))
    assert done.status == 128
    assert words in done.err
    assert "hint: " in done.err


def test_a_name_that_is_not_plain_is_refused(place: Place, folder: Path) -> None:
    (folder / "xen.spec").write_text("Patch1: %{name_of_it}.patch\n")
    done = place.run("prereqs", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder), "--xsa", "3")
    assert (done.status, "%{name_of_it}.patch" in done.err) == (128, True)


def test_a_patch_that_would_write_outside(place: Place, folder: Path, tmp_path: Path) -> None:
    (folder / "own.patch").write_text("--- /dev/null\n+++ b/../../escaped\n@@ -0,0 +1 @@\n+x\n")
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder))
    assert done.status == 128
    assert not list(tmp_path.rglob("escaped"))


def test_patches_of_what_the_build_unpacks_are_left_out_and_said(place: Place, folder: Path) -> None:
    qemu = "--- a/tools/qemu-xen/vl.c\n+++ b/tools/qemu-xen/vl.c\n@@ -1 +1 @@\n-a\n+b\n"
    (folder / "qemu.patch").write_text(qemu)
    (folder / "own.patch").write_text(qemu.replace("vl.c", "hw.c") + (folder / "own.patch").read_text())
    (folder / "series").write_text("prepare.patch\nqemu.patch\nown.patch\n")
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder), "--json")
    (found,) = json.loads(done.out)["results"]
    assert (found["state"], found["base"]["patches"]) == ("applies", 2)
    for name, path in (("qemu.patch", "tools/qemu-xen/vl.c"), ("own.patch", "tools/qemu-xen/hw.c")):
        assert f"{name} changes files of another source tree ({path}), which are left out" in done.err


def test_a_file_that_lacks_in_a_folder_of_ours_is_refused(place: Place, folder: Path) -> None:
    (folder / "own.patch").write_text("--- a/gone.c\n+++ b/gone.c\n@@ -1 +1 @@\n-a\n+b\n")
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder))
    assert (done.status, "own.patch of " in done.err) == (128, True)


def test_a_patch_that_gnu_patch_takes_and_git_does_not(place: Place, folder: Path) -> None:
    with (folder / "own.patch").open("a") as file:
        file.write(" line 29\n")  # one line more than the hunk says
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(series(folder)), "--json")
    (found,) = json.loads(done.out)["results"]
    assert (found["state"], found["base"]["patches"]) == ("applies", 2)


def series_conf(folder: Path) -> Path:
    (folder / "series.conf").write_text("# guards\n+ours prepare.patch\n\nown.patch\n")
    return folder / "series.conf"


def pkgbuild(folder: Path) -> Path:
    (folder / "PKGBUILD").write_text(
        'pkgver=1.0.0\n_kind=own\nsource=("https://example.org/$pkgver/xen-$pkgver.tar.gz"\n'
        "        'prepare.patch::https://example.org/x.patch'\n        \"$_kind.patch\")\n"
        "sha256sums=('SKIP')\n"
    )  # fmt: skip
    return folder


def spec_with_calls(folder: Path) -> Path:
    (folder / "unused.patch").write_text("--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-not there\n+b\n")
    tags = "Patch1: own.patch\nPatch2: prepare.patch\nPatch3: unused.patch\n"
    (folder / "xen.spec").write_text(f"Name: xen\n{tags}%prep\n%setup -q\n%patch 2 -p1\n%patch -P1 -p1\n#%patch3 -p1\n")
    return folder


@pytest.mark.parametrize("write", [series_conf, pkgbuild, spec_with_calls])
def test_other_lists(place: Place, folder: Path, write: Callable[[Path], Path]) -> None:
    listed = write(folder)
    done = place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(listed), "--json")
    (found,) = json.loads(done.out)["results"]
    assert (found["state"], found["base"]["patches"]) == ("applies", 2)


def test_a_part_of_an_advisory_is_not_the_whole(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a.c": numbered(30), "b.c": numbered(9)})
    draft.commit("first\n\nThis is part of XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("second\n\nThis is part of XSA-3.", {"b.c": numbered(9, {5: "fixed"})})
    place = draft.write(tmp_path / "clone")
    package = tmp_path / "package"
    package.mkdir()
    words = ("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(package), "--json")
    (package / "xsa3-1.patch").write_bytes(place.patch(2))
    (found,) = json.loads(place.run(*words).out)["results"]
    assert (found["state"], [patch["id"] for patch in found["patches"]]) == ("partly-applied", [place[3]])
    # In its own way, with a line that the branch has not: as many patches as the branch has are the whole.
    (package / "xsa3-2.patch").write_bytes(place.patch(3).replace(b"+fixed", b"+fixed in our way"))
    assert [found["state"] for found in json.loads(place.run(*words).out)["results"]] == ["no-patches"]
    # One patch of both, with such a line: there is something of each.
    squashed = (
        place.git("diff", place[1], place[3])
        .replace("+fixed\n", "+fixed\n+and ours\n", 1)
        .replace("@@ -7,7 +7,7", "@@ -7,7 +7,8")
    )
    for path in package.iterdir():
        path.unlink()
    (package / "ours.patch").write_text(f"Subject: ours\n\nThis is XSA-3.\n\n{squashed}\n")
    assert [found["state"] for found in json.loads(place.run(*words).out)["results"]] == ["no-patches"]


def test_the_base_is_no_older_than_what_it_stands_on(place: Place, folder: Path) -> None:
    # git walks by date: to tell what a commit of 1970 adds to xen.git's release took it the whole history, 1.5 s.
    with Session(place.folder) as session:
        base = find_base(session, "RELEASE-1.0.0", [str(series(folder))])
        dates = session.repository.git.text("log", "--format=%ct", base.id, "--").split()
    assert dates == sorted(dates, reverse=True)


def test_a_spec_applies_its_patches_in_the_order_of_its_lines(place: Place, folder: Path) -> None:
    """Rpm's %autosetup goes by where the tags stand and not by their numbers."""
    (folder / "first.patch").write_text("--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-line 1\n+first\n")
    (folder / "then.patch").write_text("--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-first\n+then\n")
    (folder / "xen.spec").write_text("Name: xen\nPatch5: first.patch\nPatch2: then.patch\n%prep\n%autosetup -p1\n")
    assert [path.name for path in read_package(folder / "xen.spec").files] == ["first.patch", "then.patch"]
    assert place.run("check", "--onto", "RELEASE-1.0.0", "--base-patches", str(folder / "xen.spec")).status == 1


@pytest.mark.parametrize(
    ("prep", "names"),
    [
        ("%autosetup -N\n%autopatch -p1 -m 2", ["own.patch"]),
        ("%autosetup -N\n%autopatch -p1 -M 1\n%autopatch -m 2 -M 2", ["prepare.patch", "own.patch"]),
        ("%autosetup -N\n%patch -P 2 -P1 -p1", ["own.patch", "prepare.patch"]),
        ("%autosetup -N\n%patch2 -p1 -b .1", ["own.patch"]),
        ("%setup\n%autopatch -p1", ["prepare.patch", "own.patch"]),
    ],
)
def test_the_patches_that_the_lines_of_a_spec_apply(prep: str, names: list[str], folder: Path) -> None:
    (folder / "xen.spec").write_text(f"Patch1: prepare.patch\nPatch2: own.patch\n%prep\n{prep}\n")
    assert [path.name for path in read_package(folder / "xen.spec").files] == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xen.spec", "%global a xx\n" + "".join("%global a %{a}%{a}\n" for _ in range(60)) + "Patch1: %{a}.patch\n"),
        ("xen-1.0.0.ebuild", "PATCHES=(\n" * 400_000),
        ("PKGBUILD", "source=(\n" * 400_000),
        ("APKBUILD", f'A={"x" * 100}\nsource="' + "$A" * 1_000_000 + '.patch"\n'),
        ("package.nix", "patches = [" + '"' * 1_000_001),
    ],
    ids=["spec", "ebuild", "pkgbuild", "apkbuild", "nix"],  # some pytest puts the texts into the environment
)  # fmt: skip
def test_a_list_that_grows_without_end_is_read_in_a_moment(name: str, text: str, folder: Path) -> None:
    (folder / name).write_text(text)
    before = time.process_time()
    with suppress(XsaError, OSError):
        read_package(folder / name)
    assert time.process_time() - before < 20


def test_a_header_that_a_squashed_patch_brought_is_not_asked_for(tmp_path: Path) -> None:
    draft = Draft()
    first = draft.release("1.0.0", {"user.c": b'#include "lib.h"\n' + numbered(9), "lib.h": b"#define OLD 1\n"})
    header = {"fresh.h": b"#define FRESH 1\n"}
    draft.commit("a header", header)
    user = {"user.c": b'#include "lib.h"\n#include "fresh.h"\n' + numbered(9)}
    draft.commit("fix\n\nThis is XSA-3.", user)
    draft.commit("ours", header, on="ours", after=first)
    place = draft.write(tmp_path / "clone")
    states = [("RELEASE-1.0.0", "needs-prerequisites"), ("ours", "applies")]
    for base, state in states:
        assert json.loads(place.run("prereqs", "--onto", base, "--xsa", "3", "--json").out)["state"] == state


def test_an_early_part_of_a_fix_counts_as_it_does_on_the_release(tmp_path: Path) -> None:
    """What commits before the branch's first release say is not asked about a package of a release, either."""
    draft = Draft()
    draft.commit("early\n\nThis is part of XSA-3.", {"a.c": numbered(30, {20: "early"}), "b.c": numbered(9)})
    draft.release("1.0.0", {})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed", 20: "early"})})
    place = draft.write(tmp_path / "clone")
    own = tmp_path / "own.patch"
    own.write_text("--- a/b.c\n+++ b/b.c\n@@ -3,3 +3,3 @@\n line 3\n-line 4\n+ours\n line 5\n")
    words = ("prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "3", "--json")
    release, package = (json.loads(place.run(*words, *more).out) for more in ((), ("--base-patches", str(own))))
    assert (release["state"], release["queue"]) == ("applies", package["queue"])
    assert package["state"] == release["state"]


def test_a_year_in_the_text_of_a_patch_is_no_time_of_a_file(
    place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GNU patch takes a file of 1970 for none; a package with the year in a comment needs no program for that."""
    own = folder / "own.patch"
    own.write_text(own.read_text().replace("+ours", "+seconds since 1970"))
    monkeypatch.setattr(patched, "run_patches", lambda *_: pytest.fail("GNU patch was started"))
    with Session(place.folder) as session:
        base = find_base(session, "RELEASE-1.0.0", [str(series(folder))])
        found = session.repository.read(f"{base.id}:a.c")
    assert found is not None
    assert b"\nseconds since 1970\n" in found[2]
