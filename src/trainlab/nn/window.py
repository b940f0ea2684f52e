"""A window that slides over images: what convolution and pooling have in common.

Images are handled as (N, H, W, C) here, the order in which the layers keep them in memory; see `nn.images`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import as_strided

from trainlab.nn.array import Array, DType, Labels

Pair = tuple[int, int]
"""Vertical, horizontal."""


@dataclass(frozen=True)
class Window:
    """Size and steps of a sliding window, each vertical and horizontal.

    Output pixel (i, j) sees the input pixels ``(i·stride + a·dilation − padding, j·stride + b·dilation − padding)`` for
    all a, b in the kernel.

    Args:
        kernel: rows and columns of the window, in pixels it looks at.
        stride: pixels from one window to the next; larger makes the output smaller.
        padding: pixels of border added on each side.
        dilation: pixels from one row or column of the window to the next; 1 leaves no gaps.

    >>> Window((3, 3), stride=(2, 2), padding=(1, 1)).output_size(32, 32)
    (16, 16)
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def output_size(self, height: int, width: int) -> Pair:
        """``⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`` for height and width.

        Raises ValueError when the window is larger than the padded image.
        """
        padded = (height + 2 * self.padding[0], width + 2 * self.padding[1])
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        if spans[0] > padded[0] or spans[1] > padded[1]:
            raise ValueError(
                f"a window of {spans[0]}×{spans[1]} pixels is larger than the image, {padded[0]}×{padded[1]} with its "
                "padding. Take a smaller kernel or dilation, more padding or larger images."
            )
        rows, columns = ((p - span) // s + 1 for p, span, s in zip(padded, spans, self.stride, strict=True))
        return rows, columns

    @property
    def overlaps(self) -> bool:
        """Whether a pixel may be seen by more than one window."""
        sides = zip(self.kernel, self.stride, self.dilation, strict=True)
        return any(dilation * (kernel - 1) + 1 > stride for kernel, stride, dilation in sides)

    def pixel(self, i: int, j: int, a: int, b: int) -> Pair:
        """Row and column of the pixel at place (a, b) of output pixel (i, j); outside the image on the border."""
        (s, t), (d, e), (p, q) = self.stride, self.dilation, self.padding
        return i * s + a * d - p, j * t + b * e - q

    def rows(self, made: slice) -> slice:
        """Which rows of padded images the windows of some output rows see.

        >>> Window((5, 5)).rows(slice(2, 4))
        slice(2, 8, None)
        """
        stride, span = self.stride[0], self.dilation[0] * (self.kernel[0] - 1) + 1
        return slice(made.start * stride, (made.stop - 1) * stride + span)

    def first_inside(self, out_height: int, out_width: int) -> tuple[Labels, Labels]:
        """For each row and each column of the output, the first row and column of its window that is not border."""
        sizes = zip((out_height, out_width), self.stride, self.dilation, self.padding, strict=True)
        rows, columns = (np.maximum(0, -((s * np.arange(size) - p) // d)) for size, s, d, p in sizes)
        return rows, columns

    def pad(self, images: Array, value: float = 0.0) -> Array:
        """Images (N, H, W, C) with a border of ``value``: a copy, or they themselves where there is no border."""
        if self.padding == (0, 0):
            return images
        padded = self.canvas(images.shape, images.dtype, value)
        self.inside(padded)[...] = images
        return padded

    def canvas(self, shape: tuple[int, ...], dtype: DType, value: float = 0.0) -> Array:
        """Room for images of shape (N, H, W, C) and their border, filled with ``value``."""
        batch, height, width, channels = shape
        top, left = self.padding
        return np.full((batch, height + 2 * top, width + 2 * left, channels), value, dtype)

    def inside(self, padded: Array) -> Array:
        """The view of padded images (N, H, W, C) that leaves out the border."""
        top, left = self.padding
        return padded[:, top : padded.shape[1] - top, left : padded.shape[2] - left]

    def patches(self, padded: Array) -> Array:
        """A view (N, H_out, W_out, k_H, k_W, C) of padded images (N, H, W, C): what each window sees."""
        batch, height, width, channels = padded.shape
        unpadded = Window(self.kernel, self.stride, (0, 0), self.dilation)
        per_image, per_row, per_column, per_channel = padded.strides
        return as_strided(
            padded,
            (batch, *unpadded.output_size(height, width), *self.kernel, channels),
            (
                per_image,
                per_row * self.stride[0],
                per_column * self.stride[1],
                per_row * self.dilation[0],
                per_column * self.dilation[1],
                per_channel,
            ),
        )

    def taps(self, padded: Array) -> Iterator[tuple[int, int, Array]]:
        """For each place (a, b) of the window in row order, the view (N, H_out, W_out, C) of what stands there."""
        unpadded = Window(self.kernel, self.stride, (0, 0), self.dilation)
        rows, columns = unpadded.output_size(*padded.shape[1:3])
        (s, t), (d, e) = self.stride, self.dilation
        for a, b in product(*map(range, self.kernel)):
            yield a, b, padded[:, a * d : a * d + s * (rows - 1) + 1 : s, b * e : b * e + t * (columns - 1) + 1 : t]

    def describe(self, stride: Pair = (1, 1)) -> str:
        """The settings as a constructor takes them, defaults left out: ``3, stride=2, padding=1``."""
        words = [short(self.kernel)]
        for name, default in (("stride", stride), ("padding", (0, 0)), ("dilation", (1, 1))):
            value = getattr(self, name)
            if value != default:
                words.append(f"{name}={short(value)}")
        return ", ".join(words)


def as_pair(name: str, value: int | Pair, smallest: int) -> Pair:
    """One number for both directions, or (vertical, horizontal). Raises ValueError below ``smallest``."""
    pair = (value, value) if isinstance(value, int) else value
    if (
        not isinstance(pair, tuple)
        or len(pair) != 2
        or not all(isinstance(one, int) and not isinstance(one, bool) and one >= smallest for one in pair)
    ):
        raise ValueError(
            f"{name} is a whole number of at least {smallest}, or two of them (vertical, horizontal); got {value!r}"
        )
    return pair


def short(pair: Pair) -> str:
    """``3`` for (3, 3), ``(3, 5)`` for (3, 5)."""
    return str(pair[0]) if pair[0] == pair[1] else str(pair)
