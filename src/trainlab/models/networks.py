"""The networks for images of the NumPy engine by name, with weights that depend on a generator alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trainlab.models.convnet import convnet
from trainlab.models.lenet import lenet
from trainlab.models.resnet import STAGES, resnet
from trainlab.models.vit import POSITION_STD, PositionEmbedding, ViTSize, vit
from trainlab.nn import Conv2d, Linear, SelfAttention, Sequential

Shape = tuple[int, int, int]
"""Channels, height, width."""

BUILDERS: dict[str, Callable[[int, Shape, np.random.Generator, type[np.floating[Any]]], Sequential]] = {
    "lenet": lambda classes, shape, rng, dtype: lenet(classes, *shape, rng=rng, dtype=dtype),
    "convnet": lambda classes, shape, rng, dtype: convnet(classes, shape[0], min(shape[1:]), rng=rng, dtype=dtype),
    "resnet18": lambda classes, shape, rng, dtype: resnet(STAGES["resnet18"], classes, shape[0], rng=rng, dtype=dtype),
    "resnet34": lambda classes, shape, rng, dtype: resnet(STAGES["resnet34"], classes, shape[0], rng=rng, dtype=dtype),
}
NUMPY_MODELS = ("mlp", *BUILDERS, "vit")
"""What the NumPy engine has; the PyTorch engine then begins with the same weights."""


def build(
    name: str,
    classes: int,
    image_shape: Shape,
    rng: np.random.Generator,
    dtype: type[np.floating[Any]] = np.float32,
    vit_size: ViTSize | None = None,
) -> Sequential:
    """The network called ``name``, one of `BUILDERS` or "vit".

    Convolutions, linear layers and the projections of attention begin uniformly in ±1/√fan_in, PyTorch's own default,
    which the lab report used; positions begin with N(0, `POSITION_STD`²).

    Args:
        vit_size: of a vision transformer; None takes the defaults.
    """
    drawn_in_vain = np.random.default_rng(0)  # the weights are replaced at once
    if name == "vit":
        model = vit(vit_size or ViTSize(), classes, *image_shape, rng=drawn_in_vain, dtype=dtype)
    else:
        model = BUILDERS[name](classes, image_shape, drawn_in_vain, dtype)
    for _, module in model.named_modules():
        if isinstance(module, Conv2d | Linear):
            bound = module.weight.data[0].size ** -0.5
            module.weight.data[...] = rng.uniform(-bound, bound, module.weight.shape)
            if module.bias is not None:
                module.bias.data[...] = rng.uniform(-bound, bound, module.bias.shape)
        elif isinstance(module, SelfAttention):
            bound = module.embed_dim**-0.5
            module.in_proj_weight.data[...] = rng.uniform(-bound, bound, module.in_proj_weight.shape)
        elif isinstance(module, PositionEmbedding):
            module.weight.data[...] = POSITION_STD * rng.standard_normal(module.weight.shape)
    return model
