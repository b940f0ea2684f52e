"""A network layer by layer: what comes out, how many numbers it learns, what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainlab.nn import Array, Flatten, Linear, Module, Sequential


@dataclass(frozen=True)
class LayerSummary:
    """One layer, for one image."""

    name: str
    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    flops: int
    """Floating-point operations of the forward pass; a multiplication and an addition count as two. The backward
    pass costs about twice as many."""
    output_bytes: int


def summarize(model: Sequential, sample_shape: tuple[int, ...]) -> list[LayerSummary]:
    """Send one sample of zeros through the network and note what each layer does.

    >>> from trainlab.models import mlp
    >>> rows = summarize(mlp(784, [128], 10, rng=np.random.default_rng(0)), (1, 28, 28))
    >>> [(row.layer, row.output_shape, row.parameters) for row in rows][1]
    ('Linear(784, 128)', (128,), 100480)
    """
    modes = {module: module.training for _, module in model.named_modules()}
    model.eval()
    rows = []
    x: Array = np.zeros((1, *sample_shape), np.float32)
    for name, layer in _layers(model):
        y = layer.forward(x)
        parameters = sum(parameter.size for parameter in layer.parameters())
        rows.append(LayerSummary(name, repr(layer), y.shape[1:], parameters, forward_flops(layer, y), y.nbytes))
        x = y
    for module, training in modes.items():
        module.training = training
    return rows


def _layers(model: Sequential, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """The layers in order, those of an inner `Sequential` with its name before theirs."""
    for name, layer in model.children():
        if isinstance(layer, Sequential):
            yield from _layers(layer, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", layer


def forward_flops(layer: Module, y: Array) -> int:
    """Operations for one sample: 2 · F_in · F_out (+ F_out for the bias) in `Linear`, one an entry elsewhere."""
    if isinstance(layer, Linear):
        return layer.out_features * (2 * layer.in_features + (layer.bias is not None))
    return 0 if isinstance(layer, Flatten) else y[0].size
