"""Making IDX files, small ones and broken ones."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def idx_bytes(array: NDArray[Any], element_type: int = 0x08) -> bytes:
    """The IDX file that holds ``array``."""
    header = struct.pack(f">HBB{array.ndim}I", 0, element_type, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_pair(
    folder: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], stem: str = "train", packed: bool = True
) -> None:
    """The two files of one part as MNIST names them."""
    folder.mkdir(parents=True, exist_ok=True)
    for array, name in ((images, f"{stem}-images-idx3-ubyte"), (labels, f"{stem}-labels-idx1-ubyte")):
        content = idx_bytes(array)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def small_images(count: int, height: int = 28, width: int = 28) -> NDArray[np.uint8]:
    """(count, height, width), every pixel random."""
    return np.random.default_rng(count).integers(0, 256, (count, height, width), dtype=np.uint8)
