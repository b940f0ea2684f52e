"""Reading CIFAR-10 and CIFAR-100 in the python version (pickles) and the binary version (rows of bytes).

Both versions hold the same rows, one an image:

=========  =======================  ====================================================================
set        bytes a row              meaning
=========  =======================  ====================================================================
CIFAR-10   1 + 3,072                class 0-9; then 1,024 red, 1,024 green, 1,024 blue, row after row
CIFAR-100  2 + 3,072                superclass 0-19, class 0-99; then the same
=========  =======================  ====================================================================

A binary file is its rows and nothing else. A python file is a pickled dictionary: ``data`` is a uint8 array
(N, 3072), and each label stands in a list of its own: ``labels``, or ``coarse_labels`` and ``fine_labels``.
Files differ in bytes from copy to copy (pickles can be written in many ways); their rows do not, so the digest of
a file is that of its rows.

Source: the page of the data sets by Krizhevsky, Nair and Hinton.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.archive import on_disk, read_files
from trainlab.data.decoded import decoded, state_of
from trainlab.data.foreign_name import shown_list
from trainlab.data.plain_pickle import PICKLE_MAGIC, read_plain_pickle
from trainlab.errors import InputError

LabelNames = tuple[str, ...]
"""The labels of a row in the order of the binary version; the last is the class that is learned."""

CIFAR_10_LABELS: LabelNames = ("labels",)
CIFAR_100_LABELS: LabelNames = ("coarse_labels", "fine_labels")

Rows = NDArray[np.uint8]
"""(N, labels + 3072)"""
RowsOf = Callable[[bytes, Path, LabelNames], Rows]
"""`rows_of_python` or `rows_of_binary`: makes rows of a file's content; the path is for messages."""

_IMAGE_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_SET_NAMES = {CIFAR_10_LABELS: "CIFAR-10", CIFAR_100_LABELS: "CIFAR-100"}


def rows_of_python(content: bytes, path: Path, label_names: LabelNames) -> Rows:
    """The rows in a file of the python version.

    Raises:
        InputError: no pickle, one that asks for more than arrays (named, never executed), or one that holds
            something else or no image.
    """
    if not content.startswith(PICKLE_MAGIC):
        raise InputError(
            f"{path}: starts with {content[:4]!r}; expected a pickle of protocol 2 or later, as in the python version. "
            "It may be a web page saved in its place, or the binary version; fetch it again."
        )
    batch = read_plain_pickle(content, path)
    if not isinstance(batch, dict) or "data" not in batch or not set(label_names) <= set(batch):
        found = shown_list(list(batch)) if isinstance(batch, dict) else type(batch).__name__
        raise InputError(
            f"{path}: holds {found or 'nothing'}; expected data and {' and '.join(label_names)}, as files of "
            f"{_SET_NAMES[label_names]} do. It probably belongs to another data set."
        )
    pixels = batch["data"]
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != _PIXELS:
        shape = pixels.shape if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise InputError(f"{path}: its data are {shape}; expected bytes of shape (N, {_PIXELS:,}). Fetch it again.")
    _refuse_no_rows(len(pixels), path)
    rows = np.empty((len(pixels), len(label_names) + _PIXELS), np.uint8)
    for column, name in enumerate(label_names):
        rows[:, column] = _labels(batch[name], len(pixels), name, path)
    rows[:, len(label_names) :] = pixels
    return rows


def rows_of_binary(content: bytes, path: Path, label_names: LabelNames) -> Rows:
    """The rows in a file of the binary version.

    Raises:
        InputError: the length is no multiple of a row's, or zero.

    >>> rows_of_binary(bytes(2 * 3073), Path("batch.bin"), CIFAR_10_LABELS).shape
    (2, 3073)
    """
    width = len(label_names) + _PIXELS
    _refuse_no_rows(len(content), path)
    if len(content) % width:
        cause = next(
            (
                f"These are rows of {_SET_NAMES[other]}"
                for other in _SET_NAMES
                if len(content) % (len(other) + _PIXELS) == 0
            ),
            "It was cut off",
        )
        raise InputError(
            f"{path}: has {len(content):,} bytes; expected a multiple of {width:,}, the bytes of a row of "
            f"{_SET_NAMES[label_names]}. {cause}; fetch the right file again."
        )
    return np.frombuffer(content, np.uint8).reshape(-1, width)


def read_rows(
    paths: Sequence[Path], rows_of: RowsOf, label_names: LabelNames
) -> tuple[NDArray[np.uint8], NDArray[np.unsignedinteger[Any]]]:
    """Images (N, 3, 32, 32) and labels (N,) of the files in their order, decoded once and then memory-mapped.

    Raises:
        InputError: as ``rows_of``, or a file cannot be read.
    """
    names = " ".join(path.name for path in paths)
    owner = f"{rows_of.__name__} {label_names} {on_disk(paths[0]).parent.resolve()} {names}"
    state = state_of([on_disk(path) for path in paths])
    for path in paths:  # before the cache, which may hold what was once decoded without them
        _refuse_no_rows(on_disk(path).stat().st_size, path)
    return decoded(owner, state, partial(_decode, paths, rows_of, label_names))


def rows_digest(path: Path, rows_of: RowsOf, label_names: LabelNames) -> str:
    """SHA-256 over the rows of one file: the same for both versions, however a pickle was written."""
    ((_, content),) = read_files([path])
    return hashlib.sha256(rows_of(content, path, label_names).tobytes()).hexdigest()


def looks_like_python(path: Path) -> bool:
    """True when the file begins as a pickle of protocol 2 or later."""
    with path.open("rb") as file:
        start = file.read(2)
    return start[:1] == PICKLE_MAGIC and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")


def looks_like_binary(path: Path, label_names: LabelNames, classes: int) -> bool:
    """True when the file is whole rows and every class in them exists."""
    width = len(label_names) + _PIXELS
    size = path.stat().st_size
    if size == 0 or size % width:
        return False
    rows = np.memmap(path, np.uint8, "r", shape=(size // width, width))
    return int(rows[:, len(label_names) - 1].max()) < classes


def _refuse_no_rows(size: int, path: Path) -> None:
    if size == 0:
        raise InputError(
            f"{path}: holds no images; expected at least one. The download or copy failed; fetch it again."
        )


def _labels(found: object, count: int, name: str, path: Path) -> NDArray[np.uint8]:
    is_list = isinstance(found, list) and all(type(label) is int and 0 <= label < 256 for label in found)
    if not is_list or len(found) != count:  # type: ignore[arg-type]
        what = f"{len(found):,} entries" if isinstance(found, list) else type(found).__name__
        raise InputError(
            f"{path}: its {name} are {what}; expected a list of {count:,} whole numbers, one an image. Fetch it again."
        )
    return np.array(found, np.uint8)


def _decode(
    paths: Sequence[Path], rows_of: RowsOf, label_names: LabelNames
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rows = {path: rows_of(content, path, label_names) for path, content in read_files(paths)}
    images = np.empty((sum(map(len, rows.values())), *_IMAGE_SHAPE), np.uint8)
    labels = np.empty(len(images), np.uint8)
    start = 0
    for path in paths:
        block = rows.pop(path)
        chosen = slice(start, start + len(block))
        images[chosen] = block[:, -_PIXELS:].reshape(-1, *_IMAGE_SHAPE)
        labels[chosen] = block[:, -_PIXELS - 1]
        start += len(block)
    return images, labels
