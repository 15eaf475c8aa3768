"""Where the files are that come with the package: hooks and manual pages.

In a checkout they are beside the package.  An installer puts them below ``share`` of the prefix that it has for the
package, which need not be Python's own: ``pip install --user`` and an RPM for another Python have one of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

#: The folder in which the package ``git_xsa`` is.
_HOME = Path(__file__).absolute().parent.parent


def places(in_checkout: str, in_share: str) -> Iterator[Path]:
    """Yield where a file may be, the best place first: ``in_checkout`` there, or ``in_share`` below a prefix."""
    yield _HOME / in_checkout
    for prefix in (*_HOME.parents[2:3], Path(sys.prefix)):  # <prefix>/lib/python3.x/site-packages
        yield prefix / "share" / in_share
