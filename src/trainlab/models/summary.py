"""A network layer by layer: what comes out, how many numbers it learns, what it costs."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainlab.nn import Array, Conv2d, Flatten, Linear, Module, Sequential


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


def summarize(model: Module, sample_shape: tuple[int, ...]) -> list[LayerSummary]:
    """Send one sample of zeros through the network and note what each layer without inner layers does.

    >>> from trainlab.models import mlp
    >>> rows = summarize(mlp(784, [128], 10, rng=np.random.default_rng(0)), (1, 28, 28))
    >>> [(row.layer, row.output_shape, row.parameters) for row in rows][1]
    ('Linear(784, 128)', (128,), 100480)
    """
    rows: list[LayerSummary] = []

    def note(name: str, layer: Module) -> Callable[[Array], Array]:
        forward = layer.forward

        def noted(x: Array) -> Array:
            y = forward(x)
            parameters = sum(parameter.size for parameter in layer.parameters())
            rows.append(LayerSummary(name, repr(layer), y.shape[1:], parameters, forward_flops(layer, y), y.nbytes))
            return y

        return noted

    modules = list(model.named_modules())
    modes = [module.training for _, module in modules]
    leaves = [
        (name, layer) for name, layer in modules if not isinstance(layer, Sequential) and not any(layer.children())
    ]
    model.eval()
    for name, layer in leaves:
        layer.forward = note(name, layer)  # type: ignore[assignment, method-assign]
    try:
        model.forward(np.zeros((1, *sample_shape), np.float32))
    finally:
        for _, layer in leaves:
            del layer.forward
        for (_, module), training in zip(modules, modes, strict=True):
            module.training = training
    return rows


def forward_flops(layer: Module, y: Array) -> int:
    """For one sample: two operations for each multiplication with a weight, one for each bias or entry elsewhere."""
    if isinstance(layer, Linear):
        return layer.out_features * (2 * layer.in_features + (layer.bias is not None))
    if isinstance(layer, Conv2d):
        products = math.prod(layer.weight.shape[1:])  # for one entry of the output
        return int(y[0].size) * (2 * products + (layer.bias is not None))
    return 0 if isinstance(layer, Flatten) else y[0].size
