"""No message of ours comes from a library's text: the libraries change theirs, and users must not see it."""

from __future__ import annotations

import ast
import errno
import gzip
import io
import os
import socket
import ssl
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import urllib3
from advisory_texts import remove_keyring
from repositories import run
from unidiff.errors import UnidiffParseError

from git_xsa.advisory import web
from git_xsa.advisory.contents import read_source
from git_xsa.advisory.problems import IntakeError, StoreError, WebError
from git_xsa.advisory.store import Store
from git_xsa.advisory.web import Web
from git_xsa.documents import DocumentError, read_json, read_object, shaped
from git_xsa.errors import XsaError
from git_xsa.git import diffs
from git_xsa.git.problems import DiffError
from git_xsa.release.archive import unpack

PACKAGE = Path(__file__).resolve().parent.parent / "git_xsa"
#: What no message of ours may hold.
THEIRS = "words of the library"


def raising(error: BaseException) -> Callable[..., Any]:
    def replacement(*_: object, **__: object) -> Any:
        raise error

    return replacement


# All handlers

#: Exceptions whose text is ours wherever they are caught with a name: our own, and what our own functions raise.
OURS = {"ValueError", "KeyError"}
#: What may be taken from an exception of somebody else: the operating system's words, numbers, places.
FACTS = {"strerror", "errno", "filename", "lineno", "colno", "pos", "code", "with_traceback"}


def handlers() -> Iterator[tuple[str, ast.ExceptHandler]]:
    """Yield every handler of the package that gives its exception a name, with where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.name is not None:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def own_exceptions() -> set[str]:
    return OURS | {
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.bases
    }


def spoken(handler: ast.ExceptHandler) -> list[str]:
    """Return how the exception's text gets out: ``str(error)``, ``f"{error}"``, ``error.args``, ``error.reason``."""
    found = []
    for node in ast.walk(handler):
        if isinstance(node, ast.FormattedValue) and _is(node.value, handler):
            found.append(f"{{{handler.name}}}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "repr"):
            found += [f"{node.func.id}({handler.name})" for argument in node.args if _is(argument, handler)]
        elif isinstance(node, ast.Attribute) and _is(node.value, handler) and node.attr not in FACTS:
            found.append(f"{handler.name}.{node.attr}")
    return found


def _is(node: ast.expr, handler: ast.ExceptHandler) -> bool:
    return isinstance(node, ast.Name) and node.id == handler.name


def test_no_handler_speaks_with_the_words_of_a_library() -> None:
    ours = own_exceptions()
    wrong = []
    for place, handler in handlers():
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        foreign = [ast.unparse(kind) for kind in kinds if kind is not None and ast.unparse(kind) not in ours]
        # The outermost function reports what it did not expect as a mistake of ours, with all there is.
        if foreign and foreign != ["Exception"]:
            wrong += [f"{place}: {words} of {', '.join(foreign)}" for words in spoken(handler)]
    assert wrong == []


# JSON


class Inner(msgspec.Struct):
    number: int
    names: dict[str, list[str]] = {}


class Outer(msgspec.Struct):
    inner: list[Inner]
    lifted: str | None = None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON: it ends too early"),
        (b'{"a": [1, 2', "it is not JSON: it ends too early"),
        (b'{"a":\n 1,,}', "it is not JSON: line 2, column 4"),
        (b'\xef\xbb\xbf{"a": 1}', "it is not JSON: line 1, column 1"),
        (b'{"a": "\xff"}', "it is not JSON: it is not UTF-8"),
        (b'{"\xed\xa0\x80": 1}', "it is not JSON: it is not UTF-8"),
        (b'{"a": "\\ud800"}', "it is not JSON"),
        (b'{"a": NaN}', "it is not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "it is not JSON: it is nested too deeply"),
    ],
)
def test_what_is_no_json(content: bytes, why: str) -> None:
    with pytest.raises(DocumentError) as error:
        read_json(content)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "it must be an object"),
        ({}, "inner is missing"),
        ({"inner": {}}, "inner must be a list"),
        ({"inner": [{"number": 1}, 2]}, "inner[1] must be an object"),
        ({"inner": [{"number": "1"}]}, "inner[0].number must be a whole number"),
        ({"inner": [{"number": True}]}, "inner[0].number must be a whole number"),
        ({"inner": [{"number": 1, "names": {"x": ["y", 3]}}]}, "inner[0].names.x[1] must be a text"),
        ({"inner": [], "lifted": 4}, "lifted must be a text or null"),
    ],
)
def test_what_has_another_form(value: object, why: str) -> None:
    with pytest.raises(DocumentError) as error:
        shaped(value, Outer)
    assert str(error.value) == why


def test_what_has_the_form_is_returned() -> None:
    told = shaped(read_json(b'{"inner": [{"number": 1, "more": 2}], "lifted": null}'), Outer)
    assert told == Outer([Inner(1)])
    assert read_object(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize(
    "error",
    [
        msgspec.DecodeError(THEIRS),
        msgspec.ValidationError(THEIRS),
        msgspec.MsgspecError(THEIRS),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, THEIRS),
        ValueError(THEIRS),
        RecursionError(THEIRS),
    ],
)
def test_whatever_the_library_raises(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgspec.json, "decode", raising(error))
    monkeypatch.setattr(msgspec, "convert", raising(error))
    for call in (lambda: read_json(b"{}"), lambda: shaped({"inner": []}, Outer)):
        with pytest.raises(DocumentError) as caught:
            call()
        assert THEIRS not in str(caught.value)
    (tmp_path / "xsa9.meta").write_bytes(b"{}")
    done = run(tmp_path, "import", str(tmp_path / "xsa9.meta"))
    assert done.status == 1
    assert "xsa9.meta was left out: it is not JSON" in done.err
    assert THEIRS not in done.err


# Diffs


def test_a_diff_that_unidiff_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffs, "PatchSet", raising(UnidiffParseError(THEIRS)))
    with pytest.raises(DiffError) as error:
        diffs.parse_hunks(b"@@ -1 +1,2 @@\n a\n+b\n@@ -9 +10,2 @@\n a\n")
    assert error.value.what == "not a diff: hunk 2 has fewer lines than its header says"


# Archives


@pytest.mark.parametrize("error", [tarfile.TarError(THEIRS), OSError(THEIRS), EOFError(THEIRS), ValueError(THEIRS)])
def test_an_archive_that_is_damaged(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    path = tmp_path / "x.tar.gz"
    path.write_bytes(content.getvalue())
    monkeypatch.setattr(tarfile.TarFile, "__iter__", raising(error))
    with pytest.raises(IntakeError) as caught:
        read_source(path)
    assert caught.value.what.startswith("x.tar.gz is damaged: it ")
    assert THEIRS not in caught.value.what
    if not isinstance(error, ValueError):
        with pytest.raises(XsaError, match=r"^the tarball is damaged: ") as told:
            unpack(gzip.decompress(content.getvalue()), "x")
        assert THEIRS not in told.value.what


# The web

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
UNKNOWN_HOST = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
OTHER_ADDRESS = "this address, or that of the proxy, is not valid"


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, THEIRS)
    error.verify_code, error.verify_message = code, THEIRS
    return error


def caused(error: Exception, cause: BaseException) -> Exception:
    """Return ``error`` as the libraries wrap it: the cause is its argument, and further down the reason of that."""
    wrapped = urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.HTTPError(THEIRS, cause))  # type: ignore[arg-type]
    wrapped.reason.__cause__ = cause  # type: ignore[union-attr]
    error.args = (wrapped,)
    return error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (requests.exceptions.ConnectTimeout(THEIRS), "no response within 30 seconds"),
        (requests.exceptions.ReadTimeout(THEIRS), "no response within 30 seconds"),
        (requests.exceptions.ConnectionError(THEIRS), "the server can't be reached, or closed the connection"),
        (
            caused(requests.exceptions.ConnectionError(), REFUSED),
            "the server can't be reached, or closed the connection: Connection refused",
        ),
        (
            caused(requests.exceptions.ConnectionError(), UNKNOWN_HOST),
            "the server can't be reached, or closed the connection: Name or service not known",
        ),
        (caused(requests.exceptions.ProxyError(), REFUSED), "the proxy can't be used: Connection refused"),
        (requests.exceptions.ChunkedEncodingError(THEIRS), "the transfer was interrupted"),
        (urllib3.exceptions.ProtocolError(THEIRS), "the transfer was interrupted"),
        (urllib3.exceptions.ReadTimeoutError(None, "/", THEIRS), "the transfer was interrupted"),  # type: ignore[arg-type]
        (requests.exceptions.SSLError(THEIRS), "a secure connection (TLS) to the server is not possible"),
        (
            caused(requests.exceptions.SSLError(), certificate_error(10)),
            "the server's certificate was rejected: it has expired",
        ),
        (
            caused(requests.exceptions.SSLError(), certificate_error(99)),
            "the server's certificate was rejected: OpenSSL gives the code 99",
        ),
        (requests.exceptions.InvalidURL(THEIRS), OTHER_ADDRESS),
        (requests.exceptions.InvalidSchema(THEIRS), OTHER_ADDRESS),
        (requests.exceptions.InvalidProxyURL(THEIRS), OTHER_ADDRESS),
        (ValueError(THEIRS), OTHER_ADDRESS),
    ],
)
def test_a_connection_that_fails(error: Exception, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "get", raising(error))
    with closing(Web(pause=lambda _: None)) as site, pytest.raises(WebError) as caught:
        site.get("https://xen.example.org/x", 100)
    assert caught.value.what == f"https://xen.example.org/x: {why}"


def test_the_systems_own_words_when_nobody_listens() -> None:
    """The libraries as they are: they must still hold the cause where it is looked for."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with closing(Web(pauses=())) as site, pytest.raises(WebError) as caught:
            site.get(address, 100)
    assert caught.value.what == f"{address}: the server can't be reached, or closed the connection: Connection refused"
    assert web._system(OSError(THEIRS)) == ""


# The store


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock  # noqa: PLC0415 - as the store does

    monkeypatch.setattr(filelock.FileLock, "acquire", raising(NotImplementedError(THEIRS)))
    with pytest.raises(StoreError) as error, Store(tmp_path / "store").lock():
        pass
    assert error.value.what == f"the store {tmp_path / 'store'} is on a file system without locks"


# The tests' own keyrings


def test_a_socket_that_vanishes_while_a_keyring_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "keyring"
    home.mkdir(mode=0o700)
    (home / "S.gpg-agent").touch()
    remove = os.unlink

    def vanishing(path: Any, *arguments: Any, **options: Any) -> None:
        remove(path, *arguments, **options)
        remove(path, *arguments, **options)  # as if the agent had been faster: FileNotFoundError

    monkeypatch.setattr(os, "unlink", vanishing)
    remove_keyring(home)
    assert not home.exists()
