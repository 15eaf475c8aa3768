"""git xsa-resolve: adapt by hand the patches that don't go on a base, and have them in its queue from then on."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.cli import clock, problems, remarks
from git_xsa.cli.arguments import json_option, question_options

if TYPE_CHECKING:
    from git_xsa.ask.session import Session
    from git_xsa.export.resolve import Resolver, TaskState
    from git_xsa.export.task import Task, Tasks


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-resolve",
        usage="git xsa-resolve --onto <base> [--base-patches <package>]... [--tip <ref>] [--xsa <n>[,<n>]...]\n"
        "                       [--no-symbols] [--json]\n"
        "   or: git xsa-resolve (--continue | --skip | --abort | --status) [--onto <base>] [--json]\n"
        "   or: git xsa-resolve (--list | --forget <name>) [--json]",
        description="Adapt by hand the patches that do not apply to a base.",
    )
    question_options(made)
    made.add_argument("--no-symbols", action="store_true", help="leave out commits that only supply names in the code")
    doing = made.add_mutually_exclusive_group()
    doing.add_argument(
        "--continue",
        dest="action",
        action="store_const",
        const="continue",
        help="take the work tree as the adapted patch, and continue",
    )
    doing.add_argument(
        "--skip", dest="action", action="store_const", const="skip", help="leave out the advisory, and continue"
    )
    doing.add_argument("--abort", dest="action", action="store_const", const="abort", help="remove the work tree")
    doing.add_argument(
        "--status", dest="action", action="store_const", const="status", help="show what is in conflict, and where"
    )
    doing.add_argument("--list", dest="action", action="store_const", const="list", help="list the adapted patches")
    doing.add_argument("--forget", metavar="<name>", help="delete an adapted patch")
    json_option(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Do what the options ask for and return the exit status: 0 nothing is in conflict any more, 1 a conflict is for a
    person to resolve."""
    os.umask(0o077)  # whatever git writes there is for the user alone
    if options.action is None and options.forget is None:
        return _start(options)
    if options.xsa or options.tip or options.no_symbols or (options.base_patches and not options.onto):
        raise problems.only_with_onto()
    tasks = _tasks()
    if options.action == "list" or options.forget is not None:
        return _kept(tasks, options)
    return _go_on(tasks, options)


def _tasks() -> Tasks:
    """Return the tasks in the store that the configuration names, in a repository or outside of one."""
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - not for -h
    from git_xsa.export.task import Tasks  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.run import Git  # noqa: PLC0415

    with Git() as git:
        return Tasks(open_store(read_settings(git)))


def _resolver(tasks: Tasks) -> Resolver:
    from git_xsa.export.resolve import Resolver  # noqa: PLC0415 - as above

    return Resolver(tasks, _open, clock.now())


def _open(folder: Path, symbols: bool) -> Session:
    from git_xsa.ask.session import Session  # noqa: PLC0415 - as above

    return Session(folder, symbols=symbols, now=clock.now())


def _start(options: argparse.Namespace) -> int:
    from git_xsa.advisory.store_place import open_store  # noqa: PLC0415 - as above
    from git_xsa.export.task import Task, Tasks  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.repository import Repository  # noqa: PLC0415

    if not options.onto:
        raise problems.no_base()
    with Repository() as repository:
        folder, tasks = repository.folder, Tasks(open_store(read_settings(repository.git)))
    base, packages = _lasting(options.onto), tuple(map(_lasting, options.base_patches))
    task = Task(
        tasks.name_for(folder, base, packages), str(folder), base, packages, options.tip or "",
        tuple(sorted(set(options.xsa))), not options.no_symbols,
    )  # fmt: skip
    return _say(_resolver(tasks).start(task), options)


def _lasting(name: str) -> str:
    """Return a name that means the same in every folder: of what is there as a file or a folder the whole path."""
    return os.path.abspath(name) if os.path.exists(name) else name


def _go_on(tasks: Tasks, options: argparse.Namespace) -> int:
    """Do the action that the options name with the task they mean."""
    task = _meant(tasks, options)
    resolver = _resolver(tasks)
    if options.action == "continue":
        return _say(resolver.proceed(task), options)
    if options.action == "skip":
        return _say(resolver.skip(task), options)
    if options.action == "status":
        return _say(resolver.status(task), options)
    resolver.abort(task)
    from git_xsa.report import aside  # noqa: PLC0415

    aside.note(remarks.work_tree_removed(task.title))
    return 0


def _meant(tasks: Tasks, options: argparse.Namespace) -> Task:
    """Return the task whose work tree the user stands in, or the one for the base that is given, or the only one."""
    names = tasks.names()
    here = Path.cwd().resolve()
    inside = [name for name in names if tasks.tree(name).resolve() in (here, *here.parents)]
    found = [task for name in inside or names if (task := tasks.read(name)) is not None]
    if options.onto:
        found = [task for task in found if task.base == _lasting(options.onto)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise problems.nothing_to_resolve()
    bases = ", ".join(task.base for task in found)
    raise problems.several_bases(bases)


def _say(standing: TaskState, options: argparse.Namespace) -> int:
    """Print where a task stands, and return the exit status."""
    from git_xsa.documents import dumps  # noqa: PLC0415 - as above
    from git_xsa.report.resolving import print_standing, standing_document  # noqa: PLC0415

    if options.json:
        print(dumps(standing_document(standing)))
    else:
        print_standing(standing)
    return int(standing.task is not None or bool(standing.out or standing.skipped))


def _kept(tasks: Tasks, options: argparse.Namespace) -> int:
    """List the adapted patches, or drop one; return the exit status: 1 when one in the list is damaged."""
    from git_xsa.advisory.adaptations import Adaptations  # noqa: PLC0415 - as above
    from git_xsa.documents import dumps  # noqa: PLC0415
    from git_xsa.report import aside  # noqa: PLC0415
    from git_xsa.report.resolving import kept_document, print_kept  # noqa: PLC0415

    kept = Adaptations(tasks.store)
    if options.forget is not None and not kept.remove(options.forget):
        raise problems.no_adapted_patch(options.forget)
    found, damaged = kept.sorted_out() if options.json or options.forget is None else ((), {})
    if options.json:
        print(dumps(kept_document(found, damaged, tasks.store.folder)))
    elif options.forget is None:
        print_kept(found)
    for error in damaged.values():
        aside.problem(error)
    return int(bool(damaged) and options.forget is None)
