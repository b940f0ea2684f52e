"""tinygrad: forward, backward and update captured by its ``TinyJit``, on the CPU."""

import itertools
import os
import shutil
from contextlib import nullcontext
from typing import Any

import numpy as np

from benchmarks.problem import Problem
from benchmarks.rivals import import_rival
from benchmarks.rounds import CORES, Contender, stepwise


def jitted(problem: Problem) -> Contender:
    """One captured step over tensors that lie ready; tinygrad decides about threads itself."""
    tinygrad = import_rival("tinygrad")
    compiler = os.environ.get("CC", "clang")
    if shutil.which(compiler) is None:
        raise ImportError(f"tinygrad compiles its kernels with {compiler}, which is not installed")

    def tensor(array: Any) -> Any:
        return tinygrad.Tensor(array, device="CPU").realize()

    weights = [tensor(weight) for weight in problem.weights.values()]
    weight_1, bias_1, weight_2, bias_2 = weights
    rate = problem.config.lr

    @tinygrad.TinyJit  # type: ignore[untyped-decorator]
    def captured(images: Any, labels: Any) -> Any:
        scores = (images @ weight_1.T + bias_1).relu() @ weight_2.T + bias_2
        loss = scores.sparse_categorical_crossentropy(labels)
        gradients = loss.gradient(*weights)
        updates = [weight.assign(weight - rate * gradient) for weight, gradient in zip(weights, gradients, strict=True)]
        return loss.realize(*updates)

    def step(images: Any, labels: Any) -> float:
        loss: float = captured(images, labels).item()
        return loss

    def run(steps: int) -> int:
        for images, labels in itertools.islice(itertools.cycle(batches), steps):
            loss = captured(images, labels)
        loss.item()  # waits for all that was queued
        return steps

    batches = [(tensor(images), tensor(labels.astype(np.int32))) for images, labels in problem.batches()[:500]]
    sample = stepwise(step, batches, nullcontext).sample
    return Contender(run, sample, nullcontext, [CORES])
