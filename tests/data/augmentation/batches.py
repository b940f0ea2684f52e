"""Small batches that the tests of all augmentations share."""

from typing import Any

import numpy as np

from trainlab.data.augmentation import Draws

INDICES = np.array([12, 3, 40_000, 7, 0, 8, 101])
DRAW = Draws(seed=11, epoch=2, indices=INDICES)
SHAPES = [(7, 3, 8, 8), (7, 1, 7, 5), (7, 3, 5, 16), (7, 2, 6, 9)]


def batch(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Random bytes from 1 on, so that nothing in them is mistaken for a zero that was painted; or floats in [0, 1)."""
    random = np.random.default_rng(0)
    if dtype == "uint8":
        return random.integers(1, 256, shape, dtype=np.uint8)
    return random.random(shape, dtype=np.float32)


def tensor(images: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(images.copy())
