"""How far a sweep is, for those who show it."""

from dataclasses import dataclass
from typing import Any

from trainlab.experiments.sweep.folder import RunKey
from trainlab.experiments.sweep.table import PointScore


@dataclass
class Running:
    """A run under way: what its worker has told so far."""

    key: RunKey
    text: str
    started: float = 0.0
    step: int = 0
    steps: int = 0
    """Of the whole run; 0 while it is not known."""
    epoch: int = 0
    """Finished ones."""
    accuracy: float | None = None
    """On the validation part, after the last epoch."""
    failure: str = ""
    has_stopped: bool = False
    """The worker has saved and ended before the last epoch."""

    def take(self, values: dict[str, Any]) -> None:
        """Note what a worker's line says."""
        self.step = values.get("step", self.step)
        self.steps = values.get("steps", self.steps)
        self.epoch = values.get("epoch", self.epoch)
        self.accuracy = values.get("accuracy", self.accuracy)
        self.failure = values.get("failed", self.failure)
        self.has_stopped = self.has_stopped or values.get("ended") == "interrupted"

    @property
    def share(self) -> float:
        """Of its steps that are done, in [0, 1]."""
        return self.step / self.steps if self.steps else 0.0


@dataclass(frozen=True)
class Snapshot:
    """The whole sweep at one moment."""

    ended: int
    """Runs that finished, diverged, were pruned or failed."""
    total: int
    ended_before: int
    """Those of them that had ended when this process began."""
    running: list[Running]
    best: PointScore | None
    """Among the points whose every seed has finished."""
    seconds: float
    """Since this process began."""

    @property
    def seconds_left(self) -> float | None:
        """As if every run took as long; None at the beginning."""
        done = self.ended - self.ended_before + sum(running.share for running in self.running)
        left = self.total - self.ended - sum(running.share for running in self.running)
        return self.seconds * left / done if done >= 0.1 else None
