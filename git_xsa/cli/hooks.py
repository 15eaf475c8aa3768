"""git xsa-hooks: put git-xsa's hooks into a repository, show which hooks are installed, and take them out again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from git_xsa.cli import problems, remarks
from git_xsa.release.settings import ReleaseSettings
from git_xsa.report import aside
from git_xsa.report.plain import printable
from git_xsa.wording import Remark


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(
        prog="git xsa-hooks",
        description="Install or uninstall the hooks of git-xsa in this repository, beside existing hooks.",
    )
    actions = made.add_subparsers(dest="action", metavar="<action>", required=True)
    for name, does in (
        ("install", "install the hooks in this repository"),
        ("status", "show which hooks are installed"),
        ("uninstall", "undo what install did"),
    ):
        action = actions.add_parser(name, help=does, description=f"{does.capitalize()}.")
        kinds = action.add_mutually_exclusive_group()
        kinds.add_argument("--server", action="store_true", help="use the hooks for a repository that is pushed to")
        if name == "install":
            kinds.add_argument(
                "--post-tag", action="store_true", help="have git start post-tag for new tags, which makes fetches slow"
            )
    return made


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns 0 when all is as asked for afterwards, else 1."""
    from git_xsa.embargo.installed_hooks import CLIENT, SERVER, TRANSACTION, HookFolder, HookState, find_place, program  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415 - not for the usage
    from git_xsa.git.run import Git  # noqa: PLC0415

    names: tuple[str, ...] = SERVER if options.server else CLIENT
    with Git() as git:
        place = find_place(git)
        follows = options.server or getattr(options, "post_tag", False) or read_settings(git).of(ReleaseSettings).on_tag
    if options.action == "install" and program() is None:
        raise problems.no_hook_program()
    if options.action == "install" and place.shared:
        raise problems.shared_hooks(place.folder, place.setting)
    hooks = HookFolder(place.folder, program() or "git-xsa-hook")
    _say(remarks.hooks_are_in(place.folder, place.setting))
    if not follows and options.action != "uninstall" and hooks.state(TRANSACTION) in (HookState.NONE, HookState.OTHER):
        names = tuple(name for name in names if name != TRANSACTION)
    if options.action == "status":
        states = [(name, hooks.state(name)) for name in names]
        for name, state in states:
            _say(remarks.said_of_the_hook(name, state.value))
        _say_what_is_left_out(names, options.server)
        return 0 if all(state.good for _, state in states) else 1
    changed = [name for name in names if hooks.state(name) is HookState.CHANGED]
    for name, words in hooks.install(names) if options.action == "install" else hooks.uninstall(names):
        _say(remarks.said_of_the_hook(name, words))
    if not options.server:
        _write_down_the_store(options.action == "install")
    if options.action == "install":
        _say_what_is_left_out(names, options.server)
    if options.action == "install" and place.tracked:
        aside.note(remarks.hooks_are_shown(place.folder))
    return 1 if changed else 0


def _write_down_the_store(there: bool) -> None:
    """Have the hooks know where the store is, or have the repository's configuration forget it."""
    from git_xsa.advisory.store_place import forget, found, write_down  # noqa: PLC0415
    from git_xsa.git.config import read_settings  # noqa: PLC0415
    from git_xsa.git.run import Git  # noqa: PLC0415

    with Git() as git:
        if not there:
            forget(git)
            return
        settings = read_settings(git)
        before, now = settings.hooks_store, found(settings)
        if before not in (None, now):
            aside.note(remarks.store_has_moved(now, before))
        write_down(git, settings)


def _say_what_is_left_out(names: Sequence[str], server: bool) -> None:
    from git_xsa.embargo.installed_hooks import TRANSACTION  # noqa: PLC0415

    if not server and TRANSACTION not in names:
        _say(remarks.hook_left_out(TRANSACTION))


def _say(line: Remark) -> None:
    print(printable(line, one_line=True))
