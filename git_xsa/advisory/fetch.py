"""Mirror the public advisories: the list, the texts, the files that the texts name.

What is asked for comes from the site alone: the numbers from its list, the names of files from its texts.  What else
is in the store, embargoed advisories above all, has no part in it.  A text that the site gave before is asked for
only if it is newer; a file that is there with the right checksum is not asked for again.  So a run that was broken off
goes on where it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from git_xsa.advisory import remarks
from git_xsa.advisory import text as texts
from git_xsa.advisory.editions import Difference, Edition, EditionSource, Library, difference
from git_xsa.advisory.import_ import LIST
from git_xsa.advisory.metadata import LARGEST as LARGEST_LIST
from git_xsa.advisory.metadata import ListedAdvisory, read_list
from git_xsa.advisory.patchfile import LARGEST as LARGEST_FILE
from git_xsa.advisory.problems import MetadataError, NotFound, OutOfTime, StoreError, TextError, WebError
from git_xsa.advisory.problems import web as problems
from git_xsa.advisory.text import read_advisory
from git_xsa.advisory.trust import ChecksumState, Signature, check_file, check_signature
from git_xsa.advisory.web import Stamp, Web
from git_xsa.documents import DocumentError, read_back, write_json
from git_xsa.model.words import some_of
from git_xsa.wording import Remark

#: How many files are asked for at the same time.
AT_ONCE = 4
STATE = "fetch.json"
#: A list with more advisories than this that are not there is not to be believed.
MOST_MISSING = 200
#: How often what is known of the site is saved, in advisories.
_SAVE_EVERY = 25


@dataclass
class Summary:
    """What a run did: numbers of advisories, names of files, and what went wrong, in sentences."""

    listed: int = 0
    new: list[int] = field(default_factory=list)
    reissued: list[int] = field(default_factory=list)
    unchanged: int = 0
    missing: list[int] = field(default_factory=list)
    files: int = 0
    problems: list[Remark] = field(default_factory=list)
    unsigned: list[int] = field(default_factory=list)
    #: Reissued advisory -> the version before, by its name, and what changed in the patches since.
    since: dict[int, tuple[str, Difference]] = field(default_factory=dict)


@dataclass
class _Outcome:
    """What became of one advisory."""

    number: int
    text: str = "unchanged"
    files: int = 0
    problems: list[Remark] = field(default_factory=list)
    trusted: bool = True
    late: bool = False
    since: tuple[str, Difference] | None = None


class Fetcher:
    """Mirrors the site at ``url`` (which ends with a slash) into ``library``.

    ``now`` is written down as the time of what comes; signatures by the keys ``trusted`` count, and with ``require``
    no other text is taken.
    """

    def __init__(
        self, library: Library, url: str, web: Web, now: datetime, trusted: tuple[str, ...] = (), require: bool = False
    ) -> None:
        self._library = library
        self._url = url
        self._web = web
        self._source = EditionSource(url, now, public=True)
        self._trusted = trusted
        self._require = require
        self._writing = threading.Lock()
        self._state = self._read_state()
        self._stop = threading.Event()

    def run(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Summary:
        """Fetch what is new and return what was done; ``progress`` gets how many of all advisories are done."""
        with self._library.store.lock("fetch"):
            listed = self._list()
            summary = Summary(len(listed))
            try:
                self._all(listed, summary, progress)
            finally:
                self._save()
        return summary

    def _all(self, listed: list[ListedAdvisory], summary: Summary, progress: Callable[[int, int], None]) -> None:
        late = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(self._one, entry.number) for entry in listed]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    outcome = future.result()
                    late += outcome.late
                    _count(summary, outcome)
                    if len(summary.missing) > MOST_MISSING:
                        raise problems.too_many_missing(self._url + LIST, MOST_MISSING)
                    if done % _SAVE_EVERY == 0:
                        self._save()
                    progress(done, len(listed))
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if late:
            summary.problems.append(remarks.out_of_time(self._web.total, late, len(listed)))
        for numbers in (summary.new, summary.reissued, summary.missing, summary.unsigned):
            numbers.sort()

    def _list(self) -> list[ListedAdvisory]:
        """Return the site's list, the one that is known if it has not changed."""
        address = self._url + LIST
        known = self._library.store.read(LIST)
        stamp = self._stamp(address, known)
        try:
            page = self._web.get(address, LARGEST_LIST, stamp)
            content = page.content if page.content is not None else known or b""
            listed = read_list(content)
        except MetadataError as error:
            raise problems.not_a_list(address, error.what) from None
        except WebError as error:
            raise problems.no_list(error.what, error.hint) from None
        if page.content is not None:
            with self._writing, self._library.store.lock():
                self._library.store.write(content, LIST)
            self._remember(address, page.stamp, content)
        return listed

    def _one(self, number: int) -> _Outcome:
        """Fetch one advisory with its files; when the time for the whole run is over, none that is left."""
        outcome = _Outcome(number, late=self._stop.is_set())
        if outcome.late:
            return outcome
        try:
            edition = self._text(number, outcome)
            if edition is not None and not self._stop.is_set():
                self._files(edition, outcome)
        except NotFound:
            outcome.text = "missing"
        except OutOfTime:
            self._stop.set()
            outcome.late = True
        except TextError as error:
            outcome.problems.append(remarks.said_at(f"{self._url}advisory-{number}.txt", error.what))
        except (WebError, StoreError) as error:
            outcome.problems.append(error.what)
        if outcome.text == "reissued":
            outcome.since = self._since(number)
        return outcome

    def _since(self, number: int) -> tuple[str, Difference] | None:
        """Return the name of the version before the newest one, and what changed in the patches since."""
        versions = [edition for edition in self._library.editions(number) if edition.version]
        return (versions[-2].name, difference(versions[-2].sums(), versions[-1].sums())) if len(versions) > 1 else None

    def _text(self, number: int, outcome: _Outcome) -> Edition | None:
        """Return the version of the advisory that the site has, in the store now."""
        address = f"{self._url}advisory-{number}.txt"
        known = self._known(number, address)
        text = known.text if known is not None else None
        page = self._web.get(address, texts.LARGEST, self._stamp(address, text))
        if page.content is None:
            return known
        advisory = read_advisory(page.content)
        if advisory.number != number:
            raise problems.text_of_another(address, advisory.number)
        vouching = check_signature(advisory.signed, self._trusted)
        outcome.trusted = vouching.signature is Signature.TRUSTED
        if self._require and not outcome.trusted:
            raise problems.untrusted_text(address, vouching.sentence())
        with self._writing, self._library.store.lock():
            before = any(edition.public for edition in self._library.editions(number))
            edition, new = self._library.add_text(advisory, page.content, self._source)
        if new:
            outcome.text = "reissued" if before else "new"
        self._remember(address, page.stamp, page.content)
        return edition

    def _known(self, number: int, address: str) -> Edition | None:
        """Return the version that the site gave before, ``None`` when it is not in the store (any more)."""
        digest = self._state.get(address, {}).get("sha256")
        for edition in self._library.editions(number) if digest else ():
            if edition.text is not None and sha256(edition.text).hexdigest() == digest:
                return edition
        return None

    def _files(self, edition: Edition, outcome: _Outcome) -> None:
        """Fetch the files that the text lists and that are not there with the right checksum."""
        sums = edition.advisory.sums if edition.advisory is not None else {}
        for name in sums:
            if self._stop.is_set():
                outcome.late = True
                return
            try:
                if edition.state(name) is ChecksumState.LISTED:
                    continue
                content = self._file(name, sums)
                with self._writing, self._library.store.lock():
                    outcome.files += self._library.add_file(edition, name, content, self._source)
            except OutOfTime:
                raise
            except (WebError, StoreError) as error:
                outcome.problems.append(error.what)

    def _file(self, name: str, sums: dict[str, str] | Any) -> bytes:
        """Return the file ``name``; it is got twice before its checksum is held to be wrong."""
        address = self._url + quote(name)
        for _ in range(2):
            content = self._web.get(address, LARGEST_FILE).content or b""
            if check_file(name, content, sums) is ChecksumState.LISTED:
                return content
        raise problems.other_checksum(address)

    # What the site said

    def _read_state(self) -> dict[str, dict[str, str]]:
        try:
            found = read_back(self._library.store.read(STATE) or b"{}")
        except DocumentError:
            return {}
        entries = found.get("files") if isinstance(found, dict) else None
        return {key: value for key, value in (entries or {}).items() if isinstance(value, dict)}

    def _stamp(self, address: str, content: bytes | None) -> Stamp | None:
        """Return what to ask with for ``address``, ``None`` when ``content`` is not what the site gave."""
        entry = self._state.get(address, {})
        if content is None or entry.get("sha256") != sha256(content).hexdigest():
            return None
        return Stamp(str(entry.get("etag", "")), str(entry.get("modified", "")))

    def _remember(self, address: str, stamp: Stamp, content: bytes) -> None:
        entry = {"etag": stamp.etag, "modified": stamp.modified, "sha256": sha256(content).hexdigest()}
        with self._writing:
            self._state[address] = entry

    def _save(self) -> None:
        with self._writing, self._library.store.lock():
            files = {key: dict(sorted(entry.items())) for key, entry in sorted(self._state.items())}
            self._library.store.write(write_json({"format": 1, "files": files}, 1), STATE)


def _count(summary: Summary, outcome: _Outcome) -> None:
    """Enter ``outcome`` into ``summary``."""
    summary.files += outcome.files
    summary.problems += outcome.problems
    if outcome.text == "missing":
        summary.missing.append(outcome.number)
    elif outcome.text == "new":
        summary.new.append(outcome.number)
    elif outcome.text == "reissued":
        summary.reissued.append(outcome.number)
        if outcome.since is not None:
            summary.since[outcome.number] = outcome.since
    elif not outcome.problems and not outcome.late:
        summary.unchanged += 1
    if outcome.text in ("new", "reissued") and not outcome.trusted:
        summary.unsigned.append(outcome.number)


def shown_numbers(numbers: Iterable[int], most: int = 12) -> str:
    """Return some advisories as a short list of names."""
    return some_of([f"XSA-{number}" for number in numbers], most)
