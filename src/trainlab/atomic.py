"""Files that appear whole or not at all, whenever the power goes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from trainlab.errors import InputError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in its place with `publish`.

    Raises:
        InputError: the folder cannot be made or written to, or the disk is full; ``path`` is then as it was before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder, "note"), lambda file: file.write(b"whole"))
    ...     Path(folder, "note").read_bytes()
    b'whole'
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with temporary.open("wb") as file:
            write(file)
        publish(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """The same for content that is in memory."""

    def write(file: BinaryIO) -> None:
        file.write(content)

    write_atomically(path, write)


def publish(temporary: Path, path: Path) -> None:
    """Move a finished file to its name: its bytes reach the disk first, then the name, in one step."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def cannot_write(path: Path, error: OSError) -> InputError:
    """The error for a full disk or a folder without permission, to be raised by the caller."""
    return InputError(
        f"{path}: cannot be written ({error.strerror or error}). Free some space, or give a folder that you "
        "may write to."
    )
