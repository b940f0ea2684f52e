"""The table of the last epochs, with as many columns as there is room for."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trainlab.training.events import EpochEnded
from trainlab.training.progress.wording import accuracy_text, duration_text, learning_rate_text, loss_text


class Column(NamedTuple):
    """A heading, a width in characters and how the column's entry is written."""

    heading: str
    width: int
    text: Callable[[EpochEnded], str]


COLUMNS = (
    Column("epoch", 5, lambda epoch: str(epoch.epoch)),
    Column("train loss", 10, lambda epoch: loss_text(epoch.train.loss)),
    Column("train acc", 9, lambda epoch: accuracy_text(epoch.train.accuracy)),
    Column("valid loss", 10, lambda epoch: loss_text(epoch.validation and epoch.validation.loss)),
    Column("valid acc", 9, lambda epoch: accuracy_text(epoch.validation and epoch.validation.accuracy)),
    Column("lr", 8, lambda epoch: learning_rate_text(epoch.learning_rate)),
    Column("time", 7, lambda epoch: duration_text(epoch.seconds)),
)

LESS_NEEDED = (5, 6, 1, 3, 2)
"""Indices of the columns that go first where room is scarce: learning rate, time, the losses, training accuracy."""

GAP = "  "
BEST_MARK = "best"


def best_and_last(epochs: Sequence[EpochEnded], best: EpochEnded | None, count: int) -> Sequence[EpochEnded]:
    """The last ``count`` epochs; if the best is older, it takes the place of the first of them."""
    last = epochs[-count:]
    if best is None or not last or best.epoch >= last[0].epoch:
        return last
    return [best, *last[1:]]


def columns_for(width: int) -> list[Column]:
    """The columns that fit into ``width`` characters, the mark of the best epoch included; perhaps none."""
    chosen = set(range(len(COLUMNS)))
    for index in (None, *LESS_NEEDED):
        chosen.discard(-1 if index is None else index)
        columns = [COLUMNS[i] for i in sorted(chosen)]
        if table_width(columns) <= width:
            return columns
    return []


def table_width(columns: Sequence[Column]) -> int:
    """Characters that a line of these columns takes, the mark of the best epoch included."""
    return sum(column.width + len(GAP) for column in columns) + len(BEST_MARK)


def heading_text(columns: Sequence[Column]) -> str:
    """The headings, right-aligned over their columns."""
    return GAP.join(column.heading.rjust(column.width) for column in columns)


def row_text(columns: Sequence[Column], epoch: EpochEnded) -> str:
    """The entries of one epoch, right-aligned."""
    return GAP.join(column.text(epoch).rjust(column.width) for column in columns)
