"""Lines in a frame: what a function looks like, drawn from numbers that the page's own code computes."""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from trainlab.report.charts import draw, svg_file
from trainlab.report.document import Chart, Line
from trainlab.report.palette import DASHES

WIDTH, HEIGHT = 560, 270


def plot(curves: Mapping[str, tuple[Any, Any]], title: str) -> str:
    """A picture with its legend: name → (x, y), one line each.

    Raises ValueError for no line, more than there are colours, or numbers that are not finite.
    """
    if not 1 <= len(curves) <= len(DASHES):
        raise ValueError(f"{len(curves)} lines: a picture has 1 to {len(DASHES)}")
    if not all(np.isfinite(numbers).all() for line in curves.values() for numbers in line):
        raise ValueError("only finite numbers can be drawn")
    lines = [Line(name, look, list(x), list(y)) for look, (name, (x, y)) in enumerate(curves.items())]
    drawing = draw(Chart("", "", lines, width=WIDTH, height=HEIGHT))
    picture = base64.b64encode(svg_file(drawing, [(line.name, line.look) for line in lines]).encode()).decode()
    return f'<img class="curves" src="data:image/svg+xml;base64,{picture}" alt="{escape(title)}">'
