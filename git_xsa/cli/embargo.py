"""git xsa-embargo: keep the ledger of embargoes, which decides when the stable branches are frozen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import advisory_numbers, instant, json_option
from git_xsa.cli.who import user
from git_xsa.embargo.watched import hook_problem
from git_xsa.model.instant import FORM, spelled
from git_xsa.report import aside
from git_xsa.report.remarks import how_to_share

if TYPE_CHECKING:
    from git_xsa.advisory.store import Store
    from git_xsa.embargo.ledger import Decision, EmbargoLedger, LedgerEntry
    from git_xsa.embargo.rule import Rules
    from git_xsa.git.config import Settings
    from git_xsa.git.run import Git
    from git_xsa.model.instant import Instant

#: Stands for text that is read from standard input.
INPUT = "-"


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-embargo",
        description="Keep the ledger of embargoes, which decides when the stable branches are frozen.",
    )
    actions = made.add_subparsers(dest="action", metavar="<action>", required=True)
    add = _changing(actions, "add", "add an embargo")
    add.add_argument("--until", metavar="<instant>", type=instant, required=True, help="when it lifts")
    add.add_argument("--since", metavar="<instant>", type=instant, help="when it was predisclosed (default: now)")
    add.add_argument(
        "--note", metavar="<text>", default="", help="a note to keep with it; - reads it from standard input"
    )
    listing = actions.add_parser("list", help="print the ledger, and what is frozen", description="Print the ledger.")
    json_option(listing)
    _changing(actions, "lift", "end an embargo now")
    extend = _changing(actions, "extend", "move the end of an embargo to a later time")
    extend.add_argument("--until", metavar="<instant>", type=instant, required=True, help="the new end")
    _changing(actions, "remove", "remove an embargo that was added by mistake")
    sync = actions.add_parser(
        "sync",
        help="merge the decisions of others, and send them yours",
        description="Merge the decisions of others, and send them yours. The store must be a clone.",
    )
    sync.add_argument(
        "--take",
        choices=("mine", "theirs"),
        metavar="mine|theirs",
        help="which value to keep where you and others decided differently",
    )
    file = "print what a public server may know: which references are frozen, and when"
    actions.add_parser("freeze-file", help=file, description=f"{file.capitalize()}.")
    return made


def _changing(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str
) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=does, description=f"{does.capitalize()}.")
    made.add_argument("xsa", metavar="<n>", nargs="+", type=advisory_numbers, help="the advisories: 500 or XSA-500")
    made.add_argument(
        "--reason", metavar="<text>", default="", help="the reason, for the journal; - reads it from standard input"
    )
    return made


def run(options: argparse.Namespace) -> int:
    """Do what the options say, and return 0."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415 - not needed to print the usage
    from git_xsa.embargo.settings import freeze_rules  # noqa: PLC0415
    from git_xsa.embargo.settled import after_change  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.run import Git  # noqa: PLC0415
    from git_xsa.report import embargoes  # noqa: PLC0415

    now = clock.now()
    with Git() as git:
        settings = read_settings(git)
        store = open_store(settings)
        ledger = EmbargoLedger(store)
        rules = freeze_rules(settings)
        embargoes.warn_of_clock(ledger.ledger, now)
        if options.action == "list":
            problem = hook_problem(git, settings, now)
            aside.hook_missed(problem)
        if options.action == "list" and options.json:
            print(embargoes.document(ledger, rules, now, problem))
        elif options.action == "list":
            entries = [entry for _, entry in sorted(ledger.entries.items())]
            print(*embargoes.entry_lines(entries, now), *embargoes.freeze_lines(ledger.ledger, rules, now), sep="\n")
        elif options.action == "sync":
            status = _sync(options.take, store, rules, now)
            after_change(store, git, settings)
            return status
        elif options.action == "freeze-file":
            print(embargoes.freeze_file(ledger.ledger, rules, now))
        else:
            changed = _change(options, git, settings, ledger, store, now)
            after_change(store, git, settings)
            print(*changed, *embargoes.freeze_lines(ledger.ledger, rules, now), sep="\n")
            if (store.folder / ".git").exists():
                aside.note(how_to_share())
    return 0


def _sync(take: str | None, store: Store, rules: Rules, now: Instant) -> int:
    """Share the ledger; returns 0, or 1 when somebody has decided differently."""
    from git_xsa.embargo.ledger import EmbargoLedger  # noqa: PLC0415
    from git_xsa.embargo.merging import Take  # noqa: PLC0415
    from git_xsa.embargo.problems import Disagreement  # noqa: PLC0415
    from git_xsa.embargo.sharing import Sharing  # noqa: PLC0415
    from git_xsa.model.words import count  # noqa: PLC0415
    from git_xsa.report.embargoes import conflict_lines, freeze_lines  # noqa: PLC0415

    with Sharing(store) as sharing:
        try:
            shared = sharing.sync(Take(take) if take is not None else None)
        except Disagreement as error:
            print(*conflict_lines(error.conflicts), sep="\n")
            raise
    print(f"{shared.remote}: {count(shared.taken, 'decision')} received, {count(shared.sent, 'decision')} sent")
    print(*freeze_lines(EmbargoLedger(store).ledger, rules, now), sep="\n")
    return 0


def _change(
    options: argparse.Namespace, git: Git, settings: Settings, ledger: EmbargoLedger, store: Store, now: Instant
) -> list[str]:
    """Carry a decision out, for all advisories that are named or for none; returns what to say."""
    from git_xsa.embargo.ledger import Decision  # noqa: PLC0415
    from git_xsa.embargo.recorded import with_fixes  # noqa: PLC0415

    numbers = list(dict.fromkeys(number for found in options.xsa for number in found))
    note = getattr(options, "note", "")
    if note == INPUT and options.reason == INPUT:
        raise problems.two_texts_from_input()
    note, reason = _text(note), _text(options.reason)
    decision = Decision(now, user(git), options.action, reason)
    if options.action == "add":
        return _add(options, decision, git, settings, ledger, store, (numbers, note))
    with ledger.changing():
        entries = [_known(ledger, number) for number in numbers]
        if options.action == "remove":
            ledger.drop(decision, numbers)
            return [f"XSA-{number}: removed; the journal keeps it" for number in numbers]
        change = _extension(options.until, now) if options.action == "extend" else _lift(now)
        changed = with_fixes([change(entry) for entry in entries], store, git, settings, now)
        ledger.put(decision, changed)
    return _told(changed, now)


def _add(
    options: argparse.Namespace,
    decision: Decision,
    git: Git,
    settings: Settings,
    ledger: EmbargoLedger,
    store: Store,
    what: tuple[list[int], str],
) -> list[str]:
    from git_xsa.embargo.ledger import LedgerEntry  # noqa: PLC0415
    from git_xsa.embargo.recorded import with_fixes  # noqa: PLC0415
    from git_xsa.embargo.rule import Embargo  # noqa: PLC0415

    numbers, note = what
    since = options.since if options.since is not None else decision.time
    _still_to_come(options.until, decision.time)
    if options.until <= since:
        raise problems.no_duration(spelled(since), spelled(options.until))
    tips = _tips(git, settings)
    with ledger.changing():
        for number in numbers:
            if number in ledger.entries:
                raise problems.in_the_ledger_already(number)
        entries = [LedgerEntry(Embargo(number, since, options.until, tips=tips), note) for number in numbers]
        entries = with_fixes(entries, store, git, settings, decision.time)
        ledger.put(decision, entries)
    if not tips:
        aside.note(remarks.no_staging_branch())
        aside.hint(remarks.add_where_staging_is())
    return _told(entries, decision.time)


def _tips(git: Git, settings: Settings) -> dict[str, frozenset[str]]:
    """Return where the staging branches stand; nothing outside of a repository."""
    if not git.in_repository():
        return {}
    from git_xsa.embargo.staging import staging_tips  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415

    with Repository() as repository:
        return staging_tips(repository, settings)


def _known(ledger: EmbargoLedger, number: int) -> LedgerEntry:
    if number not in ledger.entries:
        raise problems.not_in_the_ledger(number)
    return ledger.entries[number]


def _lift(now: Instant) -> Callable[[LedgerEntry], LedgerEntry]:
    def change(entry: LedgerEntry) -> LedgerEntry:
        if entry.embargo.ends <= now:
            raise problems.embargo_ended(entry.embargo.xsa, spelled(entry.embargo.ends))
        return replace(entry, embargo=replace(entry.embargo, lifted=now))

    return change


def _extension(until: Instant, now: Instant) -> Callable[[LedgerEntry], LedgerEntry]:
    _still_to_come(until, now)

    def change(entry: LedgerEntry) -> LedgerEntry:
        embargo = entry.embargo
        if embargo.lifted is not None:
            raise problems.embargo_was_lifted(embargo.xsa, spelled(embargo.lifted))
        if until <= embargo.until:
            raise problems.lasts_already(embargo.xsa, spelled(embargo.until))
        return replace(entry, embargo=replace(embargo, until=until))

    return change


def _still_to_come(until: Instant, now: Instant) -> None:
    if until <= now:
        raise problems.in_the_past(spelled(until), spelled(now), FORM)


def _told(entries: list[LedgerEntry], now: Instant) -> list[str]:
    from git_xsa.report.embargoes import state  # noqa: PLC0415

    return [
        f"XSA-{entry.embargo.xsa}: {state(entry, now)}, "
        f"from {spelled(entry.embargo.since)} until {spelled(entry.embargo.ends)}"
        for entry in entries
    ]


def _text(text: str) -> str:
    """Return what was meant by an option's text, which may be standard input, as one that can be written as UTF-8."""
    if text == INPUT:
        text = sys.stdin.read().strip()
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
