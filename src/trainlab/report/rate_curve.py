"""The picture of a learning-rate range test: the loss of each seed over the rate, and what it suggests."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from trainlab.atomic import write_atomically
from trainlab.experiments.rate_test import RateCurve, RateTest
from trainlab.report.panel import add_panel
from trainlab.report.style import DOTS_PER_INCH, FONT_SIZE, INK, MUTED, PALE, house_style, write_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.4, 3.8  # inches
PANEL = (0.55, 0.5, 5.6, 2.5)
COLOUR, SUGGESTED = "#0072B2", "#009E73"
LINES = ("-", "--", ":", "-.")


def draw_rate_test(test: RateTest, path: Path, title: str) -> Path:
    """Draws a PNG at ``path`` and returns the path. Equal input gives equal bytes with the same version of matplotlib.

    Thin: the loss of each batch. Thick: smoothed, one line a seed, with a dot where it is lowest. Green: the suggestion
    of all seeds together, and the span of those of single seeds.

    Raises InputError when the folder cannot be written to.
    """
    with house_style(title):
        figure = _figure(test, title)
        metadata = {"Software": None, "Title": title}
        write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata=metadata))
    return path


def _figure(test: RateTest, title: str) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH, facecolor="white")
    middle = test.suggestion
    subtitle = "no rate is suggested: the loss hardly fell" if middle is None else f"try a rate near {middle:.2g}"
    write_title(figure, title, f"{subtitle} · {len(test.curves)} seed{'s' if len(test.curves) > 1 else ''}")
    axes = add_panel(figure, PANEL, "loss of a batch")
    axes.set_xscale("log")
    axes.set_xlabel("learning rate", fontsize=FONT_SIZE, color=MUTED, labelpad=2)
    for position, curve in enumerate(test.curves):
        _draw_curve(axes, curve, LINES[position % len(LINES)])
    if middle is not None:
        found = test.suggestions
        axes.axvspan(found[0], found[-1], color=SUGGESTED, alpha=0.2, linewidth=0)
        axes.axvline(middle, color=SUGGESTED, linewidth=1.2)
    first = max(curve.smoothed[0] for curve in test.curves)
    axes.set_ylim(0, 1.5 * first)
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles=handles, loc="lower left", fontsize=FONT_SIZE - 0.5, frameon=False, labelcolor=INK)
    return figure


def _draw_curve(axes: "Axes", curve: RateCurve, line: str) -> None:
    axes.plot(curve.rates, curve.losses, "-", color=PALE, linewidth=0.4, zorder=1)
    axes.plot(curve.rates, curve.smoothed, line, color=COLOUR, linewidth=1.4, label=f"seed {curve.seed}, smoothed")
    lowest = curve.lowest
    if curve.has_learned and math.isfinite(curve.smoothed[lowest]):
        axes.plot([curve.rates[lowest]], [curve.smoothed[lowest]], "o", color=COLOUR, markersize=4)
