"""kill -9 at any change that a command makes: what is there is the old or the new, and the next command sweeps."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from advisory_texts import advisory
from repositories import Answer, Place, git, run, story

from git_xsa.advisory.editions import Library
from git_xsa.advisory.store import Store
from git_xsa.embargo import installed_hooks as hooks
from git_xsa.export.folder import MANIFEST

#: What Python tells of before it does it (sys.audit), of what changes a file or a folder, or starts a program that may.
CHANGES = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate", "os.fork",
     "os.posix_spawn", "subprocess.Popen", "fcntl.flock", "os.utime"}
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
#: How often each command is killed, at places all over its run; GIT_XSA_KILLS=all: at each change that it makes.
KILLS = os.environ.get("GIT_XSA_KILLS", "5")
HIDDEN = re.compile(r"\.new-|\.git-xsa-|\.(?:pre-push|reference-transaction|git-xsa\.manifest)[^/]*\.\d|index\.git-xsa")
#: Text that is under embargo, so that no file may have it under a hidden name.
PARTS = ("xsa500/one.patch", "xsa500/two.patch")


def changes(do: Callable[[], object], last: int = sys.maxsize) -> int | None:
    """``do`` in a process of its own that is killed before its change number ``last``, counted from 0.

    Returns how many changes it made, ``None`` when it was killed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        made, me = 0, os.getpid()

        def count(event: str, given: tuple[object, ...]) -> None:
            nonlocal made
            if event not in CHANGES and not (event == "open" and isinstance(given[2], int) and given[2] & WRITING):
                return
            if os.getpid() != me:
                return
            if made == last:
                os.kill(me, signal.SIGKILL)
            made += 1

        try:
            sys.addaudithook(count)
            do()
            os.write(writing, str(made).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as told:
        found = told.read()
    assert os.waitpid(child, 0)[1] in (0, signal.SIGKILL)
    return int(found) if found else None


def kills(do: Callable[[], object]) -> list[int]:
    """Return at which changes of ``do`` it is to be killed, the last one at its end."""
    count = changes(do)
    assert count is not None, "it ends"
    assert count > 5, "it changes something"
    steps = range(count + 1) if KILLS == "all" else sorted({count * n // int(KILLS) for n in range(int(KILLS) + 1)})
    print(f"killed at {len(steps)} of {count + 1} places")
    return [*steps]


def hidden(*folders: Path) -> list[str]:
    """Return the names of files in ``folders`` that only a writer should see, and only for a moment."""
    return [str(path) for top in folders for path in top.rglob("*") if HIDDEN.search(path.name) and path.is_file()]


class World:
    """A repository and a store, as they are at the beginning of each attempt."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.place = story().write(folder / "clone")
        self.store = folder / "store"
        git(folder, "config", "--file", str(home / ".gitconfig"), "xsa.store", str(self.store))
        self._saved = folder / "saved"

    def save(self) -> None:
        """Remember how repository and store are."""
        for name in ("clone", "store"):
            shutil.copytree(self.folder / name, self._saved / name, symlinks=True)

    def restore(self) -> None:
        """Have repository and store as they were when they were saved."""
        for name in ("clone", "store"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(self._saved / name, self.folder / name, symlinks=True)

    def __call__(self, *words: str) -> Answer:
        return run(self.place.folder, *words)

    def is_well(self, *words: str) -> Answer:
        """Run a command that must not fail for a reason of its own."""
        answer = self(*words)
        assert answer.status in (0, 1), answer.err
        assert "internal" not in answer.err
        return answer


@pytest.fixture
def world(tmp_path: Path, sealed: Path) -> World:
    return World(tmp_path, sealed)


def given(place: Place, folder: Path) -> str:
    """Return a folder with an advisory whose two patches are those of XSA-2 and XSA-4."""
    patches = (re.sub(rb"XSA-[24]", b"XSA-500", place.patch(number)) for number in (6, 9))
    parts = dict(zip(PARTS, patches, strict=True))
    text = advisory(500, rows=[("xsa500/*.patch", "xen-unstable")], files=parts)
    (folder / "in" / "xsa500").mkdir(parents=True)
    for name, content in {**parts, "advisory-500.txt": text}.items():
        (folder / "in" / name).write_bytes(content)
    return str(folder / "in")


@pytest.mark.parametrize("text", [True, False])
def test_import(text: bool, world: World, tmp_path: Path) -> None:
    source = given(world.place, tmp_path)
    if not text:
        (tmp_path / "in" / "advisory-500.txt").unlink()
        for name in PARTS:
            (tmp_path / "in" / name).rename(tmp_path / "in" / "xsa500" / f"xsa500-{name[7:]}")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "xsa400.patch").write_bytes(world.place.patch(9).replace(b"XSA-4", b"XSA-400"))
    assert world("import", str(tmp_path / "old")).status == 0
    world.save()

    seen = set()
    for step in kills(lambda: world("import", source)):
        world.restore()
        changes(lambda: world("import", source), step)
        editions = Library(Store(world.store)).editions(500)
        seen.add((len(editions), len(editions[0].paths) if editions else 0))
        world.is_well("check", "--onto", "RELEASE-1.0.1")
        world.is_well("check", "--xsa", "500", "--onto", "RELEASE-1.0.1")
        world.is_well("embargo", "list")
        assert world("import", source).err.count("error") == 0
        assert len(Library(Store(world.store)).editions(500)[0].paths) == 2
        assert hidden(world.store) == []
        assert [*world.store.rglob("*unfinished")] == []
    assert seen == {(0, 0), (1, 2)}


def test_files_that_come_later_are_added_all_at_once(world: World, tmp_path: Path) -> None:
    source = given(world.place, tmp_path)
    world("import", f"{source}/advisory-500.txt")
    world.save()
    seen = set()
    for step in kills(lambda: world("import", source)):
        world.restore()
        changes(lambda: world("import", source), step)
        [edition] = Library(Store(world.store)).editions(500)
        seen.add(len(edition.paths))
        world.is_well("check", "--xsa", "500", "--onto", "RELEASE-1.0.1")
    assert seen == {0, 2}


def test_an_unfinished_import_gives_way_to_another_text(world: World, tmp_path: Path) -> None:
    source = given(world.place, tmp_path)
    count = changes(lambda: world("import", source))
    assert count is not None
    for back in range(1, count):  # until text and patches are there, and nothing says yet that they are
        shutil.rmtree(world.store)
        changes(lambda: world("import", source), count - back)
        if not Library(Store(world.store)).numbers():
            break
    left = [path.name for path in world.store.rglob("*") if path.is_file()]
    assert {"one.patch", "two.patch", "advisory.txt"} <= {*left}
    (tmp_path / "in" / "advisory-500.txt").write_bytes(advisory(500, title="another"))
    shutil.rmtree(tmp_path / "in" / "xsa500")
    world("import", source)
    [edition] = Library(Store(world.store)).editions(500)
    assert (edition.advisory and edition.advisory.title, edition.paths) == ("another", [])
    assert not [*world.store.rglob("*.patch")]


def test_embargo(world: World, tmp_path: Path) -> None:
    world("import", given(world.place, tmp_path))
    world.save()
    add = ("embargo", "add", "500", "--until", "2099-12-28")
    for step in kills(lambda: world(*add)):
        world.restore()
        changes(lambda: world(*add), step)
        world.is_well("embargo", "list")
        world(*add)
        assert "XSA-500" in world.is_well("embargo", "list").out
        assert world("embargo", "lift", "500", "--reason", "over").status == 0
        assert hidden(world.store) == []


def test_sync(world: World, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "master", "shared")
    for name in ("store", "other"):
        git(tmp_path, "clone", "--quiet", "shared", name)
        (tmp_path / name).chmod(0o700)

    def other(*words: str) -> Answer:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in (("COUNT", "1"), ("KEY_0", "xsa.store"), ("VALUE_0", str(tmp_path / "other"))):
                patched.setenv(f"GIT_CONFIG_{name}", value)
            return world(*words)

    until = ("--until", "2099-12-28")
    for words in (("add", "500", *until), ("sync",)):
        assert other("embargo", *words).status == 0
    assert world("embargo", "sync").status == 0
    assert other("embargo", "add", "501", *until).status == 0
    assert other("embargo", "sync").status == 0
    assert world("embargo", "add", "502", *until).status == 0
    world.save()
    shutil.copytree(shared, tmp_path / "kept")
    for step in kills(lambda: world("embargo", "sync")):
        world.restore()
        shutil.rmtree(shared)
        shutil.copytree(tmp_path / "kept", shared)
        changes(lambda: world("embargo", "sync"), step)
        world.is_well("embargo", "list")
        for lock in (world.store / ".git").rglob("*.lock"):  # git was killed, too: it says so, as tested below
            lock.unlink()
        assert world("embargo", "sync").err == ""
        listed = world.is_well("embargo", "list").out
        assert all(f"XSA-{number}" in listed for number in (500, 501, 502))
        assert hidden(world.store) == []


@pytest.mark.parametrize("force", [False, True])
def test_export(force: bool, world: World, tmp_path: Path) -> None:
    world.store.mkdir(0o700)
    world.save()
    target = tmp_path / "place" / "made"
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--format", "quilt", "-o", str(target))

    def begin() -> None:
        shutil.rmtree(target.parent, ignore_errors=True)
        assert world(*words).status == 0
        if force:
            (target / "mine").write_text("mine")

    def again() -> Answer:
        return world(*words, *(["--force"] if force else []))

    begin()
    for step in kills(again):
        begin()
        changes(again, step)
        assert (target / MANIFEST).is_file()
        assert again().status == 0
        others = {name for name in os.listdir(target.parent) if not name.startswith("made")}
        assert others == set()
        assert not force or [*target.parent.glob("made.old-*/mine")], "what the user has written is there"


def test_resolve(world: World) -> None:
    """The person's work is taken over or still in the work tree, and the next command goes on from there."""
    begin = ("resolve", "--onto", "own", "--xsa", "2")
    world.store.mkdir(0o700)
    world.save()
    for step in kills(lambda: world(*begin)):
        world.restore()
        changes(lambda: world(*begin), step)
        task = json.loads(world("resolve", "--status", "--json").out or "null")
        if task is None or task["conflict"] is None:
            task = json.loads(world(*(begin if task is None else ("resolve", "--continue")), "--json").out)
        assert [file["path"] for file in task["conflict"]["files"]] == ["a.c"]
        assert hidden(world.store) == []

    tree = Path(json.loads(world("resolve", "--status", "--json").out)["worktree"])
    conflict = re.compile(rb"<{7} [^\n]*\n.*?={7}\n(.*?)>{7} [^\n]*\n", re.DOTALL)
    work = conflict.sub(rb"\1", (tree / "a.c").read_bytes())
    (tree / "a.c").write_bytes(work)
    shutil.rmtree(world.folder / "saved")
    world.save()
    seen = set()
    for step in kills(lambda: world("resolve", "--continue")):
        world.restore()
        changes(lambda: world("resolve", "--continue"), step)
        kept = json.loads(world("resolve", "--list", "--json").out)["adapted"]
        seen.add(len(kept))
        assert kept or (tree / "a.c").read_bytes() == work
        if world("resolve", "--status").status == 1:
            assert world("resolve", "--continue").status == 0
        assert not tree.exists()
        assert len(json.loads(world("resolve", "--list", "--json").out)["adapted"]) == 1
        assert (
            world.is_well("export", "--onto", "own", "--xsa", "2", "-o", str(world.folder / f"out-{step}")).status == 0
        )
        assert hidden(world.store) == []
    assert seen == {0, 1}


def own_patches(world: World) -> tuple[Path, bytes]:
    """Begin to resolve XSA-2 and XSA-3 on a base where both conflict; return the work tree, with a person's work."""
    world.store.mkdir(0o700)
    assert world("resolve", "--onto", "own", "--json").status == 1
    standing = json.loads(world("resolve", "--status", "--json").out)
    tree = Path(standing["worktree"])
    [file] = [one["path"] for one in standing["conflict"]["files"]]
    work = (tree / file).read_bytes() + b"a person's work\n"
    (tree / file).write_bytes(work)
    world.save()
    return tree / file, work


def test_resolve_skip(world: World) -> None:
    """The advisory is skipped, or the person's work is in the work tree; the next run goes on, and skips it once."""
    file, work = own_patches(world)
    before = json.loads(world("resolve", "--status", "--json").out)
    assert world("resolve", "--skip").status == 1
    wanted = world("resolve", "--status", "--json").out or "over"
    world.restore()
    seen = set()
    for step in kills(lambda: world("resolve", "--skip")):
        world.restore()
        changes(lambda: world("resolve", "--skip"), step)
        answer = world("resolve", "--status", "--json")
        standing = json.loads(answer.out or "null")
        skipped = standing is None or standing["skipped"] != []
        seen.add(skipped)
        if not skipped:
            assert standing == before
            assert file.read_bytes() == work
            assert world("resolve", "--skip").status == 1
        elif standing is not None:
            assert world("resolve", "--continue").status == 1
        assert (world("resolve", "--status", "--json").out or "over") == wanted
        assert world("resolve", "--list").out == "", "nobody's work has become a patch"
        assert hidden(world.store) == []
    assert seen == {False, True}


def test_resolve_abort(world: World) -> None:
    """The work tree is there with the person's work, or is being removed; the next run ends what was begun."""
    file, work = own_patches(world)
    before = json.loads(world("resolve", "--status", "--json").out)
    seen = set()
    for step in kills(lambda: world("resolve", "--abort")):
        world.restore()
        changes(lambda: world("resolve", "--abort"), step)
        standing = json.loads(world("resolve", "--status", "--json").out or "null")
        kept = standing == before
        seen.add(kept)
        assert not kept or file.read_bytes() == work
        if standing is not None:
            assert world("resolve", "--abort").status == 0
        assert not file.parent.exists()
        assert world("resolve", "--status").err.startswith("fatal: no conflict is being resolved")
        assert world("resolve", "--onto", "own", "--xsa", "2").status == 1, "it can be begun again"
        assert world("resolve", "--abort").status == 0
        assert hidden(world.store) == []
    assert seen == {False, True}


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("first", ["install", "uninstall"])
@pytest.mark.parametrize("then", ["install", "uninstall"])
def test_hooks(
    then: str, first: str, other: bool, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``first`` is killed, ``then`` follows; ``other``: there is another hook, which stays."""
    program = tmp_path / "bin" / "git-xsa-hook"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    world.store.mkdir(0o700)
    folder = world.place.folder / ".git" / "hooks"
    shutil.rmtree(folder, ignore_errors=True)
    if other:
        folder.mkdir()
        (folder / "pre-push").write_text("#!/bin/sh\n")
        (folder / "pre-push").chmod(0o755)
    if first == "uninstall":
        assert world("hooks", "install").status == 0
    world.save()
    for step in kills(lambda: world("hooks", first)):
        world.restore()
        changes(lambda: world("hooks", first), step)
        assert world("hooks", then).status == 0
        assert hidden(folder) == []
        if then == "install":
            assert hooks.HookFolder(folder, str(program)).state("pre-push").good
            assert world("hooks", "uninstall").status == 0
        assert [path.name for path in folder.rglob("*")] == ["pre-push"] * other
        assert not other or (folder / "pre-push").read_text() == "#!/bin/sh\n"


# One by one


def test_what_a_living_writer_has_under_way_is_not_swept(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:

            def wait(*_: object) -> None:
                os.write(writing, b"1")
                signal.pause()

            os.replace = wait  # type: ignore[assignment]
            Store(tmp_path / "store").write(b"secret", "file")
        finally:
            os._exit(0)
    try:
        assert os.read(reading, 1) == b"1"
        [under_way] = (tmp_path / "store").glob(".new-*")
        Store(tmp_path / "store").write(b"other", "other")
        assert under_way.exists()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    Store(tmp_path / "store").write(b"other", "other")
    assert not under_way.exists()


def test_what_earlier_versions_have_left_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.write(b"1", "advisories", "XSA-1", "v1", "advisory.txt")
    left = [store.folder / ".new-1-0a", store.folder / "advisories" / "XSA-1" / "v1" / ".new-99999999-0a1b"]
    mine = store.folder / "advisories" / ".new-shoes"
    for path in (*left, mine):
        path.write_text("secret")
    with Store(store.folder).lock():
        assert [path.exists() for path in (*left, mine)] == [False, False, True]


def test_a_clone_is_private_again_after_a_plain_pull(tmp_path: Path, world: World) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "master", "shared")
    for name in ("store", "other"):
        git(tmp_path, "clone", "--quiet", "shared", name)
        (tmp_path / name).chmod(0o700)
    assert world("embargo", "add", "500", "--until", "2099-12-28").status == 0
    assert world("embargo", "sync").status == 0
    other = tmp_path / "other"
    before = os.umask(0o022)
    try:
        git(other, "pull", "--quiet")
        ledger = other / "embargoes.json"
        ledger.write_text(ledger.read_text().replace("2099", "2098"))
        git(other, "commit", "--quiet", "-am", "by hand")
        git(other, "push", "--quiet")
        git(world.store, "pull", "--quiet")
        assert (world.store / "embargoes.json").stat().st_mode & 0o044, "the pull has given it to everybody"
        world.is_well("embargo", "list")
        assert open_to_others(world.store) == []
        assert world("embargo", "add", "501", "--until", "2099-12-28").status == 0
        assert world("embargo", "sync").status == 0
    finally:
        os.umask(before)
    assert open_to_others(world.store) == []


def open_to_others(top: Path) -> list[str]:
    return [str(path) for path in top.rglob("*") if path.lstat().st_mode & 0o077]


def test_a_lock_that_git_has_left_in_the_store_is_said_with_a_hint(tmp_path: Path, world: World) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "master", "shared")
    git(tmp_path, "clone", "--quiet", "shared", "store")
    world.store.chmod(0o700)
    assert world("embargo", "add", "500", "--until", "2099-12-28").status == 0
    lock = world.store / ".git" / "index.lock"
    lock.touch()
    answer = world("embargo", "sync")
    assert answer.status == 128
    assert answer.err == (
        f"fatal: {lock} exists: another git is running in the store, or one was killed\n"
        f"hint: if none is running: rm {lock}, then git xsa-embargo sync\n"
    )
    lock.unlink()
    assert world("embargo", "sync").status == 0
