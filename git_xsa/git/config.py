"""git-xsa's own settings, from git's configuration (section ``xsa``; see git-xsa-config(5)).

Only the user's and the repository's configuration count.  No file inside a tree is ever read for settings: what a
branch holds must not decide what is run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar, Protocol, TypeVar

from git_xsa.git import problems, remarks
from git_xsa.git.problems import Meaningless
from git_xsa.git.run import Git
from git_xsa.model.follow_ups import FOLLOW_UPS
from git_xsa.wording import Remark

#: Scopes of a setting, as git calls them: those of one repository, and that of a command line and the environment.
OWN_SCOPES = ("local", "worktree")
COMMAND = "command"


DEFAULT_URL = "https://xenbits.xen.org/xsa/"
#: Where the text of an advisory is published, by its number.
ADVISORY = f"{DEFAULT_URL}advisory-{{}}.html"


class Given(str):
    """A value as it stands in git's configuration.

    ``scope`` is where: ``local``, ``global``, ..., as git calls it; ``several``: there it is one of several of its key.
    """

    scope = "local"
    several = False


#: What a kind of key makes of its values, in the order in which git lists them; ``None`` stands for a key without
#: "=" and a value.
Kind = Callable[[Sequence[str | None]], Any]


def pattern(values: Sequence[str | None]) -> str:
    """Return the last value, a name with one ``*`` in the place of the version."""
    value = values[-1] or ""
    if value.count("*") != 1:
        raise problems.not_one_star()
    return value


def word(values: Sequence[str | None]) -> str:
    """Return the last value, a name without blanks."""
    value = values[-1] or ""
    if not re.fullmatch(r"[!-~]+", value):
        raise problems.not_a_name()
    return value


def address(values: Sequence[str | None]) -> str:
    """Return the last value, the address of a folder on a web server, with a slash at its end."""
    value = values[-1] or ""
    if not re.fullmatch(r"https?://[!-~]+", value):
        raise problems.not_an_address(DEFAULT_URL)
    return value.rstrip("/") + "/"


def path(values: Sequence[str | None]) -> Path:
    """Return the last value, the path of a file or folder from the root; ``~/`` stands for the home folder."""
    try:
        value = Path(values[-1] or "").expanduser()
    except RuntimeError:  # no such user
        value = Path()
    if not value.is_absolute() or "\0" in str(value):
        raise problems.not_an_absolute_path()
    return value


def boolean(values: Sequence[str | None]) -> bool:
    """Return the last value, true or false in one of the ways in which git writes that."""
    value = values[-1]
    if value is None or value.lower() in ("true", "yes", "on", "1"):
        return True
    if value.lower() in ("false", "no", "off", "0", ""):
        return False
    raise problems.not_true_or_false()


def command(values: Sequence[str | None]) -> str:
    """Return the last value, a command for the shell; empty: none."""
    value = values[-1]
    if value is None:
        raise problems.not_a_command()
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
        wrong = [value for value in values if not _has_meaning(fingerprints, value)] if len(values) > 1 else []
        raise problems.not_a_fingerprint(wrong[0] if wrong else None)
    return found


def _has_meaning(kind: Kind, value: str | None) -> bool:
    try:
        kind([value])
    except Meaningless:
        return False
    return True


def follow_ups(values: Sequence[str | None]) -> str:
    """Return the last value: what happens to later fixes of a queue."""
    value = (values[-1] or "").lower()
    if value not in FOLLOW_UPS:
        raise problems.not_a_use_of_follow_ups()
    return value


def count(values: Sequence[str | None]) -> int:
    """Return the last value, a whole number from 1."""
    value = values[-1] or ""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise problems.not_a_count()
    return int(value)


def text(values: Sequence[str | None]) -> str:
    """Return the last value, whatever it is."""
    return values[-1] or ""


class _SettingsGroup(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


_Some = TypeVar("_Some", bound=_SettingsGroup)


def setting(key: str, kind: Kind, default: Any) -> Any:
    """Return a field of a group of settings: its ``key`` in the section ``xsa``, as manuals write it."""
    return field(default=default, metadata={"key": f"xsa.{key}", "kind": kind})


@dataclass(frozen=True)
class Configured:
    """What stands in git's configuration: key in small letters -> values in git's order."""

    values: Mapping[str, Sequence[str | None]]

    def group(self, kind: type[_Some]) -> _Some:
        """Return the settings of a group; ``XsaError`` when one has no meaning."""
        keys = {one.name: one.metadata for one in fields(kind) if "key" in one.metadata}
        given = {name: self.values.get(meta["key"].lower()) for name, meta in keys.items()}
        return kind(**{name: _value(keys[name], values) for name, values in given.items() if values is not None})


def written_as(kind: type[_SettingsGroup], name: str) -> str:
    """Return the key of the field ``name`` of a group as manuals write it."""
    key: str = next(one.metadata["key"] for one in fields(kind) if one.name == name)
    return key


@dataclass(frozen=True)
class Settings:
    """The settings that many rooms go by; ``of`` gives those of one.  ``*`` in a pattern stands for the version."""

    release_tag: str = setting("releaseTag", pattern, "RELEASE-*")
    stable_branch: str = setting("stableBranch", pattern, "stable-*")
    tree: str = setting("tree", word, "xen")
    url: str = setting("url", address, DEFAULT_URL)
    #: The folder of the store; ``None`` is the place in the user's data folder.
    store: Path | None = setting("store", path, None)
    #: Fingerprints, in capitals without blanks, of the keys whose signature on an advisory counts.
    trusted_keys: tuple[str, ...] = setting("trustedKeys", fingerprints, ())
    require_signature: bool = setting("requireSignature", boolean, False)
    #: Branches that no release is made of, those that count first first: where the others come from.
    development_branches: tuple[str, ...] = setting("developmentBranch", words, ("master", "staging"))
    #: The clone of the project's repository that commands in a package's folder work in (``git_xsa.git.clone``).
    history: Path | None = setting("history", path, None)
    #: What happens to later commits that fix one of a queue: ``list``, ``add`` or ``ignore``.
    follow_ups: str = setting("followUps", follow_ups, "list")
    #: The command that builds; empty: none is asked for.
    build: str = setting("build", command, "")
    #: What git xsa-hooks install has written down of the store: where it is, and whether there was one.
    hooks_store: Path | None = setting("hooks.store", path, None)
    hooks_seen: bool = setting("hooks.seen", boolean, False)
    #: The HOME and XDG_CONFIG_HOME in which it found the user's configuration; ``None``: nobody has written it down.
    hooks_home: str | None = setting("hooks.home", text, None)
    hooks_config_home: str | None = setting("hooks.configHome", text, None)
    #: Seconds that a run of git xsa-fetch may take, and bytes a second that have to come meanwhile.
    fetch_time: int = setting("fetchTime", count, 3_600)
    fetch_speed: int = setting("fetchSpeed", count, 100)
    #: Names of git's own remotes.
    remotes: tuple[str, ...] = ()
    #: What git fetches: pairs of a remote's name and a refspec.
    refspecs: tuple[tuple[str, str], ...] = ()
    #: Whether ``xsa.store`` was given for this one command, on its line or in the environment.
    store_of_one_command: bool = False
    configured: Configured = field(default=Configured({}), compare=False, repr=False)

    def of(self, group: type[_Some]) -> _Some:
        """Return the settings of a room; ``XsaError`` when one has no meaning."""
        return self.configured.group(group)


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
    once = set()
    words = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    number = Counter((scope, item.partition("\n")[0]) for scope, item in zip(words[::2], words[1::2], strict=True))
    for scope, item in zip(words[::2], words[1::2], strict=True):
        key, newline, value = item.partition("\n")
        if key.startswith(_WRITTEN_DOWN) and scope not in OWN_SCOPES:
            continue
        if scope == COMMAND:
            once.add(key)
        given = Given(value)
        given.scope, given.several = scope, number[scope, key] > 1
        found.setdefault(key, []).append(given if newline else None)
    remotes = dict.fromkeys(key.split(".", 1)[1].rpartition(".")[0] for key in found if key.startswith("remote."))
    refspecs = tuple(
        (key.removeprefix("remote.").removesuffix(".fetch"), value or "")
        for key, values in found.items()
        if key.startswith("remote.") and key.endswith(".fetch")
        for value in values
    )
    configured = Configured(found)
    return replace(
        configured.group(Settings),
        remotes=tuple(remotes),
        refspecs=refspecs,
        store_of_one_command="xsa.store" in once,
        configured=configured,
    )


def _value(meta: Mapping[str, Any], values: Sequence[str | None]) -> Any:
    key = meta["key"]
    try:
        return meta["kind"](values)
    except Meaningless as error:
        shown = ", ".join(repr(value or "") for value in values)
        example = error.example.replace("{name}", key.rpartition(".")[2])
        hint = how_to_set(key, example, values, error.wrong)
        raise problems.meaningless_setting(key, shown, error, hint) from None


def how_to_set(key: str, example: str, values: Sequence[str | None], wrong: str | None = None) -> Remark:
    """Return how ``example`` is set in the place of the last of ``values``, or of ``wrong``, one of several that all
    count: in the file in which that stands."""
    value = wrong if wrong is not None else values[-1]
    several = value.several if isinstance(value, Given) else len(values) > 1
    one = wrong if several else None
    how = "--fixed-value --replace-all " if one else "--replace-all " if several else ""
    change = f"{how}{key} {example}{f' {quote(one)}' if one else ''}"
    return how_to_change(change, [value], f"a value that it can have: {example}")


def how_to_change(change: str, values: Sequence[str | None], instead: str = "leave it out") -> Remark:
    """Return how git config makes a ``change``, in the file in which the last of ``values`` stands, or what to do
    ``instead`` if that is of one command alone."""
    last = values[-1] if values else None
    return remarks.how_to_change(change, last.scope if isinstance(last, Given) else Given.scope, instead)
