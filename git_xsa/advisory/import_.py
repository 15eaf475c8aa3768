"""Import what a source holds into the store: what each file is, which version it belongs to, and who signed it.

Everything is read and judged before anything is written, so that a source which is refused leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from git_xsa.advisory import remarks
from git_xsa.advisory.contents import TakenItem
from git_xsa.advisory.editions import TEXT, Difference, Edition, EditionSource, Library, difference
from git_xsa.advisory.file_names import in_order, is_made_of, is_patch_name, read_name
from git_xsa.advisory.heading import read_heading
from git_xsa.advisory.metadata import read_list, read_recipes
from git_xsa.advisory.patchfile import PatchFile, parse_patches
from git_xsa.advisory.problems import MetadataError, PatchError, TextError
from git_xsa.advisory.problems import intake as problems
from git_xsa.advisory.text import Advisory, is_advisory, read_advisory
from git_xsa.advisory.trust import ChecksumState, Signature, Vouching, check_file, check_signature, find_listed
from git_xsa.model.marks import marked_advisories
from git_xsa.wording import NOTHING, Remark

LIST = "xsa.json"
_UNCHANGED = Difference((), (), ())


@dataclass
class Taken:
    """What was made of one version of one advisory: names of files, in the order of a series.

    ``wrong`` have another checksum than the text says, ``missing`` are patches that the text lists and that are not
    there.  ``since`` is what changed from the version before, which is called ``before``.
    """

    edition: Edition
    vouching: Vouching
    new: bool = False
    files: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    before: Edition | None = None
    since: Difference = _UNCHANGED


@dataclass
class Result:
    """What was taken, by advisory and version, and what was not: names and reasons.

    ``same`` are files that were passed over because another one is the same: both names.  ``doubts`` say which patches
    may be cut off, of those whose checksum no text gives.
    """

    taken: list[Taken]
    left: list[tuple[str, Remark]]
    listed: int = 0
    same: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[Remark] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all that was given could be taken, and nothing is wrong or missing."""
        return not (self.left or any(one.wrong or one.missing for one in self.taken))


@dataclass
class _Text:
    """The text of an advisory that was found, and what belongs to it."""

    advisory: Advisory
    item: TakenItem
    files: dict[str, bytes] = field(default_factory=dict)


class _Sorter:
    """Sorts items by the advisory and version that they belong to."""

    def __init__(self, library: Library, items: Sequence[TakenItem]) -> None:
        self._library = library
        self.texts: list[_Text] = []
        self.known: dict[tuple[int, str], dict[str, bytes]] = {}
        self.loose: dict[int, dict[str, bytes]] = {}
        self.left: list[tuple[str, Remark]] = []
        self.same: list[tuple[str, str]] = []
        self.doubts: list[Remark] = []
        self.list: bytes | None = None
        self.listed = 0
        rest = [item for item in items if not self._text(item)]
        for item in rest:
            self._file(item)

    def _text(self, item: TakenItem) -> bool:
        """Enter ``item`` if it is an advisory's text or the list of advisories; return whether it is."""
        if item.name.rpartition("/")[2] == LIST:
            try:
                self.listed = len(read_list(item.content))
                self.list = item.content
            except MetadataError as error:
                self.left.append((item.name, error.what))
            return True
        if is_patch_name(item.name) or not is_advisory(item.content):
            return False
        try:
            advisory = read_advisory(item.content)
        except TextError as error:
            self.left.append((item.name, error.what))
            return True
        same = [t for t in self.texts if t.item.content == item.content]
        if not same:
            self.texts.append(_Text(advisory, item))
        return True

    def _file(self, item: TakenItem) -> None:
        problem, patches = _problem(item)
        numbers = _numbers(item, patches)
        home = self._home(item, numbers)
        if home is None or check_file(item.name, item.content, home[0].sums) is not ChecksumState.LISTED:
            self.doubts += [patch.doubt for patch in patches if patch.doubt]
        if problem and (home is None or check_file(item.name, item.content, home[0].sums) is not ChecksumState.LISTED):
            self.left.append((item.name, problem))
        elif home is not None:
            sums = home[0].sums
            if item.name not in home[1] or check_file(item.name, item.content, sums) is ChecksumState.LISTED:
                home[1][item.name] = item.content
        elif not numbers:
            self.left.append((item.name, remarks.no_advisory_named()))
        for number in numbers if home is None and not problem else ():
            loose = self.loose.setdefault(number, {})
            same = next((name for name, content in loose.items() if content == item.content), item.name)
            if same != item.name:
                self.same.append((item.name, same))
            elif loose.setdefault(item.name, item.content) != item.content:
                self.left.append((item.name, remarks.name_given_twice()))

    def _home(self, item: TakenItem, numbers: Sequence[int]) -> tuple[Advisory, dict[str, bytes]] | None:
        """Return the advisory whose text lists the file, and where its files go; ``None`` when none does.

        First those that came in the same mail, then the others that came now, then those in the store, the newest
        first.  A text that lists the name with another checksum is second choice to one that lists this very file.
        """
        together = [text for text in self.texts if text.item.bundle == item.bundle]
        others = [text for text in self.texts if text.item.bundle != item.bundle]
        others.sort(key=lambda text: -text.advisory.version)
        homes = [(text.advisory, text.files) for text in (*together, *others)]
        named = read_name(item.name).number
        asked = sorted({*numbers, *([named] if named is not None else [])})
        stored = [edition for number in asked for edition in self._library.editions(number)]
        homes += [
            (edition.advisory, self.known.setdefault((edition.number, edition.name), {}))
            for edition in reversed(stored)
            if edition.advisory is not None
        ]
        for state in (ChecksumState.LISTED, ChecksumState.WRONG):
            for home in homes:
                own = state is ChecksumState.LISTED or not numbers or home[0].number in numbers
                if own and check_file(item.name, item.content, home[0].sums) is state:
                    return home
        return next((home for home in homes if not home[0].sums and home[0].number in numbers), None)


def _problem(item: TakenItem) -> tuple[Remark, tuple[PatchFile, ...]]:
    """Return why ``item`` is no file of an advisory (empty when it may be one), and the patches in it."""
    try:
        if is_patch_name(item.name):
            return NOTHING, parse_patches(Path(item.name), item.content)
        if not item.name.endswith(".meta"):
            return remarks.neither_text_nor_patch(), ()
        read_recipes(item.content)
    except PatchError as error:
        return remarks.said_of_the_file(item.name, error.what), ()
    except MetadataError as error:
        return error.what, ()
    return NOTHING, ()


def _numbers(item: TakenItem, patches: Sequence[PatchFile]) -> tuple[int, ...]:
    """Return the advisories that a file says it belongs to: by the marks in its text, or else by its name, or by what
    its header refers to.

    The text comes first: a name may have the number of another advisory, from the words of a subject or by a slip.
    """
    marks = [number for patch in patches for number in marked_advisories(f"{patch.subject}\n\n{patch.message}")]
    if marks:
        return tuple(dict.fromkeys(marks))
    number = read_name(item.name).number
    if number is None or any(is_made_of(item.name, patch.subject) for patch in patches):
        return next((found for patch in patches if (found := read_heading(patch.message).advisories[:1])), ())
    return (number,)


def take(
    library: Library, items: Iterable[TakenItem], source: EditionSource, trusted: tuple[str, ...], require: bool
) -> Result:
    """Put what belongs to advisories into the store and return what was made of it.

    With ``require`` everything must be vouched for; ``Refused`` says what is not, and nothing is written then.
    """
    sorter = _Sorter(library, list(items))
    vouchings = {id(text): check_signature(text.advisory.signed, trusted) for text in sorter.texts}
    if require:
        _require(sorter, [vouchings[id(text)] for text in sorter.texts])
    result = Result([], sorter.left, sorter.listed, sorter.same, sorter.doubts)
    with library.store.lock():
        library.remove_unfinished()
        if sorter.list is not None:
            library.store.write(sorter.list, LIST)
        for text in sorted(sorter.texts, key=lambda text: (text.advisory.number, text.advisory.version)):
            edition = library.edition_of(text.advisory, text.item.content)
            with library.adding(edition, [TEXT, *_listed(text.files, text.advisory.sums)]):
                edition, new = library.add_text(text.advisory, text.item.content, source)
                taken = Taken(edition, vouchings[id(text)], new)
                result.taken.append(_filled(library, taken, text.files, source))
        for (number, name), files in sorter.known.items():
            if files:
                edition = next(edition for edition in library.editions(number) if edition.name == name)
                advisory = edition.advisory
                taken = Taken(edition, check_signature(advisory.signed if advisory is not None else b"", trusted))
                with library.adding(edition, _listed(files, advisory.sums if advisory is not None else {})):
                    result.taken.append(_filled(library, taken, files, source))
        for number, files in sorted(sorter.loose.items()):
            taken = Taken(library.loose(number, files), Vouching(Signature.NONE))
            taken.new = not taken.edition.paths
            with library.adding(taken.edition, files):
                result.taken.append(_filled(library, taken, files, source))
    result.taken.sort(key=lambda one: (one.edition.number, one.edition.version))
    return result


def _require(sorter: _Sorter, vouchings: Sequence[Vouching]) -> None:
    for text, vouching in zip(sorter.texts, vouchings, strict=True):
        if vouching.signature is not Signature.TRUSTED:
            raise problems.unsigned_advisory(text.advisory.number, text.advisory.version, vouching.sentence())
        for name, content in text.files.items():
            if check_file(name, content, text.advisory.sums) is not ChecksumState.LISTED:
                raise problems.unlisted_content(name, text.advisory.number)
    for files in sorter.loose.values():
        raise problems.unlisted_file(next(iter(files)))


def _listed(names: Iterable[str], sums: Mapping[str, str]) -> list[str]:
    """Return the names under which files are put: those that the text lists, where it does."""
    return [find_listed(name, sums) or name for name in names]


def _filled(library: Library, taken: Taken, files: Mapping[str, bytes], source: EditionSource) -> Taken:
    """Put ``files`` into the store and complete ``taken``."""
    sums = taken.edition.advisory.sums if taken.edition.advisory is not None else {}
    for name in in_order(files):
        new = library.add_file(taken.edition, name, files[name], source)
        [listed] = _listed([name], sums)
        (taken.files if new else taken.known).append(listed)
        if sums and check_file(name, files[name], sums) is ChecksumState.WRONG:
            taken.wrong.append(listed)
    edition = Edition(library.store, taken.edition.number, taken.edition.name, taken.edition.version, half=True)
    taken.edition = edition
    there = set(edition.paths)
    taken.missing = in_order(name for name in sums if is_patch_name(name) and name not in there)
    before = [other for other in library.editions(edition.number) if 0 < other.version < edition.version]
    if before and edition.version:
        taken.before = before[-1]
        taken.since = difference(before[-1].sums(), edition.sums())
    return taken
