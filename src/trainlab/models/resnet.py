"""ResNet for 32×32 images on the NumPy engine. Its twin in PyTorch stands in `torch_resnet.py`; the parameters have the
same names."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trainlab.nn import Array, BatchNorm2d, Conv2d, GlobalAvgPool, Linear, Module, ReLU, Residual, Sequential

STAGES = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
"""Blocks in each of the four stages."""
WIDTHS = (64, 128, 256, 512)


class BasicBlock(Residual):
    """Two 3×3 convolutions and a shortcut around them.

    Forward: ``y = relu(bn2(conv2(relu1(bn1(conv1(x))))) + shortcut(x))``. Backward: the chain rule along both ways.

    x (N, C_in, H, W) → y (N, C_out, H/stride, W/stride). The shortcut is the identity where the shape stays, else a
    1×1 convolution with BatchNorm.

    Source: He et al. 2016, "Deep residual learning for image recognition", figure 2 and section 3.3, option B.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        *,
        rng: np.random.Generator,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        body = Sequential(
            conv1=Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False, rng=rng, dtype=dtype),
            bn1=BatchNorm2d(out_channels, dtype=dtype),
            relu1=ReLU(),
            conv2=Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng, dtype=dtype),
            bn2=BatchNorm2d(out_channels, dtype=dtype),
        )
        shortcut = Sequential()
        if stride != 1 or in_channels != out_channels:
            shortcut = Sequential(
                Conv2d(in_channels, out_channels, 1, stride=stride, bias=False, rng=rng, dtype=dtype),
                BatchNorm2d(out_channels, dtype=dtype),
            )
        super().__init__(body, shortcut)
        self.relu = ReLU()

    def children(self) -> Iterator[tuple[str, Module]]:
        yield from super().children()
        yield "relu", self.relu

    def forward(self, x: Array) -> Array:
        return self.relu.forward(super().forward(x))

    def backward(self, grad_output: Array) -> Array | None:
        return super().backward(self.relu.backward(grad_output))


def resnet(
    blocks: Sequence[int],
    classes: int,
    channels: int = 3,
    widths: Sequence[int] = WIDTHS,
    *,
    rng: np.random.Generator,
    dtype: type[np.floating[Any]] = np.float32,
) -> Sequential:
    """A 3×3 stem (no pooling), stages of basic blocks, global average pooling, one linear layer.

    x (N, channels, H, W) → scores (N, classes). With 10 classes and three channels ResNet-18 has 11,173,962
    parameters.

    Args:
        blocks: number of `BasicBlock` in each stage; a stage halves height and width, but for the first.
        classes: number of scores.
        channels: 3 for RGB, 1 for grey.
        widths: channels of each stage.

    >>> model = resnet(STAGES["resnet18"], 10, rng=np.random.default_rng(0))
    >>> sum(parameter.size for parameter in model.parameters())
    11173962
    """
    layers: dict[str, Module] = {
        "conv1": Conv2d(channels, widths[0], 3, padding=1, bias=False, rng=rng, dtype=dtype),
        "bn1": BatchNorm2d(widths[0], dtype=dtype),
        "relu": ReLU(),
    }
    before = widths[0]
    for number, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        first = BasicBlock(before, width, 1 if number == 1 else 2, rng=rng, dtype=dtype)
        layers[f"layer{number}"] = Sequential(
            first, *(BasicBlock(width, width, 1, rng=rng, dtype=dtype) for _ in range(count - 1))
        )
        before = width
    return Sequential(**layers, pool=GlobalAvgPool(), fc=Linear(before, classes, rng=rng, dtype=dtype))
