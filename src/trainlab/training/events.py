"""What happens during training, as typed, immutable events.

`Trainer` emits them in order; progress display, run folder and TensorBoard files are listeners, and the loop
knows none of them. An event is a plain tuple of values, so that emitting 40,000 steps a second costs little.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

Status = Literal["finished", "diverged", "interrupted", "pruned"]


class Metrics(NamedTuple):
    """Means over a set of images, each weighing the same whatever the batch size was, or as much as its weight says."""

    loss: float
    accuracy: float
    """Fraction in [0, 1]."""


class RunStarted(NamedTuple):
    """Emitted once before the first step, also when a run is resumed (then ``first_step`` > 0)."""

    name: str
    epochs: int
    steps_per_epoch: int
    batch_size: int
    train_size: int
    validation_size: int
    parameters: int
    first_step: int
    """Steps that were already done when this process started; 0 for a fresh run."""
    computes_on: str = ""
    """Device and number format, where there is a choice."""


class StepEnded(NamedTuple):
    """One batch was trained on. ``step`` counts finished steps since the very start of the run, from 1."""

    step: int
    epoch: int
    loss: float
    """Mean over the batch."""
    correct: float
    size: float
    """Images, or the sum of their weights; ``correct`` likewise."""
    learning_rate: float


class EpochEnded(NamedTuple):
    """One pass over the training part and one over the validation part, if any, are done. ``epoch`` counts from 1."""

    epoch: int
    step: int
    train: Metrics
    """Accumulated while the weights were changing: it lags behind a fresh pass."""
    validation: Metrics | None
    """None where nothing validates; then no epoch is the best."""
    learning_rate: float
    """Of the epoch's last step."""
    seconds: float
    """Spent in this epoch by this process, validation included."""
    is_best: bool
    """Validation accuracy is the highest so far (a tie keeps the earlier epoch)."""


class CheckpointSaved(NamedTuple):
    """Everything up to ``step`` is on disk and survives a power cut."""

    step: int
    path: Path


class RunEnded(NamedTuple):
    """The last event of this process, whatever the reason."""

    status: Status
    step: int
    epoch: int
    """Last finished epoch."""
    seconds: float
    """Since the run's very start, processes before a resume included."""
    reason: str
    """One sentence for people, such as "loss became nan at step 12"."""


Event = RunStarted | StepEnded | EpochEnded | CheckpointSaved | RunEnded
Listener = Callable[[Event], None]
