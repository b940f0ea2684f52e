"""Pooling: one number for each window of a channel, its largest or its mean. First the mathematics, then the layers."""

import numpy as np

from trainlab.nn.array import Array, Labels
from trainlab.nn.images import channels_first, channels_last, check_grad_output, check_images, innermost_last
from trainlab.nn.module import Module
from trainlab.nn.parallel import in_shares
from trainlab.nn.window import Pair, Window, as_pair, short

MULTIPLICATIONS = 2
"""What a number of x counts here, in multiplications of a matrix product. It costs more, but so does another share."""

# ---------------------------------------------------------------- the largest


def max_pool2d_forward_naive(x: Array, window: Window) -> tuple[Array, Labels]:
    """``y[n, c, i, j] = max over a, b of x[n, c, i·s + a·d − p, j·s + b·d − p]``, inside the image, and the winner.

    x (N, C, H, W) → y (N, C, H_out, W_out) and, in the same shape, which place of the window it came from, counted in
    row order from 0. Of equal numbers the first one wins and nan wins over every number, as in PyTorch.
    """
    (_, columns), (height, width) = window.kernel, x.shape[2:]
    y = np.full((*x.shape[:2], *window.output_size(height, width)), -np.inf, x.dtype)
    winner = np.full(y.shape, -1)
    for n, c, i, j in np.ndindex(y.shape):
        for a, b in np.ndindex(window.kernel):
            row, column = window.pixel(i, j, a, b)
            if 0 <= row < height and 0 <= column < width:
                value = x[n, c, row, column]
                if winner[n, c, i, j] == -1 or value > y[n, c, i, j] or np.isnan(value):
                    y[n, c, i, j], winner[n, c, i, j] = value, a * columns + b
    return y, winner


def max_pool2d_forward(x: Array, window: Window) -> tuple[Array, Labels]:
    """What `max_pool2d_forward_naive` computes: place by place of the window, for all windows at once.

    >>> y, winner = max_pool2d_forward(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), Window((2, 2)))
    >>> y.item(), winner.item()
    (3.0, 1)
    """
    rows, columns = window.kernel
    images, back = innermost_last(x)
    y = np.empty((len(images), *window.output_size(*x.shape[2:]), images.shape[3]), x.dtype)
    winner = np.empty(y.shape, np.min_scalar_type(rows * columns - 1))

    def compute(share: slice) -> None:
        first, *others = [tap for _, _, tap in window.taps(window.pad(images[share], -np.inf))]
        largest, places = y[share], winner[share]
        largest[...] = first
        for tap in others:
            np.maximum(largest, tap, out=largest)
        has_nan = np.isnan(largest.max(initial=-np.inf))
        is_later = np.ones(largest.shape, np.bool_)
        places.fill(0)
        for tap in [first, *others][:-1]:  # the winner's place is the number of places before it, which differ from it
            is_later &= tap != largest
            if has_nan:  # nan differs from itself, and wins over every number
                is_later &= tap == tap
            places += is_later
        if window.padding != (0, 0):  # where all pixels are −∞, the first inside the image still wins
            first_row, first_column = window.first_inside(*y.shape[1:3])
            first_place = first_row[:, np.newaxis] * columns + first_column
            np.maximum(places, first_place[:, :, np.newaxis].astype(places.dtype), out=places)

    in_shares(compute, len(images), MULTIPLICATIONS * x.size)
    return y.transpose(back), winner.transpose(back)


def max_pool2d_backward(grad_output: Array, winner: Labels, shape: tuple[int, ...], window: Window) -> Array:
    """``grad_inputₚ[n, c, i·s + a·d, j·s + b·d] += grad_output[n, c, i, j]``, (a, b) the window's winner, for all i, j

    ``shape`` is that of x; the border of grad_inputₚ is dropped.
    """
    winners, back = innermost_last(winner)
    grad_windows = np.ascontiguousarray(grad_output.transpose(np.argsort(back)))
    grad_padded = window.canvas((len(winners), *shape[2:], winners.shape[3]), grad_output.dtype)

    def compute(share: slice) -> None:
        for place, (_, _, tap) in enumerate(window.taps(grad_padded[share])):
            won = winners[share] == place
            if window.overlaps:
                tap += grad_windows[share] * won
            else:
                np.multiply(grad_windows[share], won, out=tap)

    in_shares(compute, len(winners), MULTIPLICATIONS * grad_padded.size)
    return window.inside(grad_padded).transpose(back)


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
