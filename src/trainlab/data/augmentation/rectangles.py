"""Rectangles in images, one an image, and which pixels lie in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, put


@dataclass(frozen=True, eq=False)
class Rectangles:
    """Rows ``top`` to ``bottom`` − 1 and columns ``left`` to ``right`` − 1 of each image; (N,) each.

    An edge outside the image is cut off there.
    """

    top: NDArray[np.int64]
    bottom: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    @classmethod
    def centred(
        cls, row: NDArray[np.int64], column: NDArray[np.int64], height: NDArray[np.int64], width: NDArray[np.int64]
    ) -> "Rectangles":
        """Of the given size around a pixel: ``height // 2`` rows above it, the others from its own row on."""
        top, left = row - height // 2, column - width // 2
        return cls(top, top + height, left, left + width)

    def __getitem__(self, chosen: NDArray[np.int64]) -> "Rectangles":
        return Rectangles(self.top[chosen], self.bottom[chosen], self.left[chosen], self.right[chosen])

    def rows(self, height: int) -> NDArray[np.bool_]:
        """(N, H): whether a row meets the rectangle."""
        return _within(height, self.top, self.bottom)

    def columns(self, width: int) -> NDArray[np.bool_]:
        """(N, W): whether a column meets the rectangle."""
        return _within(width, self.left, self.right)

    def mask(self, images: Array) -> Array:
        """(N, 1, H, W), true inside the rectangle, on the device of ``images`` (any batch of that height and width).

        >>> corner = Rectangles(np.array([0]), np.array([1]), np.array([1]), np.array([9]))
        >>> corner.mask(np.zeros((1, 1, 2, 3), np.uint8))[0, 0].astype(int).tolist()
        [[0, 1, 1], [0, 0, 0]]
        """
        height, width = images.shape[2:]
        rows, columns = put(self.rows(height), images), put(self.columns(width), images)
        return rows[:, None, :, None] & columns[:, None, None, :]

    def share_of(self, height: int, width: int) -> NDArray[np.float64]:
        """(N,) the part of the image's area that the rectangle covers."""
        covered = self.rows(height).sum(axis=1) * self.columns(width).sum(axis=1)
        share: NDArray[np.float64] = covered / (height * width)
        return share


def _within(size: int, start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.bool_]:
    places = np.arange(size)
    return (places >= start[:, np.newaxis]) & (places < stop[:, np.newaxis])
