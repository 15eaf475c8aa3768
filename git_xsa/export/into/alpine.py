"""An APKBUILD: ``source``, the sums of its files, and the ``secfixes`` in its comments.

abuild takes the first sum for the first source, the second for the second, and so on (``default_fetch`` in abuild),
so the sums of new files go where the files go.
"""

from __future__ import annotations

import re
from hashlib import new
from itertools import takewhile

from git_xsa.advisory.package import patch_name, variables
from git_xsa.export.formats.alpine import fixes_of
from git_xsa.export.into import problems, remarks
from git_xsa.export.into.parts import Addition, Edited, Insertion, Package, applied, must_apply, without
from git_xsa.model.shellfile import Assignment, ShellWord, strings

SUMS = ("md5sums", "sha256sums", "sha512sums")
_SECFIXES = re.compile(r"^# secfixes:[ \t]*\n", re.MULTILINE)
#: A version, and what it fixed.
_ENTRY = re.compile(r"^#   (\S+):[ \t]*\n(?:#     -[^\n]*\n)*", re.MULTILINE)
#: What applies all patches: abuild's own function, or a loop over the files that end so.
_APPLIES = re.compile(r"^(?:[^#\n]*[\s;&{])?(?:default_prepare\b|\*\.patch\b)", re.MULTILINE)
_PLAIN = re.compile(r"[0-9]{1,9}")


def edited(package: Package, added: Addition) -> Edited:
    """Return the APKBUILD with the patches; ``PackageRefused`` when it lacks a list that they belong into."""
    text, known = package.text, variables(package.text)
    source = next(strings(text, "source"), None)
    if source is None:
        raise problems.no_source(package.place)
    must_apply(package, "prepare", _APPLIES, "default_prepare")
    sums = {name: found for name in SUMS if (found := next(strings(text, name), None)) is not None}
    if "sha512sums" not in sums:
        raise problems.no_sums(package.place)
    version = added.version or _next(known)
    last = _last_patch(source, known)
    changes = [
        *_into(source, [item.name for item in added.items], after=last),
        *_without(text, source, [word for word in source.words if patch_name(word.text, known) in added.dropped]),
        *_secfixes(text, source.start, version, fixes_of(added.queue)),
    ]
    for name, found in sums.items():
        lines = [
            f"{new(name.removesuffix('sums'), item.patch.content).hexdigest()}  {item.name}" for item in added.items
        ]
        changes += _into(found, lines, after=_sum_of(found, last, known), indent="")
        pairs = zip(found.words[::2], found.words[1::2], strict=False)
        gone = [word for one, other in pairs if other.text in added.dropped for word in (one, other)]
        changes += _without(text, found, gone)
    release = known.get("pkgrel", "")
    note = remarks.pkgrel_is_left(version, release)
    return Edited({package.listing: applied(text, changes)}, [note] if added.items else [])


def _next(known: dict[str, str]) -> str:
    """Return the version that the package has next."""
    release = known.get("pkgrel", "")
    if "pkgver" not in known or not _PLAIN.fullmatch(release):
        raise problems.no_plain_version()
    return f"{known['pkgver']}-r{int(release) + 1}"


def _last_patch(source: Assignment, known: dict[str, str]) -> ShellWord | None:
    return next((word for word in reversed(source.words) if patch_name(word.text, known)), None)


def _sum_of(sums: Assignment, source: ShellWord | None, known: dict[str, str]) -> ShellWord | None:
    """Return the name in ``sums`` that is the file ``source``; ``None`` for none, or if there is no source before."""
    name = patch_name(source.text, known) if source is not None else ""
    return next((word for word in reversed(sums.words[1::2]) if word.text == name), None)


def _into(found: Assignment, lines: list[str], after: ShellWord | None, indent: str = "\t") -> list[Insertion]:
    """Return that ``lines`` come behind the word ``after`` of the list, or at its end."""
    if not lines:
        return []
    behind = after or (found.words[-1] if found.words else None)
    at = behind.end if behind is not None else found.opened
    return [Insertion(at, "".join(f"\n{indent}{line}" for line in lines))]


def _without(text: str, found: Assignment, words: list[ShellWord]) -> list[Insertion]:
    """Return that ``words`` go, each with what stands before it."""
    return [without(text, found.opened, word.start, word.end) for word in words]


def _secfixes(text: str, before: int, version: str, fixes: list[str]) -> list[Insertion]:
    """Return that ``fixes`` come under ``version`` in the block of that name, or in a new one at ``before``.

    Most blocks have the newest version first; a new one goes to the end where that has the newest.
    """
    if not fixes:
        return []
    lines = "".join(f"#     - {fix}\n" for fix in fixes)
    block = _SECFIXES.search(text)
    if block is None:
        return [Insertion(before, f"# secfixes:\n#   {version}:\n{lines}\n")]
    entries = list(_ENTRY.finditer(text, block.start(), _end_of(text, block.end())))
    same = next((entry for entry in entries if entry[1] == version), None)
    if same is not None:
        return [Insertion(same.end(), lines)]
    ascending = len(entries) > 1 and _order(entries[0][1]) < _order(entries[-1][1])
    return [Insertion(entries[-1].end() if ascending else block.end(), f"#   {version}:\n{lines}")]


def _end_of(text: str, begin: int) -> int:
    """Return where the block of comments ends that goes on at ``begin``."""
    lines = takewhile(lambda line: line.startswith("#   "), text[begin:].split("\n"))
    return begin + sum(len(line) + 1 for line in lines)


def _order(version: str) -> list[int]:
    """Return what orders versions, as far as the order of a list can be told by it."""
    return [int(number[:9]) for number in re.findall(r"\d+", version)]
