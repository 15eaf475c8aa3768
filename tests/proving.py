"""Queues of the small kernel, and what ``git xsa-test`` says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_kernel as small
from repositories import Draft, Files, Place, processes

RELEASE = "RELEASE-1.0.0"
ASK = ("test", "--onto", RELEASE, "--xsa", "1", "--cell", "small")
BOTH = (*ASK, "--cell", "debug")
#: Compiled with -DDEBUG only.
DEBUG_FAILS = "#ifdef DEBUG\n    panic(no_such_name);\n#endif"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Return the folders for what must not last, which nothing else uses; nothing is left in them at the end."""
    made = [tmp_path / "temporary", tmp_path / "runtime"]
    for folder in made:
        folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(made[0]))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(made[1]))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("PROOF_OF", str(tmp_path))
    yield made
    assert [path for folder in made for path in folder.iterdir()] == []
    assert processes(f"GIT_XSA_BUILD={tmp_path}") == []


def project(tmp_path: Path, *changes: tuple[str, Files], base: Files | None = None, payload: str = "9") -> Place:
    """Return a repository with one release of the kernel, ``changes`` on it, and an exploit for XSA-1."""
    draft = Draft()
    draft.release("1.0.0", base or small.files())
    for subject, files in changes:
        draft.commit(subject, files)
    place = draft.write(tmp_path / "project")
    settings = {
        "cell.small.command": "make",
        "cell.small.image": "kernel",
        "cell.debug.command": "make OPTIONS=-DDEBUG",
        "cell.debug.image": "kernel",
        "exploit.1.image": str(small.write_module(tmp_path / "overflow", payload)),
    }
    for key, value in settings.items():
        place.git("config", f"xsa.{key}", value)
    return place


def fixed(tmp_path: Path, bound: str = small.BOUND, start: str = small.QUIET, payload: str = "9") -> Place:
    """Return a project whose XSA-1 puts ``bound`` and ``start`` into the kernel."""
    return project(
        tmp_path,
        ("notes", {"notes": b"more\n"}),
        ("table: keep to the bound\n\nThis is XSA-1.", {"kernel.c": small.kernel(bound, start)}),
        payload=payload,
    )


def proved(place: Place, *words: str, status: int = 0) -> dict[str, Any]:
    """Return the first result of the command with ``words``, as JSON."""
    answer = place.run(*words, "--json")
    assert answer.status == status, answer
    found: dict[str, Any] = json.loads(answer.out)["results"][0]
    return found


def judged(result: dict[str, Any], cell: str = "small") -> dict[str, str]:
    """Return what was judged in ``cell``: kind and name, and the judgement."""
    [found] = [one for one in result["cells"] if one["name"] == cell]
    return {f"{test['kind']} {test['name']}".strip(): test["state"] for test in found["tests"]}


#: The makefile of a framework of tests.
FRAMEWORK = b"""\
all:
\t@set -e; for D in $(TESTS); do $(MAKE) -C $$D build; done
"""


def framework(tmp_path: Path, tests: dict[str, dict[str, str]]) -> Path:
    """Return a framework whose ``tests`` have images, by their names, that do what letters say."""
    files: dict[str, bytes] = {"Makefile": FRAMEWORK}
    for test, images in tests.items():
        rules = "".join(f"\tprintf '%s' \"{letters}\" > {name}\n" for name, letters in images.items())
        files[f"tests/{test}/Makefile"] = f"build:\n{rules}".encode()
        files[f"tests/{test}/main.c"] = b"if ( xtf_has_fep )\n" if test == "xsa-1" else b"/* plain */\n"
    draft = Draft()
    draft.commit("tests", files)
    return draft.write(tmp_path / "framework").folder
