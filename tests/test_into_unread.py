"""Packages whose patches can't all be read, or would not all be applied, are refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Draft, Place, numbered, run

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


def below(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


KINDS = {"xen.spec": SPEC, "APKBUILD": APKBUILD, "xen-1.0.0.ebuild": EBUILD, "package.nix": NIX}


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
    text = KINDS[name].replace(old, new, 1)
    top = package(place, tmp_path / "package", name, text)
    before = below(top)
    more = ("--xsa", "3") if option != "--verify" else ()
    listed = top / name if option == "--base-patches" else top
    done = run(place.folder, "export", "--onto", RELEASE, option, str(listed), *more)
    assert done.status == 128, done.err
    assert "in a way that can't be read" in done.err
    assert words in done.err
    assert below(top) == before
