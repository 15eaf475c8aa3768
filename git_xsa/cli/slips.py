"""What a person may have meant with words that a command does not take: a hint for each of the usual slips."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from itertools import pairwise

#: What argparse says of words that no argument takes.
_UNKNOWN = "unrecognized arguments: "
_ADVISORY = re.compile(r"(?:xsa-?)?(\d{1,9})", re.IGNORECASE)
_BRANCH = re.compile(r"(?:(?:stable|staging)-)?\d+\.\d+")
#: How the names of patch files end.
_PATCHES = (".patch", ".diff")
#: How much an option has to look like another one, from 0 to 1: ``--onto`` is 0.67 of ``--json``.
_NEAR = 0.7
_RANGE = re.compile(r"(\d{1,9})(?:-|\.\.)(\d{1,9})")
_SEVERAL = re.compile(r"(?:[\s;+&]|xsa-?|\d{1,9})+", re.IGNORECASE)
#: So many advisories of a range are written out.
_MOST = 20
_CVE = re.compile(r"cve-?\d{4}-\d+", re.IGNORECASE)
#: How ``problems.not_an_advisory`` begins, in a message of argparse.
_NO_NUMBER = re.compile(r"argument --xsa: '(.*)' is not an advisory number")


def hint_for(parser: argparse.ArgumentParser, mistake: str, arguments: Sequence[str]) -> str:
    """Return what to do about ``mistake``, which ``parser`` found in ``arguments``; empty where that is not known."""
    refused = _NO_NUMBER.match(mistake)
    if refused is not None:
        return _number(refused[1])
    if not mistake.startswith(_UNKNOWN):
        return ""
    options = [option for action in parser._actions for option in action.option_strings]
    words = mistake.removeprefix(_UNKNOWN).split()
    if words[0].startswith("-"):  # what comes after it may be its value
        from difflib import get_close_matches  # noqa: PLC0415 - only to help after a slip

        near = get_close_matches(words[0].partition("=")[0], options, n=1, cutoff=_NEAR)
        return f"did you mean {near[0]}?" if near else ""
    return _meant(parser.prog, words, options, arguments)


def _number(word: str) -> str:
    """Return what to do about ``word``, which was given as the number of an advisory."""
    if _CVE.fullmatch(word):
        return "https://xenbits.xen.org/xsa/ lists the advisory of each CVE"
    ends = _RANGE.fullmatch(word)
    if ends is not None:
        last = min(int(ends[2]), int(ends[1]) + _MOST)
        several = [str(number) for number in range(int(ends[1]), last + 1)]
    else:
        several = re.findall(r"\d+", word) if _SEVERAL.fullmatch(word) else []
    return f"for several advisories: --xsa {','.join(several)}" if len(several) > 1 else ""


def _meant(program: str, words: Sequence[str], options: Sequence[str], arguments: Sequence[str]) -> str:
    """Return what to do about the first of ``words``, which the command ``program`` does not take."""
    word = words[0]
    if word in (program.removeprefix("git "), program.removeprefix("git xsa-")):
        return f"leave out {word!r}: it is the command itself"
    if _ADVISORY.fullmatch(word) and "--xsa" in options:
        more = [found[1] for one in words if (found := _ADVISORY.fullmatch(one)) is not None]
        given = _values("--xsa", arguments)
        kind = "an advisory" if len([*given, *more]) == 1 else "several advisories"
        return f"for {kind}: --xsa {','.join([*given, *more])}"
    if word.endswith(_PATCHES):
        return f"for a patch file: git xsa-prereqs --onto <base> {word}"
    if _BRANCH.fullmatch(word) and "--branch" in options:
        return f"for a branch: --branch {word}"
    return f"for a base: --onto {word}" if "--onto" in options else ""


def _values(option: str, arguments: Sequence[str]) -> list[str]:
    """Return the values that ``option`` has in ``arguments``."""
    after = [value for name, value in pairwise(arguments) if name == option]
    return after + [word.partition("=")[2] for word in arguments if word.startswith(f"{option}=")]
