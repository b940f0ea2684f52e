"""One process at a time: a lock on a file that the operating system drops when its holder dies."""

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainlab.atomic import cannot_write
from trainlab.errors import InputError

_POLL_SECONDS = 0.05


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock on ``path`` inside the ``with`` block; whoever has it is waited for, unless ``wait`` is False.

    The file itself means nothing and stays where it is: a process that was killed leaves no lock behind, and
    removing the file would let two processes lock two files of one name.

    Raises:
        InputError: the file cannot be made, or another process has the lock and ``wait`` is False.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder, ".lock")):
    ...     print("alone")
    alone
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise cannot_write(path, error) from error
    with file:
        while not _try_to_lock(file):
            if not wait:
                raise InputError(
                    f"{path.parent} is in use by another process. Wait until it has ended, or stop it with Ctrl-C."
                )
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            _unlock(file)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on ``path``; False when there is no such file.

    Also across machines, where the folder lies on a network file system that shares its locks (NFS does, unless it was
    mounted with ``nolock`` or ``local_lock``).
    """
    try:
        file = path.open("r+b")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return False
        raise
    with file:
        if not _try_to_lock(file):
            return True
        _unlock(file)
    return False


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: BinaryIO) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_to_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
