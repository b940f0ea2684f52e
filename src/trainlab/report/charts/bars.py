"""Bars that lie below each other, for shares of 1: a name, the bar with its interval, and the figures."""

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
    Stroke,
    Text,
    shortened,
    tenth,
)
from trainlab.report.document import Chart

ROW = 26
HALF = 6
"""A bar's half height."""
LONGEST = 24
"""Letters of a name."""
WIDE = 7.4
"""How wide a letter of a name is at most, on average: `momentum` has wide ones."""


def height_of(rows: int) -> int:
    """How high a chart of so many bars is."""
    return TOP + ROW * rows + BOTTOM


def draw_bars(chart: Chart) -> Drawing:
    """The shapes of a chart whose first line is drawn as bars. Their axis goes from 0 to 1, and intervals end there."""
    line = chart.lines[0]
    names = [shortened(name, LONGEST) for name in chart.x_names]
    spans = [
        (max(0.0, share - spread), min(1.0, share + spread))
        for share, spread in zip(line.y, line.spread or [0.0] * len(line.y), strict=True)
    ]
    told = [
        chart.write(share) + (f" ({chart.write(low)} … {chart.write(high)})" if low < high else "")
        for share, (low, high) in zip(line.y, spans, strict=True)
    ]
    left = tenth(INSET + WIDE * max(map(len, names)))
    right = tenth(chart.width - RIGHT - LETTER * max(map(len, told)))
    bottom = chart.height - BOTTOM
    x, y = Scale(0.0, 1.0, left + INSET, right - INSET), Scale(-0.5, len(names) - 0.5, TOP, bottom)
    axes: list[Stroke | Text] = []
    for tick in x.ticks():
        axes.append(Stroke((((tenth(x(tick)), TOP), (tenth(x(tick)), bottom)),), "grid"))
        axes.append(Text((tenth(x(tick)), bottom + 16), f"{tick:g}", "tick x", "middle"))
    axes.append(Text((tenth((left + right) / 2), chart.height - 6), chart.title, "axis", "middle"))
    series: list[Area | Stroke | Dot] = []
    for row, (name, share, (low, high), text) in enumerate(zip(names, line.y, spans, told, strict=True)):
        middle, start, end = tenth(y(row)), tenth(x(0.0)), tenth(x(share))
        axes.append(Text((left, middle + 4), name, "tick y", "end"))
        axes.append(Text((right, middle + 4), text, "tick y", "start"))
        upper, lower = middle - HALF, middle + HALF
        series.append(Area(((start, upper), (end, upper), (end, lower), (start, lower)), line.look))
        if low < high:
            series.append(Stroke((((tenth(x(low)), middle), (tenth(x(high)), middle)),), "whisker", line.look))
        series.append(Dot((end, middle), line.look))
    return Drawing(chart, (left, TOP, right - left, bottom - TOP), tuple(axes), tuple(series), x, y, ())
