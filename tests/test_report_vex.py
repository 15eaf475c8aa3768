"""git xsa-report --format openvex, csaf and cyclonedx: what is said of a product, and by which evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import validators
from repositories import BASE, Draft, Place, numbered, story, unpack

from git_xsa.ask.in_tree import InTree
from git_xsa.publish.vex.statements import Cause, Code, ProductEvidence, VexStatus, judge

STAMP = ("--timestamp", "2026-12-01T00:00:00Z")
RELEASE = "RELEASE-1.0.0"
WHO = ("--author", "Example Project", "--namespace", "https://example.org/vex")
FORMATS = ("openvex", "csaf", "cyclonedx")

#: Path -> the advisory that changes it, alone but for 11; each is what it takes not to be misjudged.
FILES = {
    "xen/common/compiled.c": 1,
    "xen/arch/arm/gic.c": 2,
    "SUPPORT.md": 3,
    "xen/arch/x86/Kconfig": 4,
    "xen/include/xen/sched.h": 5,
    "tools/libs/light/create.c": 6,
    "xen/common/included.c": 7,
    "xen/common/efi/linked.c": 8,
    "xen/common/optional.c": 9,
    "xen/arch/x86/entry.S": 10,
    "xen/arch/arm/Kconfig": 11,
    "xen/tools/generator.py": 12,
    "tools/flask/policy/xen.te": 13,
    "docs/misc/feature.pandoc": 14,
    "xen/arch/arm/include/asm/gic.h": 15,
    "xen/include/asm-arm/cpu.h": 16,
    "tools/ocaml/xenstored/domain.ml": 17,
    "tools/hotplug/vif-script": 18,
    "INSTALL": 19,
}
#: What a build of the hypervisor for x86 alone leaves out for certain.
LEFT_OUT = {2, 6, 9, 11, 15, 16, 17, 18}
TEXT_ALONE = {3, 4, 14}


def project(tmp_path: Path) -> Place:
    made = Draft()
    contents = {path: numbered(9) for path in FILES}
    contents["xen/common/compiled.c"] = b'#include <xen/sched.h>\n#include"included.c"\n' + numbered(9)
    made.release("1.0.0", {**contents, "xen/arch/x86/setup.c": numbered(9), "xen/include/xen/config.h": numbered(9)})
    for path, number in FILES.items():
        content = contents[path].replace(b"line 5\n", b"fixed\n")
        assert content != contents[path]
        more = {"xen/arch/arm/gic.c": numbered(9, {5: "fixed", 7: "eleven"})} if number == 11 else {}
        mark = f"XSA-{number} / CVE-2020-10{number:02}" if number != 9 else "XSA-9"
        made.commit(f"fix {path}\n\nThis is {mark}.", {path: content, **more})
    return made.write(tmp_path / "clone")


def statements(place: Place, *words: str, onto: str = RELEASE, status: int = 0) -> dict[int, dict[str, Any]]:
    """Return what OpenVEX says of each advisory."""
    answer = place.run("report", "--format", "openvex", "--onto", onto, *STAMP, *WHO, *words)
    assert answer.status == status, answer
    found = {}
    for one in json.loads(answer.out)["statements"]:
        names = [one["vulnerability"]["name"], *one["vulnerability"]["aliases"]]
        [number] = [int(name.removeprefix("XSA-")) for name in names if name.startswith("XSA-")]
        found[number] = one
    return found


def by_status(found: dict[int, dict[str, Any]], status: str) -> set[int]:
    return {number for number, one in found.items() if one["status"] == status}


# the tree


def test_a_release_is_affected_by_what_it_lacks_and_the_branch_s_end_has_all(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    found = statements(place, onto="RELEASE-1.0.1")
    assert by_status(found, "affected") == {2, 3, 4, 5}  # of 5 it has a part
    assert place[6][:12] in found[2]["action_statement"]
    assert by_status(statements(place, onto="stable-1.0"), "fixed") == {2, 3, 4, 5}
    assert by_status(statements(place, "--xsa", "2,3", onto="own"), "affected") == {2, 3}


def test_patches_of_a_package_and_a_queue_fix(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    queue = place.folder.parent / "queue"
    words = ("export", "--onto", "RELEASE-1.0.1", "--xsa", "3,4", "--format", "quilt", "-o", str(queue))
    assert place.run(*words).status == 0
    for option in ("--base-patches", "--queue"):
        found = statements(place, option, str(queue), onto="RELEASE-1.0.1")
        assert (by_status(found, "fixed"), by_status(found, "affected")) == ({3, 4}, {2, 5}), option
    patch = next(queue.rglob("*.patch"))
    patch.write_bytes(patch.read_bytes() + b"\n")
    answer = place.run("report", "--format", "openvex", "--onto", "RELEASE-1.0.1", "--queue", str(queue))
    assert (answer.status, answer.out) == (128, "")


def test_a_queue_that_only_its_owner_can_read_is_private(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    queue = place.folder.parent / "queue"
    assert place.run("export", "--onto", "RELEASE-1.0.1", "--xsa", "4", "-o", str(queue)).status == 0
    queue.chmod(0o700)
    words = ("report", "--format", "openvex", "--onto", "RELEASE-1.0.1", "--queue", str(queue))
    answer = place.run(*words)
    assert (answer.status, answer.out, "it may be under embargo" in answer.err) == (128, "", True)
    out = place.folder.parent / "vex.json"
    assert place.run(*words, "--embargoed", "-o", str(out)).status == 0
    assert out.stat().st_mode & 0o077 == 0


def test_a_tree_without_the_files_never_had_the_fault_unless_they_are_text(tmp_path: Path) -> None:
    place = project(tmp_path)
    tree = tmp_path / "tree"
    unpack(place.folder, RELEASE, tree)
    for path in ("xen/arch/arm/gic.c", "SUPPORT.md", "xen/arch/x86/Kconfig"):
        (tree / path).unlink()
    found = statements(place, "--xsa", "1,2,3,4", onto=str(tree))
    assert (found[2]["status"], found[2]["justification"]) == ("not_affected", "vulnerable_code_not_present")
    assert [found[number]["status"] for number in (1, 3, 4)] == ["affected"] + ["under_investigation"] * 2


def test_equal_lines_that_allow_the_contrary_are_no_fix() -> None:
    seen = ProductEvidence(InTree.FIXED, "ours", "stable-1.0")
    assert judge(seen)[0] is VexStatus.FIXED
    assert judge(seen._replace(uncertain=True))[0] is VexStatus.UNDER_INVESTIGATION
    assert judge(seen._replace(uncertain=True, code=Code.NOT_COMPILED))[0] is VexStatus.UNDER_INVESTIGATION


@pytest.mark.parametrize("standing", [None, InTree.LACKING, InTree.PARTLY, InTree.NEVER_AFFECTED])
@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("code", [Code.COMPILED, Code.UNKNOWN, Code.NONE])
def test_only_what_lacks_the_code_is_not_affected(standing: InTree | None, cause: Cause, code: Code) -> None:
    status, reason = judge(ProductEvidence(standing, "it", "stable-1.0", code=code, cause=cause, causes=["0123"]))
    lacks = code is not Code.NONE and (standing is InTree.NEVER_AFFECTED or cause is Cause.ABSENT)
    assert (status is VexStatus.NOT_AFFECTED) == lacks
    assert status is not VexStatus.FIXED
    assert reason.endswith(".")


# what brought it


def with_cause(tmp_path: Path) -> Place:
    """Return a clone in which XSA-1 came after stable-1.0 was made, and only stable-1.1 and master got a fix."""

    def tell(cause: str) -> Draft:
        made = Draft()
        root = made.commit("root", {"a.c": numbered(20), "b.c": numbered(20)}, on="master")
        made.release("1.0.0", {"v": b"1\n"}, after=root)
        brought = made.commit("bring it", {"a.c": numbered(20, {5: "cause"})}, on="master")
        made.release("1.1.0", {"v": b"2\n"}, on="stable-1.1", after=brought)
        for branch in ("master", "stable-1.1"):
            fix = f"fix\n\nThis is XSA-1 / CVE-2020-1111.\n\nFixes: {cause}"
            made.commit(fix, {"a.c": numbered(20, {5: "fixed"})}, on=branch)
            made.commit("two\n\nThis is XSA-2.", {"b.c": numbered(20, {5: "fixed"})}, on=branch)
        made.commit("later", {"v": b"1 later\n"})
        made.commit("ours", {"w": b"w\n"}, on="apart", after=2)
        made.commit("ours, in the file", {"a.c": numbered(20, {5: "cause"})}, on="ours", after=2)
        return made

    cause = tell("0" * 40).write(tmp_path / "names")[3]
    place = tell(cause).write(tmp_path / "clone")
    assert place[3] == cause
    return place


def test_a_tree_without_the_cause_is_not_affected(tmp_path: Path) -> None:
    place = with_cause(tmp_path)
    for base in (RELEASE, "stable-1.0", "apart"):
        found = statements(place, onto=base)
        assert found[1]["status"] == "not_affected", base
        assert place[3][:12] in found[1]["impact_statement"]
        assert found[2]["status"] == "under_investigation"  # nothing says what brought that
    # What has touched the file by itself may have it under another name.
    assert statements(place, onto="ours")[1]["status"] == "under_investigation"
    assert statements(place, onto="RELEASE-1.1.0")[1]["status"] == "affected"


def test_a_later_fix_of_the_fix_is_told(tmp_path: Path) -> None:
    def tell(fix: str) -> Draft:
        made = Draft()
        made.release("1.0.0", {"a.c": numbered(20)})
        made.commit("fix\n\nThis is XSA-1.", {"a.c": numbered(20, {5: "fix"})})
        made.release("1.0.1", {"v": b"1\n"})
        made.commit(f"fix the fix\n\nFixes: {fix}", {"a.c": numbered(20, {5: "better"})})
        return made

    fix = tell("0" * 40).write(tmp_path / "names")[2]
    place = tell(fix).write(tmp_path / "clone")
    one = statements(place, onto="RELEASE-1.0.1")[1]
    assert one["status"] == "fixed"
    assert f"{place[4][:12]} (fix the fix)" in one["status_notes"]
    assert "Later" not in statements(place, onto="stable-1.0")[1]["status_notes"]


# what was compiled


def commands(place: Path, *paths: str) -> Path:
    entries = [{"directory": "/build/xen-1.0.0/xen", "file": path, "arguments": ["cc"]} for path in paths]
    place.write_text(json.dumps(entries))
    return place


def listed(place: Path, *paths: str) -> Path:
    place.write_text("".join(f"{path}\n" for path in paths))
    return place


@pytest.mark.parametrize("write", [commands, listed])
def test_what_was_not_compiled_is_not_affected(tmp_path: Path, write: Any) -> None:
    place = project(tmp_path)
    built = ["common/compiled.c", "arch/x86/setup.c", "arch/x86/efi/linked.c", "tools/kconfig/conf.c"]
    built.append("include/xen/config.h")  # some are compiled by themselves, to check them, and the others are not
    paths = [f"/build/xen-1.0.0/xen/{path}" for path in built] if write is listed else built
    file = write(tmp_path / "compiled", *paths)
    answer = place.run("report", "--format", "openvex", "--onto", RELEASE, "--compiled", str(file), *STAMP, *WHO)
    assert (
        "no file in tools/ was compiled, so what XSA-6, XSA-17, XSA-18 changes there counts as not shipped"
        in answer.err
    )
    found = statements(place, "--compiled", str(file))
    assert by_status(found, "not_affected") == LEFT_OUT
    assert {found[number]["justification"] for number in LEFT_OUT} == {"vulnerable_code_not_present"}
    assert by_status(found, "affected") == set(FILES.values()) - LEFT_OUT
    # As soon as anything of the tools was compiled, a list of C files does not decide what else of them was.
    file = write(tmp_path / "more", *paths, "/build/xen-1.0.0/tools/generated.c")
    assert by_status(statements(place, "--compiled", str(file)), "not_affected") == LEFT_OUT - {17, 18}


def test_what_is_only_preprocessed_is_in_no_list(tmp_path: Path) -> None:
    """A linker script, and a list of hypercalls: a compiler's output for them goes into other files."""
    files = {"xen/arch/x86/xen.lds.S": 1, "xen/include/hypercall-defs.c": 2, "xen/common/other.c": 3}
    made = Draft()
    rule = b"$(obj)/hypercall-defs.i: $(src)/hypercall-defs.c FORCE\n"
    contents = {path: numbered(9) for path in files}
    made.release("1.0.0", {**contents, "xen/include/Makefile": rule, "xen/arch/x86/a.S": b"a\n", "xen/c.c": b"c\n"})
    for path, number in files.items():
        made.commit(f"fix\n\nThis is XSA-{number}.", {path: numbered(9, {5: "fix"})})
    place = made.write(tmp_path / "clone")
    file = listed(tmp_path / "list", "xen/c.c", "xen/arch/x86/a.S")
    assert by_status(statements(place, "--compiled", str(file)), "not_affected") == {3}


def test_a_fix_of_text_alone_is_never_a_reason(tmp_path: Path) -> None:
    """Whatever the list says: the statement of support and the defaults concern everybody."""
    place = project(tmp_path)
    for paths in (["xen/arch/x86/setup.c"], ["xen/arch/arm/gic.c"], ["tools/libs/light/create.c"]):
        found = statements(place, "--compiled", str(listed(tmp_path / "l", *paths)))
        assert by_status(found, "not_affected").isdisjoint(TEXT_ALONE)


def test_fixed_counts_more_than_not_compiled(tmp_path: Path) -> None:
    place = project(tmp_path)
    file = listed(tmp_path / "compiled", "xen/arch/x86/setup.c")
    found = statements(place, "--compiled", str(file), onto="stable-1.0")
    assert by_status(found, "fixed") == set(FILES.values())


def proof(place: Place, compiled: list[str], left: list[str], commit: str = "") -> dict[str, Any]:
    base = {"name": RELEASE, "commit": commit or place[1]}
    cells = [{"name": "x86_64", "compiled": compiled}, {"name": "other", "compiled": None}]
    return {"format": 1, "results": [{"base": base, "cells": cells, "not_compiled": left}], "unproved": []}


def test_a_proof_speaks_of_what_its_queue_changes_and_nothing_else(tmp_path: Path) -> None:
    place = project(tmp_path)
    file = tmp_path / "proof.json"
    left = ["xen/arch/arm/gic.c", "xen/common/optional.c", "xen/include/xen/sched.h", "SUPPORT.md"]
    left += ["tools/hotplug/vif-script", "INSTALL"]  # which a product may have without a build that reads them
    file.write_text(json.dumps(proof(place, ["xen/common/compiled.c"], left)))
    found = statements(place, "--compiled", str(file))
    assert by_status(found, "not_affected") == {2, 5, 9}  # of XSA-11's files it knows one
    file.write_text(json.dumps({"files": {}, "proof": proof(place, [], ["xen/common/optional.c"])}))
    assert by_status(statements(place, "--compiled", str(file)), "not_affected") == {9}
    file.write_text(json.dumps(proof(place, [], left, commit="1" * 40)))
    answer = place.run("report", "--format", "openvex", "--onto", RELEASE, "--compiled", str(file))
    assert (answer.status, answer.out, "of another base" in answer.err) == (128, "", True)


def test_what_xsa_test_writes_is_such_a_proof(tmp_path: Path) -> None:
    place = project(tmp_path)
    place.git("config", "xsa.cell.small.command", "cat xen/common/compiled.c xen/include/xen/sched.h >xen/xen")
    answer = place.run("test", "--onto", RELEASE, "--xsa", "1,2,5,9", "--cell", "small", "--json")
    [result] = json.loads(answer.out)["results"]
    if result["not_compiled"] is None:
        pytest.skip("what a build reads is not known here: times of access are not kept")
    file = tmp_path / "proof.json"
    file.write_text(answer.out)
    found = statements(place, "--compiled", str(file))
    assert by_status(found, "not_affected") == {2, 9}
    assert by_status(found, "affected") >= {1, 5}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no list of compiled files"),
        (b"[]", "no list of compiled files"),
        (b"[{", "no list of compiled files"),
        (b'{"format": 1}', "no list of compiled files"),
        (b'[{"file": 3}]', "no list of compiled files"),
        (b'[{"directory": "/b", "file": "of/another/project.c"}]', "none of the compiled files is a file of this tree"),
        (b"of/another/project.c\n", "none of the compiled files is a file of this tree"),
        (b"\x00\x01\n", "no list of compiled files"),
        (None, "can't be read"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes | None, what: str) -> None:
    place = story().write(tmp_path / "clone")
    file = tmp_path / "list"
    if content is not None:
        file.write_bytes(content)
    answer = place.run("report", "--format", "openvex", "--onto", "RELEASE-1.0.1", "--compiled", str(file))
    assert (answer.status, answer.out, what in answer.err) == (128, "", True), answer


# the product


def product(place: Place, *words: str, onto: str = RELEASE) -> list[dict[str, Any]]:
    answer = place.run("report", "--format", "cyclonedx", "--onto", onto, "--xsa", "4", *STAMP, *WHO, *words)
    assert answer.status == 0, answer
    found: list[dict[str, Any]] = json.loads(answer.out)["components"]
    return found


def test_a_product_is_called_as_the_user_says(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    purl, cpe = "pkg:deb/debian/xen@4.17.5-1?distro=trixie", "cpe:2.3:o:xen:xen:4.17.5:*:*:*:*:*:*:*"
    [one] = product(place, "--product", purl, "--cpe", cpe)
    assert (one["purl"], one["cpe"], one["name"], one["version"]) == (purl, cpe, "xen", "4.17.5-1")
    place.git("config", "xsa.vex.product", "pkg:rpm/qubes/xen@1")
    assert product(place)[0]["purl"] == "pkg:rpm/qubes/xen@1"
    assert product(place, "--cpe", cpe)[0].get("purl") is None
    for words in (("--product", "xen"), ("--product", "pkg:deb"), ("--cpe", "cpe:/o:xen:xen:4.17")):
        answer = place.run("report", "--format", "openvex", "--onto", RELEASE, *words)
        assert answer.status == 129, words


def test_a_product_is_called_as_its_own_files_say(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    assert product(place)[0]["purl"] == "pkg:generic/xen@1.0.0"
    package = tmp_path / "package"
    (package / "debian/patches").mkdir(parents=True)
    (package / "debian/patches/series").write_text("")
    (package / "debian/changelog").write_text("xen (4.17.5+23-g1-1+deb12u1) unstable; urgency=low\n\n  * x\n")
    [one] = product(place, "--base-patches", str(package / "debian/patches/series"))
    assert one["purl"] == "pkg:deb/debian/xen@4.17.5%2B23-g1-1%2Bdeb12u1"
    spec = tmp_path / "xen.spec"
    spec.write_text("%global xsver 2\nName: xen\nVersion: 1.0.0\nRelease: %{xsver}%{?count}.1%{?dist}\n%prep\n")
    assert product(place, "--base-patches", str(spec))[0]["purl"] == "pkg:rpm/xen@1.0.0-2.1"


# the documents


def documents(place: Place, form: str, *words: str) -> list[bytes]:
    if form != "csaf":
        answer = place.run("report", "--format", form, "--onto", RELEASE, *STAMP, *WHO, *words)
        assert answer.status == 0, answer
        return [answer.out.encode()]
    out = place.folder.parent / "csaf"
    answer = place.run("report", "--format", form, "--onto", RELEASE, *STAMP, *WHO, *words, "-o", str(out))
    assert answer.status == 0, answer
    return [file.read_bytes() for file in sorted(out.glob("*-*.json")) if file.name != "xsa-queue.json"]


@pytest.fixture
def varied(tmp_path: Path) -> tuple[Place, list[str]]:
    """Return a clone and options by which there is something to say of each kind."""
    place = project(tmp_path)
    queue = tmp_path / "queue"
    assert place.run("export", "--onto", RELEASE, "--xsa", "1", "-o", str(queue)).status == 0
    file = listed(tmp_path / "compiled", "xen/arch/x86/setup.c")
    return place, ["--queue", str(queue), "--compiled", str(file)]


def test_validators_take_openvex_and_refuse_a_broken_one(varied: tuple[Place, list[str]]) -> None:
    place, words = varied
    [document] = documents(place, "openvex", *words)
    found = [one["status"] for one in json.loads(document)["statements"]]
    assert {"affected", "not_affected", "fixed"} <= set(found)
    assert validators.openvex(document) == ""
    where = found.index("not_affected")
    without = validators.broken(document, "statements", where, "justification")
    assert validators.openvex(validators.broken(without, "statements", where, "impact_statement"))
    assert validators.openvex(validators.changed(document, "perhaps", "statements", 0, "status"))


def test_validators_take_cyclonedx_and_refuse_a_broken_one(varied: tuple[Place, list[str]]) -> None:
    place, words = varied
    [document] = documents(place, "cyclonedx", *words)
    states = {one["analysis"]["state"] for one in json.loads(document)["vulnerabilities"]}
    assert {"exploitable", "not_affected", "resolved"} <= states
    assert validators.cyclonedx(document) == ""
    assert validators.cyclonedx(validators.changed(document, "x", "vulnerabilities", 0, "analysis", "state"))


@pytest.mark.parametrize("judge", [validators.csaf, validators.csaf_of_npm])
def test_validators_take_csaf_and_refuse_a_broken_one(
    varied: tuple[Place, list[str]], tmp_path: Path, judge: Any
) -> None:
    place, words = varied
    found = documents(place, "csaf", *words, "--xsa", "1,2,5,9")
    assert len(found) == 4  # one vulnerability a file
    kinds = {}
    for document in found:
        assert judge(document, tmp_path) == "", document
        [one] = json.loads(document)["vulnerabilities"]
        [kind] = one["product_status"]
        kinds[kind] = document
    assert set(kinds) == {"fixed", "known_not_affected", "known_affected"}
    broken = validators.broken(kinds["known_not_affected"], "vulnerabilities", 0, "flags")
    assert judge(validators.broken(broken, "vulnerabilities", 0, "threats"), tmp_path)
    assert judge(validators.broken(kinds["known_affected"], "vulnerabilities", 0, "remediations"), tmp_path)


def test_csaf_has_one_file_a_vulnerability_called_by_its_id(varied: tuple[Place, list[str]]) -> None:
    place, words = varied
    documents(place, "csaf", *words)
    out = place.folder.parent / "csaf"
    names = {file.name for file in out.glob("*-*.json")} - {"xsa-queue.json"}
    assert names == {f"cve-2020-10{n:02}.json" for n in FILES.values() if n != 9} | {"xsa-9.json"}
    one = json.loads((out / "cve-2020-1002.json").read_text())
    assert one["vulnerabilities"][0]["ids"] == [{"system_name": "Xen Security Advisory", "text": "XSA-2"}]
    answer = place.run("report", "--format", "csaf", "--onto", RELEASE, "--xsa", "2")
    assert (answer.status, "xsa.vex.namespace" in answer.err) == (128, True)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_bytes_twice_and_the_date_that_is_asked_for(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = story().write(tmp_path / "clone")
    words = ("report", "--format", form, "--onto", RELEASE, "--xsa", "4", *WHO)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first = place.run(*words).out
    assert first == place.run(*words).out
    assert "2023-11-14T22:13:20Z" in first
    assert "2026-12-01T00:00:00Z" in place.run(*words, *STAMP).out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert place.run(*words).status == 129


@pytest.mark.parametrize("form", FORMATS)
def test_one_product_a_document(tmp_path: Path, form: str) -> None:
    place = story().write(tmp_path / "clone")
    for words in ((), ("--onto", RELEASE, "--onto", "RELEASE-1.0.1")):
        answer = place.run("report", "--format", form, *words, *WHO)
        assert (answer.status, answer.out, "about one product" in answer.err) == (129, "", True)
    answer = place.run("report", "--format", "text", "--compiled", "x")
    assert (answer.status, "--compiled has no meaning for --format text" in answer.err) == (129, True)


def test_an_advisory_that_nobody_knows_is_said_to_be_missing(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    assert statements(place, "--xsa", "4,77", status=1)[77]["status"] == "under_investigation"


def test_the_repository_is_left_as_it_was(tmp_path: Path) -> None:
    place = story().write(tmp_path / "clone")
    before = place.git("count-objects", "-v") + place.git("for-each-ref")
    statements(place, onto=place[BASE])
    assert place.git("count-objects", "-v") + place.git("for-each-ref") == before
