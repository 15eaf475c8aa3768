"""Starting git: single calls, long-lived processes, and what the surroundings can't change about either."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from repositories import git

from git_xsa.errors import XsaError
from git_xsa.git import programs, run
from git_xsa.git.problems import GitError
from git_xsa.git.run import Git


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty repository."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


@pytest.fixture
def here(folder: Path) -> Iterator[Git]:
    """Return git in an empty repository."""
    with Git(folder) as made:
        yield made


# Calls


def test_a_call_gives_status_output_and_errors(here: Git) -> None:
    answer = here.call("rev-parse", "--is-bare-repository", "--nonsense")
    assert (answer.status, answer.out, answer.err) == (0, b"false\n--nonsense\n", b"")

    answer = here.call("cat-file", "-t", "HEAD", accept=(0, 128))
    assert (answer.status, answer.out, answer.err) == (128, b"", b"fatal: Not a valid object name HEAD\n")


def test_input_and_output_of_any_size_and_content(here: Git) -> None:
    content = bytes(range(256)) * 20_000

    name = here.call("hash-object", "-w", "--stdin", given=content).out.decode().strip()
    assert here.call("cat-file", "blob", name).out == content
    assert here.call("hash-object", "--stdin").out == b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n"


def test_calls_run_side_by_side(here: Git) -> None:
    """Each gives its own answer, whichever is waited for first."""
    first = here.start("rev-parse", "first")
    second = here.start("hash-object", "--stdin", given=b"x" * 100_000)

    assert second.finish().out == here.call("hash-object", "--stdin", given=b"x" * 100_000).out
    with pytest.raises(GitError):
        first.finish()


def _runs(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def test_a_call_that_nobody_waits_for_ends(folder: Path) -> None:
    with Git(folder) as made:
        git(folder, "config", "alias.wait", "!echo $$ >pid; exec sleep 60")
        made.start("wait")
        while not ((folder / "pid").is_file() and (folder / "pid").read_text().strip()):
            time.sleep(0.01)
        process = int((folder / "pid").read_text())
        os.kill(process, 0)
        time.sleep(0.3)  # git may not have noted its child yet, and would leave it then
    deadline = time.monotonic() + 20
    while _runs(process):  # git passes the signal on to its own child
        assert time.monotonic() < deadline, "the child of git goes on"
        time.sleep(0.01)


def test_text_has_no_final_newline(here: Git) -> None:
    assert here.text("rev-parse", "--is-bare-repository") == "false"


def test_words_need_not_be_valid_text(here: Git) -> None:
    """A name of a file in Latin-1 once ended in an internal error."""
    odd = os.fsdecode(b"l\xe9 \xff")

    assert here.call("rev-parse", "--", odd, "für").out == b"--\nl\xe9 \xff\nf\xc3\xbcr\n"
    assert here.text("rev-parse", "--", odd) == f"--\n{odd}"


def test_an_unexpected_status_is_an_error_that_tells_of_it(here: Git) -> None:
    with pytest.raises(GitError) as caught:
        here.call("cat-file", "-t", "HEAD")

    error = caught.value
    assert (error.command, error.code, error.status) == (("cat-file", "-t", "HEAD"), 128, 128)
    assert error.message == "fatal: Not a valid object name HEAD\n"
    assert (error.what, error.hint) == ("git cat-file failed: Not a valid object name HEAD", "")
    with pytest.raises(GitError):
        here.call("rev-parse", "HEAD", accept=(1,))


@pytest.mark.parametrize(
    ("message", "what", "hint"),
    [
        ("fatal: no\nmore words\n", "git x failed: no", ""),
        ("warning: first\nerror: second\nfatal: third\n", "git x failed: second", ""),
        ("words\n", "git x failed: words", ""),
        ("", "git x failed: exit status 7", ""),
        (
            "warning: lazy fetching disabled; some objects may not be available\nfatal: could not read 12\n",
            "git x failed: could not read 12",
            "the clone is partial: run git fetch --refetch --no-filter",
        ),
        (
            "fatal: detected dubious ownership in repository at '/x'\nTo add an exception, call\n",
            "git x failed: detected dubious ownership in repository at '/x'",
            "if you trust its owner: git config --global --add safe.directory /x",
        ),
    ],
)
def test_what_git_says_becomes_one_line_and_a_hint(message: str, what: str, hint: str) -> None:
    error = GitError(("x", "-y"), 7, message)
    assert (error.what, error.hint) == (what, hint)


def test_a_process_that_is_killed_has_a_status_too(here: Git) -> None:
    git(Path(here.text("rev-parse", "--absolute-git-dir")), "config", "alias.die", "!kill -9 $$")

    assert here.call("die", accept=(137,)).status == 137


def test_without_memory_files(here: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no memfd_create (not Linux) files without a name do the same."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    before = set(tmp_path.iterdir())

    assert here.call("hash-object", "--stdin", given=b"x" * 100_000).status == 0
    assert set(tmp_path.iterdir()) == before


def test_where_git_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")

    with Git() as inside:
        assert inside.text("rev-parse", "--show-prefix") == "sub/"
        monkeypatch.chdir(folder.parent)
        assert inside.text("rev-parse", "--show-prefix") == "sub/"


# Surroundings


def test_no_git_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(XsaError) as caught:
        Git()
    assert (caught.value.what, caught.value.hint, caught.value.status) == (
        "git is not installed, or not on PATH",
        "install git 2.34 or later",
        128,
    )


@pytest.mark.parametrize("name", [*run.UNWANTED, "GIT_TRACE", "GIT_TRACE_SETUP", "GIT_TRACE2_EVENT"])
def test_variables_that_would_change_answers_are_taken_out(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    git(folder, "config", "alias.env", f'!printf "%s\\n" "${{{name}-none}}"', environment={name: ""})

    with Git(folder) as made:
        assert made.text("env") == "none"


def test_fixed_variables_win_over_those_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in run.FIXED_ENVIRONMENT:
        monkeypatch.setenv(name, "nonsense")
    git(folder, "config", "alias.env", "!env", environment=run.FIXED_ENVIRONMENT)

    with Git(folder, {"GIT_PAGER": "less", "MORE": "words"}) as made:
        found = dict(line.split("=", 1) for line in made.text("env").splitlines() if "=" in line)
    expected = run.FIXED_ENVIRONMENT | {"GIT_PAGER": "less", "MORE": "words"}
    assert {name: found.get(name) for name in expected} == expected


def test_fixed_settings_win_over_those_of_the_user(folder: Path) -> None:
    for setting in run.FIXED_SETTINGS:
        git(folder, "config", setting.partition("=")[0], "7")

    with Git(folder) as made:
        for setting in run.FIXED_SETTINGS:
            key, _, value = setting.partition("=")
            assert made.text("config", "--get", key) == value


def test_git_does_not_touch_the_terminal_or_the_standard_streams(folder: Path) -> None:
    script = (
        "from pathlib import Path; from git_xsa.git.run import Git\n"
        f"with Git(Path({str(folder)!r})) as git:\n"
        "    git.call('cat-file', '-t', 'HEAD', accept=(128,)); git.call('config', '--list')\n"
        "    git.service('cat-file', '--batch').ask(b'x\\n').readline()\n"
        "print('end')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, input="not read", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_with_closed_standard_streams(folder: Path) -> None:
    """Files of ours then have the numbers that a child's standard streams get."""
    script = (
        "import os; from pathlib import Path; from git_xsa.git.run import Git\n"
        "for number in range(3): os.close(number)\n"
        f"with Git(Path({str(folder)!r})) as git:\n"
        "    answer = git.call('hash-object', '--stdin', given=b'x' * 1000)\n"
        "    wrong = git.call('cat-file', '-t', 'HEAD', accept=(128,))\n"
        "    line = git.service('cat-file', '--batch').ask(b'x\\n').readline()\n"
        "os._exit(int((len(answer.out), wrong.err[:6], line) != (41, b'fatal:', b'x missing\\n')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what is ignored is told in /proc")
def test_what_is_ignored_here_is_not_ignored_there(here: Git, tmp_path: Path) -> None:
    """Python ignores SIGPIPE; a child that did so, too, would go on writing to nobody."""
    shell = here.shell("grep -e SigIgn -e SigBlk /proc/self/status", tmp_path, {})

    for line in shell.answers.read().decode().splitlines():
        assert int(line.split()[1], 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGINT - 1)) == 0


# Services


def test_a_service_answers_again_and_again(here: Git) -> None:
    content = b"words\n" * 50_000
    name = here.call("hash-object", "-w", "--stdin", given=content).out.strip()
    service = here.service("cat-file", "--batch")

    for _ in range(3):
        answers = service.ask(name + b"\n")
        assert answers.readline() == name + b" blob %d\n" % len(content)
        assert answers.read(len(content) + 1) == content + b"\n"
        assert service.ask(b"nothing\n").readline() == b"nothing missing\n"


def test_two_services_at_once(here: Git) -> None:
    first, second = here.service("cat-file", "--batch"), here.service("cat-file", "--batch-check")

    first.ask(b"a\n")
    assert second.ask(b"b\n").readline() == b"b missing\n"
    assert first.answers.readline() == b"a missing\n"


def test_a_request_that_is_written_in_pieces(here: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may cut a write short; the rest of the request must follow."""
    service = here.service("cat-file", "--batch-check")
    with open(os.dup(service._requests.fileno()), "wb", 0) as pipe:

        class Reluctant:
            def write(self, text: bytes) -> int:
                return pipe.write(text[:3])

            def close(self) -> None:
                whole.close()

        whole = service._requests
        monkeypatch.setattr(service, "_requests", Reluctant())
        assert service.ask(b"a long name\n").readline() == b"a long name missing\n"


def test_an_answer_that_is_cut_off_is_an_error(here: Git, tmp_path: Path) -> None:
    for wanted in ("read_line", "read_exactly"):
        shell = here.shell("printf half", tmp_path, {})
        with pytest.raises(GitError) as caught:
            shell.read_line() if wanted == "read_line" else shell.read_exactly(5)
        assert caught.value.what == "git apply failed: the process ended in the middle of an answer"


def test_a_service_that_has_ended_is_an_error(here: Git) -> None:
    service = here.service("rev-parse", "--git-dir")
    assert service.answers.read() == b".git\n"

    def ask_again_and_again() -> None:
        for _ in range(1_000):  # its end of the pipe may be closed a little later than it ends
            service.ask(b"x")
            time.sleep(0.01)

    with pytest.raises(GitError) as caught:
        ask_again_and_again()
    assert caught.value.what == "git rev-parse failed: the process has ended"


def test_read_until(here: Git, tmp_path: Path) -> None:
    script = "while read -r word; do printf '%s\\n' one two \"$word\"; printf 'end\\n'; done"
    shell = here.shell(script, tmp_path, {})

    shell.ask(b"a\n")
    assert shell.read_until(b"end\n") == b"one\ntwo\na\n"
    shell.ask(b"almost-end\n")
    assert shell.read_until(b"end\n") == b"one\ntwo\nalmost-end\n"


def test_read_until_the_end_of_an_answer_that_has_nothing_else(here: Git, tmp_path: Path) -> None:
    shell = here.shell("read -r word; printf 'end\\n'; read -r word; printf 'half'", tmp_path, {})
    shell.ask(b"a\n")
    assert shell.read_until(b"end\n") == b""

    shell.ask(b"b\n")
    with pytest.raises(GitError) as caught:
        shell.read_until(b"end\n")
    assert caught.value.what == "git apply failed: the process ended in the middle of an answer"


def test_a_shell_is_told_how_to_call_git(here: Git, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    script = 'pwd; echo "$WORD $GIT_TERMINAL_PROMPT"; "$@" config core.quotePath'
    shell = here.shell(script, tmp_path / "sub", {"WORD": "given"})

    assert shell.answers.read().decode().splitlines() == [str(tmp_path / "sub"), "given 0", "true"]


def _children() -> int:
    """Return how many processes this one has started that have not ended."""
    words = ("ps", "-o", "stat=,args=", "--ppid", str(os.getpid()))
    listing = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return sum(" ps -o " not in line for line in listing.splitlines())


def test_closing_ends_every_process(folder: Path, tmp_path: Path) -> None:
    before = _children()
    with Git(folder) as made:
        made.service("cat-file", "--batch")
        made.service("cat-file", "--batch-check").ask(b"x\n")
        made.shell("while read -r word; do :; done", tmp_path, {})
        assert _children() == before + 3
    assert _children() == before
    made.close()  # once more does no harm


def test_closing_a_service_whose_process_was_killed(here: Git, tmp_path: Path) -> None:
    shell = here.shell("echo $$; read -r word", tmp_path, {})
    os.kill(int(shell.answers.readline()), 9)

    here.close()
    assert shell.answers.closed


def test_closing_a_service_with_an_answer_that_nobody_read(here: Git) -> None:
    name = here.call("hash-object", "-w", "--stdin", given=b"words\n" * 200_000).out
    here.service("cat-file", "--batch").ask(name * 3)
    here.close()


# GNU patch


def test_gnu_patch(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"l\xe9")
    folder.mkdir()
    (folder / "x").write_bytes(b"a\nb\nc\n")
    text = b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"

    assert programs.run_patch(folder, text, 0)
    assert (folder / "x").read_bytes() == b"a\nB\nc\n"
    assert not programs.run_patch(folder, text, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["x"]


def test_no_gnu_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(XsaError) as caught:
        programs.run_patch(tmp_path, b"", 0)
    assert caught.value.what == "GNU patch is not installed, or not on PATH"
