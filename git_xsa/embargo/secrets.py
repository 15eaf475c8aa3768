"""What the guard against leaks looks for: the patches and texts in the store of what is under embargo.

Which advisories are is for ``git_xsa.embargo.secrecy`` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from git_xsa.advisory.adaptations import Adaptations
from git_xsa.advisory.editions import Edition, Library
from git_xsa.advisory.patchfile import PatchFile, parse_patches
from git_xsa.advisory.problems import PatchError
from git_xsa.embargo.leak import SecretForm, squeezed
from git_xsa.git.repository import Repository

#: Sections of an advisory that say what it is about; the others are alike in all of them.
_TELLING = re.compile(r"^(ISSUE DESCRIPTION|IMPACT)\n=+\n(.*?)(?=^[A-Z][A-Z ]+\n==|\Z)", re.MULTILINE | re.DOTALL)
_STAT = re.compile(r"^---[ \t]*$", re.MULTILINE)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


def read_secrets(
    library: Library, numbers: Iterable[int], repository: Repository, bases: Iterable[str]
) -> list[SecretForm]:
    """Return what is secret of each of the advisories ``numbers``, all its versions together.

    What the files had before the patches is looked up in ``repository``: by the object names in the patches, or else
    in the commits ``bases``.
    """
    places = list(bases)
    kept = Adaptations(library.store)
    return [_secret(library, number, repository, places, kept) for number in numbers]


def _secret(library: Library, number: int, repository: Repository, bases: list[str], kept: Adaptations) -> SecretForm:
    patches: dict[tuple[bytes, str], PatchFile] = {}
    texts: list[str] = []
    titles: list[str] = []
    cves: set[str] = set()
    for edition in library.editions(number, half=True):  # what an import has not finished is no less secret
        advisory = edition.advisory
        if advisory is not None:
            titles.append(advisory.title)
            texts += [section for _, section in _TELLING.findall(advisory.body)]
            cves |= {*advisory.cves, *_CVE.findall(advisory.title)}
        for patch in _patches(edition, texts):
            patches.setdefault((patch.text, patch.message), patch)  # a version may differ in its message alone
    for adapted in kept.of([number]):
        patches.setdefault((adapted.file.text, adapted.file.message), adapted.file)
    for patch in patches.values():
        titles.append(patch.subject)
        texts.append(_STAT.split(patch.message, maxsplit=1)[0])
    changes = tuple({patch.text: patch.changes for patch in patches.values()}.values())
    known = _known(repository, patches.values(), bases)
    return SecretForm(
        number, changes, tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(titles)), tuple(sorted(cves)), known
    )


def _patches(edition: Edition, texts: list[str]) -> Iterator[PatchFile]:
    """Yield the patches of a version; one that can't be read as a patch is a text among ``texts``."""
    for path in edition.patches:
        content = edition.read(path)
        try:
            yield from parse_patches(Path(path), content)
        except PatchError:
            texts.append(content.decode("utf-8", "replace"))


def _known(repository: Repository, patches: Iterable[PatchFile], bases: list[str]) -> Mapping[bytes, frozenset[bytes]]:
    """Return the lines that each file had before the patches, as far as they can be found."""
    found: dict[bytes, frozenset[bytes]] = {}
    for patch in patches:
        for change in patch.changes:
            path = change.old_path
            if path is None or path in found:
                continue
            source = patch.sources.get(path, b"").decode()
            name = path.decode("utf-8", "surrogateescape")
            places = [source] if len(source) > 6 else []
            blob = next(filter(None, map(repository.read, [*places, *(f"{base}:{name}" for base in bases)])), None)
            if blob is not None and blob[1] == "blob":
                found[path] = frozenset(map(squeezed, blob[2].splitlines()))
    return found
