"""Reading a pickle that holds plain data and NumPy arrays of bytes, without running anything that it asks for.

A pickle is a program for a small stack machine: it may name any function on this machine and call it, and a few
bytes of it may ask for gigabytes or for hours of work. Python's own unpickler would obey. The machine here knows
only the operations that an array of bytes needs and looks up no name at all: the three that such an array needs
stand for classes of this file, which only keep what they are given. Everything else is refused, and said.

Source: pickletools of Python's library describes the operations; "Restricting Globals" in the documentation of
pickle gives the method.
"""

import math
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.foreign_name import shown
from trainlab.errors import InputError

PICKLE_MAGIC = b"\x80"
"""A pickle of protocol 2 or later starts with this byte; the protocol's number follows."""

_MOST_OPERATIONS = 1_000_000  # several times those of the largest published file, CIFAR-100's train
_LONGEST_AXIS = 1 << 31
_MOST_AXES = 8
_LONGEST_KEY = 1000  # bytes
_LONGEST_REASON = 200  # characters


def read_plain_pickle(content: bytes, path: Path) -> Any:
    """The object in a pickle: numbers, strings, lists, tuples, dictionaries with strings as keys, and uint8 arrays.

    Strings of Python 2, which are bytes, come out as str (Latin-1), like those of Python 3. An array is found by
    itself or as a value of a dictionary, not deeper.

    Arguments:
        content: the pickle.
        path: where it was found, for messages.

    Raises:
        InputError: the pickle asks for anything else, which is named and not executed, or it is damaged.

    >>> import pickle
    >>> read_plain_pickle(pickle.dumps({"labels": [3, 8]}, protocol=2), Path("batch"))
    {'labels': [3, 8]}
    """
    try:
        return _run(content)
    except _RefusedError as refused:
        raise InputError(
            f"{path}: this pickle asks for {refused}, which the published files do not; nothing was executed. Another "
            "program has saved it again, or somebody means harm: delete it and fetch the data again."
        ) from None
    except MemoryError:
        raise InputError(f"{path}: this pickle claims more memory than there is. Fetch the file again.") from None
    except Exception as error:  # damaged pickles bring about nearly any error
        reason = str(error)[:_LONGEST_REASON] or type(error).__name__
        raise InputError(
            f"{path}: this pickle is damaged, cut off or another's ({reason}). Fetch the file again."
        ) from error


def _run(content: bytes) -> Any:
    machine = _Machine(len(content))
    for count, (operation, argument, _) in enumerate(pickletools.genops(content)):
        if count == _MOST_OPERATIONS:
            raise ValueError(f"more than {_MOST_OPERATIONS:,} operations")
        machine.do(operation.name, argument)
    result = machine.stack.pop()
    if isinstance(result, dict):
        return {key: _filled(value) for key, value in result.items()}
    return _filled(result)


class _RefusedError(Exception):
    """The pickle asked for what plain data do not need; the text is its name."""


class _DataType:
    """Stands for numpy.dtype, which has to be uint8's."""

    def __init__(self, name: object, *_: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) and len(name) <= _LONGEST_KEY else name
        if not isinstance(text, str):
            raise ValueError("an array of no known type")
        if text not in ("u1", "|u1", "uint8"):
            raise ValueError(f"an array of {shown(text)}; expected uint8")


class _Array:
    """Stands for numpy.ndarray: empty until its shape, order and bytes are there."""

    value: NDArray[np.uint8] | None = None

    def fill(self, state: Any) -> int:
        """Returns how many bytes the array has."""
        _, shape, data_type, is_fortran, pixels = state
        if not isinstance(data_type, _DataType):
            raise ValueError("an array without a type")
        if not isinstance(pixels, str | bytes | bytearray):
            raise ValueError("an array without bytes")
        if not _is_shape(shape) or math.prod(shape) != len(pixels):
            of = f"of shape {shape}" if _is_shape(shape) else "of no possible shape"
            raise ValueError(f"an array {of} with {len(pixels):,} bytes")
        content = pixels.encode("latin1") if isinstance(pixels, str) else bytes(pixels)
        self.value = np.frombuffer(content, np.uint8).reshape(shape, order="F" if is_fortran is True else "C")
        return len(content)


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, tuple)
        and len(shape) <= _MOST_AXES
        and all(type(length) is int and 0 <= length < _LONGEST_AXIS for length in shape)
    )


def _reconstruct(kind: object, *_: object) -> _Array:
    """Stands for the function that makes an empty array, before `_Array.fill`."""
    if kind is not _Array:
        raise ValueError("an array of no known kind")
    return _Array()


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 1, in which the files were published
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 2
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DataType,
}

_VALUES = {
    *("BININT1", "BININT2", "BININT", "LONG1", "BINFLOAT"),
    *("SHORT_BINSTRING", "BINSTRING", "STRING"),
    *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
"""Operations that put the value behind them onto the stack."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Machine:
    """The stack, the places that are marked on it, and the memo of values that are used again."""

    def __init__(self, content_bytes: int) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._array_bytes_left = content_bytes

    def do(self, name: str, argument: Any) -> None:
        """One operation, under the name that pickletools gives it."""
        if name in _VALUES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self.stack.append(tuple(reversed([self.stack.pop() for _ in range(_TUPLES[name])])))
        else:
            self._do_more(name, argument)

    def _do_more(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                self._memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                self.stack.append(self._memo[argument])
            case "MARK":
                self._marks.append(len(self.stack))
            case "TUPLE":
                self.stack.append(tuple(self._since_mark()))
            case "EMPTY_LIST":
                self.stack.append([])
            case "APPEND":
                self._extend_list([self.stack.pop()])
            case "APPENDS":
                self._extend_list(self._since_mark())
            case "EMPTY_DICT":
                self.stack.append({})
            case "DICT":
                items = self._since_mark()
                self.stack.append({})
                self._set_items(items)
            case "SETITEM":
                self._set_items([self.stack.pop(), self.stack.pop()][::-1])
            case "SETITEMS":
                self._set_items(self._since_mark())
            case _:
                self._do_with_names(name, argument)

    def _do_with_names(self, name: str, argument: Any) -> None:
        """The operations with which a pickle could do harm."""
        match name:
            case "GLOBAL" | "INST":
                self.stack.append(_stand_in(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                global_name, module = self.stack.pop(), self.stack.pop()
                self.stack.append(_stand_in(module, global_name))
            case "REDUCE":
                arguments, function = self.stack.pop(), self.stack.pop()
                if not isinstance(arguments, tuple) or not (function is _reconstruct or function is _DataType):
                    raise ValueError("a call that makes no array")
                self.stack.append(function(*arguments))
            case "BUILD":
                self._build(self.stack.pop(), self.stack[-1])
            case "PERSID":
                raise _RefusedError(f"the persistent object {shown(argument)}")
            case _:
                raise _RefusedError(f"the operation {name}")

    def _build(self, state: Any, target: object) -> None:
        """Fill an array; a type's state is byte order and fields, which bytes do not have."""
        if isinstance(target, _Array):
            self._array_bytes_left -= target.fill(state)
            if self._array_bytes_left < 0:  # the same bytes over and over
                raise ValueError("more bytes in its arrays than in the pickle")
        elif not isinstance(target, _DataType):
            raise ValueError("a state of something that is no array")

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _extend_list(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("an entry of something that is no list")
        self.stack[-1].extend(items)

    def _set_items(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise ValueError("an entry of something that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.stack[-1][_key(key)] = value


def _stand_in(module: object, name: object) -> Any:
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError("a name that is no string")
    if (module, name) not in _ADMITTED:
        raise _RefusedError(shown(f"{module}.{name}"))
    return _ADMITTED[module, name]


def _key(key: object) -> str:
    """Only strings: to look up nested tuples takes time that doubles with each level."""
    if not isinstance(key, str | bytes) or len(key) > _LONGEST_KEY:
        raise ValueError("a dictionary with keys that are no strings")
    return key if isinstance(key, str) else key.decode("latin1")


def _filled(value: Any) -> Any:
    """The array that a stand-in holds, anything else as it is."""
    if not isinstance(value, _Array):
        return value
    if value.value is None:
        raise ValueError("an array without its bytes")
    return value.value
