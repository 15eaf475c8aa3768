"""Read an RPM spec as text: its Patch tags, what applies them, and where a line can be put in.

Nothing is evaluated.  rpm's own parser runs what stands in ``%(...)`` and ``%{lua:...}``, so it is of no use for the
package of somebody else.  Macros count as far as they stand for plain words; conditions count as true.

rpm applies patches in the order in which their tags stand (``%autosetup``, ``%autopatch``: /usr/lib/rpm/macros), or in
that of the ``%patch`` lines.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

#: What a macro stands for is cut off here: each may double the one before.
LONGEST_VALUE = 4096
_TAG = re.compile(r"^[ \t]*(Patch)(\d*)([ \t]*:[ \t]*)(\S+)[^\n]*\n?", re.MULTILINE | re.IGNORECASE)
_SOURCE = re.compile(r"^[ \t]*Source\d*[ \t]*:[^\n]*\n?", re.MULTILINE | re.IGNORECASE)
_PREP = re.compile(r"^%prep\b", re.MULTILINE)
_CALL = re.compile(r"^([ \t]*)%patch(\d*)(?![A-Za-z0-9_])([^\n]*)\n?", re.MULTILINE)
_AUTO = re.compile(r"^[ \t]*%\{?(autosetup|autopatch)\b((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
#: What applies a patch for ``-S``, and strips a folder of its paths without ``-p`` (/usr/lib/rpm/macros).
_STRIPPING = ("git", "git_am", "quilt", "hg")
#: Where the tags of the package itself end.
_SECTION = re.compile(r"^%(?:package|description|prep|build|install|check|files|changelog)\b", re.MULTILINE)
_LOOP = re.compile(r"^[ \t]*%\{lua:|%\{patches\}", re.MULTILINE)
_MACRO = re.compile(
    r"^(?:%(?:global|define)[ \t]+(\w+)[ \t]+(\S+)|(Name|Version|Release)[ \t]*:[ \t]*(\S+))[ \t]*$", re.MULTILINE
)
_USE = re.compile(r"%\{\??(\w+)\}")
_CONDITION = re.compile(r"^[ \t]*%(if|endif)", re.MULTILINE)
_TRUE = re.compile(r"[ \t]*%if[ \t]+1[ \t]*$", re.MULTILINE)
_CHANGELOG = re.compile(r"^%changelog[^\n]*\n", re.MULTILINE)
_NUMBER = re.compile(r"(?<!\S)(?:-P[ \t]*)?(\d+)(?!\S)")


@dataclass(frozen=True)
class PatchTag:
    """A Patch tag: its number, the file's name with its macros expanded, and where its line stands in the text."""

    number: int
    name: str
    written: str
    start: int
    end: int


@dataclass(frozen=True)
class SpecStep:
    """A line that applies patches: the numbers from ``low`` to ``high``, or exactly those of ``single``.

    ``reverse`` says whether it reverts them, ``strips`` whether it takes one folder off the paths in them, as git's
    patches need it.  ``form`` is how a ``%patch`` line names its patch: ``-P 5``, ``5``
    (an argument), or nothing (``%patch5``); ``None`` for lines of another kind.
    """

    start: int
    end: int
    low: float = 0
    high: float = float("inf")
    single: tuple[int, ...] = ()
    reverse: bool = False
    form: str | None = None
    strips: bool = True

    def takes(self, number: int) -> bool:
        """Whether the patch ``number`` is applied here."""
        return number in self.single if self.single else self.low <= number <= self.high


class Spec:
    """The text of a spec, read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        prep = _PREP.search(text)
        self._preamble = prep.start() if prep is not None else len(text)

    @cached_property
    def macros(self) -> Mapping[str, str]:
        """What macros and the tags Name, Version and Release stand for."""
        known: dict[str, str] = {}
        section = _SECTION.search(self.text)
        end = section.start() if section is not None else len(self.text)
        for match in _MACRO.finditer(self.text):
            if match[3] and match.start() > end:
                continue  # a tag of a subpackage
            name, value = match[1] or match[3].lower(), match[2] or match[4]
            known[name] = expanded(value, known)
        return known

    @cached_property
    def tags(self) -> list[PatchTag]:
        """The Patch tags, in the order in which they stand."""
        found: list[PatchTag] = []
        for match in _TAG.finditer(self.text, 0, self._preamble):
            number = int(match[2][:9]) if match[2] else (found[-1].number + 1 if found else 0)
            name = expanded(match[4], self.macros).rpartition("/")[2]
            found.append(PatchTag(number, name, match[2], match.start(), match.end()))
        return found

    @cached_property
    def steps(self) -> list[SpecStep]:
        """The lines that apply patches, in order; none where nothing that can be read here does."""
        found = [*self._automatic(), *self._calls()]
        if not found:
            loop = _LOOP.search(self.text)
            return [SpecStep(loop.start(), loop.end())] if loop is not None else []
        return sorted(found, key=lambda step: step.start)

    def _automatic(self) -> Iterator[SpecStep]:
        for match in _AUTO.finditer(self.text):
            words = match[2].replace("\\\n", " ").rstrip("} \t").split()
            strips = _strips(words)
            if match[1] == "autosetup":
                if "-N" not in words:
                    yield SpecStep(match.start(), match.end(), strips=strips)
                continue
            low, high = _option(words, "-m", 0), _option(words, "-M", float("inf"))
            single = () if {"-m", "-M"} & {word[:2] for word in words} else _numbers(" ".join(words))
            yield SpecStep(match.start(), match.end(), low, high, single, strips=strips)

    def _calls(self) -> Iterator[SpecStep]:
        for match in _CALL.finditer(self.text):
            words = match[3].partition("#")[0]
            single = (int(match[2][:9]),) if match[2] else _numbers(words) or (0,)
            form = "" if match[2] else "-P " if "-P" in words else " "
            yield SpecStep(match.start(), match.end(), single=single, reverse="-R" in words.split(), form=form)

    @cached_property
    def applied(self) -> list[PatchTag]:
        """The tags of the patches that are applied, in that order: all of them where no line selects any."""
        steps = self.steps
        numbers = {tag.number for tag in self.tags}
        if not steps or any(number not in numbers for step in steps for number in step.single):
            return self.tags
        found = [tag for step in steps for tag in self._taken(step)]
        return list({tag.start: tag for tag in found}.values())

    def _taken(self, step: SpecStep) -> list[PatchTag]:
        taken = [tag for tag in self.tags if step.takes(tag.number)]
        return sorted(taken, key=lambda tag: step.single.index(tag.number)) if step.single else taken

    @property
    def after_sources(self) -> int:
        """Where the line after the last Source tag begins; the end of the tags where there is none."""
        ends = [match.end() for match in _SOURCE.finditer(self.text, 0, self._preamble)]
        return ends[-1] if ends else 0

    @property
    def changelog(self) -> int | None:
        """Where the entries of ``%changelog`` begin, ``None`` when there is no such section."""
        match = _CHANGELOG.search(self.text)
        return match.end() if match is not None else None

    def in_condition(self, position: int) -> bool:
        """Whether ``position`` stands in an ``%if`` whose condition is not simply true."""
        opened: list[bool] = []
        for match in _CONDITION.finditer(self.text, 0, position):
            if match[1] == "if":
                opened.append(_TRUE.match(self.text, match.start()) is None)
            elif opened:
                opened.pop()
        return any(opened)

    def outside_conditions(self, position: int) -> int:
        """Return the first place from ``position`` on, at the start of a line, that stands in no ``%if``."""
        depth = 0
        for match in _CONDITION.finditer(self.text):
            if match.start() >= position and depth <= 0:
                break
            depth += 1 if match[1] == "if" else -1
            if depth <= 0 and match.start() >= position:
                end = self.text.find("\n", match.start())
                return end + 1 if end >= 0 else len(self.text)
        return position


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Return ``text`` with the macros that are known, and no others, put in; cut off after ``LONGEST_VALUE``."""
    found, length, done = [], 0, 0
    text = text[:LONGEST_VALUE]
    for match in _USE.finditer(text):
        if length > LONGEST_VALUE:
            break
        found += [text[done : match.start()], known.get(match[1], match[0])]
        length += sum(map(len, found[-2:]))
        done = match.end()
    return "".join([*found, text[done:]])[:LONGEST_VALUE]


def _strips(words: list[str]) -> bool:
    """Whether ``%autosetup`` or ``%autopatch`` with the options ``words`` strips one folder."""
    level = _option(words, "-p", -1)
    pairs = itertools.pairwise([*words, ""])
    tool = next((word[2:] or following for word, following in pairs if word.startswith("-S")), "")
    return level == 1 or (level == -1 and tool in _STRIPPING)


def _option(words: list[str], name: str, otherwise: float) -> float:
    """Return the number after the option ``name``, in the same word or the next."""
    for word, following in itertools.pairwise([*words, ""]):
        value = word[2:] or following
        if word.startswith(name) and value.isdigit():
            return int(value)
    return otherwise


def _numbers(words: str) -> tuple[int, ...]:
    return tuple(int(found[:9]) for found in _NUMBER.findall(re.sub(r"-[pbzFo][ \t]+\S+", "", words)))
