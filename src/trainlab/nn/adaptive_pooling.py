"""Pooling to an output of fixed size, however large the images are. First the mathematics, then the layers."""

from functools import cache

import numpy as np

from trainlab.nn.array import Array, DType
from trainlab.nn.images import channels_first, check_grad_output, check_images
from trainlab.nn.module import Module
from trainlab.nn.window import Pair, as_pair, short


@cache
def adaptive_weights(size: int, out_size: int, dtype: DType) -> Array:
    """The matrix P (out_size, size) whose row i averages the pixels ⌊i·size/out_size⌋ … ⌈(i + 1)·size/out_size⌉ − 1.

    >>> adaptive_weights(3, 2, np.dtype(np.float64)).tolist()  # the middle pixel belongs to both
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    weights = np.zeros((out_size, size), dtype)
    for i in range(out_size):
        first, end = i * size // out_size, -(-(i + 1) * size // out_size)
        weights[i, first:end] = 1 / (end - first)
    weights.setflags(write=False)
    return weights


def adaptive_avg_pool2d_forward(x: Array, output_size: Pair) -> Array:
    """``y[n, c] = P_H @ x[n, c] @ P_Wᵀ`` with the matrices of `adaptive_weights`.

    x (N, C, H, W) → y (N, C, *output_size).
    """
    down, across = (adaptive_weights(*sizes, x.dtype) for sizes in zip(x.shape[2:], output_size, strict=True))
    y: Array = down @ x @ across.T
    return y


def adaptive_avg_pool2d_backward(grad_output: Array, shape: tuple[int, ...]) -> Array:
    """``grad_input[n, c] = P_Hᵀ @ grad_output[n, c] @ P_W``; ``shape`` is that of x."""
    sizes = zip(shape[2:], grad_output.shape[2:], strict=True)
    down, across = (adaptive_weights(size, out_size, grad_output.dtype) for size, out_size in sizes)
    grad_input: Array = down.T @ grad_output @ across
    return grad_input


class AdaptiveAvgPool2d(Module):
    """Means over as many windows as make an output of a given size, however large the image is.

    Forward: ``y[n, c] = P_H @ x[n, c] @ P_Wᵀ``; row i of P averages the pixels ⌊i·size/out⌋ … ⌈(i + 1)·size/out⌉ − 1.
    Backward: ``grad_input[n, c] = P_Hᵀ @ grad_output[n, c] @ P_W``.

    x (N, C, H, W) → y (N, C, H_out, W_out) with ``output_size = (H_out, W_out)``.

    Args:
        output_size: side of the output in pixels, or (height, width).

    Keeps in training: the input's shape.

    >>> AdaptiveAvgPool2d(1)(np.arange(4.0).reshape(1, 1, 2, 2)).item()
    1.5
    """

    def __init__(self, output_size: int | Pair) -> None:
        self.output_size = as_pair("output_size", output_size, 1)
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        check_images(self, x)
        _check_pixels(self, x)
        self._shape = x.shape if self.training else None
        return adaptive_avg_pool2d_forward(x, self.output_size)

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, (*self._shape[:2], *self.output_size))
        return adaptive_avg_pool2d_backward(grad_output, self._shape)

    def describe(self) -> str:
        return short(self.output_size)


class GlobalAvgPool(Module):
    """The mean of each channel over the whole image.

    Forward: ``y[n, c] = 1/(H·W) · Σ_i,j x[n, c, i, j]``.
    Backward: ``grad_input[n, c, i, j] = grad_output[n, c] / (H·W)``.

    x (N, C, H, W) → y (N, C). Keeps in training: the input's shape.

    Source: Lin, Chen & Yan 2014, "Network in network", section 3.2.

    >>> GlobalAvgPool()(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[1.5, 5.5]]
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        check_images(self, x)
        _check_pixels(self, x)
        self._shape = x.shape if self.training else None
        y: Array = x.mean(axis=(2, 3))
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, self._shape[:2])
        batch, channels, height, width = self._shape
        share = (grad_output / (height * width))[:, np.newaxis, np.newaxis, :]
        return channels_first(np.broadcast_to(share, (batch, height, width, channels)).copy())


def _check_pixels(layer: Module, x: Array) -> None:
    if 0 in x.shape[2:]:
        raise ValueError(f"{layer!r} takes images with at least one pixel, got {x.shape}")
