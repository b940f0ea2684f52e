"""Moving what an image shows by parts of a pixel: each pixel looks somewhere else for its value."""

from abc import abstractmethod

import numpy as np

from trainlab.data.arrays import Array, convert, dtype_of, empty, namespace, put, zeros
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.piece import Augmentation

_PIECE = 2**16  # numbers: what is computed from so many stays in a core's cache, three times as fast as with 2**18


class Warp(Augmentation):
    """Pixel (i, j) of output n shows image n at the point (y[n, i, j], x[n, i, j]), see `sampled`."""

    def change(self, images: Array, draw: Draws) -> Array:
        count = len(images)
        step = max(1, _PIECE // images[0].size) if isinstance(images, np.ndarray) and count else max(1, count)
        for start in range(0, count, step):
            part = slice(start, start + step)
            images[part] = sampled(images[part], *self.sources(images[part], draw.part(part)))
        return images

    @abstractmethod
    def sources(self, images: Array, draw: Draws) -> tuple[Array, Array]:
        """y and x, (N, H, W) in float32 each, in pixels from the first one: new arrays, where ``images`` lies."""


def grid(images: Array) -> tuple[Array, Array]:
    """The row (H, 1) and the column (1, W) of every pixel, in float32."""
    height, width = images.shape[2:]
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    return put(rows[:, np.newaxis], images), put(columns[np.newaxis], images)


def sampled(images: Array, y: Array, x: Array) -> Array:
    """The values of images at points between their pixels, interpolated along both axes; beyond the edges all is 0.

        upper = p[r, s] + u · (p[r, s + 1] − p[r, s])
        lower = p[r + 1, s] + u · (p[r + 1, s + 1] − p[r + 1, s])
        output[n, c, i, j] = upper + v · (lower − upper)

    with p = images[n, c], y[n, i, j] = r + v, x[n, i, j] = s + u, where r and s are whole and 0 ≤ u, v < 1. Computed in
    float32; bytes are rounded.

    ======  ============  ======================================
    images  (N, C, H, W)  uint8 or float32; left as it is
    y, x    (N, H, W)     float32, in pixels; overwritten
    output  (N, C, H, W)  a new array of the type of ``images``
    ======  ============  ======================================

    >>> image = np.array([[[[10, 20], [30, 40]]]], np.uint8)
    >>> sampled(image, np.full((1, 2, 2), 0.5, np.float32), np.full((1, 2, 2), 0.3, np.float32))[0, 0].tolist()
    [[23, 23], [23, 23]]
    """
    count, channels, height, width = images.shape
    line, plane = width + 3, (height + 3) * (width + 3)
    padded = convert(zeros((count, channels, height + 3, line), images), "float32")
    padded[:, :, 1 : height + 1, 1 : width + 1] = images
    pixels = padded.reshape(-1)
    first_row, u_row = _whole_and_rest(y, height)
    first, u = _whole_and_rest(x, width)
    first += first_row * line
    first += put(np.arange(count) * (channels * plane), images)[:, None, None]
    output = empty((count, channels, height, width), padded)
    for channel in range(channels):
        here = pixels[channel * plane :]
        upper = _between(here.take(first), here[1:].take(first), u)
        lower = _between(here[line:].take(first), here[line + 1 :].take(first), u)
        output[:, channel] = _between(upper, lower, u_row)
    if dtype_of(images) == "uint8":
        return convert(namespace(output).round(output, out=output), "uint8")
    return output


def _whole_and_rest(places: Array, size: int) -> tuple[Array, Array]:
    """Places along an axis of so many pixels, counted from one pixel before it, as a whole number and what is left."""
    places += 1
    places = places.clip(0, size + 1)
    whole = namespace(places).floor(places)
    places -= whole
    return convert(whole, "int64"), places


def _between(first: Array, second: Array, share: Array) -> Array:
    """``first + share · (second − first)``, in the memory of the two."""
    second -= first
    second *= share
    first += second
    return first
