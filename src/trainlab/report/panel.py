"""One panel of a picture: curves over epochs with their names beside them and the best epoch marked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from trainlab.report.placement import free_place, spread
from trainlab.report.style import FONT_SIZE, INK, MUTED, PALE, WARNING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MARKED_EPOCHS = 20
"""With more epochs than this, markers would hide the line."""

LOG_SCALE_RATIO = 30
"""Losses this many times the median are those of a diverging run: a linear axis would show nothing else."""

POINTS_PER_INCH = 72
Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How a curve is told from others: by colour, and without colours by line and marker."""

    colour: str
    text_colour: str
    line: str
    marker: str


@dataclass(frozen=True)
class Curve:
    """One line of a panel; ``nan`` where a value is missing or not finite."""

    name: str
    values: Sequence[float]
    look: Look


def add_panel(figure: "Figure", inches: tuple[float, float, float, float], name: str, x_label: str = "epoch") -> "Axes":
    """Axes at (left, bottom, width, height), with no more ink than needed."""
    width, height = figure.get_size_inches()
    left, bottom, panel_width, panel_height = inches
    axes = figure.add_axes((left / width, bottom / height, panel_width / width, panel_height / height))
    _write_heading(axes, name)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    axes.tick_params(labelsize=FONT_SIZE - 0.5, color=PALE, labelcolor=MUTED, length=3)
    axes.set_xlabel(x_label, fontsize=FONT_SIZE, color=MUTED, labelpad=2)
    return axes


def _write_heading(axes: "Axes", heading: str) -> None:
    axes.set_title(heading, loc="left", fontsize=FONT_SIZE + 0.5, color=INK, pad=6)


def epoch_ticks(first: float, last: float, most: int) -> list[int]:
    """Whole numbers from first to last, ``most`` + 1 or fewer: multiples of 1, 2, 5, 10, … and the first where it fits.

    >>> epoch_ticks(1, 50, most=5), epoch_ticks(1, 10, most=5), epoch_ticks(1, 1, most=5)
    ([1, 10, 20, 30, 40, 50], [2, 4, 6, 8, 10], [1])
    """
    steps = (factor * 10**power for power in range(12) for factor in (1, 2, 5))
    step = next(step for step in steps if (last - first) / step <= most)
    ticks = [tick for tick in range(0, math.floor(last) + 1, step) if tick >= first]
    start = math.ceil(first)
    if not ticks or ticks[0] - start > 0.7 * step:
        ticks.insert(0, start)
    return ticks


def draw_curves(
    axes: "Axes", epochs: Sequence[int], curves: Sequence[Curve], best: int | None, best_word: str = ""
) -> None:
    """Draws the curves, their names and last values on the right, and a ring around the first curve at ``best``.

    ``best`` is an index into ``epochs``. Its value is written beside the ring after ``best_word``; without that word it
    is left out where the curve's name shows it already. Later curves lie on top.
    """
    for curve in curves:
        _draw_line(axes, epochs, curve)
    axes.set_xticks(epoch_ticks(epochs[0], epochs[-1], most=5))
    _set_limits(axes, epochs, [value for curve in curves for value in curve.values if math.isfinite(value)])
    _write_names(axes, epochs, curves)
    _note_gaps(axes, epochs, curves)
    if best is not None and math.isfinite(curves[0].values[best]):
        _mark_best(axes, epochs, curves, best, best_word)


def _draw_line(axes: "Axes", epochs: Sequence[int], curve: Curve) -> None:
    look = curve.look
    is_marked = len(epochs) <= MOST_MARKED_EPOCHS
    axes.plot(epochs, curve.values, look.line, color=look.colour, linewidth=1.6, solid_capstyle="round")
    finite = [math.isfinite(value) for value in curve.values]
    marked = [
        i
        for i, is_finite in enumerate(finite)
        if is_finite and (is_marked or not any(finite[max(0, i - 1) : i] + finite[i + 1 : i + 2]))
    ]
    if marked:
        axes.plot(
            [epochs[i] for i in marked],
            [curve.values[i] for i in marked],
            look.marker,
            color=look.colour,
            markersize=3.6 if len(epochs) > 1 else 6,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )


def _set_limits(axes: "Axes", epochs: Sequence[int], values: Sequence[float]) -> None:
    first, last = epochs[0], epochs[-1]
    margin = 0.03 * (last - first) if last > first else 0.5
    axes.set_xlim(first - margin, last + margin)
    if not values:
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    if low > 0 and high > LOG_SCALE_RATIO * median(values):
        axes.set_yscale("log")
        _write_heading(axes, f"{axes.get_title(loc='left')} (log)")
        axes.tick_params(which="minor", color=PALE, length=2)
        axes.set_ylim(low / 1.5, high * 1.5)
        return
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    axes.set_ylim(low - margin, high + margin)


def _in_points(axes: "Axes", points: Sequence[Point]) -> list[Point]:
    """The places of data points in points (1/72 inch) from the lower left corner of the axes."""
    width, height = _size_in_points(axes)
    to_axes = axes.transData - axes.transAxes
    return [(float(x) * width, float(y) * height) for x, y in to_axes.transform(list(points))] if points else []


def _size_in_points(axes: "Axes") -> Point:
    box = axes.get_position()
    figure = axes.get_figure(root=True)
    width, height = figure.get_size_inches() if figure is not None else (0.0, 0.0)
    return box.width * width * POINTS_PER_INCH, box.height * height * POINTS_PER_INCH


def _finite_points(epochs: Sequence[int], curve: Curve) -> list[Point]:
    return [(epoch, value) for epoch, value in zip(epochs, curve.values, strict=True) if math.isfinite(value)]


def value_text(value: float) -> str:
    """Four decimals where they say something.

    >>> value_text(0.98123), value_text(8000.0), value_text(3.2e9)
    ('0.9812', '8,000', '3.2e+09')
    """
    if abs(value) < 10:
        return f"{value:.4f}"
    return f"{value:,.0f}" if abs(value) < 1e5 else f"{value:.1e}"


def _write_names(axes: "Axes", epochs: Sequence[int], curves: Sequence[Curve]) -> None:
    """Each name stands where its curve ends, moved as far as needed to keep them apart."""
    width, height = _size_in_points(axes)
    named = [(curve, _finite_points(epochs, curve)) for curve in curves]
    named = [(curve, points) for curve, points in named if points]
    ends = [_in_points(axes, points[-1:])[0][1] for _, points in named]
    for (curve, points), end in zip(named, spread(ends, gap=FONT_SIZE + 2, top=height), strict=True):
        axes.annotate(
            f"{curve.name} {value_text(points[-1][1])}",
            xy=(0, 0),
            xycoords="axes points",
            xytext=(width + 5, end),
            textcoords="axes points",
            va="center",
            fontsize=FONT_SIZE,
            color=curve.look.text_colour,
            annotation_clip=False,
        )


def _note_gaps(axes: "Axes", epochs: Sequence[int], curves: Sequence[Curve]) -> None:
    """Says from which epoch on values are missing or not finite, if any are."""
    broken = [
        epoch for curve in curves for epoch, value in zip(epochs, curve.values, strict=True) if not math.isfinite(value)
    ]
    if broken:
        axes.text(
            1.0,
            1.0,
            f"not finite in epoch {min(broken)}",
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            fontsize=FONT_SIZE - 1,
            color=WARNING,
            style="italic",
        )


def _mark_best(axes: "Axes", epochs: Sequence[int], curves: Sequence[Curve], best: int, best_word: str) -> None:
    curve = curves[0]
    point = (epochs[best], curve.values[best])
    if len(epochs) > 1:
        axes.axvline(point[0], color=PALE, linewidth=0.8, zorder=0)
    axes.plot(*point, "o", markersize=7.5, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.1, zorder=5)
    if not best_word and best == len(epochs) - 1:
        return
    label = f"{best_word} {value_text(point[1])}".strip()
    size = (0.6 * FONT_SIZE * len(label), 1.2 * FONT_SIZE)  # a little more than these letters take
    taken = [place for other in curves for place in _dense(_in_points(axes, _finite_points(epochs, other)))]
    box = free_place(_in_points(axes, [point])[0], size, taken, _size_in_points(axes), distance=7)
    axes.annotate(
        label,
        xy=(0, 0),
        xycoords="axes points",
        xytext=(box.left + box.width / 2, box.bottom + box.height / 2),
        textcoords="axes points",
        ha="center",
        va="center",
        fontsize=FONT_SIZE,
        color=INK,
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
    )


def _dense(points: Sequence[Point]) -> list[Point]:
    """Points no farther than two from each other along the lines between the given ones."""
    dense = list(points[:1])
    for (x, y), (next_x, next_y) in pairwise(points):
        parts = max(1, math.ceil(math.hypot(next_x - x, next_y - y) / 2))
        dense += [(x + i * (next_x - x) / parts, y + i * (next_y - y) / parts) for i in range(1, parts + 1)]
    return dense
