"""Reading advisories: text, tables, recipes, lists, file names; every form that was found, and anything else."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone

import pytest
from advisory_texts import NOT_PERMITTED, PERMITTED, advisory
from hypothesis import given
from hypothesis import strategies as st

from git_xsa.advisory.file_names import in_order, read_name
from git_xsa.advisory.metadata import read_list, read_recipes
from git_xsa.advisory.patch_choice import Basis, Finding, choose
from git_xsa.advisory.problems import MetadataError, TextError
from git_xsa.advisory.text import is_advisory, read_advisory
from git_xsa.advisory.version_rows import UNSTABLE, Version, read_scope

FILES = {"xsa9/xsa9-01.patch": b"one", "xsa9/xsa9-4.17-00.patch": b"two", "xsa9-linux.patch": b"three"}
EMPTY_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n"
ROWS = [
    ("xsa9/xsa9-??.patch", "xen-unstable - Xen 4.18.x"),
    ("xsa9/xsa9-4.17-*.patch", "Xen 4.17.x"),
    ("xsa9-linux.patch", "Linux"),
]


def test_text_as_published() -> None:
    found = read_advisory(advisory(9, 3, ROWS, FILES, cves="CVE-2026-42489,CVE-2026-42490", public=True))
    assert (found.number, found.version, found.title) == (9, 3, "things go wrong")
    assert found.cves == ("CVE-2026-42489", "CVE-2026-42490")
    assert found.updates == {3: "Public release."}
    assert [row.pattern for row in found.rows] == [pattern for pattern, _ in ROWS]
    assert set(found.sums) == set(FILES)
    assert found.sums["xsa9-linux.patch"] == "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"
    assert (found.public, found.signed) == (True, b"")


def test_text_without_cve_and_version() -> None:
    found = read_advisory(advisory(9, cves=""))
    assert (found.number, found.version, found.cves, found.rows, found.sums) == (9, 1, (), (), {})
    assert found.public is False


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_signed_text_is_what_was_signed(ends: bytes) -> None:
    escaped = advisory(9, 2, ROWS, FILES).replace(b"\n- on", b"\n- - on")
    inner = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + escaped
    end = b"-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    forged = advisory(666, 9, files={"evil.patch": b""})
    for before, after in ((b"", b""), (b"Hello,\n\n", forged), (forged, b"")):
        found = read_advisory((before + inner + end + after).replace(b"\n", ends))
        assert (found.number, found.version, set(found.sums)) == (9, 2, set(FILES))
        assert "- on one side\n- on the other" in found.body
        assert found.signed == inner + end


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the text is not an advisory"),
        (b"> Xen Security Advisory CVE-2026-1 / XSA-9\n", "the text is not an advisory"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + advisory(9), "the text has several signed parts, or half of one"),
        (
            b"-----BEGIN PGP SIGNED MESSAGE-----\nComment: XSA-9\n\n\n" + EMPTY_SIGNATURE,
            "the signed part does not begin with the name of a hash",
        ),
        (
            b"-----BEGIN PGP SIGNED MESSAGE-----\n\nnothing\n" + EMPTY_SIGNATURE + advisory(9),
            "the title of the advisory is outside of the signed part",
        ),
        (advisory(9) + b"x" * (1 << 20), "the text is larger than 1 MB, too large for an advisory"),
    ],
)
def test_no_advisory(content: bytes, what: str) -> None:
    with pytest.raises(TextError) as error:
        read_advisory(content)
    assert error.value.what.startswith(what)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (None, (False, False)),
        ("", (False, False)),
        (PERMITTED, (True, True)),
        (NOT_PERMITTED, (False, False)),
        ("Deployment of the patch described above (or others) is permitted during the embargo.", (True, False)),
        (PERMITTED.replace("is permitted", "is NOT permitted"), (False, False)),
        ("Deployment of the patches (but not mitigations) described above is permitted.", (True, False)),
        (PERMITTED + "\nHOWEVER, deployment of the mitigation is NOT permitted (except for members).", (True, False)),
        ("It was said that deployment is permitted by some.", (False, False)),
    ],
)
def test_deployment_is_not_permitted_unless_it_is(words: str | None, allowed: tuple[bool, bool]) -> None:
    found = read_advisory(advisory(9, deployment=words)).deployment
    assert (found.patches, found.mitigations) == allowed


def test_releases_in_the_place_of_patches() -> None:
    words = (
        "Therefore, we produce releases:\n\n  RELEASE-4.18.2\n  RELEASE-4.17.4\n\nNewer commits are needed:\n\n"
        f"stable-4.17\t{'a' * 40}\nstable-4.18\t{'b' * 40}\n"
    )
    found = read_advisory(advisory(456, resolution=words))
    assert found.releases == ("RELEASE-4.18.2", "RELEASE-4.17.4")
    assert found.commits == (("stable-4.17", "a" * 40), ("stable-4.18", "b" * 40))
    choice = choose(found, None, (), (4, 17), "xen")
    assert choice.found is Finding.NO_PATCHES
    assert choice.remark == "it has no patches; it names RELEASE-4.18.2, RELEASE-4.17.4 instead"


def test_file_listed_twice_with_different_sums_counts_for_nothing() -> None:
    text = advisory(9, files={"a.patch": b"1"}) + b"0" * 64 + b"  a.patch\n"
    assert read_advisory(text).sums == {"a.patch": ""}


# The table: what is for which branch


@pytest.mark.parametrize(
    ("words", "tree", "covered", "not_covered"),
    [
        ("xen-unstable, Xen 4.13.x ... 4.8.x", "xen", [UNSTABLE, (4, 13), (4, 10), (4, 8)], [(4, 14), (4, 7)]),
        ("xen-unstable - Xen 4.17", "xen", [UNSTABLE, (4, 22), (4, 17)], [(4, 16)]),
        ("Xen 4.20.x - Xen 4.18.x", "xen", [(4, 20), (4, 19), (4, 18)], [(4, 21), (4, 17)]),
        ("Xen 4.14 - 4.10", "xen", [(4, 14), (4, 10)], [(4, 15), (4, 9)]),
        ("xen-unstable - Xen 4.22.0", "xen", [UNSTABLE, (4, 22)], [(4, 21)]),
        ("Xen 4.6.x, 4.5.x", "xen", [(4, 6), (4, 5)], [(4, 7), (4, 4)]),
        ("Xen 4.11.x", "xen", [(4, 11)], [(4, 12), (4, 10)]),
        ("Xen unstable (SUPPORT.md update only)", "xen", [UNSTABLE], [(4, 22)]),
        ("Xen 4.14 [C xenstored]", "xen", [(4, 14)], [(4, 15)]),
        ("Xen 4.4 and later", "xen", [(4, 4), (4, 22)], [(4, 3)]),
        ("Linux", "linux", [], [(4, 17)]),
        ("Linux 5.9 - 5.19-rc", "linux", [(5, 9), (5, 19)], [(5, 8)]),
        ("qemu-xen master,4.8", "qemu-xen", [UNSTABLE, (4, 8)], [(4, 7)]),
        ("oxenstored master", "oxenstored", [UNSTABLE], [(4, 17)]),
        ("", "", [], [(4, 17)]),
    ],
)
def test_scopes(words: str, tree: str, covered: list[Version], not_covered: list[Version]) -> None:
    scope = read_scope(words)
    assert scope.tree == tree
    assert [scope.covers(version) for version in covered] == [True] * len(covered)
    assert [scope.covers(version) for version in not_covered] == [False] * len(not_covered)


@pytest.mark.parametrize(
    ("path", "number", "tree", "version", "group"),
    [
        ("xsa307.patch", 307, "", None, "xsa307"),
        ("xsa366-4.11.patch", 366, "", (4, 11), "xsa366-4.11"),
        ("xsa388-4.14-1.patch", 388, "", (4, 14), "xsa388-4.14"),
        ("xsa492/xsa492-4.17-00.patch", 492, "", (4, 17), "xsa492/xsa492-4.17"),
        ("xsa372-4.15/0001-xen-arm-Create.patch", 372, "", (4, 15), "xsa372-4.15"),
        ("xsa260-4.10/xsa260-1.patch", 260, "", (4, 10), "xsa260-4.10/xsa260"),
        ("xsa155-xen-0001-xen-Add.patch", 155, "", None, "xsa155-xen"),
        ("xsa466-linux-02.patch", 466, "linux", None, "xsa466-linux"),
        ("xsa209-qemut.patch", 209, "qemu", None, "xsa209-qemut"),
        ("0501-xsa488-4.20.patch", 488, "", (4, 20), "xsa488-4.20"),
        ("patch-xsa452-4.15-2.patch", 452, "", (4, 15), "patch-xsa452-4.15"),
        ("xsa50-4.1.2-prereq.patch", 50, "", (4, 1), "xsa50-4.1.2-prereq"),
        ("some.patch", None, "", None, "some"),
    ],
)
def test_names(path: str, number: int | None, tree: str, version: Version | None, group: str) -> None:
    assert read_name(path)[:5] == (path, number, tree, version, group)


@pytest.mark.parametrize(
    "ordered",
    [
        ["xsa9-00.patch", "xsa9-01.patch", "xsa9-02.patch"],
        ["xsa9-4.17-1.patch", "xsa9-4.17-2.patch", "xsa9-4.17-10.patch"],
        ["xsa9/0001-z.patch", "xsa9/0002-a.patch"],
    ],
)
def test_order_of_a_series(ordered: list[str]) -> None:
    assert in_order(reversed(ordered)) == ordered


# Which patches for which branch

TABLE = [("xsa9.patch", "xen-unstable - Xen 4.20.x"), ("xsa9-4.19-?.patch", "Xen 4.19.x - 4.17.x")]
NINE = ["xsa9.patch", "xsa9-4.19-2.patch", "xsa9-4.19-1.patch", "xsa9.meta"]


def chosen(
    version: Version, rows: list[tuple[str, str]] | None = None, paths: list[str] | None = None, tree: str = "xen"
) -> list[tuple[list[str], str]]:
    text = read_advisory(advisory(9, rows=TABLE if rows is None else rows))
    choice = choose(text, None, NINE if paths is None else paths, version, tree)
    return [(list(series.paths), series.basis.value) for series in choice.series]


def test_the_table_decides_and_not_the_name() -> None:
    old = ["xsa9-4.19-1.patch", "xsa9-4.19-2.patch"]
    assert chosen((4, 17)) == [(old, "table"), (["xsa9.patch"], "near")]
    assert chosen((4, 20)) == [(["xsa9.patch"], "table"), (old, "near")]
    assert chosen((4, 16)) == [(old, "near"), (["xsa9.patch"], "near")]


def test_branch_that_was_made_later_has_it() -> None:
    rows = [("xsa9.patch", "xen-unstable, Xen 4.8.x, 4.7.x")]
    text = read_advisory(advisory(9, rows=rows))
    assert choose(text, None, ["xsa9.patch"], (4, 17), "xen").found is Finding.NOT_NAMED
    assert choose(text, None, ["xsa9.patch"], (4, 7), "xen").found is Finding.SERIES


def test_two_rows_for_one_branch_go_together() -> None:
    rows = [("xsa9-c/*.patch", "Xen 4.14 [C xenstored]"), ("xsa9-o/*.patch", "Xen 4.14 [OCaml]")]
    assert chosen((4, 14), rows, ["xsa9-o/1.patch", "xsa9-c/1.patch"]) == [
        (["xsa9-c/1.patch", "xsa9-o/1.patch"], "table")
    ]


def test_files_without_their_folders() -> None:
    assert chosen((4, 17), [("xsa9/xsa9-4.17-*.patch", "Xen 4.17.x")], ["xsa9-4.17-00.patch"]) == [
        (["xsa9-4.17-00.patch"], "table")
    ]


def test_other_trees_and_missing_files() -> None:
    other = read_advisory(advisory(9, rows=[("xsa9-linux.patch", "Linux"), ("xsa9-qemuu.patch", "Xen unstable")]))
    choice = choose(other, None, [], (4, 17), "xen")
    assert (choice.found, choice.remark) == (Finding.OTHER_TREES, "its patches are for linux, qemu")
    choice = choose(read_advisory(advisory(9, rows=TABLE)), None, [], (4, 17), "xen")
    assert (choice.found, choice.remark) == (Finding.MISSING, "these files are not in the store: xsa9-4.19-?.patch")


def test_name_in_the_table_with_a_slip() -> None:
    """XSA-214's table named xsa124.patch."""
    assert chosen((4, 8), [("xsa124.patch", "xen-unstable, Xen 4.8.x")], ["xsa214.patch"]) == [
        (["xsa214.patch"], "name")
    ]


def test_without_a_text_names_are_tried_in_order() -> None:
    paths = ["xsa9-4.21.patch", "xsa9.patch", "xsa9-4.15.patch", "xsa9-4.18.patch", "xsa9-linux.patch"]
    choice = choose(None, None, paths, (4, 17), "xen")
    assert [series.paths[0] for series in choice.series] == [
        "xsa9-4.18.patch", "xsa9-4.21.patch", "xsa9.patch", "xsa9-4.15.patch",
    ]  # fmt: skip


def test_without_a_text_a_newer_branch_than_all_names_is_not_concerned() -> None:
    paths = ["xsa366-4.11.patch", "xsa366-4.8.patch"]
    assert choose(None, None, paths, (4, 11), "xen").found is Finding.SERIES
    choice = choose(None, None, paths, (4, 19), "xen")
    assert (choice.found, choice.remark) == (Finding.NOT_NAMED, "its patches are for 4.11 and older, by their names")
    assert choose(None, None, [*paths, "xsa366.patch"], (4, 19), "xen").found is Finding.SERIES
    assert choose(None, None, paths, None, "xen").found is Finding.SERIES


RECIPE = {
    "XSA": 307,
    "SupportedVersions": ["master", "4.13", "4.10"],
    "Trees": ["xen"],
    "Recipes": {
        "4.10": {"Recipes": {"xen": {"StableRef": "e" * 40, "Prereqs": [], "Patches": ["xsa307-4.10/*"]}}},
        "4.13": {"Recipes": {"xen": {"StableRef": "f" * 40, "Prereqs": [305, "XSA-306"], "Patches": ["xsa307.patch"]}}},
    },
}


def test_recipes() -> None:
    found = read_recipes(json.dumps(RECIPE).encode())
    assert found.number == 307
    recipe = found.recipe((4, 13), "xen")
    assert recipe is not None
    assert (recipe.stable_ref, recipe.prereqs, recipe.patches) == ("f" * 40, (305, 306), ("xsa307.patch",))
    paths = ["xsa307.patch", "xsa307-4.10/xsa307-2.patch", "xsa307-4.10/xsa307-1.patch"]
    first = choose(None, found, paths, (4, 10), "xen").series[0]
    assert (first.basis, first.stable_ref) == (Basis.RECIPE, "e" * 40)
    assert first.paths == ("xsa307-4.10/xsa307-1.patch", "xsa307-4.10/xsa307-2.patch")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["4.13", "xen", "XSA-3"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["XSA", "Recipes", "StableRef", "Prereqs", "Patches", "xsas", "xsa", "cve", "title", "4.13", "xen"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    content = json.dumps(value).encode()
    with suppress(MetadataError):
        assert read_recipes(content).number >= 0
    with suppress(MetadataError):
        assert all(one.number > 0 for one in read_list(content))


def test_list_with_missing_keys() -> None:
    entries = [
        {"xsa": "9", "title": "a", "cve": ["CVE-1"], "public_time": "2026-06-09 12:00"},
        {"xsa": 10},
        {"title": "no number"},
        {"xsa": 11, "title": None, "cve": "CVE-2", "public_time": "soon"},
        {"xsa": 9, "title": "again"},
        {"xsa": 12, "public_time": "2026-02-31 12:00"},
    ]
    found = read_list(json.dumps([{"xsas": entries}]).encode())
    assert [(one.number, one.title, one.cves) for one in found] == [
        (9, "a", ("CVE-1",)), (10, "", ()), (11, "", ()), (12, "", ()),
    ]  # fmt: skip
    assert [one.public for one in found] == [datetime(2026, 6, 9, 12, tzinfo=timezone.utc), None, None, None]


# Anything


@given(st.lists(st.tuples(st.integers(4, 4), st.integers(0, 30)), min_size=1, max_size=4), st.booleans())
def test_written_scopes_are_read(versions: list[tuple[int, int]], unstable: bool) -> None:
    """A list of versions covers just these, a range all between its ends."""
    shown = [f"Xen {a}.{b}.x" for a, b in versions]
    listed = read_scope(", ".join([*["xen-unstable"] * unstable, *shown]))
    span = read_scope(f"{shown[0]} - {shown[-1]}")
    low, high = sorted((versions[0], versions[-1]))
    for minor in range(31):
        assert listed.covers((4, minor)) == ((4, minor) in versions)
        assert span.covers((4, minor)) == (low <= (4, minor) <= high)
    assert listed.unstable == unstable


PIECES = st.sampled_from([
    "Xen Security Advisory ", "CVE-2026-1", " / XSA-9", "\n", "version 2\n", "RESOLUTION\n", "=====\n", "xsa9*.patch",
    "  xen-unstable - Xen 4.1", "0" * 64, "  x.patch", "-----BEGIN PGP SIGNED MESSAGE-----\n", "Hash: SHA256\n\n",
    "-----BEGIN PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----\n", "- ", "UPDATES IN VERSION 2\n",
    "\x1b[2J", "é", "\t",
])  # fmt: skip


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_text_is_known_by_its_title_however_its_lines_end(ends: bytes) -> None:
    """Found by bench/fuzz: with CR LF a text could be read, but was not taken for one."""
    text = advisory(9, 2).replace(b"\n", ends)
    assert is_advisory(text)
    assert read_advisory(b"\xef\xbb\xbf" + text.lstrip()).number == 9
    assert read_advisory(text).title == "things go wrong"


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    content = text.encode()
    try:
        found = read_advisory(content)
    except TextError:
        return
    assert is_advisory(content)
    assert found.number > 0


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_advisory(b"Xen Security Advisory XSA-9\n" + content)
    except TextError:
        return


@given(st.text(max_size=60))
def test_any_name_has_a_meaning(path: str) -> None:
    name = read_name(path)
    assert name.path == path
    read_scope(path)
    assert in_order([path, "xsa1.patch"]) is not None
