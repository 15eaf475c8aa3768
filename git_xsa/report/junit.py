"""JUnit's XML, which CI servers show: the documents of all commands are made here.

What is wrong is a failure, what could not be judged is skipped with its reason, and what broke is an error: none of
these ever counts as passed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from git_xsa.git.whole import replace_file, sweep, umask
from git_xsa.report import problems
from git_xsa.report.plain import printable

#: How a test case can end, besides well, by what JUnit calls it.
FAILURE, SKIPPED, ERROR = "failure", "skipped", "error"
_RESULTS = {FAILURE: Failure, SKIPPED: Skipped, ERROR: Error}


class Case(NamedTuple):
    """A test case: what was tested, where, and how it ended.

    ``ending`` is empty if it passed.  ``kind`` is the word for a failure, ``told`` the sentence on how it ended, and
    ``output`` what else there is to know.
    """

    name: str
    place: str
    ending: str = ""
    kind: str = ""
    told: str = ""
    seconds: float | None = None
    output: str = ""


def junit(name: str, suites: Mapping[str, Iterable[Case]]) -> bytes:
    """Return the document ``name`` with the cases of ``suites``."""
    document = JUnitXml(name)
    for title, cases in suites.items():
        suite = TestSuite(_plain(title))
        for case in cases:
            suite.add_testcase(_case(case))
        document.add_testsuite(suite)
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text


def _case(case: Case) -> TestCase:
    made = TestCase(_plain(case.name), _plain(case.place), case.seconds)
    if case.ending:
        made.result = [_RESULTS[case.ending](_plain(case.told), _plain(case.kind) or None)]
    if case.output:
        made.system_out = printable(case.output).encode("utf-8", "replace").decode()
    return made


def _plain(text: str) -> str:
    """Return ``text`` without what XML can't hold."""
    return printable(text, one_line=True).encode("utf-8", "replace").decode()


def check_place(target: Path) -> None:
    """Raise ``XsaError`` when no file can be written at ``target``: before the work, not after it."""
    if not target.resolve().parent.is_dir():
        raise problems.no_folder(target.parent)
    if target.is_dir():
        raise problems.is_a_folder(target)


def write_result(target: Path, document: bytes, private: bool) -> None:
    """Write ``document`` to ``target``, which is the old file until it is the new one; only the user can read it if it
    is ``private``."""
    place = target.resolve()
    if (target.exists() and not target.is_file()) or not os.access(place.parent, os.W_OK):
        with open(target, "wb") as file:  # a pipe or a terminal; or there can be no other file beside it
            if private:
                os.fchmod(file.fileno(), 0o600)
            file.write(document)
        return
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o666 & ~umask()
    sweep(place.parent, re.compile(rf"\.{re.escape(place.name)}\.git-xsa-\d+"))
    replace_file(place, f".{place.name}.git-xsa-{os.getpid()}", document, 0o600 if private else mode)


def read_junit(content: bytes) -> list[Case]:
    """Return the test cases of a document that ``junit`` has written; ``DocumentError`` when it is none."""
    if b"<!" in content:  # JUnit has no document type: one could only be there for its entities
        raise problems.junit_with_entities()
    try:
        document = JUnitXml.fromstring(content)
        found = [_read(case) for suite in document for case in suite]
    except Exception as error:  # the parser in use raises its own kinds, which differ
        raise problems.not_junit() from error
    if not found:
        raise problems.no_test_case()
    return found


def _read(case: TestCase) -> Case:
    ending, kind, told = "", "", ""
    for result in case.result:
        name = {form: name for name, form in _RESULTS.items()}.get(type(result), FAILURE)
        if not ending or name != SKIPPED:
            ending, kind, told = name, result.type or "", result.message or ""
    return Case(str(case.name), str(case.classname), ending, kind, told, case.time, case.system_out or "")
