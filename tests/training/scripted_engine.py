"""An engine whose losses are given, so that the loop can be tested without a network."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import NDArray

from trainlab.engines import Batch, State, StepResult
from trainlab.nn import Array


class ScriptedEngine:
    """Returns the given training losses and validation accuracies in order, the last one for ever.

    Its only weight counts the steps, so that checkpoints of different steps differ.
    """

    def __init__(self, losses: Sequence[float] = (1.0,), accuracies: Sequence[float] = (0.5,)) -> None:
        self.losses = list(losses)
        self.accuracies = list(accuracies)
        self.rates: list[float] = []
        self.steps = np.zeros(1)

    @property
    def parameter_count(self) -> int:
        return 1

    def thread_limit(self, threads: int) -> AbstractContextManager[None]:
        return nullcontext()

    def train_step(self, batch: Batch) -> StepResult:
        loss = self.losses[min(int(self.steps[0]), len(self.losses) - 1)]
        self.steps += 1
        return StepResult(loss, 0, len(batch.images))

    def eval_step(self, batch: Batch) -> StepResult:
        accuracy = self.accuracies.pop(0) if len(self.accuracies) > 1 else self.accuracies[0]
        return StepResult(0.25, round(accuracy * len(batch.images)), len(batch.images))

    def predict(self, images: NDArray[np.float32]) -> Array:
        raise AssertionError("training never predicts")

    def set_learning_rate(self, value: float) -> None:
        self.rates.append(value)

    def state(self) -> State:
        return State({"steps": self.steps.copy()}, {})

    def load_state(self, state: State) -> None:
        self.steps[...] = state.model["steps"]
