"""The weights of a network's first layer as a picture: what each unit looks for in an image."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_FILTERS, COLUMNS = 64, 16
GAP = 1  # pixels between two filters


def first_filters(weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int, int]) -> NDArray[Any] | None:
    """The first layer's weights as images (F, C, H, W), or None where they cannot be seen as such.

    Args:
        weights: all arrays of the network; the first that takes an image, or pixels of one, counts.
        image_shape: (C, H, W) of what the network is given.
    """
    channels = image_shape[0]
    if channels not in (1, 3):
        return None
    for weight in weights.values():
        if weight.ndim == 4 and weight.shape[1] == channels and weight.shape[2] > 1:
            return weight
        if weight.ndim == 2 and weight.shape[1] == math.prod(image_shape):
            return weight.reshape(-1, *image_shape)
    return None


def filters_picture(filters: NDArray[Any]) -> NDArray[np.uint8]:
    """The first filters side by side, each in its own range, as (H, W, 4).

    In grey images 0 is white, positive weights are red and negative ones blue; in colour 0 is grey. What lies between
    the filters is transparent.
    """
    shown = filters[:MOST_FILTERS].astype(np.float64)
    largest = np.abs(shown).max(axis=(1, 2, 3), keepdims=True)
    scaled = shown / np.where(largest > 0, largest, 1.0)  # -1 … 1
    if shown.shape[1] == 1:
        value = scaled[:, 0]
        fading = 1 - np.abs(value)
        colours = np.stack([np.where(value > 0, 1.0, fading), fading, np.where(value < 0, 1.0, fading)], axis=-1)
    else:
        colours = (scaled.transpose(0, 2, 3, 1) + 1) / 2
    count, height, width, _ = colours.shape
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    picture = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for number, tile in enumerate(colours):
        top, left = (place * (side + GAP) for place, side in zip(divmod(number, columns), (height, width), strict=True))
        picture[top : top + height, left : left + width, :3] = np.rint(255 * tile)
        picture[top : top + height, left : left + width, 3] = 255
    return picture
