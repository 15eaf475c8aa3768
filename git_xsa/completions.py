"""Write the shells' completions of all commands: ``python3 -m git_xsa.completions <folder>``.

The installer runs this once, and so may a distribution's package.  Options and choices come from the parsers by way
of ``shtab``; here is only what that can't know: that git completes ``git xsa-check`` by asking for ``git-xsa-check``
in each shell's own manner, and which arguments are revisions, files or folders (by their placeholder:
``<base>``, ``<patch file>``).

Promises: writes ``bash/``, ``zsh/``, ``fish/`` and ``fish-conf/`` under the folder, with files named as each shell
wants to find them, and nothing else.  The names of refs are never evaluated by a shell.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shtab

from git_xsa.__main__ import COMMANDS, parser_of

_REFS = "git for-each-ref --format='%(refname:strip=2)' refs/tags refs/heads refs/remotes 2>/dev/null"

REVISION = {"bash": "_git_xsa_revisions", "zsh": "_git_xsa_revisions", "fish": f"({_REFS})"}
REVISION_OR_FILE = {
    "bash": "_git_xsa_revisions_or_files",
    "zsh": "{_git_xsa_revisions; _files}",
    "fish": f"({_REFS}; __fish_complete_path (commandline -ct))",
}
#: Words of a placeholder, of which one must occur; more words, likewise; what to complete then.
PLACEHOLDERS: tuple[tuple[set[str], set[str], dict[str, Any]], ...] = (
    ({"file", "files", "patch", "path"}, {"commit", "revision"}, REVISION_OR_FILE),
    ({"file", "files", "patch", "path"}, set(), shtab.FILE),
    ({"folder", "directory"}, set(), shtab.DIRECTORY),
    ({"base", "ref", "tip", "commit", "revision"}, set(), REVISION),
)

#: shtab's functions call these; a ref's name is quoted, because it may hold what the shell would run.
HELPERS = {
    "bash": f"""\
_git_xsa_revisions() {{
  local ref
  while IFS= read -r ref; do
    [[ $ref == "$1"* ]] && printf '%q\\n' "$ref"
  done < <({_REFS})
}}
_git_xsa_revisions_or_files() {{
  _git_xsa_revisions "$1"
  compgen -f -- "$1"
}}
""",
    "zsh": f"""\
_git_xsa_revisions() {{
  local -a refs
  refs=(${{(f)"$({_REFS})"}})
  compadd -a refs
}}
""",
    "fish": "",
}

#: git's own completion calls ``_git_xsa_check`` with the words of the whole line, and asks for no space after a word.
BASH_FOR_GIT = """
_git_{function}() {{
  local at=${{__git_cmd_idx:-1}}
  local -a line=("git-{command}" "${{words[@]:at+1}}")
  local -a COMP_WORDS=("${{line[@]}}")
  local COMP_CWORD=$((cword - at))
  compopt +o nospace 2>/dev/null
  _shtab_git_{function}
}}
"""

#: fish 3.6 looks for git's commands under a wrong name, so each of ours is declared.
FISH_FOR_GIT = """\
complete -c git -f -n __fish_git_needs_command -a {command} -d "{summary}"
complete -c git -f -n "__fish_git_using_command {command}" -a "(__fish_git_complete_custom_command {command})"
"""


def script(name: str, shell: str) -> str:
    """Return the completion script of command ``name`` for ``shell`` (bash, zsh or fish)."""
    parser = parser_of(name)
    parser.prog = f"git-xsa-{name}"
    for action in actions(parser):
        completer = _completer(action)
        if completer is not None:
            vars(action).setdefault("complete", completer)
    text: str = shtab.complete(parser, shell=shell, preamble=HELPERS[shell])
    if shell == "bash":
        text += BASH_FOR_GIT.format(command=f"xsa-{name}", function=f"xsa_{name}".replace("-", "_"))
    return text


def write(folder: Path) -> list[Path]:
    """Write the scripts of all commands under ``folder``; returns the files written."""
    names = {"bash": "bash/git-xsa-{}", "zsh": "zsh/_git-xsa-{}", "fish": "fish/git-xsa-{}.fish"}
    texts = {pattern.format(name): script(name, shell) for name in COMMANDS for shell, pattern in names.items()}
    texts["fish-conf/git-xsa.fish"] = "".join(
        FISH_FOR_GIT.format(command=f"xsa-{name}", summary=summary) for name, summary in COMMANDS.items()
    )
    written = []
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every option and argument of ``parser``; argparse has no public way to ask."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in dict.fromkeys(action.choices.values()):
                yield from actions(choice)
        else:
            yield action


def _completer(action: argparse.Action) -> dict[str, Any] | None:
    if action.nargs == 0 or action.choices is not None:
        return None
    told = f"{action.metavar or action.dest}"
    if not action.option_strings:
        told += f" {action.help}"  # <commit>, of which the help says that a file will do as well
    words = set(re.findall("[a-z]+", told.lower()))
    for wanted, also, completer in PLACEHOLDERS:
        if words & wanted and (not also or words & also):
            return completer
    return None


def main() -> int:
    """Write the completions to the folder that is named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m git_xsa.completions", description="Write shell completions.")
    parser.add_argument("folder", type=Path, metavar="<folder>")
    write(parser.parse_args().folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
