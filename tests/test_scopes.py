"""Names have a scope: what a use does not see does not supply it, and what gcc takes lacks nothing.

Each unit (``random_functions``) is a file of its own on one branch, with a commit that brings a name and a fix that
uses it.  gcc says whether the fix alone lacks it.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from random_functions import judged, random_units, text_of
from repositories import Draft, branch_with_fix, prerequisites, run
from test_properties import SCALE, SEED

#: A unit of scopes.txt: its name, whether the fix lacks the name ``rc``, and the text.
_SCOPE = re.compile(r"^== (.+): (lacks|has) it\n((?:(?!== ).*\n?)*)", re.MULTILINE)


def needed(folder: Path, units: dict[int, str]) -> dict[int, bool]:
    """Return by number whether the commit ``P`` is a prerequisite of the fix, as ``git xsa-prereqs`` says."""
    draft = Draft()
    draft.release("1.0.0", {f"u{n}.c": text_of(unit, n).encode() for n, unit in units.items()})
    commits = {}
    for n, unit in units.items():
        commits[n] = (
            draft.commit(f"bring {n}", {f"u{n}.c": text_of(unit, n, "P").encode()}),
            draft.commit(f"fix {n}", {f"u{n}.c": text_of(unit, n, "PF").encode()}),
        )
    place = draft.write(folder)
    found = {}
    needs_of = prerequisites(place, [fix for _, fix in commits.values()])
    for (n, (bringing, _)), needs in zip(commits.items(), needs_of, strict=True):
        assert [commit for commit in needs if commit != place[bringing]] == []
        found[n] = bool(needs)
    return found


def test_every_scope(tmp_path: Path) -> None:
    found = _SCOPE.findall(Path(__file__).with_name("scopes.txt").read_text(encoding="ascii"))
    assert len(found) > 50
    expected = {n: word == "lacks" for n, (_, word, _) in enumerate(found)}
    units = {n: re.sub(r"\brc\b", "rc@", unit) for n, (_, _, unit) in enumerate(found)}
    said, ours = judged(list(units.values())), needed(tmp_path, units)
    assert [found[n][0] for n in units if said.get(n) != expected[n]] == [], "gcc says otherwise"
    assert [found[n][0] for n in units if ours[n] != expected[n]] == []


@pytest.mark.parametrize("part", range(SCALE))
def test_random_functions_judged_by_gcc(tmp_path: Path, part: int) -> None:
    seed = random.Random(SEED + part).randrange(2**32)
    print(f"GIT_XSA_SEED={SEED}, part {part}: random_units({seed}, 1200)")
    units = random_units(seed, 1200)
    expected = judged(units)
    assert len(expected) > 100
    found = needed(tmp_path, {n: units[n] for n in expected})
    wrong = [(n, "lacks it" if expected[n] else "a false alarm") for n in expected if expected[n] != found[n]]
    assert not wrong, "\n".join([str(wrong), text_of(units[wrong[0][0]], wrong[0][0], "PF")])


HEADERS = {
    "static inline int g(int rc)\n{\n    return rc;\n}\n": True,
    "static inline int g(void)\n{\n    int rc = 1;\n    return rc;\n}\n": True,
    "int g(int rc);\n": True,
    "struct rc { int rc; };\n": True,
    "#define M(rc) ((rc) + 1)\n#define N() ({ int rc = 1; rc; })\n": True,
    "#if 0\nint rc;\n#endif\n": True,
    "/* int rc; */\n": True,
    "extern int rc;\n": False,
    "#define rc 1\n": False,
    "enum { rc };\n": False,
}


@pytest.mark.parametrize("header", HEADERS)
def test_what_is_local_in_a_header_is_not_there_for_others(tmp_path: Path, header: str) -> None:
    before, after = '#include "a.h"\n#include "b.h"\n\nint f(int a)\n{\n', "    return a;\n}\n"
    place = branch_with_fix(
        tmp_path,
        {"a.h": header, "b.h": "/* b */\n", "u.c": before + after},
        {"b.h": "/* b */\nint rc;\n"},
        {"u.c": before + "    a = rc;\n" + after},
    )
    answer = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json").out
    assert [item["commit"] for item in json.loads(answer)["prerequisites"]] == ([place[2]] if HEADERS[header] else [])


def test_a_static_of_another_file_is_not_there(tmp_path: Path) -> None:
    before, after = "int f(int a)\n{\n    a++;\n", "    return a;\n}\n"
    root = {"a.c": "static int rc;\n", "u.c": "/* u */\n\n\n\n\n" + before + after}
    declared = "/* u */\nstatic int rc;\n\n\n\n\n" + before
    place = branch_with_fix(tmp_path, root, {"u.c": declared + after}, {"u.c": declared + "    a = rc;\n" + after})
    answer = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json").out
    assert [item["commit"] for item in json.loads(answer)["prerequisites"]] == [place[2]]
