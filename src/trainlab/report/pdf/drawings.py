"""Charts, legends and bars on a page."""

from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from trainlab.report.charts import Drawing
from trainlab.report.charts.shapes import Area, Dot, Stroke, Text
from trainlab.report.palette import BAND, DASHES, PAPER
from trainlab.report.pdf.fonts import REGULAR, runs_of, width_of

COLOURS = {name: HexColor(colour) for name, colour in PAPER.items() if colour.startswith("#")}
LETTERS = {"tick x": (11, "muted"), "tick y": (11, "muted"), "axis": (12, "ink")}


class ChartDrawing(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A chart, as wide as it is told to be."""

    def __init__(self, drawing: Drawing, width: float) -> None:
        super().__init__()
        self.drawing = drawing
        self.scale = width / drawing.chart.width
        self.width, self.height = width, drawing.chart.height * self.scale

    def draw(self) -> None:
        canvas = self.canv
        canvas.saveState()
        canvas.translate(0, self.height)
        canvas.scale(self.scale, -self.scale)  # as in the drawing: downwards
        for shape in (*self.drawing.axes, *self.drawing.series):
            canvas.saveState()
            _draw(canvas, shape)
            canvas.restoreState()
        canvas.restoreState()


def _draw(canvas: Any, shape: Stroke | Text | Area | Dot) -> None:
    match shape:
        case Stroke(pieces, kind, look):
            canvas.setLineWidth({"grid": 0.7, "line": 1.6, "whisker": 1.2}[kind])
            canvas.setStrokeColor(COLOURS["rule"] if kind == "grid" else COLOURS[f"c{look}"])
            canvas.setLineJoin(1)
            if kind == "line":
                canvas.setDash(*((list(DASHES[look]),) if DASHES[look] else ()))
            path = canvas.beginPath()
            for piece in pieces:
                path.moveTo(*piece[0])
                for point in piece[1:]:
                    path.lineTo(*point)
            canvas.drawPath(path)
        case Area(outline, look):
            canvas.setFillColor(COLOURS[f"c{look}"])
            canvas.setFillAlpha(BAND)
            path = canvas.beginPath()
            path.moveTo(*outline[0])
            for point in outline[1:]:
                path.lineTo(*point)
            path.close()
            canvas.drawPath(path, stroke=0, fill=1)
        case Dot((x, y), look):
            canvas.setFillColor(COLOURS[f"c{look}"])
            canvas.circle(x, y, 2.3, stroke=0, fill=1)
        case Text((x, y), text, kind, anchor, is_upright):
            size, colour = LETTERS[kind]
            canvas.translate(x, y)
            canvas.scale(1, -1)
            if is_upright:
                canvas.rotate(90)
            share = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            canvas.setFillColor(COLOURS[colour])
            write(canvas, -share * width_of(text, REGULAR, size), 0, text, size)


def write(canvas: Any, x: float, y: float, text: str, size: float) -> None:
    """One line of text from (x, y) on, each letter in a font that has it."""
    line = canvas.beginText(x, y)
    for font, piece in runs_of(text, REGULAR):
        line.setFont(font, size)
        line.textOut(piece)
    canvas.drawText(line)


class Legend(Flowable):  # type: ignore[misc]
    """Lines with their names, as many beside each other as there is room for."""

    SIZE, LEADING, SAMPLE, GAP = 8, 13, 22, 14

    def __init__(self, entries: Sequence[tuple[str, int]]) -> None:
        super().__init__()
        self.entries = entries

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.places: list[tuple[float, int, str, int]] = []
        x, row = 0.0, 0
        for name, look in self.entries:
            name = self.fitting(name, width - self.SAMPLE - 5)
            length = self.SAMPLE + 5 + width_of(name, REGULAR, self.SIZE)
            if x and x + length > width:
                x, row = 0.0, row + 1
            self.places.append((x, row, name, look))
            x += length + self.GAP
        self.width, self.height = width, (row + 1) * self.LEADING
        return self.width, self.height

    def fitting(self, name: str, width: float) -> str:
        if width_of(name, REGULAR, self.SIZE) <= width:
            return name
        while name and width_of(name + "…", REGULAR, self.SIZE) > width:
            name = name[:-1]
        return name + "…"

    def draw(self) -> None:
        for x, row, name, look in self.places:
            y = self.height - row * self.LEADING - 9
            self.canv.saveState()
            _draw(self.canv, Stroke((((x, y + 3), (x + self.SAMPLE, y + 3)),), "line", look))
            self.canv.restoreState()
            self.canv.setFillColor(COLOURS["ink"])
            write(self.canv, x + self.SAMPLE + 5, y, name, self.SIZE)


class Bar(Flowable):  # type: ignore[misc]
    """A share of a width."""

    def __init__(self, share: float, width: float, height: float = 7) -> None:
        super().__init__()
        self.share, self.width, self.height = share, width, height

    def draw(self) -> None:
        self.canv.setFillColor(COLOURS["c0"])
        self.canv.rect(0, 0, self.share * self.width, self.height, stroke=0, fill=1)
