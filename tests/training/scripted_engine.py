"""An engine whose losses are given, so that the loop can be tested without a network."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.engines import PLAIN, Batch, LateResult, State, StepResult, View
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

    @property
    def surroundings(self) -> dict[str, str]:
        return {"device": "paper", "precision": "exact"}

    def thread_limit(self, threads: int) -> AbstractContextManager[None]:
        return nullcontext()

    def train_step(self, batch: Batch) -> StepResult:
        loss = self.losses[min(int(self.steps[0]), len(self.losses) - 1)]
        self.steps += 1
        return StepResult(loss, 0, len(batch.images))

    @property
    def lag(self) -> int:
        return 0

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        return array

    def begin_step(self, batch: Batch) -> LateResult:
        raise AssertionError("an engine without lag is never asked to begin a step")

    def eval_step(self, batch: Batch, views: Sequence[View] = PLAIN) -> StepResult:
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


class LateScriptedEngine(ScriptedEngine):
    """The same figures, each given away only when two more steps have begun or somebody waits for it."""

    def __init__(self, losses: Sequence[float] = (1.0,), accuracies: Sequence[float] = (0.5,)) -> None:
        super().__init__(losses, accuracies)
        self.most_in_flight = self.in_flight = 0

    @property
    def lag(self) -> int:
        return 2

    def begin_step(self, batch: Batch) -> LateResult:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        result = self.train_step(batch)

        def wait() -> StepResult:
            self.in_flight -= 1
            return result

        return wait

    def state(self) -> State:
        assert self.in_flight == 0, "steps are under way whose figures would be missing from a checkpoint"
        return super().state()
