"""What holds before ``main`` can catch anything: modules are being loaded, and Ctrl-C ends the process without a word.

Import it first.  Python itself ends the process by the signal then, once this has been asked to show the traceback.
"""

from __future__ import annotations

import sys
from types import TracebackType


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _show
