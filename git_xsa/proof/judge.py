"""What base and queue together say: pure rules, none of which blames the queue for what the base does, too."""

from __future__ import annotations

from git_xsa.proof import remarks
from git_xsa.proof.boards import Payload
from git_xsa.proof.machine import End
from git_xsa.proof.results import ProofStep, Ruling
from git_xsa.wording import NOTHING, Remark

#: A run in a machine: the step, and how it ended.
Play = tuple[ProofStep, End]
#: What an exploit that works looks like: the test says so, or the hypervisor is gone.
_EXPLOITED = (End.FAILURE, End.PANIC, End.STOPPED, End.HANG, End.FLOOD)
#: The part of these that is not just silence.
_TOLD = (End.FAILURE, End.PANIC)
#: Ends of a payload that has come to no result.
_NO_RESULT = (End.SKIP, End.ERROR, End.LOST, End.BROKEN)


def words(end: End, step: ProofStep) -> Remark:
    """Return how a run ended, in words, with the line that explains it."""
    return remarks.ended(end.value, step.detail)


def judge_build(base: ProofStep, queue: ProofStep | None) -> tuple[Ruling, Remark]:
    """Return the ruling of a build, or of the user's command, and its reason; the ``queue`` is not tried if the base
    fails."""
    if queue is None or not base.good:
        return Ruling.NOT_JUDGED, remarks.base_fails(base.detail)
    return judge_step(queue)


def judge_step(queue: ProofStep) -> tuple[Ruling, Remark]:
    """Return the ruling of a step on a part or all of the queue, whose base is good, and its reason."""
    if queue.fault:
        return Ruling.NOT_JUDGED, remarks.machine_fails(queue.detail)
    return (Ruling.PASSED, NOTHING) if queue.good else (Ruling.FAILED, remarks.explained_by(queue.detail))


def judge_boot(base: Play, queue: Play) -> tuple[Ruling, Remark]:
    """Return the ruling of a boot, and its reason."""
    before = remarks.the_base(words(base[1], base[0]), NOTHING)
    if queue[1] is End.SUCCESS:
        return Ruling.PASSED, NOTHING if base[1] is End.SUCCESS else before
    if base[1] is not End.SUCCESS:
        return Ruling.NOT_JUDGED, before
    return Ruling.FAILED, words(queue[1], queue[0])


def judge_exploit(payload: Payload, base: Play, queue: Play, control: bool) -> tuple[Ruling, Remark]:
    """Return the verdict on an exploit, and its reason.

    ``control`` says whether a harmless payload for the same environment runs on the base: without that, silence is the
    machine's and not the exploit's.
    """
    before, after = words(base[1], base[0]), words(queue[1], queue[0])
    if queue[1] is End.SUCCESS:
        works = base[1] in _TOLD if not control else base[1] in _EXPLOITED
        if works:
            return Ruling.BLOCKED, remarks.the_base(before, NOTHING)
        return Ruling.NOT_REPRODUCED, remarks.the_base(before, payload.known)
    if queue[1] in _NO_RESULT:
        if base[1] is End.SUCCESS:
            return Ruling.FAILED, remarks.base_and_queue(before, after)
        why = remarks.explained_by(queue[0].detail) or after
        return Ruling.SKIPPED, remarks.no_result(why, payload.known)
    if not control and queue[1] is not End.FAILURE and queue[1] is base[1]:
        return Ruling.SKIPPED, remarks.does_not_run_here(payload.environment, after)
    return Ruling.VULNERABLE, after
