"""What is wrong with a file of results, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from pathlib import Path

from git_xsa.documents import DocumentError
from git_xsa.errors import XsaError, problem

# junit


@problem
def no_folder(folder: Path) -> XsaError:
    return XsaError(f"{folder} is no folder", "make it, or choose another: --junit <file>")


@problem
def is_a_folder(target: Path) -> XsaError:
    return XsaError(f"{target} is a folder", "name a file: --junit <file>")


def not_junit() -> DocumentError:
    return DocumentError("it is not JUnit XML")


def junit_with_entities() -> DocumentError:
    return DocumentError("it is not JUnit XML: it declares a document type or entities")


def no_test_case() -> DocumentError:
    return DocumentError("it has no test case")
