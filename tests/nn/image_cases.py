"""The layers of images that go through the battery, each beside its twin in PyTorch; see `cases.py`.

Heights and widths differ everywhere, so do channels in and out: whatever is transposed or swapped does not fit.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch

from tests.nn.battery import FloatType, LayerCase
from trainlab.nn import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Module,
    Residual,
    Sequential,
    Tanh,
)


def conv(name: str, channels: tuple[int, int], kernel: Any, shape: tuple[int, ...], **options: Any) -> LayerCase:
    """A convolution; ``shape`` is (N, H, W)."""
    batch, height, width = shape
    return LayerCase(
        f"conv2d-{name}",
        lambda dtype: Conv2d(*channels, kernel, rng=np.random.default_rng(0), dtype=dtype, **options),
        lambda: torch.nn.Conv2d(*channels, kernel, **options),
        (batch, channels[0], height, width),
    )


def pool(kind: str, name: str, shape: tuple[int, ...], *arguments: Any, **options: Any) -> LayerCase:
    """A pooling called ``kind`` here and in PyTorch."""
    ours: dict[str, type[Module]] = {
        "MaxPool2d": MaxPool2d,
        "AvgPool2d": AvgPool2d,
        "AdaptiveAvgPool2d": AdaptiveAvgPool2d,
    }
    return LayerCase(
        f"{kind.lower()}-{name}",
        lambda dtype: ours[kind](*arguments, **options),
        lambda: getattr(torch.nn, kind)(*arguments, **options),
        shape,
    )


class TorchGlobalAvgPool(torch.nn.Module):
    """The mean over height and width, as PyTorch's networks write it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


def batch_norm(name: str, shape: tuple[int, ...], **options: Any) -> LayerCase:
    """BatchNorm1d for features (N, F), BatchNorm2d for images (N, C, H, W)."""
    kind, theirs = (BatchNorm1d, torch.nn.BatchNorm1d) if len(shape) == 2 else (BatchNorm2d, torch.nn.BatchNorm2d)
    return LayerCase(
        f"{kind.__name__.lower()}-{name}",
        lambda dtype: kind(shape[1], dtype=dtype, **options),
        lambda: theirs(shape[1], **options),
        shape,
    )


class TorchResidual(torch.nn.Sequential):
    """The sum of two ways, as PyTorch's networks write it; the last module is the shortcut."""

    def __init__(self, *body: torch.nn.Module, shortcut: torch.nn.Module) -> None:
        super().__init__(*body)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for layer in list(self)[:-1]:
            y = layer(y)
        total: torch.Tensor = y + self.shortcut(x)
        return total


def residual(dtype: FloatType) -> Residual:
    """A block as in ResNet, that halves the image and changes the number of channels."""
    rng = np.random.default_rng(0)
    return Residual(
        Sequential(
            Conv2d(2, 3, 3, stride=2, padding=1, bias=False, rng=rng, dtype=dtype), BatchNorm2d(3, dtype=dtype), Tanh()
        ),
        Sequential(Conv2d(2, 3, 1, stride=2, bias=False, rng=rng, dtype=dtype), BatchNorm2d(3, dtype=dtype)),
    )


def torch_residual() -> torch.nn.Module:
    nn = torch.nn
    return TorchResidual(
        nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(3),
        nn.Tanh(),
        shortcut=nn.Sequential(nn.Conv2d(2, 3, 1, stride=2, bias=False), nn.BatchNorm2d(3)),
    )


def named(dtype: FloatType) -> Sequential:
    """A small network whose layers have names."""
    rng = np.random.default_rng(0)
    return Sequential(
        conv1=Conv2d(1, 2, 3, padding=1, rng=rng, dtype=dtype),
        relu1=LeakyReLU(),
        pool1=MaxPool2d(2),
        flatten=Flatten(),
        fc=Linear(4, 3, rng=rng, dtype=dtype),
    )


def torch_named() -> torch.nn.Module:
    nn = torch.nn
    layers = {
        "conv1": nn.Conv2d(1, 2, 3, padding=1),
        "relu1": nn.LeakyReLU(),
        "pool1": nn.MaxPool2d(2),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(4, 3),
    }
    return nn.Sequential(OrderedDict(layers))


IMAGE_CASES = [
    conv("3x3", (2, 3), 3, (2, 5, 4)),
    conv("padding", (2, 3), 3, (2, 4, 3), padding=1),
    conv("batch-1", (2, 3), 3, (1, 4, 5), padding=1),
    conv("no-bias", (3, 2), 3, (2, 4, 3), padding=1, bias=False),
    conv("stride", (2, 3), 3, (2, 6, 5), stride=2, padding=1),
    conv("stride-over-the-edge", (1, 2), 2, (2, 7, 5), stride=3),
    conv("1x1", (3, 4), 1, (2, 3, 2)),
    conv("1x1-stride", (3, 2), 1, (2, 5, 4), stride=2, bias=False),
    conv("oblong", (2, 3), (3, 2), (2, 6, 5), stride=(2, 1), padding=(0, 1)),
    conv("wide-padding", (1, 2), 2, (1, 3, 2), padding=(2, 3)),
    conv("dilation", (2, 3), 3, (2, 7, 6), dilation=2, padding=1),
    conv("dilation-stride", (1, 2), (2, 3), (1, 5, 8), dilation=(3, 2), stride=(1, 2), padding=(1, 0)),
    conv("groups", (4, 6), 3, (2, 4, 3), groups=2, padding=1),
    conv("depthwise", (3, 6), 2, (2, 4, 3), groups=3, stride=2, padding=1, bias=False),
    conv("whole-image", (2, 3), (4, 3), (2, 4, 3)),
    conv("one-pixel", (2, 3), 3, (1, 1, 1), padding=1),
    pool("MaxPool2d", "2", (2, 3, 4, 6), 2),
    pool("MaxPool2d", "odd-size", (2, 2, 5, 7), 2),
    pool("MaxPool2d", "batch-1", (1, 2, 4, 3), (2, 3)),
    pool("MaxPool2d", "overlap", (2, 2, 5, 6), 3, stride=2, padding=1),
    pool("MaxPool2d", "gaps", (2, 2, 7, 5), 2, stride=3),
    pool("MaxPool2d", "dilation", (1, 2, 6, 7), 3, stride=1, padding=1, dilation=2),
    pool("AvgPool2d", "2", (2, 3, 4, 6), 2),
    pool("AvgPool2d", "odd-size", (2, 2, 5, 7), 2),
    pool("AvgPool2d", "overlap", (1, 2, 5, 6), (3, 2), stride=(2, 1), padding=1),
    pool("AvgPool2d", "gaps", (2, 2, 7, 5), 2, stride=3),
    pool("AdaptiveAvgPool2d", "1", (2, 3, 4, 5), 1),
    pool("AdaptiveAvgPool2d", "uneven", (2, 3, 5, 7), (3, 2)),
    pool("AdaptiveAvgPool2d", "enlarging", (1, 2, 3, 2), (4, 5)),
    LayerCase("globalavgpool", lambda dtype: GlobalAvgPool(), TorchGlobalAvgPool, (2, 3, 4, 5)),
    LayerCase("globalavgpool-batch-1", lambda dtype: GlobalAvgPool(), TorchGlobalAvgPool, (1, 2, 1, 3)),
    batch_norm("features", (4, 3)),
    batch_norm("two-samples", (2, 3)),
    batch_norm("settings", (5, 2), eps=0.1, momentum=0.3),
    batch_norm("images", (2, 3, 2, 4)),
    batch_norm("images-batch-1", (1, 2, 3, 2)),
    batch_norm("images-settings", (3, 2, 2, 1), eps=1e-3, momentum=1.0),
    LayerCase("residual", residual, torch_residual, (2, 2, 4, 5)),
    LayerCase(
        "residual-identity",
        lambda dtype: Residual(Tanh()),
        lambda: TorchResidual(torch.nn.Tanh(), shortcut=torch.nn.Identity()),
        (3, 4),
    ),
    LayerCase("named-layers", named, torch_named, (2, 1, 4, 2)),
]
