"""A sweep on a terminal: a line for each run under way, the best point so far, the time left. Elsewhere, lines."""

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from trainlab.experiments.sweep.snapshot import Running, Snapshot
from trainlab.experiments.sweep.space import settings_text
from trainlab.experiments.sweep.table import Row
from trainlab.training.progress import ProgressMode
from trainlab.training.progress.choose import suitable_mode
from trainlab.training.progress.wording import accuracy_text, countdown_text, duration_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

QUIET_SECONDS = 30.0
"""A plain log says how things stand when nothing has happened for so long."""

BAR = 20
FRAME_SECONDS = 1 / 8


class PlainSweepDisplay:
    """A whole line for each run that ends, and one every half minute in between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said_at = 0.0

    def refresh(self, now: Snapshot) -> None:
        """Says what is under way, when nothing was said for half a minute."""
        if now.seconds - self._said_at >= QUIET_SECONDS and now.running:
            runs = "; ".join(f"{run.text} {run.share:.0%}" for run in now.running)
            self._write(f"{counts_text(now)}  under way: {runs}", now.seconds)

    def run_ended(self, now: Snapshot, row: Row, seconds: float) -> None:
        """Writes the run's line."""
        self._write(
            "  ".join([counts_text(now), *row_parts(row), duration_text(seconds), *standing_parts(now)]), now.seconds
        )

    def note(self, text: str) -> None:
        self._write(text, self._said_at)

    def close(self) -> None:
        """Nothing to restore."""

    def _write(self, line: str, seconds: float) -> None:
        self._said_at = seconds
        with contextlib.suppress(OSError):  # a closed terminal must not end the sweep
            self._stream.write(line + "\n")
            self._stream.flush()


class NoSweepDisplay:
    """Shows nothing."""

    def refresh(self, now: Snapshot) -> None: ...

    def run_ended(self, now: Snapshot, row: Row, seconds: float) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...


class TerminalSweepDisplay:
    """Rewrites the lower part of the terminal; runs that have ended move up as lines that stay."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._live: Live | None = None
        self._drawn_at = -FRAME_SECONDS

    def refresh(self, now: Snapshot) -> None:
        """Draws, eight times a second at most."""
        if now.seconds - self._drawn_at < FRAME_SECONDS:
            return
        self._drawn_at = now.seconds
        self._draw(now)

    def run_ended(self, now: Snapshot, row: Row, seconds: float) -> None:
        """Writes the run's line above the others."""
        self.note("  ".join([counts_text(now), *row_parts(row), duration_text(seconds)]))
        self._draw(now)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, overflow="fold")

    def close(self) -> None:
        """Gives the terminal back with its cursor; what stood there goes, since all that has ended stands above."""
        if self._live is not None:
            from rich.text import Text

            live, self._live = self._live, None
            live.update(Text(""))
            live.stop()

    def _draw(self, now: Snapshot) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="ellipsis")
            self._live.start()
        self._live.update(self._text(now), refresh=True)

    def _text(self, now: Snapshot) -> "Text":
        from rich.text import Text

        text = Text(no_wrap=True, overflow="ellipsis")
        for run in now.running:
            text.append(_bar(run.share), "green")
            text.append(f" {run.share:4.0%}  {run.text}  {_epoch_text(run)}\n")
        text.append("  ".join([counts_text(now), *standing_parts(now)]), "bold")
        return text


def make_sweep_display(
    mode: ProgressMode = "auto", stream: TextIO | None = None, environment: Mapping[str, str] | None = None
) -> PlainSweepDisplay | NoSweepDisplay | TerminalSweepDisplay:
    """The display for a mode of `trainlab.training.progress.make_progress`; a notebook gets plain lines."""
    environment = os.environ if environment is None else environment
    if mode == "none":
        return NoSweepDisplay()
    if mode == "auto":
        mode = suitable_mode(stream, environment)
    stream = sys.stderr if stream is None else stream
    if mode != "rich":
        return PlainSweepDisplay(stream)
    from rich.console import Console

    no_color = bool(environment.get("NO_COLOR"))
    return TerminalSweepDisplay(Console(file=stream, force_terminal=True, no_color=no_color))


def counts_text(now: Snapshot) -> str:
    """``[3/8]``: runs that have ended, of all."""
    width = len(str(now.total))
    return f"[{now.ended:>{width}}/{now.total}]"


def row_parts(row: Row) -> list[str]:
    """A run that has ended: which it was, how it ended."""
    name = settings_text({**row.settings, "seed": row.seed})
    if row.status == "finished" and row.validation_accuracy is not None:
        return [name, f"validation accuracy {accuracy_text(row.validation_accuracy)} (epoch {row.best_epoch})"]
    if row.status == "unfinished":
        return [name, "stopped; what was done is saved"]
    return [name, f"{row.status}: {row.reason}"]


def standing_parts(now: Snapshot) -> list[str]:
    """The best point so far and the time left, as far as they are known."""
    parts = []
    if now.best is not None:
        name = settings_text(now.best.settings)
        parts.append(f"best so far{' ' if name else ''}{name}: {now.best.text}")
    if now.seconds_left is not None and now.ended < now.total:
        parts.append(f"about {countdown_text(now.seconds_left)} left")
    return parts


def _bar(share: float) -> str:
    full = round(BAR * share)
    return "━" * full + "─" * (BAR - full)


def _epoch_text(run: Running) -> str:
    if not run.steps:
        return "starting"
    accuracy = "" if run.accuracy is None else f", validation accuracy {accuracy_text(run.accuracy)}"
    return (
        f"step {run.step:,}/{run.steps:,}, epoch {run.epoch} done{accuracy}"
        if run.epoch
        else f"step {run.step:,}/{run.steps:,}"
    )
