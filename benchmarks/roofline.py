"""The roofline of a network's training step: what each layer reaches of what this machine can compute and move.

A layer's time is at least that of its FLOPs at the speed of a large matrix product, and at least that of its bytes at
the speed of a large copy. Source: Williams, Waterman & Patterson 2009, "Roofline: an insightful visual performance
model for multicore architectures".
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Table
from benchmarks.markdown import number
from benchmarks.rounds import CORES
from trainlab.data import Batch
from trainlab.engines import NumpyEngine
from trainlab.models.summary import forward_flops
from trainlab.nn import Array, Module, Sequential
from trainlab.nn.parallel import in_shares, thread_limit

THREADS = min(2, CORES)


@dataclass
class Layers:
    """All layers of one kind and shape in a network, forward and backward, in one training step."""

    kind: str
    shape: tuple[int, ...]
    count: int = 0
    flops: float = 0
    bytes: float = 0
    seconds: float = 0


@dataclass(frozen=True)
class Roofline:
    """Speeds in FLOP/s and bytes/s, times in seconds."""

    product: float
    copy: float
    step: float
    layers: Sequence[Layers]

    def table(self) -> Table:
        columns = ["layer, forward and backward", "output", "GFLOP", "MB", "ms", "GFLOP/s", "of the peak product"]
        return {
            "kind": "table",
            "title": "The layers of a step",
            "columns": [*columns, "at most, by its bytes"],
            "rows": [self._row(one) for one in self.layers if one.flops],
        }

    def _row(self, one: Layers) -> list[str]:
        bound = min(1.0, one.flops / one.bytes * self.copy / self.product)
        return [
            f"{one.kind}{f', {one.count} of them' if one.count > 1 else ''}",
            "×".join(map(str, one.shape)),
            number(one.flops / 1e9),
            number(one.bytes / 1e6),
            number(one.seconds * 1e3),
            number(one.flops / one.seconds / 1e9),
            f"{one.flops / one.seconds / self.product:.1%}",
            f"{bound:.1%}",
        ]

    def notes(self) -> list[str]:
        flops, within = sum(one.flops for one in self.layers), sum(one.seconds for one in self.layers)
        return [
            f"Roofline: {self.product / 1e9:.1f} GFLOP/s is the speed of 1024×1024 matrix products with {THREADS} "
            f"threads in the same run, {self.copy / 1e9:.1f} GB/s that of copying 64 MB (read and written). FLOPs are "
            "those of the formula, forward and backward, so Winograd's form, which needs fewer, can pass 100 %. Bytes "
            "are the least that must move: inputs, outputs and weights, once a pass. Times are medians.",
            f"The whole step: {flops / 1e9:.3g} GFLOP in {self.step * 1e3:.4g} ms, "
            f"{flops / self.step / self.product:.0%} of the peak product; {(self.step - within) * 1e3:.3g} ms of it "
            "outside of the layers: loss, update, additions of shortcuts.",
        ]


def measure_roofline(
    engine: NumpyEngine, batches: Sequence[tuple[NDArray[np.float32], NDArray[np.int64]]], steps: int
) -> Roofline:
    """Time every layer without inner layers in so many training steps, after one that warms up."""
    leaves = [
        _TimedLayer(layer)
        for _, layer in engine.model.named_modules()
        if not isinstance(layer, Sequential) and not any(layer.children())
    ]
    seconds = []
    with thread_limit(THREADS):
        for number_ in range(steps + 1):
            started = time.perf_counter()
            engine.train_step(Batch(*batches[number_ % len(batches)]))
            seconds.append(time.perf_counter() - started)
    groups: dict[tuple[str, tuple[int, ...]], Layers] = {}
    for leaf in leaves:
        leaf.add_to(groups)
    return Roofline(peak_product(), peak_copy(), statistics.median(seconds[1:]), list(groups.values()))


@dataclass
class _TimedLayer:
    """Lets both passes of a layer note their time."""

    layer: Module
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        forward, backward = self.layer.forward, self.layer.backward
        self.layer.forward = partial(self._timed, forward)  # type: ignore[assignment, method-assign]
        self.layer.backward = partial(self._timed, backward)  # type: ignore[method-assign]

    def _timed(self, act: Callable[[Array], Array | None], given: Array) -> Array | None:
        started = time.perf_counter()
        result = act(given)
        self.seconds.append(time.perf_counter() - started)
        if act.__name__ == "forward" and result is not None:
            self.x_shape, self.y = given.shape, np.broadcast_to(result.dtype.type(0), result.shape)
        return result

    def add_to(self, groups: dict[tuple[str, tuple[int, ...]], Layers]) -> None:
        layer, size = self.layer, int(np.prod(self.x_shape))
        kind = repr(layer) + ("" if layer.needs_input_grad else ", no grad_input")
        group = groups.setdefault((kind, self.y.shape[1:]), Layers(kind, self.y.shape[1:]))
        passes = 3 if layer.parameters() and layer.needs_input_grad else 2  # forward, and one for each gradient
        reads = 3 if layer.needs_input_grad else 2  # x forward, x backward, grad_input written
        weights = sum(parameter.size for parameter in layer.parameters())
        group.count += 1
        group.flops += passes * forward_flops(layer, self.y)
        group.bytes += 4 * (reads * size + 2 * self.y.size + 3 * weights)
        group.seconds += statistics.median(np.reshape(self.seconds, (-1, 2)).sum(axis=1)[1:].tolist())


def peak_product(side: int = 1024, times: int = 7) -> float:
    """FLOP/s of the fastest of some matrix products, each thread with products of its own."""
    a, out = np.ones((side, side), np.float32), np.empty((4, side, side), np.float32)

    def multiply(share: slice) -> None:
        for one in out[share]:
            np.matmul(a, a, out=one)

    return 4 * 2 * side**3 / _fastest(lambda: in_shares(multiply, 4, 4 * side**3), times)


def peak_copy(size: int = 16_000_000, times: int = 7) -> float:
    """Bytes/s read and written by the fastest of some copies of so many float32."""
    source, target = np.ones((4, size // 4), np.float32), np.empty((4, size // 4), np.float32)
    return (
        2
        * source.nbytes
        / _fastest(lambda: in_shares(lambda share: np.copyto(target[share], source[share]), 4, source.size), times)
    )


def _fastest(act: Callable[[], object], times: int) -> float:
    seconds = []
    with thread_limit(THREADS):
        for _ in range(times):
            started = time.perf_counter()
            act()
            seconds.append(time.perf_counter() - started)
    return min(seconds)
