"""Cells: the ways to build a tree, each an architecture, a configuration and a compiler.

The built-in ones are for Xen and build the hypervisor as its own CI does (``automation/scripts/build``): the
architecture's default configuration, then some lines, then what depends on these.  ``xsa.cell.<name>.*`` changes them
or adds others; nothing of a cell ever comes from the tree.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from git_xsa.git.config import how_to_change, how_to_set
from git_xsa.proof import problems, remarks
from git_xsa.wording import NOTHING, Remark

#: Architecture -> what its compiler's programs begin with on another one, and Debian's package of it.
CROSS = {
    "x86_64": ("x86_64-linux-gnu-", "gcc-x86-64-linux-gnu"),
    "arm64": ("aarch64-linux-gnu-", "gcc-aarch64-linux-gnu"),
    "arm32": ("arm-linux-gnueabihf-", "gcc-arm-linux-gnueabihf"),
}
#: What ``uname -m`` calls an architecture -> what Xen calls it.
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "armv7l": "arm32"}
#: What a cell can be booted with: a test of XTF as the first domain, a small guest of our own, nothing.
PAYLOADS = ("xtf", "guest", "none")
#: Program -> Debian's package, of those that Xen's build needs.
_TOOLS = {"make": "make", "bison": "bison", "flex": "flex", "python3": "python3"}
#: Where headers are, for what needs a library.
_INCLUDE = Path("/usr/include")
#: Links to ccache by the names of compilers.
_CCACHE = "/usr/lib/ccache"
#: The tools as a package builds them: all that would be fetched, or is written in something else, is left out.
_CONFIGURE = (
    "--disable-docs", "--disable-stubdom", "--disable-xen", "--disable-ovmf", "--disable-rombios", "--disable-ipxe",
    "--disable-pvshim", "--disable-pygrub", "--disable-ocamltools", "--disable-qemu-traditional",
    "--with-system-qemu=/bin/false", "--with-system-seabios=/bin/false",
)  # fmt: skip
#: Program or header -> Debian's package, of what the tools need besides.
_LIBRARIES = {
    "iasl": "acpica-tools", "pkg-config": "pkg-config", "python3-config": "python3-dev", "uuid/uuid.h": "uuid-dev",
    "yajl/yajl_parse.h": "libyajl-dev", "curses.h": "libncurses-dev", "zlib.h": "zlib1g-dev",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+=-]{0,59}")
_KEYS = ("architecture", "crossprefix", "config", "command", "image", "payload")
ALL = "all"
DEFAULT = ("x86_64",)
#: ``randconfig=<seed>`` at the end of a cell's name.
_RANDOM = re.compile(r"(?P<architecture>\w+)-randconfig=(?P<seed>[0-9]{1,9})")


@dataclass(frozen=True)
class Cell:
    """A way to build a tree.

    ``command`` runs in it, in a shell.  ``image`` is what can be booted then and ``config`` the configuration that was
    used, paths in the tree; ``payload`` is what the image is booted with, and ``unbootable`` says why it can't be.
    ``needs`` are programs and headers, each with Debian's package of it.
    """

    name: str
    architecture: str
    compiler: str
    command: str
    image: str = "xen/xen"
    config: str = "xen/.config"
    payload: str = "none"
    unbootable: Remark = NOTHING
    needs: tuple[tuple[str, str], ...] = ()

    @property
    def lacking(self) -> Remark:
        """What is missing here for it, in words; empty: nothing."""
        missing = [package for thing, package in self.needs if not _is_there(thing)]
        return remarks.needs_packages(missing) if missing else NOTHING


def _is_there(thing: str) -> bool:
    """Whether the program or the header ``thing`` is on this machine."""
    if thing.endswith(".h"):
        return any(Path(folder, thing).is_file() for folder in (_INCLUDE, *_INCLUDE.glob("*-linux-gnu*")))
    return shutil.which(thing) is not None


@dataclass(frozen=True)
class _Form:
    """How a built-in cell is configured: the target of the default configuration, the lines added to that, what it is
    booted with, and why it can't be."""

    target: str = "defconfig"
    lines: tuple[str, ...] = ()
    payload: str = "none"
    unbootable: Remark = NOTHING


#: Releases build without the developers' checks by default: x86_64 has them, as half of the jobs of Xen's own CI do.
_X86: Mapping[str, _Form] = {
    "x86_64": _Form(lines=("CONFIG_DEBUG=y",), payload="xtf"),
    "x86_64-release": _Form(lines=("CONFIG_DEBUG=n",), payload="xtf"),
    "x86_64-pv32": _Form(lines=("CONFIG_DEBUG=y", "CONFIG_PV32=y"), payload="xtf"),
    "x86_64-pvshim": _Form("KBUILD_DEFCONFIG=pvshim_defconfig defconfig", unbootable=remarks.shim_boots_under_xen()),
    "x86_64-xsm": _Form(lines=("CONFIG_EXPERT=y", "CONFIG_XSM=y"), payload="xtf"),
}
_ARM = {"arm64": _Form(payload="guest"), "arm32": _Form(unbootable=remarks.no_board("arm32"))}
_TOOLS_CELL = "tools"
_BUILT_IN = {**_X86, **_ARM, _TOOLS_CELL: _Form(unbootable=remarks.tools_do_not_boot())}
#: Where Xen's configuration is made, beside ``xen/.config``.
_NEW_CONFIG = ".config.new"
_RANDOM_TARGET = "KCONFIG_ALLCONFIG=tools/kconfig/allrandom.config KCONFIG_SEED={seed} randconfig"


def names() -> list[str]:
    """Return the names of the built-in cells, with ``<seed>`` in the place of a number."""
    return [*_X86, "x86_64-randconfig=<seed>", *_ARM, _TOOLS_CELL]


def find_cells(wanted: Sequence[str], settings: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Cell]:
    """Return the cells that are ``wanted`` by name, each once; ``all`` stands for every one that has no seed.

    ``settings`` has what ``xsa.cell.<name>.<key>`` say, by name and key.  ``UsageError`` for a cell that nothing knows,
    ``XsaError`` for settings without a meaning.
    """
    known = list(dict.fromkeys([*_BUILT_IN, *settings]))
    found = [name for word in wanted for name in (known if word == ALL else [word])]
    return [_cell(name, settings) for name in dict.fromkeys(found)]


def _cell(name: str, settings: Mapping[str, Mapping[str, Sequence[str]]]) -> Cell:
    own = settings.get(name, {})
    random = _RANDOM.fullmatch(name)
    if name in _BUILT_IN:
        architecture = name.partition("-")[0] if name != _TOOLS_CELL else _MACHINES.get(os.uname().machine, "x86_64")
        form = _BUILT_IN[name]
    elif random is not None and random["architecture"] in CROSS:
        architecture = random["architecture"]
        form = _Form(_RANDOM_TARGET.format(seed=random["seed"]), unbootable=remarks.random_may_not_boot())
    elif own:
        architecture, form = "x86_64", _Form()
    else:
        raise problems.no_such_cell(name, [*names(), *settings])
    _check(name, own)
    architecture = _last(own, "architecture") or architecture
    prefix = _last(own, "crossprefix") or _prefix(architecture)
    form = replace(form, lines=(*form.lines, *own.get("config", ())), payload=_last(own, "payload") or form.payload)
    command = _last(own, "command")
    needs = [(f"{prefix}gcc", CROSS[architecture][1] if prefix else "gcc"), *_TOOLS.items()]
    made, more = (_tools(), _LIBRARIES) if name == _TOOLS_CELL else (_xen(architecture, prefix, form), {})
    return Cell(
        name,
        architecture,
        f"{prefix}gcc",
        command or made,
        _last(own, "image") or Cell.image,
        payload=form.payload,
        unbootable=form.unbootable if not _last(own, "payload") else NOTHING,
        needs=() if command else (*needs, *more.items()),
    )


def _check(name: str, own: Mapping[str, Sequence[str]]) -> None:
    """Raise ``XsaError`` for a setting of the cell ``name`` that has no meaning."""

    def removal(key: str) -> Remark:
        return how_to_change(f"--unset-all xsa.cell.{name}.{key}", own[key])

    if own and not _NAME.fullmatch(name):
        change = f"--rename-section {shlex.quote(f'xsa.cell.{name}')} xsa.cell.<name>"
        raise problems.bad_cell_name(name, how_to_change(change, next(iter(own.values()))))
    if unknown := sorted(own.keys() - set(_KEYS)):
        raise problems.unknown_cell_key(name, unknown[0], _KEYS, removal(unknown[0]))

    def hint(key: str, example: str, wrong: str | None = None) -> Remark:
        return how_to_set(f"xsa.cell.{name}.{key}", example, own[key], wrong)

    if (_last(own, "architecture") or "x86_64") not in CROSS:
        raise problems.bad_cell_choice(name, "architecture", tuple(CROSS), hint("architecture", "x86_64"))
    if (_last(own, "payload") or "none") not in PAYLOADS:
        raise problems.bad_cell_choice(name, "payload", PAYLOADS, hint("payload", "none"))
    image = _last(own, "image")
    if image.startswith("/") or ".." in image.split("/"):
        raise problems.bad_cell_image(name, hint("image", "xen/xen"))
    if name == _TOOLS_CELL and own.get("config"):
        raise problems.tools_have_no_configuration(name, removal("config"))
    if wrong := [line for line in own.get("config", ()) if not re.fullmatch(r"CONFIG_\w+=\S+", line)]:
        raise problems.bad_cell_line(name, hint("config", "CONFIG_DEBUG=y", wrong[0]))


def _last(own: Mapping[str, Sequence[str]], key: str) -> str:
    return (own.get(key) or ("",))[-1].strip()


def _prefix(architecture: str) -> str:
    """Return what the programs of a compiler for ``architecture`` begin with here."""
    return "" if _MACHINES.get(os.uname().machine) == architecture else CROSS[architecture][0]


def _tools() -> str:
    """Return the command that builds Xen's tools, for this machine.

    Their makefiles take no compiler of two words, so ccache stands in for it by Debian's folder of links, if that is
    there.  Their test programs are not built: the instruction emulator's alone are as long as all the rest.
    """
    ccache = f'CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 PATH="{_CCACHE}:$PATH" '
    return f"./configure {' '.join(_CONFIGURE)} && {ccache}make CONFIG_TESTS=n build-tools"


def _xen(architecture: str, prefix: str, form: _Form) -> str:
    """Return the command that builds Xen's hypervisor.

    The configuration is made beside the one that is in use, which stays as it is if they are the same: every object
    depends on it, so a new one, even of the same contents, has all of them compiled.
    """
    words = [f"XEN_TARGET_ARCH={architecture}", *([f"CROSS_COMPILE={prefix}"] if prefix else [])]
    before = ""
    compiler = f"{prefix}gcc"
    if shutil.which("ccache"):  # what it has compiled in another folder counts, too
        before, compiler = 'CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 ', f"ccache {compiler}"
    make = f"make -C xen {' '.join(words)} CC={shlex.quote(compiler)}"
    configure, new = f"{make} KCONFIG_CONFIG={_NEW_CONFIG}", f"xen/{_NEW_CONFIG}"
    steps = [f"{configure} {form.target}"]
    if form.lines:
        steps += [f"printf '%s\\n' {' '.join(map(shlex.quote, form.lines))} >> {new}", f"{configure} olddefconfig"]
    used = f"{{ cmp -s {new} {Cell.config} || cp {new} {Cell.config}; }}"
    return " && ".join([*steps, used, f"{before}{make}"])
