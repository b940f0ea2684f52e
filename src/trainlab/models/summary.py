"""A network layer by layer: what comes out, how many numbers it learns, what it costs."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainlab.nn import Array, Conv2d, Flatten, Linear, Module, SelfAttention, Sequential


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
    """Send one sample of zeros through the network and note what each layer does; attention counts as one.

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
            shape = y.shape[1:] if len(y) == 1 else y.shape  # the places of one image may come as rows
            rows.append(LayerSummary(name, describe(layer), shape, parameters, forward_flops(layer, y), y.nbytes))
            return y

        return noted

    modules = list(model.named_modules())
    modes = [module.training for _, module in modules]
    whole = [name for name, layer in modules if isinstance(layer, SelfAttention)]
    leaves = [
        (name, layer)
        for name, layer in modules
        if name in whole
        or (
            not isinstance(layer, Sequential)
            and not any(layer.children())
            and not any(name.startswith(f"{outer}.") for outer in whole)
        )
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


def describe(layer: Module) -> str:
    """One line for a table."""
    return f"{type(layer).__name__}({layer.describe()})"


def forward_flops(layer: Module, y: Array) -> int:
    """For the samples whose output is y: two operations for each multiplication, one for each bias or entry elsewhere.

    Attention compares T·T places and adds up their values, each in D dimensions: 4·T²·D operations.
    """
    if isinstance(layer, Linear):
        return int(y.size) * (2 * layer.in_features + (layer.bias is not None))
    if isinstance(layer, SelfAttention):
        _, length, width = y.shape
        return int(4 * length * width * (2 * width + 1) + 4 * length**2 * width)
    if isinstance(layer, Conv2d):
        products = math.prod(layer.weight.shape[1:])  # for one entry of the output
        return int(y.size) * (2 * products + (layer.bias is not None))
    return 0 if isinstance(layer, Flatten) else int(y.size)
