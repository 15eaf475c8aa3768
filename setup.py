"""Write the shells' completions while the package is built; all the rest stands in pyproject.toml.

They come from the commands' own parsers (git_xsa.completions), so what these import must be there: it is listed under
``build-system.requires``, which tests/test_lock.py watches.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
#: Where pyproject.toml's data-files look for them.
FOLDER = HERE / "build" / "completions"

sys.path.insert(0, str(HERE))

from git_xsa.completions import write  # noqa: E402 - the package is beside this file

shutil.rmtree(FOLDER, ignore_errors=True)
write(FOLDER)
setup()
