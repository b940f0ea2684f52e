import errno
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from trainlab.atomic import write_atomically
from trainlab.errors import InputError


def write_half_and_fail(error: BaseException) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    return write


def test_folders_are_made_and_no_temporary_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "file"
    write_atomically(path, lambda file: file.write(b"whole"))
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, write_half_and_fail(KeyboardInterrupt()))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match=r"file: cannot be written \(No space left on device\)"):
        write_atomically(path, write_half_and_fail(OSError(errno.ENOSPC, "No space left on device")))
    assert path.read_bytes() == b"old"


def test_a_file_where_a_folder_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "below", lambda file: None)
