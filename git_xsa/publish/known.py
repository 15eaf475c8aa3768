"""What is known of an advisory besides its fixes, and which advisories may be made known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from git_xsa.ask.by_number import stored_advisories
from git_xsa.ask.own_store import secret
from git_xsa.ask.session import Session
from git_xsa.model.marks import marked_advisories, marked_cves
from git_xsa.publish import problems


class AdvisoryNames(NamedTuple):
    """The CVE numbers of an advisory, and its title: its own, or else those that a commit gives that fixes it."""

    cves: tuple[str, ...] = ()
    title: str = ""


def known_of(session: Session, number: int, messages: Sequence[str]) -> AdvisoryNames:
    """Return what the store, or else the ``messages`` of the advisory's fixes, say of it, in plain text."""
    kept = stored_advisories(session)
    edition = kept.library.newest(number) if kept is not None and number in kept.numbers else None
    advisory = edition.advisory if edition is not None else None
    own = AdvisoryNames(advisory.cves, advisory.title) if advisory is not None else AdvisoryNames()
    cves, title = names_of(own, messages)
    return AdvisoryNames(cves, plain(title))


def names_of(own: AdvisoryNames, messages: Sequence[str]) -> AdvisoryNames:
    """Return the ``own`` names of an advisory, and those from the ``messages`` of its fixes where its text has none.

    If a commit fixes several advisories, nothing says which of its CVE numbers is whose, so none counts.
    """
    single = (marked_cves(message) for message in messages if len(marked_advisories(message)) == 1)
    cves = own.cves or tuple(dict.fromkeys(cve for found in single for cve in found))
    return AdvisoryNames(cves, own.title or (messages[0].partition("\n")[0] if messages else ""))


def plain(text: str) -> str:
    """Return ``text`` as every reader of JSON takes it: in one line, without what is not Unicode."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def public_numbers(
    session: Session, asked: Collection[int], sharing: Mapping[int, Collection[int]], embargoed: bool
) -> set[int]:
    """Return those of the advisories ``asked`` (none: all of ``sharing``) that may be in a document.

    ``sharing`` maps each advisory that there are fixes of to the others that its commits fix, too.  Without
    ``embargoed``, those that are treated as being under embargo are left out, and with them what shares a commit with
    one: ``XsaError`` if that was asked for.
    """
    wanted = set(asked) or set(sharing)
    if embargoed:
        return wanted
    hidden = set(secret(session, wanted.union(*sharing.values())))
    hidden |= {number for number in wanted if hidden.intersection(sharing.get(number, ()))}
    if asked and (found := sorted(wanted & hidden)):
        raise problems.under_embargo(tuple(found))
    return wanted - hidden
