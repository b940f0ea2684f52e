"""Curves drawn with braille characters: each is a cell of 2×4 dots, so 30×6 characters hold 60×24 dots."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

_DOT_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Which bit of a braille character is the dot in (row, column) of its cell; Unicode 16, block U+2800."""


class Series(NamedTuple):
    """One curve: points (x, y) with rising x."""

    points: Sequence[Point]
    style: str
    is_dotted: bool = False


class Cell(NamedTuple):
    """One character and the style of the last curve that went through it ("" for none)."""

    character: str
    style: str


def braille_plot(
    curves: Sequence[Series], columns: int, rows: int, x_range: tuple[float, float], y_range: tuple[float, float]
) -> list[list[Cell]]:
    """``rows`` × ``columns`` characters with the curves in them, later curves over earlier ones.

    A curve of one point is a blot of four dots. Points outside the ranges are pulled to the border. Dotted curves
    leave out every second dot column, so that two curves differ without colours.

    >>> rising = Series([(0, 0), (1, 1)], style="green")
    >>> for row in braille_plot([rising], columns=4, rows=2, x_range=(0, 1), y_range=(0, 1)):
    ...     print("".join(cell.character for cell in row))
    ⠀⠀⡠⠊
    ⡠⠊⠀⠀
    """
    bits = [[0] * columns for _ in range(rows)]
    styles = [[""] * columns for _ in range(rows)]
    for curve in curves:
        dots = [
            (_scaled(x, x_range, 2 * columns), 4 * rows - 1 - _scaled(y, y_range, 4 * rows)) for x, y in curve.points
        ]
        for column, row in _blot(dots[0], 2 * columns, 4 * rows) if len(dots) == 1 else _path(dots):
            if curve.is_dotted and column % 2 and len(dots) > 1:
                continue
            bits[row // 4][column // 2] |= _DOT_BITS[row % 4][column % 2]
            styles[row // 4][column // 2] = curve.style
    return [
        [Cell(chr(0x2800 + bit), style) for bit, style in zip(bit_row, style_row, strict=True)]
        for bit_row, style_row in zip(bits, styles, strict=True)
    ]


def _scaled(value: float, limits: tuple[float, float], count: int) -> int:
    """The index from 0 to ``count − 1`` that stands for ``value``."""
    low, high = limits
    share = (value - low) / (high - low) if high > low else 0.5
    return round(min(1.0, max(0.0, share)) * (count - 1))


def _blot(dot: tuple[int, int], columns: int, rows: int) -> Iterator[tuple[int, int]]:
    for column in (dot[0], min(dot[0] + 1, columns - 1)):
        for row in (dot[1], min(dot[1] + 1, rows - 1)):
            yield column, row


def _path(dots: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Every dot on the straight lines between neighbouring dots."""
    for (column, row), (next_column, next_row) in pairwise(dots):
        length = max(abs(next_column - column), abs(next_row - row), 1)
        for i in range(length + 1):
            yield column + round(i * (next_column - column) / length), row + round(i * (next_row - row) / length)
