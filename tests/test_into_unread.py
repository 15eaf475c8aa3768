"""Packages whose patches can't all be read, or would not all be applied, are refused with the reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from repositories import Draft, Place, below, numbered, run

from git_xsa.advisory.unread import in_spec

RELEASE = "RELEASE-1.0.0"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = Draft()
    draft.commit("root", {"a.c": numbered(30, {20: "old"})})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("prepare", {"a.c": numbered(30)})
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    return draft.write(tmp_path / "clone")


HEAD = "Name: xen\nVersion: 1.0.0\nRelease: 1%{?dist}\nSource0: xen.tar\n"
LOG = "%changelog\n* Tue Sep 29 2026 A B <a@b.org> - 1.0.0-1.fc40\n- x\n"
SPEC = HEAD + "Patch1: own.patch\n%prep\n%autosetup -p1\n" + LOG
APKBUILD = (
    'pkgname=xen\npkgver=1.0.0\npkgrel=1\nsource="https://x.org/xen-$pkgver.tar.gz\n\town.patch\n\t"\n'
    'prepare() {\n\tdefault_prepare\n}\nsha512sums="\nabc  own.patch\n"\n'
)
EBUILD = 'EAPI=8\nPATCHES=(\n\t"${FILESDIR}"/own.patch\n)\n'
NIX = '{\n  version = "1.0.0";\n  patches = [\n    ./own.patch\n  ];\n}\n'


def package(place: Place, top: Path, name: str, text: str) -> Path:
    """Make a package with the list ``name`` and two patches; return its folder."""
    for folder in (top, top / "files"):
        folder.mkdir()
        for patch in ("own.patch", "other.patch"):
            (folder / patch).write_bytes(place.patch(3))
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_bytes(text.encode())
    return top


KINDS = {"xen.spec": SPEC, "APKBUILD": APKBUILD, "xen-1.0.0.ebuild": EBUILD, "package.nix": NIX}


def refused(place: Place, top: Path, *words: str) -> str:
    """Export with these words into the package at ``top``, which must be refused and change nothing; return why."""
    before = below(top)
    done = run(place.folder, "export", "--onto", RELEASE, *words)
    assert done.status == 128, done.err
    assert below(top) == before
    return done.err


@pytest.mark.parametrize("name", KINDS)
def test_a_plain_package_is_taken(name: str, place: Place, tmp_path: Path) -> None:
    """The others differ from these in one thing."""
    top = package(place, tmp_path / "package", name, KINDS[name])
    assert run(place.folder, "export", "--into", str(top), "--xsa", "3").status == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("xen.spec", "%prep", "%patchlist\nother.patch\n\n%prep", "%patchlist"),
        ("xen.spec", "%prep", "%define n 5\nPatch%{n}: other.patch\n%prep", "Patch%{n}: other.patch"),
        ("xen.spec", "%prep", "  Patch%n: other.patch\n%prep", "Patch%n: other.patch"),
        ("xen.spec", "%prep", "%include patches.inc\n%prep", "%include patches.inc"),
        ("xen.spec", "%prep", '%{lua: print("Patch7: other.patch\\n")}\n%prep', "%{lua:"),
        (
            "xen.spec",
            "%prep",
            '%{lua:\nfor i = 7, 8 do\n  print("Patch" .. i .. ": other.patch\\n")\nend\n}\n%prep',
            "%{lua:",
        ),
        ("xen.spec", "%prep", '%{lua:\n_G["pri".."nt"](string.char(80) .. "atch7: other.patch")}\n%prep', "%{lua:"),
        (
            "xen.spec",
            "%prep",
            '%global more %{lua:\n  x = {}\n  print("Patch7: other.patch")\n}\n%{?more}\n%prep',
            "%{?more}",
        ),
        ("xen.spec", "%prep", "%define more() %(cat patches.inc)\n%more\n%prep", "%more"),
        ("xen.spec", "%prep", "%(cat patches.inc)\n%prep", "%(cat patches.inc)"),
        ("xen.spec", "%prep", "%{load:patches.inc}\n%prep", "%{load:patches.inc}"),
        ("xen.spec", "%prep", "%{?with_more:Patch7: other.patch}\n%prep", "%{?with_more:Patch7: other.patch}"),
        ("xen.spec", "%prep", "%global more Patch7: other.patch\n%{more}\n%prep", "%global more Patch7"),
        ("xen.spec", "%prep", "%define more() \\\nPatch7: other.patch \\\n%nil\n%more\n%prep", "Patch7: other.patch"),
        ("xen.spec", "%prep", "%{expand:%(cat patches.inc)}\n%prep", "%{expand:%(cat patches.inc)}"),
        ("package.nix", "];", "] ++ [ ./other.patch ];", "++ [ ./other.patch ]"),
        ("package.nix", "];", "]\n  # why\n  ++ others;", "++ others"),
        ("package.nix", "= [", "= lib.optionals true [", "lib.optionals"),
        ("package.nix", "patches = [", "patches = old.patches ++ [", "old.patches"),
        ("APKBUILD", "prep", 'for i in other.patch; do source="$source $i"; done\nprep', "for i in other.patch"),
        ("APKBUILD", "prep", 'for i in other.patch; do\n\tsource="$source $i"\ndone\nprep', "$i"),
        ("APKBUILD", "prep", 'source+=" other.patch"\nprep', "source+="),
        ("APKBUILD", "own.patch\n\t", "own.patch\n\t$_more\n\t", "$_more"),
        ("APKBUILD", "own.patch\n\t", "own.patch\n\t$(ls *.patch)\n\t", "$(ls"),
        ("xen-1.0.0.ebuild", "own.patch", "${PN}-$(echo x).patch", "$(echo x)"),
        ("xen-1.0.0.ebuild", "own.patch", "`echo x`.patch", "`echo x`"),
        ("xen-1.0.0.ebuild", '"${FILESDIR}"/own.patch', "$(ls (a) | cat)", "$(ls (a) | cat)"),
    ],
)
@pytest.mark.parametrize("option", ["--into", "--verify", "--base-patches"])
def test_patches_that_cannot_be_read(
    option: str, name: str, old: str, new: str, words: str, place: Place, tmp_path: Path
) -> None:
    top = package(place, tmp_path / "package", name, KINDS[name].replace(old, new, 1))
    more = ("--xsa", "3") if option != "--verify" else ()
    said = refused(place, top, option, str(top / name if option == "--base-patches" else top), *more)
    assert "in a way that can't be read" in said
    assert words in said


TWO_WAYS = "%if 0%{?git}\n%autosetup -S git -p1\n%else\n%setup\n%patch1 -p1\n%endif"
CASES_LOOP = "for i in $source; do case $i in own.patch) patch -p1 < $i;; esac; done"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("xen.spec", "%autosetup -p1", TWO_WAYS, "only in an %if"),
        ("xen.spec", "%autosetup -p1", "%if 0%{?x}\n%autosetup -p1\n%endif", "only in an %if"),
        ("xen.spec", "%autosetup -p1", "%ifarch x86_64\n%autosetup -p1\n%endif", "only in an %if"),
        ("xen.spec", "-p1", "", "need -p1"),
        ("xen.spec", "-p1", "-p0", "need -p1"),
        ("xen.spec", "%autosetup -p1", "%setup\n%autopatch -p 2", "need -p1"),
        ("xen.spec", "-p1", "\\\n  -n xen -p2", "need -p1"),
        ("xen.spec", "-p1", "\\\n  -p1 \\\n  -N", "nothing in the spec applies its patches"),
        ("APKBUILD", "default_prepare", "patch -p1 -i own.patch", "default_prepare"),
        ("APKBUILD", "default_prepare", "# not default_prepare", "default_prepare"),
        ("APKBUILD", "default_prepare", CASES_LOOP, "default_prepare"),
        ("xen-1.0.0.ebuild", ")\n", ")\nsrc_prepare() {\n\teapply_user\n}\n", "does not call default"),
        ("xen-1.0.0.ebuild", ")\n", ")\nsrc_prepare() {\n\t# default\n\teapply a.patch\n}\n", "does not call default"),
        ("xen-1.0.0.ebuild", "EAPI=8", "EAPI=5", "EAPI that applies no PATCHES"),
        ("package.nix", "];", "];\n  dontPatch = true;", "dontPatch = true"),
        ("package.nix", "];", "];\n  patchPhase = ''patch -p1 < own.patch'';", "patchPhase"),
        ("xen.spec", "\n", "\r\n", "CR and LF"),
        ("APKBUILD", "\n", "\r\n", "CR and LF"),
        ("package.nix", "\n", "\r\n", "CR and LF"),
    ],
)
def test_a_patch_that_would_not_be_applied(
    name: str, old: str, new: str, words: str, place: Place, tmp_path: Path
) -> None:
    """A fix that the list names and nothing applies is worse than none."""
    text = KINDS[name].replace(old, new, -1 if old == "\n" else 1)
    top = package(place, tmp_path / "package", name, text)
    assert words in refused(place, top, "--into", str(top), "--xsa", "3")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("xen.spec", "-p1", "\\\n  -p1"),
        ("xen.spec", "-p1", "-S git_am"),
        ("xen.spec", "%prep", "%global rel %(cat rel)\n%{!?version: %define version %(cat version)}\n%prep"),
        ("xen.spec", "%prep", "%define deps() %{lua:\n  x = {}\n  print('Requires: x')\n}\n%{deps x}\n# Patch\n%prep"),
        ("xen.spec", "%prep", "%global name %{lua: print('patch')}\n%{?python_provide:%python_provide x}\n%prep"),
        ("xen.spec", "%autosetup -p1", "%if 1\n%autosetup -p 1\n%endif"),
        ("xen.spec", "%autosetup -p1", "%if 0%{?x}\n%setup\n%else\n%setup -q\n%endif\n%autopatch -p1"),
        ("APKBUILD", "default_prepare", "for i in $source; do case $i in *.patch) patch -p1 -i $i;; esac; done"),
        ("APKBUILD", "prepare() {\n\tdefault_prepare\n}\n", ""),
        ("xen-1.0.0.ebuild", ")\n", ")\nsrc_prepare() {\n\tsed -i x y\n\tdefault\n}\n"),
        ("xen-1.0.0.ebuild", ")\n", ')\nsrc_prepare() {\n\teapply "${PATCHES[@]}"\n}\n'),
        ("xen-1.0.0.ebuild", "EAPI=8", "EAPI=7"),
        ("package.nix", "];", "];\n  dontPatch = false;\n  postPatch = ''x'';"),
    ],
)
def test_a_patch_that_is_applied(name: str, old: str, new: str, place: Place, tmp_path: Path) -> None:
    top = package(place, tmp_path / "package", name, KINDS[name].replace(old, new, 1))
    done = run(place.folder, "export", "--onto", RELEASE, "--into", str(top), "--xsa", "3")
    assert done.status == 0, done.err


def test_a_spec_of_many_macros_is_read_in_a_moment() -> None:
    """The time grows with the length alone: none of these is closed."""
    text = "".join(f"%define m{number} %{{lua: patch {{\n" for number in range(100_000))
    begun = time.process_time()
    assert in_spec(f"{text}%m7\n%prep\n") == "%m7"
    assert time.process_time() - begun < 10


def test_a_native_debian_package(place: Place, tmp_path: Path) -> None:
    top = package(place, tmp_path / "package", "debian/patches/series", "own.patch\n")
    (top / "debian/patches/own.patch").write_bytes(place.patch(3))
    (top / "debian/source").mkdir()
    (top / "debian/source/format").write_text("3.0 (native)\n")
    entry = "xen (1.0.0) unstable; urgency=medium\n\n  * x.\n\n -- A B <a@b.org>  Tue, 29 Sep 2026 12:00:00 +0000\n"
    (top / "debian/changelog").write_text(entry)
    done = run(place.folder, "export", "--into", str(top), "--xsa", "3")
    assert (done.status, "which applies no patches" in done.err) == (128, True)


@pytest.mark.parametrize(
    ("stated", "following"),
    [
        ("1.0.0-1.fc40", "1.0.0-2.fc40"),
        ("1.0.0-9.2.1.xcpng8.3", "1.0.0-9.2.2.xcpng8.3"),
        ("2:1.0.0-3%{?dist}", "2:1.0.0-4%{?dist}"),
        ("1.0.0-0.1.rc2.el9_4", "1.0.0-0.2.rc2.el9_4"),
        ("1.0.0-alt9", "1.0.0-alt10"),
    ],
)
def test_the_version_of_an_entry(stated: str, following: str, place: Place, tmp_path: Path) -> None:
    """The release goes up, not the distribution; a subpackage has a version of its own."""
    text = SPEC.replace("1.0.0-1.fc40", stated).replace("%prep", "%package libs\nVersion: 9.9\n%prep")
    top = package(place, tmp_path / "package", "xen.spec", text)
    assert run(place.folder, "export", "--into", str(top), "--xsa", "3").status == 0
    entry = (top / "xen.spec").read_text().partition("%changelog\n")[2].partition("\n")[0]
    assert entry.endswith(f"> - {following}")
