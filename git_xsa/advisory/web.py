"""Get files from a web server: politely, completely, or not at all.

One object serves a whole run.  A file is held in memory until it is whole and has been judged, so that nothing broken
ever reaches the disk.  Proxies and certificates are set as for every program that uses the library ``requests``
(``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``).

Promises: no request says more than the address, that a file is wanted if it is newer than the one that this server
gave before, and who we are; no file is larger or takes longer than is allowed for it, headers and all, and no run takes
longer than its ``total``; nothing goes from ``https`` to ``http``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from git_xsa import __version__
from git_xsa.advisory import remarks
from git_xsa.advisory.problems import OutOfTime, Passing
from git_xsa.advisory.problems import web as problems
from git_xsa.wording import Remark

if TYPE_CHECKING:
    import requests

#: Pauses in seconds before each new try; answers that are worth one.
PAUSES = (1.0, 2.0, 4.0, 8.0)
WORTH_A_TRY = frozenset((408, 425, 429, 500, 502, 503, 504))
#: The longest pause that a server may ask for, how long to wait for a part of an answer, and for a whole file.
LONGEST_PAUSE = 60.0
PATIENCE = 30.0
LONGEST = 300.0
#: How long all files of a run may take together, and how many bytes a second have to come in any ``patience`` seconds.
TOTAL = 3_600.0
SLOWEST = 100
_REDIRECTS = 5
_CHUNK = 1 << 16
_SMALL = 512
AGENT = f"git-xsa/{__version__}"


@dataclass(frozen=True)
class Stamp:
    """What a server said of a file by which it can say later whether that is a newer one."""

    etag: str = ""
    modified: str = ""

    def __bool__(self) -> bool:
        return bool(self.etag or self.modified)


@dataclass(frozen=True)
class Page:
    """A file as it was got: ``None`` for one that has not changed, and what to ask with the next time."""

    content: bytes | None
    stamp: Stamp


@dataclass
class Web:
    """Gets files; safe to be used by several threads at once.

    ``pause`` waits for as many seconds as it is given; ``pauses`` are those between tries.  ``longest`` is how many
    seconds a try for a file may take, ``total`` how many all of it may take from the first one on.
    """

    pause: Callable[[float], object] = time.sleep
    pauses: tuple[float, ...] = PAUSES
    patience: float = PATIENCE
    longest: float = LONGEST
    total: float = TOTAL
    slowest: int = SLOWEST
    #: How many bytes have come so far, in all.
    received: int = 0
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _count: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _sessions: list[Any] = field(default_factory=list, repr=False)
    _end: float = 0.0

    def get(self, address: str, limit: int, stamp: Stamp | None = None) -> Page:
        """Return the file at ``address``, of at most ``limit`` bytes; with ``stamp`` only if it has changed since.

        What fails in a way that may pass is tried again, after pauses that grow.  Raises ``Missing`` when there is no
        such file, ``WebError`` when it can't be had.
        """
        for wait in (*self.pauses, None):
            page = self._try(address, limit, stamp or Stamp())
            if isinstance(page, Page):
                return page
            if wait is None:
                raise problems.gave_up(address, page.why)
            seconds = max(wait, min(page.wait, LONGEST_PAUSE))
            if seconds > self._left():
                raise self._late(address)
            self.pause(seconds)
        raise AssertionError("the last try returns or raises")

    def _left(self) -> float:
        """Return how many seconds of the whole run are left; it begins with the first call."""
        with self._count:
            self._end = self._end or time.monotonic() + self.total
            return self._end - time.monotonic()

    def _late(self, address: str) -> OutOfTime:
        return problems.out_of_time(address, self.total)

    def _try(self, address: str, limit: int, stamp: Stamp) -> Page | Passing:
        """Return the file, or what kept it from coming this time.

        It is asked for in a thread of its own, which is left behind when the time is over: a server that sends its
        headers byte by byte could hold up the one that waits for them for ever.
        """
        left = self._left()
        if left <= 0:
            raise self._late(address)
        session = self._session()
        found: list[Page | BaseException] = []

        def ask() -> None:
            try:
                found.append(self._ask(session, address, limit, stamp))
            except BaseException as error:
                found.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(min(self.longest, left))
        if not found:
            self._local.session = None  # its connection is still waiting
            if left <= self.longest:
                raise self._late(address)
            return problems.incomplete(self.longest)
        if isinstance(found[0], BaseException) and not isinstance(found[0], Passing):
            raise found[0]
        return found[0]

    def _ask(self, session: requests.Session, address: str, limit: int, stamp: Stamp) -> Page:
        import requests  # noqa: PLC0415 - slow to load, and only the fetcher needs it
        import urllib3  # noqa: PLC0415 - as below

        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if stamp.etag:
            headers["If-None-Match"] = stamp.etag
        if stamp.modified:
            headers["If-Modified-Since"] = stamp.modified
        place = address
        try:
            for _ in range(_REDIRECTS + 1):
                with session.get(
                    place, headers=headers, stream=True, timeout=self.patience, allow_redirects=False
                ) as answer:
                    if not answer.is_redirect:
                        return self._read(answer, address, limit, stamp)
                    place = _redirected(place, answer.headers["Location"])
        except requests.exceptions.SSLError as error:
            raise problems.no_certificate(address, _distrust(error)) from None
        except requests.exceptions.Timeout:
            raise problems.no_response(self.patience) from None
        except requests.exceptions.ProxyError as error:
            raise problems.no_proxy(_system(error)) from None
        except requests.exceptions.ConnectionError as error:
            raise problems.no_server(_system(error)) from None
        except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.HTTPError) as error:
            raise problems.interrupted(_system(error)) from None
        except (requests.exceptions.RequestException, ValueError):
            raise problems.not_an_address(address) from None
        raise problems.too_many_redirections(address, _REDIRECTS)

    def _read(self, answer: requests.Response, address: str, limit: int, stamp: Stamp) -> Page:
        """Return what the server answered."""
        status = answer.status_code
        if status == 304 and stamp:
            return Page(None, stamp)
        if status in (404, 410):
            raise problems.not_found(address)
        if status in WORTH_A_TRY:
            raise problems.server_passes(status, answer.reason, _retry_after(answer))
        if status != 200:
            raise problems.server_refuses(address, status, answer.reason)
        content = self._body(answer, address, limit)
        headers = answer.headers
        return Page(content, Stamp(headers.get("ETag", "")[:200], headers.get("Last-Modified", "")[:100]))

    def _body(self, answer: requests.Response, address: str, limit: int) -> bytes:
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > limit:
            raise problems.announced_too_large(address, int(length), limit)
        begun = time.monotonic()
        end, before = begun + self.longest, 0
        content = bytearray()
        for chunk in _chunks(answer):
            content += chunk
            if len(content) > limit:
                raise problems.too_large(address, limit)
            now = time.monotonic()
            if now > end:
                raise problems.incomplete(self.longest)
            if now > begun + self.patience:
                if len(content) - before < self.slowest * (now - begun):
                    raise problems.too_slow(self.slowest)
                begun, before = now, len(content)
        if length.isdecimal() and len(content) != int(length):
            raise problems.cut_short(len(content), length)
        with self._count:
            self.received += len(content)
        return bytes(content)

    def _session(self) -> requests.Session:
        import requests  # noqa: PLC0415 - 100 ms, and only where something is fetched

        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            with self._count:
                self._sessions.append(session)
        return session

    def close(self) -> None:
        """End all connections."""
        for session in self._sessions:
            session.close()


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    """Yield the body as it comes in, in parts that a server can't hold back for long."""
    read = getattr(answer.raw, "read1", None)  # urllib3 has it since 2.1
    if read is None:
        yield from answer.iter_content(_SMALL)
        return
    while chunk := read(_CHUNK):
        yield chunk


def _redirected(place: str, target: str) -> str:
    """Return where ``place`` sends us; ``WebError`` when that must not be followed."""
    new = urljoin(place, target)
    old_scheme, new_scheme = urlsplit(place).scheme, urlsplit(new).scheme
    if new_scheme not in ("http", "https") or (old_scheme == "https" and new_scheme == "http"):
        raise problems.refused_redirect(place, new)
    return new


def _retry_after(answer: requests.Response) -> float:
    words = answer.headers.get("Retry-After", "")
    return float(words) if words.isdecimal() and len(words) < 7 else 0.0


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what it came from, the innermost one last; the libraries keep that in several places."""
    for _ in range(10):
        yield error
        held = (getattr(error, "reason", None), *error.args[:1], error.__cause__, error.__context__)
        inner = next((one for one in held if isinstance(one, BaseException) and one is not error), None)
        if inner is None:
            return
        error = inner


def _system(error: Exception) -> str:
    """Return what the operating system says of a connection that failed, behind a colon; empty when it says nothing."""
    words = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and isinstance(cause.errno, int)]
    return f": {words[-1]}" if words and words[-1] else ""


def _distrust(error: Exception) -> Remark:
    """Return why there is no secure connection, in our words (OpenSSL's numbers: ``man verify``, "Error codes")."""
    codes = [getattr(cause, "verify_code", None) for cause in _causes(error)]
    code = next((code for code in codes if code), None)
    return remarks.rejected_certificate(code) if code is not None else remarks.no_secure_connection()
