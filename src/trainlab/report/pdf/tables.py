"""Tables that fit the page: letters shrink first, then columns, whose texts take more lines."""

from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import LongTable, Paragraph, TableStyle

from trainlab.report.document import Cell, Matrix, Table
from trainlab.report.palette import PAPER, shade_right, shade_wrong
from trainlab.report.pdf.drawings import COLOURS
from trainlab.report.pdf.fonts import BOLD, REGULAR, marked, width_of

SIZES = (8.0, 7.0, 6.0)
"""Letters in points: the first with which a table fits in its natural width."""
PADDING = 8.0
"""Points between two columns."""
LEAST = 24.0
"""No column is narrower, in points, where there is room for that."""


def widths_that_fit(natural: Sequence[float], room: float) -> list[float]:
    """Column widths of at most ``room`` together: narrow columns keep theirs, the widest give way.

    >>> widths_that_fit([20.0, 100.0, 60.0], 200.0), widths_that_fit([20.0, 100.0, 60.0], 120.0)
    ([20.0, 100.0, 60.0], [20.0, 50.0, 50.0])
    """
    if sum(natural) <= room:
        return list(natural)
    rest, limit = room, 0.0
    for position, width in enumerate(sorted(natural)):
        limit = rest / (len(natural) - position)
        if width > limit:
            break
        rest -= width
    return [min(width, limit) for width in natural]


def table_flowable(table: Table, room: float) -> Any:
    """The table with its headings repeated on each page."""
    texts = [[cell if isinstance(cell, str) else cell.text for cell in row] for row in table.rows]
    rows = [list(table.headings), *texts, *([list(table.total)] if table.total else [])]
    for size in SIZES:
        natural = [
            max(width_of(row[column], BOLD, size) for row in rows) + PADDING + 1 for column in range(len(rows[0]))
        ]
        if sum(natural) <= room:
            break
    widths = widths_that_fit(natural, room)

    def cell(text: str, column: int, font: str, colour: str = "ink") -> Any:
        return _paragraph(text, size, font, TA_LEFT if column in table.left else TA_RIGHT, colour)

    body: list[list[Any]] = [[cell(text, column, BOLD, "muted") for column, text in enumerate(table.headings)]]
    for row in table.rows:
        fonts = [BOLD if isinstance(one, Cell) and one.is_best else REGULAR for one in row]
        body.append(
            [
                cell(one if isinstance(one, str) else one.text, column, font)
                for column, (one, font) in enumerate(zip(row, fonts, strict=True))
            ]
        )
    if table.total:
        body.append([cell(text, column, BOLD) for column, text in enumerate(table.total)])
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, COLOURS["muted"]),
        ("LINEBELOW", (0, 1), (-1, -2), 0.3, COLOURS["rule"]),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
    ]
    if table.total:
        style.append(("LINEABOVE", (0, -1), (-1, -1), 0.7, COLOURS["muted"]))
    return LongTable(body, widths, repeatRows=1, hAlign="LEFT", style=TableStyle(style))


def matrix_flowable(matrix: Matrix, room: float) -> Any:
    """The confusion matrix with shaded cells."""
    count = len(matrix.names)
    first = min(90.0, max(width_of(name, BOLD, 7) for name in matrix.names) + PADDING)
    side = min(34.0, (room - first) / count)
    size = 7.5 if side > 22 else 6.0

    def cell(text: str, alignment: int, font: str = REGULAR) -> Any:
        return _paragraph(text, size, font, alignment, "ink" if font == REGULAR else "muted")

    rows: list[list[Any]] = [["", *(cell(name, TA_CENTER, BOLD) for name in matrix.names)]]
    style: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), 1),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1),
        ("RIGHTPADDING", (0, 0), (0, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
    ]
    for i, row in enumerate(matrix.counts.tolist()):
        rows.append([cell(matrix.names[i], TA_RIGHT, BOLD), *(cell(str(one or "·"), TA_CENTER) for one in row)])
        for j, one in enumerate(row):
            share = one / max(1, sum(row))
            opacity = shade_right(share) if i == j else shade_wrong(share)
            if opacity:
                place = (j + 1, i + 1)
                style.append(("BACKGROUND", place, place, _on_white(PAPER["right" if i == j else "wrong"], opacity)))
    return LongTable(rows, [first, *[side] * count], repeatRows=1, hAlign="LEFT", style=TableStyle(style))


def _paragraph(text: str, size: float, font: str, alignment: int, colour: str) -> Any:
    style = ParagraphStyle(
        "cell", fontName=font, fontSize=size, leading=1.25 * size, alignment=alignment, textColor=COLOURS[colour]
    )
    return Paragraph(marked(text, font), style)


def _on_white(rgb: str, opacity: float) -> Color:
    """
    >>> _on_white("0, 0, 255", 0.5)
    Color(.5,.5,1,1)
    """
    red, green, blue = (1 - opacity * (1 - int(part) / 255) for part in rgb.split(","))
    return Color(red, green, blue)
