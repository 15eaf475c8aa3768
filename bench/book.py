"""The book of long runs: one JSON object a line for each piece of a run, so that pieces resume and add up."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Piece:
    """The cases ``first`` to ``last`` (left out) of one kind and seed: the CPU seconds that they took, what they
    counted, and each fault found, as a line that says how to repeat it."""

    kind: str
    seed: int
    first: int
    last: int
    seconds: float
    code: str
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def code() -> str:
    """Return the commit that is checked out here, with a plus sign where files differ from it; "?" outside of git."""
    words = ("git", "-C", str(HERE), "describe", "--always", "--exclude=*", "--dirty=+")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


class Book:
    """What has been run, in a file that several runs may write to at once; without a file, nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def pieces(self) -> Iterator[Piece]:
        """Yield every piece; a last line that a killed run cut off is passed over, and its cases are run again."""
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                yield Piece(**json.loads(line))

    def done(self, kind: str, seed: int) -> int:
        """Return the number of the first case that has not been run."""
        return max((piece.last for piece in self.pieces() if (piece.kind, piece.seed) == (kind, seed)), default=0)

    def add(self, piece: Piece) -> None:
        """Write ``piece`` at the end, on a line of its own even behind one that was cut off."""
        if self._path is None:
            return
        with self._path.open("a+b") as file:
            file.seek(0, 2)
            if file.tell():
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(asdict(piece)).encode() + b"\n")

    def table(self) -> str:
        """Return a row for each kind: how many cases, in how many CPU hours, from which seeds, with how many faults."""
        rows = ["| kind | cases | CPU hours | seeds | code | faults |", "|---|---:|---:|---|---|---:|"]
        counts: dict[str, Counter[str]] = {}
        every = list(self.pieces())
        for kind in sorted({piece.kind for piece in every}):
            mine = [piece for piece in every if piece.kind == kind]
            cases, hours = sum(piece.last - piece.first for piece in mine), sum(piece.seconds for piece in mine) / 3600
            seeds = ", ".join(map(str, sorted({piece.seed for piece in mine})))
            codes = ", ".join(sorted({piece.code for piece in mine}))
            faults = [fault for piece in mine for fault in piece.faults]
            rows.append(f"| {kind} | {cases:,} | {hours:.2f} | {seeds} | {codes} | {len(faults)} |")
            counts[kind] = sum((Counter(piece.counts) for piece in mine), Counter())
        told = [f"{kind}: " + ", ".join(f"{n:,} {name}" for name, n in sorted(c.items())) for kind, c in counts.items()]
        return "\n".join([*rows, "", *(line for line in told if not line.endswith(": "))])
