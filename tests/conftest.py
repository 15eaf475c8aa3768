"""What holds for every test: a sealed surrounding, so that a test says the same on every machine and every day.

No test sees the user's home, git configuration, identity, editor, pager, proxies or colours; the clock of commits
stands still; git refuses every transport but the local one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from programs import lacking

if TYPE_CHECKING:
    from ways import Ground

ROOT = Path(__file__).resolve().parent.parent
#: When every commit and tag of a test is made: 2026-01-02 03:04:05 UTC.
NOW = "1767323045 +0000"
IDENTITY = {"NAME": "Jane Doe", "EMAIL": "jane@example.org", "DATE": NOW}

SETTINGS = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
    "COLUMNS": "100",
    "PYTHONPATH": str(ROOT),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_EDITOR": "false",
    "GIT_SEQUENCE_EDITOR": "false",
    "GIT_ASKPASS": "false",
} | {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in IDENTITY.items()}

#: The files ``test_<word>.py`` that ``--fast`` leaves out: each takes more than a second or two.
# fmt: off
SLOWER = frozenset({
    "asked", "bad_input", "bad_patches", "base_patches", "best_fit", "build", "check_junit",
    "ci", "ci_collect", "ci_recipes", "ci_run", "commands", "compare", "conflict_names",
    "demo", "development", "embargo", "export", "export_folder", "fetch", "fixes", "follow_ups", "freeze",
    "growth", "hooks", "import", "import_embargo", "imported_export", "install", "into", "into_unread",
    "into_verify", "into_write", "json", "keep_going", "ledger", "loose_series", "manual_samples", "orphans",
    "package_version", "packagers_patches", "post_tag", "pre_push", "proof", "proof_ended", "properties", "quiet",
    "reading", "refresh", "release", "remains", "report", "report_page", "resolve", "rewrite", "rooms", "scopes",
    "server_hooks", "server_race", "settled", "sharing", "signals", "source_tree", "status", "symbols",
    "symbols_random", "traces", "trees", "untouched", "verify", "ways", "ways_address", "ways_around", "ways_whole",
})
# fmt: on
#: Taken out of the environment, besides every other GIT_ variable.
UNWANTED = {
    "ALL_PROXY",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "EDITOR",
    "EMAIL",
    "FORCE_COLOR",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANGUAGE",
    "LESS",
    "LINES",
    "LV",
    "MANPATH",
    "NO_COLOR",
    "NO_PROXY",
    "PAGER",
    "PYTHON",
    "VISUAL",
}
#: Whose value is the caller's word to the tests.
KEPT = {"GIT_XSA_QUBES", "GIT_XSA_XEN"}

OUTSIDE = dict(os.environ)

# Under nohup, or in the background of a shell script, these are ignored, and every process that a test starts would
# ignore them, too.  What is handled here has its default in what is started.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(_number, lambda *_: None)

hypothesis.settings.register_profile("git-xsa", deadline=None, print_blob=True)
hypothesis.settings.load_profile("git-xsa")


@pytest.fixture(autouse=True)
def sealed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seal the test off; returns its private home folder, which is empty but for an empty ``.gitconfig``."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.upper() in UNWANTED or (name.startswith(("GIT_", "XDG_")) and name not in KEPT):
            monkeypatch.delenv(name)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    settings = home / ".gitconfig"
    settings.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    return home


@pytest.fixture
def ground(tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Return a clone with the hooks, while a freeze is in force and a fix is under embargo."""
    from ways import Ground  # noqa: PLC0415 - few tests need it

    made = Ground(tmp_path, sealed, monkeypatch)
    made.keep_secret()
    return made


@pytest.fixture(scope="session")
def outside() -> dict[str, str]:
    """Return the environment that the tests were started in, for what needs the network: installing with pip."""
    return dict(OUTSIDE)


@pytest.fixture(scope="session")
def xen() -> Path:
    """Return the clone of xen.git that ``GIT_XSA_XEN`` names; the test is skipped if it names none."""
    value = OUTSIDE.get("GIT_XSA_XEN", "")
    if not value:
        pytest.skip("GIT_XSA_XEN does not name a clone of xen.git")
    path = Path(value)
    assert path.is_dir(), f"GIT_XSA_XEN={value} is not a folder"
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--fast``: what to run all day, in less than a minute."""
    parser.addoption("--fast", action="store_true", help="leave out the files of tests that take long")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which git and Python this lane has, and what is left out."""
    git = "no git"
    with contextlib.suppress(OSError):
        git = subprocess.run(("git", "version"), capture_output=True, text=True, check=False).stdout.strip()
    left_out = [f"--fast: {len(SLOWER)} files of tests are left out"] if config.getoption("--fast") else []
    return [f"{git}, Python {platform.python_version()}", *left_out]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files that take long, if that was asked for."""
    slower = collection_path.stem.removeprefix("test_") in SLOWER and collection_path.suffix == ".py"
    return True if slower and config.getoption("--fast") else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip, visibly, a test that has met a program which is not installed here.

    Most tests of what packagers' programs make of a queue need one; that each of them asks beforehand is forgotten in
    the next one.  Where the program is installed a failure stays a failure, whatever it says.
    """
    report = yield
    program = lacking(report.longreprtext) if report.failed else ""
    if program:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {program} is not installed")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, the tests marked ``xen`` where there is no clone of xen.git."""
    if OUTSIDE.get("GIT_XSA_XEN"):
        return
    skip = pytest.mark.skip(reason="GIT_XSA_XEN does not name a clone of xen.git")
    for item in items:
        if item.get_closest_marker("xen") is not None:
            item.add_marker(skip)
