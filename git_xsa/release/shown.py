"""What a dry run shows of the steps: the lines that are edited, the names of files and references, the push."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from git_xsa.release.archive import COMPRESSORS
from git_xsa.release.lists import folder_of
from git_xsa.release.steps import push_command
from git_xsa.release.work import Work, drafts, pre_draft_from


def details(work: Work, step: str) -> Iterator[str]:
    """Yield the details of the step with the name ``step``."""
    record = work.record
    if step == "commit":
        yield from _edits(work)
    elif step == "tag":
        yield f"{record.tag} by {record.who}"
    elif step == "tarball":
        own = work.settings.tarball
        yield f"by {own}" if own else " and ".join(work.name + ending for ending in COMPRESSORS)
        yield f"in {record.folder}"
    elif step == "build":
        yield work.build
    elif step == "references":
        now = f"now at {record.old[:12]}" if record.old else "which is new"
        yield f"{record.ref}, {now}, and refs/tags/{record.tag}"
    elif step == "prerequisites":
        yield str(folder_of(work.records.store, record.tag))
    elif step == "push":
        yield push_command(work)


def _edits(work: Work) -> Iterator[str]:
    """Yield the lines that describe the commits of a release that is not made yet."""
    made = drafts(work.repository, work.settings, work.record.start, work.record.words)
    if work.record.pre:
        after = {path: new for files, _ in made for path, (_, new) in files.items()}
        files, message = pre_draft_from(work.repository, work.settings, work.record.start, work.record.words, after)
        made += [(files, message)] if files else []
    for files, message in made:
        yield message
        for path, (before, after_edit) in sorted(files.items()):
            old, new = ([line.decode("utf-8", "backslashreplace") for line in text.splitlines()]
                        for text in (before, after_edit))  # fmt: skip
            lines = list(unified_diff(old, new, n=0, lineterm=""))[3:]
            yield from (f"  {path}: {line}" for line in lines if not line.startswith("@@"))
