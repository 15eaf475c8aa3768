"""What is said of a pipeline and its results, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Sequence

from git_xsa.model.words import advisory_names, count
from git_xsa.wording import remark

# collect: what is wrong with a result


@remark
def said_by_a_job(text: str) -> str:
    return text


@remark
def no_result() -> str:
    return "no result is in it"


@remark
def unreadable(file: str, why: str) -> str:
    return f"{file}: {why}"


@remark
def not_one_proof(file: str, proofs: int) -> str:
    return f"{file}: it has {proofs} proofs, and a job has one"


@remark
def about_another_queue(file: str) -> str:
    return f"{file}: it is about another base or queue than the others of its target"


@remark
def contradicts(file: str, other: str) -> str:
    return f"{file}: it disagrees with {other} on whether something failed"


@remark
def no_queue(target: str, state: str) -> str:
    return f"{target}: {state}"


# what a job says


@remark
def nothing_outstanding() -> str:
    return "no advisory is outstanding: there is nothing to prove"


@remark
def not_installed_here() -> str:
    return "error: git-xsa is not installed here: use an image that has it, or set xsa.ci.setup"


# planning


@remark
def full_never_ran() -> str:
    return (
        "--full was checked by GitLab's schema and with a local remote; no GitLab has run it: watch its first run (the"
        " project must let the job's token push, or set XSA_PUSH_URL)"
    )


@remark
def keeps_its_logs() -> str:
    return (
        "the tree's own pipeline keeps logs and artifacts as its .gitlab-ci.yml says, not for a day: remove them "
        "yourself"
    )


@remark
def nowhere_fixed(advisories: Sequence[int]) -> str:
    return f"no commit of these branches says that it fixes {advisory_names(advisories)}"


@remark
def none_outstanding(base: str) -> str:
    return f"no advisory is outstanding on {base}"


@remark
def perhaps_embargoed(advisories: int, base: str) -> str:
    they = "it" if advisories == 1 else "they"
    return f"{count(advisories, 'advisory')} outstanding on {base} left out: {they} may be under embargo"


@remark
def needs_no_patch(base: str, advisories: Sequence[int]) -> str:
    return f"{base} needs no patch for {advisory_names(advisories)}"


@remark
def no_queue_to_build(target: str, state: str) -> str:
    return f"{target}: there is no queue to build ({state}); its job says why"


@remark
def no_queue_to_hand_out(target: str, state: str) -> str:
    return f"{target}: there is no queue to hand to the jobs ({state})"


@remark
def image_left_out() -> str:
    return "xsa.exploit.<n>.image is left out: its name would show the number in every job"
