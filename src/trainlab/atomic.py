"""Files and folders that appear whole or not at all, whenever the power goes."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
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


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed while they wrote into ``folder``.

    For whoever holds the lock of that folder, so that nobody is writing there now.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "note.4711.tmp").touch()
    ...     remove_leftovers(Path(folder))
    ...     list(Path(folder).iterdir())
    []
    """
    for temporary in folder.glob("*.tmp"):
        with suppress(OSError):  # Windows keeps a file that is open
            temporary.unlink()


def refuse_existing(path: Path) -> None:
    """Raises InputError when there is something at ``path``; for whoever wants to know before long work."""
    if path.exists():
        raise InputError(f"{path} exists already, and is not overwritten. Choose another name, or move it away.")


def fill_folder_atomically(path: Path, fill: Callable[[Path], object]) -> None:
    """Let ``fill`` put files into a temporary folder beside ``path``, then give it that name.

    Raises:
        InputError: there is something at ``path`` already, or it cannot be written; nothing is then left behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fill_folder_atomically(Path(folder, "new"), lambda inside: (inside / "note").write_text("whole"))
    ...     Path(folder, "new", "note").read_text()
    'whole'
    """
    refuse_existing(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        fill(temporary)
        for file in temporary.iterdir():
            _reach_the_disk(file)
        temporary.rename(path)
        _reach_the_disk(path.parent)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def publish(temporary: Path, path: Path) -> None:
    """Move a finished file to its name: its bytes reach the disk first, then the name, in one step."""
    _reach_the_disk(temporary)
    temporary.replace(path)
    _reach_the_disk(path.parent)


def _reach_the_disk(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk."""
    if not path.is_dir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    elif os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path, os.O_RDONLY)
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
