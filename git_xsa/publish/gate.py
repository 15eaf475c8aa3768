"""The last look at a report before it leaves: no file of it may name or quote what is under embargo.

Nothing of that is asked about in the first place.  This does not rely on it: it reads the files themselves, in
whatever form they are, and looks for the number, the CVE numbers, the titles and the names of the patches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape

from git_xsa.ask.own_store import own_store
from git_xsa.ask.session import Session
from git_xsa.embargo.leak import SecretForm
from git_xsa.embargo.secrets import read_secrets
from git_xsa.publish import problems

#: Titles with fewer words are no sign of anything.
TITLE_WORDS = 3
_WORD = re.compile(r"[a-z0-9_]+")
_ESCAPED = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")


def must_be_public(session: Session, files: Mapping[str, bytes]) -> None:
    """Raise ``XsaError`` if one of ``files`` has something of an advisory that is treated as being under embargo."""
    found = session.once(own_store)
    numbers = found.secrecy.embargoed() if found is not None else []
    if found is None or not numbers:
        return
    secrets = read_secrets(found.library, numbers, session.repository, ())
    for name, content in files.items():
        for number in _told(secrets, f"{name}\n{content.decode('utf-8', 'replace')}"):
            raise problems.would_tell(number)


def _told(secrets: Iterable[SecretForm], text: str) -> Iterator[int]:
    """Yield the advisories that ``text`` tells something of."""
    plain = unescape(text).lower()
    words = f" {' '.join(_WORD.findall(_ESCAPED.sub(' ', plain)))} "
    for secret in secrets:
        number = re.compile(rf"(?:xsa|advisory)[-_ #]{{0,2}}0*{secret.xsa}(?!\d)")
        titles = (_WORD.findall(title.lower()) for title in secret.titles)
        told = any(f" {' '.join(title)} " in words for title in titles if len(title) >= TITLE_WORDS)
        if told or number.search(plain) or any(cve.lower() in plain for cve in secret.cves):
            yield secret.xsa
