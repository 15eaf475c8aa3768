"""The graph of a repository's commits: their parents, and which of some special commits each of them has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from git_xsa.git.run import Git


class Graph:
    """Every commit that can be reached from some ends: object name -> parents, each commit after its parents."""

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        self.parents = parents

    def first_parents(self, end: str) -> list[str]:
        """Return the first-parent line to ``end``, the oldest commit first."""
        line = [end]
        while parents := self.parents[line[-1]]:
            line.append(parents[0])
        return line[::-1]


def read_graph(git: Git, ends: Iterable[str]) -> Graph:
    """Return the graph below the commits ``ends``."""
    given = "".join(f"{end}\n" for end in sorted(set(ends))).encode()
    output = git.call("rev-list", "--parents", "--topo-order", "--reverse", "--stdin", given=given).out
    found = {}
    for line in output.decode("ascii").splitlines():
        commit, *parents = line.split()
        found[commit] = tuple(parents)
    return Graph(found)


class Reach:
    """Which of the commits ``special`` each commit of ``graph`` is or has in its history."""

    def __init__(self, graph: Graph, special: Iterable[str]) -> None:
        self._bits = {commit: 1 << place for place, commit in enumerate(sorted(set(special)))}
        masks: dict[str, int] = {}
        for commit, parents in graph.parents.items():
            mask = self._bits.get(commit, 0)
            for parent in parents:
                mask |= masks[parent]
            masks[commit] = mask
        self._masks = masks

    def has(self, commit: str, one_of: Iterable[str]) -> bool:
        """Return whether ``commit`` is, or has in its history, one of the special commits ``one_of``."""
        mask = self._masks[commit]
        return any(mask & self._bits[one] for one in one_of)
