"""The problem of the ResNet-18 measurements: a preset's training step on bytes in the shape of CIFAR-10."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problem import train
from benchmarks.rounds import Contender, Numbers, agree
from trainlab.data import Batch, Dataset, Split, describe
from trainlab.engines import Engine
from trainlab.errors import RunFailed
from trainlab.experiments import Config, load_preset
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.prepared_data import PreparedData, prepare_data
from trainlab.experiments.thread_count import threads_for
from trainlab.randomness import generator

CIFAR10 = describe("cifar-10")
BATCHES = 16  # of different images: 25 MB of float32 at batch 128, more than a cache holds, as a whole epoch is
FAST_STEPS = 4  # of a round, where a step takes a second: a third of the slow way's, which takes three
SAMPLED_STEPS = 2
SAMPLED_LR = 1e-5
"""Adam's first steps are about lr · sign(gradient): near 0, rounding decides the sign. At the preset's 0.01, two
float32 orders of summation part by a percent in three steps; at 1e-5 they agree to 1e-5, and each step still shows."""
FP32_TOLERANCE = 1e-4
BF16_TOLERANCE = 2e-2


@dataclass(frozen=True)
class ImageProblem:
    """What all contenders begin with."""

    config: Config
    data: PreparedData
    weights: list[NDArray[Any]]
    """Initial parameters and buffers in the order in which the network holds them."""
    threads: int
    """As a run of this configuration would choose."""
    sampled_lr: float = SAMPLED_LR
    """In the steps by which contenders are compared."""

    def batches(self) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Images (N, 3, 32, 32), standardized but not augmented, and labels (N,): all of full size."""
        size, dataset = self.config.batch_size, self.data.dataset
        labels = dataset.labels.astype(np.int64)
        return [
            (self.data.transform(dataset.images[start : start + size]), labels[start : start + size])
            for start in range(0, BATCHES * size, size)
        ]

    def engine(self, overrides: Sequence[str] = ()) -> Engine:
        """Ours, with the initial weights."""
        return build_engine(
            self.config.override(overrides), CIFAR10.image_shape, len(CIFAR10.classes), self.data.sample
        )


def make_image_problem(preset: str, overrides: Sequence[str] = ()) -> ImageProblem:
    """Draw images and initial weights. What images show changes neither the work nor its time."""
    config = load_preset(preset).config.override(["device=cpu", *overrides])
    images = BATCHES * config.batch_size
    dataset = random_images("bytes in CIFAR-10's shape", images + 1)
    data = prepare_data(config, Split(np.arange(images), np.array([images])), dataset)
    engine = build_engine(config, CIFAR10.image_shape, len(CIFAR10.classes), data.sample)
    threads = threads_for(config, CIFAR10.image_shape, len(CIFAR10.classes))
    return ImageProblem(config, data, list(engine.state().model.values()), threads)


def random_images(name: str, count: int) -> Dataset:
    """Bytes (count, 3, 32, 32) at random, and labels of which every class has its share."""
    draw = generator(0, "benchmark images")
    images = draw.integers(0, 256, (count, *CIFAR10.image_shape), dtype=np.uint8)
    labels = draw.permutation(np.arange(count) % len(CIFAR10.classes)).astype(np.uint8)
    return Dataset(name, images, labels, CIFAR10.classes)


def trainlab_training(problem: ImageProblem, steps: int) -> Contender:
    """The public way: `Trainer` with `Loader`, which shuffles, augments and standardizes bytes. Counts images.

    Args:
        steps: of each round.
    """
    engine, size = problem.engine(), problem.config.batch_size

    def run(images: int) -> int:
        return size * train(problem.config, problem.data, engine, math.ceil(images / size))

    def sample() -> Numbers:
        """Losses in float32, which those in the precision of the race have to follow."""
        lr = f"lr={problem.sampled_lr}"
        own = first_losses(problem, [lr], SAMPLED_STEPS)
        expected = first_losses(problem, [lr, "precision=fp32"], SAMPLED_STEPS)
        if not agree(own, expected, BF16_TOLERANCE):
            raise RunFailed(f"trainlab's first losses are {own} in the precision of the race, {expected} in float32")
        return expected

    return Contender(run, sample, engine.thread_limit, [problem.threads], per_round=steps * size)


def first_losses(problem: ImageProblem, overrides: Sequence[str], steps: int) -> Numbers:
    """Of trainlab's first training steps, all on the first batch, so that each step shows in the next loss."""
    engine = problem.engine(overrides)
    images, labels = problem.batches()[0]
    batch = Batch(images, labels.astype(np.uint8))
    with engine.thread_limit(problem.threads):
        return np.array([engine.train_step(batch).loss for _ in range(steps)])
