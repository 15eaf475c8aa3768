"""An RPM spec: its Patch tags, the lines that apply them, and ``%changelog``.

The spec is edited as text; rpm's parser, which runs what stands in ``%(...)`` and ``%{lua:...}``, never sees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

from git_xsa.export.formats.rpm import changelog, comment_on
from git_xsa.export.into import problems, remarks
from git_xsa.export.into.parts import Addition, Cut, Edited, Insertion, Package, applied
from git_xsa.export.prepared import Item
from git_xsa.model.specfile import PatchTag, Spec, SpecStep
from git_xsa.wording import Remark

#: The number of a release that goes up: the last one before the distribution's (``2.1.fc40``, ``3%{?dist}``).
_RELEASE = re.compile(r"((?:\d+\.)*)(\d{1,9})(?!\d|\.\d)")
_LAST_NUMBER = re.compile(r"(.*?)(\d{1,9})(?=\D*$)")


def cut(package: Package, start: int) -> Cut:
    """Return the files of the patches that are applied before one with the number ``start``, and of those after it."""
    spec = Spec(package.text)
    before = {tag.start for tag in _applied_before(spec, start)}
    pairs = list(zip(spec.applied, package.listed.files, strict=True))
    first = [file for tag, file in pairs if tag.start in before]
    return first, [file for tag, file in pairs if tag.start not in before]


def edited(package: Package, added: Addition) -> Edited:
    """Return the spec with the patches; ``PackageRefused`` when there is no place for them."""
    spec = Spec(package.text)
    notes: list[Remark] = []
    changes = [
        *_dropped(spec, added.dropped),
        *(_tags(spec, added) if added.items else ()),
        *(_calls(spec, added.items) if added.items else ()),
        *(_entry(spec, added, notes) if added.items or added.dropped else ()),
    ]
    return Edited({package.listing: applied(spec.text, changes)}, notes)


def _dropped(spec: Spec, names: frozenset[str]) -> list[Insertion]:
    tags = [tag for tag in spec.tags if tag.name in names]
    numbers = {tag.number for tag in tags}
    steps = [step for step in spec.steps if step.single and numbers.issuperset(step.single)]
    spans = [*((tag.start, tag.end) for tag in tags), *((step.start, step.end) for step in steps)]
    return [Insertion(start, "", end) for start, end in spans]


def _applied_before(spec: Spec, start: int) -> list[PatchTag]:
    """Return the tags of the patches that are applied before the number ``start``.

    ``PackageRefused`` when the spec does not apply its patches by their numbers.
    """
    order = spec.applied
    smaller = [tag for tag in order if tag.number < start]
    if order[: len(smaller)] != smaller:
        first = next(tag for tag in order if tag.number > start)
        raise problems.numbers_below(first.number, start)
    return smaller


def _tags(spec: Spec, added: Addition) -> list[Insertion]:
    numbers = [item.number for item in added.items]
    left = [tag for tag in spec.tags if tag.name not in added.dropped]
    taken = next((tag for tag in left if numbers[0] <= tag.number <= numbers[-1]), None)
    if taken is not None:
        raise problems.numbers_taken(len(numbers), numbers[0], taken.number, taken.name)
    _applied_before(spec, numbers[0])
    before = [tag for tag in spec.tags if tag.number < numbers[0]]
    after = [tag for tag in spec.tags if tag.number > numbers[-1]]
    if before and after and max(tag.start for tag in before) > min(tag.start for tag in after):
        raise problems.numbers_not_ascending()
    at = before[-1].end if before else after[0].start if after else spec.after_sources
    at = at if not before and after else spec.outside_conditions(at)
    if after and at > min(tag.start for tag in after):
        raise problems.within_condition(after[0].number)
    padded = any(tag.written[:1] == "0" and len(tag.written) > 1 for tag in spec.tags)
    width = max((len(tag.written) for tag in spec.tags), default=4) if padded else 1
    lines = []
    for item in added.items:
        lines += [comment_on(item.patch, added.queue), f"Patch{item.number:0{width}}: {item.name}"]
    return [Insertion(at, _line_before(spec.text, at) + "\n".join([*lines, ""]))]


def _line_before(text: str, at: int) -> str:
    """Return the end of line that lacks where something is put in at the end of a text."""
    return "\n" if at and text[at - 1] != "\n" else ""


def _calls(spec: Spec, items: Sequence[Item]) -> list[Insertion]:
    """Return the lines that apply the patches, where the spec names them one by one."""
    numbers = [item.number for item in items]
    if not spec.steps:
        raise problems.spec_applies_nothing()
    taking = [step for step in spec.steps if not step.single and all(map(step.takes, numbers))]
    if taking:
        _be_taken(spec, taking)
        return []
    calls = [step for step in spec.steps if step.form is not None]
    if not calls or len(calls) < len(spec.steps):
        raise problems.numbers_not_applied(numbers[0], numbers[-1])
    before = [step for step in calls if max(step.single) < numbers[0]]
    near = before[-1] if before else calls[0]
    at = spec.outside_conditions(near.end) if before else near.start
    if spec.in_condition(at):
        raise problems.applied_in_condition(near.single[0])
    lines = "".join(f"{_call(spec.text, near, number)}\n" for number in numbers)
    return [Insertion(at, _line_before(spec.text, at) + lines)]


def _be_taken(spec: Spec, steps: Sequence[SpecStep]) -> None:
    """Raise ``PackageRefused`` unless one of ``steps`` is always run, and all strip a folder of git's patches."""
    for step in steps:
        line = spec.text[step.start : step.end].strip().replace("\\\n", " ")
        if not step.strips:
            raise problems.not_p1(line[:60])
    if all(spec.in_condition(step.start) for step in steps):
        line = spec.text[steps[0].start : steps[0].end].strip().partition("\n")[0]
        raise problems.only_in_condition(line[:60])


def _call(text: str, like: SpecStep, number: int) -> str:
    """Return a line that applies the patch ``number`` in the way in which the line ``like`` is written."""
    line = text[like.start : like.end]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return f"{indent}%patch{like.form}{number} -p1"


def _entry(spec: Spec, added: Addition, notes: list[Remark]) -> list[Insertion]:
    at = spec.changelog
    if at is None:
        notes.append(remarks.no_changelog())
        return []
    newest = spec.text[at:].lstrip("\n").partition("\n")[0]
    if newest and not newest.startswith("* "):
        notes.append(remarks.changelog_is_generated(newest[:40]))
        return []
    stated = newest.rpartition(">")[2].strip(" \t-") if ">" in newest else ""
    version = added.version or _next(stated, spec.macros.get("version", ""))
    day = formatdate(added.now).replace(",", "").split()  # Mon 30 Nov 2026
    head = f"* {day[0]} {day[2]} {day[1]} {day[3]} {added.who.replace('%', '%%')}"
    head += f" - {version}" if version else ""
    removed = [f"- Drop {name}, which the release has" for name in sorted(added.dropped)]
    lines = "\n".join([head, *changelog(added.queue).splitlines(), *removed])
    if version:
        notes.append(remarks.release_of_spec_is_left(version))
    return [Insertion(at, f"{lines}\n\n")]


def _next(newest: str, version: str) -> str:
    """Return the version after ``newest``: the number of its release goes up, not that of the distribution; the first
    of ``version`` when that is another; empty when ``newest`` has no release."""
    stated, dash, release = newest.rpartition("-")
    if not newest or not dash:
        return ""
    if version and "%" not in version and stated.rpartition(":")[2] != version:
        return f"{version}-1"
    match = _RELEASE.match(release) or _LAST_NUMBER.match(release)
    if match is None:
        return ""
    return f"{stated}-{match[1]}{int(match[2]) + 1}{release[match.end() :]}"


def place_of(listing: Path) -> tuple[Path, str]:
    """Return the top of the package whose spec is ``listing``, and the folder of its patches below that."""
    if listing.parent.name == "SPECS":
        return listing.parent.parent, "SOURCES"
    return listing.parent, ""
