"""What a batch of images is here: its shape, where its channels lie in memory, and the checks of layers that take one.

Images are (N, C, H, W) in shape. In memory the layers keep the channels of a pixel side by side (PyTorch calls this
``channels_last``): what a window sees is then a few long runs of numbers, which a processor copies fast, and a pixel is
a row of a matrix, ready to be multiplied. Where channels are few, they keep the images of the batch side by side
(`few_filters`). Any other layout is accepted as well.
"""

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainlab.nn.array import Array, DType
from trainlab.nn.window import Window

if TYPE_CHECKING:
    from trainlab.nn.module import Module


T = TypeVar("T", bound=np.generic)


def channels_last(images: NDArray[T]) -> NDArray[T]:
    """(N, C, H, W) → the view (N, H, W, C)."""
    return images.transpose(0, 2, 3, 1)


def channels_first(images: NDArray[T]) -> NDArray[T]:
    """(N, H, W, C) → the view (N, C, H, W)."""
    return images.transpose(0, 3, 1, 2)


def innermost_last(images: NDArray[T]) -> tuple[NDArray[T], tuple[int, ...]]:
    """(N, C, H, W) → the view (N, H, W, C), or (C, H, W, N) where the batch is innermost, and the axes that undo it.

    >>> view, back = innermost_last(np.empty((3, 4, 5, 2)).transpose(3, 0, 1, 2))
    >>> view.shape, view.transpose(back).shape
    ((3, 4, 5, 2), (2, 3, 4, 5))
    """
    if images.strides[0] < images.strides[1]:
        return images.transpose(1, 2, 3, 0), (3, 0, 1, 2)
    return channels_last(images), (0, 3, 1, 2)


def check_images(
    layer: "Module", x: Array, channels: int | None = None, dtype: DType | None = None, window: Window | None = None
) -> None:
    """Raises ValueError unless x is (N, channels, H, W) with room for the window, TypeError for other numbers.

    Nothing is converted on the quiet: a batch of bytes is most likely one that somebody forgot to divide by 255.
    """
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        raise ValueError(f"{layer!r} takes images of shape (N, {channels or 'C'}, H, W), got {x.shape}")
    check_dtype(layer, x, dtype)
    if window is not None:
        try:
            window.output_size(*x.shape[2:])
        except ValueError as error:
            raise ValueError(f"{layer!r}: {error}") from None


def check_dtype(layer: "Module", x: Array, dtype: DType | None = None) -> None:
    """Raises TypeError unless x holds float32 or float64, and the same as the layer's weights where it has some."""
    if x.dtype not in (np.float32, np.float64) or (dtype is not None and x.dtype != dtype):
        wanted = "float32 or float64" if dtype is None else f"{dtype}, as its weights are"
        remedy = f"x.astype(np.{np.dtype(dtype or np.float32)})"
        raise TypeError(f"{layer!r} takes numbers of {wanted}, got {x.dtype}. Convert them: {remedy}.")


def check_grad_output(layer: "Module", grad_output: Array, shape: tuple[int, ...]) -> None:
    """Raises ValueError unless the upstream gradient has the shape of the layer's output."""
    if grad_output.shape != shape:
        raise ValueError(f"{layer!r}.backward takes a gradient of its output's shape, {shape}, got {grad_output.shape}")
