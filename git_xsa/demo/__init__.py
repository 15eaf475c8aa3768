r"""A demonstration: a miniature of xen.git, and the main job run on it, with the story told around it.

It is for people who have never seen git-xsa: ``git xsa-demo [<folder>]`` needs no clone of xen.git, no network
and no set-up.  The repository is a fixture for tests, too::

    master       o---o---o---o---o---o---o---o---o---o---o---...
                  \                       \
    stable-4.21    \                       4.21.0---o---o---o---...
                    \
    stable-4.20      4.20.0---o---o---4.20.1---o---o---o---...

``history.fast-import`` holds it as text.  Every advisory in it is invented, and so is everybody who is named:

* XSA-9001 applies to RELEASE-4.20.1 as it is.
* XSA-9002 needs two commits: one for a context line, and one that wrote a line which the first replaces.  Where
  several grants can be unmapped in one call (4.21), it has a second patch.
* XSA-9003 lands in the wrong function unless the commit comes first that moved the right one.
* XSA-9004 applies, but uses a name that another commit introduces in another file.
"""

from git_xsa.demo.write import write

__all__ = ["write"]
