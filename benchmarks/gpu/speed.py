"""How fast a training step is, and what share of the device's peak it takes."""

from collections import deque
from typing import Any

import numpy as np
import torch

from benchmarks.figures import spread
from benchmarks.gpu.amounts import Amounts
from benchmarks.gpu.clock import milliseconds
from benchmarks.image_problem import make_image_problem
from trainlab.data import Batch
from trainlab.engines import LateEngine, LateResult
from trainlab.experiments.assemble import summarize_network

PRESET = "cifar10-lab1"  # ResNet-18
BACKWARD = 3  # a training step costs three forward passes: one forward, two backward


def peak(device: torch.device, amounts: Amounts) -> dict[str, Any]:
    """TFLOP/s of the product of two large square matrices in bfloat16: what no training step can exceed."""
    side = amounts.matrix
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    times = milliseconds(lambda: a @ b, device, warm_up=amounts.warm_up, times=amounts.times)
    values = [2 * side**3 / time / 1e9 for time in times]
    return {"matrix": side, "TFLOP/s": spread(values)._asdict()}


def step(batch_size: int, device: torch.device, amounts: Amounts, peak_tflops: float) -> dict[str, Any]:
    """A training step of ResNet-18 as `Trainer` takes it: some steps ahead of the GPU, in whose memory the batch is."""
    problem = make_image_problem(PRESET, [*amounts.overrides, f"device={device.type}", f"batch_size={batch_size}"])
    images, labels = problem.batches()[0]
    engine = problem.engine()
    assert isinstance(engine, LateEngine)
    batch = Batch(engine.place(images), engine.place(labels.astype(np.uint8)))
    late: deque[LateResult] = deque()

    def take() -> None:
        late.append(engine.begin_step(batch))
        if len(late) > engine.lag:
            late.popleft()()

    with engine.thread_limit(problem.threads):
        times = milliseconds(take, device, warm_up=amounts.warm_up, times=amounts.times)
    layers = summarize_network(problem.config, images.shape[1:], len(problem.data.dataset.classes))
    tflop = BACKWARD * batch_size * sum(layer.flops for layer in layers) / 1e12
    return {
        "batch_size": batch_size,
        "ms": spread(times)._asdict(),
        "images/s": spread([batch_size / time * 1e3 for time in times])._asdict(),
        "share of peak": spread([tflop / time * 1e3 / peak_tflops for time in times])._asdict(),
    }
