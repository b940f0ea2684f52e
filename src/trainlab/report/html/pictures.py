"""Images and weights as PNG data URIs: pure functions of arrays."""

import io
import math
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 96  # pixels: a larger image is scaled down, so that the page stays small
MOST_FILTERS, COLUMNS = 64, 16
GAP = 1  # pixels between two filters


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """An image (H, W), (H, W, 3) or (H, W, 4) as ``data:image/png;base64,…``."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()


def image_uri(image: NDArray[np.uint8]) -> str:
    """A stored image (C, H, W) as it is, or scaled down."""
    from PIL import Image

    upright = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    share = LONGEST_SIDE / max(upright.shape[:2])
    if share < 1:
        height, width = (max(1, round(share * side)) for side in upright.shape[:2])
        small = Image.fromarray(np.ascontiguousarray(upright)).resize((width, height), Image.Resampling.LANCZOS)
        upright = np.asarray(small)
    return png_uri(upright)


def first_filters(weights: dict[str, NDArray[Any]], image_shape: tuple[int, int, int]) -> NDArray[Any] | None:
    """The first layer's weights as images (F, C, H, W), or None where they cannot be seen as such.

    Args:
        weights: by name, in the order of the layers; the first with two axes or more counts.
        image_shape: (C, H, W) of what the network is given.
    """
    first = next((array for array in weights.values() if array.ndim in (2, 4)), None)
    if first is None or image_shape[0] not in (1, 3):
        return None
    if first.ndim == 4:
        return first if first.shape[1] == image_shape[0] and first.shape[2] > 1 else None
    return first.reshape(-1, *image_shape) if first.shape[1] == math.prod(image_shape) else None


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
