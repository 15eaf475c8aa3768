"""requirements.lock: it satisfies pyproject.toml for each Python, with hashes, and it is what gets installed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PARTS = ("runtime", "build", "dev")
_HEAD = re.compile(r"# The libraries of git-xsa, .*, for Python 3\.(\d+) to 3\.(\d+)\.\n")
_ENTRY = re.compile(r"([a-z0-9-]+)==([^ \\]+)(?: ; (.+?))? \\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)\n")


@dataclass(frozen=True)
class Entry:
    """A library as the lock has it."""

    part: str
    version: str
    condition: Requirement
    hashes: int

    def holds(self, environment: dict[str, str]) -> bool:
        return self.condition.marker is None or self.condition.marker.evaluate(environment)


@cache
def entries() -> dict[str, Entry]:
    """Return what the lock holds; all of its text must be entries, headings and its first two lines."""
    found: dict[str, Entry] = {}
    head, *parts = re.split(r"\n# ([a-z]+): .*\n", LOCK)
    assert _HEAD.match(head)
    assert parts[::2] == list(PARTS)
    for part, text in zip(parts[::2], parts[1::2], strict=True):
        left = text
        while match := _ENTRY.match(left):
            name, version, marker, hashes = match.groups()
            assert name not in found
            condition = Requirement(f"{name}=={version}" + (f" ; {marker}" if marker else ""))
            found[name] = Entry(part, version, condition, hashes.count("sha256:"))
            left = left[match.end() :]
        assert left == ""
    return found


def pythons() -> list[dict[str, str]]:
    """Return what markers are evaluated in: Linux with each Python that the lock is for."""
    head = _HEAD.match(LOCK)
    assert head is not None
    here = {key: str(value) for key, value in default_environment().items()}
    return [
        here | {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "extra": ""}
        for minor in range(int(head[1]), int(head[2]) + 1)
    ]


def required(key: str) -> list[Requirement]:
    """Return the requirements that pyproject.toml lists under ``key``."""
    found = re.search(rf"^{key} = \[(.*?)\]$", PROJECT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return [Requirement(text) for text in re.findall(r'"(.+?)"', found[1])]


@pytest.mark.parametrize("key", ["dependencies", "requires", "dev"])
def test_each_requirement_is_pinned_within_its_range(key: str) -> None:
    assert required(key)
    parts = PARTS[: {"dependencies": 1, "requires": 2, "dev": 3}[key]]
    for requirement in required(key):
        entry = entries()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(entry.version, prereleases=True), requirement
        assert entry.part in parts
        for python in pythons():  # it is pinned wherever it is asked for, and nowhere else
            wanted, pinned = requirement.marker, entry.condition.marker
            assert (wanted is None or wanted.evaluate(python)) == (pinned is None or pinned.evaluate(python))


def test_it_is_for_the_pythons_of_the_project() -> None:
    oldest = pythons()[0]["python_version"]
    assert f'requires-python = ">={oldest}"' in PROJECT
    assert sys.version_info[:2] >= tuple(map(int, oldest.split(".")))


def test_every_entry_has_a_wheel_and_a_source_or_at_least_one_of_them() -> None:
    assert {name for name, entry in entries().items() if entry.hashes < 1} == set()
    assert sum(entry.hashes > 1 for entry in entries().values()) > len(entries()) / 2


@pytest.mark.parametrize("environment", pythons(), ids=lambda environment: str(environment["python_version"]))
def test_what_the_libraries_need_is_pinned_too(environment: dict[str, str]) -> None:
    """Asked of the installed libraries that are those of the lock; another lane has others."""
    looked = 0
    for name, entry in entries().items():
        if not entry.holds(environment):
            continue
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if installed.version != entry.version:
            continue
        looked += 1
        for text in installed.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(environment):
                pinned = entries()[canonicalize_name(requirement.name)]
                assert requirement.specifier.contains(pinned.version), f"{name} needs {requirement}"
                assert pinned.holds(environment), f"{name} needs {requirement}"
                assert PARTS.index(pinned.part) <= PARTS.index(entry.part)
    if looked < len(entries()) / 2:
        pytest.skip("the libraries installed here are not those of the lock")


# tools/install-libraries

#: Stands for the Python of a virtual environment: it notes what pip is asked for, and fails as it is told.
STUB = """\
#!/bin/sh
case $1 in
    -c) exit {newer} ;;
esac
printf '%s\\n' "$*" >>'{folder}/asked'
while [ $# -gt 0 ]; do
    [ "$1" != --requirement ] || cp "$2" '{folder}/given'
    shift
done
[ ! -e '{folder}/broken' ] || {{ rm '{folder}/broken'; exit 1; }}
"""


def install(folder: Path, *words: str, newer: bool = False, broken: bool = False) -> tuple[int, str, list[str]]:
    """Run the script with the stub; return its exit status, its messages, and what pip was asked."""
    python = folder / "python"
    python.write_text(STUB.format(newer=int(not newer), folder=folder), encoding="utf-8")
    python.chmod(0o755)
    if broken:
        (folder / "broken").touch()
    script = ROOT / "tools" / "install-libraries"
    done = subprocess.run([script, python, *words], capture_output=True, text=True, check=False)
    asked = folder / "asked"
    return done.returncode, done.stderr, asked.read_text("utf-8").splitlines() if asked.exists() else []


@pytest.mark.parametrize("part", PARTS)
def test_the_part_that_is_asked_for_is_installed(part: str, tmp_path: Path) -> None:
    status, said, asked = install(tmp_path, part)
    assert (status, said, len(asked)) == (0, "", 1)
    assert "--require-hashes" in asked[0]
    given = re.findall(r"^([a-z0-9-]+)==", (tmp_path / "given").read_text("utf-8"), re.MULTILINE)
    wanted = PARTS[: PARTS.index(part) + 1]
    assert given == [name for name, entry in entries().items() if entry.part in wanted]


def test_a_lock_that_can_not_be_used_is_an_error(tmp_path: Path) -> None:
    """Another hash, an index that lacks a file: nothing that was not asked for is installed instead."""
    status, said, asked = install(tmp_path, "dev", broken=True)
    assert (status, said, len(asked)) == (1, "", 1)


def test_a_newer_python_takes_the_lock_if_it_can(tmp_path: Path) -> None:
    status, said, asked = install(tmp_path, "dev", newer=True)
    assert (status, said, len(asked)) == (0, "", 1)
    assert "--only-binary :all: --require-hashes" in asked[0]


def test_a_newer_python_takes_the_newest_libraries_otherwise(tmp_path: Path) -> None:
    status, said, asked = install(tmp_path, "runtime", newer=True, broken=True)
    assert status == 0
    assert said.startswith("warning: this Python is newer than requirements.lock")
    assert len(asked) == 2
    assert "--require-hashes" not in asked[1]
    assert (tmp_path / "given").read_text("utf-8").splitlines() == [str(one) for one in required("dependencies")]


@pytest.mark.parametrize("option", ["--newest", "--lowest"])
def test_the_other_lanes(option: str, tmp_path: Path) -> None:
    status, said, asked = install(tmp_path, "dev", option)
    assert (status, said, len(asked)) == (0, "", 1)
    assert ("--upgrade --upgrade-strategy eager" in asked[0]) == (option == "--newest")
    assert "--require-hashes" not in asked[0]
    given = {Requirement(line) for line in (tmp_path / "given").read_text("utf-8").splitlines()}
    assert given == {*required("dependencies"), *required("requires"), *required("dev")}


def test_the_script_is_called_wrongly(tmp_path: Path) -> None:
    for words in ([], ["all"], ["dev", "--latest"]):
        assert install(tmp_path, *words) == (
            129,
            "usage: tools/install-libraries <python> runtime|build|dev [--newest|--lowest]\n",
            [],
        )


# Building

IMPORTS = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {libraries!r}:
            raise ImportError(f"the parsers import {{name}}, which build-system.requires does not list")

sys.meta_path.insert(0, Refuse())
from git_xsa.completions import write
from pathlib import Path
write(Path(sys.argv[1]))
"""


def test_the_build_needs_no_library_that_it_does_not_list(tmp_path: Path) -> None:
    listed = {canonicalize_name(requirement.name) for requirement in required("requires")}
    libraries = {canonicalize_name(requirement.name) for requirement in required("dependencies")} - listed
    modules = {name.replace("-", "_") for name in libraries}
    assert {"msgspec", "tree_sitter"} <= modules
    command = [sys.executable, "-c", IMPORTS.format(libraries=modules), str(tmp_path / "completions")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr.splitlines()[-1]
    assert (tmp_path / "completions" / "zsh" / "_git-xsa-check").is_file()
