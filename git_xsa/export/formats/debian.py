"""``debian/patches`` with DEP-3 headers, and the stanza that ``debian/changelog`` gets.

The header of a commit's patch is that of a mail, which DEP-3 admits, with its own fields at the end; before a
published patch they stand as a paragraph of their own, and the published bytes follow untouched.  ``dch --release``
puts name and date under the stanza.

Format of the headers: https://dep-team.pages.debian.net/deps/dep3/
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

from git_xsa.export.formats.series import series
from git_xsa.export.mail import day_of, mail_header
from git_xsa.export.prepared import Item, Patch, Queue, Style
from git_xsa.export.readme import one_line
from git_xsa.export.remarks import no_title
from git_xsa.git.config import ADVISORY
from git_xsa.model.words import advisory_names

FOLDER = "debian/patches/"
STANZA = "debian/changelog.xsa"


def files(queue: Queue, style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches, their series and the changelog stanza."""
    made = {FOLDER + "series": series(found), STANZA: stanza(queue, style).encode()}
    for item in found:
        made[FOLDER + item.name] = with_fields(item.patch)
        if item.published_name is not None and item.patch.published is not None:
            made[FOLDER + item.published_name] = item.patch.published
    return made


def with_fields(patch: Patch) -> bytes:
    """Return ``patch`` with the fields of DEP-3."""
    fields = "".join(f"{line}\n" for line in _fields(patch)).encode()
    if patch.content == patch.mail:
        header, _, rest = patch.mail.partition(b"\n\n")
        return header.partition(b"\n")[2] + b"\n" + fields + b"\n" + rest
    return f"Description: {one_line(patch.subject)}\n".encode() + fields + b"\n" + patch.content


def _fields(patch: Patch) -> list[str]:
    if patch.commit is not None:
        lines = [f"Origin: {'backport' if patch.published else 'upstream'}, commit:{patch.commit}"]
    else:
        where = ADVISORY.format(patch.xsa[0]) if patch.xsa else patch.id
        lines = [f"Origin: {'backport' if patch.published else 'vendor'}, {where}"]
    if patch.upstream:
        lines.append(f"Applied-Upstream: commit:{patch.upstream}")
    lines += [f"Bug: {ADVISORY.format(number)}" for number in patch.xsa]
    return [*lines, "Forwarded: not-needed", f"Last-Update: {day_of(patch.mail)}"]


def stanza(queue: Queue, style: Style) -> str:
    """Return the changelog's stanza: titles and numbers of the advisories, and why others are not listed.

    It is nobody's, of the day of the newest patch: ``dch --release`` puts name and date under it.
    """
    dates = [parsedate_to_datetime(str(mail_header(patch.mail)["Date"])) for patch in queue.patches]
    newest = max((date.astimezone(timezone.utc) for date in dates), default=datetime.fromtimestamp(0, timezone.utc))
    trailer = f" -- Unreleased <unreleased@localhost>  {format_datetime(newest)}"
    return "\n".join([*stanza_head(queue, style), "", trailer, ""])


def stanza_head(queue: Queue, style: Style) -> list[str]:
    """Return the lines of the stanza but for the last, which says who made it and when."""
    upstream = style.upstream_version or queue.version or "0"
    version = style.package_version or f"{upstream}-0xsa{max(queue.xsa, default=0)}"
    lines = [f"xen ({version}) UNRELEASED; urgency=high", "", f"  * Security fixes on top of {queue.base}:"]
    for number in queue.xsa:
        lines += _wrapped(queue.titles.get(number, no_title()), "    - ", "      ")
        lines += _wrapped(" ".join([f"XSA-{number}", *queue.cves(number)]), "      ", "      ")
    reasons: dict[str, list[int]] = {}
    unlisted = {**queue.unlisted, **queue.left_out}  # what was asked for is not guessed at
    for number, why in sorted(unlisted.items()):
        reasons.setdefault(why, []).append(number)
    if reasons:
        lines.append("    Note that the following XSA are not listed, because")
        for reason, numbers in reasons.items():
            lines += _wrapped(f"{reason}: {advisory_names(numbers)}", "    - ", "      ")
    return lines


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    import textwrap  # noqa: PLC0415 - for this format alone

    plain = re.sub(r"\s+", " ", one_line(text))
    return textwrap.wrap(plain, 78, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
