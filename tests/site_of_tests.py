"""A web server that stands in for the public site: it answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What a path is answered with: by default the file with an ETag; a function does it itself.
Handler = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; the site's files are in ``server.site``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        with site.lock:
            site.asked.append((self.path, dict(self.headers)))
            waiting = site.plans.get(self.path, [])
            plan = waiting.pop(0) if waiting else None
        if plan is not None:
            plan(self)
        else:
            self.file(site.files.get(self.path))

    def file(self, content: bytes | None) -> None:
        """Answer with ``content``, or that it has not changed, or (``None``) that there is no such file."""
        if content is None:
            self.answer(404, b"not found")
            return
        tag = f'"{hash(content) & 0xFFFFFFFF:x}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
        else:
            self.answer(200, content, ETag=tag)

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class QuietServer(ThreadingHTTPServer):
    """A server that does not mind a client that hangs up, which is the client's right and no fault of a test's."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless it is only that the connection ended: a test compares what is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Site:
    """``files`` by path; ``plans``: what to do with the next requests for a path; ``asked``: paths and headers."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    plans: dict[str, list[Handler]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, content: bytes) -> None:
        self.files[f"/xsa/{name}"] = content

    def plan(self, name: str, *handlers: Handler) -> None:
        self.plans.setdefault(f"/xsa/{name}", []).extend(handlers)

    def offer(self, *numbers: int, **more: Any) -> None:
        entries = [{"xsa": str(number), "title": f"title {number}", **more} for number in numbers]
        self.put("xsa.json", json.dumps([{"xsas": entries}]).encode())

    def paths(self) -> list[str]:
        return [path.removeprefix("/xsa/") for path, _ in self.asked]


@contextmanager
def running() -> Iterator[Site]:
    """Run a site at a free port of this machine."""
    site = Site()
    server = QuietServer(("127.0.0.1", 0), Request)
    server.site = site  # type: ignore[attr-defined]
    site.url = f"http://127.0.0.1:{server.server_address[1]}/xsa/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
