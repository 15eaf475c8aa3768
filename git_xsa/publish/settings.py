"""The settings of documents for programs (git-xsa-config(5))."""

from __future__ import annotations

from dataclasses import dataclass

from git_xsa.git.config import address, setting, text, words
from git_xsa.publish.ranges.cve import XEN

#: Where xen.git is published.
_XEN_GIT = "https://xenbits.xen.org/git-http/xen.git"


@dataclass(frozen=True)
class PublishSettings:
    """Who publishes documents for programs, and what products and commits are called in them."""

    #: Who says it; empty: the identity that git would commit with.
    author: str = setting("vex.author", text, "")
    #: An address that stands for them; empty: none is known.
    namespace: str = setting("vex.namespace", address, "")
    #: The package URLs of what is shipped.
    products: tuple[str, ...] = setting("vex.product", words, ())
    #: Its CPE 2.3 names.
    cpes: tuple[str, ...] = setting("vex.cpe", words, ())
    #: The address of the repository that the commits of ranges are in.
    repository: str = setting("records.repository", text, _XEN_GIT)
    #: The id of the organisation that assigns CVE numbers.
    organisation: str = setting("records.organisation", text, XEN)
