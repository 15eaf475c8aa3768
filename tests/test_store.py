"""The store: nobody else can read it, a file is old or new and never half, names stay inside."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import git

from git_xsa.advisory.problems import Locked, StoreError
from git_xsa.advisory.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep" / "store")


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> set[tuple[str, int]]:
    """Return what there is in ``folder``, itself included: kind and mode."""
    found = [folder, *folder.rglob("*")]
    return {("folder" if path.is_dir() else "file", stat.S_IMODE(path.lstat().st_mode)) for path in found}


def test_nothing_is_made_before_something_is_written(store: Store) -> None:
    assert (store.exists, store.read("a", "b"), store.names(), store.names("a"), store.remove("a")) == (
        False,
        None,
        [],
        [],
        False,
    )
    assert not store.folder.parent.exists()


def test_nobody_else_reads_it_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    store = Store(tmp_path / "store")
    store.write(b"1", "a", "b", "file")
    store.append("one", "a", "journal")
    with store.lock():
        pass
    assert modes(store.folder) == {("folder", 0o700), ("file", 0o600)}
    assert store.read("a", "b", "file") == b"1"


def test_reading_gives_what_was_written_last(store: Store) -> None:
    store.write(b"old", "a", "file")
    store.write(b"new", "a", "file")
    store.write(b"", "a", "another")
    assert (store.read("a", "file"), store.read("a", "another")) == (b"new", b"")
    assert (store.names(), store.names("a")) == (["a"], ["another", "file"])
    assert (store.remove("a", "file"), store.remove("a", "file"), store.names("a")) == (True, False, ["another"])


def test_journal(store: Store) -> None:
    store.append("one", "journal")
    store.append("zwei\udcff é", "journal")
    assert store.read("journal") == b"one\nzwei" + b"\xff " + "é\n".encode()
    with pytest.raises(ValueError, match="one entry a line"):
        store.append("one\ntwo", "journal")


def test_journal_that_was_torn_goes_on_with_a_line_of_its_own(store: Store) -> None:
    store.append("one", "journal")
    (store.folder / "journal").write_bytes(b"one\ntw")
    store.append("three", "journal")
    assert store.read("journal") == b"one\ntw\nthree\n"


def test_a_writer_killed_at_the_start_leaves_no_half_gitignore(store: Store) -> None:
    process = os.fork()
    if not process:
        os.fchmod = lambda *_: os._exit(9)
        store.write(b"1", "file")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9
    store.write(b"1", "file")
    assert (store.folder / ".gitignore").read_bytes() == b"*\n"
    assert sorted(os.listdir(store.folder)) == [".gitignore", "file"]


def test_broken_write_leaves_the_old_file_and_nothing_else(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(b"old", "file")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write(b"new", "file")
    assert store.read("file") == b"old"
    assert sorted(os.listdir(store.folder)) == [".gitignore", "file"]


def test_killed_writer_leaves_the_old_file(store: Store) -> None:
    store.write(b"old", "file")
    script = (
        "import os, sys, pathlib\n"
        "from git_xsa.advisory import store\n"
        "store.os.replace = lambda *names: os.kill(os.getpid(), 9)\n"
        "store.Store(pathlib.Path(sys.argv[1])).write(b'new', 'file')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store.folder)], check=False)
    assert (done.returncode, store.read("file"), store.names()) == (-9, b"old", ["file"])
    assert modes(store.folder) == {("folder", 0o700), ("file", 0o600)}


BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    ".git",
    ".new-1",
    "a\0b",
    "a\nb",
    "\x1b[2J",
    "\udcff",
    "x" * 256,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_name_that_is_none(name: str, store: Store) -> None:
    for names in ((name,), (name, "file"), ("folder", name)):
        for use in (store.path, store.read, store.names, store.remove, lambda *n: store.write(b"", *n)):
            with pytest.raises(StoreError, match="can't be a name in the store"):
                use(*names)
    assert not store.folder.exists()


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_no_name_leads_out(names: list[str]) -> None:
    store = Store(Path("/nowhere/store"))
    try:
        path = store.path(*names)
    except StoreError:
        return
    assert Path(os.path.normpath(path)) == path
    assert path.parts == (*store.folder.parts, *names)


def test_links_in_the_store_are_not_followed(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "file").write_bytes(b"not ours")
    store.write(b"", "file")
    (store.folder / "link").symlink_to(secret / "file")
    (store.folder / "folder").symlink_to(secret)
    with pytest.raises(StoreError, match="link can't be read"):
        store.read("link")
    with pytest.raises(StoreError, match="folder is not a folder"):
        store.write(b"ours", "folder", "file")
    with pytest.raises(OSError, match="symbolic links"):
        store.append("ours", "link")
    store.write(b"ours", "link")
    assert (store.read("link"), (secret / "file").read_bytes()) == (b"ours", b"not ours")


def test_pipe_in_the_store_does_not_hang(store: Store) -> None:
    store.write(b"", "file")
    os.mkfifo(store.folder / "pipe")
    with pytest.raises(StoreError, match="pipe is not a file"):
        store.read("pipe")


def test_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "my store"
    folder.mkdir(mode=0o750)
    folder.chmod(0o750)
    with pytest.raises(StoreError) as error:
        Store(folder)
    assert error.value.what == f"the store {folder} can be read by others (mode 0750)"
    assert error.value.hint.splitlines()[0] == f"chmod -R go= '{folder}'"
    subprocess.run(error.value.hint.splitlines()[0], shell=True, check=True)
    assert Store(folder).exists


def test_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(folder)


def test_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StoreError, match="is not a folder"):
        Store(tmp_path / "store")
    with pytest.raises(StoreError, match="Not a directory"):
        Store(tmp_path / "store" / "below")


@pytest.mark.parametrize("where", ["store", "sub/store", ".git/store"])
@pytest.mark.parametrize("bare", [False, True])
def test_place_in_a_repository_is_refused(where: str, bare: bool, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    git(tmp_path, "init", "--quiet", *(["--bare"] if bare else []), str(folder))
    with pytest.raises(StoreError, match="would be in the git repository"):
        Store(folder / where)
    assert Store(tmp_path / where.replace(".git", "git")).exists is False


def test_home_that_is_kept_in_git_is_not_refused_and_git_passes_over_it(sealed: Path) -> None:
    git(sealed, "init", "--quiet")
    store = Store.open(None)
    store.write(b"secret", "file")
    git(sealed, "add", "--all")
    assert store.folder == sealed / "data" / "git-xsa"
    assert git(sealed, "ls-files") == ".gitconfig"


def test_default_and_set_place(sealed: Path, tmp_path: Path) -> None:
    assert Store.open(None).folder == sealed / "data" / "git-xsa"
    assert Store.open(tmp_path / "other").folder == tmp_path / "other"


def test_lock_is_held_once(store: Store) -> None:
    script = (
        "import sys, pathlib\n"
        "from git_xsa.advisory.store import Store\n"
        "with Store(pathlib.Path(sys.argv[1])).lock():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", script, str(store.folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Locked) as error, store.lock(patience=0.05):
            pass
        assert error.value.what == f"another git-xsa command is using the store {store.folder}"
        assert error.value.hint.startswith("wait until it ends; ")
        with store.lock("another"):
            assert store.read("file") is None  # readers need none
        other.stdin.close()
        other.wait()
    with store.lock(patience=5):
        store.write(b"ours", "file")
