"""Line charts as SVG text: pure functions of numbers, the same text for the same numbers.

Colours and dashes are classes (``c0`` to ``c5``) that the page's style sheet fills in, for light, dark and paper.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from trainlab.report.panel import epoch_ticks

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 10, 40
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
MOST_DOTS = 30
"""With more epochs than that, only the line is drawn."""
DIVERGED = 30
"""A logarithmic scale serves where the largest value is so many times the median: nothing else could be seen."""

MOST_RANGE = 1e6
"""A logarithmic scale ends so far below its largest value; what is smaller lies on its lower edge."""


@dataclass(frozen=True)
class Line:
    """One curve with the spread around it."""

    name: str
    look: int
    """Number of its colour and dash."""
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float] = field(default=())
    """Half the height of the band at each x; empty for none."""
    is_faint: bool = False


@dataclass(frozen=True)
class Scale:
    """From values to places along an axis."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.is_log:
            value, low, high = (math.log10(max(number, self.low)) for number in (value, low, high))
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def line_chart(
    lines: Sequence[Line], title: str, x_label: str, write: Callable[[float], str], *, bounded: bool = False
) -> str:
    """An ``<svg>`` element with the lines, their bands, and the texts that a pointer shows.

    Args:
        lines: values that are not finite are left out.
        title: what a screen reader says, and the label of the vertical axis.
        write: how a value is written.
        bounded: values lie in [0, 1], and so does the axis.
    """
    points = [
        (x, y, spread)
        for line in lines
        for x, y, spread in zip(line.x, line.y, line.spread or [0.0] * len(line.y), strict=True)
        if math.isfinite(y)
    ]
    x_scale = _x_scale([x for x, _, _ in points])
    y_scale = _y_scale(points, bounded)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" class="chart" '
        f'data-hover="{escape(_hover(lines, x_scale, x_label, write))}">',
        *_axes(x_scale, y_scale, title, x_label, write),
        f'<svg x="{LEFT}" y="{TOP}" width="{PLOT_WIDTH}" height="{PLOT_HEIGHT}" '
        f'viewBox="{LEFT} {TOP} {PLOT_WIDTH} {PLOT_HEIGHT}">',  # cuts off what lies outside
        *(_band(line, x_scale, y_scale) for line in lines if any(line.spread)),
        "</svg>",
        *(_curve(line, x_scale, y_scale) for line in lines),
        f'<line class="cursor" x1="0" x2="0" y1="{TOP}" y2="{TOP + PLOT_HEIGHT}"/>',
        "</svg>",
    ]
    return "".join(parts)


def nice_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """At most so many round numbers between two, a multiple of 1, 2 or 5 times a power of ten apart.

    >>> nice_ticks(0.93, 0.982)
    [0.93, 0.94, 0.95, 0.96, 0.97, 0.98]
    >>> nice_ticks(0, 100)
    [0, 20, 40, 60, 80, 100]
    """
    rough = (high - low) / most
    power = math.floor(math.log10(rough))
    steps = (factor * 10.0**exponent for exponent in (power, power + 1) for factor in (1, 2, 5))
    step = next(step for step in steps if (high - low) / step <= most - 1)
    first = math.ceil(low / step - 1e-9)
    places = max(0, 1 - power)
    ticks = [round(number * step, places) for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [int(tick) if tick == int(tick) else tick for tick in ticks]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two positive numbers, or 1, 2 and 5 times these where there are few.

    >>> log_ticks(0.05, 300), log_ticks(0.3, 6)
    ([0.1, 1.0, 10.0, 100.0], [0.5, 1.0, 2.0, 5.0])
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tens = [10.0**power for power in powers if low <= 10.0**power <= high]
    if len(tens) > 2:
        return tens[:: math.ceil(len(tens) / 6)]
    return [tick for power in powers for factor in (1, 2, 5) if low <= (tick := factor * 10.0**power) <= high]


def _x_scale(xs: Sequence[float]) -> Scale:
    low, high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    if low == high:
        low, high = low - 1, high + 1
    return Scale(low, high, LEFT + 8, LEFT + PLOT_WIDTH - 8)


def _y_scale(points: Sequence[tuple[float, float, float]], bounded: bool) -> Scale:
    bottom, top = TOP + PLOT_HEIGHT, float(TOP)
    values = sorted(y for _, y, _ in points)
    if not values:
        return Scale(0.0, 1.0, bottom, top)
    if not bounded and values[0] > 0 and values[-1] > DIVERGED * values[len(values) // 2]:
        return Scale(max(values[0] / 1.2, values[-1] / MOST_RANGE), values[-1] * 1.2, bottom, top, is_log=True)
    low, high = min(y - spread for _, y, spread in points), max(y + spread for _, y, spread in points)
    if min(values) >= 0:
        low = max(low, 0.0)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - margin if low else low, high + margin
    return Scale(max(low, 0.0), min(high, 1.0), bottom, top) if bounded else Scale(low, high, bottom, top)


def _axes(x: Scale, y: Scale, title: str, x_label: str, write: Callable[[float], str]) -> list[str]:
    parts = []
    for tick in log_ticks(y.low, y.high) if y.is_log else nice_ticks(y.low, y.high):
        place = _number(y(tick))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + PLOT_WIDTH}" y1="{place}" y2="{place}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{place}" dy="4" text-anchor="end">{tick:g}</text>')
    for number in epoch_ticks(x.low, x.high, most=6):
        place = _number(x(number))
        parts.append(
            f'<text class="tick" x="{place}" y="{TOP + PLOT_HEIGHT + 16}" text-anchor="middle">{number}</text>'
        )
    middle = LEFT + PLOT_WIDTH / 2
    parts.append(f'<text class="axis" x="{middle:g}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    height = TOP + PLOT_HEIGHT / 2
    parts.append(
        f'<text class="axis" transform="translate(12 {height:g}) rotate(-90)" text-anchor="middle">'
        f"{escape(title)}</text>"
    )
    return parts


def _curve(line: Line, x: Scale, y: Scale) -> str:
    """The line with gaps where there is no value, and dots where these can be told apart."""
    faint = " faint" if line.is_faint else ""
    pieces, is_down = [], False
    dots = []
    for one, value in zip(line.x, line.y, strict=True):
        if not math.isfinite(value):
            is_down = False
            continue
        place = f"{_number(x(one))} {_number(y(value))}"
        pieces.append(("L" if is_down else "M") + place)
        is_down = True
        horizontal, vertical = place.split()
        dots.append(f'<circle class="c{line.look}{faint}" cx="{horizontal}" cy="{vertical}" r="2.5"/>')
    drawn = "".join(dots) if (len(line.x) <= MOST_DOTS and not line.is_faint) or len(dots) == 1 else ""
    return f'<path class="line c{line.look}{faint}" d="{"".join(pieces)}"/>{drawn}'


def _band(line: Line, x: Scale, y: Scale) -> str:
    finite = [one for one in zip(line.x, line.y, line.spread, strict=True) if math.isfinite(one[1])]
    upper = [f"{_number(x(one))},{_number(y(value + spread))}" for one, value, spread in finite]
    lower = [f"{_number(x(one))},{_number(y(value - spread))}" for one, value, spread in reversed(finite)]
    return f'<polygon class="band c{line.look}" points="{" ".join(upper + lower)}"/>'


def _hover(lines: Sequence[Line], scale: Scale, x_label: str, write: Callable[[float], str]) -> str:
    """For each x its place and what is to be read there, as JSON."""
    texts: dict[float, list[str]] = {}
    for line in lines:
        for one, value, spread in zip(line.x, line.y, line.spread or [0.0] * len(line.y), strict=True):
            told = f"{line.name}: {write(value)}" + (f" ± {write(spread)}" if spread else "")
            texts.setdefault(one, []).append(told)
    stops = [[round(scale(one), 1), f"{x_label} {one:.4g}", *told] for one, told in sorted(texts.items())]
    return json.dumps(stops, ensure_ascii=False, separators=(",", ":"))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
