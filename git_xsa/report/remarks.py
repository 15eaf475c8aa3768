"""What is said beside results, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from git_xsa.model.words import advisory_names, count
from git_xsa.wording import Remark, remark

# aside


@remark
def hook_is_missed(problem: Remark) -> str:
    return f"git does not run the hook of git-xsa before a push: {problem}"


@remark
def how_to_hold_back() -> str:
    return "run git xsa-hooks install; until then, this repository does not hold pushes back"


# as_text


@remark
def how_to_import() -> str:
    return "it may concern other versions or other software; use git xsa-import for fixes that are not on a branch yet"


@remark
def left_out(advisories: Collection[int], why: Remark) -> str:
    return f"{advisory_names(advisories)}: {why}"


# build


@remark
def does_not_build(base: str, tried: str) -> str:
    return f"the queue for {base} does not build, {tried}"


@remark
def adapt_again() -> str:
    return "adapt the patches so that it does: git xsa-resolve --forget <name>, then resolve the conflicts again"


@remark
def build_the_tip() -> str:
    return "build the tip of the branch by hand; it may need another compiler or other options"


@remark
def base_does_not_build(base: str) -> str:
    return f"{base} alone does not build with this command, so its queue was not checked"


@remark
def tools_may_be_missing() -> str:
    return "tools may be missing, or the compiler may be too new for this release"


@remark
def base_takes_too_long(base: str) -> str:
    return f"{base} alone does not build within the time limit, so its queue was not checked"


@remark
def allow_more_time() -> str:
    return "allow more time: --build-timeout <time>"


@remark
def its_log(log: object) -> str:
    return f"its log is {log}"


# embargoes


@remark
def clock_is_wrong(now: str, newest: str) -> str:
    return f"the clock says {now}, but the journal has an entry of {newest}"


@remark
def set_the_clock() -> str:
    return "set the clock; until then, everything that had begun by that entry stays frozen"


@remark
def fixes_are_known(advisories: Collection[int]) -> str:
    return f"the ledger of embargoes has the fixes of {advisory_names(advisories)} now"


@remark
def how_to_share() -> str:
    return "run git xsa-embargo sync to share this"


# leaks: what is pushed, named by its kind, and never by a title, a CVE number, a file or a line


@remark
def passes_it_on(remote: str, setting: str) -> str:
    return f"{remote} is a private remote, but it is a mirror ({setting})"


@remark
def let_nothing_pass() -> str:
    return "make sure that it passes nothing on during an embargo"


@remark
def does_not_answer(target: str, why: Remark) -> str:
    return f"{target} does not say what it has ({why}), so everything is checked"


@remark
def under_embargo(advisories: Collection[int], remote: str) -> str:
    are = "is" if len(advisories) == 1 else "are"
    return f"{advisory_names(advisories)} {are} under embargo, and {remote} is not a private remote:"


@remark
def gives_away(kind: str, name: str, likeness: str, advisory: int) -> str:
    does = {
        "patch": "has the change of a patch of",
        "lines": "has most lines of a patch of",
        "text": "repeats a text of",
        "cve": "names a CVE number of",
        "mark": "says that it is",
    }[likeness]
    return f"{'the push up to' if kind == 'history' else kind} {name[:12]} {does} XSA-{advisory}"


@remark
def more_like_these(number: int) -> str:
    return f"... and {number} more like these"


@remark
def push_elsewhere() -> str:
    return "nothing was pushed: remove these, or push to a remote in xsa.privateRemote"


@remark
def use_the_full_path(target: str) -> str:
    return f"{target} is another place in each work tree: set xsa.privateRemote and the remote to the full path"


@remark
def list_each_address(remote: str, target: str) -> str:
    return (
        f"xsa.privateRemote names {remote}, which has other addresses, too; "
        f"the address of this push is {target}: if all are private, list each of them"
    )


@remark
def not_in_the_ledger(advisories: Collection[int]) -> str:
    are, they = ("is", "it is") if len(advisories) == 1 else ("are", "they are")
    where = f"{advisory_names(advisories)} {are} in the store but not in the ledger"
    return f"{where}; if {they} public, run git xsa-fetch"


# placement


@remark
def behind_is_refused(patch: str, base: str, places: Sequence[tuple[str, int]]) -> str:
    shown = [f"hunk {hunk} of {path}" if hunk else path for path, hunk in places]
    where = f": {', '.join(shown[:4])}{', ...' if len(shown) > 4 else ''}" if shown else ""
    return f"{patch} does not apply on top of the queue for {base}{where}"


@remark
def choose_another_place() -> str:
    return "choose another place (--place), or refresh that patch on top of the queue"


@remark
def applies_behind(patches: int) -> str:
    return f"the {count(patches, 'patch')} behind the queue {'applies' if patches == 1 else 'apply'} on top of it"


# refusals of the freeze rule


@remark
def frozen_until(patterns: str, since: str, end: str, advisories: Collection[int]) -> str:
    names = f" for {advisory_names(advisories)}" if advisories else ""
    return f"{patterns} and their release tags are frozen from {since} until {end}{names}"


@remark
def fixes_come_first(patterns: str, end: str, advisories: Collection[int]) -> str:
    names = f": {advisory_names(advisories)}" if advisories else ""
    return f"the freeze of {patterns} ended at {end}, but not all fixes are in{names}"


@remark
def counts_as_frozen(patterns: str, source: str, trouble: Remark) -> str:
    return f"{patterns} and their release tags count as frozen, since {source} {trouble}"


@remark
def refused(deed: str, reference: str, why: Remark) -> str:
    return f"refused: {deed} {reference}{f': {why}' if why else ''}"


@remark
def gate_is_closed() -> str:
    return "the gate is closed, too (xsa.gateDuringFreeze)"


@remark
def tip_is_unknown(staging: str) -> str:
    return f"it is unknown what was in {staging} when the freeze began"


@remark
def was_not_waiting(staging: str) -> str:
    return f"not all commits were in {staging} when the freeze began"


@remark
def push_after(end: str) -> str:
    return f"nothing was pushed: push it again after {end}, or leave it out and push the rest"


@remark
def push_fixes_first() -> str:
    return "nothing was pushed: push the fixes first (git xsa-check shows what is missing), then this"


@remark
def repair_first(source: str) -> str:
    return f"nothing was pushed: have {source} repaired, then push again"


# resolving


@remark
def how_to_export(options: str) -> str:
    return f"git xsa-export {options} has the adapted patches in its queue"


@remark
def how_to_set_up_again() -> str:
    return "run git xsa-resolve --continue to set it up again"


@remark
def how_to_go_on() -> str:
    return (
        "when it is resolved: git xsa-resolve --continue\n--skip leaves out its advisory, --abort removes the work tree"
    )
