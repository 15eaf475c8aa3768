"""A browser for pages: Chromium, driven by playwright, which refuses every request that leaves the folder.

Both are looked for where Debian and pip put them; a test that needs what is missing is skipped, visibly.  So are those
that need axe-core or html-validate of npm, which .ci/run installs into .node.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / ".node" / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


@contextmanager
def browser() -> Iterator[Any]:
    """Return a running browser; the test is skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
    if not CHROMIUM:
        pytest.skip("chromium is not installed (bash .ci/run installs it)")
    with api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()


class Window:
    """A page of ``folder`` in a window; ``said`` is what it complained of, ``refused`` what it asked others for."""

    def __init__(self, found: Any, folder: Path, scheme: str = "light", width: int = 1280) -> None:
        self._folder = folder.resolve()
        self.said: list[str] = []
        self.refused: list[str] = []
        self._context = found.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
        )
        self.page = self._context.new_page()
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.route("**/*", self._route)

    def _route(self, route: Any) -> None:
        if route.request.url.startswith(f"{self._folder.as_uri()}/"):
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def open(self, name: str) -> None:
        """Open a file of the folder, maybe at an anchor."""
        self.page.goto(f"{self._folder.as_uri()}/{name}")

    def close(self) -> None:
        """Close it; nothing must have been said or refused."""
        self._context.close()
        assert (self.said, self.refused) == ([], [])


def serious(page: Any) -> list[str]:
    """Return what axe-core finds of weight in a page."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (bash .ci/run installs it)")
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {preload: false})")  # else it asks for the stylesheet once more
    return [
        f"{one['impact']} {one['id']}: {node['html'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
        if one["impact"] in ("serious", "critical", "moderate")
    ]


def invalid(folder: Path) -> str:
    """Return what html-validate finds in the pages of ``folder``; empty: nothing."""
    program = MODULES / ".bin" / "html-validate"
    if not program.exists():
        pytest.skip("html-validate is not installed (bash .ci/run installs it)")
    rules = {"valid-id": ["error", {"relaxed": True}]}  # an anchor has the dots of its release
    settings = {"root": True, "extends": ["html-validate:recommended"], "rules": rules}
    (folder.parent / ".htmlvalidate.json").write_text(json.dumps(settings))
    files = sorted(map(str, folder.glob("*.html")))
    path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])  # where .ci/run puts a newer Node, too
    words, surroundings = [str(program), *files], os.environ | {"PATH": path}
    done = subprocess.run(words, cwd=folder.parent, env=surroundings, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""
