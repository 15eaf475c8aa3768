"""git xsa-release: real repositories, real keys, and a release that is whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import releases
from releases import project, upstream
from repositories import PROGRAM, Answer, Draft, Place, git, snapshot

from git_xsa.git.repository import Repository
from git_xsa.release.archive import compress, make_tar

ROOT = Path(__file__).resolve().parent.parent
gnupg, signer, ssh_keys = releases.gnupg, releases.signer, releases.ssh_keys


def store(sealed: Path) -> Path:
    return sealed / "data" / "git-xsa"


def files(sealed: Path, version: str = "1.0.1") -> Path:
    return store(sealed) / "releases" / version


def refs(folder: Path) -> str:
    return git(folder, "for-each-ref")


def holds(answer: Answer, name: str) -> str:
    """Return what was said of a condition that does not hold."""
    assert answer.status == 1, answer
    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"  NO  {name} "))
    assert answer.err.endswith(": nothing was changed\n")
    return " ".join(" ".join(lines[at : at + 4]).split())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return upstream(tmp_path)


def test_a_release_is_made_with_all_that_belongs_to_it(place: Place, signer: Path, sealed: Path) -> None:
    before = refs(place.folder)

    done = place.run("release", "1.0.1")

    assert done.status == 0, done
    assert done.err == ""
    assert done.out.splitlines()[-1].strip() == (
        "git push --atomic origin refs/heads/staging-1.0:refs/heads/staging-1.0 refs/tags/RELEASE-1.0.1"
    )
    added = set(refs(place.folder).splitlines()) - set(before.splitlines())
    assert {line.split("\t")[1] for line in added} == {"refs/heads/staging-1.0", "refs/tags/RELEASE-1.0.1"}
    log = place.git("log", "--format=%s", "origin/staging-1.0..staging-1.0")
    assert log == "update Xen version to 1.0.2-pre\nupdate Xen version to 1.0.1"
    assert place.git("diff", "-U0", "RELEASE-1.0.1~1", "RELEASE-1.0.1").splitlines()[-2:] == [
        "-export XEN_EXTRAVERSION ?= .1-pre$(XEN_VENDORVERSION)",
        "+export XEN_EXTRAVERSION ?= .1$(XEN_VENDORVERSION)",
    ]
    place.git("verify-tag", "RELEASE-1.0.1")
    tag = place.git("cat-file", "tag", "RELEASE-1.0.1").splitlines()
    assert tag[1:3] == ["type commit", "tag RELEASE-1.0.1"]
    assert tag[5] == "Xen 1.0.1"
    folder = files(sealed)
    subprocess.run(("sha256sum", "--quiet", "-c", "xen-1.0.1.sha256"), cwd=folder, check=True)
    for ending in ("gz", "xz"):
        name = folder / f"xen-1.0.1.tar.{ending}"
        subprocess.run(("gpg", "--verify", f"{name}.sig", str(name)), check=True, capture_output=True)
        with tarfile.open(name) as archive:
            assert "xen-1.0.1/xen/Makefile" in archive.getnames()
            info = archive.extractfile("xen-1.0.1/info")
            assert info is not None
            assert info.read().decode() == f"Changeset: {place.git('rev-parse', 'RELEASE-1.0.1^{commit}')}\n"
    text = (folder / "xen-1.0.1.announcement.txt").read_text()
    assert "XSA-9100  CVE-2030-1234\n    mend two\n" in text
    assert "\n  mend three\n" in text
    assert "update Xen version" in text  # the one to 1.0.1-pre, which somebody made; not the run's own
    assert "update Xen version to 1.0.1\n" not in text
    assert place.git("fsck", "--no-dangling", "--no-progress") == ""


def test_a_dry_run_tells_all_and_changes_nothing(place: Place, signer: Path, sealed: Path) -> None:
    before = snapshot(place.folder)
    program, asked = sealed / "upload-pack", sealed / "asked"
    words = 'tr "\\0" " " <"/proc/$p/cmdline"; p=$(awk "/^PPid/{print \\$2}" "/proc/$p/status")'
    ancestors = f"p=$PPID; for n in 1 2 3; do {words}; done"
    program.write_text(f'#!/bin/sh\n{{ {ancestors}; }} >"{asked}"\nexec git-upload-pack "$@"\n')
    program.chmod(0o755)
    git(place.folder, "config", "--global", "remote.origin.uploadpack", str(program))

    done = place.run("release", "1.0.1", "--dry-run")

    assert done.status == 0, done
    assert "ls-remote" in asked.read_text()
    assert "RELEASE-1.0.1" not in asked.read_text()  # which tag is to come is not in what the remote is asked
    assert "xen/Makefile: +export XEN_EXTRAVERSION ?= .1$(XEN_VENDORVERSION)" in done.out
    assert "xen/Makefile: +export XEN_EXTRAVERSION ?= .2-pre$(XEN_VENDORVERSION)" in done.out
    assert [word for word in ("commit", "tag", "tarball", "sign", "references") if f"\n  {word} " not in done.out] == []
    assert snapshot(place.folder) == before
    assert not store(sealed).exists()


@pytest.mark.parametrize(
    ("version", "what"),
    [
        ("1.0.3", "1.0.3 does not follow RELEASE-1.0.0, the last release of stable-1.0"),
        ("1.0.0", "1.0.0 does not follow RELEASE-1.0.0, the last release of stable-1.0; it exists already"),
        ("2.0.1", "2.0.1 is a release of stable-2.0, and there is no such branch"),
        ("one", "'one' is not a version"),
    ],
)
def test_a_version_must_follow_the_last_one(place: Place, version: str, what: str) -> None:
    done = place.run("release", version)

    assert done.status == 129
    assert done.err.splitlines()[0] == f"error: {what}"


def test_the_gate_must_have_passed_all_of_it(place: Place, signer: Path) -> None:
    git(place.folder, "update-ref", "refs/remotes/origin/stable-1.0", place[3])

    said = holds(place.run("release", "1.0.1"), "gate")
    assert "the gate has not passed 1 commit of origin/staging-1.0 yet" in said


def test_commits_of_ones_own_are_not_released(place: Place, signer: Path) -> None:
    git(place.folder, "checkout", "--quiet", "-b", "stable-1.0")
    git(place.folder, "commit", "--quiet", "--allow-empty", "-m", "mine")

    said = holds(place.run("release", "1.0.1"), "gate")
    assert "your stable-1.0 has 1 commit that the gate has not passed" in said


def test_nothing_is_released_during_a_freeze(place: Place, signer: Path, sealed: Path) -> None:
    assert place.run("embargo", "add", "9200", "--until", "2099-01-01").status == 0

    said = holds(place.run("release", "1.0.1"), "frozen")
    assert "the branch is frozen until 2099-01-01 12:00 UTC (XSA-9200)" in said

    (store(sealed) / "embargoes.json").write_text("{")
    assert "can't be read" in holds(place.run("release", "1.0.1"), "frozen")


def test_a_tag_that_is_there_is_never_replaced(place: Place, signer: Path) -> None:
    place.git("tag", "RELEASE-1.0.1", "origin/stable-1.0")
    done = place.run("release", "1.0.1")
    assert "error: 1.0.1 does not follow RELEASE-1.0.1" in done.err

    place.git("tag", "-d", "RELEASE-1.0.1")
    git(place.folder.parent / "upstream.git", "tag", "RELEASE-1.0.1", "stable-1.0")
    assert "origin has a tag RELEASE-1.0.1 already" in holds(place.run("release", "1.0.1"), "remote")


def test_what_moved_at_the_remote_is_fetched_first(place: Place, signer: Path) -> None:
    git(place.folder.parent / "upstream.git", "update-ref", "refs/heads/staging-1.0", place[3])

    assert "staging-1.0 of origin moved since it was fetched" in holds(place.run("release", "1.0.1"), "remote")


def test_a_remote_that_is_away_stops_nothing(place: Place, signer: Path) -> None:
    (place.folder.parent / "upstream.git").rename(place.folder.parent / "away")

    done = place.run("release", "1.0.1", "--dry-run")
    assert done.status == 0, done
    assert "origin can't be reached, so it was not compared" in done.out


def test_a_line_that_is_not_there_is_told_before_anything_happens(tmp_path: Path, signer: Path) -> None:
    place = upstream(tmp_path, project("7-pre"))
    before = snapshot(place.folder)

    said = holds(place.run("release", "1.0.1"), "edits")
    assert "xen/Makefile: it has no line 'export XEN_EXTRAVERSION ?= .1-pre$(XEN_VENDORVERSION)'" in said
    assert snapshot(place.folder) == before


def test_a_checked_out_branch_must_be_clean_and_then_follows(place: Place, signer: Path) -> None:
    place.git("checkout", "--quiet", "-b", "staging-1.0", "origin/staging-1.0")
    (place.folder / "a.c").write_text("mine\n")
    assert "has changes: M a.c" in holds(place.run("release", "1.0.1"), "tree")

    place.git("checkout", "--quiet", "a.c")
    assert place.run("release", "1.0.1").status == 0
    assert place.git("status", "--porcelain") == ""
    assert ".2-pre$" in (place.folder / "xen/Makefile").read_text()

    assert place.run("release", "--abandon", "1.0.1").status == 0
    assert place.git("status", "--porcelain") == ""
    assert ".1-pre$" in (place.folder / "xen/Makefile").read_text()


PATCH = """\
From: Jane Doe <jane@example.org>
Subject: {subject}

---
 a.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

--- a/a.c
+++ b/a.c
@@ -1,3 +1,3 @@
{body}
--
"""


@pytest.mark.parametrize(
    ("xsa", "bodies", "what"),
    [
        (9100, (" one\n-two\n+2\n three",), ""),
        (
            9100,
            (" one\n-two\n+2\n three", "-one\n+1\n 2\n 3"),
            "XSA-9100 is only partly applied: present patch 1 of 2 missing patch 2 of 2",
        ),
        (9102, ("-one\n+1\n 2\n 3",), "XSA-9102 is not applied: missing xsa9102-1.patch: change 1"),
    ],
)
def test_every_advisory_in_the_store_must_be_applied(
    place: Place, signer: Path, tmp_path: Path, xsa: int, bodies: tuple[str, ...], what: str
) -> None:
    for number, body in enumerate(bodies, 1):
        (tmp_path / f"xsa{xsa}-{number}.patch").write_text(PATCH.format(subject=f"change {number}", body=body))
    assert place.run("import", *(str(path) for path in sorted(tmp_path.glob("*.patch")))).status == 0

    done = place.run("release", "1.0.1", "--dry-run")
    if xsa == 9102:  # the text alone, or the ledger, says that it is public
        assert done.status == 0, done
        assert "note: XSA-9102 is not known to be public, and the branch lacks its fix" in done.out
        assert "change 1" not in done.out
        assert "xsa9102" not in done.out
        for words in (("add", "9102", "--until", "2099-01-01"), ("lift", "9102", "--reason", "published early")):
            assert place.run("embargo", *words).status == 0
        done = place.run("release", "1.0.1", "--dry-run")
    if not what:
        assert done.status == 0, done
        assert "ok  advisories  the branch has all fixes of 1 advisory in the store" in done.out
        return
    assert what in holds(done, "advisories")
    assert place.run("release", "1.0.1", "--dry-run", "--skip-xsa", str(xsa)).status == 0


# Keys


def test_without_an_identity_nothing_begins(place: Place, signer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(place.folder)
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    answer = place.run("release", "1.0.1")
    wanted = "fatal: git has no usable identity for commits\nhint: git config user.name and user.email\n"
    assert (answer.status, answer.out, answer.err) == (128, "", wanted)
    assert snapshot(place.folder) == before


def test_a_missing_expired_or_locked_gpg_key_is_told_before_anything_happens(place: Place, signer: Path) -> None:
    before = snapshot(place.folder)
    for key, what in (
        ("nobody@example.org", "gpg has no secret key 'nobody@example.org'"),
        ("old@example.org", "has expired on 2020-01-02"),
        ("locked@example.org", "the key locked@example.org is locked, and no passphrase was given"),
    ):
        git(place.folder, "config", "--global", "xsa.signingKey", key)
        assert what in holds(place.run("release", "1.0.1"), "key")
    assert snapshot(place.folder) == before


def test_a_git_that_knows_no_ssh_keys(
    place: Place, ssh_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2.34, git refuses ``gpg.format=ssh``, and would do so in the middle of a release."""
    old = tmp_path / "old/git"
    old.parent.mkdir()
    real = git(place.folder, "--exec-path")
    said = 'for word; do [ "$word" != version ] || { echo git version 2.33.8; exit; }; done'
    old.write_text(f'#!/bin/sh\n{said}\nexec {real}/git "$@"\n')
    old.chmod(0o755)
    git(place.folder, "config", "--global", "gpg.format", "ssh")
    git(place.folder, "config", "--global", "user.signingKey", str(ssh_keys / "good.pub"))
    before = snapshot(place.folder)
    monkeypatch.setenv("PATH", str(old.parent), prepend=":")

    told = holds(place.run("release", "1.0.1"), "key")

    assert "gpg.format is ssh, and git 2.33.8 can't sign with ssh keys" in told
    assert "install git 2.34 or later" in told
    assert snapshot(place.folder) == before


def test_ssh_keys_sign_too_and_are_told_when_they_can_not(place: Place, ssh_keys: Path, sealed: Path) -> None:
    place.git("config", "gpg.format", "ssh")
    before = snapshot(place.folder)
    assert "gpg.format is ssh, and no key is set" in holds(place.run("release", "1.0.1"), "key")
    for key, what in (("none", "there is no ssh key"), ("locked", "is locked, and no passphrase was given")):
        git(place.folder, "config", "--global", "user.signingKey", str(ssh_keys / key))
        assert what in holds(place.run("release", "1.0.1"), "key")
    assert snapshot(place.folder) == before
    git(place.folder, "config", "--global", "user.signingKey", str(ssh_keys / "good.pub"))
    signers = sealed / "signers"
    public = (ssh_keys / "good.pub").read_text()
    git(place.folder, "config", "--global", "gpg.ssh.allowedSignersFile", str(signers))
    signers.write_text(f'jane@example.org valid-before="20200101" {public}')
    assert "does not list it, or it has expired there" in holds(place.run("release", "1.0.1"), "key")
    signers.write_text(f"jane@example.org {public}")

    assert place.run("release", "1.0.1").status == 0

    place.git("verify-tag", "RELEASE-1.0.1")
    tarball = files(sealed) / "xen-1.0.1.tar.xz"
    words = ("ssh-keygen", "-Y", "verify", "-n", "file", "-f", str(signers), "-I", "jane@example.org", "-s")
    subprocess.run((*words, f"{tarball}.sig"), input=tarball.read_bytes(), check=True, capture_output=True)


# Tarballs


def test_a_tarball_is_the_same_wherever_it_is_made(place: Place, tmp_path: Path, sealed: Path) -> None:
    def tarballs(folder: Path) -> list[bytes]:
        with Repository(folder) as repository:
            tar = make_tar(repository, place[4], "xen-1.0.1")
        return [compress(tar, ".tar.gz"), compress(tar, ".tar.xz")]

    first = tarballs(place.folder)
    other = tmp_path / "other place"
    git(tmp_path, "clone", "--quiet", "--bare", str(tmp_path / "upstream.git"), str(other))
    git(other, "config", "tar.umask", "077")
    git(other, "config", "--global", "core.abbrev", "7")
    (other / "info").mkdir(exist_ok=True)
    (other / "info/attributes").write_text("a.c export-ignore\n")
    surroundings = {"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "GZIP": "-1", "XZ_OPT": "-0", "XZ_DEFAULTS": "-T2"}
    umask = os.umask(0o077)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in surroundings.items():
                patch.setenv(name, value)
            assert tarballs(other) == first
    finally:
        os.umask(umask)


def test_a_damaged_tarball_is_noticed(place: Place, signer: Path, sealed: Path) -> None:
    assert place.run("release", "1.0.1").status == 0
    name = files(sealed) / "xen-1.0.1.tar.gz"
    with Repository(place.folder) as repository:
        name.write_bytes(compress(make_tar(repository, place[3], "xen-1.0.1"), ".tar.gz"))

    done = place.run("release", "--continue", "1.0.1")

    assert done.status == 128
    assert "is not the tree of RELEASE-1.0.1: a.c has other contents; xen/Makefile has other contents" in done.err
    name.unlink()
    assert place.run("release", "--continue", "1.0.1").status == 0


def test_the_projects_own_target_makes_the_tarballs(place: Place, signer: Path, sealed: Path) -> None:
    target = 'git archive --prefix=xen-$XSA_VERSION/ HEAD | gzip -n >"$XSA_OUTPUT/xen-$XSA_VERSION.tar.gz"'
    place.git("config", "xsa.release.tarball", target)

    assert place.run("release", "1.0.1").status == 0
    assert (files(sealed) / "xen-1.0.1.tar.gz.sig").is_file()
    assert not (files(sealed) / "xen-1.0.1.tar.xz").exists()


def test_what_was_unpacked_is_built(place: Place, signer: Path) -> None:
    done = place.run("release", "1.0.1", "--build", "grep -q .1$ xen/Makefile && test -x run.sh")
    assert done.status == 128
    assert "build: RELEASE-1.0.1 does not build with" in done.err
    assert "no reference was changed" in done.err
    assert place.git("tag", "-l", "RELEASE-1.0.1") == ""

    assert place.run("release", "--continue", "--build", "grep -q VERSION xen/Makefile").status == 0
    assert place.git("tag", "-l", "RELEASE-1.0.1") == "RELEASE-1.0.1"


# Interrupted runs

#: Ends the process by SIGKILL once the step that its first argument names is done, or about to begin (-step).
DRIVER = """
import os, signal, sys
from git_xsa import __main__ as program
from git_xsa.release import runs, steps
name = sys.argv.pop(1)
def end(work, step):
    if step.name == name:
        os.kill(os.getpid(), signal.SIGKILL)
runs.after_step = end
if name.startswith("in-"):
    module, function = name[3:].split(".")
    target = __import__(f"git_xsa.release.{module}", fromlist=["x"])
    real = getattr(target, function)
    def cut(*words, **options):
        real(*words, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(target, function, cut)
sys.exit(program.main(sys.argv[1:]))
"""
CUTS = (
    "commit", "tag", "tarball", "unpack", "sign", "announce", "references", "prerequisites", "push",
    "in-steps.make_tag", "in-packaging.compress", "in-steps.move_refs", "in-steps.follow", "in-steps.push",
)  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
def test_a_run_that_is_killed_can_be_gone_on_with_or_taken_back(
    place: Place, signer: Path, sealed: Path, cut: str
) -> None:
    place.git("checkout", "--quiet", "-b", "staging-1.0", "origin/staging-1.0")
    before, theirs = refs(place.folder), refs(place.folder.parent / "upstream.git")
    begun = (sys.executable, "-c", DRIVER, cut, "release", "1.0.1", "--push")
    pushed = cut in ("push", "in-steps.push")

    for way in ("--continue",) if pushed else ("--abandon", "--continue"):
        ended = subprocess.run(begun, cwd=place.folder, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended
        if "refs/tags/RELEASE-1.0.1" in refs(place.folder):
            assert (files(sealed) / "xen-1.0.1.tar.gz.sig").is_file(), "no tag without its tarball"
        assert (refs(place.folder.parent / "upstream.git") == theirs) is not pushed
        again = place.run("release", "1.0.1")
        assert again.status == 129
        assert again.err.startswith("error: 1.0.1 was started and not finished\n")
        if pushed:
            assert "origin has RELEASE-1.0.1 already" in place.run("release", "--abandon").err
        done = place.run("release", way, "1.0.1")
        assert done.status == 0, done
        assert place.git("status", "--porcelain") == ""
        if way == "--abandon":
            assert refs(place.folder) == before
            assert not files(sealed).exists()
            assert list((store(sealed) / "releases").iterdir()) == []
    place.git("verify-tag", "RELEASE-1.0.1")
    assert place.git("rev-parse", "RELEASE-1.0.1~1^{commit}") == place[4]
    assert json.loads((store(sealed) / "releases" / "1.0.1.json").read_text())["finished"] is True


def test_a_freeze_that_began_since_stops_references_and_push(place: Place, signer: Path, sealed: Path) -> None:
    begun = (sys.executable, "-c", DRIVER, "announce", "release", "1.0.1")
    subprocess.run(begun, cwd=place.folder, capture_output=True, check=False)
    before = refs(place.folder)
    assert place.run("embargo", "add", "9200", "--until", "2099-01-01").status == 0

    done = place.run("release", "--continue")

    assert done.status == 1, done
    assert done.err.startswith("error: references: frozen: the branch is frozen until 2099-01-01")
    assert "no reference was changed" in done.err
    assert refs(place.folder) == before
    assert place.run("embargo", "lift", "9200", "--reason", "published early").status == 0
    moved = place.git("rev-parse", "origin/stable-1.0")
    place.git("update-ref", "refs/remotes/origin/stable-1.0", place[3])
    assert "gate: origin/stable-1.0 is not at" in place.run("release", "--continue").err
    place.git("update-ref", "refs/remotes/origin/stable-1.0", moved)
    assert place.run("release", "--continue").status == 0
    assert place.run("embargo", "add", "9201", "--until", "2099-01-01").status == 0

    done = place.run("release", "--continue", "1.0.1", "--push")

    assert done.status == 1, done
    assert done.err.startswith("error: push: frozen: ")
    assert "RELEASE-1.0.1" not in refs(place.folder.parent / "upstream.git")


#: Somebody else makes the release, or takes it back, while the lock is waited for.
RIVAL = """
import sys
from git_xsa import __main__ as program
from git_xsa.release.record import Record, Records
here = sys.argv.pop(1)
real = Records.lock
def lock(self, version):
    if "--continue" in sys.argv:
        self.forget(self.read(version))
    else:
        self.write(Record(version, "t", "release", here, "", 0, "", "", "", "", {}, finished=True))
    return real(self, version)
Records.lock = lock
sys.exit(program.main(sys.argv[1:]))
"""


def test_what_somebody_else_did_before_the_lock_was_free_is_seen(place: Place, signer: Path) -> None:
    def rival(*words: str) -> str:
        program = (sys.executable, "-c", RIVAL, here, "release", *words)
        done = subprocess.run(program, cwd=place.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 129, done
        return done.stderr

    with Repository(place.folder) as repository:
        here = str(repository.folder)
    assert rival("1.0.1").startswith("error: 1.0.1 is finished\n")
    assert rival("--continue", "1.0.1").startswith("error: 1.0.1 was undone meanwhile\n")
    assert place.git("tag", "-l", "RELEASE-1.0.1") == ""


def test_what_a_run_began_does_not_depend_on_settings_that_change(place: Place, signer: Path) -> None:
    before = refs(place.folder)
    assert place.run("release", "1.0.1", "--build", "false").status == 128
    place.git("config", "xsa.release.edit", "nowhere: a => b")

    assert place.run("release", "--abandon").status == 0
    assert refs(place.folder) == before

    place.git("config", "--unset", "xsa.release.edit")
    assert place.run("release", "1.0.1", "--build", "false").status == 128
    place.git("config", "xsa.release.message", "something else")
    assert place.run("release", "--continue", "--no-build").status == 0
    assert place.git("log", "-1", "--format=%s", "RELEASE-1.0.1") == "update Xen version to 1.0.1"


def test_a_repository_of_sha256_works(tmp_path: Path, signer: Path) -> None:
    place = upstream(tmp_path, None, "--object-format=sha256")

    assert place.run("release", "1.0.1").status == 0
    place.git("verify-tag", "RELEASE-1.0.1")


def test_push_pushes_branch_and_tag_and_what_is_out_stays_out(place: Place, signer: Path) -> None:
    assert place.run("release", "1.0.1").status == 0
    server = place.folder.parent / "upstream.git"
    assert "RELEASE-1.0.1" not in refs(server)

    assert place.run("release", "--continue", "1.0.1", "--push").status == 0

    assert git(server, "rev-parse", "staging-1.0") == place.git("rev-parse", "staging-1.0")
    assert git(server, "rev-parse", "RELEASE-1.0.1") == place.git("rev-parse", "RELEASE-1.0.1")
    assert git(server, "rev-parse", "stable-1.0") == place[4]
    before = refs(place.folder)
    done = place.run("release", "--abandon", "1.0.1")
    assert done.status == 128
    assert done.err.startswith("fatal: origin has RELEASE-1.0.1 already\n")
    assert refs(place.folder) == before


def test_a_push_that_is_refused_leaves_the_release_here(place: Place, signer: Path) -> None:
    hook = place.folder.parent / "upstream.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho frozen >&2\nexit 1\n")
    hook.chmod(0o755)

    done = place.run("release", "1.0.1", "--push")

    assert done.status == 128
    assert "remote: frozen" in done.err
    assert "git xsa-release --continue 1.0.1 --push to try again" in done.err
    hook.unlink()
    assert place.run("release", "--continue", "1.0.1", "--push").status == 0


def test_all_makes_every_release_that_is_due(tmp_path: Path, signer: Path, sealed: Path) -> None:
    draft = project()
    for name in ("1.1", "1.2"):
        draft.branch(f"stable-{name}", 2)
        draft.release(f"{name}.0", {"v": b"x"}, on=f"stable-{name}")
        if name == "1.1":
            draft.commit("mend\n\nThis is XSA-9101.", {"a.c": b"1\n"}, on="stable-1.1")
    place = upstream(tmp_path, draft)
    place.git("config", "xsa.release.pre", "never")
    out = place.folder / "out"

    done = place.run("release", "1.0.1", "1.1.1", "1.2.1", "-o", "out", "--build", "test ! -f v")

    assert done.status == 128, done
    assert f"\nRELEASE-1.0.1: {out}\nNothing was pushed. To push:\n  git push --atomic origin " in done.out
    not_begun = f"Not started: 1.2.1. To make them:\n  git xsa-release 1.2.1 -o {out}\n"
    assert done.out.endswith(not_begun)
    assert place.run("release", "--continue", "--no-build").out.endswith(not_begun)
    for version in ("1.0.1", "1.1.1"):
        assert place.run("release", "--abandon", version).status == 0

    git(place.folder, "checkout", "--quiet", "origin/staging-1.2")
    git(place.folder, "commit", "--quiet", "--allow-empty", "-m", "mend\n\nThis is XSA-9102.")
    git(place.folder, "push", "--quiet", "origin", "HEAD:staging-1.2")

    done = place.run("release", "--all", "-o", "out")

    assert done.status == 0, done
    assert place.git("tag", "-l", "RELEASE-*.1").split() == ["RELEASE-1.0.1", "RELEASE-1.1.1"]
    assert sorted(path.name for path in (place.folder / "out").glob("*.gz")) == [
        "xen-1.0.1.tar.gz", "xen-1.1.1.tar.gz",
    ]  # fmt: skip
    assert place.git("log", "-1", "--format=%s", "staging-1.1") == "update Xen version to 1.1.1"
    assert "note: stable-1.2 is left out: the fix of XSA-9102 must reach the branch first (git xsa-status)" in done.out


def test_a_changelog_gets_its_line_where_that_is_wanted(place: Place, signer: Path) -> None:
    place.git("config", "xsa.release.changelog", "true")

    assert place.run("release", "1.0.1").status == 0

    log = place.git("log", "--format=%s", "origin/staging-1.0..RELEASE-1.0.1")
    assert log == "Update CHANGELOG.md with 1.0.1 line\nupdate Xen version to 1.0.1"
    text = place.git("show", "RELEASE-1.0.1:CHANGELOG.md")
    assert "## [1.0.1](https://xen.example.org/?p=xen.git;a=shortlog;h=RELEASE-1.0.1)\n\n## [1.0.0]" in text


def test_a_banner_that_says_something_else_is_drawn_anew(tmp_path: Path, signer: Path) -> None:
    if shutil.which("figlet") is None:
        pytest.skip("figlet is not installed")
    drawn = {
        text: subprocess.run(("figlet", text), capture_output=True, text=True, check=True).stdout.rstrip()
        for text in ("Xen 1.0", "Xen 1.0-rc")
    }
    draft = project()
    draft.commit("banner", {"README": f"{'#' * 60}\n{drawn['Xen 1.0-rc']}\n\n{'#' * 60}\n\nmore\n".encode()})
    place = upstream(tmp_path, draft)

    assert place.run("release", "1.0.1", "--no-build").status == 0

    text = place.git("show", "RELEASE-1.0.1:README")
    shown = [line.rstrip() for line in drawn["Xen 1.0"].splitlines()]
    assert text.splitlines()[1:6] == shown
    assert set(text.splitlines()[0]) == set(text.splitlines()[7]) == {"#"}
    assert place.git("log", "-1", "--format=%s", "RELEASE-1.0.1") == "update Xen version to 1.0.1"


def test_another_projects_edits_and_names(tmp_path: Path, signer: Path, sealed: Path) -> None:
    draft = Draft()
    draft.commit("one", {"VERSION": b"2.3.0\n"}, on="maint-2.3")
    draft.tag("v2.3.0", 1)
    draft.commit("two", {"f": b"f\n"}, on="maint-2.3")
    place = draft.write(tmp_path / "other")
    for key, value in (
        ("releaseTag", "v*"), ("stableBranch", "maint-*"), ("release.name", "tool-{version}"),
        ("release.edit", "VERSION: {branch}.{previous} => {version}"),
        ("release.pre", "never"), ("release.message", "version {version}"), ("release.tagMessage", "Tool {version}"),
    ):  # fmt: skip
        place.git("config", f"xsa.{key}", value)

    done = place.run("release", "2.3.1")

    assert done.status == 0, done
    assert place.git("show", "v2.3.1:VERSION") == "2.3.1"
    assert (files(sealed, "2.3.1") / "tool-2.3.1.tar.gz").is_file()
    assert "git push" not in done.out
    done = place.run("release", "--continue", "2.3.1", "--push")
    assert (done.status, done.out) == (128, "")
    assert done.err.startswith("fatal: there is no remote to push 2.3.1 to\n")
    assert "there is no remote to push to" in holds(place.run("release", "2.3.2", "--push"), "remote")


# A tag that a person made


def test_what_follows_a_hand_made_tag_is_made_once(place: Place, signer: Path, sealed: Path) -> None:
    place.git("tag", "-s", "-m", "Xen 1.0.1", "RELEASE-1.0.1", "origin/stable-1.0")
    before = refs(place.folder)

    done = place.run("release", "--from-tag", "RELEASE-1.0.1")

    assert done.status == 0, done
    assert refs(place.folder) == before
    names = {path.name: path.stat().st_mtime_ns for path in files(sealed).iterdir()}
    assert {"xen-1.0.1.tar.gz", "xen-1.0.1.tar.xz.sig", "xen-1.0.1.announcement.txt"} <= names.keys()
    again = place.run("release", "--from-tag", "RELEASE-1.0.1")
    assert again == (0, f"RELEASE-1.0.1: already made, in {files(sealed)}\n", "")
    assert {path.name: path.stat().st_mtime_ns for path in files(sealed).iterdir()} == names
    place.git("tag", "-f", "-s", "-m", "other", "RELEASE-1.0.1", place[3])
    assert "RELEASE-1.0.1 was another tag" in place.run("release", "--from-tag", "RELEASE-1.0.1").err


def test_what_is_outstanding_on_the_new_base_is_worked_out_anew(place: Place, signer: Path, sealed: Path) -> None:
    place.git("tag", "-s", "-m", "Xen 1.0.1", "RELEASE-1.0.1", place[2])

    done = place.run("release", "--from-tag", "RELEASE-1.0.1")

    assert "XSA-9100: applies on RELEASE-1.0.1" in done.out
    lists = store(sealed) / "lists" / "RELEASE-1.0.1"
    answers = lists / "XSA-9100.json"
    assert answers.stat().st_mode & 0o777 == 0o600
    assert (lists / "base").read_text() == f"{place[2]}\n"
    assert [(one["xsa"], one["state"]) for one in json.loads(answers.read_text())["results"]] == [([9100], "applies")]


def test_a_release_starts_what_the_repository_has_follow_a_tag(place: Place, signer: Path, tmp_path: Path) -> None:
    script = place.folder / ".git" / "hooks" / "post-tag"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        f'#!/bin/sh\necho "$*: $(git rev-parse "$1^{{commit}}")" >>{tmp_path}/told\necho it is told\nexit 3\n'
    )
    script.chmod(0o755)

    done = place.run("release", "1.0.1")

    assert done.status == 0
    tagged = place.git("rev-parse", "RELEASE-1.0.1^{commit}")
    assert (tmp_path / "told").read_text() == f"RELEASE-1.0.1: {tagged}\n"
    assert "  it is told\n" in done.out
    assert f"warning: {script} ended with status 3" in done.out


def test_a_hand_made_tag_must_be_signed(place: Place, signer: Path) -> None:
    place.git("tag", "-a", "-m", "Xen 1.0.1", "RELEASE-1.0.1", "origin/stable-1.0")
    done = place.run("release", "--from-tag", "RELEASE-1.0.1")
    assert done.status == 128
    assert "git does not accept the signature of RELEASE-1.0.1" in done.err


def test_in_the_background_it_returns_at_once_and_writes_a_log(place: Place, signer: Path, sealed: Path) -> None:
    place.git("tag", "-s", "-m", "Xen 1.0.1", "RELEASE-1.0.1", "origin/stable-1.0")
    words = (*PROGRAM, "release", "--from-tag", "RELEASE-1.0.1", "--background")
    environment = os.environ | {"GIT_DIR": str(place.folder / ".git"), "GIT_XSA_HOOK": "post-tag"}

    done = subprocess.run(words, cwd=place.folder, env=environment, capture_output=True, text=True, check=True)

    log = store(sealed) / "releases" / "1.0.1.log"
    assert done.stdout.startswith("RELEASE-1.0.1: tarballs and announcement are being made in the background; ")
    assert log.stat().st_mode & 0o777 == 0o600
    assert wait_for(sealed)


def wait_for(sealed: Path) -> bool:
    """Wait until what was started in the background is there; whether it has come to an end."""
    record = store(sealed) / "releases" / "1.0.1.json"
    for _ in range(600):
        if record.is_file() and json.loads(record.read_text())["finished"]:
            return (files(sealed) / "xen-1.0.1.announcement.txt").is_file()
        time.sleep(0.1)
    return False


def test_the_hook_starts_what_follows_a_tag_that_was_made_here(
    place: Place, signer: Path, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "git-xsa-hook"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m git_xsa hook "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    hook = place.folder / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-tag"):
        shutil.copy(ROOT / "hooks" / name, hook.parent)
    tag = ("tag", "-s", "-m", "Xen 1.0.1", "RELEASE-1.0.1", "origin/stable-1.0")

    place.git(*tag)  # the setting is off
    assert not store(sealed).exists()
    place.git("tag", "-d", "RELEASE-1.0.1")
    git(place.folder, "config", "--global", "xsa.release.onTag", "true")
    place.git(*tag)  # by its date it is not from today
    assert not store(sealed).exists()
    place.git("tag", "-d", "RELEASE-1.0.1")
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{int(time.time())} +0000")

    done = subprocess.run(("git", *tag), cwd=place.folder / "xen", capture_output=True, text=True, check=False)

    assert done.returncode == 0, done
    assert done.stderr.startswith("RELEASE-1.0.1: tarballs and announcement are being made in the background; ")
    assert wait_for(sealed)
    place.git("branch", "other")  # no tag, no word
    assert len((store(sealed) / "releases" / "1.0.1.log").read_text().splitlines()[0].split()) == 1


# Options


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "no version was given"),
        (("--continue", "--abandon"), "--continue and --abandon cannot be combined"),
        (("--all", "1.0.1"), "--all accepts no version"),
        (("--abandon", "--push"), "--push and --abandon cannot be combined"),
        (("--background",), "no version was given"),
        (("1.0.1", "--build", " "), "--build needs a command, and cannot be combined with --no-build"),
        (("--continue",), "there is no unfinished release here"),
        (("--continue", "1.0.1"), "release 1.0.1 was not started here"),
        (("--from-tag", "x"), "x is not a release tag"),
        (("--from-tag", "RELEASE-7.0.1"), "there is no tag RELEASE-7.0.1"),
    ],
)
def test_wrong_usage_is_told(place: Place, words: tuple[str, ...], what: str) -> None:
    done = place.run("release", *words)

    assert done.status in (128, 129)
    assert done.out == ""
    assert done.err.splitlines()[0].partition(": ")[2] == what
