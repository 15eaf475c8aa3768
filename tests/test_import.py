"""git xsa-import, and what the commands make of advisories in the store.

Signatures are made and judged by real gpg, patches are put on real repositories.
"""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from advisory_texts import Signer, advisory, give_key, mail, remove_keyring
from repositories import Answer, Draft, Place, git, numbered, run, snapshot, story

from git_xsa.advisory import contents as intake
from git_xsa.advisory.contents import checked_name, read_source
from git_xsa.advisory.problems import IntakeError

BASE = 4  # the release 1.0.1 of the story
SECRET = "embargoedsecretword"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    home = Path(os.path.realpath(tmp_path_factory.mktemp("gpg", numbered=True)))
    yield Signer(home / "h")
    remove_keyring(home / "h")


def diff(path: str, changed: Mapping[int, str], before: Mapping[int, str] | None = None) -> bytes:
    """Return a plain diff of ``path``, one hunk a changed line."""
    old, new = (numbered(20, lines).decode().splitlines() for lines in (before or {}, {**(before or {}), **changed}))
    parts = [f"--- a/{path}\n+++ b/{path}\n"]
    for number in sorted(changed):
        low, high = max(number - 3, 1), min(number + 3, 20)
        parts.append(f"@@ -{low},{high - low + 1} +{low},{high - low + 1} @@\n")
        parts += [
            f"-{old[at - 1]}\n+{new[at - 1]}\n" if at == number else f" {old[at - 1]}\n" for at in range(low, high + 1)
        ]
    return "".join(parts).encode()


NEW = diff("b.c", {12: SECRET})
NEW_MAIL = b"From: Jane <jane@example.org>\nSubject: x86: " + SECRET.encode() + b"\n\nThis is XSA-9.\n\n" + NEW


def put(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def store_of(home: Path) -> Path:
    return home / "data" / "git-xsa"


# Taking in


def test_signed_mail(signer: Signer, tmp_path: Path, sealed: Path) -> None:
    files = {"xsa9/xsa9-1.patch": NEW_MAIL, "xsa9/xsa9-2.patch": diff("a.c", {5: "two"})}
    text = signer.sign(advisory(9, 2, [("xsa9/xsa9-?.patch", "xen-unstable - Xen 1.0.x")], files))
    path = put(tmp_path, "mail.eml", mail(text, files))
    give_key(sealed / ".gnupg", signer.public_key())
    git(tmp_path, "config", "--global", "xsa.trustedKeys", signer.key)
    done = run(tmp_path, "import", path)
    assert done.err.startswith("warning: XSA-9 may be under embargo, but its end is unknown\n")
    assert done.status == 0
    assert done.out.splitlines() == [
        "XSA-9 v2  things go wrong (CVE-2026-1234)",
        "  new text, 2 new files",
        f"  the text is signed by {signer.key}",
        "  xen-unstable - Xen 1.0.x  2 patches   xsa9/xsa9-?.patch",
        "  deployment during the embargo: patches and mitigations are permitted; read the text before you rely on this",
    ]
    kept = store_of(sealed) / "advisories" / "XSA-9" / "v2"
    assert (kept / "files" / "xsa9" / "xsa9-1.patch").read_bytes() == NEW_MAIL
    assert text in (kept / "advisory.txt").read_bytes()
    again = run(tmp_path, "import", path)
    assert again.status == 0
    assert again.out.splitlines()[1] == "  text already in the store, 0 new files, 2 files already in the store"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("unsigned", "is not signed"),
        ("unknown", "that is not in your keyring"),
        ("untrusted", "which is not in xsa.trustedKeys"),
        ("changed", "HAS A BAD SIGNATURE: it does not match what was signed"),
    ],
)
def test_who_does_not_vouch_is_said_on_every_use_and_can_be_refused(
    case: str, words: str, signer: Signer, place: Place, tmp_path: Path, sealed: Path
) -> None:
    files = {"xsa9.patch": NEW_MAIL}
    plain = advisory(9, 1, [("xsa9.patch", "Xen 1.0.x")], files)
    text = plain if case == "unsigned" else signer.sign(plain)
    if case == "changed":
        text = text.replace(b"things go wrong\n", b"things go well\n")
    if case != "unknown":
        give_key(sealed / ".gnupg", signer.public_key())
    if case == "changed":
        git(tmp_path, "config", "--global", "xsa.trustedKeys", signer.key)
    path = put(tmp_path, "mail.eml", mail(text, files))
    done = run(tmp_path, "import", path)
    assert words in done.out
    for _ in range(2):
        assert f"XSA-9 v1 {words}"[-len(words) :] in place.run("check", "--xsa", "9").out
    found = json.loads(place.run("check", "--xsa", "9", "--json").out)["results"][0]["advisories"][0]
    assert words in found["doubts"][0]
    assert words in place.run("check", "--xsa", "9", "--each").out
    for graph in ("--graph", "--graph=dot"):
        done = place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "9", graph)
        assert words not in done.out
        assert words in done.err

    place.git("config", "xsa.requireSignature", "true")
    refused = place.run("check", "--xsa", "9")
    assert (refused.status, refused.out) == (128, "")
    assert words in refused.err
    before = snapshot(store_of(sealed))
    git(tmp_path, "config", "--global", "xsa.requireSignature", "true")
    refused = run(tmp_path, "import", path)
    assert (refused.status, refused.out) == (128, "")
    assert refused.err.splitlines()[0].endswith(": nothing was imported")
    assert {name: facts[2] for name, facts in snapshot(store_of(sealed)).items() if "lock" not in name} == {
        name: facts[2] for name, facts in before.items() if "lock" not in name
    }


def test_file_with_another_checksum_gives_way_to_the_right_one(place: Place, tmp_path: Path) -> None:
    text = advisory(9, 1, [("xsa9.patch", "Xen 1.0.x")], {"xsa9.patch": NEW_MAIL})
    wrong = put(tmp_path, "wrong.eml", mail(text, {"xsa9.patch": NEW_MAIL.replace(b"x86", b"arm")}))
    done = run(tmp_path, "import", wrong)
    assert done.status == 1
    wrong_file = "warning: xsa9.patch does not match XSA-9 v1: its SHA-256 differs"
    assert done.err.splitlines()[0] == wrong_file
    assert "xsa9.patch does not match XSA-9 v1" in place.run("check", "--xsa", "9").out
    right = put(tmp_path, "xsa9.patch", NEW_MAIL)
    assert run(tmp_path, "import", right).status == 0
    assert "does not match" not in place.run("check", "--xsa", "9").out
    assert run(tmp_path, "import", wrong).status == 1
    assert "does not match" not in place.run("check", "--xsa", "9").out


def test_versions_are_kept_apart_and_compared(tmp_path: Path, sealed: Path) -> None:
    old = {"xsa9-1.patch": NEW, "xsa9-2.patch": diff("a.c", {5: "two"})}
    new = {"xsa9-1.patch": NEW_MAIL, "xsa9-3.patch": diff("a.c", {6: "three"})}
    rows = [("xsa9-?.patch", "Xen 1.0.x")]
    folder = tmp_path / "both"
    put(folder, "1/advisory-9.txt", advisory(9, 1, rows, old))
    put(folder, "2/advisory-9.txt", advisory(9, 2, rows, new))
    for number, files in ((1, old), (2, new)):
        for name, content in files.items():
            put(folder, f"{number}/{name}", content)
    done = run(tmp_path, "import", str(folder))
    assert done.status == 0
    assert done.out.splitlines()[-1] == (
        "  since v1: 1 patch added (xsa9-3.patch), 1 patch dropped (xsa9-2.patch), 1 patch changed (xsa9-1.patch)"
    )
    kept = store_of(sealed) / "advisories" / "XSA-9"
    assert (kept / "v1" / "files" / "xsa9-1.patch").read_bytes() == NEW
    assert (kept / "v2" / "files" / "xsa9-1.patch").read_bytes() == NEW_MAIL
    assert not (kept / "v2" / "files" / "xsa9-2.patch").exists()


def test_mailbox_tarball_and_single_patch(tmp_path: Path, sealed: Path) -> None:
    one, two = (mail(advisory(n, files={f"xsa{n}.patch": NEW}), {f"xsa{n}.patch": NEW}) for n in (1, 2))
    box = b"From team Thu Jan  1 00:00:00 2026\n" + one + b"\nFrom team Thu Jan  1 00:00:00 2026\n" + two
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in {"xsa3.patch": NEW, "advisory-3.txt": advisory(3, files={"xsa3.patch": NEW})}.items():
            entry = tarfile.TarInfo(f"./all/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    paths = [put(tmp_path, "box.mbox", box), put(tmp_path, "all.tar.gz", archive.getvalue())]
    paths.append(put(tmp_path, "fix.patch", NEW_MAIL))
    done = run(tmp_path, "import", *paths)
    told = "warning: XSA-1, XSA-2, XSA-3, XSA-9 may be under embargo, but its end is unknown"
    assert (done.status, done.err.splitlines()[0]) == (0, told)
    kept = store_of(sealed) / "advisories"
    found = {path.relative_to(kept).as_posix() for path in kept.rglob("*.patch")}
    assert found == {
        "XSA-1/v1/files/xsa1.patch", "XSA-2/v1/files/xsa2.patch", "XSA-3/v1/files/xsa3.patch",
        "XSA-9/files-1/files/fix.patch",
    }  # fmt: skip


def test_mailbox_of_git_format_patch(place: Place, tmp_path: Path, sealed: Path) -> None:
    box = place.git("format-patch", "--stdout", f"{place[9]}~1..{place[10]}").encode() + b"\n"
    done = run(tmp_path, "import", put(tmp_path, "series.mbox", box))
    assert done.status == 0
    assert done.err.startswith("warning: XSA-4, XSA-5 may be under embargo, but its end is unknown\n")
    kept = store_of(sealed) / "advisories"
    assert sorted(path.parent.parent.parent.name for path in kept.rglob("000?-*.patch")) == ["XSA-4", "XSA-5"]


def test_record_that_somebody_has_damaged(place: Place, sealed: Path) -> None:
    taken(place, {"xsa9.patch": NEW})
    (store_of(sealed) / "advisories" / "XSA-9" / "files-1" / "import.json").write_bytes(b'{"public": "\xff"}')
    assert place.run("check", "--xsa", "9").status == 0


def test_loose_patches_of_two_times_are_not_mixed(tmp_path: Path, sealed: Path) -> None:
    run(tmp_path, "import", put(tmp_path, "a/xsa9-1.patch", NEW), put(tmp_path, "a/xsa9-2.patch", NEW_MAIL))
    run(tmp_path, "import", put(tmp_path, "b/xsa9-1.patch", NEW_MAIL))
    kept = store_of(sealed) / "advisories" / "XSA-9"
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*.patch")} == {
        "files-1/files/xsa9-1.patch", "files-1/files/xsa9-2.patch", "files-2/files/xsa9-1.patch",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("xsa9.patch", b"words", "it is not a patch: no diff in it"),
        ("xsa9.patch", b"--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n", "it names the path '../../x'"),
        (
            "xsa9.patch",
            b"--- a/.git/hooks/x\n+++ b/.git/hooks/x\n@@ -1 +1 @@\n-a\n+b\n",
            "it names the path '.git/hooks/x'",
        ),
        ("xsa9.meta", b"{", "it is not JSON"),
        ("xsa9.meta", b'{"XSA": "\xff"}', "it is not JSON: it is not UTF-8"),
        ("xsa.json", b'[{"xsas": "\xff"}]', "it is not JSON: it is not UTF-8"),
        ("readme", b"words", "it is neither the text of an advisory nor a patch"),
        ("fix.patch", NEW, "it does not say to which advisory it belongs"),
    ],
)
def test_what_is_left_out(name: str, content: bytes, why: str, tmp_path: Path, sealed: Path) -> None:
    done = run(tmp_path, "import", put(tmp_path, f"in/{name}", content))
    assert done.status == 1
    assert f"{name} was left out: {why}" in done.err
    assert not (store_of(sealed) / "advisories").exists()


# Hostile input


BAD_NAMES = ["../x.patch", "/etc/x.patch", "a/../../x.patch", ".git/hooks/post-checkout", "a//b", "C:x", "a\\..\\b",
             "x\n.patch", "\x1b[2J.patch", "x" * 300, "a/" * 9 + "x", "", "."]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_lead_out(name: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError):
        checked_name(name, Path("source"))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(NEW)
        tar.addfile(entry, io.BytesIO(NEW))
    done = run(tmp_path, "import", put(tmp_path, "evil.tar", archive.getvalue()))
    assert done.status == 128
    assert "\x1b" not in done.err
    assert list(tmp_path.iterdir()) == [tmp_path / "evil.tar"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive(kind: bytes, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("xsa9.patch")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    done = run(tmp_path, "import", put(tmp_path, "evil.tar", archive.getvalue()))
    assert done.status == 128
    assert "'xsa9.patch', which is a link or a device" in done.err


def test_links_in_a_folder_are_not_followed(tmp_path: Path, sealed: Path) -> None:
    folder = tmp_path / "in"
    put(folder, "xsa8.patch", NEW)
    (folder / "xsa9.patch").symlink_to(put(tmp_path, "private", NEW))
    (folder / "down").symlink_to(tmp_path)
    os.mkfifo(folder / "xsa7.patch")
    assert run(tmp_path, "import", str(folder)).status == 0
    assert [path.name for path in (store_of(sealed) / "advisories").iterdir()] == ["XSA-8"]


def test_archives_that_expand_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LARGEST", 1 << 20)
    bomb = zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    nested = packed
    for _ in range(5):
        again = zlib.compressobj(9, wbits=31)
        nested = again.compress(nested) + again.flush()
    for content, why in ((packed, "holds more than 1 MB"), (nested, "nests archives too deeply")):
        done = run(tmp_path, "import", put(tmp_path, "bomb.gz", content))
        assert done.status == 128
        assert why in done.err
    with pytest.raises(IntakeError, match="is damaged"):
        read_source(Path(put(tmp_path, "half.gz", packed[:1000])))


def test_lines_of_100_mb(tmp_path: Path) -> None:
    long = b"Xen Security Advisory " + b"CVE-2026-1234," * (7 << 20)
    assert len(long) > 90 << 20
    for content in (long, b"\n" + long.replace(b"C", b" ", 1)):
        done = run(tmp_path, "import", put(tmp_path, "long.txt", content))
        assert done.status == 1
        assert len(done.err) < 1000


def test_escapes_in_what_is_shown(place: Place, tmp_path: Path) -> None:
    text = advisory(
        9, 1, [("xsa9.patch", "Xen 1.0.x \x1b[2J")], {"xsa9.patch": NEW_MAIL}, title="a \x1b]0;t\x07 b \u202e c"
    )
    patch = NEW_MAIL.replace(b"x86", b"\x1b[31mx86")
    for done in (
        run(tmp_path, "import", put(tmp_path, "m.eml", mail(text, {"xsa9.patch": patch}))),
        place.run("check", "--xsa", "9"),
    ):
        assert "\\x1b" in done.out
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


# Using it


def taken(place: Place, files: Mapping[str, bytes], *texts: bytes) -> Answer:
    folder = place.folder.parent / "in"
    paths = [put(folder, name, content) for name, content in files.items()]
    paths += [put(folder, f"advisory-{number}.txt", text) for number, text in enumerate(texts)]
    return run(place.folder.parent, "import", *paths)


def document(done: Answer) -> dict[str, object]:
    found: dict[str, object] = json.loads(done.out)["results"][0]
    return found


def test_embargoed_patch_is_part_of_the_check(place: Place) -> None:
    """Its place is at the tip, where a line that the release lacks is its context."""
    patch = diff("b.c", {6: "new"}, {5: "tidied", 7: "fixed", 19: "alone"})
    taken(
        place,
        {"xsa9.patch": patch},
        advisory(9, 1, [("xsa9.patch", "xen-unstable - Xen 1.0.x")], {"xsa9.patch": patch}),
    )
    done = place.run("check", "--xsa", "9", "--json")
    found = document(done)
    assert (done.status, found["state"], found["xsa"]) == (1, "needs-prerequisites", [9])
    assert found["queue"] == [
        {"id": place[7], "role": "prerequisite"},
        {"id": place[8], "role": "prerequisite"},
        {"id": "xsa9.patch", "role": "patch"},
    ]
    everything = place.run("check")
    assert "from the store: XSA-9 v1, xsa9.patch (1 patch), 1 placed after" in everything.out
    assert "5 outstanding XSAs in 5 commits" in everything.out
    assert "XSA-9" in place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "9").out


def test_published_patch_is_recognised_as_the_commit(place: Place) -> None:
    taken(place, {"xsa4.patch": place.patch(9), "xsa2-1.0.patch": place.patch(6)})
    found = document(place.run("check", "--xsa", "2,4", "--json"))
    series = found["advisories"]
    assert isinstance(series, list)
    assert [(one["xsa"], one["patches"][0]["how"], one["patches"][0]["commit"]) for one in series] == [
        (2, "patch-id", place[6]),
        (4, "patch-id", place[9]),
    ]
    assert found["queue"] == document(place.run("check", "--xsa", "2,4", "--json"))["queue"]


def test_patch_of_a_series_that_was_edited_is_recognised_by_its_subject(place: Place) -> None:
    """The others are commits of the branch, and so is this one, with other words in it (XSA-263 on 4.8.3)."""
    _, _, whole = place.patch(8).replace(b"CVE-2020-1234 / XSA-3", b"XSA-7").partition(b"\n")
    edited = whole.replace(b"\n line 8\n", b"\n line eight\n").replace(b"\n+fixed\n", b"\n+mended\n")
    assert edited != whole
    taken(
        place,
        {
            "xsa7-1.patch": place.patch(6).replace(b"XSA-2", b"XSA-7"),
            "xsa7-2.patch": place.patch(7),
            "xsa7-3.patch": edited,
        },
    )
    found = document(place.run("check", "--xsa", "7", "--json"))
    series = found["advisories"]
    assert isinstance(series, list)
    assert [(one["how"], one["commit"]) for one in series[0]["patches"]] == [
        ("patch-id", place[6]), ("patch-id", place[7]), ("subject", place[8]),
    ]  # fmt: skip
    taken(place, {"xsa8.patch": edited.replace(b"XSA-7", b"XSA-8")})
    assert document(place.run("check", "--xsa", "8", "--json"))["state"] == "conflicts"


def test_partly_and_already_applied(place: Place) -> None:
    taken(place, {"xsa5-1.patch": place.patch(3), "xsa5-2.patch": place.patch(10)})
    done = place.run("check", "--xsa", "5")
    assert "    in RELEASE-1.0.1: xsa5-1.patch\n    missing: xsa5-2.patch\n" in done.out
    assert document(place.run("check", "--xsa", "5", "--json"))["state"] == "partly-applied"
    taken(place, {"xsa8-1.patch": place.patch(3).replace(b"XSA-5", b"XSA-8")})
    done = place.run("check", "--xsa", "8", "--json")
    assert (done.status, document(done)["state"]) == (0, "already-applied")
    assert "XSA-8" not in place.run("check").out


@pytest.mark.parametrize(
    ("reverted", "edited", "state"),
    [(False, False, "already-applied"), (True, False, "conflicts"), (False, True, "conflicts")],
)
def test_patch_made_of_a_commit_before_the_range(reverted: bool, edited: bool, state: str, tmp_path: Path) -> None:
    """What the files hold does not tell: a later commit changed the line again."""
    draft = Draft()
    draft.commit("root", {"a.c": numbered(20)})
    draft.commit("fix it", {"a.c": numbered(20, {9: "fixed"})})
    if reverted:
        fix = draft.write(tmp_path / "first")[2]
        draft.commit(f'Revert "fix it"\n\nThis reverts commit {fix}.', {"a.c": numbered(20)})
    draft.commit("other", {"a.c": numbered(20, {9: "another"})})
    draft.release("1.0.0", {"version": b"1.0.0\n"})
    draft.commit("tip", {"b.c": b"x\n"})
    place = draft.write(tmp_path / "clone")
    patch = place.patch(2)
    taken(place, {"xsa8.patch": patch.replace(b"+fixed", b"+edited") if edited else patch})
    assert document(place.run("check", "--xsa", "8", "--json"))["state"] == state


@pytest.mark.parametrize(("second", "told"), [("fits", True), ("misfit", False), ("there", False)])
def test_fix_that_the_history_says_is_there_but_only_half_of_it_is(second: str, told: bool, place: Place) -> None:
    """As RELEASE-4.6.3 has one commit that says it is XSA-155, of three: nobody has to name it to be told."""
    patch = diff("b.c", {12: "new"}, {5: "tidied", 7: "fixed", 19: "alone"})
    patches = {"fits": patch, "misfit": patch.replace(b" line 11", b" line eleven"), "there": place.patch(7)}
    taken(place, {"xsa4-1.patch": place.patch(9), "xsa4-2.patch": patches[second]})
    done = place.run("check", "--onto", place[10], "--branch", "stable-1.0")
    assert ("missing: xsa4-2.patch" in done.out) == told
    assert ("XSA-4" in done.out) == told
    assert done.status == 0


def test_order_between_advisories_is_computed(place: Place) -> None:
    """XSA-21's patch is made for a tree that has XSA-28's."""
    tip = {5: "tidied", 7: "fixed", 19: "alone"}
    first = diff("b.c", {12: "first"}, tip)
    second = diff("b.c", {13: "second"}, {**tip, 12: "first"})
    taken(place, {"xsa28.patch": first, "xsa21.patch": second})
    done = place.run("check", "--xsa", "21,28", "--json")
    assert [entry["id"] for entry in json.loads(done.out)["results"][0]["queue"]] == ["xsa28.patch", "xsa21.patch"]
    assert done.status == 0


def recipe(number: int, prereqs: list[int], reference: str) -> bytes:
    inner = {"StableRef": reference, "Prereqs": prereqs, "Patches": [f"xsa{number}.patch"]}
    return json.dumps({"XSA": number, "Recipes": {"1.0": {"Recipes": {"xen": inner}}}}).encode()


@pytest.mark.parametrize(("declared", "status"), [([28], 0), ([], 1)])
def test_declared_prerequisites_are_honoured_and_checked(declared: list[int], status: int, place: Place) -> None:
    tip = {5: "tidied", 7: "fixed", 19: "alone"}
    first = diff("b.c", {12: "first"}, tip)
    second = diff("b.c", {13: "second"}, {**tip, 12: "first"})
    files = {"xsa28.patch": first, "xsa21.patch": second}
    files |= {"xsa28.meta": recipe(28, [], place[10]), "xsa21.meta": recipe(21, declared, place[10])}
    taken(place, files)
    done = place.run("check", "--xsa", "21,28")
    assert done.status == status
    assert ("needs XSA-28, which its recipe does not declare" in done.out) == (status == 1)
    if declared:
        assert place.run("check", "--xsa", "21").status == 0


def test_advisories_without_patches_for_the_branch_are_results(place: Place) -> None:
    linux = {"xsa30-linux.patch": NEW}
    taken(
        place,
        linux,
        advisory(30, 1, [("xsa30-linux.patch", "Linux")], linux),
        advisory(31, 1, resolution="Releases:\n\n  RELEASE-1.0.2\n"),
        advisory(32, 1, [("xsa32-0.9.patch", "Xen 0.9.x")]),
    )
    done = place.run("check", "--xsa", "30,31,32", "--json")
    assert (done.status, done.err, document(done)["state"]) == (0, "", "no-patches")
    series = document(done)["advisories"]
    assert isinstance(series, list)
    assert [(one["xsa"], one["basis"], one["remark"]) for one in series] == [
        (30, "other-trees", "its patches are for linux"),
        (31, "no-patches", "it has no patches; it names RELEASE-1.0.2 instead"),
        (32, "not-named", "its patches are for 0.9 and older"),
    ]
    shown = place.run("check", "--xsa", "30,31,33").out.splitlines()
    assert shown[1:3] == [
        "  XSA-30, XSA-31: there is nothing to apply to RELEASE-1.0.1",
        "  XSA-33: no commit of RELEASE-1.0.1..stable-1.0 says that it fixes it",
    ]
    place.git("config", "xsa.tree", "linux")
    assert document(place.run("check", "--xsa", "30", "--json"))["advisories"][0]["basis"] == "table"  # type: ignore[index]


def test_patch_that_fits_nowhere(place: Place) -> None:
    taken(place, {"xsa9.patch": diff("b.c", {12: "new"}, {11: "elsewhere"}), "xsa4.patch": place.patch(9)})
    done = place.run("check", "--xsa", "4,9", "--json")
    assert done.status == 2
    assert [one["state"] for one in json.loads(done.out)["results"]] == ["applies", "conflicts"]
    done = place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "4,9")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: XSA-9 can't join one queue with the others\n")


@pytest.mark.parametrize(
    "message", ["use it\n\nThis is XSA-2.", "our own words", "ours\n\n(cherry picked from commit %s)"]
)
def test_base_that_left_the_branch_and_picked_a_fix(message: str, tmp_path: Path) -> None:
    draft = story()
    draft.branch("mine", BASE)
    draft.commit("prepare", {"a.c": numbered(20, {2: "five", 10: "prepared"})}, on="mine")
    draft.commit("ours", {"a.c": numbered(20, {2: "five", 10: "used"})}, on="mine")
    place = draft.write(tmp_path / "clone")
    tree, parent = place.git("rev-parse", "mine^{tree}"), place.git("rev-parse", "mine~1")
    words = message % place[6] if "%s" in message else message
    commit = place.git("commit-tree", tree, "-p", parent, "-m", words)
    place.git("update-ref", "refs/heads/mine", commit)
    assert "XSA-2 " not in place.run("check", "--onto", "mine").out
    done = place.run("check", "--onto", "mine", "--xsa", "2", "--json")
    assert (done.status, document(done)["state"]) == (0, "already-applied")
    (tmp_path / "x.patch").write_bytes(place.patch(6))
    done = place.run("prereqs", "--onto", "mine", "--tip", "stable-1.0", str(tmp_path / "x.patch"), "--json")
    assert json.loads(done.out)["state"] == "already-applied"


# No trace


def test_embargoed_text_leaves_no_trace(tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After import, check, prereqs and failed runs: no object in the repository, nothing that others can read, nothing
    in any file but the store's, nothing in the words of any process."""
    folder = tmp_path / "clone"
    place = story().write(folder)
    words = tmp_path / "words"
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True, check=True).stdout.strip()
    for name, program in (("git", real), ("gpg", "/usr/bin/gpg")):
        script = put(
            tmp_path, f"bin/{name}", f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>{words}\nexec {program} "$@"\n'.encode()
        )
        Path(script).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    (tmp_path / "tmp").mkdir()
    before = snapshot(folder)
    misfit = NEW_MAIL.replace(b"line 11", f"line {SECRET}".encode()).replace(b"XSA-9", b"XSA-10")
    given = tmp_path / "in"
    put(given, "xsa9.patch", NEW_MAIL)
    put(given, "xsa10.patch", misfit)
    put(given, "advisory-9.txt", advisory(9, 1, [("xsa9.patch", "Xen 1.0.x")], {"xsa9.patch": NEW_MAIL}, title=SECRET))
    assert run(tmp_path, "import", str(given)).status == 0
    assert place.run("check", "--xsa", "9").status == 0
    assert place.run("check", "--xsa", "10").status == 2
    assert place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "9", "--json").status == 0
    assert place.run("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "10").status == 2
    assert place.run("check", "--onto", "nothing", "--xsa", "9").status == 128
    assert run(tmp_path, "import", str(given / "missing")).status == 128

    assert snapshot(folder) == before
    assert SECRET not in words.read_text(encoding="utf-8", errors="replace")
    assert "update-index" in words.read_text(encoding="utf-8", errors="replace")
    store = store_of(sealed)
    holding = [path for top in (tmp_path, sealed) for path in top.rglob("*") if path.is_file()]
    found = {path for path in holding if SECRET.encode() in path.read_bytes()}
    assert {path for path in found if store not in path.parents and given not in path.parents} == set()
    assert any(store in path.parents for path in found)
    assert {stat.S_IMODE(path.stat().st_mode) for path in [store, *store.rglob("*")]} == {0o700, 0o600}
    objects = place.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert all(SECRET not in place.git("cat-file", "-p", name) for name in objects)


def test_store_that_others_can_read_is_refused(place: Place, sealed: Path) -> None:
    taken(place, {"xsa9.patch": NEW})
    store_of(sealed).chmod(0o755)
    for words in (("check",), ("import", str(place.folder))):
        done = place.run(*words)
        assert done.status == 128
        assert done.err.startswith(f"fatal: the store {store_of(sealed)} can be read by others (mode 0755)\n")


def test_patch_without_an_ending_and_its_copy(tmp_path: Path, sealed: Path) -> None:
    """As in pkgsrc, patch-XSA344; such a file was neither a text nor a patch."""
    patch = b"$NetBSD: x $\n\nFrom: A <a@example.org>\nSubject: mend it\n\n" + NEW
    put(tmp_path, "in/patch-XSA9", patch)
    put(tmp_path, "in/xsa9.patch", patch)
    put(tmp_path, "in/xsa9.spec", b"%prep\n")
    done = run(tmp_path, "import", str(tmp_path / "in"))

    assert "1 new file" in done.out
    assert "note: xsa9.patch is the same file as patch-XSA9.patch" in done.err
    assert "warning: xsa9.spec was left out" in done.err
    assert [path.name for path in sealed.rglob("*.patch")] == ["patch-XSA9.patch"]


def test_references_say_which_advisory_a_patch_is_for(tmp_path: Path, sealed: Path) -> None:
    """As SUSE's, whose names are the times of commits."""
    done = run(tmp_path, "import", put(tmp_path, "5ec2a760-fix.patch", b"References: bsc#1 CVE-2026-1 XSA-9\n\n" + NEW))
    assert (done.status, done.out.splitlines()[0]) == (0, "XSA-9 (without its text)")


def test_several_patches_in_one_file(tmp_path: Path, sealed: Path) -> None:
    """Alpine ships the output of git format-patch --stdout in one file; it was left out."""
    mail = b"From " + b"1" * 40 + b" Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH %d/2] x\n\n"
    done = run(
        tmp_path, "import", put(tmp_path, "xsa9-4.16-00.patch", mail % 1 + NEW + b"-- \n2.30\n\n" + mail % 2 + NEW)
    )
    assert (done.status, "left out" in done.err) == (0, False)
