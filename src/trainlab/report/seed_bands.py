"""A picture of several settings: validation accuracy and loss over the epochs, with bands over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Literal

from trainlab.atomic import write_atomically
from trainlab.errors import InputError
from trainlab.experiments.comparison import Comparison, MeasuredSetting
from trainlab.report.panel import add_panel, epoch_ticks
from trainlab.report.style import DOTS_PER_INCH, FONT_SIZE, INK, MUTED, east_asian_fonts, house_style, write_title
from trainlab.words import Words, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind can tell apart; lines and markers tell them apart in grey.
LOOKS: tuple[tuple[str, Literal["-", "--", "-.", ":"]], ...] = (
    ("#0072B2", "-"),
    ("#E69F00", "--"),
    ("#009E73", "-."),
    ("#CC79A7", ":"),
    ("#56B4E9", "-"),
    ("#D55E00", "--"),
)
MOST_CURVES = len(LOOKS)
WIDTH, PANEL_HEIGHT, LEGEND_LINE = 9.0, 2.4, 0.2  # inches
DIVERGED = 30
"""Losses so many times the median of all are left out of the picture's range: nothing else could be seen."""


@dataclass(frozen=True)
class Band:
    """One figure of one setting over the epochs."""

    epochs: list[int]
    means: list[float]
    stds: list[float]
    """0 where only one seed got so far."""
    counts: list[int]
    """How many seeds got so far."""


def band(setting: MeasuredSetting, part: str, name: str) -> Band:
    """Mean and standard deviation over the seeds that finished, for each epoch that any of them reached.

    Where none has finished, over all of them.
    """
    values: dict[int, list[float]] = {}
    for run in setting.finished or setting.runs:
        for line in run.epochs:
            values.setdefault(line["epoch"], []).append(line[part][name])
    epochs = sorted(values)
    means = [fmean(values[epoch]) for epoch in epochs]
    stds = [stdev(values[epoch]) if len(values[epoch]) > 1 else 0.0 for epoch in epochs]
    return Band(epochs, means, stds, [len(values[epoch]) for epoch in epochs])


def picture_words(say: Words) -> Words:
    """The words themselves where this machine has a font for them, else English ones: a picture of boxes tells nothing.

    Documents have no such trouble: a reader's browser brings its fonts.
    """
    return say if say.language == "en" or east_asian_fonts() else words("en")


def draw_seed_bands(comparison: Comparison, path: Path, say: Words) -> None:
    """Draw a PNG or SVG file. Equal runs give equal bytes with the same version of matplotlib.

    Raises InputError for another ending, or a place that cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise InputError(f"{path} is no picture that can be drawn. Choose a name that ends in .png or .svg.")
    shown = [setting for setting in comparison.settings if setting.finished][:MOST_CURVES]
    left_out = len(comparison.settings) - len(shown)
    title = say("plot.title")
    subtitle = say("plot.some", shown=len(shown), all=len(comparison.settings)) if left_out else say("plot.all")
    metadata = {"Software": None} if kind == "png" else {"Date": None}
    with house_style(title, *(setting.label for setting in shown)):
        figure = _figure(shown, title, subtitle, say)
        write_atomically(
            path,
            lambda file: figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata={**metadata, "Title": title}),
        )


def _figure(shown: Sequence[MeasuredSetting], title: str, subtitle: str, say: Words) -> "Figure":
    from matplotlib.figure import Figure

    bottom = 0.55 + LEGEND_LINE * len(shown)
    figure = Figure(figsize=(WIDTH, bottom + PANEL_HEIGHT + 0.85), dpi=DOTS_PER_INCH, facecolor="white")
    write_title(figure, title, subtitle)
    for name, left in (("accuracy", 0.55), ("loss", 5.0)):
        axes = add_panel(figure, (left, bottom, 3.8, PANEL_HEIGHT), say(f"metric.{name}"), say("report.epoch"))
        _draw(axes, [band(setting, "validation", name) for setting in shown])
    _write_legend(figure, shown, say)
    return figure


def _draw(axes: "Axes", bands: Sequence[Band]) -> None:
    for (colour, line), one in zip(LOOKS, bands, strict=False):
        lower = [mean - std for mean, std in zip(one.means, one.stds, strict=True)]
        upper = [mean + std for mean, std in zip(one.means, one.stds, strict=True)]
        axes.fill_between(one.epochs, lower, upper, color=colour, alpha=0.18, linewidth=0)
        marker = "o" if len(one.epochs) == 1 else None
        if marker is not None:  # a band of one epoch has no width
            axes.errorbar(one.epochs, one.means, yerr=one.stds, color=colour, capsize=3, linewidth=1)
        axes.plot(one.epochs, one.means, color=colour, linestyle=line, linewidth=1.5, marker=marker)
    last = max((one.epochs[-1] for one in bands if one.epochs), default=1)
    axes.set_xticks(epoch_ticks(1, last, most=5))
    values = sorted(value for one in bands for value in one.means if math.isfinite(value))
    if values and values[-1] > DIVERGED * values[len(values) // 2] > 0:
        axes.set_yscale("log")


def _write_legend(figure: "Figure", shown: Sequence[MeasuredSetting], say: Words) -> None:
    from matplotlib.lines import Line2D

    _, height = figure.get_size_inches()
    for row, ((colour, line), setting) in enumerate(zip(LOOKS, shown, strict=False)):
        y = (0.12 + LEGEND_LINE * (len(shown) - 1 - row) + 0.06) / height
        x = 0.55 / WIDTH
        figure.add_artist(Line2D([x, x + 0.035], [y, y], color=colour, linestyle=line, linewidth=2))
        summary = setting.summary("validation_accuracy")
        n = len(setting.finished)
        told = "" if summary is None else say("plot.best", figure=summary.text(), n=n)
        text = f"{setting.label}    {told}"
        figure.text(
            x + 0.045, y, text, fontsize=FONT_SIZE, color=INK if n > 1 else MUTED, va="center", parse_math=False
        )
