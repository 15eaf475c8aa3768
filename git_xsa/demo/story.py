"""The story: which commands are run on the demonstration repository, and what is said around them.

It exists so that a packager sees, in a minute, each answer that git-xsa can give and what to do with it.  What the
commands print is theirs; the story adds what their answer means.

Promises: every claim about the repository in here has a test with git alone (``tests/test_demo.py``).  The command
lines that are shown are the ones that are run, in the folder that is named.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import git_xsa
from git_xsa.errors import XsaError
from git_xsa.git.run import Git

#: What points git to another repository than the one in the current folder.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")
#: How a command ends whose reader went away: killed by the signal, or having noticed it.
READER_GONE = (-signal.SIGPIPE, 128 + signal.SIGPIPE)


@dataclass(frozen=True)
class Scene:
    """A question, the command that answers it with exit status ``status``, and what the answer means."""

    question: str
    words: tuple[str, ...]
    status: int
    meaning: str


ONTO = ("--onto", "RELEASE-4.20.1")

INTRODUCTION = """\
A miniature of xen.git was made for this demonstration:

    {folder}

Say that you package Xen 4.20.1. On stable-4.20 there have been {count} commits since then, and four of them fix the
security advisories XSA-9001 to XSA-9004. You want these four on top of RELEASE-4.20.1, but they were made for the end
of the branch. All of it is invented (the advisories too), but it compiles.
"""

STEPS = (
    Scene(
        """\
The first question: which advisories does the newest release of each supported branch lack, and do their fixes go
on it?
""",
        ("check",),
        1,
        """\
Packagers of 4.21 are done: the fixes go on RELEASE-4.21.0 one after the other. For 4.20 there is more to do, so the
exit status was 1, which is what a CI job looks at. Take the advisories one by one. XSA-9001 needs no thought.
""",
    ),
    Scene(
        "XSA-9002 is refused by the release. What does it need first?",
        ("prereqs", *ONTO, "--xsa", "9002", "--why"),
        0,
        """\
Neither of the two has anything to do with security, and no message leads from the fix to them. But the fix stands next
to a line that the second of them wrote, and the second rewrites a line that the first wrote. Cherry-pick them in the
order of the queue, then the fix: each applies as it is. No other set of the branch's commits does it that is as small.
""",
    ),
    Scene(
        "The same as a picture:",
        ("prereqs", *ONTO, "--xsa", "9002", "--graph"),
        0,
        "",
    ),
    Scene(
        "XSA-9003 is the dangerous kind, since nothing refuses it.",
        ("prereqs", *ONTO, "--xsa", "9003"),
        0,
        """\
No commit is missing. But give the patch to "git apply" or to "patch" and both accept it without a word, at the very
line that it names, and in the wrong function: the flush that belongs at the end of iommu_unmap() comes at the end of
iommu_map(), where it does no good. Both functions end alike, and on the branch a table above them has grown by as many
lines as lie between the two. Your package would build, run, count as fixed, and still let devices reach pages that
were taken from them. git-xsa knows where each line of the branch stands in the release, and compares what git makes of
the patch with that.
""",
    ),
    Scene(
        "XSA-9004 applies alone, and where it should. That is not enough.",
        ("prereqs", *ONTO, "--xsa", "9004", "--why"),
        0,
        """\
The fix calls add_overflows(), which RELEASE-4.20.1 lacks. The branch got that function from a commit that touches other
files, so no line of the patch leads there: the name does. Without that commit the patch applies, and the result does
not build. To see it fail:

    cd {folder}
    git switch --detach RELEASE-4.20.1
    git cherry-pick --no-commit {argo}
    make

and to mend it, "git cherry-pick --no-commit {wrapped}" and make again.
""",
    ),
)

ENDING = """\
That was all of it. {install} try it on the real thing, where no set-up is needed either:

    git clone https://xenbits.xen.org/git-http/xen.git
    cd xen
    git xsa-check
    git xsa-check --onto RELEASE-4.21.1 --each
    git xsa-prereqs --onto RELEASE-4.21.1 --xsa 499 --why

The folder of this demonstration is yours: look around with "git log --oneline --graph --all", and delete it when you
are done. "man git-xsa-tutorial" lists tutorials of ten minutes, which go on from here.
"""


def tell(folder: Path) -> None:
    """Print the story of the demonstration repository in ``folder``, and run its commands there.

    Raises ``XsaError`` when a command can't be run or ends with another status than the story is about;
    ``BrokenPipeError`` when nobody listens any more.
    """
    facts = _facts(folder)
    _say(INTRODUCTION.format(**facts))
    for step in STEPS:
        _say(step.question)
        _run(folder, step)
        if step.meaning:
            _say(step.meaning.format(**facts))
    _say(ENDING.format(**facts), last=True)


def _facts(folder: Path) -> dict[str, str]:
    """Return what the texts have in braces."""
    with Git(folder, {"GIT_DIR": str(folder / ".git")}) as git:
        log = git.text("log", "--format=%H %s", "RELEASE-4.20.1..stable-4.20", "--").splitlines()
    commit = {subject: name[:12] for name, _, subject in (line.partition(" ") for line in log)}
    return {
        "folder": str(folder),
        "count": str(len(log)),
        "argo": commit["argo: check for overflow before comparing with the size of the ring"],
        "wrapped": commit["xen/memory: tell ranges that wrap from ranges that are too large"],
        "install": "Now" if _installed("check") else "Install git-xsa, and",
    }


def _say(text: str, last: bool = False) -> None:
    """Print paragraphs, filled to the width of the terminal; what is indented stays as it is."""
    width = max(40, min(79, shutil.get_terminal_size().columns - 1))
    paragraphs = [
        paragraph if paragraph.startswith(" ") else textwrap.fill(paragraph, width, break_on_hyphens=False)
        for paragraph in text.rstrip("\n").split("\n\n")
    ]
    print("\n\n".join(paragraphs), end="\n" if last else "\n\n", flush=True)


def _installed(name: str) -> bool:
    return shutil.which(f"git-xsa-{name}") is not None


def _run(folder: Path, step: Scene) -> None:
    """Show the command line of ``step``, run it in ``folder`` and compare its exit status with the story's."""
    name, *options = step.words
    environment = {key: value for key, value in os.environ.items() if key not in ELSEWHERE} | {"GIT_PAGER": "cat"}
    if _installed(name):
        words = shown = ["git", f"xsa-{name}", *options]
    else:
        words = [sys.executable, "-m", "git_xsa", name, *options]
        shown = ["python3", *words[1:]]
        places = [str(Path(git_xsa.__file__).parent.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(place for place in places if place)
    print("$", *shown, flush=True)
    try:
        status = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as error:
        raise XsaError(f"{words[0]} can't be started: {error.strerror}") from None
    if status in READER_GONE:
        raise BrokenPipeError
    if status != step.status:
        raise XsaError(
            f"'{' '.join(shown)}' ended with status {status}, and the story is about status {step.status}",
            f"the demonstration repository is in {folder}, so the command can be tried there",
        )
    print()
