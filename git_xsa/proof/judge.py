"""What base and queue together say: pure rules, none of which blames the queue for what the base does, too."""

from __future__ import annotations

from git_xsa.proof import remarks
from git_xsa.proof.boards import Payload
from git_xsa.proof.machine import End
from git_xsa.proof.results import ProofStep, Ruling, StepOutcome
from git_xsa.wording import NOTHING, Remark

#: A run in a machine: the step, and how it ended.
Play = tuple[ProofStep, End]
#: What an exploit that works looks like: the test says so, or the hypervisor is gone.
_EXPLOITED = (End.FAILURE, End.PANIC, End.STOPPED, End.HANG, End.FLOOD)
#: The part of these that is not just silence.
_TOLD = (End.FAILURE, End.PANIC)
#: Ends of a payload that has come to no result.
_NO_RESULT = (End.SKIP, End.ERROR, End.LOST, End.BROKEN)
#: A queue that does not end within a limit is not at fault if its base took this part of that, or more.
_NEAR = 4
#: What QEMU has in its messages on an image that it can't load.
_OF_IMAGE = "kernel"


def words(end: End, step: ProofStep) -> Remark:
    """Return how a run ended, in words, with the line that explains it."""
    return remarks.ended(end.value, step.detail)


def judge_build(base: ProofStep, queue: ProofStep | None) -> tuple[Ruling, Remark]:
    """Return the ruling of a build, or of the user's command, and its reason; the ``queue`` is not tried if the base
    fails."""
    if queue is None or not base.good:
        return Ruling.NOT_JUDGED, remarks.base_fails(base.detail)
    if queue.outcome is StepOutcome.TIMEOUT and not queue.fault:
        ruling = Ruling.NOT_JUDGED if base.seconds * _NEAR > queue.seconds else Ruling.FAILED
        return ruling, remarks.took_longer(queue.detail, base.seconds, queue.seconds)
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
    after = words(queue[1], queue[0])
    return (Ruling.NOT_JUDGED, remarks.machine_fails_queue(after)) if _machine_s(queue) else (Ruling.FAILED, after)


def _machine_s(play: Play) -> bool:
    """Return whether QEMU did not end well, and not because of the image that it was to load."""
    return play[1] is End.BROKEN and _OF_IMAGE not in play[0].detail


def judge_exploit(payload: Payload, base: Play, queue: Play, control: bool) -> tuple[Ruling, Remark]:
    """Return the verdict on an exploit, and its reason.

    ``control`` says whether a harmless payload for the same environment runs on the base: without that, silence is the
    machine's and not the exploit's.
    """
    before = words(base[1], base[0])
    if queue[1] is End.SUCCESS:
        works = base[1] in _TOLD if not control else base[1] in _EXPLOITED
        if works:
            return Ruling.BLOCKED, remarks.the_base(before, NOTHING)
        return Ruling.NOT_REPRODUCED, remarks.the_base(before, payload.known)
    return _judge_bad_end(payload, base, queue, control)


def _judge_bad_end(payload: Payload, base: Play, queue: Play, control: bool) -> tuple[Ruling, Remark]:
    """Return the verdict where the exploit does not end well on the queue, and its reason."""
    before, after = words(base[1], base[0]), words(queue[1], queue[0])
    if _machine_s(queue):
        return Ruling.NOT_JUDGED, remarks.machine_fails_queue(after)
    if queue[1] in _NO_RESULT:
        if base[1] is End.SUCCESS:
            return Ruling.FAILED, remarks.base_and_queue(before, after)
        why = remarks.explained_by(queue[0].detail) or after
        return Ruling.SKIPPED, remarks.no_result(why, payload.known)
    if not control and queue[1] is not End.FAILURE and queue[1] is base[1]:
        return Ruling.SKIPPED, remarks.does_not_run_here(payload.environment, after, payload.known)
    return Ruling.VULNERABLE, after
