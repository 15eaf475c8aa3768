"""Patches written anew: at their exact lines they make the right files, and what they change is what they changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from histories import Story, executable, hunk, renamed, submodule, symlink
from hypothesis import example, given
from random_histories import Request, requests
from repositories import git
from test_properties import examples

from git_xsa.export.difftext import file_diff
from git_xsa.git.diffs import quoted, split_diff
from git_xsa.model.change import CONTEXT, FileChange, Hunk, hunk_text
from git_xsa.model.history import FileState, History, Opaque, split_lines
from git_xsa.model.relax import relax
from git_xsa.model.rewrite import hunks_of
from git_xsa.model.rules import Chosen
from git_xsa.model.selection import select


def step(history: History, queue: Sequence[int], size: int, base: int) -> tuple[list[FileChange], list[bytes]]:
    """Return what the queue's patch at index ``size`` is when it is made anew: as changes, and as text."""
    position = queue[size]
    chosen = [Chosen(base, frozenset(queue[:count])) for count in (size, size + 1)]
    before, after = (history.states([position], each) for each in chosen)
    changes = history.rewritten(position, *chosen)
    texts = []
    for change in changes:
        old = before[change.old_path] if change.old_path is not None else None
        new = after[change.new_path] if change.new_path is not None else None
        texts.append(file_diff(change, old, new, 40))
        if old is None or new is None or old.mode[:2] == new.mode[:2]:
            assert exactly(list(old.lines) if old else [], change.hunks) == (list(new.lines) if new else [])
    return changes, texts


def exactly(lines: list[bytes], hunks: Sequence[Hunk]) -> list[bytes]:
    """Apply hunks at the lines that they name and nowhere else."""
    made: list[bytes] = []
    done = 0
    for piece in hunks:
        at = piece.old_index
        assert lines[at : at + len(piece.old_lines)] == piece.old_lines
        assert at >= done
        made += lines[done:at]
        assert len(made) == (piece.new_start - 1 if piece.new_lines else piece.new_start)
        made += piece.new_lines
        done = at + len(piece.old_lines)
    return made + lines[done:]


def changed(hunks: Sequence[Hunk]) -> list[tuple[int, bytes]]:
    return [
        (mark, text) for h in hunks for mark, text in zip(h.marks, h.texts, strict=True) if mark != CONTEXT
    ]  # fmt: skip


@examples(400)
@given(requests(most=8))
def test_made_anew_a_queue_fits_at_its_exact_lines(request: Request) -> None:
    history = request.story.history()
    found = select(history, request.base, request.wanted)
    if found.impossible:
        return
    for size in range(len(found.queue)):
        changes, texts = step(history, found.queue, size, request.base)
        parsed = [file.change() for text in texts for file in split_diff(text)]
        whole = [c for c in changes if c.old_mode is None or c.new_mode is None or c.old_mode[:2] == c.new_mode[:2]]
        for change in whole:
            (again,) = [
                p for p in parsed if p.new_path == change.new_path and p.old_path == change.old_path
            ]  # fmt: skip
            assert again.hunks == change.hunks


def all_changed(changes: Sequence[FileChange]) -> list[tuple[int, bytes]]:
    return sorted(line for change in changes for line in changed(change.hunks))


@examples(400)
@given(requests(most=8))
@example(Request(Story({"i": "a", "f": "bbbbb"}, {"i": renamed("f", "bbbbb")}), 0, (1,)))
def test_relaxing_leaves_no_lines_out(request: Request) -> None:
    """A smaller selection is a part of the full one, and its patches take out and bring in the same lines."""
    history = request.story.history()
    full = select(history, request.base, request.wanted)
    if full.impossible:
        return
    relaxed = relax(history, history, full)
    selection = relaxed.selection
    assert set(selection.queue) <= set(full.queue)
    assert set(full.queue) - set(selection.queue) == set(relaxed.avoided)
    assert set(selection.wanted) == set(full.wanted)
    for size, position in enumerate(selection.queue):
        changes, _ = step(history, selection.queue, size, request.base)
        originals = request.story.changes(position)
        for original in originals:
            again = [change for change in changes if change.path == original.path]
            modes = [mode for change in again for mode in (change.old_mode, change.new_mode) if mode is not None]
            if len({mode[:2] for mode in modes}) == 1 and original.hunks:  # else a file became a link, or a link a file
                # One may go and another come to its name, which is two diffs of one path.
                before = [change for change in originals if change.path == original.path]
                assert all_changed(again) == all_changed(before)


# What is certain


def c_story(*texts: str) -> Story:
    """Return a story of a file whose lines are the words of ``texts``, with ``_`` for a blank in them."""
    return Story(*("".join(f"{line.replace('_', ' ')}\n" for line in text.split()).encode() for text in texts))


@pytest.mark.parametrize(
    ("before", "prepared", "patched", "avoided"),
    [
        # A statement further off: the nearest lines are the same on both sides.
        ("a; b; c; d; e; f;", "a; B; c; d; e; f;", "a; B; c; X; e; f;", True),
        # The nearest line above is another statement.
        ("a; b; c; d; e; f;", "a; b; C; d; e; f;", "a; b; C; X; e; f;", True),
        # Both nearest lines are others.
        ("a; b; c; d; e; f;", "a; b; C; d; E; f;", "a; b; C; X; E; f;", False),
        # The patch would come out of a block that the prerequisite made.
        ("a; b; d; e; f;", "a; b; if(x){ d; } e; f;", "a; b; if(x){ X; } e; f;", False),
        # It would stand behind a jump.
        ("a; return; d; e; f;", "a; check; d; e; f;", "a; check; X; e; f;", False),
        ("a; b; d; e; f;", "a; return_x; d; e; f;", "a; return_x; X; e; f;", False),
        # In the middle of a statement.
        ("a; b( c; d; e;", "a; b; c; d; e;", "a; b; X; d; e;", False),
        # Behind the same statement, whatever follows; but not before another jump, and not half a statement.
        ("a; b; f( g; d; e;", "a; b; h( d; e;", "a; b; X; h( d; e;", True),
        ("a; b; if(y){ g; d; e; f;", "a; b; h; d; e; f;", "a; b; X; h; d; e; f;", True),
        ("a; b; return; d; e;", "a; b; goto_x; d; e;", "a; b; X; goto_x; d; e;", False),
        ("a; b; f( g; d; e;", "a; b; h( d; e;", "a; b; if(x) h( d; e;", False),
        # A line that the base still has, next to the new one; and one among those that are taken out.
        ("a; b; x; c; d;", "a; b; c; d;", "a; b; X; c; d;", True),
        ("a; x; c; d; e;", "a; c; d; e;", "a; d; X; e;", True),
        ("a; b; x; c; d;", "a; b; c; d;", "a; X; d;", False),
        # A label, a case, an else.
        ("a; b; d; e; f;", "a; b; out: d; e; f;", "a; b; out: X; e; f;", False),
        ("a; b; d; e; f;", "a; b; case_1: d; e; f;", "a; b; case_1: X; e; f;", False),
        # Something else than C.
        ("a b d e f", "a c d e f", "a c X e f", False),
        ("a b c d e f", "a B c d e f", "a B c X e f", True),
    ],
)
def test_which_context_is_given_up(before: str, prepared: str, patched: str, avoided: bool) -> None:
    story = c_story(before, prepared, patched)
    history = story.history()
    full = select(history, 0, [2])
    assert full.prerequisites == (1,)

    found = relax(history, history, full)
    assert found.avoided == ((1,) if avoided else ())
    assert [place[:2] for place in found.places] == ([(2, b"f")] if avoided else [])


def test_a_changed_line_is_never_given_up() -> None:
    story = c_story("a; b; c; d; e;", "a; b; C; d; e;", "a; b; X; d; e;")
    history = story.history()

    assert relax(history, history, select(history, 0, [2])).avoided == ()


#: The nearest line above the patch came with a commit, that below with another one.
BETWEEN = ("a; b; c; d; e; f;", "a; b; c; P; d; e; f;", "a; b; c; P; M; d; e; f;", "a; b; c; P; X; M; d; e; f;")


@pytest.mark.parametrize(
    ("weights", "taken", "changed"),
    [
        ({}, (1, 2), ()),  # one of them would do, but the context that a hunk has is kept as it is
        ({2: 42}, (1,), (3,)),
        ({1: 42}, (2,), (2, 3)),
        ({1: 42, 2: 42}, (1, 2), ()),  # it can't do without one
    ],
)
def test_a_merge_is_avoided_where_other_context_will_do(
    weights: dict[int, int], taken: tuple[int, ...], changed: tuple[int, ...]
) -> None:
    history = c_story(*BETWEEN).history()
    full = select(history, 0, [3])

    found = relax(history, history, full, weight=lambda position: weights.get(position, 1))
    assert found.selection.prerequisites == taken
    assert found.places == tuple((position, b"f", 1) for position in changed)


def test_a_merge_is_avoided_that_comes_in_through_another_commit() -> None:
    # Change 2 takes out a line of the merge and brings the line below the patch: it can't be had without the merge.
    history = c_story(
        "a; b; c; d; e; f;", "a; b; c; M; d; e; f;", "a; b; c; N; d; e; f;", "a; b; c; P; N; d; e; f;",
        "a; b; c; P; X; N; d; e; f;",
    ).history()  # fmt: skip
    full = select(history, 0, [4])
    assert full.prerequisites == (1, 2, 3)

    found = relax(history, history, full, weight=lambda position: 42 if position == 1 else 1)
    assert found.selection.prerequisites == (3,)
    assert found.places == ((3, b"f", 1), (4, b"f", 1))


def test_no_merge_is_avoided_for_more_commits_than_it_brings() -> None:
    history = c_story(*BETWEEN).history()
    full = select(history, 0, [3])
    for cheap in (1, 2):
        found = relax(history, history, full, weight=lambda position, cheap=cheap: 2 if position == cheap else 42)  # type: ignore[misc]
        assert found.selection.prerequisites in ((cheap,), (1, 2))


# How it is written


def test_hunks_are_joined_where_their_context_meets() -> None:
    marks = b"+" + b" " * 6 + b"-" + b" " * 7 + b"+"
    found = hunks_of(marks, [b"%d\n" % number for number in range(len(marks))])

    assert [(h.old_start, h.new_start, h.marks) for h in found] == [
        (1, 1, b"+      -   "), (12, 12, b"   +"),
    ]  # fmt: skip


def test_hunks_with_nothing_on_one_side() -> None:
    assert hunks_of(b"++", [b"a\n", b"b\n"]) == (hunk(0, "+a+b", 1),)
    assert hunks_of(b"--", [b"a\n", b"b\n"]) == (hunk(1, "-a-b", 0),)
    assert hunks_of(b"  ", [b"a\n", b"b\n"]) == ()


def test_a_line_without_an_end() -> None:
    assert hunk_text(Hunk(1, 1, b"-+", (b"a", b"b\n"))) == b"@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"


@pytest.mark.parametrize(
    ("path", "written"),
    [(b"a b.c", b"a b.c"), (b'q"', b'"q\\""'), (b"\xe9\t", b'"\\351\\t"'), (b"\x1b\\", b'"\\033\\\\"')],
)
def test_names_are_quoted_as_git_does(path: bytes, written: bytes) -> None:
    assert quoted(path) == written


STORIES = {
    "new file": Story({}, {"f": "ab"}),
    "empty file": Story({"g": "a"}, {"g": "a", "f": ""}),
    "no file": Story({"f": "ab"}, {}),
    "empty file gone": Story({"f": "", "g": "a"}, {"g": "a"}),
    "mode": Story({"f": "ab"}, {"f": executable("ab")}),
    "mode and lines": Story({"f": "ab"}, {"f": executable("abc")}),
    "rename": Story({"f": "abcdefgh"}, {"g": renamed("f", "abcdefgh")}),
    "rename and lines": Story({"f": "abcdefgh"}, {"g": renamed("f", "abcdefgX")}),
    "link": Story({}, {"f": symlink("there")}),
    "submodule": Story({"f": submodule("1")}, {"f": submodule("2")}),
    "file to link": Story({"f": "ab"}, {"f": symlink("there")}),
    "no end": Story({"f": b"a\nb"}, {"f": b"a\nb\nc"}),
    "carriage returns": Story({"f": b"a\r\nb\r\n"}, {"f": b"a\r\nc\r\n"}),
}


@pytest.mark.parametrize("name", STORIES)
def test_git_reads_what_is_written(name: str, tmp_path: Path) -> None:
    story = STORIES[name]
    git(tmp_path, "init", "--quiet")
    lines = b"".join(f"{f.mode} {f.id}\t{path}\0".encode() for path, f in story.trees[0].items())
    for f in story.trees[0].values():
        git(tmp_path, "hash-object", "-w", "--stdin", given=f.content)
    git(tmp_path, "update-index", "-z", "--index-info", given=lines)
    history = story.history()
    history.prepare([1])
    _, texts = step(history, (1,), 0, 0)
    git(tmp_path, "apply", "--cached", "--whitespace=nowarn", given=b"".join(texts))

    entries = git(tmp_path, "ls-files", "-s").splitlines()
    made = {path: tuple(words.split()[:2]) for words, _, path in (entry.partition("\t") for entry in entries)}
    assert made == {path: (f.mode, f.id) for path, f in story.trees[1].items()}


def test_a_binary_file_is_no_text() -> None:
    story = Story({"f": b"a\0b"}, {"f": b"a\0c"})
    history = story.history()
    history.prepare([1])
    (change,) = history.rewritten(1, Chosen(0, frozenset()), Chosen(0, frozenset({1})))

    assert change.binary
    assert isinstance(FileState(b"f", "100644", split_lines(b"a\0b")).lines[0], bytes)
    assert all(isinstance(text, Opaque | bytes) for h in change.hunks for text in h.texts)
