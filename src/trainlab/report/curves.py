"""The picture of a run: loss, accuracy and learning rate over the epochs, as PNG and as SVG."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from trainlab.atomic import write_atomically
from trainlab.errors import InputError
from trainlab.report.panel import Curve, Look, add_panel, epoch_ticks
from trainlab.report.panel import draw_curves as draw_panel_curves
from trainlab.report.style import DOTS_PER_INCH, house_style, write_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Sizes in inches; the panels stand side by side, each with room for its curves' names on its right.
WIDTH, HEIGHT = 9.0, 3.2
PANEL_BOTTOM, PANEL_HEIGHT = 0.48, 1.95
LOSS_LEFT, ACCURACY_LEFT, PANEL_WIDTH = 0.5, 4.15, 2.05
RATE_LEFT, RATE_WIDTH = 7.76, 1.1

# Okabe and Ito's colours, which the colour-blind can tell apart; in grey, orange is light and blue dark.
TRAIN = Look(colour="#E69F00", text_colour="#8F6200", line="--", marker="s")
VALIDATION = Look(colour="#0072B2", text_colour="#0072B2", line="-", marker="o")
RATE_COLOUR = "#555555"

MOST_RATE_POINTS = 500


def draw_curves(
    metrics: Sequence[Mapping[str, Any]],
    folder: Path,
    title: str,
    learning_rates: Sequence[tuple[float, float]] | None = None,
    note: str = "",
) -> tuple[Path, Path]:
    """Draws ``curves.png`` and ``curves.svg`` in ``folder`` and returns their paths.

    The best epoch (highest validation accuracy, the earliest of equals) is marked. Equal input gives equal bytes with
    the same version of matplotlib. Each file is replaced whole or not at all.

    Args:
        metrics: one mapping an epoch, as in ``metrics.jsonl``: ``epoch``, ``train`` and ``validation`` (each with
            ``loss`` and ``accuracy``) and ``learning_rate``. A value that is None or not finite leaves a gap.
        learning_rates: pairs (position in epochs, learning rate), if it changes within epochs; without them each
            epoch's ``learning_rate`` is drawn.
        note: one more sentence beside the title, such as why the run stopped.

    Raises:
        InputError: there are no epochs, one lacks a figure, or the folder cannot be written to.
    """
    if not metrics:
        raise InputError(
            "there is nothing to draw: no epoch has ended yet. Expected one mapping an epoch, as in metrics.jsonl."
        )
    png, svg = folder / "curves.png", folder / "curves.svg"
    with house_style(title):
        figure = _figure(metrics, title, learning_rates, note)
        write_atomically(png, lambda file: _save(figure, file, "png", {"Software": None, "Title": title}))
        write_atomically(svg, lambda file: _save(figure, file, "svg", {"Date": None, "Title": title}))
    return png, svg


def best_index(accuracies: Sequence[float]) -> int | None:
    """The index of the highest finite accuracy, the first of equals; None if there is none.

    >>> best_index([0.5, 0.9, float("nan"), 0.9])
    1
    """
    finite = [index for index, accuracy in enumerate(accuracies) if math.isfinite(accuracy)]
    return max(finite, key=lambda index: accuracies[index], default=None)


def _save(figure: "Figure", file: BinaryIO, kind: str, metadata: dict[str, str | None]) -> None:
    figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)


def _figure(
    metrics: Sequence[Mapping[str, Any]],
    title: str,
    learning_rates: Sequence[tuple[float, float]] | None,
    note: str,
) -> "Figure":
    from matplotlib.figure import Figure

    epochs = [int(epoch) for epoch in _values(metrics, "epoch")]
    accuracies = _values(metrics, "validation", "accuracy")
    best = best_index(accuracies)
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH, facecolor="white")
    summary = _summary(epochs, accuracies, best)
    write_title(figure, title, f"{summary} · {note}" if note else summary)
    for name, left, best_word in (("loss", LOSS_LEFT, ""), ("accuracy", ACCURACY_LEFT, "best")):
        axes = add_panel(figure, (left, PANEL_BOTTOM, PANEL_WIDTH, PANEL_HEIGHT), name)
        curves = [
            Curve("validation", _values(metrics, "validation", name), VALIDATION),
            Curve("train", _values(metrics, "train", name), TRAIN),  # dashed, so that the other shows through
        ]
        draw_panel_curves(axes, epochs, curves, best, best_word)
    axes = add_panel(figure, (RATE_LEFT, PANEL_BOTTOM, RATE_WIDTH, PANEL_HEIGHT), "learning rate")
    rates = _values(metrics, "learning_rate")
    _draw_rates(axes, learning_rates or list(zip(epochs, rates, strict=True)))
    return figure


def _summary(epochs: Sequence[int], accuracies: Sequence[float], best: int | None) -> str:
    if best is None:
        return "no finite validation accuracy"
    return f"best validation accuracy {accuracies[best]:.4f} in epoch {epochs[best]} of {epochs[-1]}"


def _draw_rates(axes: "Axes", rates: Sequence[tuple[float, float]]) -> None:
    """The learning rate, thinned out to as many points as can be seen."""
    stride = math.ceil(len(rates) / MOST_RATE_POINTS)
    shown = [*rates[:-1:stride], rates[-1]]
    axes.plot(*zip(*shown, strict=True), "-" if len(shown) > 1 else "o", color=RATE_COLOUR, linewidth=1.4, markersize=5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xticks(epoch_ticks(shown[0][0], round(shown[-1][0]), most=3))
    finite = [rate for _, rate in shown if math.isfinite(rate)]
    if finite and min(finite) == max(finite):
        axes.set_ylim(0, 2 * finite[0])
        axes.set_yticks([0, finite[0]])


def _values(metrics: Sequence[Mapping[str, Any]], *keys: str) -> list[float]:
    return [_value(line, keys, position) for position, line in enumerate(metrics, start=1)]


def _value(line: Mapping[str, Any], keys: tuple[str, ...], position: int) -> float:
    """The number under the keys, ``nan`` for None and infinities."""
    value: Any = line
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            raise InputError(
                f"line {position} of the metrics has no '{'.'.join(keys)}'. Expected the lines of a run's "
                "metrics.jsonl; the file may have been cut off or changed: draw it without that line."
            )
        value = value[key]
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"line {position} of the metrics has {value!r} for '{'.'.join(keys)}'. Expected a number.")
    return float(value) if math.isfinite(value) else math.nan
