"""Figures as Markdown: how a number, a spread, a verdict and a table are written."""

import math
from collections.abc import Sequence

from benchmarks.figures import Spread, Target, mean_and_deviation


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table; all columns but the first are aligned to the right.

    >>> table(["what", "n"], [["a|b", "7"]])
    ['| what | n |', '| :--- | ---: |', '| a\\\\|b | 7 |']
    """
    marks = [":---"] + ["---:"] * (len(columns) - 1)
    return [_row(columns), _row(marks), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def number(value: float, unit: str = "") -> str:
    """Three digits, or all digits of a large number, and its unit.

    >>> number(21345.6), number(131.44), number(2.3456), number(0.0912, " s"), number(math.inf, " s")
    ('21,346', '131', '2.35', '0.0912 s', 'never')
    """
    if math.isinf(value):
        return "never"
    if abs(value) >= 100:
        return f"{value:,.0f}{unit}"
    return f"{value:#.3g}".removesuffix(".") + unit


def with_spread(spread: Spread, unit: str = "") -> str:
    """Median, then smallest and largest.

    >>> with_spread(Spread(2.0, 1.5, 2.25, 7), "×")
    '2.00× (1.50–2.25)'
    """
    return f"{number(spread.median, unit)} ({number(spread.low)}–{number(spread.high)})"


def over_seeds(accuracies: Sequence[float]) -> str:
    """Mean ± standard deviation in percent; of a single run there is none, and of no run there is nothing to say.

    >>> over_seeds([0.92, 0.94]), over_seeds([0.9399]), over_seeds([])
    ('93.00% ± 1.41%', '93.99%', '–')
    """
    if not accuracies:
        return "–"
    mean, deviation = mean_and_deviation(accuracies)
    return f"{mean:.2%}" + (f" ± {deviation:.2%}" if len(accuracies) > 1 else "")


def verdicts(median: float, target: Target | None, unit: str, *, smaller_is_better: bool = False) -> list[str]:
    """Two cells: what was promised and what was hoped for, each with ✓ or ✗.

    >>> verdicts(7.0, {"at_least": 5, "aim": 10}, "×")
    ['5× ✓', '10× ✗']
    >>> verdicts(2.0, {"at_least": 3, "aim": 1.5}, " s", smaller_is_better=True)
    ['3 s ✓', '1.5 s ✗']
    """
    if target is None:
        return ["", ""]
    bounds = (target["at_least"], target["aim"])
    met = [median <= bound if smaller_is_better else median >= bound for bound in bounds]
    return [f"{bound:g}{unit} {'✓' if good else '✗'}" for bound, good in zip(bounds, met, strict=True)]
