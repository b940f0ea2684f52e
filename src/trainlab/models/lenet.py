"""LeNet on the NumPy engine. Its twin in PyTorch stands in `torch_convnet.py`; the parameters have the same names."""

from typing import Any

import numpy as np

from trainlab.errors import InputError
from trainlab.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential


def lenet(
    classes: int,
    channels: int,
    height: int,
    width: int,
    *,
    rng: np.random.Generator,
    dtype: type[np.floating[Any]] = np.float32,
) -> Sequential:
    """Two 5×5 convolutions with max-pooling, then three linear layers; ReLU between them.

    x (N, channels, height, width) → scores (N, classes).

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", figure 2, with ReLU and
    max-pooling in place of tanh and learned averages.

    Raises InputError for images below 16×16.

    >>> model = lenet(10, 1, 28, 28, rng=np.random.default_rng(0))
    >>> sum(parameter.size for parameter in model.parameters())
    61706
    """
    padding, pixels = lenet_geometry(height, width)
    return Sequential(
        conv1=Conv2d(channels, 6, 5, padding=padding, rng=rng, dtype=dtype),
        relu1=ReLU(),
        pool1=MaxPool2d(2),
        conv2=Conv2d(6, 16, 5, rng=rng, dtype=dtype),
        relu2=ReLU(),
        pool2=MaxPool2d(2),
        flatten=Flatten(),
        fc1=Linear(16 * pixels, 120, rng=rng, dtype=dtype),
        relu3=ReLU(),
        fc2=Linear(120, 84, rng=rng, dtype=dtype),
        relu4=ReLU(),
        fc3=Linear(84, classes, rng=rng, dtype=dtype),
    )


def lenet_geometry(height: int, width: int) -> tuple[int, int]:
    """Padding of the first convolution, and pixels of what the linear layers get.

    The first convolution pads 28×28 images to 32×32 as the original did.

    Raises InputError for images below 16×16, of which nothing would be left.
    """
    if min(height, width) < 16:
        raise InputError(
            f"model = lenet needs images of at least 16×16 pixels, got {height}×{width}. Take larger images, or "
            "model=convnet."
        )
    padding = 2 if height == width == 28 else 0
    rows, columns = (((size + 2 * padding - 4) // 2 - 4) // 2 for size in (height, width))
    return padding, rows * columns
