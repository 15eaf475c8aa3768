"""What downstreams do with an exported queue, done with their own programs: each function applies one format to a tree.

Used by the tests and by ``bench/export``.  A tree is a folder with files of the base; afterwards it holds what the
program made of them and nothing else (``read`` leaves out git's own folder).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

Tree = dict[str, tuple[str, bytes]]
PLAIN = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@localhost",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@localhost", "DEBFULLNAME": "a", "DEBEMAIL": "a@localhost",
    "QUILT_PATCHES": "patches", "NIX_REMOTE": "", "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
}  # fmt: skip


class Failure(Exception):
    """A program did not take what was exported."""


def do(words: list[str], folder: Path, more: Mapping[str, str] | None = None) -> bytes:
    """Run a program and return its output; ``Failure`` with its last words if it fails."""
    done = subprocess.run(
        words, cwd=folder, capture_output=True, env={**PLAIN, **(more or {})}, check=False, timeout=600
    )
    if done.returncode:
        raise Failure(f"{words[0]}: {(done.stdout + done.stderr).decode(errors='replace').strip()[-300:]}")
    return done.stdout + (done.stderr if words[:2] == ["git", "apply"] else b"")


def repository(tree: Path) -> None:
    """Make ``tree`` a git repository with one commit."""
    do(["git", "init", "-q", "-b", "main"], tree)
    do(["git", "config", "core.autocrlf", "false"], tree)
    do(["git", "add", "-A", "-f"], tree)
    do(["git", "commit", "-q", "--allow-empty", "-m", "base"], tree)


def names(series: Path) -> list[str]:
    """Return the names in a series file."""
    return [line.split("#")[0].strip() for line in series.read_text().splitlines() if line.split("#")[0].strip()]


def by_series(made: Path, tree: Path) -> None:
    do(["git", "init", "-q"], tree)
    for name in names(made / "series"):
        exact(name, do(["git", "apply", "-v", str(made / name)], tree))


def by_patch(made: Path, tree: Path) -> None:
    for name in names(made / "series"):
        words = ["patch", "-p1", "-F0", "--verbose", "-f", "--no-backup-if-mismatch", "-i", str(made / name)]
        exact(name, do(words, tree))


def exact(name: str, told: bytes) -> None:
    """Raise ``Failure`` if a patch that was made anew is off its line."""
    if name.endswith(".refreshed.patch") and (b"(offset" in told or b"with fuzz" in told):
        raise Failure(f"{name} is off its line: {told.decode(errors='replace')[-200:]}")


def by_mbox(made: Path, tree: Path) -> None:
    repository(tree)
    do(["git", "am", "-q", str(made / "xsa.mbox")], tree)


def by_quilt(made: Path, tree: Path) -> None:
    shutil.copytree(made / "patches", tree / "patches")
    do(["quilt", "--quiltrc=-", "push", "-a", "--fuzz=0", "-q"], tree)
    shutil.rmtree(tree / "patches")
    shutil.rmtree(tree / ".pc")


def by_guilt(made: Path, tree: Path) -> None:
    repository(tree)
    do(["guilt", "init"], tree)
    queue = tree / ".git" / "patches" / "main"
    shutil.copytree(made, queue, dirs_exist_ok=True)
    do(["guilt", "push", "-a"], tree)
    wanted = len(names(made / "series"))
    if len((queue / "status").read_text().splitlines()) != wanted:
        raise Failure("guilt: not everything was pushed")


SPEC = """Name: xen
Version: 1
Release: 1
Summary: x
License: x
Source0: xen-1.tar
%include {block}
%description
x
%prep
%autosetup -p1
"""


def by_rpm(made: Path, tree: Path) -> None:
    top = tree.parent / "rpm"
    for name in ("SOURCES", "SPECS", "BUILD"):
        (top / name).mkdir(parents=True)
    do(["tar", "-cf", str(top / "SOURCES" / "xen-1.tar"), "--transform", "s,^./,xen-1/,", "."], tree)
    shutil.copytree(made, top / "SOURCES", dirs_exist_ok=True)
    (top / "SPECS" / "xen.spec").write_text(SPEC.format(block=top / "SOURCES" / "xsa-patches.inc"))
    words = ["rpmbuild", "-bp", "--nodeps", "--define", f"_topdir {top}", "--define", "_default_patch_fuzz 0"]
    do([*words, str(top / "SPECS" / "xen.spec")], tree)
    shutil.rmtree(tree)
    shutil.move(top / "BUILD" / "xen-1", tree)


def by_debian(made: Path, tree: Path) -> None:
    work = tree.parent / "debian"
    source = work / "xen-1"
    source.mkdir(parents=True)
    do(["tar", "-cf", str(work / "xen_1.orig.tar"), "--transform", "s,^./,xen-1/,", "."], tree)
    do(["gzip", "-1n", "xen_1.orig.tar"], work)
    shutil.copytree(tree, source, dirs_exist_ok=True, symlinks=True)
    shutil.copytree(made / "debian", source / "debian", dirs_exist_ok=True)
    stanza = (source / "debian" / "changelog.xsa").read_text()
    lines = stanza.splitlines()
    (source / "debian" / "changelog").write_text("\n".join(["xen (1-1) UNRELEASED; urgency=high", *lines[1:]]) + "\n")
    shown = do(["dpkg-parsechangelog", "-l", "debian/changelog"], source)
    if b"Changes:" not in shown:
        raise Failure("dpkg-parsechangelog: no changes")
    (source / "debian" / "changelog.xsa").unlink()
    (source / "debian" / "source").mkdir()
    (source / "debian" / "source" / "format").write_text("3.0 (quilt)\n")
    (source / "debian" / "control").write_text(
        "Source: xen\nMaintainer: a <a@localhost>\n\nPackage: xen\nArchitecture: all\nDescription: x\n"
    )
    do(["dpkg-source", "--before-build", "."], source)
    do(["dpkg-source", "-b", "."], source)
    shutil.rmtree(source)
    do(["dpkg-source", "-x", "xen_1-1.dsc"], work)
    shutil.rmtree(source / "debian")
    shutil.rmtree(source / ".pc", ignore_errors=True)
    shutil.rmtree(tree)
    shutil.move(source, tree)


ABUILD = r"""
set -eu
source= sha512sums=
. "$1/APKBUILD.xsa"
cd "$1"
printf '%s\n' "$sha512sums" | sed '/^$/d' | sha512sum -c --quiet -
for name in $source; do
    (cd "$2" && patch -s -N -p1 -i "$1/$name") || exit 1
done
"""


def by_alpine(made: Path, tree: Path) -> None:
    do(["dash" if shutil.which("dash") else "sh", "-c", ABUILD, "abuild", str(made), str(tree)], tree)
    for left in tree.rglob("*.orig"):  # patch keeps the old file where a hunk was off its line
        left.unlink()


def by_nix(made: Path, tree: Path) -> None:
    store = tree.parent / "nix"
    nix = {"NIX_STORE_DIR": f"{store}/store", "NIX_STATE_DIR": f"{store}/var", "NIX_LOG_DIR": f"{store}/log",
           "NIX_CONF_DIR": f"{store}/etc", "XDG_CACHE_HOME": f"{store}/cache", "HOME": str(store)}  # fmt: skip
    words = ["nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode", str(made / "patches.nix")]
    paths = json.loads(do(words, tree, nix))
    if len(paths) != len(json.loads((made / "xsa-queue.json").read_text())["queue"]):
        raise Failure("nix-instantiate: not all patches are in the list")
    for path in paths:
        do(["patch", "-p1", "-s", "-f", "--no-backup-if-mismatch", "-i", path], tree)


EBUILD = r"""
set -eu
cd "$2/../gentoo"
for name in "$1"/xen-security-patches-*.tar; do tar -xf "$name"; done
for name in patches-security/*.conf; do . "./$name"; done
for name in $XEN_SECURITY_MAIN; do
    (cd "$2" && patch -p1 -f -g0 -s --no-backup-if-mismatch -i "$2/../gentoo/patches-security/xen/$name") || exit 1
done
"""


def by_gentoo(made: Path, tree: Path) -> None:
    (tree.parent / "gentoo").mkdir()
    do(["sh", "-c", EBUILD, "ebuild", str(made), str(tree)], tree)


#: Format -> the program that has to be there, and what applies it.
APPLY: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "series": ("git", by_series),
    "patch": ("patch", by_patch),
    "mbox": ("git", by_mbox),
    "quilt": ("quilt", by_quilt),
    "guilt": ("guilt", by_guilt),
    "rpm": ("rpmbuild", by_rpm),
    "debian": ("dpkg-source", by_debian),
    "alpine": ("patch", by_alpine),
    "nix": ("nix-instantiate", by_nix),
    "gentoo": ("patch", by_gentoo),
}


def read(tree: Path) -> Tree:
    """Return the files below ``tree``: kind and contents."""
    found = {}
    for path in tree.rglob("*"):
        name = str(path.relative_to(tree))
        if name.startswith(".git/") or name == ".git" or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            found[name] = ("link", os.readlink(path).encode())
        else:
            found[name] = ("executable" if os.access(path, os.X_OK) else "file", path.read_bytes())
    return found
