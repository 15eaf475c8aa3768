"""The scripts of jobs: lines of POSIX shell that call the commands as they are.

Every word of a plan is quoted for the shell.  A job's exit status is that of its command: 1 says that something is
wrong, 3 that nothing could be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from shlex import join, quote

from git_xsa.ci import remarks
from git_xsa.ci.plan import (
    BUILD,
    CHECK,
    QUEUES,
    RESULTS,
    PipelinePlan,
    PlannedCell,
    PlannedTarget,
    branch_name,
    folder_name,
    result_names,
)

#: The user's cache folder in a job: what a build has proved goes on from there.
CACHE = ".xsa/cache"
#: What a server keeps of ccache from pipeline to pipeline.
CCACHE = ".xsa/ccache"
#: The clone of the history in a package's project, and that of the test framework.
_HISTORY, _FRAMEWORK = ".xsa/history.git", ".xsa/xtf"


def ready(plan: PipelinePlan) -> list[str]:
    """Return what every job does first: make the commands available."""
    found = f"command -v git-xsa-test >/dev/null || {{ echo {quote(remarks.not_installed_here())} >&2; exit 127; }}"
    return [*([plan.setup] if plan.setup else []), found]


def before(plan: PipelinePlan) -> list[str]:
    """Return what a job that works in the history does first: make the commands available, hand them the settings of
    the plan, and get the history where the project is that of a package."""
    lines = [*ready(plan), f'export XDG_CACHE_HOME="$PWD/{CACHE}"']
    if plan.settings:
        words = [f"GIT_CONFIG_COUNT={len(plan.settings)}"]
        for number, (key, value) in enumerate(plan.settings):
            words += [f"GIT_CONFIG_KEY_{number}={quote(key)}", f"GIT_CONFIG_VALUE_{number}={_value(value)}"]
        lines += [f"export {word}" for word in words]
    if plan.package:
        fetch = f"git -C {_HISTORY} fetch --quiet --prune"
        clone = f'git clone --quiet --mirror -- "$XSA_HISTORY" {_HISTORY}'
        lines.append(f"if [ -d {_HISTORY} ]; then {fetch}; else {clone}; fi")
    return lines


def _value(value: str) -> str:
    """Return a value for the shell; one that begins with ``./`` is a path in the job's folder.

    A ``$`` in single quotes looks like a slip, to people and to shellcheck, so it is escaped instead.
    """
    if value.startswith("./"):
        return f'"$PWD"/{quote(value[2:])}'
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"' if re.search("[$`]", value) else quote(value)


def check(plan: PipelinePlan, target: PlannedTarget) -> list[str]:
    """Return the script that writes the queue of ``target``, and says whether all is as it should be."""
    result = f"{RESULTS}/{target.name}"
    about = [*target.words, "--xsa", ",".join(map(str, target.xsa)), *plan.options, *_clone(plan)]
    lines = [f"mkdir -p {quote(result)} {QUEUES}", "status=0"]
    if target.builds:
        export = join(["git", "xsa-export", *about, "--no-build", "-o", f"{QUEUES}/{target.name}"])
        lines.append(f"{export} >/dev/null || status=$?")
    words = ["git", "xsa-check", *about, "--no-build", "--accept", "prerequisites", "--json"]
    written = [f"--junit {quote(f'{result}/{CHECK}.xml')}", f">{quote(f'{result}/{CHECK}.json')}"]
    return [*lines, f"{join(words)} {' '.join(written)} || status=$?", 'exit "$status"']


def proof(plan: PipelinePlan, target: PlannedTarget, cell: PlannedCell, stage: str) -> list[str]:
    """Return the script that proves the queue of ``target`` in ``cell``, as far as ``stage``.

    The cell is in the variable ``XSA_CELL``.  What the build did not judge is not judged later, so a later job does not
    repeat a build of a base that fails.
    """
    folder = f"{RESULTS}/{target.name}/{folder_name(cell.name)}"
    return _proof(plan, target, [cell], stage, quote(folder))


def proof_of_many(plan: PipelinePlan, target: PlannedTarget, cells: Sequence[PlannedCell]) -> list[str]:
    """Return the script of a matrix of builds: the variable ``XSA_CELL`` has the cell, ``XSA_NAME`` its folder."""
    return _proof(plan, target, cells, BUILD, f'{quote(f"{RESULTS}/{target.name}")}/"$XSA_NAME"')


def _proof(
    plan: PipelinePlan, target: PlannedTarget, cells: Sequence[PlannedCell], stage: str, folder: str
) -> list[str]:
    lines = [f"mkdir -p {folder}"]
    queue = f"{plan.queues}/{target.name}" if target.exported else f"{QUEUES}/{target.name}"
    if plan.private:  # so that nothing of it is kept on the runner
        lines.append(f"chmod -R go= {quote(queue)}")
    if stage != BUILD:
        lines.append(f"if [ \"$(cat {folder}/{BUILD}.status)\" != 0 ]; then echo 'not judged by the build'; exit 3; fi")
    framework = stage != BUILD and any(cell.framework for cell in cells)
    if framework:
        lines.append(f'[ -d {_FRAMEWORK} ] || git clone --quiet -- "$XSA_XTF" {_FRAMEWORK}')
    git = f'git -c xsa.xtf="$PWD"/{_FRAMEWORK}' if framework else "git"
    words = [f"xsa-test {join([*target.words, '--queue', queue])}", '--cell "$XSA_CELL"']
    words += [f"--{one}" for one in _flags(plan, cells, stage)]
    words += [join(_clone(plan)), "--json", f"--junit {folder}/{stage}.xml", f">{folder}/{stage}.json"]
    lines += ["CCACHE_DIR=$(mktemp -d) && export CCACHE_DIR", "status=0"]  # no build can write to the project's folder
    kept = stage == BUILD and not plan.private
    lines += [f'[ ! -d {CCACHE} ] || cp -R {CCACHE}/. "$CCACHE_DIR"'] if kept else []
    lines.append(f"{git} {' '.join(filter(None, words))} || status=$?")
    lines += [f'mkdir -p .xsa && rm -rf {CCACHE} && cp -R "$CCACHE_DIR" {CCACHE}'] if kept else []
    lines.append('rm -rf "$CCACHE_DIR"')
    return [*lines, f'echo "$status" >{folder}/{stage}.status', 'exit "$status"']


def push(plan: PipelinePlan, target: PlannedTarget) -> list[str]:
    """Return the script that pushes the queue of ``target`` as a branch, without starting a pipeline by that.

    The queue of the branch's commits keeps their authors and messages.  One that was handed over is one commit, which
    says nothing of what it holds.
    """
    branch = branch_name(target)
    if target.exported:
        base = target.words[-1]
        lines = [
            f"mkdir -p .xsa && cp -R {quote(f'{plan.queues}/{target.name}')} .xsa/queue",  # gone with the next line
            join(["git", "checkout", "--quiet", "-B", branch, base]),
            'for patch in .xsa/queue/*.patch; do git apply --index "$patch"; done',
            "git -c user.name=git-xsa -c user.email=git-xsa@localhost commit --quiet --message queue",
        ]
    else:
        about = [*target.words, "--xsa", ",".join(map(str, target.xsa)), *plan.options]
        export = ["git", "xsa-export", *about, "--no-build", "--format", "branch", "--force", "-o", branch]
        lines = [f"{join(export)} >/dev/null"]
    refs = quote(f"+refs/heads/{branch}:refs/heads/{branch}")
    return [*lines, f'git push --quiet --push-option ci.skip "$XSA_PUSH_URL" {refs}']


def _flags(plan: PipelinePlan, cells: Iterable[PlannedCell], stage: str) -> tuple[str, ...]:
    """Return what to do besides building; where nothing can be booted, the build's job says so for all stages."""
    if stage != BUILD:
        return (stage,)
    return () if any(cell.boots for cell in cells) else plan.stages[1:]


def _clone(plan: PipelinePlan) -> list[str]:
    return ["--history", _HISTORY] if plan.package else []


def collect(plan: PipelinePlan) -> list[str]:
    """Return the script that folds the results of all jobs into one."""
    expected = " \\\n".join(f"  --expect {quote(name)}" for name in result_names(plan))
    return [f"git xsa-ci collect {RESULTS} --junit xsa-junit.xml -o xsa-results.json \\\n{expected}"]
