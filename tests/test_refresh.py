"""Queues with less context, on bases whose own lines are in the way: making one ends, and what comes out applies.

Histories and bases are random, from the seed that ``test_properties`` describes.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from downstreams import names, repository
from ending import ends
from histories import File, Story
from hypothesis import assume, example, given
from hypothesis import strategies as st
from random_histories import NAMES, Author
from repositories import Draft, Place, run, unpack
from test_properties import examples, tell

#: How long one export may take.  Those here take a tenth of a second.
LIMIT = 300
#: What asks for less context -> the program that then takes the patches.
WAYS = {
    ("--refresh",): ("git", "apply", "--index"),
    ("--policy", "patch-f2"): ("patch", "-p1", "-F2", "-f", "-s", "--no-backup-if-mismatch", "-i"),
    ("--policy", "3way"): ("git", "apply", "--3way"),
}


@dataclass(frozen=True)
class Detour:
    """A branch, the tree of a base that left it at its root, and which change of the branch is the advisory's fix."""

    story: Story
    own: Mapping[str, File]
    wanted: int


@st.composite
def detours(draw: st.DrawFn) -> Detour:
    """Draw a branch and a base beside it that took some state of the branch as it was, changed it, or both."""
    deeds = [Author.insert, Author.remove, Author.replace, Author.replace]
    author = Author(draw, "" if author_is_plain(draw) else "abcd")
    for _ in range(author.number(1, 2)):
        author.tree[NAMES[len(author.tree)]] = File(b"".join(author.text(6, 14)))
    author.commit()
    for _ in range(author.number(1, 5)):
        deeds[author.number(0, 3)](author)
        if author.tree != author.trees[-1]:
            author.commit()
    assume(len(author.trees) > 1)
    trees = list(author.trees)
    author.tree = dict(trees[author.number(0, 1) and author.number(0, len(trees) - 1)])
    for _ in range(author.number(0, 2)):
        deeds[author.number(0, 3)](author)
    own = author.tree
    if author.number(0, 1):
        trees, own = [as_code(tree) for tree in trees], as_code(own)
    return Detour(Story(*trees), own, author.number(max(1, len(trees) - 2), len(trees) - 1))


def author_is_plain(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 2)) > 0


def as_code(tree: Mapping[str, File]) -> dict[str, File]:
    """Return ``tree`` with a statement for each line, as the places of changed lines are certain among those only."""
    return {
        name: File(b"".join(b"    step_%s();\n" % line.hex().encode() for line in file.content.splitlines()), file.mode)
        for name, file in tree.items()
    }


def write(detour: Detour, folder: Path) -> Place:
    draft = Draft()
    files: list[dict[str, Any]] = [{} for _ in detour.story.trees]
    for position, tree in enumerate(detour.story.trees):
        before = detour.story.trees[position - 1] if position else {}
        files[position] = {name: what.content for name, what in tree.items() if before.get(name) != what}
    root = draft.release("1.0.0", files[0])
    for position, changed in enumerate(files[1:], 1):
        draft.commit(f"change {position}" + "\n\nThis is XSA-1." * (position == detour.wanted), changed)
    own = {name: what.content for name, what in detour.own.items()}
    draft.commit("own", {**own, "own": b"own\n"}, on="own", after=root)
    return draft.write(folder)


#: The base has a change of the branch under another name, and what that took out is gone: what the fix's own lines
#: stand next to can't be had from the branch.
PICKED = Detour(
    Story(
        b"a;\nint x;\nif (a != 1)\nx = 0;\nelse\nx = a;\na = x;\nz;\n",
        b"a;\nint x = 0, i;\nif (a == 1)\n{\nx = a;\n}\na = x;\nif (a > 16)\nx += i;\nz;\n",
        b"a;\nint x = 0, i;\nif (a == 1)\n{\nx = a;\n}\na = x;\nif (a >= 16)\nx += i;\nz;\n",
    ),
    {"f": File(b"a;\nint x = 0, i;\nif (a == 1)\n{\nx = a;\n}\na = x;\nif (a > 16)\nx += i;\nz;\n")},
    2,
)


@pytest.mark.parametrize("way", WAYS)
def test_less_context_ends_and_applies_whatever_the_base_has_of_its_own(
    way: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    count: Counter[str] = Counter()

    @examples(12)
    @given(detours())
    @example(PICKED)
    def check(detour: Detour) -> None:
        count["histories"] += 1
        folder = tmp_path / str(count["histories"])
        place = write(detour, folder / "story")
        made = folder / "made"
        with ends(LIMIT):
            answer = run(place.folder, "export", "--onto", "own", "--xsa", "1", "-o", str(made), *way)
        assert answer.status in (0, 1, 2), answer.err
        if answer.status or not made.exists():
            count["refused"] += 1
            return
        count["exported"] += 1
        tree = unpack(place.folder, "own", folder / "tree")
        repository(tree)
        objects = place.folder / ".git" / "objects"  # --3way merges with the files that the patches were made from
        (tree / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        for name in names(made / "series"):
            subprocess.run([*WAYS[way], str(made / name)], cwd=tree, capture_output=True, check=True)
        count["refreshed"] += ".refreshed.patch" in (made / "series").read_text()

    check()
    tell(request, f"{' '.join(way)}: {dict(count)}")
    assert count["exported"] > 0
    assert count["refused"] > 0
