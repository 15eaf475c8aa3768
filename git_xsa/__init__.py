"""git-xsa: put Xen Security Advisory patches on a point release.

A suite of ``git xsa-*`` subcommands.  It exists because advisory patches are made for the tip of a stable branch
and distributions ship the last point release; it finds the smallest set of commits in between that a patch needs.

The rooms, and the one direction in which they import each other::

    cli -> ci -> publish -> report -> release -> export -> proof -> ask -> embargo -> advisory -> names -> git -> model

``docs/architecture.md`` has the drawing, and follows a request through them.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - said before a line is read that an older one does not understand
    sys.stderr.write("fatal: git-xsa needs Python 3.10 or later, and this is {}.{}\n".format(*sys.version_info))
    sys.stderr.write("hint: run its install.sh, or name another one: PYTHON=/path/to/python3.12\n")
    sys.exit(128)

__version__ = "1.0.0"
