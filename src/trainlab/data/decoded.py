"""Images that were costly to decode, kept as plain bytes that the operating system maps into memory.

A mapped array is opened at once, whatever its size; its pages are read when they are touched and shared by all
processes that train on them. Each entry in the subfolder ``decoded`` of the cache folder is two files:

======================  =======================================================
OWNER-STATE.images.npy  uint8 (N, C, H, W), opened with ``mmap_mode="r"``
OWNER-STATE.numbers.npy integers that belong to the images, such as their labels
======================  =======================================================

OWNER is a digest of what was decoded and how; STATE one of the files' sizes and times, so that a changed file is
decoded again. Deleting the folder costs nothing but that time.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap, read_array
from numpy.typing import NDArray

from trainlab.atomic import remove_leftovers, write_atomically
from trainlab.data.folders import cache_folder
from trainlab.errors import InputError
from trainlab.lock import locked

Images = NDArray[np.uint8]
Numbers = NDArray[np.unsignedinteger[Any]]

_FORM = "2"  # counts up when the decoding itself changes: older entries are then not used


def decoded(owner: str, state: str, decode: Callable[[], tuple[Images, Numbers]]) -> tuple[Images, Numbers]:
    """What ``decode`` returns, from the cache when it was decoded before; the images are then read-only.

    One process decodes; others wait for it. An entry appears whole or not at all, and replaces the entries of the
    same owner in another state. Where the cache cannot be written, the arrays stay in memory: nothing else differs.

    Arguments:
        owner: what is decoded and with which settings.
        state: changes whenever the result may, see `state_of`.
        decode: called when no entry is there; its errors pass through.
    """
    prefix = _digest(f"{_FORM} {owner}")
    with ExitStack() as until_the_end:
        try:
            folder = cache_folder() / "decoded"
            stem = folder / f"{prefix}-{state}"
            if (found := _open(stem)) is not None:
                return found
            until_the_end.enter_context(locked(folder / ".lock"))
            remove_leftovers(folder)
        except InputError:  # no place to write
            return decode()
        if (found := _open(stem)) is not None:
            return found  # another process was faster
        images, numbers = decode()
        try:
            write_atomically(_numbers_path(stem), partial(np.save, arr=numbers, allow_pickle=False))
            write_atomically(_images_path(stem), partial(np.save, arr=images, allow_pickle=False))
        except InputError:  # the disk is full
            return images, numbers
        _remove_other_states(folder, prefix, stem)
        return _open(stem) or (images, numbers)


def state_of(paths: Iterable[Path], also: str = "") -> str:
    """A digest of the names, sizes and times of change of files, and of what ``also`` says.

    Raises:
        InputError: one of them is not there.
    """
    lines = [also]
    for path in dict.fromkeys(paths):
        try:
            status = path.stat()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
        lines.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return _digest("\n".join(lines))


def _open(stem: Path) -> tuple[Images, Numbers] | None:
    """The entry, or None when it is missing or damaged."""
    try:
        images = open_memmap(_images_path(stem), mode="r").view(np.ndarray)  # memmap's own indexing is slower
        with _numbers_path(stem).open("rb") as file:
            numbers = read_array(file, allow_pickle=False)
    except Exception:  # damaged headers make NumPy raise nearly anything
        return None
    is_sound = images.dtype == np.uint8 and images.ndim == 4 and numbers.shape == (len(images),)
    return (images, numbers) if is_sound and np.issubdtype(numbers.dtype, np.unsignedinteger) else None


def _remove_other_states(folder: Path, prefix: str, stem: Path) -> None:
    for path in folder.glob(f"{prefix}-*"):
        if not path.name.startswith(stem.name):
            with suppress(OSError):  # Windows keeps a file that another process has mapped
                path.unlink()


def _images_path(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.images.npy")


def _numbers_path(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.numbers.npy")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]
