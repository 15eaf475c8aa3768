"""What a dry run shows of the edits: a small diff of each file, as the version commits will have it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from git_xsa.release.work import Work, drafts, pre_draft_from


def edits_shown(work: Work) -> Iterator[str]:
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
