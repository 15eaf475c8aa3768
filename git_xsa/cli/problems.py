"""What is wrong with a command line, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from git_xsa.errors import UsageError, XsaError, problem

# arguments


def not_an_advisory(word: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{word!r} is not an advisory number (499 or XSA-499)")


def no_xsa_0() -> ArgumentTypeError:
    return ArgumentTypeError("there is no XSA-0: advisory numbers start at 1")


def not_a_length_of_time(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a time (90, 90s, 30m or 2h)")


def not_a_number_of_jobs(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a number of jobs")


def not_a_time(text: str, why: ValueError) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a valid time: {why}")


@problem
def place_without_package() -> UsageError:
    return UsageError("--place is a place among a package's patches", "name the package: --base-patches <package>")


@problem
def inside_repository(target: Path, repository: Path, hint: str = "choose another place") -> XsaError:
    return XsaError(f"{target} is inside the repository {repository}", hint)


def output_inside_repository(target: Path, repository: Path) -> XsaError:
    return inside_repository(target, repository, "choose another: -o <folder>")


@problem
def exclusive(first: str, second: str) -> UsageError:
    return UsageError(f"{first} and {second} cannot be combined", "give one of them")


@problem
def empty_build() -> UsageError:
    return UsageError("the command after --build is empty", "such as: --build 'make -C xen'")


@problem
def no_build_in_a_hook() -> UsageError:
    return UsageError("nothing is built in a hook", "run the command by hand")


@problem
def options_require_a_build() -> UsageError:
    return UsageError(
        "--build-timeout, --jobs, --quick and --rebuild require a build",
        "give the command: --build <command>, or git config xsa.build <command>",
    )


# ci


@problem
def embargoed_needs_queues() -> UsageError:
    return UsageError(
        "--embargoed needs queues, because jobs have no store",
        "write pipeline and queues into a folder: -o <folder>, and commit that to the private project",
    )


@problem
def folder_needs_gitlab() -> UsageError:
    return UsageError("-o writes a pipeline of GitLab", "leave out -o: a matrix is one line on standard output")


@problem
def full_needs_gitlab() -> UsageError:
    return UsageError("--full starts a pipeline of GitLab", "leave out --full")


@problem
def base_patches_need_a_base() -> UsageError:
    return UsageError("--base-patches needs a base", "give the package's release: --onto RELEASE-4.17.3")


# report


def not_a_past(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a day (2024-11-30) or a time ('2 years')")


def not_a_day(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a day (2026-07-28)")


@problem
def form_needs_a_folder(form: str) -> UsageError:
    return UsageError(f"--format {form} writes a folder", "name it: -o <folder>")


@problem
def not_for_this_format(option: str, form: str) -> UsageError:
    return UsageError(f"{option} has no meaning for --format {form}", "leave it out, or choose another format")


@problem
def vex_of_one_base(form: str) -> UsageError:
    return UsageError(f"--format {form} is about one product", "name what it is made from: --onto <base>, once")


@problem
def several_records(form: str, count: int) -> UsageError:
    return UsageError(f"--format {form} makes {count} files here", "name a folder for them: -o <folder>")


# embargo


@problem
def two_texts_from_input() -> UsageError:
    return UsageError(
        "--note and --reason cannot both be read from standard input", "give one of them on the command line"
    )


@problem
def no_duration(since: str, until: str) -> UsageError:
    return UsageError(f"an embargo from {since} until {until} would have no duration", "--until must be after --since")


@problem
def in_the_ledger_already(number: int) -> UsageError:
    return UsageError(
        f"XSA-{number} is in the ledger already", "use git xsa-embargo extend, lift or remove to change it"
    )


@problem
def not_in_the_ledger(number: int) -> UsageError:
    return UsageError(f"XSA-{number} is not in the ledger", "git xsa-embargo list shows the ledger")


@problem
def embargo_ended(number: int, ends: str) -> UsageError:
    return UsageError(f"the embargo of XSA-{number} ended at {ends}")


@problem
def embargo_was_lifted(number: int, lifted: str) -> UsageError:
    return UsageError(
        f"the embargo of XSA-{number} was lifted at {lifted}", "if that was a mistake, remove it and add it again"
    )


@problem
def lasts_already(number: int, until: str) -> UsageError:
    return UsageError(
        f"the embargo of XSA-{number} lasts until {until} already", "use git xsa-embargo lift to end it earlier"
    )


@problem
def in_the_past(until: str, now: str, form: str) -> UsageError:
    return UsageError(f"{until} is in the past: it is {now}", f"--until accepts {form}")


# export


def not_a_patch_number(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a number from 0 to 999999")


def not_a_prefix(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} has characters other than letters, digits and ._+-, or more than 60")


def not_a_package_version(text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not a package version")


@problem
def branch_needs_a_commit(base: str) -> UsageError:
    return UsageError(
        "a branch needs a commit as its base, and this base is not a commit",
        f"commit it on {base} first, or choose another format",
    )


@problem
def nothing_to_put_into() -> UsageError:
    return UsageError("--drop-merged and --dry-run are about a package", "name it: --into <package>")


@problem
def no_base() -> UsageError:
    return UsageError("no base was given", "give the base of the patches: --onto RELEASE-4.17.3")


@problem
def one_kind_of_request(command: str, words: Sequence[str] = ()) -> UsageError:
    numbers = any(word.isdecimal() for word in words)
    hint = ("put commas between advisories (--xsa 9002,9003); " if numbers else "") + f"see git help {command}"
    return UsageError("give either advisories (--xsa), or commits, or patch files", hint)


@problem
def request_is_in_the_folder() -> UsageError:
    return UsageError("--verify reads the request from the folder", "see git help xsa-export")


@problem
def keep_going_needs_advisories() -> UsageError:
    return UsageError(
        "--keep-going leaves out advisories", "it cannot be combined with commits, patch files or --verify"
    )


@problem
def proof_needs_a_folder() -> UsageError:
    return UsageError("--proof applies only to an exported folder", "leave it out")


@problem
def verify_builds_nothing() -> UsageError:
    return UsageError("--verify builds nothing", "leave out --build")


@problem
def into_reads_the_package() -> UsageError:
    return UsageError(
        "--into reads the base from the package, and changes the package in place",
        "leave out --verify, --output, --base-patches and --force",
    )


@problem
def embargoed_branch(what: str) -> UsageError:
    return UsageError(
        f"{what} may be under embargo, and a branch is easily pushed",
        "give --embargoed twice to put them into a branch anyway",
    )


@problem
def nothing_written(why: str, hint: str) -> XsaError:
    return XsaError(f"nothing is written: {why}", hint)


# export_into


@problem
def other_format(place: Path, found: str, wanted: str) -> UsageError:
    return UsageError(f"{place} is a package of the format {found}, not {wanted}", "leave out --format")


@problem
def neither_export_nor_package(place: Path, manifest: str, hint: str) -> XsaError:
    return XsaError(
        f"{place} has no {manifest} of git xsa-export, and is not a package that can be edited",
        f"give an exported folder, or a package: {hint}",
    )


@problem
def no_writer() -> XsaError:
    return XsaError("nothing says who writes the changelog", "git config user.name, and user.email")


@problem
def writer_is_no_line() -> XsaError:
    return XsaError("the name for the changelog is no line of plain text", "git config user.name")


@problem
def embargoed_package() -> UsageError:
    return UsageError(
        "the patches may be under embargo, and a package is easily pushed",
        "give --embargoed twice if they are to go into it all the same: only you will be able to read the files",
    )


# fetch


@problem
def not_a_web_server(url: str) -> UsageError:
    return UsageError(f"{url!r} is not the address of a web server", "the address must begin with https://")


# hook_pre_push


@problem
def invalid_line_of_pre_push(line: str) -> XsaError:
    return XsaError(f"git gave the hook pre-push an invalid line: {line!r}", "see githooks(5)")


# hook_receive


@problem
def invalid_line(line: str) -> XsaError:
    return XsaError(f"git gave the hook an invalid line: {line!r}", "see githooks(5)")


# hooks


@problem
def no_hook_program() -> XsaError:
    return XsaError("git-xsa-hook is not on PATH, so the hooks would not find it", "run install.sh to install it")


@problem
def shared_hooks(folder: Path, setting: str) -> XsaError:
    return XsaError(
        f"the hooks in {folder} also run in other repositories: {setting} names that folder",
        "give this repository its own folder: git config core.hooksPath <folder>",
    )


# prereqs


@problem
def stdin_has_the_requests() -> UsageError:
    return UsageError("--stdin reads the base and the commits from its input", "see git help xsa-prereqs")


@problem
def stdin_builds_nothing() -> UsageError:
    return UsageError("--stdin cannot be combined with a build", "use --onto for one base")


@problem
def compare_needs_no_base() -> UsageError:
    return UsageError("--compare needs no base", "leave out the other options")


@problem
def picks_alone() -> UsageError:
    return UsageError("--picks cannot be combined with other questions", "leave out the other options")


@problem
def json_has_reasons() -> UsageError:
    return UsageError("--json includes the reasons", "leave out --why and --graph")


@problem
def no_commit_follows(base: str) -> UsageError:
    return UsageError(f"{base} is not followed by a commit", "a request is: <base> <commit>...")


# release


@problem
def mode_without_version(mode: str, version: str) -> UsageError:
    return UsageError(f"{mode} accepts no version", f"leave out {version}")


@problem
def no_version() -> UsageError:
    return UsageError("no version was given", "git xsa-release 4.21.2, or --all for every branch that has one due")


@problem
def push_excluded(mode: str) -> UsageError:
    return UsageError(f"--push and {mode} cannot be combined", "leave out --push")


@problem
def background_needs_a_tag() -> UsageError:
    return UsageError("--background requires --from-tag")


@problem
def build_needs_a_command() -> UsageError:
    return UsageError(
        "--build needs a command, and cannot be combined with --no-build", "such as: --build 'make -C xen'"
    )


@problem
def release_finished(version: str) -> UsageError:
    return UsageError(f"{version} is finished", f"run git xsa-release --continue {version} --push to push it")


@problem
def release_unfinished(version: str) -> UsageError:
    return UsageError(
        f"{version} was started and not finished",
        f"git xsa-release --continue {version} resumes it, --abandon {version} undoes it",
    )


@problem
def undone_meanwhile(version: str) -> UsageError:
    return UsageError(f"{version} was undone meanwhile", "git tag lists the tags")


@problem
def made_by_hand(tag: str) -> UsageError:
    return UsageError(f"{tag} was made by hand; --push applies only to releases made here", "use git push")


@problem
def no_remote(version: str, hint: str) -> XsaError:
    return XsaError(f"there is no remote to push {version} to", hint)


@problem
def nothing_unfinished() -> UsageError:
    return UsageError("there is no unfinished release here", "to push a finished release, give its version")


@problem
def several_unfinished(versions: str) -> UsageError:
    return UsageError(f"several releases are unfinished: {versions}", "select one: --abandon <version>")


@problem
def not_started(version: str) -> UsageError:
    return UsageError(f"release {version} was not started here", f"to start it: git xsa-release {version}")


# resolve


@problem
def only_with_onto() -> UsageError:
    return UsageError("this option can be combined only with --onto", "see git help xsa-resolve")


@problem
def nothing_to_resolve() -> XsaError:
    return XsaError("no conflict is being resolved", "start with git xsa-resolve --onto <base>")


@problem
def several_bases(bases: str) -> UsageError:
    return UsageError(f"conflicts on several bases are being resolved: {bases}", "select one: --onto <base>")


@problem
def no_adapted_patch(name: str) -> XsaError:
    return XsaError(f"there is no adapted patch {name!r}", "git xsa-resolve --list lists them")


# stats


@problem
def reissues_alone() -> UsageError:
    return UsageError("--reissues cannot be combined with --branch or --quick", "leave out --branch and --quick")


@problem
def no_text(place: str) -> XsaError:
    return XsaError(f"there is no advisory text in {place}", "run git xsa-fetch to fetch the public ones")


# test


@problem
def queue_reads_the_folder() -> UsageError:
    return UsageError("--queue reads its patches from the folder", "see git help xsa-test")


@problem
def each_alone() -> UsageError:
    return UsageError("--each cannot be combined with --every-commit, commits or patch files", "leave out one of them")


@problem
def empty_run() -> UsageError:
    return UsageError("the command after --run is empty", "such as: --run 'make -C tools/tests run'")
