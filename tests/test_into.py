"""git xsa-export --into: a queue in packages of every kind, taken by the programs that build them."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from hashlib import sha512
from pathlib import Path

import pytest
from downstreams import by_guilt, do
from repositories import Answer, Place, below, fixed_before, git, numbered, run, unpack

RELEASE = "RELEASE-1.0.0"
#: What the tip of the branch has, with the package's own change.
WANTED = {"a.c": numbered(30, {10: "fixed", 25: "ours"}), "b.c": numbered(9, {5: "other"})}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a branch on which XSA-2 was fixed before the release, and a fix needs the commit before it."""
    draft = fixed_before()
    draft.commit("prepare", {"a.c": numbered(30, {10: "prepared"})})
    draft.commit("fix 100%\n\nThis is XSA-3 / CVE-2026-1234.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(9, {5: "other"})})
    return draft.write(tmp_path / "clone")


OWN = "--- a/a.c\n+++ b/a.c\n@@ -22,7 +22,7 @@\n"
OWN += " line 22\n line 23\n line 24\n-line 25\n+ours\n line 26\n line 27\n line 28\n"


def patches(place: Place, folder: Path) -> None:
    """Put the package's own patches into ``folder``: of the branch's commit, and one of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prepare.patch").write_bytes(place.patch(4))
    (folder / "own.patch").write_text(OWN)


def tarball(place: Place, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    place.git("archive", "--prefix=xen-1.0.0/", "-o", str(target), RELEASE)


SPEC = """# 100%% ours
Name: xen
Version: 1.0.0
Release: 3%{{?dist}}
Summary: x
License: x
Source0: xen-1.0.0.tar.gz
{tags}
%description
x
%prep
{prep}

%changelog
* Tue Sep 29 2026 Pat Doe <pat@example.org> - 1.0.0-3
- Older words
"""
TAGS = "Patch5: prepare.patch\nPatch2: own.patch\n"


def spec(place: Place, top: Path, tags: str = TAGS, prep: str = "%autosetup -p1") -> Path:
    patches(place, top / "SOURCES")
    tarball(place, top / "SOURCES/xen-1.0.0.tar.gz")
    (top / "SPECS").mkdir()
    (top / "SPECS/xen.spec").write_text(SPEC.format(tags=tags, prep=prep))
    return top / "SPECS/xen.spec"


def spec_with_calls(place: Place, top: Path) -> Path:
    tags = "%if 1\nPatch0005:   prepare.patch\nPatch0007:   own.patch\n%endif\n\nPatch0900:   late.patch\n"
    listed = spec(place, top, tags, "%setup -q\n%patch5 -p1\n%if 1\n%patch7 -p1 -b .old\n%endif\n%patch900 -p1")
    late = b"--- a/version\n+++ b/version\n@@ -1 +1 @@\n-1.0.0\n+ours\n"
    (top / "SOURCES/late.patch").write_bytes(late)
    return listed


def debian(place: Place, top: Path) -> Path:
    patches(place, top / "debian/patches")
    unpack(place.folder, RELEASE, top)
    (top / "debian/patches/series").write_text("# ours\nprepare.patch\nown.patch -p1 # last")
    (top / "debian/source").mkdir()
    (top / "debian/source/format").write_text("3.0 (quilt)\n")
    (top / "debian/control").write_text(
        "Source: xen\nMaintainer: Pat Doe <pat@example.org>\nStandards-Version: 4.6.2\n\nPackage: xen\n"
        "Architecture: any\nDescription: x\n"
    )
    (top / "debian/changelog").write_text(
        "xen (1.0.0-1) unstable; urgency=medium\n\n  * J\xfcrgen.\n\n"
        " -- Pat Doe <pat@example.org>  Tue, 29 Sep 2026 12:00:00 +0000\n",
        encoding="utf-8",
    )
    tarball(place, top.parent / "xen_1.0.0.orig.tar.gz")
    return top


def apkbuild(place: Place, top: Path, closing: str = "\n\t") -> Path:
    patches(place, top)
    (top / "xen.initd").write_text("#!/sbin/openrc-run\n")
    local = ("prepare.patch", "own.patch", "xen.initd")
    sums = "\n".join(f"{sha512((top / n).read_bytes()).hexdigest()}  {n}" for n in local)
    sums = f"{'0' * 128}  xen-1.0.0.tar.gz\n{sums}"
    end = "\n" if "\n" in closing else ""
    (top / "APKBUILD").write_text(
        "pkgname=xen\npkgver=1.0.0\npkgrel=2\n_kind=own\n# secfixes:\n#   1.0.0-r1:\n#     - XSA-1\n\n"
        f'source="https://example.org/$pkgver/xen-$pkgver.tar.gz\n\tprepare.patch\n\n\t$_kind.patch\n\txen.initd{closing}"\n'
        f'options="!check"\nsha512sums="{end}{sums}{end}"\n'
    )
    return top


def old_apkbuild(place: Place, top: Path) -> Path:
    return apkbuild(place, top, closing="")


def ebuild(place: Place, top: Path) -> Path:
    patches(place, top / "files")
    (top / "xen-1.0.0-r2.ebuild").write_text(
        'EAPI=8\nKIND=own\nPATCHES=(\n\t"${FILESDIR}"/prepare.patch # why )\n\t"${FILESDIR}/${KIND}.patch"\n)\n'
        "src_prepare() {\n\tdefault\n}\n"
    )
    return top / "xen-1.0.0-r2.ebuild"


def nix(place: Place, top: Path) -> Path:
    patches(place, top)
    (top / "package.nix").write_text(
        '{ }:\n{\n  pname = "xen";\n  version = "1.0.0";\n  patches = [\n    ./prepare.patch\n'
        '    # why ]\n    ./own.patch\n  ];\n  note = "patches = [";\n}\n'
    )
    return top / "package.nix"


def quilt(place: Place, top: Path) -> Path:
    patches(place, top)
    (top / "series").write_text("# ours\nprepare.patch\nown.patch\n")
    return top / "series"


def guilt(place: Place, top: Path) -> Path:
    patches(place, top)
    (top / "series").write_text("prepare.patch # -without-prepare\nown.patch\n")
    return top


def by_rpm(top: Path, tree: Path) -> None:
    do(["rpmbuild", "-bp", "--nodeps", "--define", f"_topdir {top}", str(top / "SPECS/xen.spec")], top)
    shutil.rmtree(tree)
    shutil.move(top / "BUILD/xen-1.0.0", tree)


def by_dpkg(top: Path, tree: Path) -> None:
    """Build the source package, unpack it, and put its patches on with no fuzz."""
    do(["dpkg-source", "-b", str(top)], top.parent)
    shutil.rmtree(tree)
    [made] = top.parent.glob("*.dsc")
    do(["dpkg-source", "--skip-patches", "-x", str(made), str(tree)], top.parent)
    do(["quilt", "--quiltrc=-", "push", "-a", "--fuzz=0", "-q"], tree, {"QUILT_PATCHES": "debian/patches"})


def by_abuild(top: Path, tree: Path) -> None:
    """Do what abuild does with sources: read the file as the shell does, check the sums, put the patches on.

    The first sum is that of the first source, whatever name stands beside it; bench/into has abuild itself do it.
    """
    words = f"cd {top} && . ./APKBUILD && set -- $sha512sums && "
    words += (
        'for one in $source; do case $one in *://*) ;; *) echo "$1  $one" | sha512sum -c --quiet - || exit 1;; esac; '
    )
    words += "shift 2; done && "
    words += (
        f"for one in $source; do case $one in *.patch) patch -s -N -p1 -d {tree} -i {top}/$one || exit 1;; esac; done"
    )
    do(["sh", "-ec", words], top)


def by_portage(top: Path, tree: Path) -> None:
    [listed] = top.glob("*.ebuild")
    words = f'FILESDIR={top}/files; . {listed}; for one in "${{PATCHES[@]}}"; do patch -p1 -d {tree} -i "$one"; done'
    do(["bash", "-ec", words], top)


def by_nix(top: Path, tree: Path) -> None:
    do(["nix-instantiate", "--parse", str(top / "package.nix")], top)
    listed = "map toString (import ./package.nix { }).patches"
    found = do(["nix-instantiate", "--eval", "--strict", "--json", "-E", listed], top)
    for one in json.loads(found):
        do(["patch", "-p1", "-d", str(tree), "-i", one], top)


def by_quilt(top: Path, tree: Path) -> None:
    shutil.copytree(top, tree / "patches")
    do(["quilt", "--quiltrc=-", "push", "-a", "--fuzz=0", "-q"], tree)


Kind = tuple[Callable[[Place, Path], Path], str, Callable[[Path, Path], None]]
KINDS: Mapping[str, Kind] = {
    "rpm": (spec, "rpmbuild", by_rpm),
    "rpm, named one by one": (spec_with_calls, "rpmbuild", by_rpm),
    "debian": (debian, "dpkg-source", by_dpkg),
    "alpine": (apkbuild, "sh", by_abuild),
    "alpine, old": (old_apkbuild, "sh", by_abuild),
    "gentoo": (ebuild, "bash", by_portage),
    "nix": (nix, "nix-instantiate", by_nix),
    "quilt": (quilt, "quilt", by_quilt),
    "guilt": (guilt, "guilt", by_guilt),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def package(kind: str, place: Place, tmp_path: Path) -> tuple[Path, Path]:
    """Make a package of this kind; return its folder, and what names it on the command line."""
    top = tmp_path / "packaging/package"
    top.mkdir(parents=True)
    return top, KINDS[kind][0](place, top)


def into(place: Place, listed: Path, *words: str, onto: str = RELEASE) -> Answer:
    return run(place.folder, "export", "--onto", onto, "--into", str(listed), *words)


@every_kind
def test_the_program_that_builds_the_package_takes_it(kind: str, place: Place, tmp_path: Path) -> None:
    _, tool, build = KINDS[kind]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    top, listed = package(kind, place, tmp_path)
    done = into(place, listed, *(("--start", "8") if "one by one" in kind else ()))
    assert done.status == 0, done.err
    tree = unpack(place.folder, RELEASE, tmp_path / "tree")
    build(top, tree)
    assert {name: (tree / name).read_bytes() for name in WANTED} == WANTED


@every_kind
def test_what_stood_there_stays_byte_for_byte(kind: str, place: Place, tmp_path: Path) -> None:
    top, listed = package(kind, place, tmp_path)
    before = below(top)
    assert into(place, listed, *(("--start", "8") if "one by one" in kind else ())).status == 0
    after = below(top)
    assert before.keys() <= after.keys()
    for name, content in before.items():
        if after[name] == content:
            continue
        old, new = content.decode().split("\n"), after[name].decode().split("\n")
        lost = [line for line in difflib.ndiff(old, new) if line.startswith("- ")]
        closed = {'- \txen.initd"'} | {line for line in lost if line.endswith('  xen.initd"')}
        assert set(lost) <= (closed if kind == "alpine, old" else set()), "only what closes a list moves"
    assert not list(top.rglob(".*")), "nothing is left behind"


@every_kind
def test_a_dry_run_writes_nothing_and_its_diff_does_the_same(kind: str, place: Place, tmp_path: Path) -> None:
    top, listed = package(kind, place, tmp_path)
    before = below(top)
    words = ("--start", "8") if "one by one" in kind else ()
    shown = into(place, listed, "--dry-run", *words)
    assert shown.status == 0, shown.err
    assert below(top) == before
    other = tmp_path / "other"
    shutil.copytree(top, other)
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "--whitespace=nowarn"], input=shown.out.encode(), cwd=other, check=True
    )
    assert into(place, listed, *words).status == 0
    again = {name: content for name, content in below(other).items() if name != "debian/changelog"}
    assert {name: content for name, content in below(top).items() if name != "debian/changelog"} == again


def test_a_spec(place: Place, tmp_path: Path) -> None:
    top, listed = package("rpm", place, tmp_path)
    done = into(place, top, "--start", "501")
    assert done.status == 0, done.err
    text = listed.read_text()
    fix, other = place[5], place[6]
    assert (
        f"Patch2: own.patch\n# XSA-3 CVE-2026-1234, commit {fix}\nPatch501: 0501-xsa3-fix-100.patch\n"
        f"# XSA-4, commit {other}\nPatch502: 0502-xsa4-other.patch\n\n%description" in text
    )
    entry = text.partition("%changelog\n")[2].splitlines()
    assert re.fullmatch(r"\* [A-Z][a-z]{2} [A-Z][a-z]{2} \d\d 20\d\d Jane Doe <jane@example.org> - 1\.0\.0-4", entry[0])
    assert entry[1:5] == [
        "- XSA-3 CVE-2026-1234: fix 100%%",
        "- XSA-4: other",
        "",
        "* Tue Sep 29 2026 Pat Doe <pat@example.org> - 1.0.0-3",
    ]
    assert "Release: 3%{?dist}\n" in text
    assert "note: the entry in %changelog is for 1.0.0-4; the spec's Release is left to you" in done.err
    again = into(place, top)
    assert (again.status, "has the fixes" in again.out or "Nothing to add" in again.out) == (1, True)


def test_numbers_that_are_taken(place: Place, tmp_path: Path) -> None:
    top, listed = package("rpm", place, tmp_path)
    listed.write_text(SPEC.format(tags="Patch2: own.patch\nPatch5: prepare.patch\n", prep="%autosetup -p1"))
    before = below(top)
    done = into(place, listed, "--start", "4")
    assert done.status == 128
    assert "3 patches from number 4 on would collide with Patch5: prepare.patch" in done.err
    assert below(top) == before


def test_a_queue_in_the_middle_of_a_spec(place: Place, tmp_path: Path) -> None:
    """What stands behind it has to apply on top of it."""
    _, listed = package("rpm", place, tmp_path)
    tags = "Patch0100: prepare.patch\n\n# product\nPatch0600: own.patch\n"
    listed.write_text(SPEC.format(tags=tags, prep="%autosetup -p1"))
    done = into(place, listed, "--start", "501")
    assert done.status == 0, done.err
    found = [line.split()[1] for line in listed.read_text().splitlines() if line.startswith("Patch")]
    assert found == ["prepare.patch", "0501-xsa3-fix-100.patch", "0502-xsa4-other.patch", "own.patch"]


def test_a_patch_behind_the_queue_that_it_breaks(place: Place, tmp_path: Path) -> None:
    top, listed = package("rpm", place, tmp_path)
    listed.write_text(SPEC.format(tags="Patch0600: prepare.patch\n", prep="%autosetup -p1"))
    before = below(top)
    done = into(place, listed, "--start", "501")
    assert (done.status, below(top)) == (128, before)
    assert "prepare.patch does not apply" in done.err


@every_kind
def test_a_patch_that_the_release_has_is_named_and_dropped(kind: str, place: Place, tmp_path: Path) -> None:
    """The package has been moved to the next release: its fix of XSA-2 is in that."""
    top, listed = package(kind, place, tmp_path)
    for folder in (top / "SOURCES", top / "debian/patches", top / "files", top):
        if (folder / "own.patch").is_file():
            (folder / "merged.patch").write_bytes(place.patch(2))
            break
    where = (
        listed
        if listed.is_file()
        else next(p for n in ("APKBUILD", "series", "debian/patches/series") if (p := top / n).is_file())
    )
    text = where.read_text()
    for old, new in (
        ("Patch5: prepare.patch\n", "Patch5: prepare.patch\nPatch6: merged.patch\n"),
        ("%if 1\nPatch0005", "Patch0001: merged.patch\n%if 1\nPatch0005"),
        ("%patch5 -p1\n", "%patch1 -p1\n%patch5 -p1\n"),
        ("prepare.patch # -without-prepare\n", "prepare.patch # -without-prepare\nmerged.patch\n"),
        ("# ours\nprepare.patch\n", "# ours\nprepare.patch\nmerged.patch # XSA-2\n"),
        ("\tprepare.patch\n", "\tmerged.patch\n\tprepare.patch\n"),
        ('sha512sums="\n', f'sha512sums="\n{sha512(place.patch(2)).hexdigest()}  merged.patch\n'),
        ("# why )\n", '# why )\n\t"${FILESDIR}"/merged.patch\n'),
        ("    # why ]\n", "    # why ]\n    ./merged.patch\n"),
    ):
        text = text.replace(old, new)
    where.write_text(text)
    start = ("--start", "8") if "one by one" in kind else ()
    kept = into(place, listed, "--dry-run", *start)
    assert "warning: merged.patch (XSA-2) is in the release already" in kept.err
    assert "hint: --drop-merged removes" in kept.err
    assert kept.status == 1
    done = into(place, listed, "--drop-merged", "--json", *start)
    assert done.status == 0, done.err
    found = json.loads(done.out)["into"]
    assert found["merged"] == [{"file": "merged.patch", "xsa": [2], "dropped": True}]
    assert not list(top.rglob("merged.patch"))
    mentions = [line for line in where.read_text().splitlines() if "merged.patch" in line]
    assert all("Drop merged.patch, which the release has" in line for line in mentions)
    tree = unpack(place.folder, RELEASE, tmp_path / "tree")
    _, tool, build = KINDS[kind]
    if shutil.which(tool) is not None:
        build(top, tree)
        assert {name: (tree / name).read_bytes() for name in WANTED} == WANTED


def test_the_release_is_the_one_that_the_package_names(place: Place, tmp_path: Path) -> None:
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        _, listed = package(kind, place, folder)
        done = run(
            place.folder, "export", "--into", str(listed), "--dry-run", *(("--start", "8") if "one" in kind else ())
        )
        if kind in ("quilt", "guilt"):
            assert (done.status, "--onto RELEASE-" in done.err) == (128, True)
        else:
            assert done.status == 0, (kind, done.err)


OLD = "#   1.0.0-r1:\n#     - XSA-1\n"
NEW = "#   1.0.0-r3:\n#     - CVE-2026-1234 XSA-3\n#     - XSA-4\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD, NEW + OLD),
        (OLD + "#   0.9-r2:\n#     - XSA-0\n", NEW + OLD + "#   0.9-r2:\n#     - XSA-0\n"),
        ("#   0:\n#     - XSA-9\n" + OLD, "#   0:\n#     - XSA-9\n" + OLD + NEW),
        ("#   0.9-r10:\n#     - XSA-0\n" + OLD, "#   0.9-r10:\n#     - XSA-0\n" + OLD + NEW),
        (OLD + "#   1.0.0-r3:\n#     - XSA-2\n", OLD + NEW.replace("\n#", "\n#     - XSA-2\n#", 1)),
    ],
)
def test_secfixes_keep_their_order(before: str, after: str, place: Place, tmp_path: Path) -> None:
    """Xen's in Alpine has the newest version last, most others first."""
    top = apkbuild(place, tmp_path / "package")
    listed = top / "APKBUILD"
    listed.write_text(listed.read_text().replace(OLD, before))
    assert into(place, top).status == 0
    assert f"# secfixes:\n{after}\n" in listed.read_text()


def test_from_the_packages_folder(place: Place, tmp_path: Path) -> None:
    """xsa.history in the package's own repository names the clone, and so does --history."""
    top, _ = package("rpm", place, tmp_path)
    outside = run(top, "check", "--onto", RELEASE)
    assert (outside.status, "--history <clone>, git config xsa.history" in outside.err) == (128, True)
    given = run(top, "check", "--history", str(place.folder), "--onto", RELEASE, "--base-patches", ".", "--json")
    assert json.loads(given.out)["results"][0]["base"]["patches"] == 2
    git(top, "init", "-q")
    git(top, "config", "xsa.history", str(place.folder))
    assert run(top, "check", "--onto", RELEASE, "--base-patches", ".", "--json").out == given.out
    assert run(top, "status", "--json").status in (0, 1)
    done = run(top, "export", "--into", ".")
    assert done.status == 0, done.err
    assert git(top, "status", "--porcelain", "SPECS", "SOURCES")
    lost = run(top, "check", "--history", "nowhere")
    assert (lost.status, "--history names nowhere, which is not a folder" in lost.err) == (128, True)


def test_a_clone_is_not_left_for_the_users_setting(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """xsa.history in the user's configuration is for packages: a clone of its own stays the one to ask."""
    config = tmp_path / "config"
    config.write_text("[xsa]\n\thistory = /nowhere\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert run(place.folder, "check", "--onto", RELEASE).status == 1
    package_folder = tmp_path / "package"
    package_folder.mkdir()
    refused = run(package_folder, "check", "--onto", RELEASE)
    assert (refused.status, "xsa.history names /nowhere" in refused.err) == (128, True)


def fetching(place: Place, top: Path, *addresses: str) -> Path:
    listed = nix(place, top)
    lines = "".join(
        f'    (fetchpatch {{\n      url = "{one}";\n      hash = "sha256-x";\n    }})\n' for one in addresses
    )
    listed.write_text(listed.read_text().replace("    ./own.patch\n", f"{lines}    ./own.patch\n"))
    return listed


def test_a_package_that_fetches_its_patches(place: Place, tmp_path: Path) -> None:
    """The file of an advisory is the branch's commit, an address with a commit that commit; nothing is fetched."""
    (tmp_path / "packaging").mkdir()
    hosts = (
        "https://xenbits.example.org/xsa/xsa4.patch",
        f"https://github.example.org/xen/commit/{place[5]}.diff?full_index=1",
    )
    listed = fetching(place, tmp_path / "packaging/package", *hosts)
    found = json.loads(run(place.folder, "export", "--verify", str(listed), "--json").out)
    assert [(one["xsa"], one["files"]) for one in found["carried"]] == [
        (3, [f"{place[5]}.diff?full_index=1"]),
        (4, ["xsa4.patch"]),
    ]
    assert (found["missing"], found["base"]["patches"]) == ([], 4)
    nothing = into(place, listed)
    assert (nothing.status, "Nothing to add" in nothing.out) == (1, True)


def test_a_patch_that_is_fetched_and_that_the_release_has(place: Place, tmp_path: Path) -> None:
    (tmp_path / "packaging").mkdir()
    listed = fetching(place, tmp_path / "packaging/package", f"https://example.org/{place[2]}.patch")
    done = into(place, listed, "--drop-merged")
    assert done.status == 0, done.err
    assert "fetchpatch" not in listed.read_text()
    assert "    ./prepare.patch\n    # why ]\n    ./own.patch\n    # XSA-3 CVE-2026-1234\n" in listed.read_text()


def test_a_patch_that_is_fetched_and_that_nothing_tells(place: Place, tmp_path: Path) -> None:
    listed = fetching(place, tmp_path / "package", "https://example.org/xsa99.patch")
    done = into(place, listed)
    assert (done.status, "applies https://example.org/xsa99.patch, which is unknown" in done.err) == (128, True)


def test_a_list_of_another_name_is_read_as_what_it_is(place: Place, tmp_path: Path) -> None:
    """It was taken for a patch of its own, and its patches were not on the base."""
    top = tmp_path / "package"
    top.mkdir()
    nix(place, top).rename(top / "default.nix")
    done = into(place, top, "--json")
    assert done.status == 0, done.err
    assert "own.patch" not in done.err
    assert json.loads(done.out)["base"]["patches"] == 2
    (top / "series.txt").write_text("own.patch\n")
    refused = into(place, top / "series.txt")
    assert (refused.status, "is not a list of patches that can be edited" in refused.err) == (129, True)
