"""A package is the old one or the new one at every moment, and one that is not to be trusted is left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from repositories import Answer, Place, fixed_before, numbered, run

from git_xsa.cli import export_into
from git_xsa.export.into.problems import PackageRefused
from git_xsa.export.into.write import REMAINS, PackageChange, recover, write

RELEASE = "RELEASE-1.0.0"
SPEC = "Name: xen\nVersion: 1.0.0\nSource0: xen.tar\n{}\n%prep\n%autosetup -p1\n%changelog\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    draft = fixed_before()
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(9, {5: "other"})})
    return draft.write(tmp_path / "clone")


def into(place: Place, listed: Path, *words: str) -> Answer:
    return run(place.folder, "export", "--into", str(listed), *words)


def below(top: Path) -> dict[str, str]:
    return {str(p.relative_to(top)): p.read_text() for p in sorted(top.rglob("*")) if p.is_file()}


def spec(place: Place, top: Path) -> Path:
    (top / "SOURCES").mkdir(parents=True)
    (top / "SPECS").mkdir()
    (top / "SOURCES/merged.patch").write_bytes(place.patch(2))
    (top / "SPECS/xen.spec").write_text(SPEC.format("Patch1: merged.patch"))
    return top


def debian(place: Place, top: Path) -> Path:
    (top / "debian/patches").mkdir(parents=True)
    (top / "debian/patches/merged.patch").write_bytes(place.patch(2))
    (top / "debian/patches/series").write_text("merged.patch\n")
    (top / "debian/rules").write_text("#!/usr/bin/make -f\n")
    (top / "debian/rules").chmod(0o755)
    (top / "debian/copyright").symlink_to("rules")
    (top / "debian/changelog").write_text(
        "xen (1.0.0-1) unstable; urgency=medium\n\n  * Words.\n\n -- P <p@x.org>  Tue, 29 Sep 2026 12:00:00 +0000\n"
    )
    return top


# Killed at every moment

#: Changes a package over and over, killed one moment later each time; prints how that ended, what is there then, and
#: what is there after the next run has looked at it.
EVERY_MOMENT = """
import builtins, json, os, shutil, signal, sys
from pathlib import Path
from git_xsa.export.into import write as module
from git_xsa.export.into.write import PackageChange, recover, write
place, old = Path(sys.argv[1]), Path(sys.argv[2])
told = json.loads(sys.stdin.read())
before, after = ({n: t if t is None else t.encode() for n, t in one.items()} for one in told)
count, me, moment = 0, None, 0

def counted(function):
    def call(*words, **more):
        global count
        if os.getpid() == me:
            count += 1
            if count == moment:
                os.kill(me, signal.SIGKILL)
        return function(*words, **more)
    return call

def found():
    return {str(p.relative_to(place)): p.read_text() for p in place.rglob("*") if p.is_file()}

while True:
    moment += 1
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(old, place, symlinks=True)
    child = os.fork()
    if not child:
        me = os.getpid()
        for name in ("open", "mkdir", "rename", "link", "fsync", "chmod", "unlink", "rmdir", "close", "write"):
            setattr(os, name, counted(getattr(os, name)))
        module.exchange = counted(module.exchange)
        builtins.open = counted(builtins.open)
        write(PackageChange(place, before, after, frozenset(n for n in after if n.endswith(("list", "log")))), False)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    first = found()
    recover(place)
    print(json.dumps([status, first, found(), [n for n in os.listdir(place) if n.startswith(".")]]))
    if status != -signal.SIGKILL:
        break
"""

ONE = ({"list": "a\nb\n", "a": "A\n", "files/c": None}, {"list": "b\nfiles/c\n", "a": None, "files/c": "C\n"})
SEVERAL = (
    {"d/list": "a\nb\n", "d/log": "old\n", "d/a": "A\n", "d/c": None},
    {"d/list": "b\nc\n", "d/log": "new\nold\n", "d/a": None, "d/c": "C\n"},
)


#: The list is made, too: a Debian package that had no patches.
NEW_LIST = ({"d/list": None, "d/log": "old\n", "d/c": None}, {"d/list": "c\n", "d/log": "new\nold\n", "d/c": "C\n"})


@pytest.mark.parametrize(
    "change", [ONE, SEVERAL, NEW_LIST], ids=["one list", "a list and a changelog", "a new list and a changelog"]
)
def test_killed_at_any_moment(change: tuple[dict[str, str | None], dict[str, str | None]], tmp_path: Path) -> None:
    """What the list names is there with the right contents, and a changelog belongs to its list."""
    before, after = change
    old = tmp_path / "old"
    for name, text in {**before, ("d/b" if "d/log" in before else "b"): "B\n"}.items():
        if text is not None:
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", EVERY_MOMENT, str(tmp_path / "place"), str(old)],
        input=json.dumps(change), capture_output=True, check=True, text=True,
    )  # fmt: skip
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert [status for status, *_ in moments] == [-signal.SIGKILL] * (len(moments) - 1) + [0]
    assert len(moments) > 20
    kept = {name: text for name, text in before.items() if text is not None}
    made = {name: text for name, text in after.items() if text is not None}
    listing = "d/list" if "d/list" in before else "list"
    seen = []
    for _, first, second, hidden in moments:
        is_new = first.get(listing) == after[listing]
        seen.append(is_new)
        wanted = made if is_new else kept
        assert wanted.items() <= first.items()
        assert {n: t for n, t in second.items() if n not in ("b", "d/b")} == wanted, "the next run leaves nothing else"
        assert hidden == []
    assert seen == sorted(seen)
    assert set(seen) == {False, True}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [spec, debian])
def test_the_whole_command_is_killed(kind: object, place: Place, tmp_path: Path) -> None:
    top = (spec if kind is spec else debian)(place, tmp_path / "package")
    words = ["--drop-merged", "--into", str(top)]
    fresh = (spec if kind is spec else debian)(place, tmp_path / "fresh")
    assert into(place, fresh, "--drop-merged").status == 0
    before, after = below(top), below(fresh)
    for number in (1, 3, 5, 7):
        inject = f"inject=rename,renameat2,linkat,unlinkat,unlink,link:signal=SIGKILL:when={number}"
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=none", "-e", inject]
        try:
            subprocess.run(
                [*strace, sys.executable, "-m", "git_xsa", "export", *words],
                cwd=place.folder, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": os.getcwd()},
            )  # fmt: skip
        except FileNotFoundError:
            pytest.skip("strace is not installed")
    assert into(place, top, "--drop-merged").status in (0, 1)
    found = below(top)
    assert {n: t for n, t in found.items() if "changelog" not in n} == {
        n: t for n, t in after.items() if "changelog" not in n
    }
    assert found != before
    assert not (top / REMAINS).exists()


@pytest.mark.parametrize("kind", [spec, debian])
def test_modes_and_links_stay(kind: object, place: Place, tmp_path: Path) -> None:
    top = (spec if kind is spec else debian)(place, tmp_path / "package")
    (listed,) = [p for n in ("SPECS/xen.spec", "debian/patches/series") if (p := top / n).is_file()]
    listed.chmod(0o664)
    assert into(place, top).status == 1  # its fix of XSA-2 is in the release
    assert listed.stat().st_mode & 0o777 == 0o664
    if kind is debian:
        assert (top / "debian/rules").stat().st_mode & 0o777 == 0o755
        assert os.readlink(top / "debian/copyright") == "rules"


def test_a_package_that_changes_meanwhile(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = spec(place, tmp_path / "package")

    def slower(change: PackageChange, private: bool) -> None:
        (top / "SPECS/xen.spec").write_text("theirs\n")
        write(change, private)

    monkeypatch.setattr(export_into, "write", slower)
    done = into(place, top)
    assert (done.status, "xen.spec was changed meanwhile" in done.err) == (128, True)
    assert below(top).keys() == {"SPECS/xen.spec", "SOURCES/merged.patch"}


def test_what_may_be_under_embargo(place: Place, tmp_path: Path) -> None:
    """A package is pushed as easily as a branch; what is written all the same is for the user alone."""
    top = tmp_path / "package"
    top.mkdir()
    (top / "series").write_text("")
    fix = tmp_path / "secret.patch"
    fix.write_bytes(place.patch(4).replace(b"+fixed", b"+fixed in secret"))
    words = ("export", "--onto", RELEASE, "--into", str(top))
    refused = run(place.folder, *words, str(fix))
    assert (refused.status, "give --embargoed twice" in refused.err) == (129, True)
    assert below(top) == {"series": ""}
    assert run(place.folder, *words, "--embargoed", "--embargoed", str(fix)).status == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in top.iterdir()} == {
        "series": 0o600, "0001-secret.patch": 0o600,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [spec, debian])
def test_nobody_has_to_write_a_changelog(
    kind: object, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "DEBFULLNAME", "DEBEMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    top = (spec if kind is spec else debian)(place, tmp_path / "package")
    done = into(place, top)
    assert (done.status, "nothing says who writes the changelog" in done.err) == (128, True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/series").write_text("")
    assert run(place.folder, "export", "--onto", RELEASE, "--into", str(tmp_path / "other")).status == 0


# Packages that are not to be trusted


def hostile(text: str) -> str:
    return SPEC.format(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (hostile("Patch1: %(touch ran).patch"), "which is not there"),
        (hostile("Patch1: ../../escaped.patch"), "which is not there"),
        (hostile("%global x %(touch ran)\nPatch1: %{x}/../../escaped.patch"), "which is not there"),
        (hostile('Patch1: %{lua: os.execute("touch ran")}'), "not plain"),
        (hostile("Patch1: %{name}.patch\n%{lua: os.execute('touch ran')}"), "can't be read"),
        (
            hostile(
                "%global a xxxxxxxx\n"
                + "".join(f"%global a{n} %{{a}}%{{a}}\n%global a %{{a{n}}}\n" for n in range(60))
                + "Patch1: %{a}.patch"
            ),
            "",
        ),
        (hostile("".join(f"Patch{n}: x.patch\n" for n in range(9_000))), "lists 9,000 patches"),
        ("Name: xen\n" + "#" * (5 << 20), "is too large for a list of patches"),
        (hostile("").replace("%autosetup -p1", "make"), "nothing in the spec applies its patches"),
    ],
    ids=range(9),  # some pytest puts the texts into the environment
)
def test_a_spec_that_is_refused(text: str, words: str, place: Place, tmp_path: Path) -> None:
    top = tmp_path / "package"
    top.mkdir()
    (tmp_path / "escaped.patch").write_bytes(place.patch(2))
    (top / "xen.spec").write_text(text)
    before = below(tmp_path / "package")
    done = run(place.folder, "export", "--onto", RELEASE, "--into", str(top))
    assert done.status == 128, done.out
    assert words in done.err
    assert below(top) == before
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize("kind", ["ebuild", "spec", "debian"])
def test_a_link_in_the_place_of_a_folder_for_new_files(kind: str, place: Place, tmp_path: Path) -> None:
    """The list names no patch, so nothing that was read shows where the new ones would go."""
    top, outside = tmp_path / "package", tmp_path / "outside"
    outside.mkdir()
    if kind == "ebuild":
        top.mkdir()
        (top / "files").symlink_to(outside)
        listed = top / "xen-1.0.0.ebuild"
        listed.write_text("EAPI=8\nPATCHES=(\n)\n")
    elif kind == "spec":
        (top / "SPECS").mkdir(parents=True)
        (top / "SOURCES").symlink_to(outside)
        listed = top / "SPECS/xen.spec"
        listed.write_text(SPEC.format(""))
    else:
        listed = debian(place, top)
        shutil.rmtree(top / "debian/patches")
        (top / "debian/patches").symlink_to(outside)
    before = below(top)
    done = into(place, listed)
    assert (done.status, "link" in done.err) == (128, True)
    assert [*outside.iterdir()] == []
    assert below(top) == before


def test_a_pipe_beside_the_changelog(place: Place, tmp_path: Path) -> None:
    """The folder is copied to be changed; what has no end is not."""
    top = debian(place, tmp_path / "package")
    os.mkfifo(top / "debian/pipe")
    before = below(top)
    done = into(place, top)
    assert (done.status, "debian/pipe is not a plain file" in done.err) == (128, True)
    assert below(top) == before
    assert not (top / REMAINS).exists()


@pytest.mark.parametrize("link", ["SPECS", "SOURCES", "SPECS/xen.spec", "SOURCES/merged.patch", "named"])
def test_links_out_of_a_package_are_not_followed(link: str, place: Place, tmp_path: Path) -> None:
    top, outside = spec(place, tmp_path / "package"), tmp_path / "outside"
    if link == "named":  # a file of the queue's has the name of a link
        (top / "SOURCES/0002-xsa3-fix.patch").symlink_to(outside)
        assert into(place, top).status == 1
        assert (top / "SOURCES/0002-xsa3-fix.patch").is_symlink()
        assert "0002-xsa3-fix-2.patch" in (top / "SPECS/xen.spec").read_text()
        assert not outside.exists()
        return
    (top / link).rename(outside)
    (top / link).symlink_to(outside)
    before = below(outside) if outside.is_dir() else outside.read_text()
    done = into(place, top)
    assert (done.status, "link" in done.err) == (128, True)
    assert (below(outside) if outside.is_dir() else outside.read_text()) == before


def test_remains_that_are_none_of_ours(place: Place, tmp_path: Path) -> None:
    top, outside = spec(place, tmp_path / "package"), tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (top / REMAINS).symlink_to(outside)
    done = into(place, top)
    assert (done.status, "was not made by git xsa-export" in done.err) == (128, True)
    assert (outside / "kept").exists()


@pytest.mark.parametrize("held", ["SOURCES", "list", f"{'0' * 64}/x", "0"])
def test_remains_without_a_journal_came_with_the_package(held: str, place: Place, tmp_path: Path) -> None:
    """They were removed as those of a run that was killed early; nothing but this user's seal says so."""
    top = spec(place, tmp_path / "package")
    (top / REMAINS / held).parent.mkdir(parents=True)
    (top / REMAINS / held).write_text("somebody's work")
    before = below(top)
    done = into(place, top)
    assert (done.status, f"{REMAINS} was not made by git xsa-export" in done.err) == (128, True)
    assert "move it away" in done.err
    assert below(top) == before


def test_an_empty_folder_is_no_obstacle(place: Place, tmp_path: Path) -> None:
    top = spec(place, tmp_path / "package")
    (top / REMAINS).mkdir()
    assert into(place, top).status == 1
    assert not (top / REMAINS).exists()


@pytest.mark.parametrize(
    "journal",
    ['{"list": "../outside", "sum": null, "adds": {"../outside": "x"}, "drops": {}, "folders": []}', "[]", "{"],
)
def test_a_journal_that_was_forged(journal: str, place: Place, tmp_path: Path) -> None:
    """A package can come with remains of a run that never was: nothing outside is touched."""
    top, outside = spec(place, tmp_path / "package"), tmp_path / "outside"
    outside.write_text("kept")
    (top / REMAINS).mkdir()
    (top / REMAINS / "journal.json").write_text(journal)
    done = into(place, top)
    assert (done.status, "inspect it" in done.err) == (128, True)
    assert outside.read_text() == "kept"


@pytest.mark.parametrize("victim", [".git/HEAD", "SOURCES/merged.patch"])
def test_a_journal_that_comes_with_a_package(victim: str, place: Place, tmp_path: Path) -> None:
    """It names files of the package with their right sums, but it is not this user's: none of them goes."""
    top = spec(place, tmp_path / "package")
    (top / ".git").mkdir()
    (top / ".git/HEAD").write_text("ref: refs/heads/main\n")
    adds = {victim: sha256((top / victim).read_bytes()).hexdigest()}
    (top / REMAINS).mkdir()
    journal = {"listing": "", "sum": "", "adds": adds, "drops": {}, "folders": []}
    (top / REMAINS / "journal.json").write_text(json.dumps(journal))
    before = below(top)
    done = into(place, top)
    assert (done.status, str(top / REMAINS) in done.err) == (128, True)
    assert below(top) == before


def test_a_journal_that_was_copied_from_another_package(tmp_path: Path) -> None:
    """What a run left in one package is not obeyed in another, though this user's run wrote it."""
    top, other = tmp_path / "package", tmp_path / "other"
    top.mkdir()
    (top / "series").write_text("")
    words = "import os, sys; from pathlib import Path; from git_xsa.export.into import write as m\n"
    words += "m._put = lambda *_: os.kill(os.getpid(), 9)\n"
    words += "old, new = {'series': b'', 'x': None}, {'series': b'x', 'x': b'x'}\n"
    words += "m.write(m.PackageChange(Path(sys.argv[1]), old, new, frozenset(['series'])), False)"
    killed = subprocess.run([sys.executable, "-c", words, str(top)], check=False)
    assert killed.returncode == -signal.SIGKILL
    shutil.copytree(top, other)
    (other / "x").write_text("x")
    with pytest.raises(PackageRefused, match="was not made by git xsa-export of this user"):
        recover(other)
    assert (other / "x").read_text() == "x"
    recover(top)
    assert below(top) == {"series": ""}


@pytest.mark.parametrize(
    "text", ["", "prepare.patch -R\n", "/etc/passwd\n", "a/../../x.patch\n", "$(touch ran).patch\n"]
)
def test_a_series_that_is_refused(text: str, place: Place, tmp_path: Path) -> None:
    top = tmp_path / "package"
    top.mkdir()
    (top / "series").write_text(text)
    done = run(place.folder, "export", "--onto", RELEASE, "--into", str(top))
    assert done.status == (0 if not text else 128)
    assert not list(tmp_path.rglob("ran"))


def test_what_is_no_package(place: Place, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/x.patch").write_bytes(place.patch(2))
    for where in ("folder", "folder/x.patch", "nowhere"):
        done = into(place, tmp_path / where)
        assert (done.status, "is not a package that can be edited" in done.err or "not a list" in done.err) == (
            129,
            True,
        ), where
    for words in (("-o", "x"), ("--verify", "x"), ("--base-patches", "x"), ("--force",)):
        assert into(place, tmp_path, *words).status == 129
    assert run(place.folder, "export", "--onto", RELEASE, "--dry-run").status == 129
    assert into(place, spec(place, tmp_path / "package"), "--format", "debian").status == 129


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "xen (1.0.0-1\n" * 9_000, "xen (1.0.0-1) u; urgency=low\n" * 9_000, "  * x\n" * 9_000, "\xff\n"],
    ids=range(6),  # some pytest puts the texts into the environment
)
def test_a_changelog_that_is_none(text: str, place: Place, tmp_path: Path) -> None:
    top = debian(place, tmp_path / "package")
    (top / "debian/changelog").write_text(text, encoding="latin-1")
    refused = into(place, top)
    assert (refused.status, "does not name its release in plain words" in refused.err) == (128, True)
    for more in ((), ("--package-version", "2.0-1")):
        done = run(place.folder, "export", "--onto", RELEASE, "--into", str(top), *more)
        assert done.status == (128 if not more or text.strip() else 1), done.err
        assert "internal error" not in done.err


@pytest.mark.parametrize("version", ["1.0.0-" + "9" * 5_000, "1.0.0+" + "9" * 5_000 + "-1"])
@pytest.mark.parametrize("words", [(), ("--package-version", "1.0.0-2")])
def test_a_changelog_with_a_number_that_is_none(
    version: str, words: tuple[str, ...], place: Place, tmp_path: Path
) -> None:
    top = debian(place, tmp_path / "package")
    log = top / "debian/changelog"
    log.write_text(log.read_text().replace("1.0.0-1", version))
    before = below(top)
    done = into(place, top, *words)
    assert "internal error" not in done.err
    assert (done.status, below(top)) == (128, before)


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_conflict_is_named_also_if_there_is_nothing_to_show(
    words: tuple[str, ...], place: Place, tmp_path: Path
) -> None:
    """``a.c`` of the package differs where XSA-3 changes it: nothing goes in, and that must not look like an answer."""
    package = spec(place, tmp_path / "package")
    own = b"--- a/a.c\n+++ b/a.c\n@@ -9,3 +9,3 @@\n line 9\n-line 10\n+ours\n line 11\n"
    (package / "SOURCES/own.patch").write_bytes(own)
    (package / "SPECS/xen.spec").write_text(SPEC.format("Patch1: own.patch"))

    done = into(place, package, *words)
    assert done.status == 2
    assert "XSA-3" in done.out + done.err
    assert "hint: use --keep-going" in done.err
    assert "git xsa-resolve" in done.err
