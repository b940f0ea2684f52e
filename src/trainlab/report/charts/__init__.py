"""A chart of `trainlab.report.document` as lines, areas, dots and texts at places, and these as SVG."""

from trainlab.report.charts.drawing import draw
from trainlab.report.charts.shapes import Drawing
from trainlab.report.charts.svg import svg_element, svg_file

__all__ = ["Drawing", "draw", "svg_element", "svg_file"]
