"""The packages: what is in the archives, and that each of them, freshly installed, answers the demonstration.

These tests install libraries and programs (uv, pipx, twine) and so need PyPI or a mirror of it; those of the RPM need
rpmbuild.  The Debian package is built and tested in chroots, which needs root: ``bash .ci/run packages``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from git_xsa import __version__
from git_xsa.__main__ import COMMANDS
from git_xsa.git.problems import OLDEST_GIT

ROOT = Path(__file__).resolve().parent.parent
#: What an archive of the source has besides the files of the repository.
MADE = re.compile(r"PKG-INFO|setup\.cfg|git_xsa\.egg-info/.*")

pytestmark = pytest.mark.slow


def run(*words: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def done(*words: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a program that must succeed; return what it prints."""
    ended = run(*words, env=env, cwd=cwd)
    assert ended.returncode == 0, f"{words}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    return ended.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the files that are in the repository, as they are now."""
    folder = tmp_path_factory.mktemp("packages") / "checkout"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        pytest.skip("these tests need the repository")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def archives(checkout: Path) -> dict[str, Path]:
    """Return the archive of the source and the wheel that is built from that."""
    made = checkout.parent / "dist"
    made.mkdir()
    build = "import sys, setuptools.build_meta as backend; backend.build_sdist(sys.argv[1])"
    done(sys.executable, "-c", build, made, cwd=checkout)
    (source,) = made.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation")
    done(*pip, "--wheel-dir", made, source)
    (wheel,) = made.glob("*.whl")
    return {"source": source, "wheel": wheel}


@pytest.fixture(scope="module")
def installers(outside: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of uv, pipx and twine."""
    folder = tmp_path_factory.mktemp("installers")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin/python", "-m", "pip", "install", "--quiet", "uv", "pipx", "twine")
    ended = run(*pip, env=outside)
    if ended.returncode:
        pytest.skip(f"pip can't reach its index: {ended.stderr.strip().splitlines()[-1:]}")
    return folder / "bin"


def answers(environment: dict[str, str], folder: Path) -> None:
    """Assert that the commands on PATH answer the demonstration."""
    folder.mkdir(exist_ok=True)
    told = done("git", "xsa-demo", "repository", env=environment, cwd=folder)
    assert "$ git xsa-check" in told
    assert "XSA-9002 needs 2 prerequisites" in told
    assert "XSA-9003 misplaced" in told
    ended = run("git", "xsa-check", "--onto", "RELEASE-4.21.0", env=environment, cwd=folder / "repository")
    assert (ended.returncode, ended.stderr) == (0, "")
    done("git", "xsa-hooks", "install", env=environment, cwd=folder / "repository")
    assert (folder / "repository/.git/hooks/pre-push").is_file()


def origin(environment: dict[str, str], folder: Path) -> str:
    """Return the line of ``git xsa --version`` that says where it came from."""
    first, second, *_ = done("git", "xsa", "--version", env=environment, cwd=folder).splitlines()
    assert first.startswith(f"git-xsa {__version__} ")
    return second


def environment_of(outside: dict[str, str], home: Path, *places: Path, **more: str) -> dict[str, str]:
    """Return the environment of somebody whose home folder is new, with ``places`` first on PATH."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in outside.items() if not name.startswith(("XDG_", "PYTHON", "VIRTUAL_ENV"))}
    path = os.pathsep.join([*map(str, places), kept["PATH"]])
    return kept | {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8"} | more


def installed_by_uv(*words: str | Path, env: dict[str, str]) -> None:
    """Run uv, or pipx, which starts uv; skip the test where uv can't reach its index, though pip reaches one.

    uv reads none of pip's settings.  Asked to, it trusts the certificates that the system trusts, as pip may
    (``UV_NATIVE_TLS`` is the name of before 0.11).
    """
    index = env.get("UV_DEFAULT_INDEX") or env.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    ended = run(*words, env=env | {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "UV_DEFAULT_INDEX": index})
    if "Failed to fetch" in ended.stderr or "error sending request" in ended.stderr:
        pytest.skip(f"uv can't reach {index}: {ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, f"{words}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"


def test_the_source_has_what_the_repository_has(checkout: Path, archives: dict[str, Path]) -> None:
    with tarfile.open(archives["source"]) as archive:
        names = {name.partition("/")[2]: mode for name, mode in ((m.name, m.mode) for m in archive if m.isfile())}
    files = {str(path.relative_to(checkout)): path.stat().st_mode for path in checkout.rglob("*") if path.is_file()}
    files = {
        name: mode for name, mode in files.items() if not re.match(r"(build/|git_xsa\.egg-info/|.*__pycache__/)", name)
    }
    assert {name for name in names if not MADE.fullmatch(name)} == files.keys()
    assert {name for name, mode in files.items() if mode & 0o100} == {n for n, mode in names.items() if mode & 0o100}


def test_the_wheel_has_pages_hooks_and_completions(archives: dict[str, Path]) -> None:
    with zipfile.ZipFile(archives["wheel"]) as archive:
        names = archive.namelist()
    shared = {name.partition(".data/data/share/")[2] for name in names} - {""}
    pages = {f"man/man{page.suffix[1:]}/{page.name}" for page in (ROOT / "man").iterdir()}
    hooks = {f"git-xsa/hooks/{hook.name}" for hook in (ROOT / "hooks").iterdir()}
    completions = {f"bash-completion/completions/git-xsa-{name}" for name in COMMANDS}
    completions |= {f"zsh/site-functions/_git-xsa-{name}" for name in COMMANDS}
    completions |= {f"fish/vendor_completions.d/git-xsa-{name}.fish" for name in COMMANDS}
    assert pages | hooks | completions <= shared
    inside = {str(path.relative_to(ROOT)) for path in (ROOT / "git_xsa").rglob("*") if path.is_file()}
    inside = {name for name in inside if "__pycache__" not in name}
    assert inside <= set(names)


def test_twine_accepts_the_archives(archives: dict[str, Path], installers: Path) -> None:
    done(installers / "twine", "check", "--strict", *archives.values())


@pytest.mark.parametrize("kind", ["source", "wheel"])
def test_pip_installs_what_answers(
    archives: dict[str, Path], installers: Path, outside: dict[str, str], tmp_path: Path, kind: str
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    place = tmp_path / "venv/bin"
    environment = environment_of(outside, tmp_path / "home", place)
    done(place / "python", "-m", "pip", "install", "--quiet", archives[kind], env=environment)
    answers(environment, tmp_path / "work")
    assert origin(environment, tmp_path).startswith(f"installed by pip from file://{archives[kind]} in {tmp_path}/venv")


def test_pipx_installs_what_answers(
    archives: dict[str, Path], installers: Path, outside: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "bin"
    folders = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(place), "PIPX_MAN_DIR": str(tmp_path / "man")}
    environment = environment_of(outside, tmp_path / "home", place, **folders)
    installed_by_uv(installers / "pipx", "install", "--python", sys.executable, archives["wheel"], env=environment)
    answers(environment, tmp_path / "work")
    assert f"in {tmp_path}/pipx" in origin(environment, tmp_path)
    assert (tmp_path / "man/man1/git-xsa-check.1").exists()


def test_uv_installs_what_answers(
    archives: dict[str, Path], installers: Path, outside: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "bin"
    more = {"UV_TOOL_DIR": str(tmp_path / "uv"), "UV_TOOL_BIN_DIR": str(place), "UV_PYTHON_DOWNLOADS": "never"}
    environment = environment_of(outside, tmp_path / "home", place, **more)
    words = ("tool", "install", "--python", sys.executable, archives["wheel"])
    installed_by_uv(installers / "uv", *words, env=environment)
    answers(environment, tmp_path / "work")
    assert origin(environment, tmp_path).startswith("installed by uv from ")


# RPM


def built(folder: Path, archives: dict[str, Path], python: str, *words: str) -> tuple[Path, str]:
    """Build the package with everything below ``folder``; return it and the log."""
    prefix = folder / "usr"
    places = {
        "_topdir": folder / "rpm", "__python3": python, "_prefix": prefix, "_bindir": prefix / "bin",
        "_datadir": prefix / "share", "_mandir": prefix / "share/man", "_tmppath": folder,
        "_defaultdocdir": prefix / "share/doc", "_defaultlicensedir": prefix / "share/licenses",
    }  # fmt: skip
    defined = [word for name, value in places.items() for word in ("--define", f"{name} {value}")]
    (folder / "rpm/SOURCES").mkdir(parents=True, exist_ok=True)
    shutil.copy2(archives["source"], folder / "rpm/SOURCES")
    log = done("rpmbuild", "-bb", "--nodeps", *defined, *words, ROOT / "packaging/git-xsa.spec")
    (package,) = (folder / "rpm/RPMS").rglob("*.rpm")
    return package, log


def installed(folder: Path, package: Path) -> None:
    """Install the package, all of whose files are below ``folder``."""
    names = done("rpm", "-qlp", package).splitlines()
    assert [name for name in names if not name.startswith(f"{folder}/")] == []
    done("rpm", "-i", "--nodeps", "--dbpath", folder / "db", package)


needs_rpm = pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not installed")


@needs_rpm
def test_the_rpm_answers(archives: dict[str, Path], outside: dict[str, str], tmp_path: Path) -> None:
    package, _ = built(tmp_path, archives, sys.executable)
    assert package.name.endswith(".noarch.rpm")
    installed(tmp_path, package)
    (site,) = (tmp_path / "usr/lib").glob("python3*/site-packages")
    environment = environment_of(outside, tmp_path / "home", tmp_path / "usr/bin") | {"PYTHONPATH": str(site)}
    answers(environment, tmp_path / "work")
    assert origin(environment, tmp_path) == f"installed by rpm in {site}"
    # rpm 6.1 compresses manual pages below this prefix; rpm 4.18 does not.
    assert list((tmp_path / "usr/share/man/man1").glob("git-xsa-check.1*"))


@needs_rpm
def test_the_rpm_with_its_own_libraries_answers(
    archives: dict[str, Path], installers: Path, outside: dict[str, str], tmp_path: Path
) -> None:
    bare = tmp_path / "python"
    venv.create(bare, with_pip=True)  # it has none of the libraries
    (tmp_path / "rpm/SOURCES").mkdir(parents=True)
    make = ROOT / "packaging/make-private-libraries"
    done(make, tmp_path / "rpm/SOURCES", bare / "bin/python", env=outside)
    package, log = built(tmp_path, archives, str(bare / "bin/python"), "--with", "private")
    assert "dist(" not in "".join(re.findall(r"^Requires: .*", log, re.MULTILINE))
    installed(tmp_path, package)
    (site,) = (tmp_path / "usr/lib").glob("python3*/site-packages")
    environment = environment_of(outside, tmp_path / "home", tmp_path / "usr/bin") | {"PYTHONPATH": str(site)}
    answers(environment, tmp_path / "work")


def test_every_package_has_one_version() -> None:
    spec = (ROOT / "packaging/git-xsa.spec").read_text("utf-8")
    assert f"\nVersion:        {__version__}\n" in spec
    assert f" - {__version__}-1\n" in spec
    assert (ROOT / "debian/changelog").read_text("utf-8").startswith(f"git-xsa ({__version__}-1) ")
    assert f"\n## {__version__} (" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "git"),
    [
        ("packaging/git-xsa.spec", "git-core >= {}"),
        ("debian/control", "git (>= 1:{})"),
        ("install.sh", "install git {} or later"),
        ("SUPPORT.md", "| git | {} |"),
        ("CONTRIBUTING.md", "--git ~/git-{} "),
    ],
)
def test_every_place_names_the_oldest_git_that_is_supported(path: str, git: str) -> None:
    assert git.format("{}.{}".format(*OLDEST_GIT)) in (ROOT / path).read_text("utf-8")


def test_every_place_names_the_oldest_python_that_is_supported() -> None:
    oldest = re.findall(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert oldest == ["3.10"]
    assert "Python 3.10 or later" in (ROOT / "git_xsa/__init__.py").read_text("utf-8")
    assert "| Python | 3.10 |" in (ROOT / "SUPPORT.md").read_text("utf-8")
