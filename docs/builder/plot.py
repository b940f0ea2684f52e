"""Lines in a frame: what a function looks like, drawn from numbers that the page's own code computes."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 26
LINES = 6
"""The style sheet has so many colours and dashes."""


def plot(curves: Mapping[str, tuple[Any, Any]], title: str) -> str:
    """An ``<svg>`` and its legend: name → (x, y), one line each, in colours of the style sheet.

    Raises ValueError for no line, more than the colours, or numbers that are not finite.
    """
    lines = {name: (np.asarray(x, float), np.asarray(y, float)) for name, (x, y) in curves.items()}
    if not 1 <= len(lines) <= LINES:
        raise ValueError(f"{len(lines)} lines: a picture has 1 to {LINES}")
    xs, ys = (np.concatenate([line[axis] for line in lines.values()]) for axis in (0, 1))
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("only finite numbers can be drawn")
    across, up = _ticks(xs.min(), xs.max()), _ticks(ys.min(), ys.max())
    low, high = min(ys.min(), up[0]), max(ys.max(), up[-1])

    def place(x: Any, y: Any) -> tuple[Any, Any]:
        right = LEFT + (x - xs.min()) / (xs.max() - xs.min()) * (WIDTH - LEFT - RIGHT)
        return right, TOP + (high - y) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" class="plot">'
    ]
    for tick in up:
        _, y = place(xs.min(), tick)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="up" x="{LEFT - 6}" y="{y + 4:.1f}">{_written(tick)}</text>')
    for tick in across:
        x, _ = place(tick, low)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}">{_written(tick)}</text>')
    for number, (x, y) in enumerate(lines.values()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(*place(x, y), strict=True))
        parts.append(f'<polyline class="line{number}" points="{points}"/>')
    parts.append("</svg>")
    legend = "".join(
        f'<li><svg viewBox="0 0 28 8" width="28" height="8" class="plot" aria-hidden="true">'
        f'<polyline class="line{number}" points="0,4 28,4"/></svg> {escape(name)}</li>'
        for number, name in enumerate(lines)
    )
    return f'<figure class="curves">{"".join(parts)}<ul>{legend}</ul></figure>'


def _ticks(low: float, high: float) -> list[float]:
    """The multiples of 1, 2 or 5 · 10ⁿ in a range, 3 to 8 of them.

    >>> _ticks(-4, 4), _ticks(0.0, 1.0)
    ([-4.0, -2.0, 0.0, 2.0, 4.0], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    if not low < high:
        raise ValueError(f"a range from {low} to {high} cannot be drawn")
    power = 10.0 ** math.floor(math.log10(high - low))
    step = next(step for step in (power / 5, power / 2, power, power * 2) if (high - low) / step <= 6)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _written(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")
