"""git-xsa: put Xen Security Advisory patches on a point release.

A suite of ``git xsa-*`` subcommands.  It exists because advisory patches are made for the tip of a stable branch
and distributions ship the last point release; it finds the smallest set of commits in between that a patch needs.

The rooms, and the one direction in which they import each other::

    cli -> report -> release -> export -> proof -> ask -> embargo -> advisory -> names -> git -> model

``docs/architecture.md`` has the drawing, and follows a request through them.
"""

__version__ = "0.1.0"
