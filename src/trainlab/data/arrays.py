"""The few operations in which NumPy arrays and torch tensors differ; everything else is written once for both.

torch is never imported here: whoever hands over a tensor has imported it.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = Any
"""A NumPy array, or a torch tensor on any device. What comes in decides what comes out."""


def namespace(array: Array) -> Any:
    """The module ``numpy`` or ``torch``: whichever made the array, None for anything else."""
    if isinstance(array, np.ndarray):
        return np
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else None


def put(values: NDArray[Any], like: Array) -> Array:
    """Numbers that were drawn on the CPU, to where ``like`` lies; CUDA does not wait for the device.

    Apple's GPUs have to: there a copy that is not waited for may read the memory after it was given to somebody else
    (pytorch/pytorch, issue 189690).
    """
    if isinstance(like, np.ndarray):
        return values
    return namespace(like).from_numpy(values).to(like.device, non_blocking=like.device.type == "cuda")


def table(compute: Callable[..., NDArray[Any]], like: Array, *arguments: Any) -> Array:
    """``compute(*arguments)`` where ``like`` lies: numbers that many batches use, brought to a device once.

    `put` does for a few numbers a batch: CUDA promises not to wait for the device up to 64 KB.

    Source: CUDA C++ programming guide, "Asynchronous concurrent execution".
    """
    return compute(*arguments) if isinstance(like, np.ndarray) else _table_on(like.device, compute, *arguments)


@lru_cache(maxsize=64)
def _table_on(device: Any, compute: Callable[..., NDArray[Any]], *arguments: Any) -> Array:
    return sys.modules["torch"].from_numpy(compute(*arguments)).to(device)


def convert(array: Array, dtype: str) -> Array:
    """A new array of another type, such as ``"float32"``, in C order."""
    if isinstance(array, np.ndarray):
        return array.astype(dtype, order="C")
    torch = namespace(array)
    return array.to(getattr(torch, dtype), copy=True, memory_format=torch.contiguous_format)


def reinterpret(array: Array, dtype: str) -> Array:
    """The same bytes read as another type of the same size."""
    return array.view(dtype if isinstance(array, np.ndarray) else getattr(namespace(array), dtype))


def dtype_of(array: Array) -> str:
    """Such as ``"uint8"``."""
    return _name(array.dtype)


@lru_cache(maxsize=64)  # NumPy takes longer to spell a type than to add two small arrays
def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def copy(array: Array) -> Array:
    return array.copy() if isinstance(array, np.ndarray) else array.clone()


def empty(shape: tuple[int, ...], like: Array) -> Array:
    """Room for values of the type and on the device of ``like``."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def empty_floats(shape: tuple[int, ...], like: Array) -> Array:
    """Room for float32 values on the device of ``like``."""
    if isinstance(like, np.ndarray):
        return np.empty(shape, np.float32)
    return like.new_empty(shape, dtype=namespace(like).float32)


def is_contiguous(array: Array) -> bool:
    """Whether the values lie in one piece and in C order."""
    return array.flags.c_contiguous if isinstance(array, np.ndarray) else bool(array.is_contiguous())


def zeros(shape: tuple[int, ...], like: Array) -> Array:
    """Zeros of the type and on the device of ``like``."""
    return np.zeros(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_zeros(shape)


def windows(array: Array, axis: int, length: int) -> Array:
    """All runs of ``length`` neighbours along an axis, as a view: shape (…, size − length + 1, …, length).

    >>> windows(np.arange(5), axis=0, length=3).tolist()
    [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    """
    if not isinstance(array, np.ndarray):
        return array.unfold(axis, length, 1)
    shape = (*array.shape[:axis], array.shape[axis] - length + 1, *array.shape[axis + 1 :], length)
    return as_strided(array, shape, (*array.strides, array.strides[axis]), writeable=False)


def mirror(images: Array) -> Array:
    """Left and right exchanged.

    >>> mirror(np.array([[[[1, 2, 3]]]], np.uint8)).tolist()
    [[[[3, 2, 1]]]]
    """
    if not isinstance(images, np.ndarray):
        return images.flip(-1)
    if images.dtype != np.uint8 or images.shape[-1] % 8 or not images.flags.c_contiguous:
        return images[..., ::-1]
    # Eight bytes at a time, several times as fast: words change places, and their bytes the order in which they count
    words, mirrored = images.view(">u8"), np.empty((*images.shape[:-1], images.shape[-1] // 8), "<u8")
    for place in range(words.shape[-1]):
        mirrored[..., -1 - place] = words[..., place]
    return mirrored.view(np.uint8)


def mean_over_pixels(images: Array) -> Array:
    """(N, C, H, W) to (N, C, 1, 1) in float32.

    Summed in float64, in which a sum of some thousand float32 values from 2⁻¹⁶ to 2⁸ is exact: NumPy and torch add in
    different orders, and would otherwise differ in the last digit.
    """
    pixels = images.shape[2] * images.shape[3]
    if isinstance(images, np.ndarray):
        return (images.sum(axis=(2, 3), keepdims=True, dtype=np.float64) / pixels).astype(np.float32)
    torch = namespace(images)
    precise = torch.float32 if images.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
    return (images.sum(dim=(2, 3), keepdim=True, dtype=precise) / pixels).to(torch.float32)
