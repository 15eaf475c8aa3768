"""git xsa-import: take advisories and their patches into the store."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from git_xsa.advisory import remarks as advisory_remarks
from git_xsa.advisory.contents import read_source
from git_xsa.advisory.editions import EditionSource, Library
from git_xsa.advisory.file_names import is_patch_name
from git_xsa.advisory.import_ import Result, take
from git_xsa.advisory.problems import StoreError
from git_xsa.advisory.store import Store
from git_xsa.advisory.store_place import open_store
from git_xsa.ask.remarks import other_checksum
from git_xsa.cli import clock, embargo, remarks
from git_xsa.cli.arguments import instant
from git_xsa.cli.who import user
from git_xsa.embargo.published import published
from git_xsa.git.config import Settings, read_settings
from git_xsa.git.run import Git
from git_xsa.model.instant import Instant, rfc3339, spelled
from git_xsa.report import aside


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-import",
        usage="git xsa-import [--embargoed-until <instant>] <path>...",
        description="Import advisories and their patches into the store: mails, mailboxes, folders, tarballs, patches.",
    )
    made.add_argument(
        "--embargoed-until",
        metavar="<instant>",
        type=instant,
        help="when the embargo lifts (default: what the text says)",
    )
    made.add_argument("paths", nargs="+", metavar="<path>", help="a mail, a mailbox, a folder, a tarball or a patch")
    return made


def run(options: argparse.Namespace) -> int:
    """Take in what the options name; return 0 when all of it was taken as it should be, 1 when something was not."""
    from git_xsa.report.style import lines  # noqa: PLC0415 - what is refused is refused without it
    from git_xsa.report.taken import print_taken  # noqa: PLC0415

    with Git() as git:
        settings = read_settings(git)
        library = Library(open_store(settings), settings.trusted_keys)
        sources = [(path, read_source(Path(path))) for path in options.paths]
        items = [item for _, found in sources for item in found]
        words = ", ".join(os.path.abspath(path) for path, _ in sources)
        source = EditionSource(words, datetime.now(timezone.utc))
        result = take(library, items, source, settings.trusted_keys, settings.require_signature)
        print_taken(lines(git, sys.stdout.isatty()), result)
        sys.stdout.flush()  # what was taken is said before what is wrong with it, into one pipe, too
        good = _complain(result)
        _name_other_trees(result, git, settings)
        _offer(result, options.embargoed_until, library.store, git, settings)
        from git_xsa.embargo.settled import after_change  # noqa: PLC0415 - the parser goes without its libraries

        after_change(library.store, git, settings)
    return 0 if good else 1


def _offer(result: Result, until: Instant | None, store: Store, git: Git, settings: Settings) -> None:
    """Offer to write those that are under embargo into the ledger: ask on a terminal, else say how.

    Those that are in it get their fixes.
    """
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415
    from git_xsa.embargo.recorded import write_fixes  # noqa: PLC0415
    from git_xsa.embargo.secrecy import Secrecy  # noqa: PLC0415
    from git_xsa.report.embargoes import note_fixes  # noqa: PLC0415

    try:
        ledger = EmbargoLedger(store)
        taken = [one.edition.number for one in result.taken]
        changed = write_fixes(ledger, taken, store, git, settings, user(git), clock.now())
        note_fixes(changed, (store.folder / ".git").exists())
    except StoreError as error:
        aside.warning(error.what)
        return
    secrecy = Secrecy(Library(store), ledger.ledger, clock.now())
    found = secrecy.unlisted([one.edition for one in result.taken], until)
    known = published(git, settings, {secret.xsa for secret in found if secret.until is None})
    found = [secret for secret in found if secret.until is not None or secret.xsa not in known]
    for end in sorted({secret.until for secret in found}, key=lambda end: end or 0):
        numbers = [secret.xsa for secret in found if secret.until == end]
        if end is None:
            aside.warning(remarks.perhaps_embargoed(numbers))
        elif sys.stdin.isatty() and sys.stderr.isatty():
            aside.plain(remarks.embargoed_until(numbers, spelled(end)))
            print(remarks.whether_to_add(), end="", file=sys.stderr)
            sys.stderr.flush()
            if sys.stdin.readline().strip().lower() in ("y", "yes"):
                words = ["add", *map(str, numbers), "--until", rfc3339(end)]
                embargo.run(embargo.parser().parse_args(words))
                continue
        aside.hint(remarks.how_to_add(numbers, rfc3339(end) if end is not None else "<instant>"))
        if end is None:
            aside.hint(remarks.fetch_if_public())


def _name_other_trees(result: Result, git: Git, settings: Settings) -> None:
    """Say which of the patches are for another tree than this repository's, where it has a stable branch."""
    if not git.in_repository():
        return
    from git_xsa.advisory.other_trees import Trees  # noqa: PLC0415
    from git_xsa.advisory.problems import PatchError  # noqa: PLC0415 - not outside of a repository
    from git_xsa.git.branches import Branches  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415

    with Repository() as repository:
        tips = [branch.tip for branch in Branches(repository, settings).stable]
        trees = Trees(repository, tips)
        for one in result.taken if tips else ():
            try:
                _, others = trees.sort_out(one.edition.patches_at(filter(is_patch_name, one.files)))
            except PatchError:  # said already
                continue
            for other in others:
                aside.note(remarks.not_judged(other.tree, other.file))


def _complain(result: Result) -> bool:
    """Say on standard error what was not taken or is wrong; return whether nothing was."""
    for name, reason in result.left:
        aside.warning(advisory_remarks.left_out(name, reason))
    for words in result.doubts:
        aside.warning(words)
    for name, other in result.same:
        aside.note(remarks.same_file(name, other))
    for one in result.taken:
        for name in one.wrong:
            aside.warning(other_checksum(name, one.edition.title))
    if not result.taken and not result.listed:
        aside.error(remarks.nothing_found())
        return False
    return result.good
