"""The note from which on nothing in the store is under embargo: what the hook pre-push goes by before it calls git-xsa.

``embargoes.over`` in the store is one line, an instant and what ``cksum`` prints of a list::

    over since 20261208 120000 928374651 187

    20261208 120000
    advisories/XSA-500
    advisories/XSA-500/v3
    3561827340 412 embargoes.json
    1874652934 1033 embargoes.journal
    2837465019 214 advisories/XSA-500/v3/import.json

The list has the instant, the names in ``advisories``, and what ``cksum`` prints of each file that says what is under
embargo.  A shell recreates it from what it finds, and understands nothing of JSON: one byte more, less or other, and it
calls git-xsa, which reads the files themselves.

Promises: the note says that everything is over only if git-xsa has read all of these files from the very bytes that
are summed up; an advisory counts only if the ledger has it, or a record says that it came from the public site.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from git_xsa.advisory.editions import FOLDER, RECORD, number_of
from git_xsa.advisory.problems import StoreError
from git_xsa.advisory.store import Store
from git_xsa.advisory.store_place import note_seen
from git_xsa.documents import DocumentError, read_object
from git_xsa.embargo.cksum import cksum
from git_xsa.embargo.ledger import JOURNAL, LEDGER, newest_entry, read_entries
from git_xsa.model.instant import compact

if TYPE_CHECKING:
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git

NAME = "embargoes.over"


def after_change(store: Store, git: Git, settings: Settings) -> None:
    """Write down what the hooks want to know once something was put into the store."""
    write_note(store)
    note_seen(git, settings)


def write_note(store: Store) -> None:
    """Rewrite the note, or remove it when none is true; what is in the way of that is no reason to do nothing
    else: a note that is not there, or not up to date, only makes a push slower."""
    with suppress(StoreError, OSError):
        content = note(store)
        if content is None:
            store.remove(NAME)
        elif store.read(NAME) != content:
            store.write(content, NAME)


def note(store: Store) -> bytes | None:
    """Return what the note has to say; ``None`` when not everything has an end, or something can't be read."""
    ledger, journal = store.read(LEDGER), store.read(JOURNAL)
    if ledger is None or journal is None:
        return None
    try:
        entries, _ = read_entries(ledger)
    except DocumentError:
        return None
    newest = newest_entry(journal)
    if newest is None:
        return None
    since = max([newest, *(entry.embargo.ends for entry in entries.values())])
    advisories = store.names(FOLDER)
    editions = [(name, inner) for name in advisories for inner in _inside(store, name)]
    records = {names: store.read(FOLDER, *names, RECORD) for names in editions}
    public = {number_of(name) for (name, _), content in records.items() if content is not None and _public(content)}
    if not {number for name in advisories if (number := number_of(name)) is not None} <= public | entries.keys():
        return None
    summed = sorted((_path(*names, RECORD), content) for names, content in records.items() if content is not None)
    sums = [f"{cksum(content)} {path}" for path, content in [(LEDGER, ledger), (JOURNAL, journal), *summed]]
    # As a shell expands advisories/* and advisories/*/*: a pattern that nothing fits stays what it is.
    names = sorted(map(_path, advisories)) or [_path("*")]
    names += sorted(_path(*names) for names in editions) or [_path("*", "*")]
    listed = "".join(f"{line}\n" for line in [compact(since), *names, *sums])
    return f"over since {compact(since)} {cksum(listed.encode())}\n".encode()


def _path(*names: str) -> str:
    return "/".join((FOLDER, *names))


def _inside(store: Store, name: str) -> list[str]:
    return store.names(FOLDER, name) if os.path.isdir(store.path(FOLDER, name)) else []


def _public(content: bytes) -> bool:
    try:
        return read_object(content).get("public") is True
    except DocumentError:
        return False
