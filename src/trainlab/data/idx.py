"""Reading IDX, the format of MNIST: a magic number, the lengths of the axes, then the bytes.

======  ==============================================================================
bytes   meaning (every integer is big-endian)
======  ==============================================================================
0-1     zero
2       type of the elements; 0x08 is an unsigned byte
3       number of axes d
4-…     d lengths of 4 bytes each
…       the elements, last axis fastest
======  ==============================================================================

So images (3 axes) start with 0x00000803 = 2051 and labels (1 axis) with 0x00000801 = 2049.

Source: the file format section of the MNIST page by LeCun, Cortes and Burges.
"""

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainlab.data.content import open_content, read_exactly
from trainlab.errors import InputError

IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049

_CONTENTS = {IMAGES_MAGIC: "images (N, H, W)", LABELS_MAGIC: "labels (N,)"}
_UNSIGNED_BYTE = 0x08
_OTHER_TYPES = {0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
_LARGEST_DEFLATE_RATIO = 1032  # no deflate stream holds more: RFC 1951 codes at most 258 bytes in 2 bits


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, plain or gzip-packed; its first bytes decide, not its name.

    The content is unpacked straight into the array: memory peaks at the array's own size.

    Raises:
        InputError: the file is missing, empty, not IDX, of other elements than bytes, shorter or longer than its
            header says, or gzip-damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "two-labels")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 9]))
    ...     read_idx(path).tolist()
    [5, 9]
    """
    return _read(path, expected_magic=None)


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of grey images: uint8 of shape (N, H, W).

    Raises:
        InputError: as `read_idx`, or the magic number is not 2051.
    """
    return _read(path, IMAGES_MAGIC)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of labels: uint8 of shape (N,).

    Raises:
        InputError: as `read_idx`, or the magic number is not 2049.
    """
    return _read(path, LABELS_MAGIC)


def _read(path: Path, expected_magic: int | None) -> NDArray[np.uint8]:
    with open_content(path) as file:
        start = file.read(4)
        if not start:
            raise InputError(f"{path}: is empty; expected an IDX file. The download or copy failed; fetch it again.")
        number_of_axes = _check_magic(path, start, expected_magic)
        lengths = file.read(4 * number_of_axes)
        if len(lengths) < 4 * number_of_axes:
            raise InputError(f"{path}: ends within its header of {4 + 4 * number_of_axes} bytes. Fetch it again.")
        shape = struct.unpack(f">{number_of_axes}I", lengths)
        expected_bytes = math.prod(shape)
        if expected_bytes > path.stat().st_size * _LARGEST_DEFLATE_RATIO:
            raise InputError(_is_truncated(path, shape, f"fewer than {expected_bytes:,}", expected_bytes))
        array = np.empty(shape, np.uint8)
        found_bytes = read_exactly(file, array.reshape(-1).data)
        if found_bytes < expected_bytes:
            raise InputError(_is_truncated(path, shape, f"{found_bytes:,}", expected_bytes))
        if file.read(1):
            raise InputError(
                f"{path}: is too long: more bytes follow the {expected_bytes:,} that its header {shape} promises. "
                "It is damaged or was joined with another file; fetch it again."
            )
    return array


def _check_magic(path: Path, start: bytes, expected_magic: int | None) -> int:
    """The number of axes, once the four first bytes are those of an IDX file of unsigned bytes."""
    if len(start) < 4:
        raise InputError(f"{path}: has {len(start)} bytes; an IDX header has at least 8. Fetch it again.")
    magic = int.from_bytes(start, "big")
    zero, element_type, number_of_axes = magic >> 16, magic >> 8 & 0xFF, magic & 0xFF
    if zero == 0 and element_type in _OTHER_TYPES:
        raise InputError(
            f"{path}: its elements are {_OTHER_TYPES[element_type]} (type 0x{element_type:02X}); expected unsigned "
            f"bytes (0x{_UNSIGNED_BYTE:02X}), the type of MNIST. Convert the data to bytes first."
        )
    wanted = "2051 (images) or 2049 (labels)" if expected_magic is None else _describe(expected_magic)
    if zero != 0 or element_type != _UNSIGNED_BYTE or number_of_axes == 0:
        raise InputError(
            f"{path}: starts with the magic number {magic} (0x{magic:08X}); expected {wanted}. It is not an IDX file, "
            "perhaps a web page saved in its place; fetch it again."
        )
    if expected_magic is not None and magic != expected_magic:
        raise InputError(
            f"{path}: starts with the magic number {_describe(magic)}; expected {wanted}. "
            "Two files were probably swapped or renamed."
        )
    return number_of_axes


def _describe(magic: int) -> str:
    return f"{magic}, {_CONTENTS[magic]}" if magic in _CONTENTS else f"{magic}, {magic & 0xFF} axes"


def _is_truncated(path: Path, shape: tuple[int, ...], found: str, expected_bytes: int) -> str:
    return (
        f"{path}: is truncated: its header {shape} promises {expected_bytes:,} bytes and {found} are there. "
        "The download or copy was cut off; fetch it again."
    )
