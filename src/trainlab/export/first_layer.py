"""The weights of a network's first layer as a picture: what each unit looks for in an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_UNITS = 64
TILE_SIDE = 56
"""Smaller tiles are enlarged to about so many pixels."""


def first_layer_picture(
    weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int, int]
) -> NDArray[np.uint8] | None:
    """(H, W, 3): a tile a unit, side by side; None where no layer's weights have the shape of a part of an image.

    Grey is 0; the lightest and the darkest pixel of each tile are ± its largest weight. At most 64 units are shown.

    Args:
        weights: all arrays of the network, in any order.
        image_shape: channels, height and width of what the network gets.

    >>> first_layer_picture({"1.weight": np.eye(4)}, (1, 2, 2)).shape
    (115, 115, 3)
    """
    channels, height, width = image_shape
    for weight in weights.values():
        if weight.ndim == 2 and weight.shape[1] == channels * height * width:
            return _side_by_side(weight[:MOST_UNITS].reshape(-1, *image_shape))
        if weight.ndim == 4 and weight.shape[1] == channels:
            return _side_by_side(weight[:MOST_UNITS])
    return None


def _side_by_side(weight: NDArray[Any]) -> NDArray[np.uint8]:
    """Units (F, C, h, w) in rows, each row nearly as long as the picture is high, a grey line between tiles."""
    largest = np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
    shares = weight / np.where(largest > 0, largest, 1)  # in [−1, 1]
    factor = max(1, TILE_SIDE // max(weight.shape[2:]))
    tiles = np.rint(127.5 + 127.5 * shares).astype(np.uint8).repeat(factor, axis=2).repeat(factor, axis=3)
    count, _, height, width = tiles.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    picture = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, 3), 127, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (
            1 + place * (side + 1) for place, side in zip(divmod(number, columns), (height, width), strict=True)
        )
        picture[top : top + height, left : left + width] = tile.transpose(1, 2, 0)
    return picture
