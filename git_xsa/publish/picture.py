"""Pictures as plain SVG, which the page's stylesheet colours: what needs what, and numbers over time.

There is no script and no font of its own in them, and every text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as _escape
from statistics import fmean
from typing import NamedTuple

from git_xsa.report.as_graph import reduced
from git_xsa.report.plain import printable

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 216, 42, 48, 14, 8
#: So many letters fit into a box.
LETTERS = 27


def escape(text: str) -> str:
    """Return ``text`` without control characters, as XML has it."""
    return _escape(printable(text, one_line=True))


class PictureNode(NamedTuple):
    """A box: the class that colours it, two lines of text, and what the whole of it says."""

    kind: str
    head: str
    text: str
    whole: str


def needs_picture(nodes: Mapping[int, PictureNode], needs: Mapping[int, Sequence[int]], label: str) -> str:
    """Return the SVG of ``nodes``: what a change needs stands to its left, with a line from the one to the other.

    A change stands in the last layer before all that need it; of two that need each other, the later one is on the
    right.
    """
    lines = reduced({one: [need for need in needs.get(one, ()) if need in nodes] for one in nodes})
    places = _places(sorted(nodes), lines)
    width = max(x for x, _ in places.values()) + BOX_WIDTH + MARGIN
    height = max(y for _, y in places.values()) + BOX_HEIGHT + MARGIN
    parts = [f'<svg class="graph" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}"']
    parts.append(f' width="{width}" height="{height}">')
    for one, needed in lines.items():
        parts += [_line(places[need], places[one]) for need in needed]
    parts += [_box(nodes[one], *place) for one, place in places.items()]
    return "".join([*parts, "</svg>"])


def _places(ordered: Sequence[int], lines: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, int]]:
    """Return the upper left corner of each box: its layer, and in that a row near those of what needs it."""
    users: dict[int, list[int]] = {one: [] for one in ordered}
    for one in ordered:
        for need in lines[one]:
            users[need].append(one)
    layers: dict[int, list[int]] = {}
    layer: dict[int, int] = {}
    for one in reversed(ordered):  # a change is needed by later ones, but for those that need each other
        layer[one] = max((layer[user] + 1 for user in users[one] if user in layer), default=0)
        layers.setdefault(layer[one], []).append(one)
    rows: dict[int, int] = {}
    for _, members in sorted(layers.items()):
        near = {one: fmean(rows[u] for u in users[one] if u in rows) if layer[one] else 0.0 for one in members}
        rows |= {one: row for row, one in enumerate(sorted(members, key=lambda one: (near[one], one)))}
    last = max(layers)
    return {
        one: (MARGIN + (last - layer[one]) * (BOX_WIDTH + GAP_X), MARGIN + rows[one] * (BOX_HEIGHT + GAP_Y))
        for one in ordered
    }


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT // 2
    middle = GAP_X // 2
    return f'<path class="line" d="M{x1} {y1}C{x1 + middle} {y1} {x2 - middle} {y2} {x2} {y2}"/>'


def _box(node: PictureNode, x: int, y: int) -> str:
    box = f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    head = f'<text class="head" x="{x + 10}" y="{y + 17}">{escape(_cut(node.head))}</text>'
    text = f'<text x="{x + 10}" y="{y + 33}">{escape(_cut(node.text))}</text>'
    return f'<g class="box {node.kind}"><title>{escape(node.whole)}</title>{box}{head}{text}</g>'


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


class Bar(NamedTuple):
    """A bar: what stands below it and above it, its lower and its upper part, and what all says together."""

    name: str
    top: str
    lower: int
    upper: int
    whole: str


BAR, BAR_GAP, PLOT_HEIGHT, AXIS = 36, 24, 150, 30


def bars_picture(bars: Sequence[Bar], label: str) -> str:
    """Return the SVG of ``bars``, each of two parts one on the other, with its numbers."""
    top = max((bar.lower + bar.upper for bar in bars), default=0) or 1
    width = 2 * MARGIN + len(bars) * (BAR + BAR_GAP)
    height = PLOT_HEIGHT + AXIS + 18
    parts = [f'<svg class="bars" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}"']
    parts.append(f' width="{width}" height="{height}">')
    base = PLOT_HEIGHT + 18
    for place, bar in enumerate(bars):
        x = MARGIN + place * (BAR + BAR_GAP) + BAR_GAP // 2
        lower, upper = (round(part * PLOT_HEIGHT / top) for part in (bar.lower, bar.upper))
        middle = x + BAR // 2
        parts.append(f"<g><title>{escape(bar.whole)}</title>")
        parts.append(f'<rect class="upper" x="{x}" y="{base - lower - upper}" width="{BAR}" height="{upper}"/>')
        parts.append(f'<rect class="lower" x="{x}" y="{base - lower}" width="{BAR}" height="{lower}"/>')
        parts.append(f'<text x="{middle}" y="{base - lower - upper - 5}">{escape(bar.top)}</text>')
        parts.append(f'<text class="below" x="{middle}" y="{base + 16}">{escape(bar.name)}</text></g>')
    parts.append(f'<path class="axis" d="M{MARGIN} {base}H{width - MARGIN}"/>')
    return "".join([*parts, "</svg>"])
