"""The hands of a packager for bench/into and bench/resolve: they run the commands, and resolve conflicts.

The hands keep, of each conflict, the base's lines, with those that the patch adds in front of them.  That is right for
nobody's tree, but it is what git, and git xsa-resolve, see of a person.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_CONFLICT = re.compile(rb"^<{7} [^\n]*\n(.*?)^\|{7} [^\n]*\n(.*?)^={7}\n(.*?)^>{7} [^\n]*\n", re.MULTILINE | re.DOTALL)
_HUNK = re.compile(rb"(@@ -\d+,\d+ \+\d+,)(\d+) @@")


class Bench:
    """The commands, run in ``xen`` with a home of their own."""

    def __init__(self, xen: Path, home: Path) -> None:
        self.xen = xen
        self.store = home / "store"
        settings = ("user.name=P", "user.email=p@example.org", "merge.conflictStyle=diff3", f"xsa.store={self.store}")
        for name, value in (one.split("=") for one in settings):
            subprocess.run(["git", "config", "--file", str(home / ".gitconfig"), name, value], check=True)
        self._environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}

    def run(self, *words: str, folder: Path | None = None) -> tuple[int, str]:
        """Run a command; return its exit status and what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "git_xsa", *words],
            cwd=folder or self.xen, env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode >= 128:
            sys.exit(f"git xsa-{' '.join(words)}: {done.stderr}")
        return done.returncode, done.stdout

    def json(self, *words: str) -> Any:
        """Run a command and return its answer."""
        return json.loads(self.run(*words, "--json")[1])

    def git(self, folder: Path, *words: str, given: bytes = b"") -> bytes:
        """Run git; return what it prints."""
        done = subprocess.run(["git", "-C", str(folder), *words], input=given, capture_output=True, check=True)
        return done.stdout


def play(content: bytes) -> bytes:
    """Return a file in conflict as the hands leave it."""

    def one(found: re.Match[bytes]) -> bytes:
        ours, base, theirs = (found[part].decode("latin-1").splitlines(True) for part in (1, 2, 3))
        added = [line[2:] for line in difflib.ndiff(base, theirs) if line.startswith("+ ")]
        return "".join([*added, *ours]).encode("latin-1")

    return _CONFLICT.sub(one, content)


def resolve(bench: Bench, base: Sequence[str], numbers: str) -> int:
    """Resolve everything on the base that the options ``base`` give; return how many patches were adapted."""
    words = ["resolve", *base, *(["--xsa", numbers] if numbers else [])]
    found = bench.json(*words)
    adapted = 0
    while not found["done"]:
        tree = Path(found["worktree"])
        for file in found["conflict"]["files"]:
            place = tree / file["path"]
            place.write_bytes(play(place.read_bytes()))
        adapted += 1
        print(f"  {found['conflict']['id'][:12]} {found['conflict']['subject']}")
        found = bench.json("resolve", "--continue", *base)
    return adapted


def issue(folder: Path, number: int, version: int, files: dict[str, bytes]) -> None:
    """Write an advisory as it would come by mail."""
    folder.mkdir()
    lines = [f"            Xen Security Advisory XSA-{number}", f"                              version {version}", "",
             "                   a title", "", "RESOLUTION", "==========", "", "Apply them.", ""]  # fmt: skip
    lines += [f"{name:40}Xen 4.17.x" for name in files] + ["", f"$ sha256sum xsa{number}*"]
    lines += [f"{sha256(content).hexdigest()}  {name}" for name, content in files.items()] + ["$", ""]
    (folder / f"advisory-{number}.txt").write_text("\n".join(lines) + "\n")
    for name, content in files.items():
        (folder / name).write_bytes(content)


def reissue(bench: Bench, base: Sequence[str], number: int, folder: Path) -> bool:
    """Issue an advisory as the branch has it, and again with a line more; return whether the adapted patch is found,
    and not used in silence for what it was not made for."""
    asked = [*base, "--xsa", str(number)]
    [patch] = bench.json("prereqs", *asked)["patches"]
    asked += ["--tip", f"{patch['id']}^"]
    mail = bench.git(bench.xen, "format-patch", "--stdout", "-1", patch["id"])
    issue(folder / "v1", number, 1, {f"xsa{number}-4.17.patch": mail})
    bench.run("import", str(folder / "v1"))
    same = bench.json("prereqs", *asked)
    print(f"  v1, as the branch has it: {same['state']}, {len(same.get('adapted', ()))} adapted")
    line = next(line for line in mail.split(b"\n") if line.startswith(b"+    ") and line.strip(b"+ "))
    more = mail.replace(line + b"\n", line + b"\n+    /* more */\n", 1)
    more = _HUNK.sub(lambda found: b"%s%d @@" % (found[1], int(found[2]) + 1), more, count=1)
    issue(folder / "v2", number, 2, {f"xsa{number}-4.17.patch": more})
    bench.run("import", str(folder / "v2"))
    other = bench.json("prereqs", *asked)
    print(f"  v2, with a line more: {other['state']}, {len(other.get('adapted', ()))} adapted")
    found = bench.json("resolve", *asked)
    conflict = found["conflict"] or {}
    print(f"  the work tree begins with {conflict.get('begun_with')}, in conflict: {conflict.get('files')}")
    bench.run("resolve", "--continue", *base)
    last = bench.json("prereqs", *asked)
    print(f"  after --continue: {last['state']}, {[one['name'] for one in last.get('adapted', ())]}")
    silent = same["state"] == "conflicts" or other["state"] != "conflicts"
    return not silent and bool(conflict.get("begun_with")) and bool(last.get("adapted"))
