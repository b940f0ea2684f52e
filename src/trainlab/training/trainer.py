"""The training loop: steps, epochs, validation, checkpoints. What is shown or logged is up to its listeners."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.engines import PLAIN, Batch, Engine, Group, LateEngine, LateResult, StepResult, View
from trainlab.errors import InputError
from trainlab.optim import Schedule
from trainlab.training.batches import Batches
from trainlab.training.checkpoint import Checkpoint, CheckpointFolder
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


@dataclass(frozen=True)
class Plan:
    """How long to train and when to save."""

    name: str
    epochs: int
    lr: float
    """The learning rate that the schedule's factor multiplies."""
    schedule: Schedule
    patience: int = 0
    """Stop after so many epochs without a better validation accuracy; 0 never does."""
    checkpoint_steps: int = 0
    """Save after so many steps, besides every epoch; 0 does not."""
    checkpoint_seconds: float = 0.0
    """Save when so many seconds have passed since the last checkpoint; 0 does not."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: Status
    state: TrainingState
    reason: str


@dataclass
class Trainer:
    """Trains an engine on batches, validates after each epoch, and tells its listeners what happens.

    Args:
        engine: computes.
        train_batches: the training part, shuffled anew in each epoch.
        validation_batches: the validation part; None validates nothing.
        plan: how long, and when to save.
        listeners: called with every event, in this order.
        checkpoints: where to save; None saves nothing.
        state: where to begin; a checkpoint's when a run is resumed.
        parameters: how many numbers the model learns, for the listeners.
        computes_on: what the engine computes on, likewise.
        extra: put into every checkpoint.
        group: the processes that train together. In each of them a trainer takes the same steps and comes to the same
            decisions, since the figures are those of all; process 0 alone needs listeners and checkpoints.
        judge: asked after every epoch but the last, and by a resume that begins there: a reason ends the run with
            status "pruned", "" lets it go on.

    After any step a run can be stopped (`request_stop`) or killed, and resumed from its last checkpoint: bit for bit,
    but for operations of a GPU that add up in another order each time.

    Raises InputError for a plan with patience where nothing validates.
    """

    engine: Engine
    train_batches: Batches
    validation_batches: Batches | None
    plan: Plan
    listeners: Sequence[Listener] = ()
    checkpoints: CheckpointFolder | None = None
    state: TrainingState = field(default_factory=TrainingState)
    parameters: int = 0
    computes_on: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    group: Group = field(default_factory=Group)
    judge: Callable[[], str] = lambda: ""
    clock: Callable[[], float] = time.perf_counter

    def __post_init__(self) -> None:
        if self.plan.patience and self.validation_batches is None:
            raise InputError(
                f"patience = {self.plan.patience} waits for a better validation accuracy, and there are no validation "
                "batches. Set some images aside, or leave patience out."
            )
        self._late: deque[tuple[LateResult, float]] = deque()
        self._started = self._last_saved = self._epoch_started = self.clock() - self.state.seconds

    def request_stop(self) -> None:
        """Finish the step under way (and in a group perhaps one more), save, and end with status "interrupted"."""
        self.group.request_stop()

    def run(self) -> Outcome:
        """Train to the end of the plan, or until something stops it."""
        self._begin()
        status: Status = "finished"
        reason = "all epochs are done"
        # An overflow shows in the loss, which is checked after every step; NumPy need not warn of it as well.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while self.state.epoch < self.plan.epochs:
                if early := self._early_end():
                    status, reason = early
                    break
                problem = self._train_epoch() or self._end_epoch()
                if problem:
                    status, reason = "diverged", problem
                    break
                if self.group.is_stopping and self.state.epoch < self.plan.epochs:
                    status, reason = "interrupted", f"stopped after step {self.state.step}"
                    break
        self.state.seconds = self.clock() - self._started
        self._emit(RunEnded(status, self.state.step, self.state.epoch, self.state.seconds, reason))
        return Outcome(status, self.state, reason)

    # ------------------------------------------------------------ the parts of a run, in order

    def _begin(self) -> None:
        self._started = self.clock() - self.state.seconds
        self._epoch_started = self._last_saved = self.clock()
        self._emit(
            RunStarted(
                name=self.plan.name,
                epochs=self.plan.epochs,
                steps_per_epoch=self.train_batches.steps_per_epoch,
                batch_size=self.train_batches.batch_size,
                train_size=self.train_batches.size,
                validation_size=0 if self.validation_batches is None else self.validation_batches.size,
                parameters=self.parameters,
                first_step=self.state.step,
                computes_on=self.computes_on,
            )
        )
        if self.state.step == 0:
            self._save()  # so that a run killed before its first epoch ends can be resumed as well

    def _train_epoch(self) -> str | None:
        """One pass over the training part, or what is left of it. Returns what went wrong, if anything did."""
        state, engine, plan = self.state, self.engine, self.plan
        late = engine if isinstance(engine, LateEngine) and engine.lag else None
        started = state.step
        for batch in self.train_batches.epoch(state.epoch + 1, first_step=state.step_in_epoch):
            learning_rate = plan.lr * plan.schedule(started)
            engine.set_learning_rate(learning_rate)
            started += 1
            if late is None:
                problem = self._note(engine.train_step(batch), learning_rate)
            else:
                self._late.append((late.begin_step(batch), learning_rate))
                problem = self._read_results(late.lag)
            if problem:
                return problem
            if self.group.is_stopping or self._is_checkpoint_due(started):
                problem = self._read_results(0)
                if problem:
                    return problem
                self._save()
                if self.group.is_stopping:
                    break
        return self._read_results(0)

    def _read_results(self, lag: int) -> str | None:
        """Note the results of all but the last ``lag`` steps; wait for them where a GPU is still at work."""
        problem = None
        while len(self._late) > lag and not problem:
            result, learning_rate = self._late.popleft()
            problem = self._note(result(), learning_rate)
        return problem

    def _note(self, result: StepResult, learning_rate: float) -> str | None:
        """Count a step and tell the listeners. Returns what went wrong, if anything did."""
        state, epoch = self.state, self.state.epoch + 1
        if not math.isfinite(result.loss):
            return f"the training loss became {result.loss} in step {state.step + 1} (epoch {epoch})"
        state.step += 1
        state.step_in_epoch += 1
        state.running.add(result)
        self._emit(StepEnded(state.step, epoch, result.loss, result.correct, result.size, learning_rate))
        return None

    def _end_epoch(self) -> str | None:
        """Validate, note the figures and save, when the epoch is complete. Returns what went wrong, if anything did."""
        state = self.state
        if state.step_in_epoch < self.train_batches.steps_per_epoch:
            return None  # interrupted
        validation, is_best = None, False
        if self.validation_batches is not None:
            validation = evaluate(self.engine, self.validation_batches.epoch(0), self.group)
            if not math.isfinite(validation.loss):
                return f"the validation loss became {validation.loss} after epoch {state.epoch + 1}"
            best = None if state.best is None else state.best.validation
            is_best = best is None or validation.accuracy > best.accuracy
        record = EpochRecord(state.epoch + 1, state.running.metrics(), validation)
        now = self.clock()
        self._emit(
            EpochEnded(
                epoch=record.epoch,
                step=state.step,
                train=record.train,
                validation=validation,
                learning_rate=self.plan.lr * self.plan.schedule(state.step - 1),
                seconds=now - self._epoch_started,
                is_best=is_best,
            )
        )
        self._epoch_started = now
        state.epoch, state.step_in_epoch, state.running = record.epoch, 0, RunningMean()
        state.last = record
        state.best = record if is_best else state.best
        self._save(is_best=is_best)
        return None

    def _early_end(self) -> tuple[Status, str] | None:
        """Whether the run ends between two epochs, and why."""
        state, patience = self.state, self.plan.patience
        if state.epoch == 0 or state.step_in_epoch:
            return None
        if patience and state.best and state.epoch - state.best.epoch >= patience:
            return "finished", f"no better validation accuracy for {patience} epochs"
        reason = self.judge()
        return ("pruned", reason) if reason else None

    # ------------------------------------------------------------ saving and telling

    def _is_checkpoint_due(self, step: int) -> bool:
        plan = self.plan
        if plan.checkpoint_steps and step % plan.checkpoint_steps == 0:
            return True
        return plan.checkpoint_seconds > 0 and self.clock() - self._last_saved >= plan.checkpoint_seconds

    def _save(self, *, is_best: bool = False) -> None:
        if self.checkpoints is None:
            return
        self.state.seconds = self.clock() - self._started
        path: Path = self.checkpoints.save(Checkpoint(self.engine.state(), self.state, self.extra), is_best=is_best)
        self._last_saved = self.clock()
        self._emit(CheckpointSaved(self.state.step, path))

    def _emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)


def evaluate(
    engine: Engine, batches: Iterable[Batch], group: Group | None = None, *, views: Sequence[View] = PLAIN
) -> Metrics:
    """Mean loss and accuracy over all batches; nothing is trained.

    Args:
        group: the processes that have a part of each batch; the figures are those of all images.
        views: how each image is shown, see `Engine.eval_step`.
    """
    mean = RunningMean()
    for batch in batches:
        if len(batch.labels):
            mean.add(engine.eval_step(batch, views))
    loss_sum, correct, size = (group or Group()).totals([mean.loss_sum, mean.correct, mean.size])
    return RunningMean(loss_sum, correct, size).metrics()
