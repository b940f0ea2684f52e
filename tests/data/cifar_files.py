"""Making CIFAR files as they are published, small ones and broken ones."""

import gzip
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint8]


def small_rows(count: int, classes: int = 10, superclasses: int = 0, seed: int = 0) -> Rows:
    """(count, 3073) random rows of CIFAR-10, or (count, 3074) of CIFAR-100 when there are superclasses."""
    random = np.random.default_rng([seed, count])
    labels = [random.integers(0, number, (count, 1)) for number in (superclasses, classes) if number]
    return np.hstack([*labels, random.integers(0, 256, (count, 3072))]).astype(np.uint8)


def python2_pickle(content: dict[str, object]) -> bytes:
    """A dictionary as Python 2 and the NumPy of that time wrote it (protocol 2)."""
    items = b"".join(_string(key.encode()) + _value(value) for key, value in content.items())
    return b"\x80\x02}(" + items + b"u."


def python_batch(rows: Rows, note: str = "training batch 1 of 5") -> bytes:
    """The file of the python version that holds these rows."""
    content: dict[str, object] = {"batch_label": note}
    if rows.shape[1] == 3073:
        content["labels"] = rows[:, 0].tolist()
    else:
        content |= {"coarse_labels": rows[:, 0].tolist(), "fine_labels": rows[:, 1].tolist()}
    content["data"] = rows[:, -3072:]
    content["filenames"] = [f"picture_{number}.png" for number in range(len(rows))]
    return python2_pickle(content)


def write_version(folder: Path, batches: dict[str, Rows], version: str) -> Path:
    """Files of the "python" or "binary" version in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in version_files(batches, version).items():
        (folder / name).write_bytes(content)
    return folder


def version_files(batches: dict[str, Rows], version: str) -> dict[str, bytes]:
    if version == "python":
        return {name: python_batch(rows) for name, rows in batches.items()}
    return {f"{name}.bin": rows.tobytes() for name, rows in batches.items()}


def archive_bytes(members: dict[str, bytes]) -> bytes:
    """A .tar.gz file with these members, the same at any time."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(target.getvalue(), 1, mtime=0)


def archive_with(member: tarfile.TarInfo) -> bytes:
    """A .tar.gz file with one strange member."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    return target.getvalue()


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return _string(value.encode())
    if isinstance(value, list):
        return b"](" + b"".join(_integer(item) if isinstance(item, int) else _value(item) for item in value) + b"e"
    assert isinstance(value, np.ndarray)
    return _array(value)


def _array(array: NDArray[np.uint8]) -> bytes:
    """A call that makes an empty array, then the state that fills it."""
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + _string(b"b") + b"\x87R"
    code = array.dtype.str[1:].encode()
    data_type = b"cnumpy\ndtype\n" + _string(code) + b"K\x00K\x01\x87R"
    data_type += b"(K\x03" + _string(b"|") + b"NNN" + _integer(-1) * 2 + b"K\x00tb"
    shape = b"".join(map(_integer, array.shape)) + b"\x86"
    return empty + b"(K\x01" + shape + data_type + b"\x89" + _string(array.tobytes()) + b"tb"


def _integer(value: int) -> bytes:
    return b"K" + bytes([value]) if 0 <= value < 256 else b"J" + struct.pack("<i", value)


def _string(value: bytes) -> bytes:
    short = len(value) < 256
    return (b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))) + value
