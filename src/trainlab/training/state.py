"""Where a training run stands: everything between two steps that is not in the engine."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from trainlab.engines import StepResult
from trainlab.training.events import Metrics


@dataclass
class RunningMean:
    """Loss and accuracy over images: a batch weighs as much as it has images, or as much as they weigh."""

    loss_sum: float = 0.0
    correct: float = 0
    size: float = 0

    def add(self, result: StepResult) -> None:
        self.loss_sum += result.loss * result.size
        self.correct += result.correct
        self.size += result.size

    def metrics(self) -> Metrics:
        if self.size == 0:
            raise ValueError("no batch was counted, so there is no mean")
        return Metrics(self.loss_sum / self.size, self.correct / self.size)


@dataclass(frozen=True)
class EpochRecord:
    """The figures of one finished epoch."""

    epoch: int
    train: Metrics
    validation: Metrics | None


@dataclass
class TrainingState:
    """Saved in every checkpoint, so that a resumed run continues in the middle of an epoch."""

    step: int = 0
    """Finished steps since the start of the run."""
    epoch: int = 0
    """Finished epochs."""
    step_in_epoch: int = 0
    """Finished steps of the epoch that is under way."""
    running: RunningMean = field(default_factory=RunningMean)
    """Training loss and accuracy of the epoch that is under way."""
    best: EpochRecord | None = None
    last: EpochRecord | None = None
    seconds: float = 0.0
    """Time spent by all processes that worked on this run."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        records = {name: None if values[name] is None else _record(values[name]) for name in ("best", "last")}
        return cls(**{**values, **records, "running": RunningMean(**values["running"])})


def _record(values: dict[str, Any]) -> EpochRecord:
    train, validation = (None if values[part] is None else Metrics(*values[part]) for part in ("train", "validation"))
    assert train is not None
    return EpochRecord(values["epoch"], train, validation)
