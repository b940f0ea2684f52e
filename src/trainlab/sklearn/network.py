"""The network inside an estimator: an engine, what it was built from, and how it travels to another process."""

import math
import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainlab.data import ArrayLoader
from trainlab.engines import Engine, State
from trainlab.errors import InputError, RunFailed
from trainlab.experiments import Config
from trainlab.experiments.assemble import FloatType, build_engine, build_schedule
from trainlab.experiments.prepared_data import EVALUATION_BATCH, SAMPLE
from trainlab.experiments.thread_count import threads_for
from trainlab.nn import Array
from trainlab.training import EpochEnded, EpochRecord, Event, Plan, Trainer, TrainingState
from trainlab.training.progress import make_progress


class Samples(NamedTuple):
    """What there is to learn from."""

    inputs: Array
    """(N, F)"""
    labels: NDArray[np.int64]
    """(N,) in [0, K)"""
    weights: Array | None = None
    """(N,) at least 0; None: all count alike."""

    def at(self, chosen: NDArray[Any]) -> "Samples":
        """Those at some indices, or where an array of booleans is true."""
        return Samples(self.inputs[chosen], self.labels[chosen], None if self.weights is None else self.weights[chosen])

    def that_count(self) -> "Samples":
        """Those whose weight is not 0: a batch of others would have no mean loss."""
        return self if self.weights is None or self.weights.all() else self.at(self.weights > 0)


class Network:
    """Trains on arrays and predicts. A pickle of it holds arrays and settings, from which an engine is built again.

    Arguments:
        config: all settings.
        shape: channels, height and width of a sample.
        classes: number of scores.
        dtype: of samples, weights and probabilities.
        samples: (N, F), from which networks compute their first weights that do so; None where weights will be loaded.
    """

    def __init__(
        self,
        config: Config,
        shape: tuple[int, int, int],
        classes: int,
        dtype: FloatType,
        samples: Array | None = None,
    ) -> None:
        self.config = config
        self.shape = shape
        self.classes = classes
        self.dtype = dtype
        self.training = TrainingState()
        sample = None if samples is None else lambda: self._inputs(samples[:SAMPLE])
        self.engine: Engine = build_engine(config, shape, classes, sample, dtype=dtype)
        self.threads = config.threads or int(min(threads_for(config, shape, classes), _allowed_threads()))

    def begin_from(self, other: "Network") -> None:
        """Take another network's weights, but nothing of its optimizer's memory.

        Raises:
            InputError: it has another shape.
        """
        try:
            self.engine.load_state(State(other.engine.state().model, self.engine.state().optimizer))
        except ValueError as error:
            raise InputError(f"warm_start goes on with weights of the same network, but {error}") from error

    def train(
        self,
        train: Samples,
        validation: Samples | None,
        config: Config,
        verbose: bool,
    ) -> list[EpochRecord]:
        """Train as many epochs as ``config`` says; with validation, the best epoch's weights are kept, or the last's.

        Raises:
            RunFailed: the loss is no longer a finite number.
        """
        batches = self._batches(train, config.batch_size, shuffle=True)
        validation_batches = None if validation is None else self._batches(validation, EVALUATION_BATCH, shuffle=False)
        best, records = _Best(self.engine), []

        def note(event: Event) -> None:
            if isinstance(event, EpochEnded):
                records.append(EpochRecord(event.epoch, event.train, event.validation))

        plan = Plan(
            name="NetworkClassifier",
            epochs=self.training.epoch + config.epochs,
            lr=config.lr,
            schedule=build_schedule(config, batches.steps_per_epoch),
            patience=0 if validation is None else config.patience,
        )
        with ExitStack() as opened:
            opened.enter_context(self.engine.thread_limit(self.threads))
            progress = make_progress("auto" if verbose else "none")
            opened.callback(progress.close)
            trainer = Trainer(
                self.engine,
                batches,
                validation_batches,
                plan,
                listeners=[note, best, progress],
                state=self.training,
                parameters=self.engine.parameter_count,
            )
            outcome = trainer.run()
        if outcome.status == "diverged":
            raise RunFailed(
                f"{outcome.reason}. Features of very different sizes or a large lr do that: put a StandardScaler in "
                f"front, or lower lr = {config.lr:g}."
            )
        if config.keep == "best":
            best.restore()
        return records

    def probabilities(self, samples: Array) -> Array:
        """(N, F) → (N, K)."""
        inputs, size = self._inputs(samples), EVALUATION_BATCH
        return np.concatenate([self.engine.predict(inputs[at : at + size]) for at in range(0, len(inputs), size)])

    def _inputs(self, samples: Array) -> Array:
        """Rows as the network takes them: an MLP flattens its input anyway."""
        samples = samples.astype(self.dtype, copy=False)
        return samples if self.config.model == "mlp" else samples.reshape(len(samples), *self.shape)

    def _batches(self, samples: Samples, batch_size: int, shuffle: bool) -> ArrayLoader:
        size = min(batch_size, len(samples.labels))
        inputs, labels, weights = samples
        return ArrayLoader(self._inputs(inputs), labels, size, self.config.seed, shuffle, weights)

    # ------------------------------------------------------------ pickle, copy

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "engine": self.engine.state()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self.engine = build_engine(self.config, self.shape, self.classes, dtype=self.dtype)
        self.engine.load_state(state["engine"])


class _Best:
    """A listener of `Trainer` that remembers the best epoch's weights, where epochs are validated."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.state: State | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded) and event.is_best:
            self.state = self.engine.state()

    def restore(self) -> None:
        if self.state is not None:
            self.engine.load_state(self.state)


def _allowed_threads() -> float:
    """joblib tells its processes by this variable how many threads each may use; without it all may be used."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) else math.inf
