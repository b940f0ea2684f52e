"""The PyTorch networks by name, with weights that depend on a generator alone.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Callable

import torch
from torch import nn

from trainlab.models.networks import Shape
from trainlab.models.resnet import STAGES
from trainlab.models.torch_convnet import ConvNet, LeNet
from trainlab.models.torch_fastnet import FastNet, FastNetSize
from trainlab.models.torch_resnet import ResNet
from trainlab.models.torch_vit import ViT
from trainlab.models.vit import ViTSize

Builder = Callable[[int, Shape, FastNetSize], nn.Module]
BUILDERS: dict[str, Builder] = {
    "lenet": lambda classes, shape, _: LeNet(classes, *shape),
    "convnet": lambda classes, shape, _: ConvNet(classes, shape[0], min(shape[1:])),
    "fastnet": lambda classes, shape, size: FastNet(size, classes, shape[0], min(shape[1:])),
    "resnet18": lambda classes, shape, _: ResNet(STAGES["resnet18"], classes, shape[0]),
    "resnet34": lambda classes, shape, _: ResNet(STAGES["resnet34"], classes, shape[0]),
}


def bare(
    name: str,
    classes: int,
    image_shape: Shape,
    fastnet_size: FastNetSize | None = None,
    vit_size: ViTSize | None = None,
) -> nn.Module:
    """The network called ``name``, one of `BUILDERS` or "vit", with weights that are to be replaced."""
    with torch.random.fork_rng(devices=[]):  # a layer draws its weights from the global generator
        if name == "vit":
            return ViT(vit_size or ViTSize(), classes, *image_shape)
        return BUILDERS[name](classes, image_shape, fastnet_size or FastNetSize())


def build(
    name: str,
    classes: int,
    image_shape: Shape,
    generator: torch.Generator,
    fastnet_size: FastNetSize | None = None,
) -> nn.Module:
    """The network called ``name``, one of `BUILDERS`.

    Convolutions and linear layers begin uniformly in ±1/√fan_in, PyTorch's own default, which the lab report used.
    """
    model = bare(name, classes, image_shape, fastnet_size)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = module.weight[0].numel() ** -0.5
                module.weight.uniform_(-bound, bound, generator=generator)
                if module.bias is not None:
                    module.bias.uniform_(-bound, bound, generator=generator)
    if isinstance(model, FastNet):
        model.begin()
    return model
