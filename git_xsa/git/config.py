"""git-xsa's own settings, from git's configuration (section ``xsa``; see git-xsa-config(5)).

Only the user's and the repository's configuration count.  No file inside a tree is ever read for settings: what a
branch holds must not decide what is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from git_xsa.errors import XsaError
from git_xsa.git.run import Git
from git_xsa.model.follow_ups import FOLLOW_UPS

if TYPE_CHECKING:
    from git_xsa.embargo.rule import Rules
    from git_xsa.release.due import Interval
    from git_xsa.release.edits import Edit


@dataclass(frozen=True)
class Settings:
    """The settings with their defaults; ``*`` in a pattern stands for the version."""

    release_tag: str = "RELEASE-*"
    stable_branch: str = "stable-*"
    tree: str = "xen"
    url: str = "https://xenbits.xen.org/xsa/"
    #: The folder of the store; ``None`` is the place in the user's data folder.
    store: Path | None = None
    #: Fingerprints, in capitals without blanks, of the keys whose signature on an advisory counts.
    trusted_keys: tuple[str, ...] = field(default=())
    require_signature: bool = False
    #: Forms of names besides the built-in ones (``git_xsa.names.forms``).
    symbol_forms: tuple[str, ...] = ()
    #: Names of git's own remotes.
    remotes: tuple[str, ...] = ()
    #: What git fetches: pairs of a remote's name and a refspec.
    refspecs: tuple[tuple[str, str], ...] = ()
    #: Branches that no release is made of, those that count first first: where the others come from.
    development_branches: tuple[str, ...] = ("master", "staging")
    #: What happens to later commits that fix one of a queue: ``list``, ``add`` or ``ignore``.
    follow_ups: str = "list"
    #: The command that builds; empty: none is asked for.
    build: str = ""
    staging_branch: str = "staging-*"
    #: What a freeze concerns: patterns of branches, or of whole names that begin with refs/.
    frozen_refs: tuple[str, ...] = ("stable-*", "staging-*")
    #: Whether stable branches may take during a freeze what was in staging when it began.
    gate_during_freeze: bool = True
    fixes_first: bool = False
    #: How long a branch may go without a release, as people write it.
    release_interval: str = "4 months"
    #: Remotes, by name or address, that embargoed patches may go to.
    private_remotes: tuple[str, ...] = ()
    #: The key that signs releases, as git's ``user.signingKey``, which is asked where this is empty.
    signing_key: str = ""
    #: The edits of the version commit and of the one after the release; ``None`` are Xen's (``git_xsa.release.edits``).
    release_edits: tuple[Edit, ...] | None = None
    release_pre_edits: tuple[Edit, ...] | None = None
    #: Whether a release is followed by the commit that begins the next one.
    release_pre: str = "supported"
    #: Whether a release gets a heading in the changelog.
    release_changelog: bool = False
    #: What the banner in README says, drawn by figlet; empty: it is left alone.
    release_banner: str = "Xen {branch}"
    release_message: str = "update Xen version to {version}"
    release_tag_message: str = "Xen {version}"
    #: What the tarball and the folder in it are called.
    release_name: str = "xen-{version}"
    #: The project's own command that makes the tarballs; empty: ``git archive``.
    release_tarball: str = ""
    #: Where tarballs go; ``None`` is the store.
    release_folder: Path | None = None
    #: Where releases are pushed to; empty: the remote that the branch is from.
    release_remote: str = ""
    #: Whether the tag of a release that a person makes is followed by its tarball.
    release_on_tag: bool = False

    #: The freeze file of a server; ``None``: there may be one in the repository's folder, but there need not.
    freeze_file: Path | None = None
    #: Who may override a freeze on a server.
    override_users: tuple[str, ...] = ()
    #: The variable of the environment that says who pushes; empty: the web server or the account does.
    user_variable: str = ""

    #: What git xsa-hooks install has written down of the store: where it is, and whether there was one.
    hooks_store: Path | None = None
    hooks_seen: bool = False
    #: The keys of the section ``xsa`` that were given for this one command, on its line or in the environment.
    of_one_command: tuple[str, ...] = ()
    #: Seconds that a run of git xsa-fetch may take, and bytes a second that have to come meanwhile.
    fetch_time: int = 3_600
    fetch_speed: int = 100

    @property
    def interval(self) -> Interval | None:
        """How long a branch may go without a release; ``None``: as long as nothing else asks for one."""
        from git_xsa.release.due import parse_interval  # noqa: PLC0415 - only for who asks what is due

        return parse_interval(self.release_interval)

    @property
    def freeze_rules(self) -> Rules:
        """What the freeze rule is to go by."""
        from git_xsa.embargo.rule import Rules  # noqa: PLC0415 - only for who asks about a freeze

        return Rules(
            self.frozen_refs,
            self.stable_branch,
            self.staging_branch,
            self.release_tag,
            self.gate_during_freeze,
            self.fixes_first,
        )


#: Scopes of a setting, as git calls them: those of one repository, and that of a command line and the environment.
OWN_SCOPES = ("local", "worktree")
COMMAND = "command"


class _Meaningless(Exception):
    """A value without a meaning: the text says what it must be, ``example`` is one that has a meaning."""

    def __init__(self, must: str, example: str) -> None:
        super().__init__(must)
        self.example = example


#: What a kind of key makes of its values, in the order in which git lists them; ``None`` stands for a key without
#: "=" and a value.
Kind = Callable[[Sequence[str | None]], Any]


def pattern(values: Sequence[str | None]) -> str:
    """Return the last value, a name with one ``*`` in the place of the version."""
    value = values[-1] or ""
    if value.count("*") != 1:
        raise _Meaningless("it must hold one *, which stands for the version", "'name-*'")
    return value


def word(values: Sequence[str | None]) -> str:
    """Return the last value, a name without blanks."""
    value = values[-1] or ""
    if not re.fullmatch(r"[!-~]+", value):
        raise _Meaningless("it must be a name without blanks", "xen")
    return value


def address(values: Sequence[str | None]) -> str:
    """Return the last value, the address of a folder on a web server, with a slash at its end."""
    value = values[-1] or ""
    if not re.fullmatch(r"https?://[!-~]+", value):
        raise _Meaningless("it must begin with https:// or http://", Settings.url)
    return value.rstrip("/") + "/"


def path(values: Sequence[str | None]) -> Path:
    """Return the last value, the path of a file or folder from the root; ``~/`` stands for the home folder."""
    try:
        value = Path(values[-1] or "").expanduser()
    except RuntimeError:  # no such user
        value = Path()
    if not value.is_absolute() or "\0" in str(value):
        raise _Meaningless("it must be a path from the root, or begin with ~/", "~/xsa-store")
    return value


def boolean(values: Sequence[str | None]) -> bool:
    """Return the last value, true or false in one of the ways in which git writes that."""
    value = values[-1]
    if value is None or value.lower() in ("true", "yes", "on", "1"):
        return True
    if value.lower() in ("false", "no", "off", "0", ""):
        return False
    raise _Meaningless("it must be true or false", "true")


def command(values: Sequence[str | None]) -> str:
    """Return the last value, a command for the shell; empty: none."""
    value = values[-1]
    if value is None:
        raise _Meaningless("it must be a command", "'make -C xen'")
    return value


def words(values: Sequence[str | None]) -> tuple[str, ...]:
    """Return all values, each of which may be several with commas or blanks between them; an empty one drops those
    before it."""
    found: list[str] = []
    for value in values:
        if not value:
            found.clear()
        found += re.split(r"[\s,]+", value.strip(", \t\n")) if value and value.strip(", \t\n") else []
    return tuple(dict.fromkeys(found))


def fingerprints(values: Sequence[str | None]) -> tuple[str, ...]:
    """Return the fingerprints of keys in all values, in capitals; short ids are refused, since they can be forged."""
    joined = [re.sub(r"(?<=[0-9A-Fa-f]{4}) {1,2}(?=[0-9A-Fa-f]{4}\b)", "", value or "") for value in values]
    found = tuple(name.removeprefix("0x").upper() for name in words(joined))
    if not all(re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", name) for name in found):
        example = "23E3222C145F4475FA8060A783FE14C957E82BD9"
        raise _Meaningless("it must be the whole fingerprint of a key (gpg --fingerprint prints it)", example)
    return found


def forms(values: Sequence[str | None]) -> tuple[str, ...]:
    """Return all values, each a row of the table of forms; an empty one drops those before it."""
    from git_xsa.names.forms import parse_row  # noqa: PLC0415 - only for who sets one

    found: list[str] = []
    for value in values:
        if not value:
            found.clear()
            continue
        try:
            parse_row(value)
        except ValueError:
            raise _Meaningless(
                "it must be what is written and the name that comes of it", "'MACRO(*) => NAME_*'"
            ) from None
        found.append(value)
    return tuple(found)


def interval(values: Sequence[str | None]) -> str:
    """Return the last value: a time between releases, in days, weeks, months or years, or ``never``."""
    from git_xsa.release.due import parse_interval  # noqa: PLC0415 - only for who sets one

    value = values[-1] or ""
    try:
        parse_interval(value)
    except ValueError as error:
        raise _Meaningless(str(error), "'4 months'") from None
    return value


def edits(values: Sequence[str | None]) -> tuple[Edit, ...]:
    """Return all values, each an edit of a version commit; an empty one drops those before it."""
    from git_xsa.release.edits import parse_edit  # noqa: PLC0415 - only for who sets one

    found: list[Edit] = []
    for value in values:
        if not value:
            found.clear()
            continue
        try:
            found.append(parse_edit(value))
        except ValueError as error:
            raise _Meaningless(str(error), "'VERSION: {branch}.{previous} => {version}'") from None
    return tuple(found)


def template(values: Sequence[str | None]) -> str:
    """Return the last value, one line of text in which words in braces stand for parts of a release."""
    from git_xsa.release.edits import check_words  # noqa: PLC0415 - only for who sets one

    value = values[-1] or ""
    if not value.strip() or not value.isprintable():
        raise _Meaningless("it must be one line of text", "'version {version}'")
    try:
        check_words(value)
    except ValueError as error:
        raise _Meaningless(str(error), "'version {version}'") from None
    return value


def banner(values: Sequence[str | None]) -> str:
    """Return the last value, a template, or nothing."""
    return template(values) if values[-1] else ""


def file_name(values: Sequence[str | None]) -> str:
    """Return the last value, a template for the name of a file."""
    value = template(values)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+{}-]*", value) or "{version}" not in value:
        raise _Meaningless("it must be a name with {version} in it, without a slash or a blank", "'xen-{version}'")
    return value


def when_pre(values: Sequence[str | None]) -> str:
    """Return the last value: when the next release is begun."""
    value = (values[-1] or "").lower()
    if value not in ("always", "never", "supported"):
        raise _Meaningless("it must be always, never or supported", "never")
    return value


def follow_ups(values: Sequence[str | None]) -> str:
    """Return the last value: what happens to later fixes of a queue."""
    value = (values[-1] or "").lower()
    if value not in FOLLOW_UPS:
        raise _Meaningless("it must be list, add or ignore", "list")
    return value


def count(values: Sequence[str | None]) -> int:
    """Return the last value, a whole number from 1."""
    value = values[-1] or ""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise _Meaningless("it must be a whole number from 1", "3600")
    return int(value)


def text(values: Sequence[str | None]) -> str:
    """Return the last value, whatever it is."""
    return values[-1] or ""


class _Key(NamedTuple):
    """A key of the section ``xsa``: the field of ``Settings``, its name as manuals write it, and its kind."""

    setting: str
    written: str
    kind: Kind


_KEYS = {
    f"xsa.{key.written}".lower(): key
    for key in (
        _Key("release_tag", "releaseTag", pattern),
        _Key("stable_branch", "stableBranch", pattern),
        _Key("development_branches", "developmentBranch", words),
        _Key("tree", "tree", word),
        _Key("url", "url", address),
        _Key("fetch_time", "fetchTime", count),
        _Key("fetch_speed", "fetchSpeed", count),
        _Key("store", "store", path),
        _Key("trusted_keys", "trustedKeys", fingerprints),
        _Key("require_signature", "requireSignature", boolean),
        _Key("symbol_forms", "symbolForm", forms),
        _Key("build", "build", command),
        _Key("follow_ups", "followUps", follow_ups),
        _Key("staging_branch", "stagingBranch", pattern),
        _Key("frozen_refs", "frozenRefs", words),
        _Key("gate_during_freeze", "gateDuringFreeze", boolean),
        _Key("fixes_first", "fixesFirst", boolean),
        _Key("freeze_file", "freezeFile", path),
        _Key("override_users", "overrideUsers", words),
        _Key("user_variable", "userVariable", word),
        _Key("hooks_store", "hooks.store", path),
        _Key("hooks_seen", "hooks.seen", boolean),
        _Key("release_interval", "releaseInterval", interval),
        _Key("private_remotes", "privateRemote", words),
        _Key("signing_key", "signingKey", text),
        _Key("release_edits", "release.edit", edits),
        _Key("release_pre_edits", "release.preEdit", edits),
        _Key("release_pre", "release.pre", when_pre),
        _Key("release_changelog", "release.changelog", boolean),
        _Key("release_banner", "release.banner", banner),
        _Key("release_message", "release.message", template),
        _Key("release_tag_message", "release.tagMessage", template),
        _Key("release_name", "release.name", file_name),
        _Key("release_tarball", "release.tarball", command),
        _Key("release_folder", "release.folder", path),
        _Key("release_remote", "release.remote", word),
        _Key("release_on_tag", "release.onTag", boolean),
    )
}


#: What these keys begin with is written by git-xsa itself, into the repository's own configuration.
_WRITTEN_DOWN = "xsa.hooks."


def read_settings(git: Git) -> Settings:
    """Return the settings that hold where ``git`` runs, in a repository or not.

    Raises ``XsaError`` when one has no meaning.
    """
    keys = r"^(xsa\.|color\.ui$|remote\..*\.(url|fetch)$)"
    listing = git.start("config", "--null", "--show-scope", "--get-regexp", keys, accept=(0, 1)).finish().out
    git.colour_is_set = b"color.ui" in listing
    found: dict[str, list[str | None]] = {}
    once = []
    words = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    for scope, item in zip(words[::2], words[1::2], strict=True):
        key, newline, value = item.partition("\n")
        if key.startswith(_WRITTEN_DOWN) and scope not in OWN_SCOPES:
            continue
        if scope == COMMAND and key in _KEYS:
            once.append(f"xsa.{_KEYS[key].written}")
        found.setdefault(key, []).append(value if newline else None)
    remotes = dict.fromkeys(key.split(".", 1)[1].rpartition(".")[0] for key in found if key.startswith("remote."))
    given = {_KEYS[key].setting: _value(_KEYS[key], values) for key, values in found.items() if key in _KEYS}
    refspecs = tuple(
        (key.removeprefix("remote.").removesuffix(".fetch"), value or "")
        for key, values in found.items()
        if key.startswith("remote.") and key.endswith(".fetch")
        for value in values
    )
    return Settings(**given, remotes=tuple(remotes), refspecs=refspecs, of_one_command=tuple(dict.fromkeys(once)))


def written_as(setting: str) -> str:
    """Return the key of the field ``setting`` as manuals write it."""
    return next(f"xsa.{key.written}" for key in _KEYS.values() if key.setting == setting)


def _value(key: _Key, values: list[str | None]) -> Any:
    try:
        return key.kind(values)
    except _Meaningless as error:
        shown = ", ".join(repr(value or "") for value in values)
        what = f"the setting xsa.{key.written} is {shown}: {error}"
        raise XsaError(what, f"git config xsa.{key.written} {error.example}") from None
