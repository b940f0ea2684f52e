"""What a report says, apart from how it looks: a title, sections, and in these a few kinds of blocks.

`trainlab.report.telling` makes a `Document` of runs; `html`, `markdown` and `pdf` lay it out. Whoever has more to say
hands in sections of their own, and these stand behind the answer in every format::

    from trainlab.report import write_report
    from trainlab.report.document import Bullets, Cell, Paragraph, Section, Table

    published = Table(
        headings=("learning rate", "ours", "published"),
        rows=(("0.01", Cell("97.72 ± 0.03 %", sorts_by=0.9772, is_best=True), "97.12 %"),),
    )
    section = Section("Beside the published figures", (Paragraph("Mean ± std over 3 seeds."), published))
    write_report(folders, Path("report.html"), language="en", extra=[section])

Texts are plain: each format escapes what it has to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    text: str
    look: Literal["plain", "note"] = "plain"
    """A note is small print: how to read what stands beside it, or why something is missing."""


@dataclass(frozen=True)
class Heading:
    """The beginning of a part of a section."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand one below another."""

    items: Sequence[str]
    look: Literal["plain", "warning"] = "plain"


@dataclass(frozen=True)
class Cell:
    """A cell that says more than its text."""

    text: str
    sorts_by: Any = None
    """None for the text itself."""
    is_best: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings. A text stands for a cell with nothing else to it."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    total: Sequence[str] = ()
    """A last row that sums up."""
    left: Sequence[int] = ()
    """Columns of words, which begin at the left; the others hold numbers."""
    is_sortable: bool = True


@dataclass(frozen=True, eq=False)
class Matrix:
    """A confusion matrix."""

    names: Sequence[str]
    counts: NDArray[np.int64]
    """(K, K): how often class i was taken for class j."""


@dataclass(frozen=True)
class Bars:
    """A bar with a name for each share of 1, and how many it is a share of."""

    rows: Sequence[tuple[str, float, str]]


@dataclass(frozen=True, eq=False)
class Picture:
    """An image."""

    pixels: NDArray[np.uint8]
    """(H, W), (H, W, 3) or (H, W, 4)."""
    told: str
    """What is to be seen, for those who do not see it."""
    width: int = 72
    """How wide it is shown, in CSS pixels (1/96 inch)."""


@dataclass(frozen=True)
class Gallery:
    """Small pictures, each with a label, what it was taken for, and how sure the network was of that."""

    pictures: Sequence[tuple[Picture, str, str, str]]


@dataclass(frozen=True)
class Fact:
    """A value by its name."""

    name: str
    value: str
    look: Literal["plain", "strong", "pale"] = "plain"


@dataclass(frozen=True)
class Facts:
    """Values by their names."""

    facts: Sequence[Fact]
    look: Literal["plain", "columns"] = "plain"


@dataclass(frozen=True)
class Code:
    """Lines as one types them."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Line:
    """One series of a chart with the spread around it."""

    name: str
    look: int
    """Number of its colour and dash, see `trainlab.report.palette`."""
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float] = ()
    """Half the height of the band or interval at each x; empty for none."""
    n: Sequence[int] = ()
    """How many runs each y is the mean of; empty where that is not told."""
    drawn: Literal["line", "dots", "bars"] = "line"
    """Dots show their spread as error bars; a line shows it as a band. Bars are shares of 1 and lie on their side."""


@dataclass(frozen=True)
class Chart:
    """Lines or dots over an axis."""

    title: str
    """What the axis of the values shows: the vertical one, of bars the horizontal one."""
    x_label: str
    lines: Sequence[Line]
    write: Callable[[float], str] = str
    """How a value is written."""
    is_bounded: bool = False
    """Values lie in [0, 1], and so does the axis."""
    x_names: Sequence[str] = ()
    """For an axis of names: x = 0 is the first of them."""
    x_is_log: bool = False
    can_zoom: bool = False
    """Whether a range of the axis, which holds whole numbers, may be looked at alone."""
    width: int = 440
    height: int = 270


@dataclass(frozen=True)
class Charts:
    """Charts side by side, with a legend of (name, look) for all of them. Those that can be zoomed do so together."""

    charts: Sequence[Chart]
    legend: Sequence[tuple[str, int]] = ()


Block = Paragraph | Heading | Bullets | Table | Matrix | Bars | Picture | Gallery | Facts | Code | Charts


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Part:
    """What is said of the runs on one data set: question, answer, and the sections that show it."""

    title: str
    question: str
    answer: Sequence[str]
    sections: Sequence[Section]


@dataclass(frozen=True)
class Document:
    """The whole report."""

    language: str
    title: str
    opening: Sequence[str]
    """Why there are several parts; empty where there is one, which has the document's title."""
    extra: Sequence[Section]
    """A caller's sections, which stand before several parts; of a single part they are the first sections."""
    parts: Sequence[Part]
