"""Where a push goes and what is there: real pushes to remotes with other, several and rewritten addresses."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import git
from test_pre_push import Client, client, leaks, secret
from ways import Fate, way

from git_xsa.embargo.address import PushTarget, is_private
from git_xsa.git.config import read_settings
from git_xsa.git.run import Git

__all__ = ["client", "secret"]  # the fixtures


@pytest.fixture
def public(secret: Client, tmp_path: Path) -> Path:
    """Return a public repository that has what ``staging-4.17`` is; the client's ``origin`` is private, and has the
    fix."""
    folder = tmp_path / "public"
    git(secret.folder, "init", "--quiet", "--bare", str(folder))
    git(secret.folder, "push", "--quiet", "--no-verify", str(folder), "staging-4.17:master")
    git(secret.folder, "config", "xsa.privateRemote", str(secret.server))
    assert secret.push("push", "--quiet", "origin", "fix") == (0, "")
    git(secret.folder, "commit", "--quiet", "--amend", "-m", "cleanup")
    assert secret.push("push", "--quiet", "origin", "fix:cleanup") == (0, "")
    return folder


def refused(client: Client, public: Path, *words: str, remote: str = "origin") -> bool:
    """Whether the push ``words`` is refused for the change of a patch, and for nothing else, and sends nothing."""
    status, said = client.push(*words)
    told = leaks(f"commit {client.short('fix')} has the change of a patch of XSA-500", remote=remote)
    lines = [line for line in said.splitlines() if not line.startswith("hint: xsa.privateRemote names ")]
    assert (status, lines[:-1]) == (1, told[1].splitlines()[:-1]), said
    return git(public, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/master"]


@way("pushurl, several addresses, url.<base>.insteadOf, a changed address", Fate.REFUSED)
def test_remote_branches_belong_to_the_address_that_is_fetched_from(secret: Client, public: Path) -> None:
    folder = secret.folder
    assert git(folder, "rev-parse", "refs/remotes/origin/cleanup") == git(folder, "rev-parse", "fix")
    git(folder, "config", "remote.origin.pushurl", str(public))
    assert refused(secret, public, "push", "origin", "fix:topic")
    # The first address has it before git turns to the second one.
    git(folder, "config", "--replace-all", "remote.origin.pushurl", str(secret.server))
    git(folder, "config", "--add", "remote.origin.pushurl", str(public))
    assert refused(secret, public, "push", "--quiet", "origin", "fix:topic")
    assert secret.there("topic") == git(folder, "rev-parse", "fix")
    git(folder, "config", "--unset-all", "remote.origin.pushurl")
    # Rewritten: for pushes only, for all, and on the command line.
    for key in (f"url.{public}.pushInsteadOf", f"url.{public}.insteadOf", "remote.origin.pushurl"):
        value = str(public) if key.startswith("remote") else str(secret.server)
        assert refused(secret, public, "-c", f"{key}={value}", "push", "origin", "fix:topic")
    # Where the address has been changed, branches that were fetched from the other one stay.
    git(folder, "remote", "set-url", "origin", str(public))
    assert refused(secret, public, "push", "origin", "fix:topic")
    git(folder, "remote", "set-url", "--push", "origin", str(secret.server))
    assert secret.push("push", "--quiet", "origin", "fix:topic-2") == (0, "")


@way("a typed address, remote.pushDefault, branch.<name>.pushRemote", Fate.REFUSED)
def test_what_is_typed_is_no_address_before_git_has_rewritten_it(secret: Client, public: Path) -> None:
    folder = secret.folder
    git(folder, "config", "--add", "xsa.privateRemote", "private:x")
    for key in ("pushInsteadOf", "insteadOf"):
        rewritten = ("-c", f"url.{public}.{key}=private:x")
        assert refused(secret, public, *rewritten, "push", "private:x", "fix:topic", remote="private:x")
    git(folder, "remote", "add", "public", str(public))
    assert refused(secret, public, "-c", "remote.pushDefault=public", "push", remote="public")
    git(folder, "config", "branch.fix.pushRemote", "public")
    git(folder, "checkout", "--quiet", "fix")
    assert refused(secret, public, "push", remote="public")
    assert refused(secret, public, "push", str(public), "fix:topic", remote=str(public))


def test_the_address_says_what_it_has(secret: Client, public: Path) -> None:
    folder = secret.folder
    text = (
        "They may change between the check and their use, said at some length so that it is sixteen words and more.\n"
    )
    git(folder, "checkout", "--quiet", "-B", "other", "staging-4.17")
    git(
        folder,
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        f"queue: don't trust the indices that the guest writes\n\n{text}",
    )
    status, said = secret.push("push", str(public), "other")
    assert (status, " repeats a text of XSA-500\n" in said) == (1, True)
    # Where somebody else has pushed it there already, it counts as public.
    git(folder, "push", "--quiet", "--no-verify", str(public), "other:theirs")
    assert secret.push("push", "--quiet", str(public), "other") == (0, "")
    # Where it does not answer, nothing counts.
    git(public, "config", "uploadpack.allowFilter", "no answer")
    status, said = secret.push("push", str(public), "other:mine")
    assert (status, " repeats a text of XSA-500\n" in said) == (1, True)
    assert said.startswith(f"warning: {public} does not say what it has (fatal: ")


@pytest.mark.parametrize(
    ("settings", "name", "address", "private"),
    [
        (("remote.p.url=/p",), "p", "/p", True),
        (("remote.p.url=/p", "remote.p.pushurl=/p"), "p", "/p", True),
        (("remote.p.url=/p", "remote.p.pushurl=/q"), "p", "/q", False),
        (("remote.p.url=/p", "remote.p.pushurl=/q"), "p", "/p", False),
        (("remote.p.url=/p", "remote.p.url=/q"), "p", "/p", False),
        (("remote.p.url=/p", "remote.p.url=/q", "xsa.privateRemote=/p /q"), "p", "/q", True),
        (("remote.p.url=/p", "remote.p.url=/q", "xsa.privateRemote=/p"), "p", "/p", True),  # by its address
        (("remote.p.url=/p", "remote.p.url=/q", "xsa.privateRemote=/p"), "p", "/q", False),
        (("remote.p.url=x:y", "url./q.insteadOf=x:y"), "p", "/q", False),
        (("remote.p.url=x:y", "url./q.pushInsteadOf=x:y"), "p", "/q", False),
        (("remote.p.url=x:y", "url./q.insteadOf=x:y", "xsa.privateRemote=/q"), "p", "/q", True),
        (("remote.p.url=/p", "url./q.pushInsteadOf=/p"), "p", "/q", False),
        (("remote.p.url=/p", "remote.p.vcs=other"), "p", "/p", False),
        (("remote.o.url=/p",), "o", "/p", False),
        ((), "p", "p", False),  # a folder that is called as a remote
        (("remote.o.url=/p", "xsa.privateRemote=/p"), "o", "/p", True),
        (("xsa.privateRemote=ssh://git@h/x.git",), "ssh://git@h/x.git", "ssh://git@h/x.git", True),
        (("xsa.privateRemote=h:x",), "h:x", "/q", False),
    ],
)  # fmt: skip
def test_private(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: tuple[str, ...],
    name: str,
    address: str,
    private: bool,
) -> None:
    git(tmp_path, "init", "--quiet", ".")
    for setting in ("xsa.privateRemote=p", *settings):
        git(tmp_path, "config", "--add", *setting.split("=", 1))
    with Git(tmp_path) as here:
        assert is_private(here, read_settings(here), PushTarget(name, address)) is private


@way("a private name with an address that is not private", Fate.REFUSED)
def test_names_of_remotes_with_other_addresses(secret: Client, public: Path) -> None:
    folder = secret.folder
    git(folder, "config", "--replace-all", "xsa.privateRemote", "origin")
    assert secret.push("push", "--quiet", "origin", "fix:one") == (0, "")
    git(folder, "config", "remote.origin.pushurl", f"{public}")
    status, said = secret.push("push", "origin", "fix:topic")
    hint = (
        f"hint: xsa.privateRemote names origin, which has other addresses, too; the address of this push is {public}: "
        "if all are private, list each of them\n"
    )
    assert (status, hint in said) == (1, True)
    assert refused(secret, public, "push", "origin", "fix:topic")
    git(folder, "config", "--add", "xsa.privateRemote", str(public))
    git(folder, "config", "--add", "xsa.privateRemote", str(secret.server))
    assert secret.push("push", "--quiet", "origin", "fix:topic") == (0, "")


@way("a private address that is a relative path, which differs by work tree", Fate.REFUSED)
def test_a_relative_path_is_another_place_in_each_work_tree(secret: Client, public: Path, tmp_path: Path) -> None:
    folder, tree = secret.folder, tmp_path / "elsewhere" / "tree"
    git(folder, "config", "--replace-all", "xsa.privateRemote", "../private")
    git(folder, "remote", "add", "private", "../private")
    git(folder, "config", "--add", "xsa.privateRemote", "private")
    git(folder, "worktree", "add", "--quiet", "--detach", str(tree), "fix")
    public.rename(tree.parent / "private")
    for words in (("../private",), ("private",)):
        status, said = secret.push("-C", str(tree), "push", *words, "HEAD:refs/heads/topic")
        assert (status, "is not a private remote:\n" in said) == (1, True)
        assert said.splitlines()[-2] == (
            "hint: ../private is another place in each work tree: set xsa.privateRemote and the remote to the full path"
        )
    assert git(tree.parent / "private", "for-each-ref", "--format=%(refname)") == "refs/heads/master"


def test_a_private_remote_that_passes_on_what_it_gets_is_warned_of(secret: Client, public: Path) -> None:
    hint = "hint: make sure that it passes nothing on during an embargo\n"
    git(secret.server, "config", "remote.github.mirror", "true")
    what = "warning: origin is a private remote, but it is a mirror (remote.github.mirror of SERVER)\n"
    assert secret.push("push", "--quiet", "origin", "fix:one") == (0, what + hint)
    git(secret.server, "config", "remote.github.mirror", "false")
    assert secret.push("push", "--quiet", "origin", "fix:two") == (0, "")
    git(secret.folder, "config", "remote.origin.mirror", "true")
    what = "warning: origin is a private remote, but it is a mirror (remote.origin.mirror)\n"
    assert secret.push("push", "--quiet", "origin")[1].startswith(what + hint)


@way("what a private server passes on: its hooks, its mirrors", Fate.UNSEEN)
@way("--receive-pack, core.sshCommand, ssh_config(5): a place other than the address", Fate.UNSEEN)
@way("a name in xsa.privateRemote whose address was changed", Fate.UNSEEN)
def test_what_an_address_does_not_tell(secret: Client, public: Path, tmp_path: Path) -> None:
    folder = secret.folder
    hook = secret.server / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec git push --quiet {public} fix:one\n", encoding="utf-8")
    hook.chmod(0o755)
    assert secret.push("push", "--quiet", "origin", "fix:other")[0] == 0
    hook.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"#!/bin/sh\nexec git-receive-pack {public}\n", encoding="utf-8")
    elsewhere.chmod(0o755)
    assert secret.push("push", "--quiet", f"--receive-pack={elsewhere}", "origin", "fix:two")[0] == 0
    git(folder, "config", "--replace-all", "xsa.privateRemote", "origin")
    git(folder, "remote", "set-url", "origin", str(public))
    assert secret.push("push", "--quiet", "origin", "fix:three") == (0, "")
    found = git(public, "for-each-ref", "--format=%(refname:short)").split()
    assert found == ["master", "one", "three", "two"]
