"""How fast is batch normalization of images on NumPy? Forward and backward, against PyTorch."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.convolution import (
    BATCH,
    CHANNELS_FIRST,
    CHANNELS_LAST,
    SAMPLED,
    SHAPES,
    both_passes,
    channels_innermost,
    layer_contender,
)
from benchmarks.figures import Comparison, Result, Target
from benchmarks.rivals import import_rival
from benchmarks.rivals.pytorch import torch_threads
from benchmarks.rounds import CORES, Contender, compare
from benchmarks.size import Size
from trainlab.nn import Array, BatchNorm2d
from trainlab.nn.parallel import thread_limit
from trainlab.randomness import generator

TARGETS: dict[str, Target] = {
    CHANNELS_FIRST: {"at_least": 0.67, "aim": 1},
    CHANNELS_LAST: {"at_least": 0.67, "aim": 1},
}


def measure(size: Size, shapes: Sequence[tuple[int, int]] = SHAPES, batch: int = BATCH) -> Result:
    """Race `BatchNorm2d` against PyTorch's, one shape after the other."""
    return {
        "question": "How fast is BatchNorm2d in training, forward and backward? "
        f"(as in ResNet-18 on CIFAR-10, batch size {batch}, float32, {min(2, CORES)} threads)",
        "parts": [_race(channels, side, batch, size) for channels, side in shapes],
        "notes": [
            "One step is the output, the running statistics, and the gradients of the input, the weight and the bias. "
            "Images lie in memory as each contender keeps them between layers: trainlab and PyTorch's second form with "
            "the channels innermost.",
            f"Before timing, {SAMPLED} entries of each result had to agree with trainlab's.",
        ],
    }


def _race(channels: int, side: int, batch: int, size: Size) -> Comparison:
    draw = generator(0, "benchmark of batch normalization", channels)
    x, grad_output = (draw.standard_normal((batch, channels, side, side), dtype=np.float32) for _ in range(2))
    return compare(
        f"{channels} channels, {side}×{side} pixels",
        "images/s",
        ("trainlab, BatchNorm2d", trainlab_batch_norm(x, grad_output)),
        {
            CHANNELS_FIRST: partial(pytorch, x, grad_output, channels_last=False),
            CHANNELS_LAST: partial(pytorch, x, grad_output, channels_last=True),
        },
        TARGETS,
        size.rounds,
        size.seconds,
    )


def trainlab_batch_norm(x: Array, grad_output: Array) -> Contender:
    step = both_passes(BatchNorm2d(x.shape[1]), channels_innermost(x), channels_innermost(grad_output))
    return layer_contender(step, len(x), thread_limit)


def pytorch(x: Array, grad_output: Array, channels_last: bool) -> Contender:
    torch = import_rival("torch")
    layout = torch.channels_last if channels_last else torch.contiguous_format
    images, upstream = (torch.from_numpy(array).clone(memory_format=layout) for array in (x, grad_output))
    layer = torch.nn.BatchNorm2d(x.shape[1])
    learned = [images.requires_grad_(), *layer.parameters()]

    def step() -> tuple[Any, ...]:
        y = layer(images)
        return (y.detach(), *torch.autograd.grad(y, learned, upstream))

    return layer_contender(step, len(x), torch_threads)
