"""How fast is a 3×3 convolution on NumPy? Forward and backward, against PyTorch and against the usual im2col."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Comparison, Result, Target
from benchmarks.rivals import import_rival
from benchmarks.rivals.pytorch import torch_threads
from benchmarks.rounds import CORES, Contender, Numbers, compare
from benchmarks.size import Size
from benchmarks.whole_batch import WHOLE_BATCH
from trainlab.nn import Array, Conv2d, Module
from trainlab.nn.blas import thread_limit
from trainlab.nn.images import channels_first, channels_last
from trainlab.randomness import generator

SHAPES = ((64, 32), (128, 16), (256, 8), (512, 4))
"""Channels and side of the images in the four stages of ResNet-18 on CIFAR-10."""
BATCH = 128
CHANNELS_FIRST = "PyTorch fp32, channels first"
CHANNELS_LAST = "PyTorch fp32, channels last"
TARGETS: dict[str, Target] = {
    CHANNELS_FIRST: {"at_least": 0.67, "aim": 1},
    CHANNELS_LAST: {"at_least": 0.67, "aim": 1},
    **{name: {"at_least": 3, "aim": 6} for name in WHOLE_BATCH},
}
SAMPLED = 1000  # entries of each result


@dataclass(frozen=True, eq=False)
class Problem:
    """Random images, weights and upstream gradient; how large the numbers are changes neither the work nor its time."""

    x: NDArray[np.float32]
    weight: NDArray[np.float32]
    grad_output: NDArray[np.float32]


def make_problem(channels: int, side: int, batch: int) -> Problem:
    draw = generator(0, "benchmark of convolution", channels)
    shapes = [(batch, channels, side, side), (channels, channels, 3, 3), (batch, channels, side, side)]
    return Problem(*(draw.standard_normal(shape, dtype=np.float32) for shape in shapes))


def measure(size: Size, shapes: Sequence[tuple[int, int]] = SHAPES, batch: int = BATCH) -> Result:
    """Race `Conv2d` against the rivals, one shape after the other."""
    return {
        "question": "How fast is a 3×3 convolution, forward and backward? "
        f"(as in ResNet-18 on CIFAR-10, batch size {batch}, float32, {min(2, CORES)} threads)",
        "parts": [_race(channels, side, batch, size) for channels, side in shapes],
        "notes": [
            "One step is the output, and all gradients: of the input, the weight and the bias. Images lie in memory as "
            "each contender keeps them between layers: trainlab and PyTorch's second form with the channels innermost.",
            f"Before timing, {SAMPLED} entries of each result had to agree with trainlab's.",
        ],
    }


def _race(channels: int, side: int, batch: int, size: Size) -> Comparison:
    problem = make_problem(channels, side, batch)
    return compare(
        f"{channels} channels, {side}×{side} pixels",
        "images/s",
        ("trainlab, Conv2d", trainlab_conv2d(problem)),
        {
            CHANNELS_FIRST: partial(pytorch, problem, channels_last=False),
            CHANNELS_LAST: partial(pytorch, problem, channels_last=True),
            **{name: partial(whole_batch, problem, name) for name in WHOLE_BATCH},
        },
        TARGETS,
        size.rounds,
        size.seconds,
    )


def trainlab_conv2d(problem: Problem) -> Contender:
    x, grad_output = map(channels_innermost, (problem.x, problem.grad_output))
    return layer_contender(both_passes(_layer(problem), x, grad_output), len(x), thread_limit)


def channels_innermost(images: Array) -> Array:
    """Images (N, C, H, W) as trainlab keeps them between layers of many channels."""
    return channels_first(np.ascontiguousarray(channels_last(images)))


def _layer(problem: Problem) -> Conv2d:
    channels = len(problem.weight)
    layer = Conv2d(channels, channels, 3, padding=1, rng=generator(0, "replaced"))
    layer.load_state_dict({"weight": problem.weight, "bias": np.zeros(channels, np.float32)})
    return layer


def both_passes(layer: Module, x: Array, grad_output: Array) -> Callable[[], tuple[Any, ...]]:
    """A step of a layer of ours: its output, and the gradients of its input and its parameters."""

    def step() -> tuple[Any, ...]:
        layer.zero_grad()
        y = layer.forward(x)
        grad_input = layer.backward(grad_output)
        return y, grad_input, *(parameter.grad for parameter in layer.parameters())

    return step


def pytorch(problem: Problem, channels_last: bool) -> Contender:
    torch = import_rival("torch")
    layout = torch.channels_last if channels_last else torch.contiguous_format
    tensors = (problem.x, problem.weight, problem.grad_output)
    x, weight, grad_output = (torch.from_numpy(array).clone(memory_format=layout) for array in tensors)
    bias = torch.zeros(len(weight))
    learned = [tensor.requires_grad_() for tensor in (x, weight, bias)]

    def step() -> tuple[Any, ...]:
        y = torch.conv2d(x, weight, bias, padding=1)
        return (y.detach(), *torch.autograd.grad(y, learned, grad_output))

    return layer_contender(step, len(x), torch_threads)


def whole_batch(problem: Problem, form: str) -> Contender:
    layer = WHOLE_BATCH[form](_layer(problem))
    return layer_contender(both_passes(layer, problem.x, problem.grad_output), len(problem.x), thread_limit)


def layer_contender(
    step: Callable[[], tuple[Any, ...]], batch: int, use_threads: Callable[[int], AbstractContextManager[object]]
) -> Contender:
    """Counts images; its sample are entries of all that a step gives."""

    def run(images: int) -> int:
        steps = -(-images // batch)
        for _ in range(steps):
            step()
        return steps * batch

    def sample() -> Numbers:
        """Entries of each result, in units of their standard deviation."""
        chosen = []
        for array in map(np.asarray, step()):
            entries = np.ravel(array)[:: max(1, array.size // SAMPLED)]
            chosen.append(entries / entries.std())
        return np.concatenate(chosen)

    return Contender(run, sample, use_threads, [min(2, CORES)])
