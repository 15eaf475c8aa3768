"""git xsa-fetch against a local site: nothing lost, nothing overwritten by worse, nothing asked for twice."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from advisory_texts import advisory
from repositories import Answer, git, run
from site_of_tests import Request, Site, running

from git_xsa.advisory import fetch as module
from git_xsa.advisory.contents import TakenItem
from git_xsa.advisory.editions import EditionSource, Library
from git_xsa.advisory.fetch import Fetcher, Summary
from git_xsa.advisory.import_ import take
from git_xsa.advisory.problems import ListError, WebError
from git_xsa.advisory.store import Store
from git_xsa.advisory.web import Web, _redirected

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
PATCH = b"--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n"
OTHER = b"--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Store(tmp_path / "store"))


def published(site: Site, number: int, version: int = 1, **files: bytes) -> bytes:
    """Put an advisory with ``files`` (``xsa1_patch`` is ``xsa1.patch``) on the site and return its text."""
    named = {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
    text = advisory(number, version, [(name, "xen-unstable") for name in named], named, public=True)
    site.put(f"advisory-{number}.txt", text)
    for name, content in named.items():
        site.put(name, content)
    return text


def fetch(library: Library, site: Site, web: Web | None = None) -> Summary:
    return Fetcher(library, site.url, web or Web(pause=lambda _: None), NOW).run()


def files_of(library: Library, number: int) -> list[str]:
    edition = library.newest(number)
    return edition.paths if edition is not None else []


def test_everything_once_and_then_only_what_is_new(site: Site, library: Library) -> None:
    site.offer(1, 2)
    one = published(site, 1, xsa1_patch=PATCH)
    published(site, 2, xsa2_patch=PATCH, xsa2__xsa2_01_patch=OTHER)

    first = fetch(library, site)
    assert (first.listed, first.new, first.files, first.problems) == (2, [1, 2], 3, [])
    edition = library.newest(1)
    assert edition is not None
    assert (edition.text, edition.read("xsa1.patch"), edition.public) == (one, PATCH, True)

    site.asked.clear()
    again = fetch(library, site)
    assert (again.new, again.unchanged, again.files) == ([], 2, 0)
    assert sorted(site.paths()) == ["advisory-1.txt", "advisory-2.txt", "xsa.json"]
    assert all("If-None-Match" in headers for _, headers in site.asked)

    new = published(site, 2, 2, xsa2_patch=OTHER)
    later = fetch(library, site)
    assert (later.new, later.reissued, later.files) == ([], [2], 1)
    assert [edition.name for edition in library.editions(2)] == ["v1", "v2"]
    assert [edition.text == new for edition in library.editions(2)] == [False, True]
    assert library.editions(2)[0].read("xsa2.patch") == PATCH


def broken(request: Request) -> None:
    """Send half of what was promised."""
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


def hang_up(request: Request) -> None:
    request.close_connection = True


def status(number: int, **headers: str):  # type: ignore[no-untyped-def]
    return lambda request: request.answer(number, b"<html>no</html>", **headers)


@pytest.mark.parametrize("trouble", [broken, hang_up, status(503), status(429), status(500)])
@pytest.mark.parametrize("name", ["xsa.json", "advisory-1.txt", "xsa1.patch"])
def test_trouble_that_passes(name: str, trouble, site: Site, library: Library) -> None:  # type: ignore[no-untyped-def]
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    site.plan(name, trouble, trouble)
    pauses: list[float] = []
    summary = fetch(library, site, Web(pause=pauses.append))
    assert (summary.new, summary.files, summary.problems) == ([1], 1, [])
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize("trouble", [broken, hang_up, status(503)])
def test_trouble_that_stays_loses_nothing(trouble, site: Site, library: Library) -> None:  # type: ignore[no-untyped-def]
    site.offer(1, 2)
    text = published(site, 1, xsa1_patch=PATCH)
    published(site, 2, xsa2_patch=PATCH)
    fetch(library, site)
    published(site, 1, 2, xsa1_patch=OTHER)
    site.plan("advisory-1.txt", *[trouble] * 5)
    pauses: list[float] = []
    summary = fetch(library, site, Web(pause=pauses.append))
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert [problem.startswith(f"{site.url}advisory-1.txt: ") for problem in summary.problems] == [True]
    assert (summary.unchanged, summary.reissued) == (1, [])
    edition = library.newest(1)
    assert edition is not None
    assert (edition.text, edition.read("xsa1.patch")) == (text, PATCH)
    assert fetch(library, site).reissued == [1]


def test_pause_that_the_server_asks_for(site: Site, library: Library) -> None:
    site.offer()
    site.plan(
        "xsa.json", status(503, Retry_After="7"), status(503, Retry_After="999999"), status(503, Retry_After="soon")
    )
    pauses: list[float] = []
    fetch(library, site, Web(pause=pauses.append))
    assert pauses == [7.0, 60.0, 4.0]


def test_slow_answers_end(site: Site, library: Library) -> None:
    def drip(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.02)

    def silent(request: Request) -> None:
        time.sleep(0.6)
        request.close_connection = True

    site.offer(1, 2)
    published(site, 1, xsa1_patch=PATCH)
    published(site, 2, xsa2_patch=PATCH)
    site.plan("xsa1.patch", drip)
    site.plan("xsa2.patch", silent)
    summary = fetch(library, site, Web(pause=lambda _: None, patience=0.3, longest=0.3))
    assert (summary.new, summary.files, summary.problems) == ([1, 2], 2, [])


def test_file_of_endless_length(site: Site, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(request: Request) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except OSError:
            request.close_connection = True

    monkeypatch.setattr(module, "LARGEST_FILE", 1 << 20)
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    site.plan("xsa1.patch", endless)
    summary = fetch(library, site)
    assert summary.problems == [f"{site.url}xsa1.patch: it exceeds the limit of 1,048,576 bytes"]
    site.plan("xsa1.patch", status(200, X="1"), lambda request: request.answer(200, b"x" * (2 << 20)))
    summary = fetch(library, site)
    assert summary.problems == [f"{site.url}xsa1.patch: its 2,097,152 bytes exceed the limit of 1,048,576 bytes"]
    assert fetch(library, site).files == 1


def test_wrong_checksum(site: Site, library: Library) -> None:
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    site.put("xsa1.patch", OTHER)
    summary = fetch(library, site)
    assert summary.problems == [f"{site.url}xsa1.patch does not match the advisory: its SHA-256 differs"]
    assert site.paths().count("xsa1.patch") == 2
    edition = library.newest(1)
    assert edition is not None
    assert edition.paths == []
    site.put("xsa1.patch", PATCH)
    assert fetch(library, site).files == 1


def test_damaged_file_in_the_store_is_got_again(site: Site, library: Library) -> None:
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    fetch(library, site)
    edition = library.newest(1)
    assert edition is not None
    library.store.write(b"damaged", "advisories", "XSA-1", "v1", "files", "xsa1.patch")
    assert fetch(library, site).files == 1
    assert edition.read("xsa1.patch") == PATCH


def test_redirections(site: Site, library: Library) -> None:
    site.offer(1)
    text = published(site, 1, xsa1_patch=PATCH)
    site.put("elsewhere.txt", text)
    site.plan("advisory-1.txt", status(301, Location="elsewhere.txt"))
    assert fetch(library, site).new == [1]
    site.offer(1, 2, 3)
    site.plan("advisory-2.txt", *[status(302, Location="advisory-2.txt")] * 10)
    site.plan("advisory-3.txt", status(302, Location="file:///etc/passwd"))
    assert sorted(fetch(library, site).problems) == [
        f"{site.url}advisory-2.txt: more than 5 redirections",
        f"{site.url}advisory-3.txt: redirect to file:///etc/passwd refused",
    ]


def test_from_https_to_http_is_refused() -> None:
    with pytest.raises(WebError, match="refused"):
        _redirected("https://example.org/x", "http://example.org/x")
    assert _redirected("https://example.org/x", "/y") == "https://example.org/y"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>", "it is not JSON: "),
        (b"{}", "the list has no key 'xsas'"),
        (b"[" * 100_000, "it is not JSON: "),
        (b"", "it is not JSON: "),
    ],
)
def test_list_that_is_none(content: bytes, why: str, site: Site, library: Library) -> None:
    site.put("xsa.json", content)
    with pytest.raises(ListError) as error:
        fetch(library, site)
    assert error.value.what.startswith(f"{site.url}xsa.json is not a list of advisories: {why}")
    assert library.store.read("xsa.json") is None


def test_list_that_lies(site: Site, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that are none, an advisory under another number, many that are not there."""
    entries = [{"xsa": 1}, {"xsa": "2"}, {"xsa": "../../etc/passwd"}, {"xsa": -1}, {"xsa": None}, {}, {"xsa": 10**9}, 7]
    site.put("xsa.json", json.dumps([{"xsas": entries}]).encode())
    published(site, 1, xsa1_patch=PATCH)
    site.put("advisory-2.txt", site.files["/xsa/advisory-1.txt"])
    summary = fetch(library, site)
    assert (summary.listed, summary.new) == (2, [1])
    assert summary.problems == [f"{site.url}advisory-2.txt is the text of XSA-1"]
    assert library.numbers() == [1]

    monkeypatch.setattr(module, "MOST_MISSING", 20)
    site.offer(*range(100, 200))
    with pytest.raises(ListError, match="lists more than 20 advisories that do not exist"):
        fetch(library, site)
    assert library.numbers() == [1]


def test_names_in_a_text_that_lead_out_are_refused(site: Site, library: Library, tmp_path: Path) -> None:
    site.offer(1)
    names = ["../../../../evil.patch", "/etc/evil.patch", ".git/hooks/evil", "a/../../evil.patch"]
    text = advisory(1, files=dict.fromkeys(names, PATCH), public=True)
    site.put("advisory-1.txt", text)
    summary = fetch(library, site)
    assert len(summary.problems) == len(names)
    assert all("can't be a name in the store" in problem for problem in summary.problems)
    assert not list(tmp_path.rglob("*evil*"))


def test_embargoed_advisory_is_never_asked_for(site: Site, library: Library) -> None:
    """What the store has for itself can't be seen from what the site is asked."""
    secret = advisory(7, 2, [("xsa7.patch", "xen-unstable")], {"xsa7.patch": PATCH})
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    fetch(library, site)
    plain = list(site.asked)
    take(
        library,
        [TakenItem("a.txt", secret, "m"), TakenItem("xsa7.patch", PATCH, "m")],
        EditionSource("mail", NOW),
        (),
        False,
    )
    site.asked.clear()
    fetch(library, site)
    fetch(library, site)
    assert {path for path, _ in site.asked} <= {path for path, _ in plain}
    sent = json.dumps(site.asked)
    assert "7.patch" not in sent
    assert "advisory-7" not in sent
    assert str(library.store.folder) not in sent


def test_no_more_than_a_few_at_once(site: Site, library: Library) -> None:
    site.offer(*range(1, 13))
    busy, most, lock = [0], [0], threading.Lock()

    def count(request: Request) -> None:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.03)
        with lock:
            busy[0] -= 1
        request.answer(404, b"")

    for number in range(1, 13):
        site.plan(f"advisory-{number}.txt", count)
    summary = fetch(library, site)
    assert summary.missing == list(range(1, 13))
    assert 1 < most[0] <= 4


def test_broken_off_run_goes_on_where_it_was(site: Site, library: Library) -> None:
    numbers = range(1, 9)
    site.offer(*numbers)
    for number in numbers:
        published(site, number, 1, **{f"xsa{number}_patch": PATCH})

    class Stopped(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        Fetcher(library, site.url, Web(pause=lambda _: None), NOW).run(stop)
    there = {number for number in numbers if files_of(library, number)}
    assert len(there) >= 3
    site.asked.clear()
    summary = fetch(library, site)
    assert not {f"xsa{number}.patch" for number in there} & set(site.paths())
    assert all(files_of(library, number) == [f"xsa{number}.patch"] for number in numbers)
    assert summary.problems == []


def test_forged_state_asks_for_no_change(site: Site, library: Library) -> None:
    """What was known of the site is only believed together with the very text that it gave."""
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    fetch(library, site)
    library.store.write(b"tampered", "advisories", "XSA-1", "v1", "advisory.txt")
    fetch(library, site)
    newest = library.newest(1)
    assert newest is not None
    assert newest.advisory is not None


def command(site: Site, folder: Path, *words: str) -> Answer:
    git(folder, "config", "--global", "xsa.url", site.url)
    return run(folder, "fetch", *words)


def test_a_connection_that_is_reset_prints_nothing(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """The site of these tests runs beside the command whose words are compared: it must not put in its own."""
    with socket.create_connection(("127.0.0.1", urlsplit(site.url).port or 0)) as client:
        client.sendall(b"GET /xsa/xsa.json HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)
    assert capfd.readouterr() == ("", "")


def test_the_command(site: Site, tmp_path: Path, sealed: Path) -> None:
    site.offer(1, 2)
    published(site, 1, xsa1_patch=PATCH)
    done = command(site, tmp_path)
    said = [
        "2 advisories listed: 1 new, 0 reissued, 0 unchanged, 1 without a text",
        "1 file fetched, 0.0 MB in all",
        "  new: XSA-1",
        "  without a text: XSA-2",
        "  signatures not checked: xsa.trustedKeys is not set: XSA-1",
    ]
    assert (done.status, done.out.splitlines(), done.err) == (0, said, "")
    site.offer(1, 3)
    site.put("advisory-3.txt", b"nothing")
    done = command(site, tmp_path, site.url.rstrip("/"))
    assert done.status == 1
    assert done.err.startswith(f"warning: {site.url}advisory-3.txt: the text is not an advisory")
    site.offer(1)
    published(site, 1, 2, xsa1_patch=OTHER)
    done = command(site, tmp_path)
    assert (done.status, done.out.splitlines()[2:4]) == (
        0, ["  reissued: XSA-1", "  XSA-1 since v1: 1 patch changed (xsa1.patch)"],
    )  # fmt: skip
    assert (sealed / "data" / "git-xsa").stat().st_mode & 0o777 == 0o700


def test_the_command_without_a_site(site: Site, tmp_path: Path) -> None:
    assert command(site, tmp_path, "ftp://example.org/") == (
        129,
        "",
        "error: 'ftp://example.org/' is not the address of a web server\nhint: the address must begin with https://\n",
    )
    done = command(site, tmp_path)
    assert done.status == 128
    assert done.err.splitlines()[0] == f"fatal: {site.url}xsa.json: not found"


def test_required_signature(site: Site, tmp_path: Path) -> None:
    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    git(tmp_path, "config", "--global", "xsa.requireSignature", "true")
    done = command(site, tmp_path)
    assert (done.status, done.err) == (1, f"warning: {site.url}advisory-1.txt is not signed: not imported\n")


def test_a_byte_now_and_then_does_not_hold_up_a_run(site: Site, library: Library) -> None:
    """Neither in the body nor in the headers; the next run takes what was left."""
    over = threading.Event()

    def drip(request: Request, head: bytes) -> None:
        request.wfile.write(head)
        while not over.is_set():
            try:
                request.wfile.write(b"x")
                request.wfile.flush()
            except OSError:
                break
            time.sleep(0.05)
        request.close_connection = True

    def body(request: Request) -> None:
        drip(request, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")

    def header(request: Request) -> None:
        drip(request, b"HTTP/1.1 200 OK\r\nX-Slow: ")

    site.offer(1, 2, 3)
    for number in (1, 2, 3):
        published(site, number, 1, **{f"xsa{number}_patch": PATCH})
    site.plan("xsa1.patch", body, body)
    site.plan("advisory-2.txt", header)
    site.plan("xsa3.patch", *[header] * 50)
    begin = time.monotonic()
    web = Web(pause=lambda _: None, patience=0.3, longest=0.6, total=4.0)
    summary = fetch(library, site, web)
    assert time.monotonic() - begin < 8.0
    over.set()
    assert (files_of(library, 1), files_of(library, 2), files_of(library, 3)) == (["xsa1.patch"], ["xsa2.patch"], [])
    assert summary.problems == [
        "the run reached its limit of 4 seconds (xsa.fetchTime): 1 of 3 advisories are left for the next run"
    ]
    site.plans.clear()
    assert fetch(library, site).problems == []
    assert files_of(library, 3) == ["xsa3.patch"]


def test_less_than_the_least_speed(site: Site, library: Library) -> None:
    def slow(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        with suppress(OSError):
            for _ in range(40):
                request.wfile.write(b"x" * 10)
                request.wfile.flush()
                time.sleep(0.05)
        request.close_connection = True

    site.offer(1)
    published(site, 1, xsa1_patch=PATCH)
    site.plan("xsa1.patch", *[slow] * 5)
    summary = fetch(library, site, Web(pause=lambda _: None, patience=0.3, longest=30.0, slowest=10_000))
    [problem] = summary.problems
    assert problem.endswith("xsa1.patch: less than 10000 bytes a second arrived (xsa.fetchSpeed)")
