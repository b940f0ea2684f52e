"""Random crops: each image moved by a few pixels, what moves in filled with zeros or with a mirror image."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, dtype_of, is_contiguous, namespace, put, reinterpret, table, windows, zeros
from trainlab.data.augmentation.checks import check_integer
from trainlab.data.augmentation.draws import Draws, integers
from trainlab.data.augmentation.piece import Augmentation
from trainlab.errors import InputError
from trainlab.spelling import unknown_name

_MODES = ("zero", "reflect")
_LARGE_TABLE = 2**20  # entries; above, as with 224 × 224 pixels, the table costs more than it saves
_SIGNED = {"uint8": "int8", "float32": "int32"}  # in two's complement, −1 has all bits set


@dataclass(frozen=True)
class RandomCrop(Augmentation):
    """A window of h × w pixels out of the image with ``padding`` pixels added on every side.

        output[c, y, x] = padded[c, top + y, left + x]
        top uniform over 0, …, H + 2 · padding − h        left uniform over 0, …, W + 2 · padding − w

    ======  ============
    input   (N, C, H, W)
    output  (N, C, h, w)
    ======  ============

    Arguments:
        size: h = w in pixels; None keeps the image's own height and width.
        padding: pixels added on each side; more of them move the image further. Below H and W when reflecting.
        mode: "zero" adds zeros; "reflect" mirrors the image at its outermost row or column, which is not repeated.

    Raises:
        InputError: a setting outside its range, or images too small for the size or the reflection.

    Source: He et al. 2016, "Deep residual learning for image recognition", section 4.2 (padding 4 on CIFAR-10).

    >>> images = np.arange(9, dtype=np.uint8).reshape(1, 1, 3, 3)
    >>> RandomCrop(padding=1)(images, Draws(seed=0, epoch=1, indices=np.array([5])))[0, 0].tolist()
    [[4, 5, 0], [7, 8, 0], [0, 0, 0]]
    """

    name = "crop"

    size: int | None = None
    padding: int = 4
    mode: str = "zero"

    def __post_init__(self) -> None:
        if self.size is not None:
            check_integer(self.name, "size", self.size, low=1)
        check_integer(self.name, "padding", self.padding, low=0)
        if self.mode not in _MODES:
            raise unknown_name("mode of crop", self.mode, _MODES)

    def change(self, images: Array, draw: Draws) -> Array:
        return self.change_some(images, np.arange(len(draw)), draw)

    def change_some(self, images: Array, places: NDArray[np.integer], draw: Draws) -> Array:
        height, width = images.shape[2:]
        new_size = self._new_size(height, width)
        top, left = draw.once(self._offsets, height, width).T
        entries = (2 * self.padding + 1) ** 2 * math.prod(images.shape[1:])
        is_move = self.mode == "zero" and new_size == (height, width)
        if is_move and entries <= _LARGE_TABLE and len(images) and is_contiguous(images):
            return shifted(images, places, top, left, self.padding)
        return cut(padded(images[put(places, images)], self.padding, self.mode), top, left, *new_size)

    def offsets(self, draw: Draws, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Top and left, (N,) each, for images of that height and width."""
        new_height, new_width = self._new_size(height, width)
        uniform = draw.uniform(self.name, 2)
        top = integers(uniform[:, 0], height + 2 * self.padding - new_height + 1)
        left = integers(uniform[:, 1], width + 2 * self.padding - new_width + 1)
        return top, left

    def _offsets(self, draw: Draws, height: int, width: int) -> NDArray[np.int64]:
        return np.stack(self.offsets(draw, height, width), axis=1)

    def _new_size(self, height: int, width: int) -> tuple[int, int]:
        new_height, new_width = (height, width) if self.size is None else (self.size, self.size)
        room = min(height - new_height, width - new_width) + 2 * self.padding
        if room < 0:
            raise InputError(
                f"crop: size={self.size} does not fit into images of {height} × {width} pixels with padding="
                f"{self.padding}. Choose a smaller size or a larger padding."
            )
        if self.mode == "reflect" and self.padding >= min(height, width):
            raise InputError(
                f"crop: padding={self.padding} reflects more than images of {height} × {width} pixels hold; expected "
                f"at most {min(height, width) - 1}. Choose a smaller padding or mode 'zero'."
            )
        return new_height, new_width


def padded(images: Array, padding: int, mode: str) -> Array:
    """The images with ``padding`` pixels more on every side: (N, C, H + 2 · padding, W + 2 · padding)."""
    count, channels, height, width = images.shape
    output = zeros((count, channels, height + 2 * padding, width + 2 * padding), images)
    output[:, :, padding : padding + height, padding : padding + width] = images
    if mode == "reflect":
        bottom, right = padding + height - 1, padding + width - 1
        for distance in range(1, padding + 1):
            output[:, :, padding - distance] = output[:, :, padding + distance]
            output[:, :, bottom + distance] = output[:, :, bottom - distance]
        for distance in range(1, padding + 1):  # from padded rows, so that the corners come out right
            output[..., padding - distance] = output[..., padding + distance]
            output[..., right + distance] = output[..., right - distance]
    return output


def cut(images: Array, top: NDArray[np.int64], left: NDArray[np.int64], height: int, width: int) -> Array:
    """From image i the window whose first pixel is (top[i], left[i])."""
    all_windows = windows(windows(images, axis=2, length=height), axis=3, length=width)
    return all_windows[put(np.arange(len(top)), images), :, put(top, images), put(left, images)]


def shifted(
    images: Array, places: NDArray[np.integer], top: NDArray[np.int64], left: NDArray[np.int64], padding: int
) -> Array:
    """``cut(padded(images[places], padding, "zero"), top, left, H, W)``, more than twice as fast.

    A move by whole pixels is one by so many places in the row of all pixels of all images, so an image is one run out
    of that row, copied at once. What comes from beyond an edge is then a pixel of another line or image, and is set to
    zero by bitwise "and" with 0.

    Arguments:
        images: C-contiguous, at least one where there are places.
    """
    _, channels, height, width = images.shape
    length = channels * height * width
    wanted = places * length + (top - padding) * width + left - padding
    starts = np.minimum(np.maximum(wanted, 0), (len(images) - 1) * length)
    moved = windows(images.reshape(-1), axis=0, length=length)[put(starts, images)]
    for image in (starts != wanted).nonzero()[0]:  # beyond the ends of the row nothing is kept: what goes round there
        moved[image] = namespace(images).roll(moved[image], int(starts[image] - wanted[image]))
    signed = _SIGNED[dtype_of(images)]
    keep = table(_kept, images, channels, height, width, padding, signed)
    bits = reinterpret(moved, signed)
    bits &= keep[put(top * (2 * padding + 1) + left, images)]
    return reinterpret(bits, dtype_of(images)).reshape(len(places), channels, height, width)


@lru_cache(maxsize=16)
def _kept(channels: int, height: int, width: int, padding: int, dtype: str) -> NDArray[Any]:
    """For each top and left, −1 (all bits) where a number comes from inside: ((2 · padding + 1)², C · H · W)."""
    moves = np.arange(-padding, padding + 1)[:, np.newaxis]
    rows, columns = np.arange(height) + moves, np.arange(width) + moves
    from_rows, from_columns = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    inside = from_rows[:, np.newaxis, :, np.newaxis] & from_columns[:, np.newaxis, :]
    return np.tile(-inside.reshape(-1, height * width).astype(dtype), channels)
