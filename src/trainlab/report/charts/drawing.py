"""Where everything of a chart stands: a pure function of numbers, the same shapes for the same numbers.

Places are in a frame of ``chart.width`` × ``chart.height`` units, y downwards, and rounded to a tenth, so that each
format has to write them only.
"""

import math
from collections.abc import Sequence

from trainlab.report.charts.bars import draw_bars
from trainlab.report.charts.scale import Scale
from trainlab.report.charts.shapes import (
    BOTTOM,
    INSET,
    LETTER,
    RIGHT,
    TOP,
    Area,
    Dot,
    Drawing,
    Point,
    Stroke,
    Text,
    shortened,
    tenth,
)
from trainlab.report.document import Chart, Line
from trainlab.report.panel import epoch_ticks

LEFT = 54
MOST_DOTS = 30
"""With more epochs than that, only the line is drawn."""
DIVERGED = 30
"""A logarithmic scale serves where the largest value is so many times the median: nothing else could be seen."""
MOST_RANGE = 1e6
"""A logarithmic scale ends so far below its largest value; what is smaller lies on its lower edge."""


def draw(chart: Chart) -> Drawing:
    """The shapes of a chart. Values that are not finite are left out."""
    if any(line.drawn == "bars" for line in chart.lines):
        return draw_bars(chart)
    frame = (LEFT, TOP, chart.width - LEFT - RIGHT, chart.height - TOP - BOTTOM)
    points = [
        (x, y, spread)
        for line in chart.lines
        for x, y, spread in zip(line.x, line.y, line.spread or [0.0] * len(line.y), strict=True)
        if math.isfinite(y)
    ]
    x_scale = _x_scale(chart, [x for x, _, _ in points])
    y_scale = _y_scale(chart, points)
    bands = [_band(line, x_scale, y_scale) for line in chart.lines if line.drawn == "line" and any(line.spread)]
    curves = [shape for line in chart.lines for shape in _curve(line, x_scale, y_scale)]
    return Drawing(
        chart, frame, (*_axes(chart, x_scale, y_scale),), (*bands, *curves), x_scale, y_scale, _stops(chart, x_scale)
    )


def _x_scale(chart: Chart, xs: Sequence[float]) -> Scale:
    start, end = LEFT + INSET, chart.width - RIGHT - INSET
    if chart.x_names:
        return Scale(-0.5, len(chart.x_names) - 0.5, start, end)
    low, high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    if low == high:
        low, high = (low / 2, high * 2) if chart.x_is_log else (low - 1, high + 1)
    return Scale(low, high, start, end, chart.x_is_log)


def _y_scale(chart: Chart, points: Sequence[tuple[float, float, float]]) -> Scale:
    bottom, top = chart.height - BOTTOM, float(TOP)
    values = sorted(y for _, y, _ in points)
    if not values:
        return Scale(0.0, 1.0, bottom, top)
    if not chart.is_bounded and values[0] > 0 and values[-1] > DIVERGED * values[len(values) // 2]:
        return Scale(max(values[0] / 1.2, values[-1] / MOST_RANGE), values[-1] * 1.2, bottom, top, is_log=True)
    low, high = min(y - spread for _, y, spread in points), max(y + spread for _, y, spread in points)
    if min(values) >= 0:
        low = max(low, 0.0)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - margin if low else low, high + margin
    return Scale(max(low, 0.0), min(high, 1.0), bottom, top) if chart.is_bounded else Scale(low, high, bottom, top)


def _axes(chart: Chart, x: Scale, y: Scale) -> list[Stroke | Text]:
    right, bottom = chart.width - RIGHT, chart.height - BOTTOM
    shapes: list[Stroke | Text] = []
    for tick in y.ticks():
        height = tenth(y(tick))
        shapes.append(Stroke((((LEFT, height), (right, height)),), "grid"))
        shapes.append(Text((LEFT - 6, height + 4), f"{tick:g}", "tick y", "end"))
    for value, text in _x_ticks(chart, x):
        shapes.append(Text((tenth(x(value)), bottom + 16), text, "tick x", "middle"))
    shapes.append(Text(((LEFT + right) / 2, chart.height - 6), chart.x_label, "axis", "middle"))
    shapes.append(Text((12, (TOP + bottom) / 2), chart.title, "axis", "middle", is_upright=True))
    return shapes


def _x_ticks(chart: Chart, x: Scale) -> list[tuple[float, str]]:
    if chart.x_names:
        room = int((x.end - x.start) / len(chart.x_names) / LETTER)
        return list(enumerate(shortened(name, room) for name in chart.x_names))
    if chart.can_zoom:
        return [(tick, str(tick)) for tick in epoch_ticks(x.low, x.high, most=6)]
    return [(tick, f"{tick:g}") for tick in x.ticks()]


def _curve(line: Line, x: Scale, y: Scale) -> list[Stroke | Dot]:
    """The line with gaps where there is no value, and dots where these can be told apart."""
    pieces: list[list[Point]] = [[]]
    for one, value in zip(line.x, line.y, strict=True):
        if math.isfinite(value):
            pieces[-1].append((tenth(x(one)), tenth(y(value))))
        else:
            pieces.append([])
    places = [place for piece in pieces for place in piece]
    dots = [Dot(place, line.look) for place in places]
    if line.drawn == "line":
        stroke = Stroke(tuple(tuple(piece) for piece in pieces if piece), "line", line.look)
        return [stroke, *dots] if len(line.x) <= MOST_DOTS or len(dots) == 1 else [stroke]
    whiskers = [
        (
            (tenth(x(one)), tenth(y(max(value - spread, y.low)))),
            (tenth(x(one)), tenth(y(min(value + spread, y.high)))),
        )
        for one, value, spread in zip(line.x, line.y, line.spread or [0.0] * len(line.y), strict=True)
        if math.isfinite(value) and spread
    ]
    return [*([Stroke(tuple(whiskers), "whisker", line.look)] if whiskers else []), *dots]


def _band(line: Line, x: Scale, y: Scale) -> Area:
    finite = [one for one in zip(line.x, line.y, line.spread, strict=True) if math.isfinite(one[1])]
    upper = [(tenth(x(one)), tenth(y(min(value + spread, y.high)))) for one, value, spread in finite]
    lower = [(tenth(x(one)), tenth(y(max(value - spread, y.low)))) for one, value, spread in reversed(finite)]
    return Area((*upper, *lower), line.look)


def _stops(chart: Chart, scale: Scale) -> tuple[tuple[float, tuple[str, ...]], ...]:
    texts: dict[float, list[str]] = {}
    for line in chart.lines:
        for place, (one, value) in enumerate(zip(line.x, line.y, strict=True)):
            spread = line.spread[place] if line.spread else 0.0
            told = chart.write(value) + (f" ± {chart.write(spread)}" if spread else "")
            told += f" (n = {line.n[place]})" if line.n else ""
            texts.setdefault(one, []).append(f"{line.name}: {told}" if line.name else told)
    return tuple((tenth(scale(one)), (_x_text(chart, one), *told)) for one, told in sorted(texts.items()))


def _x_text(chart: Chart, x: float) -> str:
    return f"{chart.x_label} {chart.x_names[int(x)] if chart.x_names else f'{x:.4g}'}"
