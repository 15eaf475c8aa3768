"""Apply a queue with git itself, in quarantine.

Nothing that a trial makes reaches the repository: the index is a temporary file that holds just the files which the
queue touches, and new objects go to a folder in memory (``git_xsa.git.scratch``), which is gone when the command ends.
The repository's own objects are read as an alternate.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from os import pathsep
from pathlib import Path
from typing import NamedTuple

from git_xsa.git import problems
from git_xsa.git.folders import files_below, make_folders, remove
from git_xsa.git.programs import run_patch
from git_xsa.git.repository import Repository
from git_xsa.git.run import Git, Service
from git_xsa.git.scratch import Scratch

#: Mode and object name of a file in an index.
Entry = tuple[str, str]


class Trial(NamedTuple):
    """What git made of a queue.

    ``files`` are the touched files afterwards.  ``refused`` is the index of the first patch that git did not take,
    with its ``message``; ``None`` when it took all.
    """

    files: Mapping[bytes, Entry]
    refused: int | None = None
    message: str = ""


#: Runs in a shell that lives as long as the quarantine; the arguments are how to call git.  A line of its input asks
#: for one trial: whether to start again from the files in ``base``, whether to list what the index then holds (after a
#: failure it is listed anyway), and the options for ``git apply``.  The answer is git's exit status, and that.  Short
#: processes started by a small shell: starting them from Python, which has the history in memory by then, took more
#: than twice as long.
_SCRIPT = r"""
while read -r anew show options; do
    status=0
    if [ "$anew" = 1 ]; then
        if [ -e index ]; then rm -rf index objects/*; fi
        "$@" update-index -z --index-info <base 2>message || status=$?
    fi
    if [ "$status" = 0 ] && [ -s patch ]; then
        "$@" -c core.fsync=none -c core.looseCompression=0 \
            apply --cached --whitespace=nowarn $options <patch 2>message || status=$?
    fi
    printf '%s\n' "$status"
    if [ "$show" = 1 ] || [ "$status" != 0 ]; then "$@" ls-files -s -z; fi
    printf '\nend of answer\n'
done
"""
_END = b"end of answer\n"
#: Who commits in quarantine.
_NOBODY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "git-xsa"), ("EMAIL", "git-xsa@localhost"), ("DATE", "@0 +0000"))
}
#: git's own defaults, whatever the user has configured; autocrlf would change the files.
_AM_OPTIONS = ("--quiet", "--no-3way", "--no-gpg-sign", "--no-scissors", "--no-keep-cr", "--quoted-cr=nowarn")


class Quarantine:
    """A place for trial applies.  Use it as a context manager: leaving it removes all that was made."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._scratch = Scratch()
        self._folder = self._scratch.path
        (self._folder / "objects").mkdir()
        self._shell: Service | None = None

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "GIT_INDEX_FILE": str(self._folder / "index"),
            "GIT_OBJECT_DIRECTORY": str(self._folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": pathsep.join(self._repository.alternates_with_own),
        }

    def close(self) -> None:
        """Remove the quarantine."""
        if self._shell is not None:
            self._shell.close()
        self._scratch.close()

    def __enter__(self) -> Quarantine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def apply(self, base: Mapping[bytes, Entry], patches: Sequence[bytes], options: str = "") -> Trial:
        """Return what ``git apply`` makes of ``patches``, given to it one by one in this order, on the files ``base``.

        ``options`` are more options for git, apart by blanks.
        """
        last = len(patches)
        status, files, message = self._try(base, b"", options, show=not last)
        for number, text in enumerate(patches):
            status, files, message = self._try(None, text, options, show=number + 1 == last)
            if status:
                return Trial(files, number, message)
        return Trial(files)

    def apply_at_once(self, base: Mapping[bytes, Entry], patches: Sequence[bytes]) -> Mapping[bytes, Entry] | None:
        """Return the files that one ``git apply`` makes of all ``patches``, ``None`` when it refuses them.

        Much faster than one by one, and equal to it but for one thing: git removes files before it writes any, so a
        file that one patch changes and a later one deletes is there afterwards.  So this can confirm a result, and
        nothing else.
        """
        status, files, _ = self._try(base, b"".join(patches), "")
        return None if status else files

    def contents(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of the blobs ``names``, which the last trial made or the repository has."""
        found = {}
        asked = "".join(f"{name}\n" for name in names).encode()
        answer = self._repository.git.call("cat-file", "--batch", given=asked, environment=self._environment).out
        at = 0
        for name in names:
            end = answer.index(b"\n", at)
            start, size = end + 1, int(answer[at:end].split()[2])
            found[name], at = answer[start : start + size], start + size + 1
        return found

    def three_way(self, base: Mapping[bytes, Entry], patches: Sequence[bytes]) -> Trial:
        """Return what ``git apply --3way`` makes of ``patches``, one by one; a conflict counts as refused."""
        return self.apply(base, patches, "--3way")

    def gnu_patch(self, base: Mapping[bytes, bytes], patches: Sequence[bytes], fuzz: int) -> dict[bytes, bytes] | None:
        """Return the files that GNU patch makes of ``patches`` with this ``fuzz``, one by one, on the files ``base``.

        ``None`` when it rejects a hunk.  Raises ``XsaError`` when there is no such program.
        """
        tree = self._folder / "tree"
        remove(tree)
        tree.mkdir()
        for path, content in base.items():
            place = Path(os.fsdecode(path))
            make_folders(tree, place.parent)
            (tree / place).write_bytes(content)
        if not all(run_patch(tree, text, fuzz) for text in patches):
            return None
        return {
            os.fsencode(place): (tree / place).read_bytes() for place in files_below(tree) if (tree / place).is_file()
        }

    def am(self, base: Mapping[bytes, Entry], mails: Sequence[bytes]) -> Trial:
        """Return what ``git am`` makes of ``mails``, given to it as a file each, on the files ``base``.

        It works in a repository of its own, which takes objects from the real one and gives it none.
        """
        tree = self._folder / "am"
        remove(tree)
        tree.mkdir()
        own = {
            "GIT_DIR": str(tree / ".git"),
            "GIT_WORK_TREE": str(tree),
            "GIT_INDEX_FILE": str(tree / ".git" / "index"),
        }
        with Git(tree, self._environment | own | _NOBODY) as git:
            git.call("init", "--quiet", "--template=", f"--object-format={self._repository.object_format}")
            git.call("update-index", "-z", "--index-info", given=_index_lines(base))
            commit = git.text("commit-tree", "-m", "base", git.text("write-tree"))
            git.call("update-ref", "HEAD", commit)
            git.call("checkout-index", "--all")
            done = git.call("am", *_AM_OPTIONS, "--", *self._written(mails), accept=tuple(range(256)))
            files = _entries(git.call("ls-files", "-s", "-z").out)
            if not done.status:
                return Trial(files)
            place = tree / ".git" / "rebase-apply" / "next"
            refused = int(place.read_text(encoding="ascii")) - 1 if place.is_file() else 0
            return Trial(files, refused, done.err.decode("utf-8", "replace").strip())

    def _written(self, texts: Sequence[bytes]) -> list[str]:
        """Write each of ``texts`` into a file; return the names."""
        folder = self._folder / "texts"
        remove(folder)
        folder.mkdir()
        names = [str(folder / f"{number:05}") for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            Path(name).write_bytes(text)
        return names

    def _try(
        self, base: Mapping[bytes, Entry] | None, text: bytes, options: str, show: bool = True
    ) -> tuple[int, dict[bytes, Entry], str]:
        """Apply ``text`` to ``base``, or to what is there (``None``); return git's status, the files, its message."""
        if base is not None:
            (self._folder / "base").write_bytes(_index_lines(base))
        (self._folder / "patch").write_bytes(text)
        if self._shell is None:
            self._shell = self._repository.git.shell(_SCRIPT, self._folder, self._environment)
        self._shell.ask(f"{int(base is not None)} {int(show)} {options}\n".encode())
        status, _, listing = self._shell.read_until(_END).partition(b"\n")
        message = (self._folder / "message").read_bytes().decode("utf-8", "replace") if int(status) else ""
        if "No space left on device" in message:  # that says nothing about the patch
            raise problems.no_space(self._folder.parent)
        return int(status), _entries(listing[:-1]), message.strip()


def _index_lines(files: Mapping[bytes, Entry]) -> bytes:
    """Return ``files`` as ``git update-index -z --index-info`` takes them."""
    return b"".join(f"{mode} {name}\t".encode() + path + b"\0" for path, (mode, name) in sorted(files.items()))


def _entries(listing: bytes) -> dict[bytes, Entry]:
    """Return the files that ``git ls-files -s -z`` lists."""
    files = {}
    for line in listing.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, name, _ = words.decode().split()
        files[path] = (mode, name)
    return files
