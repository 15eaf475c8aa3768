"""Patches for other trees, and names with other folders, in every command; what fits nowhere is no loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from repositories import Answer, Draft, Place, numbered

from git_xsa.advisory.other_trees import Trees
from git_xsa.advisory.patchfile import parse_patches
from git_xsa.git.repository import Repository

RELEASE = "RELEASE-1.0.1"
FILE = "xen/common/x.c"
LIBXL = "tools/libxl/dm.c"


def diff(path: str, line: int = 12, text: str = "new", tops: tuple[str, str] = ("a/", "b/")) -> bytes:
    """Return a plain diff of one line of a file, with these folders before its name."""
    old, new = numbered(20).decode().splitlines(), numbered(20, {line: text}).decode().splitlines()
    low, high = line - 3, line + 3
    body = [f"-{old[at - 1]}\n+{new[at - 1]}\n" if at == line else f" {old[at - 1]}\n" for at in range(low, high + 1)]
    span = f"{low},{high - low + 1}"
    return f"--- {tops[0]}{path}\n+++ {tops[1]}{path}\n@@ -{span} +{span} @@\n{''.join(body)}".encode()


def draft() -> Draft:
    """Return a branch of which XSA-2 needs a commit and XSA-3 none, and that had a file once."""
    made = Draft()
    made.commit("root", {FILE: numbered(20), LIBXL: numbered(20), "extras/old.c": numbered(20), "Makefile": b"all:\n"})
    made.commit("drop it", {"extras/old.c": None})
    made.release("1.0.1", {"version": b"1.0.1\n"})
    made.commit("prepare", {FILE: numbered(20, {5: "prepared"})})
    made.commit("use it\n\nThis is XSA-2.", {FILE: numbered(20, {5: "used"})})
    made.commit("libxl\n\nThis is XSA-3.", {LIBXL: numbered(20, {5: "fixed"})})
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return draft().write(tmp_path / "clone")


def put(place: Place, files: Mapping[str, bytes]) -> list[str]:
    folder = place.folder.parent / "in"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in files]


def taken(place: Place, files: Mapping[str, bytes]) -> Answer:
    return place.run("import", *put(place, files))


def checked(place: Place, *words: str) -> dict[str, object]:
    """Return the answer for the release."""
    done = place.run("check", "--onto", RELEASE, "--json", *words)
    [found] = json.loads(done.out)["results"]
    return {"status": done.status, **found}


def other(paths: list[str], place: Place) -> str:
    """Return for which tree a patch of these files is."""
    with Repository(place.folder) as repository:
        trees = Trees(repository, [place.git("rev-parse", RELEASE + "^{}"), place.git("rev-parse", "stable-1.0")])
        [patch] = parse_patches(Path("x.patch"), b"".join(map(diff, paths)))
        return trees.other(trees.fitted(patch))


@pytest.mark.parametrize(
    ("paths", "tree"),
    [
        ([FILE], ""), (["Makefile"], ""), (["extras/old.c"], ""), (["xen/common/other.c"], ""),
        (["hw/net/e1000.c", "Makefile"], "QEMU"), (["tools/qemu-xen/hw/ide/core.c"], "QEMU"), (["net/net.c"], "QEMU"),
        (["tools/qemu-xen-traditional/hw/ide.c"], "QEMU"), (["drivers/net/xen-netback/netback.c"], "Linux"),
        (["arch/x86/xen/mmu.c", "include/xen/grant_table.h"], "Linux"), (["src/libxl/libxl_driver.c"], "libvirt"),
        (["extras/mini-os/blkfront.c"], "mini-os"), (["blkfront.c"], "mini-os"), (["ocaml/xapi/xapi_vm.ml"], "XAPI"),
        (["OvmfPkg/XenBusDxe/XenBus.c"], "OVMF"), (["sys/dev/xen/netback/netback.c"], "FreeBSD"),
        (["sys/arch/xen/xen/xbd.c"], "NetBSD"), (["src/hw/blockcmd.c"], "SeaBIOS"), (["lib/thing/odd.rs"], "Linux"),
        (["strange/thing/odd.rs"], "another tree"), (["common/x.c"], ""),
    ],
)  # fmt: skip
def test_tree_of_paths(paths: list[str], tree: str, place: Place) -> None:
    """``common/x.c`` is a patch that was made inside ``xen/``: it fits nowhere, but concerns this tree."""
    assert other(paths, place) == tree


def test_new_files_are_told_by_their_folders(place: Place) -> None:
    new = b"--- /dev/null\n+++ b/%b\n@@ -0,0 +1 @@\n+new\n"
    with Repository(place.folder) as repository:
        trees = Trees(repository, [place.git("rev-parse", "stable-1.0")])
        for path, tree in {
            b"xen/common/new.c": "", b"xen/new/new.c": "", b"new.c": "", b"hw/xen/new.c": "QEMU",
            b"drivers/xen/new.c": "Linux",
        }.items():  # fmt: skip
            assert trees.other(parse_patches(Path("x"), new % path)[0]) == tree
        made = parse_patches(Path("x"), new % b"strange/new.c" + b"\nSubject: next\n\n" + diff("strange/new.c"))
        own, others = trees.sort_out(made)
        assert (len(own), others) == (0, others)
        made = parse_patches(Path("x"), new % b"xen/fresh/new.c" + b"\nSubject: next\n\n" + diff("xen/fresh/new.c"))
        assert (len(trees.sort_out(made)[0]), trees.sort_out(made)[1]) == (2, ())


QEMU = {"xsa7.patch": diff("hw/net/e1000.c")}


@pytest.mark.parametrize("named", [True, False])
def test_another_tree_is_listed_and_never_counted(named: bool, place: Place) -> None:
    """By its paths: the name says nothing.  It was said to conflict with every commit of the branch."""
    told = taken(place, {**QEMU, "xsa3.patch": place.patch(6)}).err
    assert "note: QEMU: not judged: the paths in xsa7.patch are of that tree\n" in told
    assert "xsa3.patch" not in told
    words = ["--xsa", "3,7"] if named else []
    found = checked(place, *words)

    assert (found["status"], found["state"]) == (1, "needs-prerequisites") if not named else (0, "applies")
    assert found["not_judged"] == [{"file": "xsa7.patch", "tree": "QEMU", "xsa": 7}]
    assert [one["id"] for one in found["queue"]].count("xsa7.patch") == 0  # type: ignore[attr-defined]
    assert 7 not in found["xsa"]  # type: ignore[operator]
    assert "QEMU: not judged: xsa7.patch (XSA-7)" in place.run("check", "--onto", RELEASE, *words).out


def test_another_tree_alone(place: Place) -> None:
    taken(place, QEMU)
    found = checked(place, "--xsa", "7")
    assert (found["status"], found["state"]) == (0, "no-patches")
    for words in (("prereqs", "--xsa", "7"), ("export", "--xsa", "7")):
        done = place.run(words[0], "--onto", RELEASE, *words[1:])
        assert "can't be applied" not in done.out + done.err


def test_files_for_another_tree_do_not_keep_the_others_back(place: Place, tmp_path: Path) -> None:
    files = put(place, {**QEMU, "xsa3.patch": place.patch(6)})
    found = json.loads(place.run("prereqs", "--onto", RELEASE, "--json", *files).out)
    assert (found["state"], [one["id"] for one in found["patches"]]) == ("applies", ["xsa3.patch"])
    assert found["not_judged"] == [{"file": "xsa7.patch", "tree": "QEMU", "xsa": None}]
    done = place.run("export", "--onto", RELEASE, "-o", str(tmp_path / "out"), *files)
    assert (done.status, "QEMU: not judged: xsa7.patch" in done.out) == (0, True)
    assert [path.name for path in (tmp_path / "out").glob("*.patch")] == ["0001-xsa3.patch"]
    done = place.run("prereqs", "--onto", RELEASE, files[0])
    assert (done.status, "QEMU: not judged: xsa7.patch" in done.out) == (1, True)


def test_named_after_another_tree_but_for_this_one(place: Place) -> None:
    """``xsa266-libxl-qemu_disk.patch``, and oxenstored, which is a part of Xen."""
    taken(
        place, {"xsa8-qemu.patch": diff(LIBXL), "xsa9-oxenstored.patch": diff(FILE), "xsa9-linux.patch": diff("fs/x.c")}
    )
    found = checked(place, "--xsa", "8,9")
    assert [one["id"] for one in found["patches"]] == ["xsa8-qemu.patch", "xsa9-oxenstored.patch"]  # type: ignore[attr-defined]
    assert found["not_judged"] == [{"file": "xsa9-linux.patch", "tree": "Linux", "xsa": 9}]


LEVELS = {
    "p0": ("", ""), "p1": ("xen-4.17.2.orig/", "xen-4.17.2/"), "p2": ("a/xen-4.17.2/", "b/xen-4.17.2/"),
    "p3": ("../src/xen.orig/", "../src/xen/"),
}  # fmt: skip


@pytest.mark.parametrize("tops", LEVELS.values(), ids=LEVELS)
def test_folders_before_the_names(tops: tuple[str, str], place: Place, tmp_path: Path) -> None:
    """A patch for ``-p0`` was said to be for a file that is not there; the export writes one for ``-p1``."""
    taken(place, {"xsa9.patch": diff(LIBXL, tops=tops)})
    assert [one["id"] for one in checked(place, "--xsa", "9")["queue"]] == ["xsa9.patch"]  # type: ignore[attr-defined]
    out = tmp_path / "out"
    done = place.run("export", "--onto", RELEASE, "--xsa", "9", "--format", "quilt", "-o", str(out))
    assert done.status == 0
    place.git("checkout", "-q", "--detach", RELEASE)
    for name in (out / "patches/series").read_text().split():
        place.git("apply", str(out / "patches" / name))
    assert (place.folder / LIBXL).read_bytes() == numbered(20, {12: "new"})


def test_pkgsrc_patch_is_its_commit(place: Place) -> None:
    """``patch-XSA2``, for ``-p0``, with ``.orig``: it hid the commit, and all was said to conflict."""
    text = b"".join(
        line for line in place.patch(5).splitlines(keepends=True) if not line.startswith((b"diff", b"index"))
    )
    taken(
        place,
        {
            "patch-XSA2": text.replace(b"--- a/" + FILE.encode(), b"--- " + FILE.encode() + b".orig").replace(
                b"+++ b/", b"+++ "
            )
        },
    )
    found = checked(place, "--xsa", "2")
    assert [one["id"] for one in found["queue"]] == [place[4], place[5]]  # type: ignore[attr-defined]


# Never worse than before


def nowhere() -> dict[str, bytes]:
    """Return files of XSA-2 that fit nowhere, by the reason."""
    return {
        "other lines": diff(FILE, 15).replace(b" 13\n", b" other\n"),
        "no such file": diff("xen/common/none.c"),
        "damaged": diff(FILE)[:-5],
        "not a patch": b"words\n",
        "another tree": diff("hw/x.c"),
    }


@pytest.mark.parametrize("why", ["other lines", "no such file", "damaged", "not a patch", "another tree"])
@pytest.mark.parametrize("more", [{}, {"xsa3.patch": diff(LIBXL, 15)}], ids=["alone", "with others"])
def test_files_that_fit_nowhere_leave_the_answer_as_it_was(
    why: str, more: dict[str, bytes], place: Place, sealed: Path
) -> None:
    """Before the import the branch's commits were used; afterwards nothing was said to help."""
    before = checked(place, "--xsa", "2")
    taken(place, {"xsa2.patch": place.patch(5), **more})
    [path] = sealed.rglob("xsa2.patch")
    path.write_bytes(nowhere()[why])
    after = checked(place, "--xsa", "2")

    assert [after[key] for key in ("status", "state", "queue", "prerequisites")] == [
        before[key] for key in ("status", "state", "queue", "prerequisites")
    ]
    if why != "another tree":
        told = after["advisories"][0]  # type: ignore[index]
        assert (told["basis"], told["patches"]) == ("branch", [])
        assert "the commits that stable-1.0 marks as XSA-2 are used instead" in told["remark"]
        assert "are used instead" in place.run("check", "--onto", RELEASE, "--xsa", "2").out
    together = checked(place)
    assert (together["status"], {2, 3} <= set(together["xsa"])) == (1, True)  # type: ignore[call-overload]
