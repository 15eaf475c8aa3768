"""Each command that writes, and the judge of what kill -9 leaves and of what the next run makes of it.

A scene is a folder with a repository, a store and all that the command needs; it is made once and put back before each
kill.  The judge knows the state before and that after a run which nothing disturbed, not how files are written.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import site_of_tests
from advisory_texts import advisory
from killing import killed
from releases import upstream
from repositories import Place, fixed_before, git, numbered, story
from test_into_write import debian, spec

SECRET = b"hushed up"
FILES = {"xsa500/one.patch": 6, "xsa500/two.patch": 9}
#: What differs from run to run: instants, and how long something took.
_VARIES = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?|over since [^\n]*"
    rb"|\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}"
    rb'|(?:time|timestamp)="[^"]*"|"(?:seconds|time|took|finished|started|git)": [^,}\n]*|127\.0\.0\.1:\d+'
)
#: Random bytes, made once.
_KEY = "into.key"
#: A decision is written there before it holds, so that one cut short and taken again is there twice, as it happened.
_JOURNAL = "embargoes.journal"
#: Empty files with which the library filelock finds out, when it is loaded, what the file system can do.
_PROBE = re.compile(r"tmp/tmp[^/]*(?:/probe-(?:link|source))?$")
#: git's own folders are judged by git; a cache can be deleted at any time.
_GITS = ("objects", "logs", "index", "COMMIT_EDITMSG", "FETCH_HEAD", "ORIG_HEAD", "gc.log", "worktrees")


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Stage:
    """The folder of a scene, and the commands that run in it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._saved = top.with_name("saved")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_"))}
        folders = {"HOME": "home", "TMPDIR": "tmp", "XDG_RUNTIME_DIR": "run", "XDG_CACHE_HOME": "cache"}
        for folder in folders.values():
            (top / folder).mkdir(parents=True, mode=0o700)
        self.environment |= {name: str(top / folder) for name, folder in folders.items()}
        self.environment |= {
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        }
        self.environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        for who in ("AUTHOR", "COMMITTER"):
            self.environment |= {
                f"GIT_{who}_NAME": "J",
                f"GIT_{who}_EMAIL": "j@x.org",
                f"GIT_{who}_DATE": "1767323045 +0000",
            }
        (top / "home" / ".gitconfig").write_text(f"[xsa]\n\tstore = {top}/store\n[init]\n\tdefaultBranch = master\n")
        self.place = Place(top / "clone", {})

    def call(self, *words: str) -> Ended:
        """Run a command of git-xsa to its end."""
        program = (sys.executable, "-m", "git_xsa", *words)
        done = subprocess.run(
            program, cwd=self.place.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=600,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def do(self, *words: str, accept: Sequence[int] = (0,)) -> Ended:
        """Run a command that a scene begins with."""
        ended = self.call(*words)
        assert ended.status in accept, ended
        return ended

    def kill(self, words: Sequence[str], last: int = sys.maxsize, *, alone: bool = False) -> tuple[int, int]:
        program = (sys.executable, "-m", "git_xsa", *words)
        return killed(program, self.place.folder, self.environment, self.top, last, alone=alone)

    def save(self) -> None:
        shutil.copytree(self.top, self._saved, symlinks=True)

    def restore(self) -> None:
        shutil.rmtree(self.top)
        shutil.copytree(self._saved, self.top, symlinks=True)


@dataclass(frozen=True)
class Scene:
    """``begin`` makes what is there before; then ``words`` are run.

    ``again``: what goes on with it, if that is something else.
    """

    name: str
    words: tuple[str, ...]
    begin: Callable[[Stage], object] = id
    again: tuple[str, ...] = ()


# What is there before


def _story(stage: Stage) -> None:
    stage.place = story().write(stage.top / "clone")


def _source(stage: Stage, version: int = 1) -> None:
    """Make a folder with an advisory under embargo, whose patches say something that nobody else may read."""
    parts = {
        name: re.sub(rb"XSA-[24]", b"XSA-500: " + SECRET, stage.place.patch(number)) for name, number in FILES.items()
    }
    folder = stage.top / "in"
    (folder / "xsa500").mkdir(parents=True, exist_ok=True)
    text = advisory(500, version, rows=[("xsa500/*.patch", "xen-unstable")], files=parts, title=SECRET.decode())
    for name, content in {**parts, "advisory-500.txt": text}.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)


def _imported(stage: Stage) -> None:
    _source(stage)
    stage.do("import", str(stage.top / "in"))


def _version_2(stage: Stage) -> None:
    _imported(stage)
    _source(stage, 2)


def _embargoed(stage: Stage) -> None:
    _imported(stage)
    stage.do("embargo", "add", "500", "--until", "2099-12-28")


def _exported(stage: Stage) -> None:
    """Have an export of something else in the folder, with a file of the user's."""
    stage.do("export", "--onto", "RELEASE-1.0.1", "--xsa", "2", "--format", "quilt", "-o", "out")
    (stage.place.folder / "out" / "mine").write_text("mine\n")


def _package(made: Callable[[Place, Path], Path], stage: Stage) -> None:
    """Have a package with a patch that is merged upstream, for a release that two fixes are missing from."""
    shutil.rmtree(stage.place.folder)
    draft = fixed_before()
    draft.commit("fix\n\nThis is XSA-3.", {"a.c": numbered(30, {10: "fixed"})})
    draft.commit("other\n\nThis is XSA-4.", {"b.c": numbered(9, {5: "other"})})
    stage.place = draft.write(stage.top / "clone")
    made(stage.place, stage.top / "package")


def _shared(stage: Stage) -> None:
    """Have a store that is shared, to which somebody else has pushed, and an entry that is not pushed yet."""
    git(stage.top, "init", "--quiet", "--bare", "-b", "master", "shared.git")
    git(stage.top, "clone", "--quiet", "shared.git", "store")
    (stage.top / "store").chmod(0o700)
    stage.do("embargo", "add", "500", "--until", "2099-12-28")
    stage.do("embargo", "sync")
    git(stage.top, "clone", "--quiet", "shared.git", "other")
    (stage.top / "other").chmod(0o700)
    mine = (stage.top / "home" / ".gitconfig").read_text()
    (stage.top / "home" / ".gitconfig").write_text(mine.replace("/store", "/other"))
    stage.do("embargo", "add", "501", "--until", "2099-12-28")
    stage.do("embargo", "sync")
    (stage.top / "home" / ".gitconfig").write_text(mine)
    shutil.rmtree(stage.top / "other")
    stage.do("embargo", "add", "502", "--until", "2099-12-28")


def _program(stage: Stage) -> None:
    """Have git-xsa-hook on PATH."""
    program = stage.top / "bin" / "git-xsa-hook"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m git_xsa hook "$@"\n')
    program.chmod(0o755)
    stage.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"


def _hooks(stage: Stage) -> None:
    _program(stage)
    stage.do("hooks", "install", "--post-tag")


def _release(stage: Stage) -> None:
    """Have a release that is due, and a key that signs it."""
    shutil.rmtree(stage.place.folder)
    stage.place = Place(upstream(stage.top).folder, {})
    key = stage.top / "key"
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "good", "-f", str(key))
    subprocess.run(words, check=True, capture_output=True)
    (stage.top / "signers").write_text(f"j@x.org {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"), ("user.signingKey", f"{key}.pub"), ("user.name", "J"), ("user.email", "j@x.org"),
        ("gpg.ssh.allowedSignersFile", f"{stage.top}/signers"),
    ):  # fmt: skip
        stage.place.git("config", name, value)


def _cells(stage: Stage) -> None:
    for cell in ("good", "other"):
        stage.place.git("config", f"xsa.cell.{cell}.command", "test -e a.c")


def _results(stage: Stage) -> None:
    _cells(stage)
    results = stage.top / "results" / "RELEASE-1.0.1"
    results.mkdir(parents=True)
    words = ("--onto", "RELEASE-1.0.1", "--xsa", "4", "--json", "--junit")
    (results / "check.json").write_text(stage.do("check", *words, str(results / "check.xml")).out)
    (stage.top / "all.json").write_text("{}\n")


def _old_output(stage: Stage) -> None:
    """Have a file in the place of the one that is written."""
    for name in ("page.txt", "report.xml", "records.json"):
        (stage.top / name).write_text("from a run before\n")


def _conflict(stage: Stage) -> None:
    """Have a conflict resolved by hand, which is not taken over yet."""
    stage.do("resolve", "--onto", "own", "--xsa", "2", accept=(1,))
    [tree] = [path for path in stage.top.rglob("a.c") if b"<<<<<<<" in path.read_bytes()]
    tree.write_bytes(re.sub(rb"<{7} [^\n]*\n.*?={7}\n(.*?)>{7} [^\n]*\n", rb"\1", tree.read_bytes(), flags=re.DOTALL))


def _export(form: str) -> Scene:
    words = ("export", "--onto", "RELEASE-1.0.1", "--format", form)
    return Scene(f"export {form}", (*words, *(() if form == "branch" else ("-o", "out"))))


EXPORT = ("export", "--onto", "RELEASE-1.0.1")
FORMS = ("series", "mbox", "quilt", "guilt", "rpm", "debian", "alpine", "gentoo", "nix", "branch")
SCENES = (
    *(_export(form) for form in FORMS),
    Scene("export --force", (*EXPORT, "--format", "quilt", "-o", "out", "--force"), _exported),
    Scene("export of an embargo", (*EXPORT, "--xsa", "500", "-o", "out"), _embargoed),
    Scene("export --into a spec", ("export", "--into", "../package"), partial(_package, spec)),
    Scene("export --into debian", ("export", "--into", "../package"), partial(_package, debian)),
    Scene("import", ("import", "../in"), _source),
    Scene("import of version 2", ("import", "../in"), _version_2),
    Scene("fetch", ("fetch",)),
    Scene("embargo add", ("embargo", "add", "501", "--until", "2099-12-28"), _embargoed),
    Scene("embargo extend", ("embargo", "extend", "500", "--until", "2099-12-30"), _embargoed),
    Scene("embargo lift", ("embargo", "lift", "500", "--reason", "over"), _embargoed),
    Scene("embargo sync", ("embargo", "sync"), _shared),
    Scene("hooks install", ("hooks", "install", "--post-tag"), _program),
    Scene("hooks install --server", ("hooks", "install", "--server"), _program),
    Scene("hooks uninstall", ("hooks", "uninstall"), _hooks),
    Scene("post-tag", ("hook", "post-tag", "--wait", "--", "RELEASE-1.0.1"), _imported),
    Scene("release", ("release", "1.0.1"), _release, ("release", "--continue", "1.0.1")),
    Scene("resolve", ("resolve", "--onto", "own", "--xsa", "2")),
    Scene("resolve --continue", ("resolve", "--continue"), _conflict),
    Scene("resolve --abort", ("resolve", "--abort"), _conflict),
    Scene("report html", ("report", "--format", "html", "--onto", "RELEASE-1.0.1", "-o", "../site")),
    Scene("report text", ("report", "--onto", "RELEASE-1.0.1", "-o", "../page.txt"), _old_output),
    Scene("report openvex", ("report", "--format", "openvex", "--onto", "RELEASE-1.0.1", "--author", "J", "--namespace",
        "https://x.org/vex/1", "-o", "../records.json"), _old_output),
    Scene("report osv", ("report", "--format", "osv", "-o", "../osv")),
    Scene("check --junit", ("check", "--onto", "RELEASE-1.0.1", "--junit", "../report.xml"), _old_output),
    Scene("ci", ("ci", "--onto", "RELEASE-1.0.1", "--cell", "good", "-o", "../pipeline"), _cells),
    Scene("ci collect", ("ci", "collect", "../results", "-o", "../all.json", "--junit", "../report.xml"), _results),
    Scene("test", ("test", "--onto", "RELEASE-1.0.1", "--xsa", "4", "--cell", "good", "-o", "../proof"), _cells),
    Scene("demo", ("demo", "-q", "../demo")),
)  # fmt: skip


# The judge


def state(top: Path) -> dict[str, tuple[int, bytes]]:
    """Return all that a run may change: of each path below ``top`` its mode and content, without what varies."""
    found: dict[str, tuple[int, bytes]] = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if name.startswith("cache/") or _of_git(name) or _PROBE.match(name):
            continue
        kind = path.lstat().st_mode
        content = b""
        if stat.S_ISLNK(kind):
            content = os.readlink(path).encode()
        elif stat.S_ISREG(kind):
            content = b"" if path.name == _KEY else _VARIES.sub(b"<varies>", path.read_bytes())
            if path.name == _JOURNAL:
                content = b"".join(dict.fromkeys(content.splitlines(keepends=True)))
        found[name] = (kind, content)
    for repository in _repositories(top):
        told = git(repository, "for-each-ref", "--format=%(refname) %(tree) %(*tree) %(objecttype)")
        found[f"{repository.relative_to(top)}: references"] = (0, told.encode())
        found[f"{repository.relative_to(top)}: status"] = (0, _status(repository).encode())
    return found


def _of_git(name: str) -> bool:
    parts = name.split("/")
    at = next((number for number, part in enumerate(parts) if part.endswith(".git")), None)
    if at is None or at + 1 == len(parts):
        return False
    return parts[at + 1] in (*_GITS, "refs", "packed-refs") and not name.endswith(".lock")


def _repositories(top: Path) -> list[Path]:
    return sorted({path.parent.parent if path.parent.name == ".git" else path.parent for path in top.rglob("HEAD")
                   if (path.parent / "objects").is_dir()})  # fmt: skip


def _status(repository: Path) -> str:
    bare = git(repository, "rev-parse", "--is-bare-repository") == "true"
    return "" if bare else git(repository, "-c", "core.quotePath=false", "status", "--porcelain")


def _readable(top: Path) -> list[str]:
    """Return the files with embargoed text that others may read."""
    found = []
    for path in top.rglob("*"):
        if path.is_symlink() or not path.is_file() or not path.stat().st_mode & 0o004:
            continue
        above = [one for one in path.parents if one.is_relative_to(top)]
        if all(one.stat().st_mode & 0o001 for one in above) and SECRET in path.read_bytes():
            found.append(f"others may read {path.relative_to(top)}")
    return found


def _broken(top: Path) -> list[str]:
    """Return what git says of repositories that are not whole."""
    told = []
    for repository in _repositories(top):
        if (top / "store" / "resolve") in repository.parents:  # begun again by the next run, if it is not whole
            continue
        done = subprocess.run(
            ("git", "fsck", "--no-dangling", "--no-progress"),
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            told.append(f"git fsck: {done.stderr.splitlines()[:1]}")
    return told


def _halves(now: dict[str, tuple[int, bytes]], before: dict[str, tuple[int, bytes]],
            after: dict[str, tuple[int, bytes]]) -> list[str]:  # fmt: skip
    """Return the files that a user would take for whole, and that are neither the old nor the new ones."""
    told = []
    for name, (kind, content) in now.items():
        hidden = any(part.startswith(".") and part not in (".git", ".gitconfig") for part in name.split("/"))
        if hidden or not stat.S_ISREG(kind) or name.startswith(("tmp/", "run/")) or name.endswith(".lock"):
            continue
        whole = [one[name][1] for one in (before, after) if name in one]
        if content not in whole and not name.startswith("store/") and ".git/" not in name:
            told.append(f"{name} is neither the old nor the new one: {content[-60:]!r}")
    return told


def _differences(now: dict[str, tuple[int, bytes]], wanted: dict[str, tuple[int, bytes]]) -> list[str]:
    return [
        f"{name}: {'missing' if name not in now else 'left over' if name not in wanted else 'other contents or mode'}"
        for name in sorted(now.keys() | wanted.keys())
        if now.get(name) != wanted.get(name)
    ]


@dataclass
class Control:
    """What runs without a kill make of a scene: one, and another one after it."""

    changes: int
    before: dict[str, tuple[int, bytes]]
    after: list[dict[str, tuple[int, bytes]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


class Theatre:
    """Plays scenes in a scratch folder; keeps one at a time."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._playing: tuple[Scene, Stage, Control] | None = None
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def play(self, scene: Scene) -> tuple[Stage, Control]:
        """Return the stage of ``scene``, as it is in the beginning, and what it becomes undisturbed."""
        if self._playing is None or self._playing[0] is not scene:
            self.close()
            stage = Stage(self._scratch / "top")
            _story(stage)
            if scene.name == "fetch":
                self._serve(stage)
            scene.begin(stage)
            stage.save()
            control = Control(stage.kill(scene.words)[1], {})
            stage.restore()
            control.before = state(stage.top)
            for _ in range(2):
                control.statuses.append(stage.call(*scene.words).status)
                control.after.append(state(stage.top))
            self._playing = scene, stage, control
        _, stage, control = self._playing
        stage.restore()
        return stage, control

    def _serve(self, stage: Stage) -> None:
        site = self._open.enter_context(site_of_tests.running())
        site.offer(1, 2)
        for number in (1, 2):
            name, patch = f"xsa{number}.patch", stage.place.patch(6)
            text = advisory(number, 1, [(name, "xen-unstable")], {name: patch}, public=True)
            site.put(f"advisory-{number}.txt", text)
            site.put(name, patch)
        stage.place.git("config", "xsa.url", site.url)


def killed_once(theatre: Theatre, scene: Scene, last: Callable[[int], int], alone: bool) -> Counter[str]:
    """Play ``scene`` with a kill at the change ``last(of so many)``; return what came of it.

    ``AssertionError`` with all that is wrong.
    """
    stage, control = theatre.play(scene)
    moment = last(control.changes)
    status, made = stage.kill(scene.words, moment, alone=alone)
    where = f"{scene.name}, {'one process' if alone else 'all'} killed at change {moment} of {control.changes}"
    if made < moment:
        return Counter({"ended before": 1})
    now = state(stage.top)
    wrong = [*_readable(stage.top), *_broken(stage.top), *_halves(now, control.before, control.after[0])]
    counts = Counter({"kills": 1, f"{scene.name}": 1})
    ended = stage.call(*scene.words)
    while ended.status == 128 and (lock := _git_s_own_lock(stage.top, ended.err)) is not None:
        counts["locks of a killed git, which the next run names"] += 1
        lock.unlink()
        ended = stage.call(*scene.words)
    if scene.again and ended.status != control.statuses[0]:
        counts["said how to go on"] += scene.again[1] in ended.err
        ended = stage.call(*scene.again)
    if any((stage.top / "run").iterdir()):  # what ends before it needs a scratch folder sweeps none
        stage.call("prereqs", "--onto", "RELEASE-1.0.1", "--xsa", "4")
    wrong += _readable(stage.top) + _broken(stage.top)
    if ended.status not in control.statuses and "--continue" not in ended.err:
        wrong.append(f"the next run ends with {ended.status}, not {control.statuses}: {ended.err.strip()[-300:]}")
    left = state(stage.top)
    differ = min((_differences(left, one) for one in control.after), key=len)
    wrong += differ[:6]
    assert not wrong, f"{where} (it ended with {status}): " + "; ".join(wrong)
    return counts


def _git_s_own_lock(top: Path, told: str) -> Path | None:
    """Return the lock of a git that was killed, if the hint names it with how to remove it."""
    found = re.search(
        r"hint: if no(?: other git|ne) is running[^\n]*?rm (?:\"[^\n]*--git-path )?([^\s,)\"]+\.lock)", told
    )
    if found is None:
        return None
    path = Path(found[1])
    path = path if path.is_absolute() else top / "clone" / ".git" / path
    return path if path.is_file() and path.is_relative_to(top) else None


def case(seed: int, scene: Scene, number: int) -> tuple[Callable[[int], int], bool]:
    """Return at which of so many changes the kill comes, and whether it hits one process alone."""
    dice = random.Random(f"{seed} {scene.name} {number}")
    alone = dice.random() < 0.3
    return lambda count: dice.randint(1, max(count, 1)), alone
