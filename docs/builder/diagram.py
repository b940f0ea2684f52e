"""The picture of a layer: arrays and operations as boxes, values flowing one way and gradients the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLUMN, ROW = 200, 96
BOX_WIDTH, BOX_HEIGHT = 156, 62
MARGIN = 5
APART = 7
"""Half the distance between the arrow of a value and that of its gradient."""
LINE_HEIGHT = 15
FONT_SIZE = 12.5
LONGEST = 19
"""Letters of a shape that fit on one line."""
CHARACTER = 0.62
"""Width of a letter in font sizes; all are equally wide."""


@dataclass(frozen=True)
class Node:
    """A box."""

    name: str
    column: float
    row: float
    lines: tuple[str, ...] = ()
    """What stands below the name: a shape, say."""
    gradient: str = ""
    """The name of its gradient, which has its shape."""
    kind: str = "array"
    """``array``, ``parameter``, ``buffer`` or ``operation``"""
    least_height: float = BOX_HEIGHT

    @property
    def texts(self) -> list[tuple[str, str]]:
        """(text, look) line by line."""
        shapes = [(part, "shape") for line in self.lines for part in _broken(line)]
        return [(self.name, "name"), *shapes, *([(self.gradient, "gradient")] if self.gradient else [])]

    @property
    def height(self) -> float:
        return max(self.least_height, LINE_HEIGHT * len(self.texts) + 17)


@dataclass(frozen=True)
class Edge:
    """An arrow from one box to another, and one back for the gradient."""

    start: str
    end: str
    has_gradient: bool = True


def draw(nodes: Sequence[Node], edges: Sequence[Edge], title: str) -> str:
    """An ``<svg>`` element; colours are classes that the style sheet fills in, for light and dark."""
    by_name = {node.name: node for node in nodes}
    width = max(node.column for node in nodes) * COLUMN + BOX_WIDTH + 2 * MARGIN
    top = min(_centre(node)[1] - node.height / 2 for node in nodes) - MARGIN
    height = max(_centre(node)[1] + node.height / 2 for node in nodes) + MARGIN - top
    parts = [
        f'<svg viewBox="0 {top:g} {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(title)}" class="diagram">'
    ]
    for edge in edges:
        start, end = by_name[edge.start], by_name[edge.end]
        parts.append(_arrow(start, end, "value", APART if edge.has_gradient else 0))
        if edge.has_gradient:
            parts.append(_arrow(end, start, "gradient", APART))
    parts += [_box(node) for node in nodes]
    return "".join([*parts, "</svg>"])


def _centre(node: Node) -> tuple[float, float]:
    return MARGIN + node.column * COLUMN + BOX_WIDTH / 2, MARGIN + node.row * ROW + BOX_HEIGHT / 2


def _box(node: Node) -> str:
    x, y = _centre(node)
    top = y - (len(node.texts) - 1) * LINE_HEIGHT / 2
    rows = [
        f'<text class="{look}" x="{x:g}" y="{top + number * LINE_HEIGHT:g}" dy="4" font-size="{_font_size(text):.3g}">'
        f"{escape(text)}</text>"
        for number, (text, look) in enumerate(node.texts)
    ]
    left, upper = x - BOX_WIDTH / 2, y - node.height / 2
    return (
        f'<g class="{node.kind}"><rect x="{left:g}" y="{upper:g}" width="{BOX_WIDTH}" height="{node.height:g}" rx="8"/>'
        + "".join(rows)
        + "</g>"
    )


def _broken(line: str) -> list[str]:
    """Broken behind commas where it would be too long.

    >>> _broken("(N, out_channels, H_out, W_out)")
    ['(N, out_channels,', 'H_out, W_out)']
    """
    lines = [""]
    for part in line.split(", "):
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if lines[-1] and len(longer) > LONGEST:
            lines[-1] += ","
            longer = part
            lines.append("")
        lines[-1] = longer
    return lines


def _font_size(text: str) -> float:
    """Smaller where a text would not fit into its box."""
    return min(FONT_SIZE, (BOX_WIDTH - 8) / (CHARACTER * len(text)))


def _arrow(start: Node, end: Node, look: str, aside: float) -> str:
    """From border to border; one walks along it and has the line between the two boxes on the left."""
    (x, y), (u, v) = _centre(start), _centre(end)
    if abs(v - y) < max(start.height, end.height) / 2:  # beside each other: level, at the smaller one's middle
        y = v = y if start.height <= end.height else v
    elif abs(u - x) < BOX_WIDTH - 4 * APART:  # one below the other: straight down, in the middle of what overlaps
        x = u = (x + u) / 2
    length = math.hypot(u - x, v - y)
    along = ((u - x) / length, (v - y) / length)
    shift = (-along[1] * aside, along[0] * aside)
    first, last = _to_border(along, start, y), length - _to_border(along, end, v) - 2
    (a, b), (c, d) = ((x + along[0] * t + shift[0], y + along[1] * t + shift[1]) for t in (first, last))
    tip = " ".join(
        f"{c - 8 * along[0] + side * 4 * along[1]:.1f},{d - 8 * along[1] - side * 4 * along[0]:.1f}" for side in (1, -1)
    )
    return (
        f'<g class="{look}"><line x1="{a:.1f}" y1="{b:.1f}" x2="{c - 6 * along[0]:.1f}" y2="{d - 6 * along[1]:.1f}"/>'
        f'<polygon points="{c:.1f},{d:.1f} {tip}"/></g>'
    )


def _to_border(along: tuple[float, float], node: Node, y: float) -> float:
    """How far it is in this direction from the middle of a box, at height y, to its border."""
    horizontal, vertical = (abs(one) or 1e-9 for one in along)
    room = node.height / 2 - abs(_centre(node)[1] - y)
    return min(BOX_WIDTH / 2 / horizontal, room / vertical)
