"""What goes wrong with builds and tests, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.errors import UsageError, XsaError, problem
from git_xsa.git.problems import Meaningless

_ROOM = "make room for builds (TMPDIR moves them), or give it more memory; nothing is remembered of this one"


# build_tree


@problem
def unwritable(path: str, why: str | None) -> XsaError:
    return XsaError(f"{path} can't be written for a build: {why}", "leave out --build")


@problem
def never_written(name: str) -> XsaError:
    return XsaError(f"the tree has a file named {name!r}, which is never written", "check it with git fsck")


# builds


@problem
def fault_of_the_machine(fault: str) -> XsaError:
    return XsaError(f"a build failed because of this machine, not of the queue: {fault}", _ROOM)


# cells


@problem
def no_such_cell(cell: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"there is no cell {cell!r}", f"the cells are {', '.join(known)}; xsa.cell.<name>.* adds others")


@problem
def bad_cell_choice(cell: str, key: str, choices: Sequence[str], hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}.{key}: it must be one of {', '.join(choices)}", hint)


@problem
def bad_cell_image(cell: str, hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}.image: it must be a path in the tree", hint)


@problem
def bad_cell_name(cell: str, hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}: the name of a cell can have letters, digits, _, +, = and -", hint)


@problem
def unknown_cell_key(cell: str, key: str, known: Sequence[str], hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}.{key}: a cell has no such key; the keys are {', '.join(known)}", hint)


@problem
def bad_cell_line(cell: str, hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}.config: it must be a line of a configuration", hint)


@problem
def tools_have_no_configuration(cell: str, hint: str) -> XsaError:
    return XsaError(f"xsa.cell.{cell}.config: only a hypervisor has a configuration", hint)


# outcomes


@problem
def unusable_folder(folder: Path, why: str | None) -> XsaError:
    return XsaError(f"{folder}: {why}", "it holds the logs of builds; set XDG_CACHE_HOME to move it")


# settings


@problem
def unknown_setting(key: str) -> XsaError:
    return XsaError(f"the setting {key} is unknown", "git config xsa.exploit.454.image <file>")


@problem
def bad_image_setting(key: str, why: Meaningless, hint: str) -> XsaError:
    return XsaError(f"the setting {key}: {why}", hint)


# stack


@problem
def no_binary_contents(path: str) -> XsaError:
    return XsaError(
        f"the contents of {path} are in no commit: a binary patch can't be built", "leave out the patch, or --build"
    )


# xtf


@problem
def no_clone_of_xtf(place: Path) -> XsaError:
    return XsaError(f"xsa.xtf: {place} is not a clone of XTF", "git clone https://github.com/andyhhp/xtf")
