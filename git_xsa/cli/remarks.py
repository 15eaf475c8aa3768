"""What the commands say besides results, in words: each function returns a sentence that is made of its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from shlex import join, quote

from git_xsa.model.words import advisory_names, count, some_of
from git_xsa.wording import Remark, remark

# several commands


@remark
def nowhere_fixed(advisories: Collection[int]) -> str:
    return f"no commit of these branches says that it fixes {advisory_names(advisories)}"


@remark
def adapt_those_too() -> str:
    return "in a queue with adapted patches, no other conflict is refreshed: adapt that, too (git xsa-resolve)"


@remark
def unsigned(titles: Sequence[str], most: int) -> str:
    return f"not signed by a key in xsa.trustedKeys: {some_of(titles, most)}"


@remark
def request_failed(request: str, why: Remark) -> str:
    return f"{request}: {why}"


@remark
def being_packaged(tag: str, log: Path) -> str:
    return f"{tag}: tarballs and announcement are being made in the background; {log} shows the progress"


# embargo


@remark
def no_staging_branch() -> str:
    return "no staging branch is known here, so the gate cannot update stable branches during the freeze"


@remark
def add_where_staging_is() -> str:
    return "add embargoes in a clone that fetches the staging branches"


# export


@remark
def branch_was_at(branch: str, commit: str) -> str:
    return f"{branch} was at {commit}"


@remark
def do_not_commit(target: Path, repository: Path) -> str:
    return f"{target} may be under embargo and is in the work tree {repository}: do not commit it"


@remark
def nothing_written(why: str) -> str:
    return f"nothing is written{f': {why}' if why else ''}"


@remark
def how_to_keep_going() -> str:
    return "use --keep-going to leave out the advisories that cannot be applied"


@remark
def nothing_to_put_in(why: str) -> str:
    return f"no patch goes in: {why}"


@remark
def how_to_adapt() -> str:
    return "git xsa-check shows what conflicts, git xsa-resolve adapts it by hand"


@remark
def take_out_outdated() -> str:
    return "remove outdated patches from the package first: --into adds what is published now"


@remark
def how_to_see_more(package: Path) -> str:
    return f"git xsa-export --into {quote(str(package))} --dry-run shows what would go in"


@remark
def in_the_release(file: str, advisories: Collection[int], dropped: bool) -> str:
    names = f" ({' '.join(f'XSA-{number}' for number in advisories)})" if advisories else ""
    return f"{file}{names} is in the release already{': dropped' if dropped else ''}"


@remark
def how_to_drop() -> str:
    return "--drop-merged removes the patches that the release has"


# hooks


@remark
def hooks_are_in(folder: Path, setting: str) -> str:
    return f"hooks are in {folder}{f', by {setting}' if setting else ''}"


@remark
def said_of_the_hook(name: str, what: str) -> str:
    return f"{name}: {what}"


@remark
def hook_left_out(name: str) -> str:
    why = "git would start it for each reference of a fetch; the steps after a release tag start when it is pushed"
    return f"{name}: left out, because {why} (with install --post-tag: when it is made)"


@remark
def hooks_are_shown(folder: Path) -> str:
    return f"{folder} is in the work tree, so git status shows the hooks"


@remark
def store_has_moved(now: Path | None, before: Path | None) -> str:
    return f"the hooks now expect the store in {now}; before, they expected it in {before}"


# the hook after a tag


@remark
def steps_not_started(error: str) -> str:
    return f"warning: the steps after the tag were not started: {error}"


@remark
def being_listed(tags: Sequence[str], log: Path) -> str:
    return f"{', '.join(tags)}: prerequisite lists are being made in the background; {log} shows what changed"


@remark
def lists_done(tag: str) -> str:
    return f"{tag}: done"


@remark
def lists_changed(tag: str, change: Remark) -> str:
    return f"{tag}: {change}"


@remark
def lists_failed(tag: str, error: str) -> str:
    return f"{tag}: failed ({error}); git xsa-check --onto {tag} says why"


# the hook before a push


@remark
def store_of_one_command() -> str:
    return "xsa.store is set for a single command, so it is unknown what is under embargo"


@remark
def set_the_store() -> str:
    return "set it for every command: git config xsa.store <folder>"


@remark
def store_is_missing(store: Path) -> str:
    return f"the store {store} (xsa.store) is missing, so it is unknown what is under embargo"


@remark
def mount_the_store(store: Path) -> str:
    return f"mount it, or create a new one: mkdir -m 700 {quote(str(store))}"


@remark
def settings_ignored(keys: Sequence[str]) -> str:
    return f"settings for a single command are ignored during an embargo: {', '.join(keys)}"


@remark
def freeze_is_overridden(references: Sequence[str]) -> str:
    return f"the freeze is overridden for {', '.join(references)}; the reason is in the journal"


@remark
def how_to_override() -> str:
    return (
        "if it cannot wait, ask the security team; to override the freeze, give a reason for the journal:\n"
        "git -c xsa.override='<reason>' push ...; if the server refuses it, add -o xsa-override='<reason>'"
    )


# the hooks of a server


@remark
def freeze_is_overridden_by(user: str | None) -> str:
    return f"the freeze is overridden by {user}; the reason is in the server's log"


@remark
def override_needs_a_reason() -> str:
    return "an override needs a reason: -o xsa-override='<reason>'"


@remark
def pusher_is_unknown() -> str:
    return "this server does not know who pushes, so nobody can override the freeze"


@remark
def may_not_override(user: str) -> str:
    return f"{user} may not override the freeze"


@remark
def servers_clock_is_wrong(now: str, newest: str) -> str:
    return f"the server's clock says {now}, but the freeze file is of {newest}"


@remark
def how_to_override_here(accepted: bool) -> str:
    ask = "if it cannot wait, ask the security team"
    if not accepted:
        return f"{ask}; this server accepts no override"
    return (
        f"{ask}; users in xsa.overrideUsers of the server can override it with a reason, which is logged:\n"
        "git push -o xsa-override='<reason>' ..."
    )


# import


@remark
def perhaps_embargoed(advisories: Collection[int]) -> str:
    return f"{advisory_names(advisories)} may be under embargo, but its end is unknown"


@remark
def embargoed_until(advisories: Collection[int], end: str) -> str:
    return f"{advisory_names(advisories)}: under embargo until {end}."


@remark
def whether_to_add() -> str:
    return "Add this to the ledger, which freezes the stable branches? [y/N] "


@remark
def how_to_add(advisories: Collection[int], end: str) -> str:
    numbers = " ".join(map(str, advisories))
    return f"add it to the ledger, which freezes the stable branches: git xsa-embargo add {numbers} --until {end}"


@remark
def fetch_if_public() -> str:
    return "if it is public, run git xsa-fetch to import the public text"


@remark
def not_judged(tree: str, file: str) -> str:
    return f"{tree}: not judged: the paths in {file} are of that tree"


@remark
def same_file(name: str, other: str) -> str:
    return f"{name} is the same file as {other}, and was not imported"


@remark
def nothing_found() -> str:
    return "no advisory and no patch of an advisory was found"


# release


@remark
def none_is_due() -> str:
    return "no branch has a release due"


@remark
def nothing_changed(failing: int, asked: int) -> str:
    what = "a condition does not hold" if asked == 1 else f"{failing} of {asked} cannot be made"
    return f"{what}: nothing was changed"


@remark
def fix_comes_first(branch: str, advisories: Collection[int]) -> str:
    fixes = advisory_names(advisories)
    return f"note: {branch} is left out: the fix of {fixes} must reach the branch first (git xsa-status)"


@remark
def about_the_release(tag: str, branch: str, last: str) -> str:
    return f"{tag} of {branch}, after {last}:"


@remark
def condition(name: str, holds: bool, words: Remark, hint: Remark, notes: Sequence[Remark]) -> str:
    first, *rest = words.splitlines()
    rest += [f"hint: {line}" for line in hint.splitlines()] if not holds else []
    rest += [f"note: {one}" for one in notes]
    return "\n".join([f"  {'ok' if holds else 'NO':2}  {name:10}  {first}", *(f"{'':18}{line}" for line in rest)])


@remark
def steps_of_the_release(tag: str) -> str:
    return f"\n{tag} would be made in these steps:"


@remark
def step(name: str, title: str, details: Sequence[str]) -> str:
    return "\n".join([f"  {name:10}  {title}", *(f"{'':14}{line}" for line in details)])


@remark
def indented(said: Remark) -> str:
    return f"  {said}"


@remark
def now_making(tag: str) -> str:
    return f"\n{tag}"


@remark
def made_in(tag: str, folder: str) -> str:
    return f"{tag}: {folder}"


@remark
def nothing_pushed(all_of_them: bool) -> str:
    return "Nothing was pushed. To push:" if all_of_them else "To push the rest:"


@remark
def command(words: str) -> str:
    return f"  {words}"


@remark
def not_started(versions: Sequence[str], words: Sequence[str]) -> str:
    return f"Not started: {', '.join(versions)}. To make them:\n  {join(words)}"


@remark
def undoing(tag: str) -> str:
    return tag


@remark
def undone() -> str:
    return "undone: references are restored, and files are deleted"


# resolve


@remark
def work_tree_removed(title: str) -> str:
    return f"the work tree for {title} is removed; adapted patches are kept (--list)"


# status


@remark
def branches_left_out(branches: int) -> str:
    them = "it" if branches == 1 else "them"
    return f"{count(branches, 'branch')} without security support left out (--all shows {them}, too)"


# test, ci


@remark
def nothing_to_prove(why: str) -> str:
    return f"there is nothing to prove: {why}"


@remark
def misplaced_by_git() -> str:
    return "git apply would misplace a hunk of this queue; the queue is proved as git xsa-export writes it"


@remark
def failed_check(base: str, name: str, why: str) -> str:
    return f"{base}: {name}: {why}"


# report


@remark
def proof_of_another(folder: Path) -> str:
    return f"{folder} has a proof of a release or a queue that is not shown"
