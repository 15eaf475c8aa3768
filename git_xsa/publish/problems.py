"""What is wrong with a report, in words: each function returns an error made of its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_xsa.errors import UsageError, XsaError, problem
from git_xsa.model.words import advisory_names


@problem
def under_embargo(numbers: tuple[int, ...]) -> XsaError:
    are = "is" if len(numbers) == 1 else "are"
    return XsaError(
        f"{advisory_names(numbers)} {are} under embargo, or nothing says that the advisory is public",
        "--embargoed includes it: then only you can read the files",
    )


@problem
def leads_to_embargo(base: str) -> XsaError:
    return XsaError(
        f"the answer about {base} has patches or commits that are under embargo",
        "run it in a clone of the public branches, or include what is under embargo: --embargoed",
    )


@problem
def shallow_history() -> XsaError:
    return XsaError(
        "this clone is shallow: which commits introduced and fixed an advisory can't be found in it",
        "get the whole history: git fetch --unshallow",
    )


@problem
def list_too_large(place: Path, megabytes: int) -> XsaError:
    return XsaError(f"{place} is no list of compiled files: it has more than {megabytes} MB")


@problem
def unreadable_list(place: Path, why: str | None) -> XsaError:
    return XsaError(f"the list of compiled files {place} can't be read: {why}")


@problem
def no_compiled_list(place: Path) -> XsaError:
    return XsaError(
        f"{place} is no list of compiled files",
        "give a compile_commands.json, what git xsa-test --json prints, or a text with a path a line",
    )


@problem
def list_of_another_base(place: Path) -> XsaError:
    return XsaError(
        f"{place} is of builds of another base", "give git xsa-test the same --onto and --base-patches as this command"
    )


@problem
def list_of_another_tree() -> XsaError:
    return XsaError(
        "none of the compiled files is a file of this tree",
        "list them by their paths in the tree, or by absolute paths that end with these",
    )


@problem
def no_purl(given: str) -> UsageError:
    return UsageError(
        f"--product {given!r} is no package URL",
        "write it as pkg:<type>/<namespace>/<name>@<version>: pkg:deb/debian/xen@4.17.5-1",
    )


@problem
def no_cpe(given: str) -> UsageError:
    return UsageError(
        f"--cpe {given!r} is no CPE 2.3 name",
        "it has eleven parts after cpe:2.3: cpe:2.3:o:xen:xen:4.17.5:*:*:*:*:*:*:*",
    )


@problem
def private_queue(folder: Path) -> XsaError:
    return XsaError(
        f"only you can read the queue in {folder}: it may be under embargo",
        "include what is under embargo with --embargoed, or make the folder readable if it is public: chmod -R go+rX",
    )


@problem
def no_publisher(form: str) -> XsaError:
    return XsaError(
        f"a document in the format {form} names an address of its publisher",
        "give it with --namespace, or set it: git config xsa.vex.namespace https://example.org",
    )


@problem
def no_epoch(value: str) -> UsageError:
    return UsageError(
        f"SOURCE_DATE_EPOCH={value!r} is no number of seconds since 1970", "unset it, or set it to such a number"
    )


@problem
def embargoed_proof(folder: Path) -> XsaError:
    return XsaError(
        f"{folder} has a proof of something that is under embargo",
        "leave it out, or include what is under embargo: --embargoed",
    )


@problem
def would_tell(number: int) -> XsaError:
    return XsaError(
        f"the report would tell something of XSA-{number}, which is under embargo",
        "run it in a clone of the public branches, or include what is under embargo: --embargoed",
    )


@problem
def no_such_batch(wanted: str, days: Sequence[str]) -> XsaError:
    what = f"no advisory of these releases was first fixed on {wanted}" if wanted else "no advisory was fixed yet"
    return XsaError(what, f"the newest such days: {', '.join(days[:4])}" if days else "")
