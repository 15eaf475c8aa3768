"""The settings of releases: when one is due, what its commits change and say, and where its files go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.git.config import boolean, command, path, setting, text, word
from git_xsa.release import problems
from git_xsa.release.due import Interval, parse_interval
from git_xsa.release.edits import Edit, check_words, parse_edit


def _interval(values: Sequence[str | None]) -> Interval | None:
    """Return the last value: a time between releases, in days, weeks, months or years; ``None`` for ``never``."""
    try:
        return parse_interval(values[-1] or "")
    except ValueError as error:
        raise problems.bad_interval(error) from None


def _edits(values: Sequence[str | None]) -> tuple[Edit, ...]:
    """Return all values, each an edit of a version commit; an empty one drops those before it."""
    found: list[Edit] = []
    for value in values:
        if not value:
            found.clear()
            continue
        try:
            found.append(parse_edit(value))
        except ValueError as error:
            raise problems.bad_edit(error, value) from None
    return tuple(found)


def _template(values: Sequence[str | None]) -> str:
    """Return the last value, one line of text in which words in braces stand for parts of a release."""
    value = values[-1] or ""
    if not value.strip() or not value.isprintable():
        raise problems.not_one_line()
    try:
        check_words(value)
    except ValueError as error:
        raise problems.bad_template(error) from None
    return value


def _banner(values: Sequence[str | None]) -> str:
    """Return the last value, a template, or nothing."""
    return _template(values) if values[-1] else ""


def _file_name(values: Sequence[str | None]) -> str:
    """Return the last value, a template for the name of a file."""
    value = values[-1] or ""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+{}-]*", value) or "{version}" not in value:
        raise problems.not_a_file_name()
    try:
        check_words(value)
    except ValueError as error:
        raise problems.bad_file_name(error) from None
    return value


def _when_pre(values: Sequence[str | None]) -> str:
    """Return the last value: when the next release is begun."""
    value = (values[-1] or "").lower()
    if value not in ("always", "never", "supported"):
        raise problems.not_a_time_for_pre()
    return value


@dataclass(frozen=True)
class ReleaseSettings:
    """What a release goes by; see git-xsa-config(5).  ``{words}`` in a text stand for parts of the release."""

    #: How long a branch may go without a release; ``None``: as long as nothing else asks for one.
    interval: Interval | None = setting("releaseInterval", _interval, Interval(months=4))
    #: The key that signs releases, as git's ``user.signingKey``, which is asked where this is empty.
    signing_key: str = setting("signingKey", text, "")
    #: The edits of the version commit and of the one after the release; ``None`` are Xen's (``release.edits``).
    edits: tuple[Edit, ...] | None = setting("release.edit", _edits, None)
    pre_edits: tuple[Edit, ...] | None = setting("release.preEdit", _edits, None)
    #: Whether a release is followed by the commit that begins the next one.
    pre: str = setting("release.pre", _when_pre, "supported")
    #: Whether a release gets a heading in the changelog.
    changelog: bool = setting("release.changelog", boolean, False)
    #: What the banner in README says, drawn by figlet; empty: it is left alone.
    banner: str = setting("release.banner", _banner, "Xen {branch}")
    message: str = setting("release.message", _template, "update Xen version to {version}")
    tag_message: str = setting("release.tagMessage", _template, "Xen {version}")
    #: What the tarball and the folder in it are called.
    name: str = setting("release.name", _file_name, "xen-{version}")
    #: The project's own command that makes the tarballs; empty: ``git archive``.
    tarball: str = setting("release.tarball", command, "")
    #: Where tarballs go; ``None`` is the store.
    folder: Path | None = setting("release.folder", path, None)
    #: Where releases are pushed to; empty: the remote that the branch is from.
    remote: str = setting("release.remote", word, "")
    #: Whether the tag of a release that a person makes is followed by its tarball.
    on_tag: bool = setting("release.onTag", boolean, False)
