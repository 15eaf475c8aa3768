"""What a VEX document is made of, whatever its format."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

from git_xsa import __version__
from git_xsa.documents import dumps
from git_xsa.model.instant import rfc3339
from git_xsa.publish.vex.product import Product
from git_xsa.publish.vex.statements import Vulnerability

TOOL, TOOL_VERSION = "git-xsa", __version__
#: The space in which names of documents are made (RFC 9562, of URLs).
_SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_NO_NAMESPACE = "https://openvex.dev/docs/public"


class Publisher(NamedTuple):
    """Who makes a document: a name, and an address that stands for them (``namespace``), which may be empty."""

    author: str
    namespace: str


class Vex(NamedTuple):
    """What is said of ``products`` by ``publisher`` at the instant ``made``; ``private``: not for everybody."""

    products: tuple[Product, ...]
    findings: tuple[Vulnerability, ...]
    publisher: Publisher
    made: int
    private: bool = False

    @property
    def timestamp(self) -> str:
        """The instant at which it is said."""
        return rfc3339(self.made)

    @property
    def uuid(self) -> UUID:
        """A name that is the same for the same document."""
        return uuid5(_SPACE, dumps([self.products, self.findings, self.publisher, self.made]))

    @property
    def address(self) -> str:
        """An address that names the document."""
        return f"{(self.publisher.namespace or _NO_NAMESPACE).rstrip('/')}/vex-{self.uuid}"
