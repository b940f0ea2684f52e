import threading
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.lock import locked


def test_only_one_at_a_time_is_inside(tmp_path: Path) -> None:
    inside, most_inside = 0, 0

    def enter() -> None:
        nonlocal inside, most_inside
        with locked(tmp_path / "folder" / ".lock"):
            inside += 1
            most_inside = max(most_inside, inside)
            threading.Event().wait(0.01)
            inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most_inside == 1


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / ".lock"):
        raise KeyError
    with locked(tmp_path / ".lock"):
        pass


def test_the_file_of_a_holder_that_died_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("left behind")
    with locked(tmp_path / ".lock", wait=False):
        assert (tmp_path / ".lock").read_text() == "left behind"


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"), locked(tmp_path / "file" / ".lock"):
        pass
