"""One training loop, one stream of events."""

from trainlab.training.batches import Batches
from trainlab.training.checkpoint import Checkpoint, CheckpointError, CheckpointFolder
from trainlab.training.events import (
    CheckpointSaved,
    EpochEnded,
    Event,
    Listener,
    Metrics,
    RunEnded,
    RunStarted,
    Status,
    StepEnded,
)
from trainlab.training.state import EpochRecord, RunningMean, TrainingState
from trainlab.training.trainer import Outcome, Plan, Trainer, evaluate

__all__ = [
    "Batches",
    "Checkpoint",
    "CheckpointError",
    "CheckpointFolder",
    "CheckpointSaved",
    "EpochEnded",
    "EpochRecord",
    "Event",
    "Listener",
    "Metrics",
    "Outcome",
    "Plan",
    "RunEnded",
    "RunStarted",
    "RunningMean",
    "Status",
    "StepEnded",
    "Trainer",
    "TrainingState",
    "evaluate",
]
