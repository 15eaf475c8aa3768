"""git-xsa-hook: what the scripts in ``hooks/`` call once they have seen that something may concern them.

It is no command for people, and so it is listed nowhere.  Each hook is a module of its own, whose ``run`` is given the
words and the standard input that git gave the hook, and returns the hook's exit status: 0 lets git go on.  It prints
to standard error alone.  What goes wrong ends like in every command, with 128, and so refuses what git asks about.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

#: Name of each hook -> its module in ``git_xsa.cli``.
HOOKS = {
    "post-tag": "hook_post_tag",
    "pre-push": "hook_pre_push",
    "pre-receive": "hook_receive",
    "update": "hook_receive",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of this command's line."""
    made = argparse.ArgumentParser(prog="git xsa-hook", description="Run a git hook.")
    made.add_argument("name", metavar="<hook>", choices=HOOKS, help=f"one of {', '.join(HOOKS)}")
    made.add_argument("words", metavar="<word>", nargs=argparse.REMAINDER, help="the arguments from git")
    return made


def run(options: argparse.Namespace) -> int:
    """Do what the hook is for, and return its exit status."""
    status: int = import_module(f"git_xsa.cli.{HOOKS[options.name]}").run(options.words, sys.stdin.buffer)
    return status
