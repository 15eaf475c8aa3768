"""Make commits and tags as objects, without a work tree, and move references all at once.

An object that no reference leads to changes nothing for anybody and goes away by itself (``git gc``).  So everything
that can be made is made first, and the references follow in one step that git does or refuses as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from git_xsa.git import problems
from git_xsa.git.repository import Repository
from git_xsa.git.run import Git
from git_xsa.git.scratch import Scratch


@dataclass(frozen=True)
class Who:
    """Who makes a commit or a tag, and when: ``name`` is ``Jane Doe <jane@example.org>``, ``time`` in seconds since
    1970, ``zone`` as git writes it (``+0200``)."""

    name: str
    time: int
    zone: str

    @property
    def line(self) -> str:
        """The line of an object that names this identity."""
        return f"{self.name} {self.time} {self.zone}"


def read_file(repository: Repository, commit: str, path: str) -> bytes | None:
    """Return the file at ``path`` in ``commit``, ``None`` when there is none."""
    found = repository.read(f"{commit}:{path}")
    return found[2] if found is not None and found[1] == "blob" else None


def tree_with(git: Git, start: Sequence[str], files: Mapping[str, tuple[str, bytes]]) -> str | None:
    """Return the tree of what ``git read-tree START`` reads, with ``files``, mode and contents, in the place of what it
    has at their paths; ``None`` when it is a merge that leaves others unmerged."""
    with Scratch() as folder:
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        git.call("read-tree", *start, environment=index)
        for path, (mode, content) in sorted(files.items()):
            name = git.call("hash-object", "-w", "--stdin", given=content).out.decode().strip()
            git.call("update-index", "--add", "--cacheinfo", f"{mode},{name},{path}", environment=index)
        if git.call("ls-files", "--unmerged", environment=index).out:
            return None
        return git.call("write-tree", environment=index).out.decode().strip()


def make_commit(repository: Repository, parent: str, files: Mapping[str, bytes], message: str, who: Who) -> str:
    """Return the name of a commit after ``parent`` with new contents of ``files``, which it has already.

    The same arguments give the same commit.
    """
    git = repository.git
    modes = {path: git.text("ls-tree", parent, "--", path).split(" ", 1)[0] for path in files}
    tree = tree_with(git, [parent], {path: (modes[path], content) for path, content in files.items()})
    text = f"tree {tree}\nparent {parent}\nauthor {who.line}\ncommitter {who.line}\n\n{message}\n"
    return _written(repository, "commit", text.encode("utf-8", "surrogateescape"))


def tag_text(commit: str, tag: str, message: str, who: Who) -> bytes:
    """Return the text of an annotated tag, which is what a signature of it signs."""
    text = f"object {commit}\ntype commit\ntag {tag}\ntagger {who.line}\n\n{message}\n"
    return text.encode("utf-8", "surrogateescape")


def make_tag(repository: Repository, text: bytes, signature: bytes) -> str:
    """Return the name of the tag object with ``text`` and its ``signature``."""
    return _written(repository, "tag", text + signature)


def _written(repository: Repository, kind: str, content: bytes) -> str:
    words = ("hash-object", "-t", kind, "-w", "--stdin")
    return repository.git.call(*words, given=content).out.decode().strip()


@dataclass(frozen=True)
class ReferenceMove:
    """A reference that moves from ``old`` to ``new``; ``None`` is no reference at all."""

    ref: str
    old: str | None
    new: str | None


def move_refs(repository: Repository, moves: Sequence[ReferenceMove], why: str) -> None:
    """Make all ``moves``, or none; ``GitError`` when one of the references is not what it should be.

    No hook runs: what a hook would ask has been asked.
    """
    nothing = "0" * repository.hash_length
    lines = [f"update {move.ref} {move.new or nothing} {move.old or nothing}" for move in moves]
    text = "\n".join(["start", *lines, "prepare", "commit", ""])
    repository.git.call("update-ref", "-m", why, "--create-reflog", "--stdin", given=text.encode())


def where_checked_out(repository: Repository, ref: str) -> Path | None:
    """Return the work tree in which the branch ``ref`` is checked out, ``None`` for none."""
    listing = repository.git.call("worktree", "list", "--porcelain", "-z").out.decode("utf-8", "surrogateescape")
    for block in listing.split("\0\0"):
        facts = dict(line.partition(" ")[::2] for line in block.strip("\0").split("\0"))
        if facts.get("branch") == ref and "bare" not in facts:
            return Path(facts["worktree"])
    return None


def unclean(tree: Path) -> str:
    """Return the first thing in the work tree ``tree`` that is not committed, empty for none.

    Files that git does not know are not asked about.
    """
    with Git(tree, _here(tree)) as git:
        found = git.call("status", "--porcelain=v1", "-z", "--untracked-files=no").out.decode("utf-8", "replace")
    return found.split("\0")[0]


def follow(tree: Path, old: str, new: str) -> None:
    """Bring the files that differ between two commits, in the work tree ``tree``, from ``old`` to ``new``.

    Harmless when they are there already, or when an earlier call was cut short.  Files that are gone or new in ``new``
    are not expected.  ``XsaError``, and nothing is changed, when one of them is neither as in ``old`` nor as in
    ``new``.
    """
    with Git(tree, _here(tree)) as git:
        paths = in_the_way(tree, old, new)
        if paths[1]:
            raise problems.tree_has_changes(tree, paths[1])
        if paths[0]:
            git.call("checkout", "--quiet", new, "--", *paths[0])


def in_the_way(tree: Path, old: str, new: str) -> tuple[list[str], str]:
    """Return the files that differ between two commits, and the first that ``tree`` has as in neither, if any."""
    with Git(tree, _here(tree)) as git:
        listing = git.call("diff-tree", "-r", "-z", "--no-renames", old, new).out.decode("utf-8", "surrogateescape")
        fields = listing.split("\0")[:-1]
        for facts, path in zip(fields[::2], fields[1::2], strict=True):
            known = set(facts.split()[2:4])
            file = git.call("hash-object", "--", path, accept=(0, 128)).out.decode().strip()
            entry = git.text("ls-files", "--stage", "--", path).split(" ")
            if file not in known or len(entry) < 2 or entry[1] not in known:
                return fields[1::2], path
        return fields[1::2], ""


def _here(tree: Path) -> dict[str, str]:
    """Return what names the repository of ``tree`` to git, whatever the environment says."""
    return {"GIT_DIR": str(tree / ".git"), "GIT_WORK_TREE": str(tree)}
