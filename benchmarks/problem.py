"""The one problem of all speed measurements: 784-128-10 on real MNIST, plain SGD with lr 0.001, float32."""

import math
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.rounds import SAMPLED_STEPS, Contender, Numbers
from trainlab.data import Batch, Loader
from trainlab.engines import Engine, NumpyEngine
from trainlab.experiments import Config
from trainlab.experiments.assemble import build_numpy_engine, build_schedule
from trainlab.experiments.prepared_data import PreparedData, prepare_data
from trainlab.experiments.thread_count import thread_count
from trainlab.nn import Array
from trainlab.nn.blas import thread_limit
from trainlab.training import Plan, Trainer

CLASSES = 10
PRELOADED_IMAGES = 12_800  # 40 MB of float32: more than the caches hold, as a whole epoch is


@dataclass(frozen=True)
class Problem:
    """What all contenders begin with."""

    config: Config
    data: PreparedData
    images: NDArray[np.float32]
    """(n, 784), transformed and in memory, which trainlab's own loader does not get."""
    labels: NDArray[np.int64]
    """(n,)"""
    weights: dict[str, Array]
    """1.weight, 1.bias, 3.weight, 3.bias: also the names in a PyTorch ``Sequential(Flatten, Linear, ReLU, Linear)``."""

    threads: int
    """For trainlab's matrix products, as a run of this configuration would choose."""

    def batches(self) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Images (N, 784) and labels (N,), all batches of full size."""
        size = self.config.batch_size
        steps = len(self.images) // size
        whole = steps * size
        return list(
            zip(self.images[:whole].reshape(steps, size, -1), self.labels[:whole].reshape(steps, size), strict=True)
        )

    def first_batches(self) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Those of the steps by which contenders are compared."""
        return list(islice(cycle(self.batches()), SAMPLED_STEPS))

    def engine(self) -> NumpyEngine:
        """Ours, with the initial weights."""
        return build_numpy_engine(self.config, self.data.dataset.image_shape, CLASSES)


def make_problem(batch_size: int) -> Problem:
    """Read MNIST and draw the initial weights."""
    config = Config(hidden=(128,), optimizer="sgd", lr=0.001, batch_size=batch_size, transform="unit")
    data = prepare_data(config)
    chosen = data.split.train[:PRELOADED_IMAGES]
    images = data.transform(data.dataset.images[chosen]).reshape(len(chosen), -1)
    labels = data.dataset.labels[chosen].astype(np.int64)
    engine = build_numpy_engine(config, data.dataset.image_shape, CLASSES)
    threads = thread_count(config, 2 * engine.parameter_count)
    return Problem(config, data, images, labels, engine.model.state_dict(), threads)


def trainlab_training(problem: Problem) -> Contender:
    """The public way: a `Trainer` runs epochs, its `Loader` shuffles and transforms bytes; nobody listens."""
    engine = problem.engine()

    def run(steps: int) -> int:
        return train(problem.config, problem.data, engine, steps)

    def sample() -> Numbers:
        fresh = problem.engine()
        shape = problem.data.dataset.image_shape
        losses = [
            fresh.train_step(Batch(images.reshape(-1, *shape), labels.astype(np.uint8))).loss
            for images, labels in problem.first_batches()
        ]
        return np.array(losses)

    return Contender(run, sample, thread_limit)


def train(config: Config, data: PreparedData, engine: Engine, steps: int) -> int:
    """Train for about so many steps through `make_trainer`; returns how many."""
    return make_trainer(config, data, engine, steps).run().state.step


def make_trainer(config: Config, data: PreparedData, engine: Engine, steps: int) -> Trainer:
    """A `Trainer` for about so many steps, in whole epochs of at most the training part.

    The validation that ends each epoch is of a single image, so that the time is that of the training steps.
    """
    images = max(config.batch_size, min(steps * config.batch_size, len(data.split.train)))
    batches = Loader(
        data.dataset,
        data.split.train[:images],
        config.batch_size,
        data.transform,
        config.seed,
        shuffle=True,
        augment=data.train_batches.augment,
        ahead=data.train_batches.ahead,
    )
    single = Loader(data.dataset, data.split.validation[:1], 1, data.transform, config.seed, shuffle=False)
    epochs = math.ceil(steps / batches.steps_per_epoch)
    schedule = build_schedule(config, batches.steps_per_epoch)
    return Trainer(engine, batches, single, Plan("benchmark", epochs, config.lr, schedule))
