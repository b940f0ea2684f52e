"""Pooling: one number for each window of a channel, its largest or its mean. First the mathematics, then the layers."""

import numpy as np

from trainlab.nn.array import Array, Labels
from trainlab.nn.images import channels_first, channels_last, check_grad_output, check_images
from trainlab.nn.module import Module
from trainlab.nn.window import Pair, Window, as_pair, short

# ---------------------------------------------------------------- the largest


def max_pool2d_forward_naive(x: Array, window: Window) -> tuple[Array, Labels]:
    """``y[n, c, i, j] = max over a, b of xₚ[n, c, i·s + a·d, j·s + b·d]`` with xₚ the x padded with −∞, and the winner.

    x (N, C, H, W) → y (N, C, H_out, W_out) and, in the same shape, which place of the window it came from, counted in
    row order from 0. Of equal numbers the first one wins, as in PyTorch.
    """
    patches = window.patches(window.pad(channels_last(x), -np.inf))
    y = np.empty((*patches.shape[:3], x.shape[1]), x.dtype)
    winner = np.empty(y.shape, np.intp)
    for n, i, j, c in np.ndindex(y.shape):
        seen = patches[n, i, j, :, :, c].ravel()
        winner[n, i, j, c] = seen.argmax()
        y[n, i, j, c] = seen[winner[n, i, j, c]]
    return channels_first(y), channels_first(winner)


def max_pool2d_forward(x: Array, window: Window) -> tuple[Array, Labels]:
    """What `max_pool2d_forward_naive` computes: place by place of the window, for all windows at once.

    >>> y, winner = max_pool2d_forward(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), Window((2, 2)))
    >>> y.item(), winner.item()
    (3.0, 1)
    """
    taps = enumerate(tap for _, _, tap in window.taps(window.pad(channels_last(x), -np.inf)))
    _, first = next(taps)
    y, winner = first.copy(), np.zeros(first.shape, np.min_scalar_type(window.kernel[0] * window.kernel[1] - 1))
    for place, tap in taps:
        is_larger = (tap > y) | (tap != tap)  # nan wins over every number
        np.copyto(y, tap, where=is_larger)
        np.copyto(winner, place, where=is_larger)
    return channels_first(y), channels_first(winner)


def max_pool2d_backward(grad_output: Array, winner: Labels, shape: tuple[int, ...], window: Window) -> Array:
    """``grad_inputₚ[n, c, i·s + a·d, j·s + b·d] += grad_output[n, c, i, j]``, (a, b) the window's winner, for all i, j

    ``shape`` is that of x; the border of grad_inputₚ is dropped.
    """
    batch, channels, height, width = shape
    grad_rows, winner = channels_last(grad_output), channels_last(winner)
    grad_padded = window.canvas((batch, height, width, channels), grad_output.dtype)
    for place, (_, _, tap) in enumerate(window.taps(grad_padded)):
        tap += grad_rows * (winner == place)
    return channels_first(window.inside(grad_padded))


# ---------------------------------------------------------------- the mean


def avg_pool2d_forward_naive(x: Array, window: Window) -> Array:
    """``y[n, c, i, j] = 1/(k_H·k_W) · Σ_a,b xₚ[n, c, i·s + a·d, j·s + b·d]`` with xₚ the x padded with zeros.

    x (N, C, H, W) → y (N, C, H_out, W_out). The zeros of the border count, as in PyTorch.
    """
    return channels_first(window.patches(window.pad(channels_last(x))).mean(axis=(3, 4)))


def avg_pool2d_forward(x: Array, window: Window) -> Array:
    """What `avg_pool2d_forward_naive` computes: place by place of the window, for all windows at once.

    >>> avg_pool2d_forward(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), Window((2, 2))).item()
    2.25
    """
    padded = window.pad(channels_last(x))
    y = np.zeros(window.patches(padded).shape[:3] + padded.shape[3:], x.dtype)
    for _, _, tap in window.taps(padded):
        y += tap
    y /= window.kernel[0] * window.kernel[1]
    return channels_first(y)


def avg_pool2d_backward(grad_output: Array, shape: tuple[int, ...], window: Window) -> Array:
    """``grad_inputₚ[n, c, i·s + a·d, j·s + b·d] += grad_output[n, c, i, j] / (k_H·k_W)`` for all i, j, a, b

    ``shape`` is that of x; the border of grad_inputₚ is dropped.
    """
    batch, channels, height, width = shape
    share = channels_last(grad_output) / (window.kernel[0] * window.kernel[1])
    grad_padded = window.canvas((batch, height, width, channels), grad_output.dtype)
    for _, _, tap in window.taps(grad_padded):
        tap += share
    return channels_first(window.inside(grad_padded))


# ---------------------------------------------------------------- the layers


class _Pool2d(Module):
    """What the two poolings with a window share: its settings."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def describe(self) -> str:
        return self.window.describe(stride=self.window.kernel)


class MaxPool2d(_Pool2d):
    """The largest number of each window, channel by channel.

    Forward: ``y[n, c, i, j] = max over a, b of xₚ[n, c, i·s + a·d, j·s + b·d]`` with xₚ the x padded with −∞.
    Backward: the whole gradient of a window goes to the pixel that won it; of equal ones to the first in row order, as
    in PyTorch.

    x (N, C, H, W) → y (N, C, H_out, W_out), see `Window.output_size`.

    Args:
        kernel_size: side of the window in pixels, or (height, width).
        stride: pixels from one window to the next; None for the kernel size: windows lie side by side.
        padding: pixels of border, at most half of the kernel: no window may see border alone.
        dilation: distance between the pixels of a window.

    Keeps in training: the winners' places and the input's shape. Raises ValueError for images smaller than the window.

    Source: Ranzato et al. 2007, "Unsupervised learning of invariant feature hierarchies".

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
    ) -> None:
        super().__init__(_pool_window(kernel_size, stride, padding, dilation))
        self._kept: tuple[Labels, tuple[int, ...]] | None = None

    def forward(self, x: Array) -> Array:
        check_images(self, x, window=self.window)
        y, winner = max_pool2d_forward(x, self.window)
        self._kept = (winner, x.shape) if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._kept is None:
            raise self._no_forward()
        winner, shape = self._kept
        check_grad_output(self, grad_output, winner.shape)
        return max_pool2d_backward(grad_output, winner, shape, self.window)


class AvgPool2d(_Pool2d):
    """The mean of each window, channel by channel.

    Forward: ``y[n, c, i, j] = 1/(k_H·k_W) · Σ_a,b xₚ[n, c, i·s + a, j·s + b]``,
    with xₚ the x padded with zeros, which count.
    Backward: each pixel of a window gets ``grad_output[n, c, i, j] / (k_H·k_W)``, added up over its windows.

    x (N, C, H, W) → y (N, C, H_out, W_out), see `Window.output_size`.

    Args:
        kernel_size: side of the window in pixels, or (height, width).
        stride: pixels from one window to the next; None for the kernel size: windows lie side by side.
        padding: pixels of border, at most half of the kernel.

    Keeps in training: the input's shape. Raises ValueError for images smaller than the window.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        super().__init__(_pool_window(kernel_size, stride, padding, 1))
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        check_images(self, x, window=self.window)
        self._shape = x.shape if self.training else None
        return avg_pool2d_forward(x, self.window)

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, (*self._shape[:2], *self.window.output_size(*self._shape[2:])))
        return avg_pool2d_backward(grad_output, self._shape, self.window)


def _pool_window(
    kernel_size: int | Pair, stride: int | Pair | None, padding: int | Pair, dilation: int | Pair
) -> Window:
    kernel = as_pair("kernel_size", kernel_size, 1)
    border = as_pair("padding", padding, 0)
    if any(2 * p > k for p, k in zip(border, kernel, strict=True)):
        raise ValueError(
            f"padding={short(border)} is more than half of kernel_size={short(kernel)}: a window could see nothing but "
            "border"
        )
    strides = kernel if stride is None else as_pair("stride", stride, 1)
    return Window(kernel, strides, border, as_pair("dilation", dilation, 1))
