"""A demonstration: a miniature of xen.git, and the main job run on it, with the story told around it.

It exists for people who have never seen git-xsa: ``python3 -m git_xsa.demo [FOLDER]`` needs no clone of xen.git, no
network and no set-up.  The repository is a fixture for tests as well.

The modules, in reading order: ``sources`` and ``tree`` (the files), ``changes`` (what the commits do), ``history``
(which commit comes where), ``stream`` (writing it all), ``story`` (what is run and said) and ``__main__``.
"""

from git_xsa.demo.stream import write

__all__ = ["write"]
