"""git-xsa: put Xen Security Advisory patches on a point release.

A suite of ``git xsa-*`` subcommands.  It exists because advisory patches are made for the tip of a stable branch
and distributions ship the last point release; it finds the smallest set of commits in between that a patch needs.

The rooms, and the one direction in which they import each other::

    commands -> report, queue, advisories -> git -> model
"""

__version__ = "0.1.0"
