"""What a file holds with gzip undone, whatever its name ends in.

Published archives are repacked by mirrors and distributions: their .gz bytes differ while the content is the
same. So trainlab always compares the content.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from trainlab.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 18  # large enough that Python's share of the time vanishes, small enough for the cache


def is_gzip(path: Path) -> bool:
    """True when the first two bytes are gzip's, whatever the name says."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


@contextmanager
def open_content(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, through gzip when its first bytes say so; defects found on the way are named.

    Raises:
        InputError: no such file, a folder, not readable, or gzip data that end early or are damaged.
    """
    try:
        opener = gzip.open if is_gzip(path) else open
        with cast(BinaryIO, opener(path, "rb")) as file:
            yield file
    except EOFError:
        raise InputError(
            f"{path}: the gzip data end too early. The download or copy was cut off; fetch the file again."
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: the gzip data are damaged ({error}). Fetch the file again.") from None
    except OSError as error:
        raise cannot_read(path, error) from error


def cannot_read(path: Path, error: OSError) -> InputError:
    """The error for a file that is missing or out of reach, to be raised by the caller."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: there is no such file. Check the path.")
    if path.is_dir():
        return InputError(f"{path}: is a folder; expected a file.")
    return InputError(f"{path}: cannot be read ({error.strerror or error}). Check its permissions.")


def content_digest(path: Path) -> str:
    """SHA-256 of the content in hexadecimal; the same for a file and its gzip-packed form.

    Raises:
        InputError: as `open_content`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, packed = Path(folder, "plain"), Path(folder, "packed")
    ...     _ = plain.write_bytes(b"abc"), packed.write_bytes(gzip.compress(b"abc"))
    ...     content_digest(plain) == content_digest(packed) == hashlib.sha256(b"abc").hexdigest()
    True
    """
    digest = hashlib.sha256()
    with open_content(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def read_exactly(file: BinaryIO, buffer: memoryview) -> int:
    """Fill ``buffer`` from ``file`` without a second copy of it; returns how many bytes there were."""
    filled = 0
    while filled < len(buffer):
        count = file.readinto(buffer[filled : filled + _CHUNK_BYTES])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled
