"""Pixels as PNG, the same bytes for the same pixels."""

import io

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 96  # pixels: a larger image is scaled down, so that the report stays small


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """An image (H, W), (H, W, 3) or (H, W, 4) as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", optimize=True)
    return file.getvalue()


def upright(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A stored image (C, H, W) as (H, W) or (H, W, 3), as it is or scaled down."""
    from PIL import Image

    turned = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    share = LONGEST_SIDE / max(turned.shape[:2])
    if share >= 1:
        return turned
    height, width = (max(1, round(share * side)) for side in turned.shape[:2])
    small = Image.fromarray(np.ascontiguousarray(turned)).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(small)


def enlarged(pixels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Each pixel repeated as often as fits into ``width``, so that no viewer blurs it."""
    factor = max(1, width // pixels.shape[1])
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
