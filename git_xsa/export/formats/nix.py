"""A list of patches for nixpkgs, each with its hash in SRI form: ``patches = import ./xsa/patches.nix;``.

Evaluation fails when a file is not the one that was exported.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from git_xsa.export.prepared import Item, Queue, Style, patch_files
from git_xsa.export.readme import what_it_is

FOLDER = ""
LIST = "patches.nix"


def files(queue: Queue, _style: Style, found: list[Item]) -> dict[str, bytes]:
    """Return the patches and the list."""
    lines = [f"# Security patches for {queue.base}, in the order in which they apply", "map"]
    lines += [
        "  (",
        "    patch:",
        "    builtins.path {",
        "      inherit (patch) name;",
        '      path = ./. + "/${patch.name}";',
        "      recursive = false;",
        "      sha256 = patch.hash;",
        "    }",
        "  )",
        "  [",
    ]
    for item in found:
        digest = b64encode(sha256(item.patch.content).digest()).decode()
        lines += [f"    # {what_it_is(item.patch, queue)}", "    {", f'      name = "{item.name}";']
        lines += [f'      hash = "sha256-{digest}";', "    }"]
    return {**patch_files(found), LIST: ("\n".join([*lines, "  ]"]) + "\n").encode()}
