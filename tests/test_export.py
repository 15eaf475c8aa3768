"""git xsa-export: every format with the program that it is for, policies, refreshed patches, reproducible files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from downstreams import APPLY, read
from repositories import Answer, Draft, Place, git, run, unpack, varied

from git_xsa.demo import write as write_demo
from git_xsa.export.folder import MANIFEST
from git_xsa.export.formats import FORMATS
from git_xsa.export.formats.debian import stanza
from git_xsa.export.prepared import Patch, Queue, Style

RELEASE = "RELEASE-1.0.0"
UPSTREAM = "c0ffee" * 6 + "c0de"
#: Commits of ``queue_story`` by number.
ROOT, BASE, PREPARE, USE, TIDY, NEXT, ALONE = range(1, 8)


def code(changed: Mapping[int, str] | None = None) -> bytes:
    """Return a file of 40 statements, those in ``changed`` (by number) replaced."""
    texts = {number: f"    step({number});" for number in range(1, 41)} | dict(changed or {})
    return "".join(f"{text}\n" for text in texts.values()).encode()


def queue_story() -> Draft:
    """Return a branch on which XSA-2 needs a commit by a line it takes out, XSA-3 one by context, XSA-4 nothing."""
    draft = Draft()
    draft.commit("root", {"xen/a.c": code(), "xen/b.c": code(), "SUPPORT": b"x\n"})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit(
        f"a: prepare 100%\n\nFor the next one.\n(cherry picked from commit {UPSTREAM})",
        {"xen/a.c": code({10: "    prepared();"})},
    )
    draft.commit("a: bound it\n\nThis is XSA-2 / CVE-2020-1234.", {"xen/a.c": code({10: "    bound();"})})
    draft.commit(f"b: tidy\n\nmaster commit: {UPSTREAM[::-1]}", {"xen/b.c": code({20: "    tidied();"})})
    tidied = {20: "    tidied();"}
    draft.commit("b: check it — twice\n\nThis is XSA-3.", {"xen/b.c": code({**tidied, 22: "    checked();"})})
    draft.commit(
        "b: alone\n\n--- a/xen/b.c\n+++ b/xen/b.c\n@@ -1 +1 @@\n-x\n+y\n\n---\nThis is XSA-4.",
        {"xen/b.c": code({**tidied, 22: "    checked();", 35: "    alone();"}), "xen/new.c": b"no newline"},
    )
    return draft


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return the repository of ``queue_story``, which no test changes."""
    return queue_story().write(tmp_path_factory.mktemp("export") / "story")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demonstration repository, in which git apply misplaces XSA-9003."""
    folder = tmp_path_factory.mktemp("export") / "demo"
    write_demo(folder)
    return folder


def export(folder: Path, target: Path, *words: str, onto: str = RELEASE) -> Answer:
    answer = run(folder, "export", "--onto", onto, "-o", str(target), *words)
    assert answer.status == 0, answer.err
    return answer


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def manifest(folder: Path) -> dict[str, object]:
    found = json.loads((folder / MANIFEST).read_bytes())
    assert isinstance(found, dict)
    return found


def apply(form: str, made: Path, folder: Path, onto: str, work: Path) -> dict[str, tuple[str, bytes]]:
    """Apply an export to the base with the program that it is for; return the files that come out."""
    tool, function = APPLY[form]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    work.mkdir()
    tree = unpack(folder, onto, work / "tree")
    function(made, tree)
    return read(tree)


# Formats


@pytest.mark.parametrize("form", APPLY)
def test_the_program_that_a_format_is_for_makes_the_tip(form: str, shared: Place, tmp_path: Path) -> None:
    made = tmp_path / "made"
    export(shared.folder, made, "--format", "series" if form == "patch" else form)

    tip = read(unpack(shared.folder, "stable-1.0", tmp_path / "tip"))
    assert apply(form, made, shared.folder, RELEASE, tmp_path / "work") == tip


@pytest.mark.parametrize("form", [name for name in APPLY if name != "patch"])
def test_a_misplaced_patch_comes_out_right_in_every_format(form: str, demo: Path, tmp_path: Path) -> None:
    words = ("--onto", "RELEASE-4.20.1", "--xsa", "9003", "--format")
    assert run(demo, "export", *words, "branch", "-o", "right", "--force").status == 0
    right = read(unpack(demo, "right", tmp_path / "right"))
    made = tmp_path / "made"
    answer = run(demo, "export", *words, form, "-o", str(made))
    assert answer.status == 0, answer.err

    assert apply(form, made, demo, "RELEASE-4.20.1", tmp_path / "work") == right
    assert "Refreshed, the rest is unchanged:\n" in answer.out


@pytest.mark.parametrize("policy", ["strict", "patch-f0", "patch-f2", "am"])  # a merge finds the right place
def test_a_hunk_that_a_policy_would_misplace_is_made_anew(policy: str, demo: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    export(demo, made, "--xsa", "9003", "--policy", policy, onto="RELEASE-4.20.1")

    found = files_below(made)
    (fresh,) = [name for name in found if name.endswith(".refreshed.patch")]
    published = f"published/{fresh.replace('.refreshed.patch', '.patch')}"
    assert published in found, "the patch as it was is kept apart"
    assert found["series"].decode().split() == [fresh]
    assert b"Refreshed for RELEASE-4.20.1" in found[fresh]
    assert f"refreshed; as published: {published}" in found["README"].decode()

    def changed(text: bytes) -> list[bytes]:
        return [line for line in text.splitlines() if re.match(rb"[-+](?![-+]{2} )", line)]

    assert changed(found[fresh]) == changed(found[published])
    tree = unpack(demo, "RELEASE-4.20.1", tmp_path / "tree")
    told = git(tree, "apply", "-v", str(made / fresh))
    done = subprocess.run(
        ["patch", "-R", "-p1", "-F0", "--verbose", "-i", made / fresh], cwd=tree, capture_output=True, check=True
    )
    assert b"offset" not in done.stdout
    assert "offset" not in told


def test_what_only_gnu_patch_refuses_is_made_anew_for_it(tmp_path: Path) -> None:
    # Two lines of context after the change, three before: GNU patch wants it at the end of the file, git does not.
    end = b"".join(b"line %d\n" % number for number in range(20))
    fixed = end.replace(b"line 17\n", b"line 17\nchecked\n")
    draft = Draft()
    draft.commit("root", {"xen/a.c": end + b"old\n"})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("a: cleanup", {"xen/a.c": end})
    draft.commit("a: check it\n\nThis is XSA-2.", {"xen/a.c": fixed})
    place = draft.write(tmp_path / "story")

    export(place.folder, tmp_path / "strict")
    assert (tmp_path / "strict" / "series").read_text(encoding="utf-8") == "0001-xsa2-a-check-it.patch\n"
    export(place.folder, tmp_path / "made", "--policy", "patch-f0")
    (name,) = (tmp_path / "made" / "series").read_text(encoding="utf-8").split()
    assert name == "0001-xsa2-a-check-it.refreshed.patch"
    tree = unpack(place.folder, RELEASE, tmp_path / "tree")
    command = ["patch", "-p1", "-F0", "-f", "--dry-run", "-i"]
    published = tmp_path / "made" / "published" / name.replace(".refreshed", "")
    assert subprocess.run([*command, published], cwd=tree, capture_output=True, check=False).returncode == 1
    command.remove("--dry-run")
    subprocess.run([*command, tmp_path / "made" / name], cwd=tree, capture_output=True, check=True)
    assert (tree / "xen" / "a.c").read_bytes() == fixed + b"old\n"


def test_series_is_what_a_loop_in_a_shell_reads(shared: Place, tmp_path: Path) -> None:
    answer = export(shared.folder, tmp_path / "made")

    found = files_below(tmp_path / "made")
    assert found["series"].decode().splitlines() == [
        "0001-a-prepare-100.patch",
        "0002-xsa2-a-bound-it.patch",
        "0003-b-tidy.patch",
        "0004-xsa3-b-check-it-twice.patch",
        "0005-xsa4-b-alone.patch",
    ]
    assert set(found) == {*found["series"].decode().split(), "series", "README", MANIFEST}
    assert answer.out == (
        "XSA-2, XSA-3, XSA-4 need 2 prerequisites on RELEASE-1.0.0\n"
        f"Wrote 5 patches to {tmp_path}/made (git apply, no fuzz)\n"
        "\n"
        "  change   0001-a-prepare-100.patch\n"
        "  XSA-2    0002-xsa2-a-bound-it.patch\n"
        "  context  0003-b-tidy.patch\n"
        "  XSA-3    0004-xsa3-b-check-it-twice.patch\n"
        "  XSA-4    0005-xsa4-b-alone.patch\n"
    )


def test_the_readme_tells_what_why_and_from_where(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--xsa", "2")

    assert (tmp_path / "made" / "README").read_text(encoding="utf-8") == (
        "Security patches for RELEASE-1.0.0, from stable-1.0\n"
        "\n"
        f"Base:      {shared[BASE]}\n"
        "Fixes:     XSA-2\n"
        "Queue:     1 patch and 1 prerequisite\n"
        "Format:    series\n"
        "Policy:    strict (git apply, no fuzz)\n"
        "\n"
        "Apply all of them in this order, before any other change to the same files.\n"
        "\n"
        "0001-a-prepare-100.patch\n"
        "    a: prepare 100%\n"
        "    prerequisite (change)\n"
        f"    commit {shared[PREPARE]}\n"
        f"    cherry picked from {UPSTREAM}\n"
        "    needed by 0002-xsa2-a-bound-it.patch (change): xen/a.c hunk 1\n"
        "\n"
        "0002-xsa2-a-bound-it.patch\n"
        "    a: bound it\n"
        "    XSA-2 CVE-2020-1234\n"
        f"    commit {shared[USE]}\n"
    )


def test_mails_have_their_authors_dates_and_messages(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "mbox")
    tree = unpack(shared.folder, RELEASE, tmp_path / "tree")
    git(tree, "init", "--quiet")
    git(tree, "add", "-A")
    git(tree, "commit", "--quiet", "-m", "base")
    git(tree, "am", "--quiet", str(tmp_path / "made" / "xsa.mbox"))

    form = "--format=%an|%ae|%ad|%s"
    ours = git(tree, "log", "--reverse", form, "HEAD~5..").splitlines()
    assert ours == shared.git("log", "--reverse", form, f"{RELEASE}..stable-1.0").splitlines()
    assert ours[3].endswith("|b: check it — twice")
    message = git(tree, "log", "-1", "--format=%b")
    assert message == "> --- a/xen/b.c\n> +++ b/xen/b.c\n> @@ -1 +1 @@\n-x\n+y\n\n> ---\nThis is XSA-4."


def test_rpm_numbers_and_names_are_the_packagers(shared: Place, tmp_path: Path) -> None:
    words = ("--format", "rpm", "--start", "501", "--prefix", "patch-", "--xsa", "2")
    export(shared.folder, tmp_path / "made", *words)
    export(shared.folder, tmp_path / "names", *words[:-2], "--xsa", "2,3", "--backport-names")

    assert (tmp_path / "made" / "xsa-patches.inc").read_text(encoding="utf-8") == (
        "# Security patches for RELEASE-1.0.0\n"
        f"# prerequisite (change), commit {shared[PREPARE]}, cherry picked from {UPSTREAM}\n"
        "Patch0501: patch-0501-a-prepare-100.patch\n"
        f"# XSA-2 CVE-2020-1234, commit {shared[USE]}\n"
        "Patch0502: patch-0502-xsa2-a-bound-it.patch\n"
    )
    block = (tmp_path / "names" / "xsa-patches.inc").read_text(encoding="utf-8")
    assert re.findall(r"^Patch.*", block, re.MULTILINE) == [
        f"Patch0501: patch-backport-{UPSTREAM[:12]}.patch",
        "Patch0502: patch-xsa2-a-bound-it.patch",
        f"Patch0503: patch-backport-{UPSTREAM[::-1][:12]}.patch",
        "Patch0504: patch-xsa3-b-check-it-twice.patch",
    ]


def test_debian_gets_dep3_headers_and_a_stanza(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "debian", "--xsa", "2,4")
    debian = tmp_path / "made" / "debian"

    header = (debian / "patches" / "0001-a-prepare-100.patch").read_text(encoding="utf-8").partition("\n\n")[0]
    assert header == (
        "From: Jane Doe <jane@example.org>\n"
        "Date: Tue, 14 Nov 2023 23:13:20 +0000\n"
        "Subject: [PATCH] a: prepare 100%\n"
        f"Origin: upstream, commit:{shared[PREPARE]}\n"
        f"Applied-Upstream: commit:{UPSTREAM}\n"
        "Forwarded: not-needed\n"
        "Last-Update: 2023-11-14"
    )
    assert (debian / "changelog.xsa").read_text(encoding="utf-8") == (
        "xen (1.0.0-0xsa4) UNRELEASED; urgency=high\n"
        "\n"
        "  * Security fixes on top of RELEASE-1.0.0:\n"
        "    - a: bound it\n"
        "      XSA-2 CVE-2020-1234\n"
        "    - b: alone\n"
        "      XSA-4\n"
        "    Note that the following XSA are not listed, because\n"
        "    - they were left out: XSA-3\n"
        "\n"
        " -- Unreleased <unreleased@localhost>  Wed, 15 Nov 2023 00:33:20 +0000\n"
    )


def test_rpm_gets_the_entries_of_its_changelog(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "rpm", "--xsa", "2,4")
    assert (tmp_path / "made" / "xsa-changelog.inc").read_text(encoding="utf-8") == (
        "- XSA-2 CVE-2020-1234: a: bound it\n- XSA-4: b: alone\n"
    )


def test_the_numbers_of_an_advisory_are_in_order() -> None:
    cves = ("CVE-2024-10000", "CVE-2024-9999", "CVE-2023-50000")
    patch = Patch("id", "stem", b"", b"", "subject", xsa=(497,), cve=cves)
    assert Queue("b", "", "", "strict", (patch,)).cves(497) == ["CVE-2023-50000", "CVE-2024-9999", "CVE-2024-10000"]


def test_no_line_of_the_stanza_is_too_long() -> None:
    cves = tuple(f"CVE-2026-6242{number}" for number in range(6))
    patch = Patch(
        "id", "stem", b"", b"From x\nDate: Tue, 14 Nov 2023 22:16:20 +0000\n\n", "word " * 30, xsa=(497,), cve=cves
    )
    lines = stanza(
        Queue("RELEASE-1.0.0", "", "", "strict", (patch,), titles={497: patch.subject}), Style()
    ).splitlines()

    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count(" ".join(("XSA-497", *cves))) == 1


def test_the_stanza_says_why_advisories_are_not_listed(tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", {"a": code()})
    draft.commit("one\n\nThis is XSA-1.", {"a": code({1: "one"})})
    draft.commit("two\n\nThis is XSA-5.", {"a": code({1: "one", 10: "two"})})
    draft.release("1.0.0", {"version": b"x\n"})
    changed = {1: "one", 10: "two", 20: "three"}
    draft.commit("three\n\nThis is XSA-3.", {"a": code(changed)})
    draft.commit("four\n\nThis is XSA-7.", {"a": code(changed | {30: "four"})})
    draft.commit("five\n\nThis is XSA-8.", {"a": code(changed | {30: "four", 38: "five"})})
    place = draft.write(tmp_path / "story")
    export(place.folder, tmp_path / "made", "--format", "debian", "--xsa", "3,8", "--package-version", "1.0.0-2")

    stanza = (tmp_path / "made" / "debian" / "changelog.xsa").read_text(encoding="utf-8")
    assert stanza.startswith("xen (1.0.0-2) UNRELEASED; urgency=high\n")
    assert stanza.partition("XSA-8\n")[2].partition("\n\n")[0] == (
        "    Note that the following XSA are not listed, because\n"
        "    - stable-1.0 has no fix for them, because they concern other versions or\n"
        "      other software (Linux, QEMU, XAPI): XSA-4, XSA-6\n"
        "    - RELEASE-1.0.0 has the fixes already: XSA-5\n"
        "    - they were left out: XSA-7"
    )


@pytest.mark.parametrize("form", ["debian", "alpine", "series", "branch"])
def test_an_advisory_that_is_only_partly_in_the_queue_is_not_said_to_be_fixed(form: str, tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", {"a": code(), "b": code()})
    draft.release("1.0.0", {"version": b"x\n"})
    draft.commit("one\n\nThis is part of XSA-2 / CVE-2020-2222.", {"a": code({10: "one();"})})
    draft.commit("two\n\nThis is part of XSA-2 / CVE-2020-2222.", {"b": code({10: "two();"})})
    draft.commit("three\n\nThis is XSA-1.", {"a": code({10: "three();"})})
    draft.commit("four\n\nThis is XSA-3.", {"b": code({10: "two();", 30: "four();"})})
    place = draft.write(tmp_path / "story")
    made = tmp_path / "made"
    words = ("--format", form, "--xsa", "1,3")
    if form == "branch":
        assert run(place.folder, "export", "--onto", RELEASE, *words, "-o", "mine").status == 0
        trailers = place.git("log", "--format=%(trailers:key=Xsa-Fixes,valueonly,separator=%x2C)", f"{RELEASE}..mine")
        assert trailers.split("\n") == ["XSA-3", "XSA-1"]
        return
    export(place.folder, made, *words)

    assert manifest(made)["xsa"] == [1, 3]
    if form == "debian":
        stanza = (made / "debian" / "changelog.xsa").read_text(encoding="utf-8")
        assert "CVE-2020-2222" not in stanza
        assert "    - only a part of their fixes is in the queue: XSA-2\n" in stanza
    elif form == "alpine":
        assert "XSA-2" not in (made / "APKBUILD.xsa").read_text(encoding="utf-8")
    else:
        readme = (made / "README").read_text(encoding="utf-8")
        assert "Fixes:     XSA-1, XSA-3\n" in readme
        assert "    prerequisite (change), itself a part of XSA-2 CVE-2020-2222\n" in readme


def test_alpine_gets_sums_and_secfixes(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "alpine", "--xsa", "2", "--package-version", "1.0.0-r7")

    lines = (tmp_path / "made" / "APKBUILD.xsa").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["# secfixes:", "#   1.0.0-r7:", "#     - CVE-2020-1234 XSA-2"]
    assert lines[3:7] == ['source="$source', "\t0001-a-prepare-100.patch", "\t0002-xsa2-a-bound-it.patch", '\t"']
    assert [line[128:] for line in lines if len(line) > 128] == [
        "  0001-a-prepare-100.patch", "  0002-xsa2-a-bound-it.patch",
    ]  # fmt: skip


def test_gentoo_gets_a_tarball_and_a_list(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "gentoo", "--xsa", "2", "--start", "3")

    with tarfile.open(tmp_path / "made" / "xen-security-patches-3.tar") as archive:
        names = archive.getnames()
        assert {(entry.mtime, entry.uid, entry.mode) for entry in archive} == {(0, 0, 0o644)}
    patches = ["0003-a-prepare-100.patch", "0004-xsa2-a-bound-it.patch"]
    assert names == ["patches-security/1.0.0.conf", *(f"patches-security/xen/{name}" for name in patches)]
    conf = (tmp_path / "made" / "patches-security" / "1.0.0.conf").read_text(encoding="utf-8")
    assert 'XEN_SECURITY_MAIN="\n\t' + "\n\t".join(patches) + '\n"' in conf


def test_guilt_can_leave_an_advisory_out(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--format", "guilt", "--xsa", "2,3")

    assert (tmp_path / "made" / "series").read_text(encoding="utf-8").splitlines() == [
        "# Security patches for RELEASE-1.0.0, in the order in which they apply",
        f"# prerequisite (change), commit {shared[PREPARE]}, cherry picked from {UPSTREAM}",
        "0001-a-prepare-100.patch",
        f"# XSA-2 CVE-2020-1234, commit {shared[USE]}",
        "0002-xsa2-a-bound-it.patch # -without-xsa2",
        f"# prerequisite (context), commit {shared[TIDY]}, cherry picked from {UPSTREAM[::-1]}",
        "0003-b-tidy.patch",
        f"# XSA-3, commit {shared[NEXT]}",
        "0004-xsa3-b-check-it-twice.patch # -without-xsa3",
    ]


# The same input, the same bytes


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "branch"])
def test_the_same_bytes_on_any_machine_and_day(
    form: str, shared: Place, tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = tmp_path / "xsa2.patch"
    patch.write_bytes(shared.patch(USE).partition(b"Subject: ")[2].partition(b"\n")[2])  # no author, no date
    for words in ((), (str(patch),)):
        export(shared.folder, tmp_path / f"one{len(words)}", "--format", form, *words)
    (sealed / ".gitconfig").write_text(
        "[user]\n name = Somebody\n email = else@example.org\n[log]\n date = iso\n mailmap = true\n[format]\n"
        " subjectPrefix = X\n signature = x\n[diff]\n noprefix = true\n context = 9\n algorithm = patience\n"
        "[core]\n abbrev = 7\n autocrlf = true\n[am]\n keepcr = true\n threeWay = true\n",
        encoding="utf-8",
    )
    for name, value in {"TZ": "Asia/Tokyo", "LC_ALL": "C", "GIT_AUTHOR_DATE": "1 +0100", "USER": "x"}.items():
        monkeypatch.setenv(name, value)
    umask = os.umask(0o007)
    for words in ((), (str(patch),)):
        export(shared.folder, tmp_path / f"other{len(words)}", "--format", form, *words)
    os.umask(umask)

    for kind in "01":
        assert files_below(tmp_path / f"one{kind}") == files_below(tmp_path / f"other{kind}")


def test_a_branch_has_the_same_commits_wherever_it_is_made(shared: Place, tmp_path: Path) -> None:
    clones = [tmp_path / name for name in ("one", "two")]
    ids = []
    for clone in clones:
        git(tmp_path, "clone", "--quiet", str(shared.folder), str(clone))
        export(clone, Path("mine"), "--format", "branch")
        ids.append(git(clone, "rev-parse", "mine"))

    assert ids[0] == ids[1]


# Patch files


def test_a_published_file_stays_as_it_is(shared: Place, tmp_path: Path) -> None:
    plain = shared.git("diff", "--no-prefix", f"{shared[NEXT]}..{shared[ALONE]}", "--", "xen/b.c")
    text = re.sub(r"(?m)^diff --git .*\nindex .*\n--- (.*)\n\+\+\+ ", r"--- a/\1\n+++ b/", plain)
    content = f"Prose, in Latin-1: \xe9\n\n{text}\n".encode("latin-1")
    patch = tmp_path / "xsa4-1.0.patch"
    patch.write_bytes(content)
    made = tmp_path / "made"
    export(shared.folder, made, str(patch))
    export(shared.folder, tmp_path / "mbox", str(patch), "--format", "mbox")
    export(shared.folder, tmp_path / "debian", str(patch), "--format", "debian")

    assert (made / "0001-xsa4-1.0.patch").read_bytes() == content
    assert (tmp_path / "debian" / "debian" / "patches" / "0001-xsa4-1.0.patch").read_bytes().endswith(b"\n\n" + content)
    mail = (tmp_path / "mbox" / "xsa.mbox").read_text(encoding="utf-8")
    assert mail.startswith(
        f"From {'0' * 40} Mon Sep 17 00:00:00 2001\n"
        'From: "Xen.org security team" <security@xen.org>\n'
        "Date: Tue, 14 Nov 2023 22:53:20 +0000\n"  # the base's
        "Subject: [PATCH] xsa4-1.0.patch\n"
    )
    assert "\nProse, in Latin-1: é\n" in mail
    assert {path.stat().st_mode & 0o777 for path in (made, *made.iterdir())} == {0o700, 0o600}


def test_the_published_file_is_kept_apart_from_the_refreshed_one(demo: Path, tmp_path: Path) -> None:
    told = json.loads(run(demo, "prereqs", "--onto", "RELEASE-4.20.1", "--xsa", "9003", "--json").out)
    (commit,) = [patch["id"] for patch in told["patches"]]
    content = subprocess.run(
        ["git", "format-patch", "--stdout", "-1", commit], cwd=demo, capture_output=True, check=True
    ).stdout
    patch = tmp_path / "xsa9003.patch"
    patch.write_bytes(content)
    export(demo, tmp_path / "made", str(patch), "--tip", f"{commit}^", onto="RELEASE-4.20.1")

    found = files_below(tmp_path / "made")
    assert found["published/0001-xsa9003.patch"] == content
    assert found["series"] == b"0001-xsa9003.refreshed.patch\n"
    assert (tmp_path / "made" / "0001-xsa9003.refreshed.patch").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_mail_becomes_one_for_git_am(shared: Place, tmp_path: Path) -> None:
    patch = tmp_path / "xsa2.patch"
    patch.write_text(shared.git("diff", f"{shared[PREPARE]}..{shared[USE]}") + "\n", encoding="utf-8")
    answer = export(shared.folder, tmp_path / "made", str(patch), "--policy", "am")

    series = (tmp_path / "made" / "series").read_text(encoding="utf-8").split()
    assert series == ["0001-a-prepare-100.patch", "0002-xsa2.refreshed.patch"]
    assert "    git am: fatal: empty ident name (for <>) not allowed\n" in answer.out
    git(tmp_path, "clone", "--quiet", str(shared.folder), "work")
    git(tmp_path / "work", "checkout", "--quiet", "-B", "main", RELEASE)
    git(tmp_path / "work", "am", "--quiet", *(str(tmp_path / "made" / name) for name in series))
    assert git(tmp_path / "work", "diff", "--name-only", shared[USE]) == ""


def test_a_file_with_carriage_returns_goes_through_git_am(tmp_path: Path) -> None:
    draft = Draft()
    draft.commit("root", {"a.bat": code().replace(b"\n", b"\r\n"), "b": b"x\n"})
    draft.release("1.0.0", {"version": b"1\n"})
    draft.commit(
        "a: mend = \xe9\n\nThis is XSA-1.".encode(),
        {"a.bat": code({5: "   mended(=);  "}).replace(b"\n", b"\r\n"), "b": b"From me\n"},
    )
    place = draft.write(tmp_path / "story")
    export(place.folder, tmp_path / "made", "--format", "mbox")

    tip = read(unpack(place.folder, "stable-1.0", tmp_path / "tip"))
    assert apply("mbox", tmp_path / "made", place.folder, RELEASE, tmp_path / "work") == tip
    assert not [item for item in manifest(tmp_path / "made")["queue"] if item["refreshed"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["series", "mbox", "guilt"])
def test_odd_files_come_through_what_git_applies(form: str, tmp_path: Path) -> None:
    place = varied().write(tmp_path / "story")
    export(place.folder, tmp_path / "made", "--format", form, "--policy", "strict", "--xsa", "1,2,3,4,6,7,8,10,11,12")
    expected = git(place.folder, "rev-parse", "stable-1.0")
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--no-local", str(place.folder), str(work))
    git(work, "checkout", "--quiet", "-B", "main", RELEASE)
    if form == "mbox":
        git(work, "am", "--quiet", str(tmp_path / "made" / "xsa.mbox"))
    else:
        for name in (tmp_path / "made" / "series").read_text(encoding="utf-8").splitlines():
            if not name.startswith("#"):
                git(work, "apply", "--index", "--whitespace=nowarn", str(tmp_path / "made" / name.split()[0]))
        git(work, "commit", "--quiet", "-m", "all")

    left = git(work, "diff-tree", "-r", "--name-only", "-z", "HEAD", expected)
    names = {"sp ace/t\tb", "x b/y b/z", 'q"uo\\te', "new\nline", "-dash", "\x1b[2J", "ws"}
    assert set(left.split("\0")) - {"", "\udcff\udcfe.c"} == names, "XSA-5 and XSA-9 were left out"


@pytest.mark.parametrize(
    ("number", "what"),
    [(2, "sub: it is a submodule"), (3, "bin: it is a binary file"), (4, "ln: it is a symbolic link")],
)
def test_what_gnu_patch_cannot_do_is_said(number: int, what: str, tmp_path: Path) -> None:
    place = varied().write(tmp_path / "story")
    words = ("export", "--onto", RELEASE, "--xsa", str(number), "-o", str(tmp_path / "made"))

    assert run(place.folder, *words, "--format", "quilt") == Answer(
        2, "",
        f"error: GNU patch can't change {what}\n"
        "hint: use a format that git applies: --format mbox, or series with --policy strict\n",
    )  # fmt: skip
    assert not (tmp_path / "made").exists()


# --refresh and lenient policies


def test_refresh_leaves_out_what_only_context_needs(shared: Place, tmp_path: Path) -> None:
    answer = export(shared.folder, tmp_path / "made", "--xsa", "3", "--refresh")

    found = files_below(tmp_path / "made")
    fresh = "0001-xsa3-b-check-it-twice.refreshed.patch"
    assert found["series"].decode().split() == [fresh]
    assert found[fresh].partition(b"diff --git")[2].partition(b"@@")[2].decode() == (
        " -19,7 +19,7 @@\n"
        "     step(19);\n     step(20);\n     step(21);\n-    step(22);\n+    checked();\n"
        "     step(23);\n     step(24);\n     step(25);\n"
    )
    assert answer.out == (
        "XSA-3 applies to RELEASE-1.0.0 as it is\n"
        f"Wrote 1 patch to {tmp_path}/made (git apply, no fuzz)\n"
        "\n"
        f"  XSA-3  {fresh}\n"
        "\n"
        "Refreshed, the rest is unchanged:\n"
        "  b: check it — twice\n"
        "    line numbers and context refreshed for RELEASE-1.0.0\n"
        "    review hunk 1 of xen/b.c: the lines around it differ\n"
        "\n"
        "Left out 1 prerequisite that only context needs:\n"
        f"  {shared.short(TIDY)} b: tidy\n"
    )
    tree = unpack(shared.folder, RELEASE, tmp_path / "tree")
    assert "offset" not in git(tree, "apply", "-v", str(tmp_path / "made" / fresh))
    assert (tree / "xen" / "b.c").read_bytes() == code({22: "    checked();"})


def test_refresh_keeps_what_a_changed_line_needs(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--xsa", "2", "--refresh")

    assert (tmp_path / "made" / "series").read_text(encoding="utf-8").split() == [
        "0001-a-prepare-100.patch", "0002-xsa2-a-bound-it.patch",
    ]  # fmt: skip


@pytest.mark.parametrize("policy", ["patch-f2", "3way"])
def test_a_lenient_policy_needs_less(policy: str, shared: Place, tmp_path: Path) -> None:
    answer = export(shared.folder, tmp_path / "made", "--xsa", "3", "--policy", policy)

    assert (tmp_path / "made" / "series").read_text(encoding="utf-8") == "0001-xsa3-b-check-it-twice.patch\n"
    assert f"  {shared.short(TIDY)} b: tidy\n" in answer.out
    export(shared.folder, tmp_path / "strict", "--xsa", "3", "--policy", "patch-f0")
    assert len((tmp_path / "strict" / "series").read_text(encoding="utf-8").split()) == 2


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (20, 0),  # further off
        (21, 0),  # next to it, on one side
        (22, 2),  # the line that the patch takes out
    ],
)
def test_refresh_fits_a_patch_to_what_the_base_changed_itself(line: int, status: int, tmp_path: Path) -> None:
    draft = queue_story()
    ours = {line: "    ours();"}
    draft.commit("our own way", {"xen/b.c": code(ours)}, on="own", after=BASE)
    place = draft.write(tmp_path / "story")
    words = ("export", "--onto", "own", "--tip", "stable-1.0", "--xsa", "3", "-o", str(tmp_path / "made"))
    answer = run(place.folder, *words)
    assert answer.status == 2
    assert "git xsa-export --refresh" in answer.out

    answer = run(place.folder, *words, "--refresh")
    assert answer.status == status
    assert "--refresh" not in answer.out
    if not status:
        assert "review hunk 1 of xen/b.c" in answer.out
        tree = unpack(place.folder, "own", tmp_path / "tree")
        for name in (tmp_path / "made" / "series").read_text(encoding="utf-8").split():
            git(tree, "apply", str(tmp_path / "made" / name))
        assert (tree / "xen" / "b.c").read_bytes() == code({**ours, 22: "    checked();"})


# What is refused, and what there is nothing of


def test_nothing_outstanding(shared: Place, tmp_path: Path) -> None:
    answer = run(shared.folder, "export", "--onto", "stable-1.0", "-o", str(tmp_path / "made"))

    why = "nothing is written: no commit of stable-1.0..stable-1.0 says that it fixes an advisory\n"
    assert answer == Answer(1, "", why)
    assert not (tmp_path / "made").exists()


def test_the_base_has_it(shared: Place, tmp_path: Path) -> None:
    answer = run(shared.folder, "export", "--onto", "stable-1.0", "--xsa", "2", "-o", str(tmp_path / "made"))

    assert answer == Answer(1, "", "nothing is written: stable-1.0 has all of XSA-2\n")


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        ([], "no base was given", "give the base of the patches: --onto RELEASE-4.17.3"),
        (
            ["--onto", RELEASE, "--xsa", "2", "HEAD"],
            "give either advisories (--xsa), or commits, or patch files", "see git help xsa-export",
        ),
        (
            ["--onto", RELEASE, "--verify", "x", "--xsa", "2"],
            "--verify reads the request from the folder", "see git help xsa-export",
        ),
    ],
)  # fmt: skip
def test_wrong_usage(words: list[str], what: str, hint: str, shared: Place) -> None:
    assert run(shared.folder, "export", *words) == Answer(129, "", f"error: {what}\nhint: {hint}\n")


@pytest.mark.parametrize(
    "words", [("--prefix", "a/b"), ("--prefix", "-x"), ("--start", "-1"), ("--package-version", "a b")]
)
def test_what_a_name_must_not_hold(words: tuple[str, str], shared: Place) -> None:
    answer = run(shared.folder, "export", "--onto", RELEASE, *words)

    assert answer.status == 129
    assert answer.err.startswith("error: argument " if words[1][0] != "-" else "error: ")


def test_nothing_is_written_into_a_repository(shared: Place, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(shared.folder), str(bare))

    assert run(bare, "export", "--onto", RELEASE) == Answer(
        128, "", f"fatal: xsa-{RELEASE} is inside the repository {bare}\nhint: choose another: -o <folder>\n"
    )
    assert run(bare, "export", "--onto", RELEASE, "-o", "../made").status == 0
    assert (tmp_path / "made" / "series").exists()


def test_places_that_will_not_do(shared: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words\n")
    words = ("export", "--onto", RELEASE, "-o", str(tmp_path / "file" / "made"))

    assert run(shared.folder, *words) == Answer(
        128, "", f"fatal: {tmp_path}/file: File exists\nhint: choose another place: -o <folder>\n"
    )


def test_conflicts_write_nothing(tmp_path: Path) -> None:
    draft = queue_story()
    draft.commit("our own way", {"xen/a.c": code({10: "    ours();"})}, on="own", after=BASE)
    place = draft.write(tmp_path / "story")
    answer = run(
        place.folder, "export", "--onto", "own", "--tip", "stable-1.0", "--xsa", "2", "-o", str(tmp_path / "m")
    )

    assert answer.status == 2
    assert answer.err == (
        "nothing is written: XSA-2 can't be applied to own, not even with every commit of stable-1.0\n"
    )
    assert not (tmp_path / "m").exists()


def test_json_tells_what_was_written(shared: Place, tmp_path: Path) -> None:
    answer = export(shared.folder, tmp_path / "made", "--xsa", "3", "--refresh", "--json")

    told = json.loads(answer.out)
    assert told["state"] == "applies"
    assert told["policy"] == "strict"
    assert told["queue"] == [{"id": shared[NEXT], "role": "patch"}]
    assert told["export"] == {
        "format": "series",
        "path": str(tmp_path / "made"),
        "checked": ["strict"],
        "refreshed": [
            {
                "id": shared[NEXT],
                "remarks": [
                    "line numbers and context refreshed for RELEASE-1.0.0",
                    "review hunk 1 of xen/b.c: the lines around it differ",
                ],
            }
        ],
        "avoided": [shared.short(TIDY)],
    }


def test_the_manifest_has_a_checksum_for_every_file(shared: Place, tmp_path: Path) -> None:
    export(shared.folder, tmp_path / "made", "--xsa", "2")

    told = manifest(tmp_path / "made")
    sums = {name: sha256(content).hexdigest() for name, content in files_below(tmp_path / "made").items()}
    del sums[MANIFEST]
    assert told["files"] == sums
    assert told["base"] == {"name": RELEASE, "commit": shared[BASE]}
    assert list(told["result"]) == ["xen/a.c"]  # type: ignore[call-overload]


# Known answers on xen.git


@pytest.mark.xen
@pytest.mark.parametrize("policy", ["strict", "patch-f0", "patch-f2", "am", "3way"])
@pytest.mark.parametrize(("base", "xsa"), [("RELEASE-4.16.1", "402"), ("RELEASE-4.10.4", "345")])
def test_what_patch_or_git_misplaces_comes_out_right(
    base: str, xsa: str, policy: str, xen: Path, tmp_path: Path
) -> None:
    """GNU patch puts XSA-402's cache flush into another function, git apply a hunk of XSA-345 259 lines off."""
    made = tmp_path / "made"
    tip = ["--tip", "RELEASE-4.16.2"] if xsa == "402" else []
    export(xen, made, "--xsa", xsa, "--policy", policy, *tip, onto=base)
    told = manifest(made)
    result: dict[str, dict[str, list[str]]] = told["result"]  # type: ignore[assignment]
    tree = tmp_path / "tree"
    there = [path for path, entry in result.items() if entry["before"]]
    unpack(xen, base, tree, *there)
    git(tree, "init", "--quiet")
    objects = git(xen, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    (tree / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")  # for --3way
    git(tree, "add", "-A")
    git(tree, "commit", "--quiet", "-m", "base")
    commands = {
        "strict": ["git", "apply", "--index"], "am": ["git", "am", "-q"], "3way": ["git", "apply", "--3way"],
        "patch-f0": ["patch", "-p1", "-F0", "-f", "-i"], "patch-f2": ["patch", "-p1", "-f", "-i"],
    }  # fmt: skip
    for name in (made / "series").read_text(encoding="utf-8").split():
        subprocess.run([*commands[policy], str(made / name)], cwd=tree, capture_output=True, check=True)

    assert {path: git(tree, "hash-object", path) for path in result} == {p: e["after"][1] for p, e in result.items()}
