"""kill -9 at a change to a file: nothing half written, nothing secret left readable, and the next run makes up for it.

``bench/kill`` does this for every command that writes.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from kill_scenes import SCENES, Scene, Theatre, case, killed_once

NAMES = ("import", "embargo add")


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.name in NAMES], ids=lambda scene: scene.name)
def test_the_next_run_makes_up_for_a_kill(scene: Scene, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    theatre = Theatre(tmp_path / "scene")
    try:
        killed_once(theatre, scene, *case(seed, scene, 0))
    finally:
        theatre.close()
