"""install.sh: what it places, that twice is once, and that --uninstall leaves things as they were.

These tests make a virtual environment and fetch libraries, so they need PyPI or a mirror of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.utils import canonicalize_name
from test_lock import entries

from git_xsa import __version__
from git_xsa.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (
    "git_xsa",
    "hooks",
    "man",
    "tools",
    "LICENSE",
    "README.md",
    "install.sh",
    "pyproject.toml",
    "requirements.lock",
    "setup.py",
)
BASH_COMPLETION_OF_GIT = Path("/usr/share/bash-completion/completions/git")
#: What pip makes in the home folder by itself: its cache, and what asking rustc for its version leaves.
FOREIGN = {".cache", ".rustup", ".cargo", "cache"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(outside: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip the tests where pip can't reach its index."""
    folder = tmp_path_factory.mktemp("probe")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "sh"]
    done = subprocess.run(command, env=outside, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"pip can't reach its index: {done.stderr.strip().splitlines()[-1:]}")


class Installation:
    """A copy of the checkout, a home folder, and what the script does to them."""

    said = ""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.checkout = folder / "checkout"
        self.home = folder / "home"
        self.home.mkdir()
        self.checkout.mkdir()
        for name in SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, self.checkout / name)
        wanted = {"HOME": str(self.home), "PYTHON": sys.executable, "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8"}
        unwanted = ("XDG_", "PYTHONPATH", "VIRTUAL_ENV")
        self.environment = {n: v for n, v in environment.items() if not n.startswith(unwanted)} | wanted

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script in the home folder."""
        return self.start("sh", str(self.checkout / "install.sh"), *arguments)

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the home folder, with the installed commands first on PATH."""
        path = f"{self.home}/.local/bin{os.pathsep}{self.environment['PATH']}"
        environment = self.environment | {"PATH": path}
        return subprocess.run(words, cwd=self.home, env=environment, capture_output=True, text=True, check=False)

    def tree(self) -> dict[str, str]:
        """Return each path under the home folder -> what it is; the virtual environment counts as one."""
        found = {}
        for folder, folders, files in os.walk(self.home):
            place = Path(folder)
            folders[:] = [name for name in folders if name not in FOREIGN and place / name != self.venv]
            for name in [*folders, *files]:
                path = place / name
                kind = f"link to {path.readlink()}" if path.is_symlink() else "folder"
                found[str(path.relative_to(self.home))] = (
                    path.read_text("utf-8") if kind == "folder" and path.is_file() else kind
                )
        return found

    @property
    def venv(self) -> Path:
        """The private virtual environment."""
        return self.home / ".local/share/git-xsa/venv"


@pytest.fixture(scope="module")
def installed(network: None, outside: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return an installation of somebody who uses zsh; what it said is in ``said``."""
    done = Installation(tmp_path_factory.mktemp("installed"), outside)
    done.environment["SHELL"] = "/usr/bin/zsh"
    first = done.run()
    assert first.returncode == 0, first.stderr
    done.said = first.stdout
    return done


@pytest.fixture
def installation(network: None, outside: dict[str, str], tmp_path: Path) -> Installation:
    """Return an installation that has not happened yet."""
    return Installation(tmp_path, outside)


def _listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_version_names_no_folder_that_is_gone(installed: Installation) -> None:
    done = installed.start("git", "xsa", "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith(f"installed by pip in {installed.venv}/")


def test_install_twice_update_and_uninstall(installation: Installation) -> None:
    mine = installation.home / ".local/share/zsh/site-functions/_mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("# somebody else's\n", encoding="utf-8")
    before = installation.tree()
    checkout = _listing(installation.checkout)

    first = installation.run()
    assert first.returncode == 0, first.stderr
    assert "'git xsa' lists the commands" in first.stdout
    assert _libraries(installation) == _locked("runtime", "build")
    once = installation.tree()
    _check_commands(installation)
    _check_files(installation.checkout, once)

    second = installation.run()
    assert second.returncode == 0, second.stderr
    assert installation.tree() == once
    assert _listing(installation.checkout) == checkout, "the checkout is only read"

    _check_update(installation)

    last = installation.run("--uninstall")
    assert (last.returncode, last.stdout, last.stderr) == (0, "git-xsa is removed.\n", "")
    assert installation.tree() == before
    assert not installation.venv.exists()


def _libraries(installation: Installation) -> dict[str, str]:
    """Return the versions of the libraries in the virtual environment."""
    done = installation.start(str(installation.venv / "bin" / "python"), "-m", "pip", "list", "--format", "json")
    found = {canonicalize_name(one["name"]): one["version"] for one in json.loads(done.stdout)}
    return {name: version for name, version in found.items() if name not in ("git-xsa", "pip")}


def _locked(*parts: str) -> dict[str, str]:
    """Return what requirements.lock holds for this Python."""
    here = {key: str(value) for key, value in default_environment().items()}
    return {name: entry.version for name, entry in entries().items() if entry.part in parts and entry.holds(here)}


def _check_commands(installation: Installation) -> None:
    done = installation.start("git", "xsa", "--version")
    assert done.stdout.startswith(f"git-xsa {__version__} ")
    for name in COMMANDS:
        done = installation.start("git", f"xsa-{name}", "-h")
        assert (done.returncode, done.stderr) == (129, "")
        assert done.stdout.startswith(f"usage: git xsa-{name} ")


def _check_files(checkout: Path, tree: dict[str, str]) -> None:
    for page in (checkout / "man").glob("*.[1-9]"):
        assert f".local/share/man/man{page.suffix[1:]}/{page.name}" in tree
    for hook in (checkout / "hooks").glob("*"):
        assert f".local/share/git-xsa/hooks/{hook.name}" in tree
    for name in COMMANDS:
        assert f".local/share/bash-completion/completions/git-xsa-{name}" in tree
        assert f".local/share/zsh/site-functions/_git-xsa-{name}" in tree
        assert f".local/share/fish/vendor_completions.d/git-xsa-{name}.fish" in tree
    assert ".local/share/fish/vendor_conf.d/git-xsa.fish" in tree


def _check_update(installation: Installation) -> None:
    """Check that a later version takes an earlier one's place: new code, new files, none that it lacks."""
    old_page = installation.checkout / "man" / "git-xsa-old.1"
    old_page.write_text(".Dd old\n", encoding="utf-8")
    assert installation.run().returncode == 0
    assert ".local/share/man/man1/git-xsa-old.1" in installation.tree()

    old_page.unlink()
    code = installation.checkout / "git_xsa" / "__init__.py"
    code.write_text(code.read_text("utf-8").replace(__version__, "9.9.9"), encoding="utf-8")
    assert installation.run().returncode == 0
    assert installation.start("git", "xsa", "--version").stdout.startswith("git-xsa 9.9.9 ")
    assert ".local/share/man/man1/git-xsa-old.1" not in installation.tree()


def test_prefix_and_what_is_done_beyond_it(installation: Installation, tmp_path: Path) -> None:
    prefix = tmp_path / "some where" / "else"
    installation.environment["SHELL"] = "/usr/bin/zsh"
    (installation.home / ".zshrc").write_text(f"fpath=('{prefix}/share/zsh/site-functions' $fpath)\n", "utf-8")
    before = installation.tree()
    done = installation.run("--prefix", str(prefix), "--demo", str(tmp_path / "demo"))

    assert done.returncode == 0, done.stderr
    story, _, advice = done.stdout.partition("git-xsa is installed")
    assert "man git-xsa-tutorial" in " ".join(story.split())
    assert f'export PATH="{prefix}/bin:$PATH"' in advice, "what the shell does not know yet comes last"
    assert (prefix / "bin" / "git-xsa").is_symlink()
    assert (prefix / "share" / "git-xsa" / "manifest").is_file()
    assert "fpath=" not in done.stdout, "it is in .zshrc"
    assert installation.tree() == before
    assert installation.start(str(prefix / "bin" / "git-xsa")).returncode == 0

    assert installation.run("--prefix", str(prefix), "--uninstall").returncode == 0
    assert not (tmp_path / "some where").exists()


def test_a_file_of_somebody_else_is_not_overwritten(installation: Installation) -> None:
    theirs = installation.home / ".local" / "bin" / "git-xsa"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("#!/bin/sh\n", encoding="utf-8")
    before = installation.tree()

    done = installation.run()
    assert done.returncode == 1
    assert f"error: {theirs} exists and was not put there by this script\n" in done.stderr
    assert installation.tree() == before


def test_a_first_installation_that_fails_leaves_nothing(installation: Installation) -> None:
    installation.environment |= {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = installation.run()

    assert done.returncode == 1
    assert "error: pip could not install the libraries that git-xsa uses\nhint: it needs PyPI" in done.stderr
    assert "\nhint: if that lacks a file of requirements.lock, ./install.sh --newest takes" in done.stderr
    assert installation.tree() == {}


@pytest.mark.skipif(not BASH_COMPLETION_OF_GIT.exists(), reason="git's completion for bash is not installed")
def test_bash_completes_both_spellings(installed: Installation) -> None:
    repository = installed.home / "repository"
    for words in (["init", "-q", str(repository)], ["-C", str(repository), "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *words], check=True)
    for tag in ("RELEASE-4.17.1", "RELEASE-4.17.2", "R$(touch${IFS}harm)"):
        subprocess.run(["git", "-C", str(repository), "tag", tag], check=True)

    assert _complete(installed, "git", "xsa-check", "--on") == ["--onto"]
    assert _complete(installed, "git", "xsa-check", "--onto", "RELEASE-") == ["RELEASE-4.17.1", "RELEASE-4.17.2"]
    assert _complete(installed, "git", "-C", ".", "xsa-check", "--on") == ["--onto"]
    assert _complete(installed, "git-xsa-check", "--on") == ["--onto"]
    assert "R\\$\\(touch\\$\\{IFS\\}harm\\)" in _complete(installed, "git-xsa-check", "--onto", "R")
    assert not (repository / "harm").exists()


COMPLETE = """
cd "$HOME/repository" && . "$1" && . "$2" && shift 2 || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
case $1 in
    git) __git_wrap__git_main git "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" ;;
    *) _shtab_git_xsa_check ;;
esac
printf '%s\\n' "${COMPREPLY[@]}"
"""


def _complete(installation: Installation, *words: str) -> list[str]:
    """Return what bash offers for the last of ``words``."""
    script = installation.home / ".local/share/bash-completion/completions/git-xsa-check"
    done = installation.start("bash", "-c", COMPLETE, "bash", str(BASH_COMPLETION_OF_GIT), str(script), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_once_the_folder_is_named(installed: Installation) -> None:
    line = next(line for line in installed.said.splitlines() if "fpath=" in line)
    (installed.home / ".zshrc").write_text(f"{line.strip()}\nautoload -Uz compinit && compinit -u -D\n", "utf-8")
    # zsh asks its rc file only when it is interactive
    done = installed.start("zsh", "-i", "-c", "print -r -- $_comps[git-xsa-check] $+functions[_git-xsa-check]")
    assert done.stdout.split() == ["_git-xsa-check", "1"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_both_spellings(installed: Installation) -> None:
    for line in ("git-xsa-check --on", "git xsa-check --on"):
        done = installed.start("fish", "-c", f"complete -C '{line}'")
        assert [found.split("\t")[0] for found in done.stdout.splitlines()] == ["--onto"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--nonsense"], 129, "error: unknown argument: --nonsense\nusage: ./install.sh "),
        (["--prefix"], 1, "error: --prefix needs a folder\n"),
        (["--demo", "--uninstall"], 1, "error: --demo and --uninstall do not go together\n"),
        (["--uninstall"], 1, "error: git-xsa is not installed under "),
        (["--prefix", "missing", "--uninstall"], 1, "error: there is no folder "),
    ],
)
def test_wrong_usage(arguments: list[str], status: int, message: str, outside: dict[str, str], tmp_path: Path) -> None:
    installation = Installation(tmp_path, outside)
    done = installation.run(*arguments)

    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert installation.tree() == {}


def test_a_python_that_is_too_old_is_refused(outside: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    installation = Installation(tmp_path, outside | {})
    installation.environment["PYTHON"] = str(old)
    done = installation.run()

    assert done.returncode == 1
    assert done.stderr == f"error: PYTHON={old} is not a Python 3.10 or later\n"
    assert installation.tree() == {}
