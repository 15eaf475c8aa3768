"""Which file is which: names, modes, existence, kinds of contents; and what a history refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from histories import (
    File,
    Story,
    Supply,
    after,
    checkout,
    content,
    executable,
    needs,
    renamed,
    selection,
    submodule,
    symlink,
)

from git_xsa.ask.verdict import State
from git_xsa.model.change import FileChange
from git_xsa.model.history import FileState, History, Opaque, TouchList, split_lines
from git_xsa.model.problems import HistoryError
from git_xsa.model.rules import Chosen, Kind
from git_xsa.model.selection import select

LONG = "abcdefghijklmnopq"
BINARY = b"\0binary\n"


def states(story: Story, base: int, *queue: int) -> dict[bytes, FileState | None]:
    history = story.history()
    history.prepare(range(1, story.size + 1))
    return history.states(range(1, story.size + 1), Chosen(base, frozenset(queue)))


def modes(story: Story, base: int, *queue: int) -> dict[str, str]:
    """Return the mode of every file that there is."""
    found = states(story, base, *queue)
    return {path.decode(): state.mode for path, state in found.items() if state is not None}


# -- names


def test_a_renamed_file_keeps_its_lines() -> None:
    story = Story({"f": "abc"}, {"g": renamed("f", "abc")}, {"g": "abcd"})
    assert after(story, 0) == {"f": "abc"}
    assert after(story, 0, 1) == {"g": "abc"}
    assert after(story, 0, 1, 2) == {"g": "abcd"}


def test_a_patch_needs_the_rename_that_gave_the_file_its_name() -> None:
    found = selection(Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": f"{LONG}r"}), 0, 2)
    assert found.prerequisites == (1,)
    (reason, *others) = found.reasons[1]
    assert {one.rule.note for one in (reason, *others)} == {"the file has this name"}
    assert (reason.rule.hunk, reason.rule.path, reason.rule.lines) == (0, b"g", ())
    assert found.kind(1) is Kind.CONTEXT


def test_a_rename_does_not_need_what_was_done_to_the_lines_before() -> None:
    story = Story({"f": "abc"}, {"f": "abd"}, {"g": renamed("f", "abd")})
    assert needs(story, 0, 2) == []
    assert after(story, 0, 2) == {"g": "abc"}


def test_a_rename_with_changes_needs_what_its_hunks_need() -> None:
    assert needs(Story({"f": "abc"}, {"f": "abd"}, {"g": renamed("f", "abe")}), 0, 2) == [1]


def test_a_name_given_and_taken_back_is_not_needed() -> None:
    story = Story({"f": LONG}, {"g": renamed("f", LONG)}, {"f": renamed("g", LONG)}, {"f": f"{LONG}r"})
    assert needs(story, 0, 3) == []
    assert needs(story, 0, 1, 3) == [2]
    assert needs(story, 1, 3) == [2]
    assert after(story, 0, 1) == {"g": LONG}


def test_two_files_can_swap_their_names() -> None:
    story = Story({"f": "a", "g": "b"}, {"g": renamed("f", "a"), "f": renamed("g", "b")}, {"f": "bc", "g": "a"})
    assert after(story, 1) == {"f": "b", "g": "a"}
    assert needs(story, 0, 2) == [1]


def test_a_new_file_needs_its_name_to_be_free() -> None:
    story = Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": LONG, "f": "xyz"})
    found = selection(story, 0, 2)
    assert found.prerequisites == (1,)
    assert {reason.rule.note for reason in found.reasons[1]} == {"no file has this name"}
    assert found.kind(1) is Kind.CHANGE


def test_a_renamed_file_needs_its_new_name_to_be_free() -> None:
    assert needs(Story({"f": "abc", "g": "xyz"}, {"f": "abc"}, {"g": renamed("f", "abc")}), 0, 2) == [1]


def test_a_change_may_itself_free_the_name_that_it_gives() -> None:
    # Found with random histories: such a change could never be applied.  git diff -B writes them.
    story = Story({"f": "abc", "g": "xyz"}, {"g": renamed("f", "abc")}, {"g": "abcd"})
    assert needs(story, 0, 1) == []
    assert needs(story, 0, 2) == [1]
    assert after(story, 0, 1) == {"g": "abc"}
    history = story.history()
    history.prepare([1])
    assert [history.entry(b"g", base) == ("100644", story.trees[base]["g"].id) for base in (0, 1)] == [True, True]


# -- files that come and go


def test_a_patch_needs_the_change_that_created_its_file() -> None:
    story = Story({}, {"f": LONG}, {"f": f"{LONG}r"})
    assert needs(story, 0, 2) == [1]
    assert after(story, 0) == {}
    assert after(story, 0, 1, 2) == {"f": f"{LONG}r"}


def test_a_deletion_needs_every_line_and_takes_them_all() -> None:
    story = Story({"f": LONG}, {"f": LONG.replace("a", "A")}, {"f": LONG.replace("a", "A").replace("q", "Q")}, {})
    assert needs(story, 0, 3) == [1, 2]
    assert after(story, 0, 1, 2, 3) == {}


def test_the_deletion_of_an_empty_file_needs_it_to_be_empty() -> None:
    found = selection(Story({"f": "a"}, {"f": ""}, {}), 0, 2)
    assert found.prerequisites == (1,)
    (reason,) = found.reasons[1]
    assert (reason.rule.gone, reason.rule.lines, reason.rule.hunk) == (True, (b"a\n",), 0)


def test_empty_files_come_and_go() -> None:
    story = Story({}, {"f": ""}, {}, {"f": "a"})
    assert after(story, 1) == {"f": ""}
    assert needs(story, 0, 3) == []
    assert needs(story, 1, 3) == [2]


def test_neither_a_deletion_nor_its_revert_is_needed() -> None:
    story = Story({"f": LONG}, {}, {"f": LONG}, {"f": f"{LONG}r"})
    assert needs(story, 0, 3) == []
    assert needs(story, 0, 1, 3) == [2]
    assert after(story, 0, 3) == {"f": f"{LONG}r"}


def test_a_file_created_again_with_other_lines_is_needed_for_them() -> None:
    assert needs(Story({"f": "abc"}, {}, {"f": "xyz"}, {"f": "xyzw"}), 0, 3) == [1, 2]


def test_a_new_file_under_an_old_name_is_another_one() -> None:
    story = Story({"f": "abc"}, {"g": renamed("f", "abc")}, {"g": "abc", "f": "xyz"}, {"g": "abcd", "f": "xyz"})
    assert needs(story, 0, 3) == [1]
    assert after(story, 0, 1, 3) == {"g": "abcd"}
    assert after(story, 3) == {"f": "xyz", "g": "abcd"}


def test_a_file_that_is_still_there_under_its_first_name_is_not_created_again() -> None:
    # Found with random histories: it was then there under both names.
    story = Story({"g": ""}, {"f": renamed("g", "")}, {}, {"f": "a"})
    found = selection(story, 0, 3)
    assert found.prerequisites == (1, 2)
    assert "the file is not there already" in {reason.rule.note for reason in found.reasons[1]}


# -- modes and types


def test_a_change_of_mode_needs_the_mode_that_it_changes() -> None:
    story = Story({"f": "abc"}, {"f": executable("abc")}, {"f": "abc"}, {"f": executable("abc")})
    assert needs(story, 0, 2) == [1]
    assert needs(story, 0, 3) == []
    assert needs(story, 1, 3) == [2]
    assert modes(story, 0) == {"f": "100644"}
    assert modes(story, 0, 1) == modes(story, 0, 3) == {"f": "100755"}


def test_the_reason_names_the_mode() -> None:
    found = selection(Story({"f": "abc"}, {"f": executable("abc")}, {"f": "abc"}), 0, 2)
    assert {reason.rule.note for reason in found.reasons[1]} == {"its mode is 100755"}


def test_lines_do_not_need_modes_nor_modes_lines() -> None:
    story = Story({"f": "abc"}, {"f": executable("abc")}, {"f": executable("abcd")}, {"f": "abcd"})
    assert needs(story, 0, 2) == []
    assert modes(story, 0, 2) == {"f": "100644"}
    assert needs(Story({"f": "abc"}, {"f": "abd"}, {"f": executable("abd")}), 0, 2) == []


def test_a_file_created_again_has_the_mode_that_it_got_then() -> None:
    # Found with random histories: without change 2 the file had the mode of change 1, though it was deleted since.
    story = Story({"f": ""}, {"f": executable("a")}, {"f": "a"}, {}, {"f": "a"})
    assert modes(story, 0, 1, 3, 4) == {"f": "100644"}
    assert modes(story, 4) == {"f": "100644"}


def test_a_file_can_become_a_symbolic_link() -> None:
    story = Story({"f": "abc"}, {"f": symlink("t")}, {"f": symlink("u")}, {"f": "abc"}, {"f": "abcd"})
    assert needs(story, 0, 2) == [1]
    assert needs(story, 0, 4) == [], "its lines came back"
    assert needs(story, 2, 4) == [3]
    assert modes(story, 1) == {"f": "120000"}
    assert after(story, 0, 1) == {"f": "t~"}


def test_a_link_is_no_file_even_if_it_has_the_same_text() -> None:
    # Found with random histories: git refuses the patch of a link on a file ("wrong type").
    story = Story({"f": "t~"}, {"f": symlink("t")}, {"f": symlink("u")})
    assert needs(story, 0, 2) == [1]


def test_a_submodule_is_one_line() -> None:
    story = Story({"s": submodule("1")}, {"s": submodule("2")}, {"s": submodule("3")}, {})
    assert needs(story, 0, 2) == [1]
    assert needs(story, 1, 3) == [2]
    state = states(story, 0, 1)[b"s"]
    assert state is not None
    assert (state.mode, state.object_name(40)) == ("160000", "2" * 40)


def test_a_submodule_comes_in_the_place_of_a_file() -> None:
    story = Story({"s": "abc"}, {"s": submodule("1")}, {"s": submodule("2")})
    assert needs(story, 0, 2) == [1]
    assert modes(story, 2) == {"s": "160000"}


# -- binary files


def test_a_binary_change_needs_all_that_the_file_holds() -> None:
    story = Story({"f": "abc"}, {"f": "abd"}, {"f": BINARY}, {"f": BINARY + b"2"})
    assert needs(story, 0, 2) == [1]
    assert needs(story, 0, 3) == [1, 2]
    assert needs(story, 2, 3) == []


def test_a_binary_file_is_known_by_its_object_name() -> None:
    story = Story({"f": BINARY}, {"f": BINARY + b"2"}, {"f": BINARY + b"3"})
    state = states(story, 0, 1)[b"f"]
    assert state is not None
    assert [type(line) for line in state.lines] == [Opaque]
    assert state.object_name(40) == story.trees[1]["f"].id


def test_a_binary_file_that_comes_back_is_needed_neither_nor() -> None:
    story = Story({"f": "a"}, {"f": BINARY}, {"f": BINARY + b"2"}, {"f": BINARY}, {"f": BINARY + b"3"})
    assert needs(story, 1, 4) == []


def test_a_binary_file_can_become_text_again() -> None:
    # Found with random histories: the text's lines were not known, and the next change was refused.
    story = Story({"f": "abc"}, {"f": BINARY}, {"f": "abc"}, {"f": "abcd"})
    assert needs(story, 0, 3) == []
    assert needs(story, 1, 3) == [2]
    assert after(story, 0, 3) == {"f": "abcd"}


def test_a_binary_file_can_become_a_link() -> None:
    story = Story({"f": BINARY}, {"f": symlink("t")}, {"f": BINARY}, {"f": BINARY + b"2"})
    assert modes(story, 1) == {"f": "120000"}
    assert needs(story, 1, 3) == [2]


def test_binary_files_are_created_and_deleted() -> None:
    story = Story({}, {"f": BINARY}, {})
    assert needs(story, 0, 2) == [1]
    assert states(story, 2) == {b"f": None}


# -- all of it with git


#: The last change of each story needs changes before it, and git refuses it without them.
REFUSED = {
    "renamed": Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": f"{LONG}r"}),
    "name taken": Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": LONG, "f": "xyz"}),
    "created again": Story({"f": "abc"}, {}, {"f": "xyz"}, {"f": "xyzw"}),
    "file to link": Story({"f": "abc"}, {"f": symlink("t")}, {"f": symlink("u")}),
    "same text in a link": Story({"f": "t~"}, {"f": symlink("t")}, {"f": symlink("u")}),
    "binary": Story({"f": BINARY}, {"f": BINARY + b"2"}, {"f": BINARY + b"3"}),
    "binary to text": Story({"f": "abc"}, {"f": BINARY}, {"f": "abc~"}, {"f": "abcd"}),
    "binary to link": Story({"f": BINARY}, {"f": symlink("t")}, {"f": symlink("u")}),
    "not empty": Story({"f": "a"}, {"f": ""}, {}),
    "empty, and renamed": Story({}, {"f": ""}, {"g": renamed("f", "")}, {"g": "a"}),
    "no final newline": Story({"f": "abc~"}, {"f": "abc"}, {"f": "abcd"}),
    "carriage returns": Story({"f": b"a\r\nb\r\n"}, {"f": b"a\nb\n"}, {"f": b"a\nb\nc\n"}),
    "submodule": Story({"s": submodule("1")}, {"s": submodule("2")}, {"s": submodule("3")}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_git_needs_the_same(tmp_path: Path, name: str) -> None:
    story = REFUSED[name]
    last = story.size
    needed = needs(story, 0, last)
    assert needed
    with checkout(tmp_path / "r", story) as place:
        assert place.judge(0, last) == (State.NEEDS_PREREQUISITES, needed)
        assert place.apply(0, last) is None
        assert place.apply(0, *needed, last) == {path: file.id for path, file in story.trees[last].items()}


def test_git_only_warns_of_another_mode(tmp_path: Path) -> None:
    with checkout(tmp_path / "r", Story("abc", {"f": executable("abc")}, "abc")) as place:
        assert place.judge(0, 2) == (State.NEEDS_PREREQUISITES, [1])
        assert place.apply(0, 2) == place.ids(0)


def test_only_git_tells_what_a_rename_is(tmp_path: Path) -> None:
    similar = Story({"f": LONG}, {"g": f"{LONG}r"}, {"g": f"{LONG}rs"})
    other = Story({"f": "abc"}, {"g": "xyz"}, {"g": "xyzw"})
    with checkout(tmp_path / "similar", similar) as place:
        (touch,) = place.range.index.at([1])
        assert (touch.old_path, touch.new_path) == (b"f", b"g")
        assert place.judge(0, 2) == (State.NEEDS_PREREQUISITES, [1])
    with checkout(tmp_path / "other", other) as place:
        assert {touch.old_path for touch in place.range.index.at([1])} == {b"f", None}


# -- a base that left the line at the root, with changes of its own


def test_what_the_base_did_to_a_file_is_known_under_its_later_names(tmp_path: Path) -> None:
    # Found with random histories: the patch was said to fit, since only the new name was looked up.
    story = Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": f"x{LONG}"})
    with checkout(tmp_path / "start", story, own={"f": f"y{LONG}"}) as place:
        assert place.judge(0, 2) == (State.CONFLICTS, [1])
        assert place.apply(0, 1, 2) is None
    with checkout(tmp_path / "end", story, own={"f": f"{LONG}y"}) as place:
        assert place.judge(0, 2) == (State.NEEDS_PREREQUISITES, [1])
        assert place.apply(0, 1, 2) == {"g": Story(f"x{LONG}y").trees[0]["f"].id}


# -- what a history refuses, and what it tells


@dataclass(frozen=True)
class Liar:
    """Gives a history the diffs of another story."""

    truth: Supply
    lies: Story

    def begin(self, positions: Sequence[int]) -> None:
        """Nothing takes so long that it would have to begin early."""

    def changes(self, positions: Sequence[int], paths: frozenset[bytes]) -> Mapping[int, Sequence[FileChange]]:
        return Supply(self.lies).changes(positions, paths)

    def contents(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return self.truth.contents(ids)


def lied_to(truth: Story, lies: Story) -> History:
    return History(TouchList(truth.touches()), Liar(Supply(truth), lies))


def test_a_diff_that_does_not_fit_is_an_error_with_its_place() -> None:
    history = lied_to(Story("abc", "abcd", "abcde"), Story("abc", "abcd", "xbcde"))
    with pytest.raises(HistoryError) as caught:
        history.prepare([1])
    assert (caught.value.position, caught.value.path) == (2, b"f")
    assert "its lines make" in caught.value.why
    history = lied_to(Story("abc", "abd", "abe"), Story("abc", "xbc", "xby"))
    with pytest.raises(HistoryError):
        history.prepare([1])


def test_a_hunk_on_other_lines_is_an_error_with_its_place() -> None:
    history = lied_to(Story("abc", "abcd"), Story("xyz", "xyzd"))
    with pytest.raises(HistoryError) as caught:
        select(history, 0, [1])
    assert (caught.value.position, caught.value.path) == (1, b"f")
    assert "expects b'x\\n' where the file holds b'a\\n'" in caught.value.why


def test_files_that_nobody_asks_for_are_not_read() -> None:
    truth = Story({"f": "abc", "g": "abc"}, {"f": "abd", "g": "abc"}, {"f": "abd", "g": "abd"})
    lies = Story({"f": "abc", "g": "abc"}, {"f": "abd", "g": "abc"}, {"f": "abd", "g": "xyz"})
    history = lied_to(truth, lies)
    assert select(history, 0, [1]).queue == (1,)
    with pytest.raises(HistoryError):
        select(history, 0, [2])


def test_the_entry_of_a_file_in_a_base() -> None:
    story = Story({"f": "abc"}, {"f": executable("abd")}, {"g": renamed("f", executable("abd"))}, {})
    history = story.history()
    history.prepare([1])
    name = [{name: file.id for name, file in tree.items()} for tree in story.trees]
    assert history.entry(b"f", 0) == ("100644", name[0]["f"])
    assert history.entry(b"f", 1) == ("100755", name[1]["f"])
    assert history.entry(b"f", 2) is None
    assert history.entry(b"g", 1) is None
    assert history.entry(b"g", 2) == ("100755", name[2]["g"])
    assert history.entry(b"g", 3) is None
    assert history.entry(b"elsewhere", 1) is None


def test_states_name_every_name_that_the_changes_mention() -> None:
    story = Story({"f": "abc", "h": ""}, {"g": renamed("f", "abc"), "h": ""}, {"g": "abc"})
    history = story.history()
    history.prepare([1, 2])
    assert {path: state is not None for path, state in history.states([1], Chosen(0, frozenset({1}))).items()} == {
        b"f": False,
        b"g": True,
    }
    assert history.states([2], Chosen(2, frozenset())) == {b"h": None}


def test_object_names_are_those_of_git_in_both_lengths() -> None:
    state = FileState(b"f", "100644", [b"abc\n"])
    assert state.object_name(40) == File(b"abc\n").id == "8baef1b4abc478178b004d62031cf7fe6db6f903"
    assert state.object_name(64) == "e0ef420a1a0d1453326d2a2f9ee85d802dd9e8a69162e8d8bfd7a43836b2430c"


def test_lines_end_at_line_feeds_only() -> None:
    assert split_lines(b"a\r\nb\rc\x0b\n\nd") == [b"a\r\n", b"b\rc\x0b\n", b"\n", b"d"]
    assert split_lines(b"") == []
    assert split_lines(content("ab")) == [b"a\n", b"b\n"]


def test_a_history_from_a_later_root_answers_the_same() -> None:
    story = Story({"f": LONG}, {"g": renamed("f", LONG)}, {"g": f"{LONG}r"}, {"g": f"{LONG}rs"})
    assert needs(story, 1, 3) == needs(story, 1, 3, root=1) == [2]
    assert needs(story, 2, 3) == needs(story, 2, 3, root=1) == needs(story, 2, 3, root=2) == []
