"""Progress in a notebook: one output that updates, as HTML with a bar, a small curve and the last epochs."""

import importlib
from html import escape
from typing import Protocol

from trainlab.training.events import EpochEnded, RunEnded
from trainlab.training.progress.chart import Chart, Curve, chart_of
from trainlab.training.progress.snapshot import Snapshot
from trainlab.training.progress.table import COLUMNS, best_and_last
from trainlab.training.progress.wording import (
    accuracy_text,
    countdown_text,
    headline_parts,
    learning_rate_text,
    loss_text,
    outcome_parts,
    pace_text,
)

TABLE_ROWS = 8
PLOT_WIDTH, PLOT_HEIGHT = 420, 120
LEFT, TOP = 50, 22
COLOURS = {True: "#0072B2", False: "#E69F00"}
"""Of validation and of training: two of the Okabe-Ito colours, which the colour-blind can tell apart."""


class DisplayHandle(Protocol):
    """What `IPython.display.display` returns."""

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        """Puts new content in the place of the old."""


class NotebookDisplay:
    """Updates one output cell; several runs one after the other get one each."""

    interval = 0.5

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def start(self, now: Snapshot) -> None:
        """Makes the output."""
        ipython_display = importlib.import_module("IPython.display")
        self._handle = ipython_display.display(_bundle(now), raw=True, display_id=True)

    def refresh(self, now: Snapshot) -> None:
        """Updates the output."""
        if self._handle is not None:
            self._handle.update(_bundle(now), raw=True)

    def start_validation(self, now: Snapshot) -> None:
        """Says that validation goes on."""
        self.refresh(now)

    def end_epoch(self, now: Snapshot, epoch: EpochEnded) -> bool:
        """Leaves it to ``refresh``: an epoch can be shorter than the time that a browser needs."""
        return False

    def end(self, now: Snapshot, ended: RunEnded) -> None:
        """Writes how it ended in the place of the bar."""
        if self._handle is not None:
            self._handle.update(_bundle(now, ended), raw=True)

    def close(self) -> None:
        """Leaves the output as it is."""
        self._handle = None


def _bundle(now: Snapshot, ended: RunEnded | None = None) -> dict[str, str]:
    return {"text/html": page(now, ended), "text/plain": " · ".join(_state_parts(now, ended))}


def page(now: Snapshot, ended: RunEnded | None = None) -> str:
    """The HTML of the output; colours of text and lines follow the notebook's theme.

    Everything that a user can name is escaped.
    """
    name, *sizes = headline_parts(now.run)
    state = escape(" · ".join(_state_parts(now, ended)))
    bar = ""
    if ended is None:
        bar = f'<progress value="{now.step_in_epoch}" max="{now.run.steps_per_epoch}" style="width:20em"></progress> '
    chart = chart_of(now)
    return (
        '<div style="line-height:1.6">'
        f"<div><b>{escape(name)}</b> · {escape(' · '.join(sizes))}</div>"
        f"<div>{bar}{state}</div>"
        f'<div style="display:flex;flex-wrap:wrap;gap:2em;align-items:center">'
        f"{_plot(chart) if chart else ''}{_table(now) if now.epochs else ''}</div></div>"
    )


def _state_parts(now: Snapshot, ended: RunEnded | None) -> list[str]:
    if ended is not None:
        return outcome_parts(now.run, ended, now.best)
    parts = [f"epoch {now.epoch}/{now.run.epochs}"]
    if now.is_validating:
        parts.append("validating")
    else:
        parts.append(f"step {now.step_in_epoch:,}/{now.run.steps_per_epoch:,}")
    if now.train is not None and now.learning_rate is not None:
        parts += [
            f"train loss {loss_text(now.train.loss)}",
            f"accuracy {accuracy_text(now.train.accuracy)}",
            f"learning rate {learning_rate_text(now.learning_rate)}",
            pace_text(now.pace),
        ]
    if now.seconds_left is not None:
        parts.append(f"{countdown_text(now.seconds_left)} left")
    return parts


def _table(now: Snapshot) -> str:
    headings = "".join(f"<th>{column.heading}</th>" for column in COLUMNS)
    rows = []
    for epoch in best_and_last(now.epochs, now.best, TABLE_ROWS):
        is_best = now.best is not None and epoch.epoch == now.best.epoch
        cells = "".join(f"<td>{column.text(epoch)}</td>" for column in COLUMNS)
        rows.append(f'<tr style="font-weight:bold">{cells}<td>best</td></tr>' if is_best else f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{headings}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _plot(chart: Chart) -> str:
    right, bottom = LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT
    y_low, y_high = chart.y_labels
    x_low, x_high = (f"{end:,}" for end in chart.x_range)
    names = "".join(
        f'<tspan fill="{COLOURS[curve.is_validation]}" dx="10">{"———" if curve.is_solid else "- - -"} '
        f"{curve.name} {curve.latest}</tspan>"
        for curve in reversed(chart.curves)
    )
    texts = [
        _svg_text(LEFT, 12, "start", chart.title + names),
        _svg_text(LEFT - 6, TOP + 8, "end", y_high),
        _svg_text(LEFT - 6, bottom, "end", y_low),
        _svg_text(LEFT, bottom + 16, "start", x_low),
        _svg_text((LEFT + right) / 2, bottom + 16, "middle", chart.x_name),
        _svg_text(right, bottom + 16, "end", x_high),
    ]
    axes = f'<path d="M{LEFT} {TOP}V{bottom + 2}H{right}" stroke="currentColor" fill="none" opacity="0.4"/>'
    curves = "".join(_svg_curve(curve, chart) for curve in chart.curves)
    return (
        f'<svg width="{right + 10}" height="{bottom + 22}" role="img" aria-label="{chart.title}">'
        f"{''.join(texts)}{axes}{curves}</svg>"
    )


def _svg_text(x: float, y: float, anchor: str, content: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="11" fill="currentColor">{content}</text>'


def _svg_curve(curve: Curve, chart: Chart) -> str:
    (x_low, x_high), (y_low, y_high) = chart.x_range, chart.y_range
    x_scale = PLOT_WIDTH / (x_high - x_low)
    y_scale = PLOT_HEIGHT / (y_high - y_low)
    points = " ".join(f"{LEFT + x_scale * (x - x_low):.1f},{TOP + y_scale * (y_high - y):.1f}" for x, y in curve.points)
    dashes = "" if curve.is_solid else ' stroke-dasharray="5 3"'
    colour = COLOURS[curve.is_validation]
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
