"""The convolutional networks of the NumPy engine by name, with weights that depend on a generator alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trainlab.models.lenet import lenet
from trainlab.models.resnet import STAGES, resnet
from trainlab.nn import Conv2d, Linear, Sequential

Shape = tuple[int, int, int]
"""Channels, height, width."""

BUILDERS: dict[str, Callable[[int, Shape, np.random.Generator, type[np.floating[Any]]], Sequential]] = {
    "lenet": lambda classes, shape, rng, dtype: lenet(classes, *shape, rng=rng, dtype=dtype),
    "resnet18": lambda classes, shape, rng, dtype: resnet(STAGES["resnet18"], classes, shape[0], rng=rng, dtype=dtype),
    "resnet34": lambda classes, shape, rng, dtype: resnet(STAGES["resnet34"], classes, shape[0], rng=rng, dtype=dtype),
}
NUMPY_MODELS = ("mlp", *BUILDERS)
"""What the NumPy engine has; the PyTorch engine then begins with the same weights."""


def build(
    name: str, classes: int, image_shape: Shape, rng: np.random.Generator, dtype: type[np.floating[Any]] = np.float32
) -> Sequential:
    """The network called ``name``, one of `BUILDERS`.

    Convolutions and linear layers begin uniformly in ±1/√fan_in, PyTorch's own default, which the lab report used.
    """
    model = BUILDERS[name](classes, image_shape, np.random.default_rng(0), dtype)  # its weights are replaced at once
    for _, module in model.named_modules():
        if isinstance(module, Conv2d | Linear):
            bound = module.weight.data[0].size ** -0.5
            module.weight.data[...] = rng.uniform(-bound, bound, module.weight.shape)
            if module.bias is not None:
                module.bias.data[...] = rng.uniform(-bound, bound, module.bias.shape)
    return model
