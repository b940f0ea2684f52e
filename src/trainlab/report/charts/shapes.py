"""What a drawing is made of, in a frame of ``chart.width`` × ``chart.height`` units, y downwards."""

from dataclasses import dataclass
from typing import Literal

from trainlab.report.charts.scale import Scale
from trainlab.report.document import Chart

RIGHT, TOP, BOTTOM = 12, 10, 40
INSET = 8
"""How far from the frame the first and last value of x stand."""
LETTER = 6.2
"""How wide a letter of a tick is, on average."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points, with gaps between the pieces."""

    pieces: tuple[tuple[Point, ...], ...]
    kind: Literal["grid", "line", "whisker"]
    look: int = 0


@dataclass(frozen=True)
class Area:
    """A band."""

    outline: tuple[Point, ...]
    look: int


@dataclass(frozen=True)
class Dot:
    place: Point
    look: int


@dataclass(frozen=True)
class Text:
    """A tick's value or an axis's name."""

    place: Point
    text: str
    kind: Literal["tick x", "tick y", "axis"]
    anchor: Literal["start", "middle", "end"]
    is_upright: bool = False
    """Written from below to above."""


@dataclass(frozen=True)
class Drawing:
    """A chart's shapes, those behind others first."""

    chart: Chart
    frame: tuple[float, float, float, float]
    """Left, top, width and height of what lies between the axes."""
    axes: tuple[Stroke | Text, ...]
    series: tuple[Area | Stroke | Dot, ...]
    x: Scale
    y: Scale
    stops: tuple[tuple[float, tuple[str, ...]], ...]
    """Places on the horizontal axis, and what is to be read there."""


def shortened(name: str, most: int) -> str:
    """At most so many letters of a name, at least one.

    >>> shortened("momentum", 8), shortened("momentum", 5)
    ('momentum', 'mome…')
    """
    return name if len(name) <= most else name[: max(1, most - 1)] + "…"


def tenth(value: float) -> float:
    """Rounded to a tenth, so that each format has to write it only."""
    return round(value, 1)
