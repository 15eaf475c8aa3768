"""``python3 -m git_xsa.demo [FOLDER]``: write the demonstration repository, run the main job on it and tell about it.

Exit status: 0 when everything went as the story says, 128 when a command, git or the folder did not, 129 for wrong
usage, 130 after Ctrl-C, 141 when nobody reads the output any more.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from git_xsa.errors import UsageError, XsaError
from git_xsa.report.plain import printable


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help shows the usage")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python3 -m git_xsa.demo",
        description="Write a miniature of xen.git, run git-xsa on it and tell what its answers mean.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="where to write the repository: a folder that is empty or does not exist (default: a new temporary one)",
    )
    return parser


def _demonstrate(folder: Path | None) -> None:
    # Imported late: --help and wrong usage need none of it.
    from git_xsa.demo.story import tell  # noqa: PLC0415 - 20 ms, and not for the usage
    from git_xsa.demo.write import write  # noqa: PLC0415 - as above

    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="git-xsa-demo-"))
    write(folder)
    tell(folder)


def main(words: list[str] | None = None) -> int:
    """Run the demonstration for the command line ``words``; return the exit status."""
    try:
        _demonstrate(_parser().parse_args(words).folder)
        return 0
    except XsaError as error:
        print(f"{'error' if isinstance(error, UsageError) else 'fatal'}: {printable(error.what)}", file=sys.stderr)
        if error.hint:
            print(f"hint: {printable(error.hint)}", file=sys.stderr)
        return error.status
    except BrokenPipeError:
        # What Python still holds for the reader must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
