"""git xsa-fetch: mirror the public advisories into the store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from git_xsa.cli import problems
from git_xsa.git.config import read_settings
from git_xsa.git.run import Git
from git_xsa.report import aside

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-fetch",
        usage="git xsa-fetch [<url>]",
        description="Mirror the public advisories and their patches into the store; only new data is fetched.",
    )
    made.add_argument("url", nargs="?", metavar="<url>", help="the address of the advisories (default: xsa.url)")
    return made


def run(options: argparse.Namespace) -> int:
    """Fetch and print what came; return 0, or 1 when something could not be had as it should be."""
    from git_xsa.advisory.editions import Library  # noqa: PLC0415
    from git_xsa.advisory.fetch import Fetcher  # noqa: PLC0415 - loads what only this command needs
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.advisory.web import Web  # noqa: PLC0415
    from git_xsa.report.fetched import print_fetched  # noqa: PLC0415
    from git_xsa.report.style import lines  # noqa: PLC0415

    with Git() as git:
        settings = read_settings(git)
        output = lines(git, sys.stdout.isatty())
    url = settings.url
    if options.url:
        if not options.url.startswith(("https://", "http://")):
            raise problems.not_a_web_server(options.url)
        url = options.url.rstrip("/") + "/"
    library = Library(open_store(settings), settings.trusted_keys)
    now = datetime.now(timezone.utc)
    web = Web(total=settings.fetch_time, slowest=settings.fetch_speed)
    try:
        fetcher = Fetcher(library, url, web, now, settings.trusted_keys, settings.require_signature)
        with ExitStack() as stack:
            summary = fetcher.run(_progress(stack))
    finally:
        web.close()
    _write_fixes([*summary.new, *summary.reissued], library.store)
    print_fetched(output, summary, web.received, bool(settings.trusted_keys))
    for problem in summary.problems:
        aside.warning(problem)
    return int(bool(summary.problems))


def _write_fixes(numbers: list[int], store: Store) -> None:
    """Have the ledger of embargoes know the fixes of those of the advisories ``numbers`` that it has."""
    from git_xsa.advisory.problems import StoreError  # noqa: PLC0415
    from git_xsa.cli import clock  # noqa: PLC0415
    from git_xsa.cli.who import user  # noqa: PLC0415
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415
    from git_xsa.embargo.recorded import write_fixes  # noqa: PLC0415
    from git_xsa.embargo.settled import after_change  # noqa: PLC0415
    from git_xsa.report.embargoes import note_fixes  # noqa: PLC0415

    try:
        with Git() as git:
            settings = read_settings(git)
            ledger = EmbargoLedger(store)
            changed = write_fixes(ledger, numbers, store, git, settings, user(git), clock.now())
            note_fixes(changed, (store.folder / ".git").exists())
            after_change(store, git, settings)
    except StoreError as error:
        aside.warning(error.what)


def _progress(stack: ExitStack) -> Callable[[int, int], None]:
    """Return what shows how far it has come: a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty() or aside.is_quiet():
        return lambda _done, _all: None
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.progress import Progress  # noqa: PLC0415

    bar = stack.enter_context(Progress(console=Console(file=sys.stderr), transient=True))
    task = bar.add_task("advisories", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
