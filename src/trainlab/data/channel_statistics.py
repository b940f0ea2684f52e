"""Mean and standard deviation of stored images, exact and without a float copy of them."""

import numpy as np
from numpy.typing import NDArray

from trainlab.errors import InputError

_BLOCK_IMAGES = 512  # so that the widened copies of a block stay in the processor's cache


def mean_and_std(
    images: NDArray[np.uint8], indices: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and std of each channel over all pixels of the images at ``indices``, in units of bytes (0 to 255).

    With P pixels, S = Σ x and Q = Σ x²:  mean = S / P,  std = √(P·Q − S²) / P.
    S and Q are sums of integers and so exact; the usual loss of digits in Q/P − mean² cannot happen.

    Raises:
        InputError: no index.

    >>> mean_and_std(np.array([[[[0, 4]]]], np.uint8), np.array([0]))
    (array([2.]), array([2.]))
    """
    if len(indices) == 0:
        raise InputError("mean and standard deviation of no image; expected at least one training image.")
    channels = images.shape[1]
    pixels = len(indices) * images[0, 0].size
    sums, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for start in range(0, len(indices), _BLOCK_IMAGES):
        block = images[indices[start : start + _BLOCK_IMAGES]].astype(np.uint32)
        sums += block.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += np.square(block).sum(axis=(0, 2, 3), dtype=np.int64)
    # Python's integers: P·Q outgrows 64 bits
    spread = [pixels * int(q) - int(s) ** 2 for s, q in zip(sums, squares, strict=True)]
    return sums / pixels, np.sqrt(np.array(spread, np.float64)) / pixels
