"""Images as PNG data URIs: pure functions of arrays."""

import io
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 96  # pixels: a larger image is scaled down, so that the page stays small


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
