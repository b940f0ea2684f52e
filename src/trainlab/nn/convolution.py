"""Convolution of images: the mathematics as pure functions, then the layer.

N is the batch size, C channels coming in, O channels going out, k_H × k_W the kernel, G the number of groups. Every
output channel o belongs to the group g = ⌊o / (O/G)⌋ and sees only that group's C/G input channels.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from trainlab.nn import few_filters, winograd
from trainlab.nn.array import Array
from trainlab.nn.blas import add_product
from trainlab.nn.images import channels_first, channels_last, check_grad_output, check_images
from trainlab.nn.initialization import Initializer, he_normal
from trainlab.nn.module import Module
from trainlab.nn.parallel import in_shares
from trainlab.nn.parameter import Parameter
from trainlab.nn.window import Pair, Window, as_pair

PIECE = 2**21
"""Bytes of patches that are made and multiplied at a time: they should still lie in the cache when they are read."""
ROWS = 512
"""Patches that are multiplied at a time at least: fewer would not be worth the reading of a large weight."""


def conv2d_forward_naive(x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
    """``y[n, o, i, j] = Σ_c,a,b weight[o, c, a, b] · xₚ[n, g·C/G + c, i·s + a·d, j·s + b·d] + bias[o]``

    with xₚ the padded x, s the stride and d the dilation; window by window, as the formula says.

    x (N, C, H, W), weight (O, C/G, k_H, k_W), bias (O,) → y (N, O, H_out, W_out).
    """
    patches = window.patches(window.pad(channels_last(x)))
    y = np.empty((len(x), len(weight), *patches.shape[1:3]), x.dtype)
    for o, (filter_, seen) in enumerate(zip(weight, _seen_by(weight, groups), strict=True)):
        for i, j in np.ndindex(y.shape[2:]):
            y[:, o, i, j] = (patches[:, i, j, :, :, seen] * filter_.transpose(1, 2, 0)).sum(axis=(1, 2, 3))
            if bias is not None:
                y[:, o, i, j] += bias[o]
    return y


def conv2d_backward_naive(
    grad_output: Array, x: Array, weight: Array, window: Window, groups: int = 1
) -> tuple[Array, Array, Array]:
    """The three gradients of `conv2d_forward`, window by window: each product of the forward pass goes both ways.

    grad_weight[o, c, a, b] = Σ_n,i,j grad_output[n, o, i, j] · xₚ[n, g·C/G + c, i·s + a·d, j·s + b·d]
    grad_inputₚ[n, g·C/G + c, i·s + a·d, j·s + b·d] += grad_output[n, o, i, j] · weight[o, c, a, b]   for all o, i, j
    grad_bias[o] = Σ_n,i,j grad_output[n, o, i, j]

    The border of grad_inputₚ is dropped.
    """
    padded = window.pad(channels_last(x))
    grad_padded = np.zeros_like(padded)
    patches, grad_patches = window.patches(padded), window.patches(grad_padded)
    grad_weight = np.zeros_like(weight)
    for o, seen in enumerate(_seen_by(weight, groups)):
        for n, i, j in np.ndindex(len(x), *grad_output.shape[2:]):
            g = grad_output[n, o, i, j]
            grad_weight[o] += g * patches[n, i, j, :, :, seen].transpose(2, 0, 1)
            grad_patches[n, i, j, :, :, seen] += g * weight[o].transpose(1, 2, 0)
    return channels_first(window.inside(grad_padded)), grad_weight, grad_output.sum(axis=(0, 2, 3))


def _seen_by(weight: Array, groups: int) -> Iterator[slice]:
    """The input channels that each output channel sees."""
    for o in range(len(weight)):
        group, width = o // (len(weight) // groups), weight.shape[1]
        yield slice(group * width, (group + 1) * width)


def conv2d_forward(x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
    """What `conv2d_forward_naive` computes, as a matrix product: ``y = patches @ filtersᵀ + bias``

    A row of ``patches`` (N·H_out·W_out, k_H·k_W·C) is what one window sees, a row of ``filters`` (O, k_H·k_W·C) one
    filter. Patches are k_H·k_W times as large as x, so they are made in pieces of the batch that fit the cache.

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_forward(x, np.ones((1, 1, 2, 2)), None, Window((2, 2))).tolist()  # 0 + 1 + 3 + 4 = 8, …
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    y = np.empty((groups, len(x), *window.output_size(*x.shape[2:]), len(weight) // groups), x.dtype)

    def compute(share: slice) -> None:
        for group, (seen, made) in enumerate(_groups(x, weight, groups)):
            filters = _filters(weight[made])
            for piece, patches in _patches_in_pieces(channels_last(x[:, seen]), window, share):
                pixels = y[group, piece].reshape(len(patches), -1)
                np.matmul(patches, filters.T, out=pixels)
                if bias is not None:
                    pixels += bias[made]

    in_shares(compute, len(x), y[0].size * weight[0].size)
    return channels_first(_join(y))


def conv2d_backward(
    grad_output: Array,
    x: Array,
    weight: Array,
    window: Window,
    groups: int = 1,
    needs_input_grad: bool = True,
) -> tuple[Array | None, Array, Array]:
    """What `conv2d_backward_naive` computes, as matrix products; None for grad_input where it is not needed.

    grad_filters = grad_outputᵀ @ patches      (O, k_H·k_W·C), summed over the pieces
    grad_patches = grad_output @ filters       (N·H_out·W_out, k_H·k_W·C)
    grad_bias    = grad_outputᵀ @ ones         (O,)

    grad_input adds up what each pixel has got from all the patches that it is part of.
    """
    shape = (groups, *channels_last(x[:, : weight.shape[1]]).shape)
    grad_input = np.empty(shape, x.dtype) if needs_input_grad else None

    def compute(share: slice) -> tuple[Array, Array]:
        grad_weight, grad_bias = np.empty_like(weight), np.empty_like(weight, shape=len(weight))
        for group, (seen, made) in enumerate(_groups(x, weight, groups)):
            filters = _filters(weight[made])
            grad_filters, grad_sum = np.zeros_like(filters), np.zeros_like(filters, shape=len(filters))
            for piece, patches in _patches_in_pieces(channels_last(x[:, seen]), window, share):
                grad = channels_last(grad_output[piece, made]).reshape(len(patches), -1)
                add_product(grad_filters, grad, patches, 1.0)
                grad_sum += np.ones(len(grad), grad.dtype) @ grad
                if grad_input is not None:
                    grad_patches = np.matmul(grad, filters, out=patches)  # the patches have served
                    _add_up(grad_patches, window, out=grad_input[group, piece])
            grad_weight[made] = grad_filters.reshape(-1, *window.kernel, weight.shape[1]).transpose(0, 3, 1, 2)
            grad_bias[made] = grad_sum
        return grad_weight, grad_bias

    (grad_weight, grad_bias), *others = in_shares(compute, len(x), grad_output.size * weight[0].size)
    for other_weight, other_bias in others:
        grad_weight += other_weight
        grad_bias += other_bias
    return None if grad_input is None else channels_first(_join(grad_input)), grad_weight, grad_bias


def _groups(x: Array, weight: Array, groups: int) -> Iterator[tuple[slice, slice]]:
    """The input channels that each group sees, and the output channels that it makes."""
    seen, made = x.shape[1] // groups, len(weight) // groups
    for group in range(groups):
        yield slice(group * seen, (group + 1) * seen), slice(group * made, (group + 1) * made)


def _join(parts: Array) -> Array:
    """(G, N, H, W, C) → (N, H, W, G·C): the channels of the groups one after the other."""
    groups, batch, height, width, channels = parts.shape
    return np.moveaxis(parts, 0, 3).reshape(batch, height, width, groups * channels)


def _filters(weight: Array) -> Array:
    """(O, C, k_H, k_W) → (O, k_H·k_W·C), in the order of numbers in a patch."""
    return weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)


def _patches_in_pieces(images: Array, window: Window, share: slice) -> Iterator[tuple[slice, Array]]:
    """Some images (N, H, W, C) of a share at a time: which ones, and their patches, in a buffer that is used again."""
    _, height, width, channels = images.shape
    out_height, out_width = window.output_size(height, width)
    shape = (out_height, out_width, *window.kernel, channels)
    fitting = PIECE // (math.prod(shape) * images.itemsize)
    size = max(1, min(share.stop - share.start, max(fitting, -(-ROWS // (out_height * out_width)))))
    padded = window.canvas((size, height, width, channels), images.dtype)
    inside, views = window.inside(padded), window.patches(padded)
    buffer = np.empty((size, *shape), images.dtype)
    for start in range(share.start, share.stop, size):
        count = min(size, share.stop - start)
        inside[:count] = images[start : start + count]
        buffer[:count] = views[:count]
        yield slice(start, start + count), buffer[:count].reshape(count * out_height * out_width, -1)


def _add_up(grad_patches: Array, window: Window, out: Array) -> None:
    """Each pixel of ``out`` (N, H, W, C) gets the sum of what came back to it from the patches that it is part of.

    Of windows that do not overlap, a whole row is added at once: a run of k_W·C numbers.
    """
    padded = window.canvas(out.shape, out.dtype)
    patches = window.patches(padded)
    grad_patches = grad_patches.reshape(patches.shape)
    apart = -(-(window.dilation[1] * (window.kernel[1] - 1) + 1) // window.stride[1])
    for row in range(window.kernel[0]):
        for first in range(apart):
            patches[:, :, first::apart, row] += grad_patches[:, :, first::apart, row]
    out[...] = window.inside(padded)


class Conv2d(Module):
    """Every output pixel is a weighted sum of the input pixels around it; the same weights serve everywhere.

    Forward, with xₚ the padded x, s the stride, d the dilation, and g the group of output channel o::

        y[n, o, i, j] = Σ_c,a,b weight[o, c, a, b] · xₚ[n, g·C/G + c, i·s + a·d, j·s + b·d] + bias[o]

    Backward::

        grad_weight[o, c, a, b] = Σ_n,i,j grad_output[n, o, i, j] · xₚ[n, g·C/G + c, i·s + a·d, j·s + b·d]
        grad_inputₚ[n, g·C/G + c, i·s + a·d, j·s + b·d] += grad_output[n, o, i, j] · weight[o, c, a, b]
        grad_bias[o] = Σ_n,i,j grad_output[n, o, i, j]

    =======  =============================================================
    array    shape
    =======  =============================================================
    x        (N, in_channels, H, W)
    weight   (out_channels, in_channels / groups, kernel, kernel)
    bias     (out_channels,)
    y        (N, out_channels, H_out, W_out), see `Window.output_size`
    =======  =============================================================

    Args:
        in_channels: numbers of each pixel that come in.
        out_channels: numbers of each pixel that go out; as many filters are learned.
        kernel_size: side of the square of pixels that a filter sees, or (height, width).
        stride: pixels from one window to the next; 2 halves height and width.
        padding: pixels of zeros added on each side; (kernel_size − 1) / 2 keeps height and width at stride 1.
        dilation: distance between the pixels that a filter sees; larger sees farther for the same cost.
        groups: parts that the channels are cut into, each convolved for itself; in_channels makes a depthwise
            convolution.
        bias: whether there is a bias; it begins at 0. BatchNorm behind it makes one useless.
        rng: where the initial weights are drawn from.
        initialization: one of `nn.initialization`; He's by default.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: the input. Raises ValueError for images with other channels, or smaller than the window.

    Computed as matrix products of patches, or where that is faster in Winograd's form (`winograd.fits`) or as matrix
    products of rows (`few_filters.fits`).

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition"; as matrix products:
    Chellapilla et al. 2006, "High performance convolutional neural networks for document processing".

    >>> layer = Conv2d(3, 8, 3, stride=2, padding=1, rng=np.random.default_rng(0))
    >>> layer(np.ones((4, 3, 32, 32), np.float32)).shape
    (4, 8, 16, 16)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        initialization: Initializer = he_normal,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if in_channels < 1 or out_channels < 1:
            raise ValueError(f"Conv2d needs at least one channel on each side, got {in_channels} → {out_channels}")
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must divide the channels on both sides, got groups={groups} for {in_channels} → {out_channels}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.groups = groups
        self.window = Window(
            as_pair("kernel_size", kernel_size, 1),
            as_pair("stride", stride, 1),
            as_pair("padding", padding, 0),
            as_pair("dilation", dilation, 1),
        )
        shape = (out_channels, in_channels // groups, *self.window.kernel)
        weight = initialization((out_channels, math.prod(shape[1:])), rng)
        self.weight = Parameter(weight.reshape(shape).astype(dtype), "weight")
        self.bias = Parameter(np.zeros(out_channels, dtype), "bias") if bias else None
        self._x: Array | None = None

    def forward(self, x: Array) -> Array:
        check_images(self, x, self.in_channels, self.weight.data.dtype, self.window)
        forward, _ = self._form(x)
        y = forward(x, self.weight.data, None if self.bias is None else self.bias.data, self.window)
        self._x = x if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array | None:
        if self._x is None:
            raise self._no_forward()
        size = self.window.output_size(*self._x.shape[2:])
        check_grad_output(self, grad_output, (len(self._x), self.out_channels, *size))
        _, backward = self._form(self._x)
        grad_input, grad_weight, grad_bias = backward(
            grad_output, self._x, self.weight.data, self.window, needs_input_grad=self.needs_input_grad
        )
        self.weight.accumulate(grad_weight)
        if self.bias is not None:
            self.bias.accumulate(grad_bias)
        return grad_input

    def _form(self, x: Array) -> tuple[Callable[..., Array], Callable[..., tuple[Array | None, Array, Array]]]:
        """The two functions that compute this convolution of x fastest."""
        weight = self.weight.data
        if winograd.fits(x.shape, weight.shape, self.window, self.groups):
            return winograd.winograd_forward, winograd.winograd_backward
        if few_filters.fits(x, weight, self.window, self.groups):
            return few_filters.few_filters_forward, few_filters.few_filters_backward
        return partial(conv2d_forward, groups=self.groups), partial(conv2d_backward, groups=self.groups)

    def describe(self) -> str:
        words = [f"{self.in_channels}, {self.out_channels}, {self.window.describe()}"]
        words += [f"groups={self.groups}"] if self.groups > 1 else []
        words += [] if self.bias else ["bias=False"]
        return ", ".join(words)
