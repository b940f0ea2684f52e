"""Elastic distortion: every pixel moves its own way, and neighbours move alike, as a trembling hand would have it."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, put
from trainlab.data.augmentation.checks import check_number
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.warp import Warp, grid


@dataclass(frozen=True)
class Elastic(Warp):
    """Pixel (i, j) shows the input at (i + Δ_y[i, j], j + Δ_x[i, j]), with two random fields smoothed by a Gaussian:

        Δ = α · G_H · noise · G_Wᵀ          noise (H, W) uniform over [−1, 1), drawn for each image and direction
        G[i, j] = e^(−(i − j)² / 2σ²) / Σₖ e^(−k² / 2σ²)          k over all whole numbers

    so Δ_y and Δ_x have a standard deviation of about ``α / (2 · √(3π) · σ)`` pixels, 1.4 with the defaults, and less
    near the edges, beyond which the noise is taken as 0. How values between pixels are found: `warp.sampled`. Shapes
    and types: see `Augmentation`.

    Arguments:
        sigma: σ in pixels, from 0.1 to 1000. Small crumples the image; very large moves it as a whole.
        alpha: α in pixels, 0 or more; larger moves further, in proportion.

    Raises:
        InputError: a setting outside its range.

    Source: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual
    document analysis", section 2 (σ = 4, α = 34 on MNIST).

    >>> images = np.zeros((1, 1, 5, 5), np.uint8)
    >>> Elastic()(images, Draws(seed=0, epoch=1, indices=np.array([0]))).shape
    (1, 1, 5, 5)
    """

    name = "elastic"

    sigma: float = 4
    alpha: float = 34

    def __post_init__(self) -> None:
        check_number(self.name, "sigma", self.sigma, low=0.1, high=1000)
        check_number(self.name, "alpha", self.alpha, low=0)

    def displacements(self, draw: Draws, height: int, width: int) -> NDArray[np.float32]:
        """Δ_y and Δ_x: (N, H, 2, W)."""
        noise = draw.coarse(self.name, 2 * height * width)
        noise *= 2
        noise -= 1
        # Two products an image instead of four: the directions stand side by side. One product for all images would be
        # faster still, but its rounding may depend on their number.
        by_rows = gaussian(height, self.sigma) @ noise.reshape(len(draw), height, 2 * width)
        fields: Any = by_rows.reshape(len(draw), 2 * height, width) @ gaussian(width, self.sigma).T
        fields *= self.alpha
        moves: NDArray[np.float32] = fields.reshape(len(draw), height, 2, width)
        return moves

    def sources(self, images: Array, draw: Draws) -> tuple[Array, Array]:
        rows, columns = grid(images)
        moves = put(self.displacements(draw, *images.shape[2:]), images)
        return moves[:, :, 0] + rows, moves[:, :, 1] + columns


@lru_cache(maxsize=16)
def gaussian(size: int, sigma: float) -> NDArray[np.float32]:
    """G of `Elastic`, (size, size)."""
    places = np.arange(size)
    distances = np.arange(-math.ceil(10 * sigma), math.ceil(10 * sigma) + 1)  # beyond, terms are below 1e-21
    weights = np.exp(-np.square(places[:, np.newaxis] - places) / (2 * sigma**2))
    g: NDArray[np.float32] = (weights / np.exp(-np.square(distances) / (2 * sigma**2)).sum()).astype(np.float32)
    return g
