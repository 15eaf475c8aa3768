"""git xsa-hooks: where it puts hooks, how they get on with those that are there, and that nothing is left of them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from repositories import Answer, git, run

from git_xsa.embargo import installed_hooks as hooks

#: Stands for each of our hooks: says that it was called, with what, and ends as a variable says.
FAKE = '#!/bin/sh\nhook=git-xsa-hook\necho "ours: $* <$(cat | tr "\\n" ,)>" >&2\nexit ${OURS-0}\n'
OTHER = '#!/bin/sh\necho "theirs: ${0##*/} $* <$(cat | tr "\\n" ,)>" >&2\nexit ${THEIRS-0}\n'
SOURCE = hooks.source
LEFT_OUT = (
    "reference-transaction: left out, because git would start it for each reference of a fetch; the steps after a "
    "release tag start when it is pushed (with install --post-tag: when it is made)\n"
)
Tree = dict[str, tuple[int, bytes | str]]


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the program that hooks call on PATH; returns its path."""
    path = tmp_path / "bin it's" / "git-xsa-hook"
    path.parent.mkdir()
    script(path, f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m git_xsa hook "$@"\n')
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    return path


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have hooks installed that only say that they were called."""
    monkeypatch.setattr(hooks, "source", lambda name: SOURCE(name) if name == hooks.CHAIN else FAKE.encode())


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository without any hook, and with a bare one, ``server``, beside it."""
    git(tmp_path, "init", "--quiet", "--template=", "clone")
    git(tmp_path, "init", "--quiet", "--template=", "--bare", "server")
    git(tmp_path / "clone", "commit", "--quiet", "--allow-empty", "-m", "one")
    git(tmp_path / "clone", "remote", "add", "origin", "../server")
    return tmp_path / "clone"


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def tree(folder: Path) -> Tree:
    """Return everything below ``folder``: mode, and contents or what a link points to."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if stat.S_ISREG(mode) else ""
        found[path.relative_to(folder).as_posix()] = (mode, content)
    return found


def push(clone: Path, *words: str, **environment: str) -> tuple[int, list[str]]:
    """Push, and return the exit status and what hooks have said."""
    done = subprocess.run(
        ("git", "push", "--quiet", "origin", *words),
        cwd=clone, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line.removeprefix("remote: ").rstrip() for line in done.stderr.splitlines()]
    return done.returncode, [line for line in said if line.startswith(("ours", "theirs"))]


def test_into_a_fresh_repository_and_out_again(clone: Path) -> None:
    before = tree(clone / ".git")
    folder = clone / ".git" / "hooks"
    assert run(clone, "hooks", "status") == (
        1,
        f"hooks are in {folder}\npre-push: not installed\npost-tag: not installed\n{LEFT_OUT}",
        "",
    )
    assert run(clone, "hooks", "install") == (
        0,
        f"hooks are in {folder}\npre-push: installed\npost-tag: installed\n{LEFT_OUT}",
        "",
    )
    assert run(clone, "hooks", "status") == (
        0,
        f"hooks are in {folder}\npre-push: installed\npost-tag: installed\n{LEFT_OUT}",
        "",
    )
    assert run(clone, "hooks", "uninstall").out == (
        f"hooks are in {folder}\npre-push: removed\npost-tag: removed\nreference-transaction: not installed\n"
    )
    assert tree(clone / ".git") == before
    installed = f"hooks are in {folder}\npre-push: installed\npost-tag: installed\nreference-transaction: installed\n"
    assert run(clone, "hooks", "install", "--post-tag") == (0, installed, "")
    assert run(clone, "hooks", "status") == (
        0,
        f"hooks are in {folder}\npre-push: installed\npost-tag: installed\nreference-transaction: installed\n",
        "",
    )
    once = tree(folder)
    assert run(clone, "hooks", "install").out == installed.replace(": installed", ": already installed")
    assert tree(folder) == once
    assert sorted(once) == ["git-xsa.manifest", "post-tag", "pre-push", "reference-transaction"]
    assert stat.S_IMODE(once["pre-push"][0]) == 0o755
    removed = installed.replace(": installed", ": removed")
    assert run(clone, "hooks", "uninstall") == (0, removed, "")
    assert tree(clone / ".git") == before
    assert run(clone, "hooks", "uninstall").out == removed.replace(": removed", ": not installed")
    assert tree(clone / ".git") == before


def test_the_folder_of_an_install_that_was_killed_early_goes_too(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    folder.mkdir()
    (folder / ".git-xsa.manifest.4711-0123456789abcdef").touch()
    assert run(clone, "hooks", "install").status == 0
    assert run(clone, "hooks", "uninstall").status == 0
    assert not folder.exists()


def test_the_hook_for_tags_where_it_is_wanted(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    git(clone, "config", "xsa.release.onTag", "true")
    both = f"hooks are in {folder}\npre-push: installed\npost-tag: installed\nreference-transaction: installed\n"
    assert run(clone, "hooks", "status").out == both.replace(": installed", ": not installed")
    assert run(clone, "hooks", "install").out == both
    git(clone, "config", "--unset", "xsa.release.onTag")
    assert run(clone, "hooks", "status") == (0, both, "")  # it stays where somebody has asked for it
    assert run(clone, "hooks", "install").out == both.replace(": installed", ": already installed")
    assert run(clone, "hooks", "uninstall").out == both.replace(": installed", ": removed")
    assert run(clone, "hooks", "install", "--post-tag", "--server").status == 129


def test_our_hook_knows_the_path_of_the_program(clone: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "source", SOURCE)
    assert run(clone, "hooks", "install", "--server").status == 0
    text = (clone / ".git" / "hooks" / "pre-receive").read_text(encoding="utf-8")
    assert f"\nhook={shlex.quote(str(program))}\n" in text


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs", "status", "said"),
    [
        ("0", "0", 0, ["ours", "theirs"]),
        ("3", "0", 1, ["ours"]),
        ("0", "77", 1, ["ours", "theirs"]),
    ],
)
def test_another_hook_is_run_after_ours_with_the_same_words_and_input(
    ours: str, theirs: str, status: int, said: list[str], link: bool, clone: Path
) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / ("tool" if link else "pre-push"), OTHER)
    if link:
        (folder / "pre-push").symlink_to("tool")
    before = tree(folder)
    assert run(clone, "hooks", "install", "--post-tag").out == (
        f"hooks are in {folder}\n"
        "pre-push: installed; the existing hook is now pre-push.before-git-xsa, and runs after it\n"
        "post-tag: installed\n"
        "reference-transaction: installed\n"
    )
    assert "pre-push: installed, the existing hook runs after it" in run(clone, "hooks", "status").out
    (folder / "reference-transaction").write_text("#!/bin/sh\n")
    tip = git(clone, "rev-parse", "HEAD")
    line = f"origin ../server <HEAD {tip} refs/heads/x {'0' * 40},>"
    names = {"ours": f"ours: {line}", "theirs": f"theirs: pre-push.before-git-xsa {line}"}
    assert push(clone, "HEAD:refs/heads/x", OURS=ours, THEIRS=theirs) == (status, [names[who] for who in said])
    (folder / "reference-transaction").write_bytes(hooks.filled("reference-transaction", "x"))
    run(clone, "hooks", "uninstall")
    left = {name: one for name, one in tree(folder).items() if "transaction" not in name and "manifest" not in name}
    assert left == before


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_server_hooks_are_chained_with_their_input(name: str, clone: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    script(server / "hooks" / name, OTHER)
    before = tree(server)
    assert run(server, "hooks", "install", "--server").status == 0
    tip = git(clone, "rev-parse", "HEAD")
    change = f"{'0' * 40} {tip} refs/heads/x"
    words = {"pre-receive": f" <{change},>", "update": f"refs/heads/x {'0' * 40} {tip} <>"}
    status, said = push(clone, "HEAD:refs/heads/x")
    assert (status, len(said)) == (0, 3)
    assert f"ours: {words[name]}" in said
    assert said[said.index(f"ours: {words[name]}") + 1] == f"theirs: {name}.before-git-xsa {words[name]}"
    assert push(clone, "HEAD:refs/heads/y", THEIRS="1")[0] == 1
    git(server, "update-ref", "-d", "refs/heads/x")
    shutil.rmtree(server / "objects")
    (server / "objects").mkdir()
    assert run(server, "hooks", "uninstall", "--server").status == 0
    assert {name: one for name, one in tree(server).items() if not name.startswith(("objects", "refs"))} == {
        name: one for name, one in before.items() if not name.startswith(("objects", "refs"))
    }


def test_a_hook_that_reads_nothing_and_one_that_gets_much(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / "pre-push", "#!/bin/sh\nwc -l >&2\n")
    run(clone, "hooks", "install")
    script(folder / "pre-push.git-xsa", "#!/bin/sh\nexit 0\n")
    for ignored in ("", "trap '' PIPE; "):  # some programs start git with closed pipes ignored
        done = subprocess.run(
            ["sh", "-c", f"{ignored}exec .git/hooks/pre-push"],
            input="refs/heads/x 0 refs/heads/x 0\n" * 20_000, cwd=clone, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr.strip()) == (0, "20000")


def test_a_transaction_that_is_over_is_told_to_both(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / "reference-transaction", OTHER)
    run(clone, "hooks", "install", "--post-tag")
    for word, said in (("prepared", 1), ("committed", 2), ("aborted", 2)):
        done = subprocess.run(
            [folder / "reference-transaction", word],
            input="", env=os.environ | {"OURS": "5"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, len(done.stderr.splitlines())) == (5, said)


def test_both_are_told_of_a_tag(clone: Path) -> None:
    """By whoever starts them, from a terminal too: nothing is read from it."""
    folder = clone / ".git" / "hooks"
    script(folder / "post-tag", OTHER)
    run(clone, "hooks", "install", "--post-tag")
    source, _ = os.openpty()
    done = subprocess.run(
        [folder / "post-tag", "RELEASE-1.0.2"],
        stdin=source, env=os.environ | {"OURS": "5"}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()) == (
        5,
        ["ours: RELEASE-1.0.2 <>", "theirs: post-tag.before-git-xsa RELEASE-1.0.2 <>"],
    )


def test_a_hook_that_is_not_executable_stays_so_and_is_not_run(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / "pre-push", OTHER, 0o644)
    before = tree(folder)
    run(clone, "hooks", "install")
    assert [line[:5] for line in push(clone, "HEAD:refs/heads/x")[1] if "refs/heads/x" in line][:1] == ["ours:"]
    assert not [line for line in push(clone, "HEAD:refs/heads/z")[1] if line.startswith("theirs")]
    run(clone, "hooks", "uninstall")
    assert tree(folder) == before


def test_sets_and_orders_are_undone_each_by_itself(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / "update", OTHER)
    script(folder / "commit-msg", OTHER)
    before = tree(folder)
    run(clone, "hooks", "install", "--server")
    server = tree(folder)
    run(clone, "hooks", "install")
    run(clone, "hooks", "uninstall")
    assert tree(folder) == server
    run(clone, "hooks", "install")
    run(clone, "hooks", "uninstall", "--server")
    run(clone, "hooks", "uninstall")
    assert tree(folder) == before


def test_a_worktree_shares_the_hooks_and_a_repository_may_have_its_own_folder(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    assert run(tmp_path / "tree", "hooks", "install").out.startswith(
        f"hooks are in {clone}/.git/hooks\npre-push: installed\n"
    )
    run(tmp_path / "tree", "hooks", "uninstall")
    git(clone, "config", "core.hooksPath", "tools/git")
    (clone / "tools").mkdir()
    answer = run(clone, "hooks", "install")
    where = f"hooks are in {clone}/tools/git, by core.hooksPath (local)\n"
    assert answer.out.startswith(f"{where}pre-push: installed\n")
    assert answer.err == f"note: {clone}/tools/git is in the work tree, so git status shows the hooks\n"
    assert run(clone, "hooks", "status").out.startswith(where)
    below = clone / "tools"
    assert run(below, "hooks", "uninstall").out.startswith(f"{where}pre-push: removed\n")
    assert list(below.iterdir()) == []


def told(clone: Path, *words: str) -> Answer:
    before = tree(clone / ".git")
    answer = run(clone, "hooks", *words)
    assert tree(clone / ".git") == before
    return answer


def test_a_folder_for_all_repositories_is_left_alone(clone: Path, tmp_path: Path) -> None:
    git(clone, "config", "--global", "core.hooksPath", str(tmp_path / "all"))
    assert told(clone, "install") == (
        128,
        "",
        (
            f"fatal: the hooks in {tmp_path}/all also run in other repositories: core.hooksPath (global) names that"
            " folder\nhint: give this repository its own folder: git config core.hooksPath <folder>\n"
        ),
    )
    assert not (tmp_path / "all").exists()
    git(clone, "config", "core.hooksPath", str(tmp_path / "own"))
    assert run(clone, "hooks", "install").status == 0
    assert (tmp_path / "own" / "pre-push").exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "core.hooksPath is empty, so git runs no hooks here"),
        ("/dev/null", "core.hooksPath is /dev/null, which is not a folder, so git runs no hooks here"),
        ("/proc/no", "/proc/no can't be written: No such file or directory"),
    ],
)
def test_where_no_hook_can_be_put(value: str, message: str, clone: Path) -> None:
    git(clone, "config", "core.hooksPath", value)
    status, out, err = told(clone, "install")
    assert (status, err.splitlines()[0]) == (128, f"fatal: {message}")
    assert "installed" not in out


def test_a_folder_that_can_not_be_written(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can write everywhere")
    folder = clone / ".git" / "hooks"
    script(folder / "pre-push", OTHER)
    folder.chmod(0o555)
    answer = told(clone, "install")
    folder.chmod(0o755)
    assert answer.status == 128
    assert "can't be written: Permission denied" in answer.err


def test_not_in_a_repository_and_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clone: Path) -> None:
    assert run(tmp_path, "hooks", "status").status == 128
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    message = "fatal: git-xsa-hook is not on PATH, so the hooks would not find it\nhint: run install.sh to install it\n"
    assert told(clone, "install") == (128, "", message)


def test_a_hook_that_was_changed_since_is_left_alone(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    script(folder / "pre-push", OTHER)
    run(clone, "hooks", "install")
    script(folder / "pre-push", "#!/bin/sh\n# another tool's\n")
    assert "pre-push: changed since it was installed" in run(clone, "hooks", "status").out
    answer = told(clone, "install")
    assert (answer.status, answer.err) == (
        128,
        (
            f"fatal: {folder}/pre-push was changed since git-xsa installed it\nhint: run git xsa-hooks"
            " uninstall, which keeps the file, then install again\n"
        ),
    )
    answer = run(clone, "hooks", "uninstall")
    assert (answer.status, answer.out.splitlines()[1]) == (
        1,
        "pre-push: left alone: it was changed since it was installed; the earlier hook is pre-push.before-git-xsa",
    )
    assert sorted(path.name for path in folder.iterdir()) == ["pre-push", "pre-push.before-git-xsa"]
    assert told(clone, "install").err.startswith(
        f"fatal: {folder}/pre-push.before-git-xsa exists, but git-xsa has no record"
    )
    (folder / "pre-push.before-git-xsa").unlink()
    assert run(clone, "hooks", "install").status == 0


def test_another_version_is_brought_up_to_date(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = hooks.source
    folder = clone / ".git" / "hooks"
    script(folder / "pre-push", OTHER)
    before = tree(folder)
    monkeypatch.setattr(hooks, "source", lambda name: fake(name) + b"# old\n")
    run(clone, "hooks", "install")
    monkeypatch.setattr(hooks, "source", fake)
    assert "pre-push: installed by another version of git-xsa" in run(clone, "hooks", "status").out
    assert "pre-push: updated" in run(clone, "hooks", "install").out
    assert run(clone, "hooks", "status").status == 0
    run(clone, "hooks", "uninstall")
    assert tree(folder) == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "made_folder": 0, "hooks": {"a": 1}}', "\udcff"])
def test_a_manifest_that_is_none(content: str, clone: Path) -> None:
    path = clone / ".git" / "hooks" / "git-xsa.manifest"
    path.parent.mkdir()
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert told(clone, "install").err.startswith(f"fatal: {path} is not a manifest of git-xsa\n")


class _Cut(Exception):
    """The process is gone."""


class _Nothing:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def cut(monkeypatch: pytest.MonkeyPatch, after: int, linked: bool, do: Callable[[], None]) -> bool:
    """``do`` until a file has been changed ``after`` times; returns whether it was cut short by that."""
    left = after

    def counting(change: Callable[..., None]) -> Callable[..., None]:
        def counted(*given: object, **options: object) -> None:
            nonlocal left
            if left == 0:
                raise _Cut
            left -= 1
            change(*given, **options)

        return counted

    def no_link(*_: object, **__: object) -> None:
        raise OSError("no file has two names here")

    with monkeypatch.context() as patched:
        for name in ("replace", "rename", "rmdir", "mkdir"):
            patched.setattr(os, name, counting(getattr(os, name)))
        patched.setattr(os, "link", counting(os.link) if linked else no_link)
        patched.setattr(Path, "unlink", counting(Path.unlink))
        patched.setattr(hooks, "suppress", lambda *_: _Nothing())
        try:
            do()
        except _Cut:
            return True
        return False


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_cut_short_at_any_change_git_finds_a_hook_and_all_can_be_repeated_or_undone(
    there: bool, linked: bool, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clone / ".git" / "hooks"
    if there:
        script(folder / "pre-push", OTHER)
    before = tree(clone / ".git")

    def install() -> None:
        list(hooks.HookFolder(folder, "x").install(hooks.CLIENT))

    def uninstall() -> None:
        list(hooks.HookFolder(folder, "x").uninstall(hooks.CLIENT))

    cuts = 0
    for begin, do in ((uninstall, install), (install, uninstall)):
        begin()
        for after in range(100):
            if not cut(monkeypatch, after, linked, do):
                break
            cuts += 1
            for path in [*folder.glob(".*")]:
                path.unlink()  # the half of a file that had another name yet
            assert os.access(folder / "pre-push", os.X_OK) or not there or not linked
            if after % 2:
                install()
                assert all(hooks.HookFolder(folder, "x").state(name).good for name in hooks.CLIENT)
            uninstall()
            if not there:
                with suppress(FileNotFoundError):
                    folder.rmdir()  # all that may be left: nothing can tell any more whose an empty folder is
            assert tree(clone / ".git") == before
            begin()
    assert cuts > 8


@pytest.mark.parametrize("name", [*hooks.CLIENT, *hooks.SERVER, hooks.CHAIN])
def test_a_hook_is_a_posix_script_into_which_its_settings_fit(name: str) -> None:
    path = Path(__file__).resolve().parent.parent / "hooks" / name
    assert os.access(path, os.X_OK)
    for shell in filter(shutil.which, ("sh", "dash")):
        subprocess.run([shell, "-n", path], check=True)
    made = hooks.chain("it's") if name == hooks.CHAIN else SOURCE(name).replace(b"hook=git-xsa-hook", b"hook=x", 1)
    assert (made == SOURCE(name)) is (name == hooks.TRANSACTION)  # which calls post-tag, and no program
    assert made.startswith(b"#!/bin/sh\n")


def test_the_manifest_tells_what_was_done(clone: Path) -> None:
    script(clone / ".git" / "hooks" / "pre-push", OTHER)
    run(clone, "hooks", "install")
    told = json.loads((clone / ".git" / "hooks" / "git-xsa.manifest").read_text(encoding="utf-8"))
    assert (told["format"], told["made_folder"], told["hooks"]["pre-push"]["before"]) == (1, False, True)
    assert list(told["hooks"]["pre-push"]["files"]) == ["pre-push.git-xsa", "pre-push"]
