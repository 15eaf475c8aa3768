"""The Xen Test Framework: its tests of advisories, and the example that any hypervisor has to run.

The clone's commit that HEAD names is built, in a throwaway tree and behind the walls of every build.  What a test needs
stands in its sources: the environments that it is built for, and whether it has the hypervisor emulate instructions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock

from git_xsa.git.repository import Repository
from git_xsa.git.trees import entries_of
from git_xsa.proof import problems, remarks
from git_xsa.proof.boards import Payload
from git_xsa.proof.build_command import BuildCommand
from git_xsa.proof.build_tree import BuildTree
from git_xsa.proof.known import Known, digest
from git_xsa.proof.outcomes import files_of

EXAMPLE = "example"
_MAKEFILE = re.compile(rb"tests/((?:xsa-[1-9][0-9]*(?:-[0-9]+)?)|example)/Makefile")
_IMAGE = re.compile(r"test-(pv64|pv32pae|hvm64|hvm32pae|hvm32pse|hvm32)-.*(?<!\.cfg)(?<!\.tmp)")
#: What a test has in its source that can do more, or anything, when instructions are emulated.
_FEP = re.compile(rb"\btest_needs_fep\s*=\s*true\b|\bxtf_has_fep\b")
#: A test whose image, as XTF's runner does it, wants a domain with more than the first domain has.
_EXTRA = re.compile(rb"^TEST-EXTRA-CFG\s*:?=", re.MULTILINE)


class Xtf:
    """The clone at ``place``; ``check`` raises when a build was ended from outside, and says nothing of the tests."""

    def __init__(self, place: Path, known: Known, check: Callable[[], None]) -> None:
        self._repository = Repository(place)
        self._known, self._check = known, check
        #: The images of the tests that are there.
        self._images: dict[str, list[Payload]] = {}
        #: Tests that did not build: what was missing may be there in the next run.
        self._broken: set[str] = set()
        self._lock = Lock()  # several cells ask, and one builds
        head = self._repository.resolve("HEAD")
        self.commit = head.id if head is not None else ""
        self._entries = entries_of(self._repository, head.id) if head is not None else {}
        found = (_MAKEFILE.fullmatch(path) for path in self._entries)
        self.tests = sorted(match[1].decode() for match in found if match is not None)
        if EXAMPLE not in self.tests:
            self.close()
            raise problems.no_clone_of_xtf(place)

    def close(self) -> None:
        """End git's processes."""
        self._repository.close()

    def tests_of(self, numbers: Iterable[int]) -> list[str]:
        """Return the tests of the advisories ``numbers``."""
        wanted = set(numbers)
        return [test for test in self.tests if test != EXAMPLE and _number(test) in wanted]

    def images(self, tests: Sequence[str], command: Callable[[str], BuildCommand]) -> dict[str, list[Payload]]:
        """Return the images of each of ``tests``, built if they are not known; none of one that does not build.

        ``command`` makes what runs a command for the shell.
        """
        with self._lock:
            unknown = [test for test in tests if test not in self._images and test not in self._broken]
            missing = [test for test in unknown if self._known.get(self._name(test)) is None]
            if missing:
                self._build(missing, command(_command(missing)))
            for test in unknown:
                if images := self._found(test):
                    self._images[test] = images
            return {test: self._images.get(test, []) for test in tests}

    def _name(self, test: str) -> str:
        tools = [str(path) for path in files_of(_command([test]))]
        return digest("xtf", self.commit, test, *tools)

    def _build(self, tests: Sequence[str], command: BuildCommand) -> None:
        with BuildTree() as tree:
            tree.show(self._entries, self._content)
            command.run(tree, tree.folder / "log")
            self._check()
            log = (tree.folder / "log").read_bytes()
            for test in tests:
                folder = tree.tree / "tests" / test
                found = sorted(folder.glob("test-*"))
                images = [path for path in found if _IMAGE.fullmatch(path.name) and path.is_file()]
                if not images:
                    self._broken.add(test)
                    continue
                self._known.put(
                    self._name(test),
                    {"images": [path.name for path in images]},
                    {"log": log, **{path.name: path.read_bytes() for path in images}},
                )

    def _content(self, path: bytes) -> bytes:
        return self._repository.contents([self._entries[path][1]])[self._entries[path][1]]

    def _found(self, test: str) -> list[Payload]:
        record = self._known.get(self._name(test))
        if record is None:
            return []
        fep = any(
            _FEP.search(self._content(path))
            for path in self._entries
            if path.startswith(f"tests/{test}/".encode()) and path.endswith(b".c")
        )
        more = _EXTRA.search(self._content(f"tests/{test}/Makefile".encode())) is not None
        found = []
        for name in map(str, record.facts["images"]):
            match, file = _IMAGE.fullmatch(name), record.file(name)
            if match is not None and file is not None:
                known = remarks.no_result_in_qemu(test, match[1], more)
                found.append(Payload(name, file, match[1], _number(test), fep, known))
        return found


def _command(tests: Sequence[str]) -> str:
    """Return what builds ``tests``; one that fails does not keep the others from being built."""
    return f'for test in {" ".join(tests)}; do make TESTS="$PWD/tests/$test"; done'


def _number(test: str) -> int | None:
    match = re.fullmatch(r"xsa-([0-9]+)(?:-[0-9]+)?", test)
    return int(match[1]) if match is not None else None
