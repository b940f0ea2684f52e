"""What a display shows: the state of a run at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.training.events import EpochEnded, Metrics, RunStarted


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a run at one moment, gathered from its events.

    ``epochs`` is the listener's own list and grows later: a display reads it at once and does not keep it.
    """

    run: RunStarted
    epoch: int
    """The epoch of the latest step, from 1."""
    step: int
    """Finished steps since the very start of the run."""
    train: Metrics | None
    """Means over this epoch so far; None before the first step."""
    learning_rate: float | None
    """Of the latest step."""
    pace: float | None
    """Steps a second over the last few seconds, pauses for validation left out; None before it is known."""
    epoch_pace: float | None
    """Steps a second over this epoch."""
    seconds_left: float | None
    """Until the last epoch ends, validations included; None before it is known."""
    epochs: Sequence[EpochEnded]
    """Those that ended in this process, oldest first."""
    best: EpochEnded | None
    losses: Sequence[tuple[int, float]]
    """Points (step, mean loss of the steps up to it) of the first epoch of this process."""

    @property
    def step_in_epoch(self) -> int:
        """Steps of this epoch that are done, from 0 to ``run.steps_per_epoch``."""
        return min(max(0, self.step - (self.epoch - 1) * self.run.steps_per_epoch), self.run.steps_per_epoch)

    @property
    def is_validating(self) -> bool:
        """All steps of the epoch are done, but the epoch has not ended yet."""
        epoch_has_ended = bool(self.epochs) and self.epochs[-1].epoch >= self.epoch
        return self.step_in_epoch == self.run.steps_per_epoch and not epoch_has_ended


def seconds_left(
    run: RunStarted, step: int, epochs_done: int, pace: float | None, pause_seconds: float
) -> float | None:
    """Time until the last epoch ends: ``steps to come / pace + epochs to come · pause_seconds``.

    ``pause_seconds`` is the time between two epochs, for validation and saving.

    >>> run = RunStarted("run", 10, 100, 32, 3200, 800, 1000, first_step=0)
    >>> seconds_left(run, step=300, epochs_done=3, pace=50.0, pause_seconds=2.0)
    28.0
    """
    if not pace:
        return None
    steps_to_come = max(0, run.epochs * run.steps_per_epoch - step)
    epochs_to_come = max(0, run.epochs - epochs_done)
    return steps_to_come / pace + epochs_to_come * pause_seconds
