"""The listener behind every progress display: it takes steps cheaply and decides when to draw."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from trainlab.training.events import CheckpointSaved, EpochEnded, Event, RunEnded, RunStarted, StepEnded
from trainlab.training.progress.pace import CHECK_SECONDS, next_stride
from trainlab.training.progress.snapshot import Snapshot
from trainlab.training.progress.tally import Tally

LONG_EPOCH_SECONDS = 1.0
"""After an epoch of at least this length the wait for its validation is worth showing."""


class Display(Protocol):
    """Where and how a run is shown. It draws when it is told to and never looks at the clock."""

    interval: float
    """Least number of seconds between two calls of ``refresh``."""

    def start(self, now: Snapshot) -> None:
        """A run begins; nothing is known yet but its sizes."""

    def refresh(self, now: Snapshot) -> None:
        """Enough time has passed to draw again."""

    def start_validation(self, now: Snapshot) -> None:
        """The last step of a long epoch is done, and the next event may take a while."""

    def end_epoch(self, now: Snapshot, epoch: EpochEnded) -> bool:
        """Called after every epoch, however short; returns whether it drew. ``refresh`` follows if it is due."""

    def end(self, now: Snapshot, ended: RunEnded) -> None:
        """Called once when the run has ended, and followed by ``close``."""

    def close(self) -> None:
        """Leaves the screen as it should stay; called once or more often, also after an exception."""


class Progress:
    """A listener that shows a run on a display.

    Step events arrive 40,000 times a second, so they only gather in a short list; the list is summed up and the
    clock is read once in a stride of steps (`next_stride`), and always after an epoch's last step.

    A display that can no longer be written to (a closed terminal, a full disk under a log) is given up: a run of
    hours must not die of it. Call ``close`` when the training loop is left, or use the listener as a context
    manager, so that the terminal is restored whatever happens.
    """

    def __init__(self, display: Display, clock: Callable[[], float] = time.perf_counter) -> None:
        self._display = display
        self._clock = clock
        self._tally: Tally | None = None
        self._pending: list[StepEnded] = []
        self._pending_limit = 1
        self._stride = 1
        self._checked_at = self._drawn_at = 0.0
        self._is_given_up = False

    def __call__(self, event: Event) -> None:
        """Takes in one event."""
        if type(event) is StepEnded:
            pending = self._pending
            pending.append(event)
            if len(pending) >= self._pending_limit:
                self._check()
        elif type(event) is RunStarted:
            self._start(event)
        elif type(event) is EpochEnded:
            self._end_epoch(event)
        elif type(event) is CheckpointSaved:
            self._pause()
        elif type(event) is RunEnded:
            self._end(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Restores the terminal; safe to call at any time and more than once."""
        self._draw(self._display.close)

    def _start(self, run: RunStarted) -> None:
        self._tally = Tally(run)
        self._pending.clear()
        self._pending_limit = self._stride = 1
        self._draw(self._display.start, self._tally.snapshot())
        self._checked_at = self._drawn_at = self._clock()

    def _check(self) -> None:
        """Sums up the pending steps, reads the clock and draws if it is time to."""
        tally = self._running_tally()
        steps = len(self._pending)
        seconds = self._seconds_since_check()
        tally.add_steps(self._pending, seconds)
        self._pending.clear()
        if steps == self._stride or seconds > CHECK_SECONDS:
            self._stride = next_stride(steps, seconds)
        self._pending_limit = min(self._stride, tally.steps_to_come) or 1
        self._refresh_if_due(tally)
        if tally.steps_to_come == 0 and tally.epoch_seconds >= LONG_EPOCH_SECONDS:
            self._draw(self._display.start_validation, tally.snapshot())

    def _pause(self) -> None:
        """Time between two epochs is no time of steps."""
        tally = self._running_tally()
        if not self._pending and tally.steps_to_come == 0:
            tally.add_pause(self._seconds_since_check())

    def _end_epoch(self, epoch: EpochEnded) -> None:
        tally = self._running_tally()
        self._pause()
        tally.end_epoch(epoch)
        if self._draw(self._display.end_epoch, tally.snapshot(), epoch):
            self._drawn_at = self._checked_at
        self._refresh_if_due(tally)

    def _end(self, ended: RunEnded) -> None:
        if self._tally is None:
            return  # it failed before it began, and whoever reports the failure says so
        if self._pending:
            self._tally.add_steps(self._pending, self._seconds_since_check())
            self._pending.clear()
        self._draw(self._display.end, self._tally.snapshot(), ended)
        self._tally = None
        self.close()

    def _running_tally(self) -> Tally:
        if self._tally is None:
            raise RuntimeError("the progress display got an event before RunStarted; every run must start with it")
        return self._tally

    def _seconds_since_check(self) -> float:
        time_now = self._clock()
        seconds = time_now - self._checked_at
        self._checked_at = time_now
        return seconds

    def _refresh_if_due(self, tally: Tally) -> None:
        if self._checked_at - self._drawn_at >= self._display.interval:
            self._drawn_at = self._checked_at
            self._draw(self._display.refresh, tally.snapshot())

    def _draw(self, draw: Callable[..., object], *arguments: object) -> object:
        if self._is_given_up:
            return None
        try:
            return draw(*arguments)
        except OSError:
            self._is_given_up = True
            return None


class NoProgress:
    """A listener that shows nothing, at next to no cost."""

    def __call__(self, event: Event) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Does nothing."""
