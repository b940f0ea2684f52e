"""Lines in a frame: what a function looks like, drawn from numbers that the page's own code computes."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from trainlab.report.charts.scale import Scale

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 26
LINES = 6
"""The style sheet has so many colours and dashes."""


def plot(curves: Mapping[str, tuple[Any, Any]], title: str) -> str:
    """An ``<svg>`` and its legend: name → (x, y), one line each, in colours of the style sheet.

    Raises ValueError for no line, more than the colours, or numbers that span nothing or are not finite.
    """
    lines = {name: (np.asarray(x, float), np.asarray(y, float)) for name, (x, y) in curves.items()}
    if not 1 <= len(lines) <= LINES:
        raise ValueError(f"{len(lines)} lines: a picture has 1 to {LINES}")
    xs, ys = (np.concatenate([line[axis] for line in lines.values()]) for axis in (0, 1))
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("only finite numbers can be drawn")
    if xs.min() == xs.max() or ys.min() == ys.max():
        raise ValueError("a line needs a width and a height")
    x_scale = Scale(xs.min(), xs.max(), LEFT, WIDTH - RIGHT)
    y_scale = Scale(ys.min(), ys.max(), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" class="plot">'
    ]
    for tick in y_scale.ticks():
        y = y_scale(tick)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="up" x="{LEFT - 6}" y="{y + 4:.1f}">{_written(tick)}</text>')
    for tick in x_scale.ticks():
        x = x_scale(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}">{_written(tick)}</text>')
    for number, pairs in enumerate(lines.values()):
        points = " ".join(f"{x_scale(x):.1f},{y_scale(y):.1f}" for x, y in zip(*pairs, strict=True))
        parts.append(f'<polyline class="line{number}" points="{points}"/>')
    parts.append("</svg>")
    legend = "".join(
        f'<li><svg viewBox="0 0 28 8" width="28" height="8" class="plot" aria-hidden="true">'
        f'<polyline class="line{number}" points="0,4 28,4"/></svg> {escape(name)}</li>'
        for number, name in enumerate(lines)
    )
    return f'<figure class="curves">{"".join(parts)}<ul>{legend}</ul></figure>'


def _written(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")
