"""Other forms of a patch, each a list of commits (message and diff), for ``bench/leak split|edited``.

A form that can't be made of a patch (a patch of one hunk in two commits) is an empty list.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

Commits = list[tuple[bytes, bytes]]
_FILE = re.compile(rb"^(?=diff --git )", re.MULTILINE)
_HUNK = re.compile(rb"^(?=@@ )", re.MULTILINE)
_WORD = re.compile(rb"[A-Za-z_]\w{2,}")
_COMMENT = re.compile(rb"/\*.*?\*/|//.*$")
TITLE = b"cleanup\n"


def files(diff: bytes) -> list[bytes]:
    return [piece for piece in _FILE.split(diff) if piece.startswith(b"diff --git ")]


def hunks(diff: bytes) -> list[bytes]:
    """Return a diff for each hunk."""
    found = []
    for piece in files(diff):
        head, *rest = _HUNK.split(piece)
        found += [head + hunk for hunk in rest]
    return found


def several(parts: list[bytes]) -> Commits:
    return [(TITLE, part) for part in parts] if len(parts) > 1 else []


def each_file(diff: bytes) -> Commits:
    return several(files(diff))


def each_hunk(diff: bytes) -> Commits:
    return several(hunks(diff))


def halves(diff: bytes) -> Commits:
    parts = hunks(diff)
    middle = (len(parts) + 1) // 2
    return several([b"".join(parts[:middle]), b"".join(parts[middle:])] if len(parts) > 1 else [])


def rows_of(diff: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of a diff, and whether each belongs to a hunk."""
    inside = False
    for row in diff.split(b"\n"):
        inside = row.startswith(b"@@ ") or (inside and not row.startswith(b"diff --git "))
        yield row, inside and not row.startswith(b"@@ ")


def lines_in_halves(diff: bytes) -> Commits:
    """Return two commits, each with half of the changed lines of each hunk."""
    both: list[list[bytes]] = [[], []]
    for hunk in hunks(diff):
        total = sum(row[:1] in b"+-" for row, inside in rows_of(hunk) if inside and row)
        place = 0
        for row, inside in rows_of(hunk):
            if not inside or row[:1] not in (b"+", b"-"):
                both[0].append(row)
                both[1].append(row)
                continue
            first = place < (total + 1) // 2
            place += 1
            both[not first].append(row)
            kept = row[:1] == (b"+" if first else b"-")
            if kept:
                both[first].append(b" " + row[1:])
    return several([b"\n".join(rows) for rows in both])


def marked(diff: bytes, prefix: bytes) -> bytes:
    return b"".join(prefix + line + b"\n" for line in diff.rstrip(b"\n").split(b"\n"))


def new_file(text: bytes, path: bytes = b"notes/mail.txt") -> bytes:
    lines = text.rstrip(b"\n").split(b"\n")
    head = b"diff --git a/%s b/%s\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n"
    return head % (path, path, path, len(lines)) + marked(text, b"+")


def quoted_message(diff: bytes) -> Commits:
    return [(TITLE + b"\nJane wrote:\n" + marked(diff, b"> "), b"")]


def quoted_file(diff: bytes) -> Commits:
    return [(TITLE, new_file(b"Jane wrote:\n" + marked(diff, b"> ")))]


def indented_message(diff: bytes) -> Commits:
    return [(TITLE + b"\n" + marked(diff, b"    "), b"")]


def quoted_twice(diff: bytes) -> Commits:
    return [(TITLE + b"\n" + marked(diff, b">> | "), b"")]


def other_names(diff: bytes) -> Commits:
    renamed = [
        row
        if inside
        else re.sub(rb"(?<=[ab]/)\S+", lambda name: b"other/" + name[0].replace(b"/", b"_") + b"_x.c", row)
        for row, inside in rows_of(diff)
    ]
    return [(TITLE, b"\n".join(renamed))]


def other_context(diff: bytes) -> Commits:
    rows = [
        b"     other_%d(context);" % place if inside and row[:1] == b" " else row
        for place, (row, inside) in enumerate(rows_of(diff))
    ]
    return [(TITLE, b"\n".join(rows))]


def no_context(diff: bytes) -> Commits:
    return [(TITLE, b"\n".join(row for row, inside in rows_of(diff) if not (inside and row[:1] == b" ")))]


def without_comments(diff: bytes) -> Commits:
    rows, inside_comment, dropped = [], False, False
    for row, inside in rows_of(diff):
        if not (inside and row[:1] == b"+"):
            rows.append(row)
            inside_comment = False
            continue
        text = row[1:]
        if inside_comment:
            _, end, text = text.partition(b"*/")
            dropped, inside_comment = True, not end
        text, count = _COMMENT.subn(b"", text)
        if b"/*" in text:
            text, inside_comment, count = text.partition(b"/*")[0], True, 1
        dropped |= bool(count)
        if text.strip() or not row[1:].strip():
            rows.append(b"+" + text)
    return (
        [(TITLE, b"\n".join(rows))]
        if dropped and any(r[:1] == b"+" and i for r, i in rows_of(b"\n".join(rows)))
        else []
    )


def renamed(diff: bytes) -> Commits:
    """Rename the two names that the patch brings and uses most."""
    added: Counter[bytes] = Counter()
    old: set[bytes] = set()
    for row, inside in rows_of(diff):
        words = _WORD.findall(row)
        if inside and row[:1] == b"+":
            added.update(words)
        else:
            old.update(words)
    new = [word for word, _ in added.most_common() if word not in old][:2]
    if len(new) < 2:
        return []
    names = dict(zip(new, (b"first_other", b"second_other"), strict=True))
    rows = [
        _WORD.sub(lambda word: names.get(word[0], word[0]), row) if inside and row[:1] == b"+" else row
        for row, inside in rows_of(diff)
    ]
    return [(TITLE, b"\n".join(rows))]


def added_lines(diff: bytes) -> bytes:
    return b"\n".join(row[1:] for row, inside in rows_of(diff) if inside and row[:1] == b"+")


def only_added(diff: bytes) -> Commits:
    """Return a commit in which each file has nothing but the added lines, in its place."""
    rows = [row for row, inside in rows_of(diff) if not inside or row[:1] == b"+"]
    return [(TITLE, b"\n".join(rows))] if added_lines(diff).strip() else []


def only_added_elsewhere(diff: bytes) -> Commits:
    text = added_lines(diff)
    return [(TITLE, new_file(text, b"src/other.c"))] if text.strip() else []


def only_added_in_message(diff: bytes) -> Commits:
    text = added_lines(diff)
    return [(TITLE + b"\n" + text, b"")] if text.strip() else []


def tenth_edited(diff: bytes) -> Commits:
    """Edit a name in a tenth of the added lines, at least in one."""
    rows = list(rows_of(diff))
    places = [n for n, (row, inside) in enumerate(rows) if inside and row[:1] == b"+" and row[1:].strip()]
    if not places:
        return []
    chance = random.Random(len(diff))
    edited = set(chance.sample(places, -(-len(places) // 10)))

    def edit(row: bytes) -> bytes:
        words = list(_WORD.finditer(row))
        if not words:
            return row + b" edited"
        word = chance.choice(words)
        return row[: word.start()] + b"edited" + row[word.end() :]

    return [(TITLE, b"\n".join(edit(row) if n in edited else row for n, (row, _) in enumerate(rows)))]


SPLIT: dict[str, Callable[[bytes], Commits]] = {
    "one commit for each file": each_file,
    "one commit for each hunk": each_hunk,
    "hunks in halves": halves,
    "lines of each hunk in halves": lines_in_halves,
    "quoted with > in a message": quoted_message,
    "quoted with > in a file": quoted_file,
    "quoted with >> and |": quoted_twice,
    "indented in a message": indented_message,
    "files under other names": other_names,
    "other context": other_context,
    "no context": no_context,
}
EDITED: dict[str, Callable[[bytes], Commits]] = {
    "comments dropped": without_comments,
    "two new names renamed": renamed,
    "only the added lines": only_added,
    "only the added lines, in another file": only_added_elsewhere,
    "only the added lines, in a message": only_added_in_message,
    "a tenth of the added lines edited": tenth_edited,
}
