"""Reading a pickle that holds plain data and NumPy arrays of bytes, without running anything that it asks for.

A pickle is a program: it may name any function on this machine and call it. Python's own unpickler would obey.
This one looks up no name at all. The three that an array of bytes needs stand for classes of this file, which
only keep what they are given; every other name is refused, and said.

Source: pickletools of Python's library describes the operations; "Restricting Globals" in the documentation of
pickle gives the method.
"""

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.errors import InputError

PICKLE_MAGIC = b"\x80"
"""A pickle of protocol 2 or later starts with this byte; the protocol's number follows."""


def read_plain_pickle(content: bytes, path: Path) -> Any:
    """The object in a pickle: numbers, strings, lists, tuples, dictionaries and uint8 arrays.

    Strings of Python 2, which are bytes, come out as str (Latin-1), like those of Python 3: by themselves and as
    keys or values of a dictionary, but not inside lists.

    Arguments:
        content: the pickle.
        path: where it was found, for messages.

    Raises:
        InputError: the pickle asks for anything else, which is named and not executed, or it is damaged.

    >>> read_plain_pickle(pickle.dumps({"labels": [3, 8]}, protocol=2), Path("batch"))
    {'labels': [3, 8]}
    """
    try:
        return _plain(_PlainUnpickler(io.BytesIO(content), encoding="bytes").load())
    except _RefusedError as refused:
        raise InputError(
            f"{path}: this pickle asks for {refused}, which no array of numbers needs; nothing was executed. "
            "It is not the published file and may be malicious: delete it and fetch the data again."
        ) from None
    except MemoryError:
        raise InputError(f"{path}: this pickle claims more memory than there is. Fetch the file again.") from None
    except Exception as error:  # damaged pickles make the unpickler raise nearly anything
        raise InputError(
            f"{path}: this pickle is damaged, cut off or another's ({error or type(error).__name__}). "
            "Fetch the file again."
        ) from error


class _RefusedError(Exception):
    """The pickle asked for what plain data do not need; the text is its name."""


class _DataType:
    """Stands for numpy.dtype: keeps the name of the type, which has to be uint8's."""

    def __init__(self, name: str | bytes, *_: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else str(name)
        if text.lstrip("|") not in ("u1", "uint8"):
            raise ValueError(f"an array of {text}; expected uint8")

    def __setstate__(self, _: object) -> None:
        """Byte order and fields, which bytes do not have."""


class _Array:
    """Stands for numpy.ndarray: keeps shape, order and bytes until all of them are there."""

    value: NDArray[np.uint8]

    def __setstate__(self, state: tuple[int, tuple[int, ...], _DataType, bool, bytes | str]) -> None:
        _, shape, data_type, is_fortran, pixels = state
        if not isinstance(data_type, _DataType):
            raise ValueError("an array without a type")
        content = pixels.encode("latin1") if isinstance(pixels, str) else bytes(pixels)
        if not all(isinstance(length, int) and length >= 0 for length in shape) or math.prod(shape) != len(content):
            raise ValueError(f"an array of shape {shape} with {len(content):,} bytes")
        self.value = np.frombuffer(content, np.uint8).reshape(shape, order="F" if is_fortran else "C")


def _reconstruct(kind: object, *_: object) -> _Array:
    """Stands for the function that makes an empty array, before `_Array.__setstate__` fills it."""
    if kind is not _Array:
        raise ValueError("an array of no known kind")
    return _Array()


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 1, in which the files were published
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 2
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DataType,
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise _RefusedError(f"{module}.{name}")
        return _ADMITTED[module, name]

    def persistent_load(self, identifier: object) -> Any:
        raise _RefusedError(f"the persistent object {identifier!r}")


def _plain(value: Any) -> Any:
    """A stand-in replaced with what it holds, a byte string with a string; in a dictionary, its keys and values.

    It goes no deeper: a few lists that hold each other many times would otherwise keep it busy for ever.
    """
    if isinstance(value, dict):
        return {_text(key): _leaf(item) for key, item in value.items()}
    return _leaf(value)


def _text(key: object) -> str:
    if not isinstance(key, str | bytes):
        raise ValueError("a dictionary with keys that are no strings")
    return key if isinstance(key, str) else key.decode("latin1")


def _leaf(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin1")
    return value.value if isinstance(value, _Array) else value
