"""Functions and macros whose arguments change, and calls of them, at random; gcc judges what needs what.

A unit is the text of a file.  Tags say when a line is there: ``U`` until the commit that takes an old call away, ``O``
until and ``P`` since the commit that changes the arguments, ``F`` since the fix, which calls with the new ones.
``@`` in a text stands for the unit's number.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count

from random_functions import APART, rejected

#: The commits that have been made -> the tags of lines that are there.
_WITHOUT = {"U": "taken", "O": "changed"}
_WITH = {"P": "changed", "F": "fixed"}


def text_of(unit: str, number: int, *made: str) -> str:
    """Return the file number ``number`` after the commits ``made``: some of "taken", "changed" and "fixed"."""
    lines, filler, before = [], count(1), ""
    for line in unit.splitlines():
        tag = line[0] if line[:2] in ("U ", "O ", "P ", "F ") else ""
        group = tag.replace("P", "O")
        if group != before and (group or before):  # what is tagged stands apart from all the rest
            lines += [f"/* {next(filler)} */" for _ in range(2 * APART)]
        before = group
        if not tag or (_WITHOUT[tag] not in made if tag in _WITHOUT else _WITH[tag] in made):
            lines.append(line[2:] if tag else line)
    return "".join(f"{line}\n" for line in lines).replace("@", str(number))


def judged(units: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return by number the units that are good, gcc taking each state of the branch, with the commits that the fix
    needs."""
    numbered = dict(enumerate(units))
    for made in ((), ("taken",), ("taken", "changed"), ("taken", "changed", "fixed")):
        bad = rejected((n, text_of(unit, n, *made)) for n, unit in numbered.items())
        numbered = {n: unit for n, unit in numbered.items() if n not in bad}
    alone = rejected((n, text_of(unit, n, "fixed")) for n, unit in numbered.items())
    changed = rejected((n, text_of(numbered[n], n, "changed", "fixed")) for n in alone)
    return {n: () if n not in alone else ("taken", "changed") if n in changed else ("changed",) for n in numbered}


class _Writer:
    """Writes one unit at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def unit(self) -> str:
        """Return the text of a unit."""
        pick = self._chance.choice
        old, new = pick(((1, 2), (2, 1), (3, 1), (1, 3), (2, 3), (0, 1), (1, 0), (2, 2)))
        lines = ["int g@(int, ...);", "struct t@ { int (*f@)(int, ...); int x; };"]
        lines += self._noise()
        heads = self._head(old, "O") + self._head(new, "P")
        lines += heads
        lines += self._noise()
        if pick((True, False)):
            lines += ["int u@(void)", "{", *_tagged("U", f"{self._call(old)};"), "    return 0;", "}"]
        if pick((True, False)):
            changed = [*_tagged("O", f"{self._call(old)};"), *_tagged("P", f"{self._call(new)};")]
            lines += ["int o@(void)", "{", *changed, "    return 0;", "}"]
        lines += self._body(new, heads)
        return "\n".join(lines)

    def _head(self, size: int, tag: str) -> list[str]:
        """Return a head that takes ``size`` arguments, each of its lines with ``tag``."""
        names = [f"a{number}" for number in range(size)]
        typed = ", ".join(f"int {name}" for name in names) or "void"
        broken = typed.replace(", ", ",\n       ")
        plain, spread = ", ".join(names), ", ".join([*names[:-1], "..."])
        forms = [
            f"int f@({typed});", f"int f@({broken});", f"extern int f@ ({typed});",
            f"static inline int f@({typed})\n{{\n    return 0;\n}}",
            f"static inline int\nf@({typed})\n{{\n    return 0;\n}}",
            f"int f@({typed}) __attribute__((pure));", f"const struct t@ *f@({typed});",
            f"#define f@({plain}) (0)", f"#define f@({plain}) \\\n    (0)", f"# define f@({plain}) g@(1, 2)",
            f"#define f@({spread}) (0)", f"int f@({'int a0, ' * bool(names)}...);" if names else "int f@(void);",
            f"int f@(int (*a)(int, int){', int' * (size - 1)});" if names else "int f@ (void);",
        ]  # fmt: skip
        return _tagged(tag, self._chance.choice(forms))

    def _call(self, size: int) -> str:
        """Return a call of the name with ``size`` arguments."""
        forms = (
            "1", "(1, 2)", 'sizeof("a,b)")', "g@(1, 2)", "','", "({ int q = 1, w = 2; q + w; })", "/* a, b */ 1",
            "1 /* ) */", "g@(1,\n          (2, 3))", "1 // ,\n", "(int []){ 1 }[0]", "!1 \\\n",
        )  # fmt: skip
        return f"{self._chance.choice(('f@', 'f@ '))}({', '.join(self._chance.choice(forms) for _ in range(size))})"

    def _noise(self) -> list[str]:
        """Return lines with the name that say nothing of how it is called."""
        forms = (
            "/* f@(1, 2, 3, 4) */", "// int f@(int a, int b, int c, int d);", "#if 0\nint f@(void);\n#endif",
            'static const char s@[] __attribute__((unused)) = "f@(1)";', "int h_f@(int, int, int, int);",
            "/*\nint f@(int);\n*/", "#ifdef A@\n#endif", "int f@_(int);",
        )  # fmt: skip
        return [line for _ in range(self._chance.choice((0, 1, 2))) for line in self._chance.choice(forms).split("\n")]

    def _body(self, size: int, heads: Sequence[str]) -> list[str]:
        """Return a function in which the fix calls the name, or something else by that name."""
        pick = self._chance.choice
        call = self._call(size)
        macro = any("define" in line for line in heads)
        within = pick(("", "", "", "", "" if macro else "int (*f@)() = 0;", "/* f@ */"))  # it does not hide a macro
        member = "" if macro else "t->"
        forms = (
            f"{call};", f"(void){call};", f"if ( t ) {call};", f"g@(1, {call});", f"(void){member}{call};",
            f"// {call};", f"({{ {call}; }});", "(void)0;", f"#define m@ {call}", f'g@(1, "{size}f@(");',
        )  # fmt: skip
        used = pick(forms)
        if used.startswith("#"):
            used = used.replace("\\\n", "\n").replace("\n", "\\\n").replace("// ,", "") + "\n(void)(m@);"
        return ["int v@(struct t@ *t)", "{", f"    {within}", *_tagged("F", used), "    return 0;", "}"]


def _tagged(tag: str, text: str) -> list[str]:
    return [f"{tag} {line}" for line in text.split("\n")]


def random_units(seed: int, number: int) -> list[str]:
    """Return ``number`` units, the same ones for the same ``seed``."""
    chance = random.Random(seed)
    return [_Writer(chance).unit() for _ in range(number)]
