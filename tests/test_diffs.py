"""The parser of git's diffs: headers, names, hunks; and that text which is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.git.diffs import FileDiff, parse_hunks, split_diff, unquote
from git_xsa.git.problems import DiffError
from git_xsa.model.change import Hunk

A = "1" * 40
B = "2" * 40


def only(text: bytes) -> FileDiff:
    """Return the only file's diff in ``text``."""
    found = list(split_diff(text))
    assert len(found) == 1
    return found[0]


def header(*lines: str, first: str = "diff --git a/x.c b/x.c") -> FileDiff:
    return only("".join(f"{line}\n" for line in (first, *lines)).encode("utf-8", "surrogateescape"))


# Files


def test_nothing_is_no_diff() -> None:
    assert list(split_diff(b"")) == []
    assert list(split_diff(b"some words\nbefore\n")) == []


def test_two_files_and_what_comes_before_them() -> None:
    text = (
        b"subject\n\n diff --git of a message\n"
        b"diff --git a/x.c b/x.c\nindex 11..22 100644\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n"
        b"diff --git a/y.c b/y.c\nindex 33..44 100755\n--- a/y.c\n+++ b/y.c\n@@ -1 +1 @@\n-diff --git a/z b/z\n+b\n"
    )
    first, second = split_diff(text)

    assert (first.old_path, first.new_path, first.old_mode, first.new_mode) == (b"x.c", b"x.c", "100644", "100644")
    assert (first.old_id, first.new_id, first.copied) == (b"11", b"22", False)
    assert first.body == b"@@ -1 +1 @@\n-a\n+b\n"
    assert (second.old_path, second.new_mode) == (b"y.c", "100755")
    assert second.change().hunks[0].old_lines == [b"diff --git a/z b/z\n"]


def test_new_file() -> None:
    diff = header("new file mode 100755", f"index {'0' * 40}..{A}", "--- /dev/null", "+++ b/x.c", "@@ -0,0 +1 @@", "+a")

    assert (diff.old_path, diff.new_path, diff.old_mode, diff.new_mode) == (None, b"x.c", None, "100755")
    assert diff.change().hunks == (Hunk(0, 1, b"+", (b"a\n",)),)


def test_new_empty_file() -> None:
    diff = header("new file mode 100644", f"index {'0' * 40}..{A}")

    assert (diff.old_path, diff.new_path, diff.new_mode, diff.change().hunks) == (None, b"x.c", "100644", ())


def test_deleted_file() -> None:
    diff = header(
        "deleted file mode 100644", f"index {A}..{'0' * 40}", "--- a/x.c", "+++ /dev/null", "@@ -1 +0,0 @@", "-a"
    )

    assert (diff.old_path, diff.new_path, diff.old_mode, diff.new_mode) == (b"x.c", None, "100644", None)
    assert diff.change().path == b"x.c"


def test_mode_alone() -> None:
    diff = header("old mode 100644", "new mode 100755")

    assert (diff.old_path, diff.new_path, diff.old_mode, diff.new_mode) == (b"x.c", b"x.c", "100644", "100755")


def test_no_mode_is_said() -> None:
    diff = header("index 11..22", "--- a/x.c", "+++ b/x.c", "@@ -1 +1 @@", "-a", "+b")

    assert (diff.old_mode, diff.new_mode) == (None, None)


def test_rename() -> None:
    diff = header(
        "similarity index 90%", "rename from old name", "rename to new/name", "index 11..22 100644",
        "--- a/old name\t", "+++ b/new/name", "@@ -1 +1 @@", "-a", "+b", first="diff --git a/old name b/new/name",
    )  # fmt: skip

    assert (diff.old_path, diff.new_path, diff.copied) == (b"old name", b"new/name", False)


def test_rename_alone() -> None:
    diff = header("similarity index 100%", "rename from a b/c", "rename to d", first="diff --git a/a b/c b/d")

    assert (diff.old_path, diff.new_path, diff.old_mode, diff.new_mode) == (b"a b/c", b"d", None, None)
    assert diff.change().hunks == ()


def test_copy() -> None:
    diff = header("similarity index 100%", "copy from x", "copy to y", first="diff --git a/x b/y")

    assert (diff.old_path, diff.new_path, diff.copied, diff.change().copied) == (b"x", b"y", True, True)


@pytest.mark.parametrize("first", ["GIT binary patch", "Binary files a/x.c and b/x.c differ"])
def test_binary(first: str) -> None:
    change = header(f"index {A}..{B} 100644", first, "literal 3", "KcmZQzWMT#Y01f~L", "").change()

    assert change.binary
    assert (change.hunks, change.old_content, change.new_content) == ((), A.encode(), B.encode())


def test_binary_file_that_is_new_or_gone() -> None:
    new = header("new file mode 100644", f"index {'0' * 40}..{B}", "GIT binary patch").change()
    gone = header("deleted file mode 100644", f"index {A}..{'0' * 40}", "GIT binary patch").change()

    assert (new.old_content, new.new_content) == (None, B.encode())
    assert (gone.old_content, gone.new_content) == (A.encode(), None)


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("diff --git a/x b/y b/x b/y", b"x b/y"),
        ("diff --git a/ b/ b/ b/", b" b/"),
        ('diff --git "a/t\\tb" "b/t\\tb"', b"t\tb"),
        ('diff --git "a/\\303\\274" "b/\\303\\274"', "ü".encode()),
        ("diff --git a/deep/er/x b/deep/er/x", b"deep/er/x"),
        ("diff --git i/x w/x", b"x"),
    ],
)
def test_name_that_only_the_first_line_has(first: str, name: bytes) -> None:
    diff = header("old mode 100644", "new mode 100755", first=first)

    assert (diff.old_path, diff.new_path) == (name, name)


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("--- a/x b/y.c\t", "+++ b/x b/y.c\t"), b"x b/y.c"),
        (('--- "a/q\\"uo\\\\te\\n"', '+++ "b/q\\"uo\\\\te\\n"'), b'q"uo\\te\n'),
        (('--- "a/\\377.c"', '+++ "b/\\377.c"'), b"\xff.c"),
        (("--- a/\udcff.c", "+++ b/\udcff.c"), b"\xff.c"),
        (("--- old/x.c", "+++ new/x.c"), b"x.c"),
        (("--- /dev/null.c/x", "+++ b/x.c"), b"x.c"),
    ],
)
def test_names_above_the_hunks(names: tuple[str, str], path: bytes) -> None:
    diff = header("index 11..22 100644", *names, "@@ -1 +1 @@", "-a", "+b", first="diff --git something else")

    assert (diff.old_path, diff.new_path) == (path, path)


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("rename from a",), "not a diff: half a rename or copy: a"),
        (("copy to b\udcff",), "not a diff: half a rename or copy: b\\xff"),
        (("new mode 100xyz",), "not a diff: 100xyz is no mode of a file"),
        (("old mode 0100644",), "not a diff: 0100644 is no mode of a file"),
        (("--- a/x.c", "+++ b/y.c"), "not a diff: it names a/x.c and b/y.c"),
        (("--- x.c", "+++ x.c"), "not a diff: it names x.c and x.c"),
        (("new file mode 100644", "deleted file mode 100644"), "not a diff: a file that is new and deleted: x.c"),
    ],
)
def test_header_that_makes_no_sense(lines: tuple[str, ...], what: str) -> None:
    with pytest.raises(DiffError) as caught:
        header(*lines)
    assert caught.value.what == what


@pytest.mark.parametrize("first", ["diff --git ", "diff --git a/x", "diff --git a/x b/y", "diff --git x x"])
def test_first_line_without_a_name(first: str) -> None:
    with pytest.raises(DiffError, match=r"^not a diff: it names "):
        header("old mode 100644", "new mode 100755", first=first)


# Names in quotes


@pytest.mark.parametrize(
    ("quoted", "name"),
    [
        (b"plain name", b"plain name"),
        (b'"a\\tb\\nc\\rd\\ae\\bf\\vg\\fh"', b"a\tb\nc\rd\ae\bf\vg\fh"),
        (b'"\\\\ and \\""', b'\\ and "'),
        (b'"\\303\\274\\000\\377"', b"\xc3\xbc\x00\xff"),
        (b'"\\1234"', b"S4"),
        (b'"\\777"', b"\xff"),
        (b'""', b""),
        (b'"', b'"'),
        (b'"half', b'"half'),
        (b'half"', b'half"'),
        (b"", b""),
    ],
)
def test_unquote(quoted: bytes, name: bytes) -> None:
    assert unquote(quoted) == name


@given(st.binary())
def test_unquote_undoes_quotes(name: bytes) -> None:
    assert unquote(b'"' + b"".join(b"\\%03o" % byte for byte in name) + b'"') == name


# Hunks


def test_no_text_no_hunk() -> None:
    assert parse_hunks(b"") == ()


def test_hunks() -> None:
    text = b"@@ -3,4 +3,5 @@ int main(void)\n c\n-d\n+D\n+E\n f\n g\n@@ -20,0 +22 @@\n+end\n"

    assert parse_hunks(text) == (
        Hunk(3, 3, b" -++  ", (b"c\n", b"d\n", b"D\n", b"E\n", b"f\n", b"g\n")),
        Hunk(20, 22, b"+", (b"end\n",)),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"dos\r\n", b"a\rb\n", b"form\ffeed\n", b"vertical\vtab\n", b"\x1c\x1d\x1e\x85\n", b"\0nul\n", b"\xff\xfe\n",
        "\u2028\u2029\u0085 ü 例\n".encode(), b"\n", b"\r\n", b" \n", b"\t\n", b"--- a/x\n", b"+++ b/x\n",
        b"@@ -1 +1 @@\n", b"diff --git a/x b/x\n", b"\\ No newline at end of file\n", b"-\n", b"+\n", b"-- \n",
    ],
)  # fmt: skip
def test_content_comes_through_byte_by_byte(content: bytes) -> None:
    text = b"@@ -1,2 +1,2 @@\n-%b+%b %b" % (content, content, content)

    assert parse_hunks(text) == (Hunk(1, 1, b"-+ ", (content,) * 3),)


@given(st.lists(st.tuples(st.sampled_from([b" ", b"-", b"+"]), st.binary().map(lambda b: b.replace(b"\n", b"")))))
def test_any_content_comes_through(lines: list[tuple[bytes, bytes]]) -> None:
    if not lines:
        return
    old = sum(mark != b"+" for mark, _ in lines)
    new = sum(mark != b"-" for mark, _ in lines)
    body = b"".join(mark + text + b"\n" for mark, text in lines)
    marks, texts = b"".join(mark for mark, _ in lines), tuple(text + b"\n" for _, text in lines)

    assert parse_hunks(b"@@ -1,%d +1,%d @@\n%b" % (old, new, body)) == (Hunk(1, 1, marks, texts),)


def test_blank_line_without_its_mark_is_context() -> None:
    """What ``diff.suppressBlankEmpty`` and editors make of a context line that is empty."""
    assert parse_hunks(b"@@ -1,3 +1,3 @@\n-a\n+b\n\n c\n") == (Hunk(1, 1, b"-+  ", (b"a\n", b"b\n", b"\n", b"c\n")),)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b"-a\n\\ No newline at end of file\n+b\n", (b"a", b"b\n")),
        (b"-a\n+b\n\\ No newline at end of file\n", (b"a\n", b"b")),
        (b"-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n", (b"a", b"b")),
        (b"-a\r\n+b\r\n\\ No newline at end of file\n", (b"a\r\n", b"b\r")),
    ],
)
def test_last_line_without_newline(body: bytes, texts: tuple[bytes, ...]) -> None:
    assert parse_hunks(b"@@ -1 +1 @@\n" + body) == (Hunk(1, 1, b"-+", texts),)


def test_context_without_newline() -> None:
    text = b"@@ -1,2 +1,2 @@\n-a\n+b\n c\n\\ No newline at end of file\n"
    assert parse_hunks(text)[0].texts == (b"a\n", b"b\n", b"c")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"@@ -1,2 +1 @@\n-a\n", "not a diff: hunk 1 has fewer lines than its header says"),
        (b"@@ -1 +1,2 @@\n-a\n+b\n", "not a diff: hunk 1 has fewer lines than its header says"),
        (b"@@ -1 +1 @@\n-a\n+b\n+c\n", "not a diff: lines are left over after the last hunk"),
        (b"@@ -1 +1 @@\n-a\n+b\n c\n", "not a diff: lines are left over after the last hunk"),
        (b"@@ -1 +1 @@\n-a\n+b\nprose\n", "not a diff: lines are left over after the last hunk"),
        (b"@@ -1 +1 @@\n-a\n+b\n\n", "not a diff: a blank line follows a hunk"),
        (b"@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n",
         "not a diff: lines are left over after the last hunk"),
        (b"@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n",
         "not a diff: a mark of a missing newline stands alone"),
        (b"@@ -x +1 @@\n-a\n", "not a diff: lines are left over after the last hunk"),
        (b"@@ -1 +1 @@\nprose\n",
         "not a diff: a line of hunk 1 begins with neither a blank, + nor -: prose"),
    ],
)  # fmt: skip
def test_what_is_no_hunk_is_refused(text: bytes, what: str) -> None:
    """The library drops lines behind a full hunk without a word; half a security fix must not pass for a whole one."""
    with pytest.raises(DiffError) as caught:
        parse_hunks(text)
    assert caught.value.what == what
