"""The rooms of the package import each other in one direction, and only one of them starts git."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import git_xsa

PACKAGE = Path(__file__).resolve().parent.parent / "git_xsa"

#: The rooms from the top: each may import those that stand below it.
ROOMS = (
    "cli",
    "ci",
    "publish",
    "report",
    "release",
    "export",
    "proof",
    "ask",
    "embargo",
    "advisory",
    "names",
    "git",
    "model",
)
#: Every room may raise the errors of ``git_xsa.errors``, make the remarks of ``git_xsa.wording``, read JSON by
#: ``git_xsa.documents``, and look for the files that come with the package.
ALWAYS = {"documents", "errors", "shared_files", "wording"}
#: Library -> the only modules that may use it.
RESERVED = {
    "sh": {"git/process.py", "git/programs.py"},
    "requests": {"advisory/web.py"},
    # one reader and one writer of JSON
    "json": {"documents.py"},
    # sh has no wait with a limit after which a whole group of processes is killed
    "subprocess": {"report/pager.py", "proof/build_command.py", "proof/machine.py"},
}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _modules(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_imports_point_one_way() -> None:
    wrong = []
    for number, room in enumerate(ROOMS):
        below = {*ROOMS[number:]} | ALWAYS
        for path in _modules(room):
            ours = {name.split(".")[1] for name in _imports(path) if name.startswith("git_xsa.")}
            if path == PACKAGE / "cli/demo.py":  # the one that shows it
                ours.remove("demo")
            rooms = ours & {*ROOMS, "__main__", "completions", "demo"}
            wrong += [f"{path.relative_to(PACKAGE)} imports {other}" for other in sorted(rooms - below)]
    assert wrong == []


def test_the_documents_name_the_rooms_in_their_order() -> None:
    drawn = next(line for line in (git_xsa.__doc__ or "").splitlines() if " -> " in line)
    assert tuple(drawn.split(" -> ")) == ("    " + ROOMS[0], *ROOMS[1:])
    table = (PACKAGE.parent / "docs/architecture.md").read_text("utf-8").partition("| room |")[2]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ROOMS


def test_one_module_starts_git() -> None:
    # The demonstration is no room: it plays the user, and starts what a user would.
    wrong = []
    for path in sorted({*PACKAGE.rglob("*.py")} - {*_modules("demo")}):
        name = path.relative_to(PACKAGE).as_posix()
        used = {imported.split(".")[0] for imported in _imports(path)}
        wrong += [
            f"{name} uses {library}" for library, users in RESERVED.items() if library in used and name not in users
        ]
    assert wrong == []


def test_no_circle_among_modules() -> None:
    modules = {
        ".".join(("git_xsa", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in PACKAGE.rglob("*.py")
    }
    left = {name: {*_imports(path)} & modules.keys() - {name} for name, path in modules.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert sorted(left) == [], "these import each other, or what does"


def test_what_is_imported_late_says_why() -> None:
    """``cli`` chooses what it loads; elsewhere such an import has a reason: what it costs, when it is needed."""
    silent = []
    for path in sorted({*PACKAGE.rglob("*.py")} - {*_modules("cli")}):
        name = path.relative_to(PACKAGE).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        silent += [f"{name}:{number}" for number, line in enumerate(lines, 1) if re.search(r"PLC0415\W*$", line)]
    assert silent == []


def _classes() -> list[tuple[str, ast.ClassDef]]:
    trees = [(path.name, _tree(path)) for path in sorted(PACKAGE.rglob("*.py"))]
    return [(name, node) for name, tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def test_no_class_has_the_name_of_another_one() -> None:
    counted = Counter(node.name for _, node in _classes())
    assert [name for name, count in counted.items() if count > 1] == []


def test_no_class_has_more_than_15_public_methods() -> None:
    large = {
        node.name: sum(isinstance(one, ast.FunctionDef) and not one.name.startswith("_") for one in node.body)
        for _, node in _classes()
    }
    assert {name: count for name, count in large.items() if count > 15} == {}


def _errors() -> set[str]:
    """Return the names of the classes that derive from ``XsaError``."""
    bases = {node.name: {base.id for base in node.bases if isinstance(base, ast.Name)} for _, node in _classes()}
    found = {"XsaError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def _worded_in_line(path: Path, errors: set[str]) -> Iterator[int]:
    """Yield the lines that make an error of git-xsa, or raise anything with words of their own.

    An ``AssertionError`` is not for users.
    """
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
            yield node.lineno
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _is_worded(node.exc):
            yield node.lineno


def _is_worded(call: ast.Call) -> bool:
    return ast.unparse(call.func) != "AssertionError" and any(map(_is_words, call.args))


def _is_words(node: ast.expr) -> bool:
    """Whether it is text with a blank in it; an f-string that only turns a value into text is none."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in parts)


def test_remarks_have_their_words_in_one_place() -> None:
    """Nothing makes a ``Remark`` but an error and the mark of a function that words one, which is in ``remarks``."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        nodes = list(ast.walk(_tree(path)))
        made = any(isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Remark") for node in nodes)
        marked = any(
            "remark" in map(ast.unparse, node.decorator_list) for node in nodes if isinstance(node, ast.FunctionDef)
        )
        wrong += [f"{name} makes a Remark"] if made and name not in ("wording.py", "errors.py") else []
        wrong += [f"{name} words a remark"] if marked and path.name != "remarks.py" else []
    assert wrong == []


def test_errors_have_their_words_in_one_place() -> None:
    errors = _errors()
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} words an error"
        for room in ROOMS
        for path in _modules(room)
        if "problems" not in (path.stem, path.parent.name)
        for line in _worded_in_line(path, errors)
    ]
    assert wrong == []


def _used_wording() -> set[tuple[str, str]]:
    """Return what modules use of those with words: the module's name, and that of a function."""
    used = set()
    for path in PACKAGE.rglob("*.py"):
        tree = _tree(path)
        called: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                used |= {(f"{node.module}", name.name) for name in node.names}
                called |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
                used.add((called[node.value.id], node.attr))
    return used


@pytest.mark.parametrize("wording", ["problems", "remarks"])
def test_all_that_is_worded_can_happen(wording: str) -> None:
    used = _used_wording()
    unused = []
    for path in sorted({*PACKAGE.rglob(f"{wording}.py"), *PACKAGE.rglob(f"{wording}/*.py")}):
        module = ".".join(("git_xsa", *path.relative_to(PACKAGE).with_suffix("").parts))
        names = [node.name for node in _tree(path).body if isinstance(node, ast.FunctionDef)]
        unused += [f"{module}.{name}" for name in names if name[0] != "_" and (module, name) not in used]
    assert unused == []


def test_benches_import_what_there_is() -> None:
    """They are no modules that the type checker reads."""
    lacking = []
    for path in sorted((PACKAGE.parent / "bench").iterdir()):
        if not path.is_file() or not path.read_bytes().startswith((b"#!/usr/bin/env python3", b'"""')):
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("git_xsa"):
                found = import_module(node.module)
                inside = {one.name for one in iter_modules(getattr(found, "__path__", ()))}
                names = {one.name for one in node.names} - inside
                lacking += [f"{path.name}: {name}" for name in sorted(names) if not hasattr(found, name)]
    assert lacking == []


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_documents_name_what_there_is(document: str) -> None:
    root = PACKAGE.parent
    text = (root / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)+\w+(?:\.py|\.1)?)`", text)) | set(re.findall(r"tests/\w+\.py", text))
    lacking = [name for name in sorted(named) if not ((root / name).exists() or (PACKAGE / name).exists())]
    names = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").glob("test_*.py"))
    assert lacking + [word for word in re.findall(r"-k (\w+)", text) if word not in names] == []
