"""Progress for logs: one line an epoch, and one every half minute within a long epoch."""

from typing import TextIO

from trainlab.training.events import EpochEnded, RunEnded
from trainlab.training.progress.snapshot import Snapshot
from trainlab.training.progress.wording import (
    accuracy_text,
    count_text,
    countdown_text,
    duration_text,
    headline_parts,
    learning_rate_text,
    loss_text,
    outcome_parts,
    pace_text,
)


class PlainDisplay:
    """Writes whole lines without colours or control characters, and flushes each."""

    interval = 30.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, now: Snapshot) -> None:
        """Says what runs."""
        plan = f"{count_text(now.run.epochs, 'epoch')} of {count_text(now.run.steps_per_epoch, 'step')}"
        name, *sizes = headline_parts(now.run)
        self._write(f"{name}: {', '.join([*sizes, plan])}")

    def refresh(self, now: Snapshot) -> None:
        """Says how far a long epoch has come."""
        if now.train is None or now.learning_rate is None or now.is_validating:
            return
        steps = now.run.steps_per_epoch
        parts = [
            _epoch_text(now),
            f"step {now.step_in_epoch:,}/{steps:,} ({now.step_in_epoch / steps:.0%})",
            f"loss {loss_text(now.train.loss)} acc {accuracy_text(now.train.accuracy)}",
            f"lr {learning_rate_text(now.learning_rate)}",
            pace_text(now.pace),
        ]
        if now.seconds_left is not None:
            parts.append(f"{countdown_text(now.seconds_left)} left")
        self._write("  ".join(parts))

    def start_validation(self, now: Snapshot) -> None:
        """Writes nothing: the epoch's line follows."""

    def end_epoch(self, now: Snapshot, epoch: EpochEnded) -> bool:
        """Writes the epoch's line."""
        parts = [
            _epoch_text(now),
            f"train loss {loss_text(epoch.train.loss)} acc {accuracy_text(epoch.train.accuracy)}",
            f"lr {learning_rate_text(epoch.learning_rate)}",
            pace_text(now.epoch_pace),
            duration_text(epoch.seconds),
        ]
        if epoch.validation is not None:
            loss, accuracy = epoch.validation
            parts.insert(2, f"valid loss {loss_text(loss)} acc {accuracy_text(accuracy)}")
        if epoch.is_best:
            parts.append("best")
        self._write("  ".join(parts))
        return True

    def end(self, now: Snapshot, ended: RunEnded) -> None:
        """Says how it ended."""
        self._write(f"{now.run.name}: {'; '.join(outcome_parts(now.run, ended, now.best))}")

    def close(self) -> None:
        """Nothing to restore."""

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def _epoch_text(now: Snapshot) -> str:
    digits = len(str(now.run.epochs))
    return f"epoch {now.epoch:>{digits}}/{now.run.epochs}"
