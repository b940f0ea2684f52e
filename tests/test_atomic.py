import errno
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from trainlab.atomic import fill_folder_atomically, write_atomically
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


def test_a_folder_appears_whole_and_its_parents_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    fill_folder_atomically(path, lambda folder: (folder / "file").write_bytes(b"whole"))
    assert (path / "file").read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "file").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_folder_atomically(tmp_path / "folder", fill)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_a_folder_replaces_nothing(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "there")
    with pytest.raises(InputError, match="there exists already, and is not overwritten"):
        fill_folder_atomically(tmp_path / "there", lambda folder: None)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        fill_folder_atomically(tmp_path / "file" / "below", lambda folder: None)
