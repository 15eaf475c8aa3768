"""C functions, written by hand or at random, in which a fix uses a name and another commit brings it; gcc judges them.

A unit is the text of a file.  A line that begins with ``P`` is added by the commit that brings the name, one that
begins with ``F`` by the fix.  Around both stand lines that nobody changes, so that neither is context of the other.
``@`` in a text stands for the unit's number: units are compiled together, and their names must not meet.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

APART = 4
WORDS = [
    "gcc",
    "-fsyntax-only",
    "-std=gnu11",
    "-Werror=implicit-function-declaration",
    "-Wno-error=int-conversion",
    "-x",
    "c",
    "-",
]
_ERROR = re.compile(r"^<u(\d+)>:\d+:\d+: error: ", re.MULTILINE)


def text_of(unit: str, number: int, tags: str = "") -> str:
    """Return the file number ``number``, with those lines that ``tags`` (some of "PF") are for."""
    lines, filler = [], count(1)
    for line in unit.splitlines():
        if line[:2] in ("P ", "F "):
            around = [f"/* {next(filler)} */" for _ in range(2 * APART)]
            lines += [*around[:APART], *([line[2:]] if line[0] in tags else []), *around[APART:]]
        else:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines).replace("@", str(number))


def rejected(texts: Iterable[tuple[int, str]]) -> set[int]:
    """Return the numbers of those texts that gcc does not take; all of them are given to it at once."""
    given = "".join(f'# 1 "<u{number}>"\n{text}' for number, text in texts)
    done = subprocess.run(WORDS, input=given, capture_output=True, text=True, check=False, cwd=Path("/"))
    found = {int(number) for number in _ERROR.findall(done.stderr)}
    assert bool(done.returncode) == bool(found), done.stderr
    return found


def judged(units: Sequence[str]) -> dict[int, bool]:
    """Return by number the units that are good: gcc takes the base, and all together; whether the fix needs ``P``."""
    numbered = list(enumerate(units))
    bad: set[int] = set()
    for tags in ("", "P", "PF"):
        bad |= rejected((n, text_of(unit, n, tags)) for n, unit in numbered if n not in bad)
    good = [(n, unit) for n, unit in numbered if n not in bad]
    needing = rejected((n, text_of(unit, n, "F")) for n, unit in good)
    return {n: n in needing for n, _ in good}


class _Writer:
    """Writes one unit at random.  ``visible`` are the variables that can be used where it stands."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lines: list[str] = []
        self._names = [f"{letter}@" for letter in "abc"]

    def unit(self) -> str:
        """Return the text of a unit."""
        members = self._chance.sample(self._names, self._chance.randint(0, 2))
        self._lines += ["struct s@ {", "    int first;", *(f"    int {name};" for name in members), "P     int NAME;"]
        self._lines += ["};", "int sink@(int, ...);", *self._file_level(), "P int NAME;", "struct s@ *get@(void);"]
        for number in range(self._chance.randint(1, 3)):
            self._function(number)
            self._lines += self._file_level()
        self._lines += ["P int NAME;"]
        return self._chosen()

    def _file_level(self) -> list[str]:
        name = self._chance.choice(self._names)
        forms = (
            f"int {name};", f"int p_{name}(int {name});", f"struct {name} {{ int x; }};",
            f"/* int {name}; */", f"#if 0\nint {name};\n#endif", f"#if 1\n#else\nint {name};\n#endif",
            f'static const char *const t_{name} = "int {name};";', f"#define N_{name}({name}) (({name}) + 1)",
            f"#define B_{name} ({{ int {name} = 1; {name}; }})",
            f"static inline int i_{name}(int {name}) {{ return {name}; }}",
            f"enum {{ {name} = 1 }};", f"#define {name} 1\n#undef {name}", f"typedef int (*q_{name})(int {name});",
        )  # fmt: skip
        return [line for _ in range(self._chance.choice((0, 0, 1))) for line in self._chance.choice(forms).split("\n")]

    def _function(self, number: int) -> None:
        parameters = self._chance.sample(self._names, self._chance.choice((0, 0, 1)))
        listed = ", ".join(["struct s@ *t", *(f"int {name}" for name in parameters)])
        self._lines += [f"int f{number}_@({listed})", "{"]
        self._block(set(parameters), 1)
        self._lines += ["    return 0;", "}"]

    def _block(self, visible: set[str], depth: int) -> None:
        blank, pick = "    " * depth, self._chance.choice
        visible, declared = set(visible), set[str]()
        for _ in range(self._chance.randint(2, 5)):
            name = pick(self._names)
            kind = pick(("declare", "use", "use", "inner", "inner", "for", "label", "noise", "change", "value"))
            if kind == "declare" and name not in declared:
                self._lines.append(
                    blank + pick((f"int {name} = 1;", f"int first{depth}, *{name};", f"enum {{ {name} }};"))
                )
                visible.add(name)
                declared.add(name)
            elif kind == "use" and visible:
                self._lines.append(f"{blank}sink@(1, {pick(sorted(visible))});")
            elif kind == "inner" and depth < 4:
                self._lines.append(
                    blank + pick(("{", "if ( t )\n{", "do {", "while ( t->first ) {")).replace("\n", "\n" + blank)
                )
                opened = self._lines[-1]
                self._block(visible, depth + 1)
                self._lines.append(blank + ("} while ( 0 );" if opened.endswith("do {") else "}"))
            elif kind == "for":
                self._lines.append(f"{blank}for ( int {name} = 0; {name} < 3; {name}++ )")
                self._lines.append(f"{blank}    sink@(2, {name});")
            elif kind == "label":
                self._lines.append(f"{blank}{name}: ;")
            elif kind == "value":
                self._lines.append(f"{blank}sink@(3, ({{ int {name} = 2; {name}; }}));")
            elif kind == "noise":
                noise = (f"/* {name} */", f'sink@(4, "{name}");', f"#if 0\n{blank}int {name} = 3;\n#endif",
                         f"{{ struct {{ int {name}; }} v; t->first = sizeof(v); }}", f"// int {name};")  # fmt: skip
                self._lines += [line if line[0] == "#" else blank + line.strip() for line in pick(noise).split("\n")]
            elif kind == "change":
                self._lines.append(
                    "P " + blank + pick(("int NAME;", "int other, NAME = 2;", "NAME: ;", "enum { NAME };"))
                )
            self._lines.append(
                "F " + blank + pick(("sink@(5, NAME);", "sink@(6, t->NAME);", "(void)NAME;", "if ( t ) goto NAME;"))
            )

    def _chosen(self) -> str:
        """Return the text with one of the places for each commit, and the same name in both."""
        name = self._chance.choice(self._names)
        kept = [line for unit_line in self._lines for line in unit_line.split("\n")]
        for tag in "PF":
            places = [n for n, line in enumerate(kept) if line.startswith(f"{tag} ")]
            chosen = self._chance.choice(places) if places else -1
            kept = [line for n, line in enumerate(kept) if n == chosen or not line.startswith(f"{tag} ")]
        return "\n".join(kept).replace("NAME", name)


def random_units(seed: int, number: int) -> list[str]:
    """Return ``number`` units, the same ones for the same ``seed``."""
    chance = random.Random(seed)
    return [_Writer(chance).unit() for _ in range(number)]
