"""A chart as SVG text: for a page whose style sheet colours it, or as a file of its own.

Our own writer instead of matplotlib's, which draws letters as outlines (ten times the size) in one set of colours:
classes leave the colours to the style sheet, for light, dark and paper.
"""

import json
from collections.abc import Sequence
from html import escape

from trainlab.report.charts.shapes import INSET, Area, Dot, Drawing, Point, Stroke, Text
from trainlab.report.palette import DARK, LIGHT, css_of_lines, css_variables

EDGE = 4
"""A dot on the edge of the frame is not cut off."""


def svg_element(drawing: Drawing) -> str:
    """An ``<svg>`` for a page. It carries what a pointer shows, and the scales for those who zoom."""
    chart, (_, top, _, height) = drawing.chart, drawing.frame
    zoom = ""
    if chart.can_zoom:
        x, y = drawing.x, drawing.y
        scales = {"x": [x.low, x.high, x.start, x.end], "y": [y.low, y.high, y.start, y.end], "log": y.is_log}
        zoom = f' data-zoom="{escape(_json(scales))}" tabindex="0"'
    stops = [[place, *told] for place, told in drawing.stops]
    return "".join(
        [
            f'<svg viewBox="0 0 {chart.width} {chart.height}" role="img" aria-label="{escape(chart.title)}" '
            f'class="chart" data-hover="{escape(_json(stops))}"{zoom}>',
            f'<g class="axes">{"".join(map(_shape, drawing.axes))}</g>',
            _clipped(drawing),
            f'<rect class="selection" x="0" y="{top}" width="0" height="{height}"/>',
            f'<line class="cursor" x1="0" x2="0" y1="{top}" y2="{top + height}"/>',
            "</svg>",
        ]
    )


def svg_file(drawing: Drawing, legend: Sequence[tuple[str, int]] = ()) -> str:
    """A whole file, in light and dark, with its legend below."""
    chart = drawing.chart
    entries = []
    for row, (name, look) in enumerate(legend):
        y = chart.height + 14 + 18 * row
        entries.append(f'<path class="line c{look}" d="M54 {y}L82 {y}"/><text x="90" y="{y + 4}">{escape(name)}</text>')
    height = chart.height + (18 * len(legend) + 10 if legend else 0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {chart.width} {height}" width="{chart.width}" '
            f'height="{height}" role="img" aria-label="{escape(chart.title)}">',
            f"<style>\n:root {{ {css_variables(LIGHT)} }}",
            f"@media (prefers-color-scheme: dark) {{ :root {{ {css_variables(DARK)} }} }}",
            "text { font-family: system-ui, sans-serif; }",
            css_of_lines(),
            "</style>",
            f'<rect width="{chart.width}" height="{height}" style="fill:var(--paper)"/>',
            "".join(map(_shape, drawing.axes)),
            _clipped(drawing),
            "".join(entries),
            "</svg>\n",
        ]
    )


def _clipped(drawing: Drawing) -> str:
    """The series, cut off where they leave the frame."""
    left, top, width, height = drawing.frame
    x, y, width, height = left + INSET - EDGE, top - EDGE, width - 2 * (INSET - EDGE), height + 2 * EDGE
    inside = "".join(map(_shape, drawing.series))
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{x} {y} {width} {height}"'
    return f'<svg class="series" {place}>{inside}</svg>'


def _shape(shape: Stroke | Area | Dot | Text) -> str:
    match shape:
        case Stroke(pieces, kind, look):
            name = kind if kind == "grid" else f"{kind} c{look}"
            return f'<path class="{name}" d="{"".join(map(_piece, pieces))}"/>'
        case Area(outline, look):
            points = " ".join(f"{_number(x)},{_number(y)}" for x, y in outline)
            return f'<polygon class="band c{look}" points="{points}"/>'
        case Dot((x, y), look):
            return f'<circle class="c{look}" cx="{_number(x)}" cy="{_number(y)}" r="2.5"/>'
        case Text((x, y), text, kind, anchor, is_upright):
            place = f'x="{_number(x)}" y="{_number(y)}"'
            if is_upright:
                place = f'transform="translate({_number(x)} {_number(y)}) rotate(-90)"'
            return f'<text class="{kind}" {place} text-anchor="{anchor}">{escape(text)}</text>'


def _piece(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
