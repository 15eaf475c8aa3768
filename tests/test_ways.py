"""The ways out and around in git-xsa-hooks(1): a test in some module ``test_ways*.py`` for each row of its table."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from repositories import git
from ways import Fate, Ground, Row, rows, way

REFUSED, JOURNALED, UNSEEN = Fate.REFUSED, Fate.JOURNALED, Fate.UNSEEN


def test_every_row_of_the_manual_has_a_test_and_every_such_test_a_row() -> None:
    modules = [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("test_ways*.py"))]
    tested: list[Row] = [row for module in modules for test in vars(module).values() for row in _ways(test)]
    assert len(rows()) == len(set(rows()))
    assert sorted({*tested}) == sorted(rows())


def _ways(test: object) -> list[Row]:
    found: list[Row] = getattr(test, "ways", []) if callable(test) else []
    return found


@way("git push --no-verify", UNSEEN)
def test_no_verify(ground: Ground) -> None:
    before = ground.journal
    assert ground.push("--no-verify", "origin", "new:staging-4.17").passed
    assert ground.push("--no-verify", "origin", "fix:topic").passed
    assert ground.journal == before


@way("git -c core.hooksPath=/dev/null push", UNSEEN)
def test_another_folder_of_hooks_for_one_command(ground: Ground) -> None:
    assert all(push.passed for push in ground.freeze_and_leak("-c", "core.hooksPath=/dev/null"))


@way("git send-pack, and pushing from a clone without the hooks", UNSEEN)
def test_what_runs_no_hooks(ground: Ground) -> None:
    git(ground.folder, "send-pack", str(ground.server), "new:refs/heads/staging-4.17")
    assert ground.there("staging-4.17") == ground.git("rev-parse", "new")
    ground.have_it_back()
    ground.without_hooks()
    assert all(push.passed for push in ground.freeze_and_leak())


@way("the same, to a server with the hooks, of what is frozen", REFUSED)
def test_a_server_asks_for_no_hooks_of_a_client(ground: Ground) -> None:
    ground.put_hooks_on_the_server()
    told = ground.push("--no-verify", "origin", "new:staging-4.17")
    assert (told.status, "remote: error: refused: updating staging-4.17\n" in told.said) == (1, True)
    ground.without_hooks()
    assert not ground.push("origin", "new:staging-4.17").passed
    assert ground.there("staging-4.17") == ground.git("rev-parse", "staging-4.17")


@way("what submodules without the hooks send, and other hooks such as Git LFS", UNSEEN)
def test_what_else_sends_something_during_a_push(ground: Ground, tmp_path: Path) -> None:
    public, inner = tmp_path / "public.git", ground.folder / "inner"
    git(tmp_path, "clone", "--quiet", "--bare", str(ground.server), str(public))
    ground.git("checkout", "--quiet", "new")
    ground.git("submodule", "--quiet", "add", str(public), "inner")
    ground.git("commit", "--quiet", "-m", "with a submodule")
    git(inner, "fetch", "--quiet", str(ground.folder), "fix:new")
    git(inner, "checkout", "--quiet", "new")
    ground.git("commit", "--quiet", "-a", "-m", "newer")
    assert ground.push("--recurse-submodules=on-demand", "origin", "new:other").passed
    assert git(public, "rev-parse", "other") == ground.git("rev-parse", "fix")
    # Another hook runs after ours, if that lets the push pass.
    ground.run("hooks", "uninstall")
    hook = ground.folder / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec git push --quiet --no-verify {public} fix:by-hook\n", encoding="utf-8")
    hook.chmod(0o755)
    ground.run("hooks", "install")
    assert not ground.push("origin", "fix:topic").passed
    assert not git(public, "branch", "--list", "by-hook")
    assert ground.push("origin", "new:another").passed
    assert git(public, "branch", "--list", "by-hook")


@way("git -c xsa.override=<reason> push, of what is frozen", JOURNALED)
def test_an_override(ground: Ground) -> None:
    told = ground.push("origin", "new:staging-4.17", options=("-c", "xsa.override=build is broken"))
    assert (told.status, told.said) == (
        0,
        "note: the freeze is overridden for refs/heads/staging-4.17; the reason is in the journal\n",
    )
    assert '"reason":"build is broken (refs/heads/staging-4.17)"' in ground.journal[-1]


@way("git -c xsa.override=<reason> push, of what is under embargo", REFUSED)
def test_an_override_is_for_the_freeze_alone(ground: Ground) -> None:
    before = ground.journal
    assert not ground.push("origin", "fix:topic", options=("-c", "xsa.override=build is broken")).passed
    assert ground.journal == before


@way("--mirror, --all, --delete, --force, --atomic, several at once", REFUSED)
def test_every_way_to_name_what_is_pushed(ground: Ground) -> None:
    ground.git("branch", "--force", "staging-4.17", "new")
    for words in (
        ("--all", "origin"), ("--mirror", "origin"), ("origin", "--delete", "staging-4.17"),
        ("origin", "+new:staging-4.17"), ("--atomic", "origin", "master", "new:staging-4.17"),
        ("origin", "master:other", "new:staging-4.17"), ("origin", "refs/heads/*:refs/heads/*"),
        (str(ground.server), "staging-4.17"),
    ):  # fmt: skip
        told = ground.push(*words)
        assert (told.status, "error: refused" in told.said or "is under embargo" in told.said) == (1, True), words
    assert ground.there("staging-4.17") == ground.git("rev-parse", "master")
    assert not ground.there("other")
