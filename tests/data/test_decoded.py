import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainlab.data.decoded import Images, Numbers, decoded, state_of
from trainlab.errors import InputError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
NUMBERS = np.array([4, 5], np.uint8)


@pytest.fixture
def decode() -> Callable[[], tuple[Images, Numbers]]:
    """Counts how often it was called, in its ``calls``."""

    def function() -> tuple[Images, Numbers]:
        function.calls += 1  # type: ignore[attr-defined]
        return IMAGES, NUMBERS

    function.calls = 0  # type: ignore[attr-defined]
    return function


def test_it_decodes_once_and_then_maps(decode: Callable[[], tuple[Images, Numbers]], cache: Path) -> None:
    for _ in range(3):
        images, numbers = decoded("set", "state", decode)
        np.testing.assert_array_equal(images, IMAGES)
        np.testing.assert_array_equal(numbers, NUMBERS)
        assert isinstance(images.base, np.memmap)
        assert not images.flags.writeable
    assert decode.calls == 1  # type: ignore[attr-defined]
    assert len(list((cache / "decoded").glob("*.npy"))) == 2


def test_another_state_replaces_the_entry_and_another_owner_does_not(
    decode: Callable[[], tuple[Images, Numbers]], cache: Path
) -> None:
    decoded("set", "old", decode)
    decoded("other", "old", decode)
    decoded("set", "new", decode)
    assert decode.calls == 3  # type: ignore[attr-defined]
    assert len(list((cache / "decoded").glob("*.npy"))) == 4
    decoded("other", "old", decode)
    assert decode.calls == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("which", ["images", "numbers"])
def test_a_damaged_entry_is_decoded_again(
    decode: Callable[[], tuple[Images, Numbers]], cache: Path, which: str
) -> None:
    decoded("set", "state", decode)
    (entry,) = (cache / "decoded").glob(f"*.{which}.npy")
    entry.write_bytes(entry.read_bytes()[:-1])
    np.testing.assert_array_equal(decoded("set", "state", decode)[0], IMAGES)
    assert decode.calls == 2  # type: ignore[attr-defined]


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=IMAGES)
    return file.getvalue()


@pytest.mark.parametrize(
    ("which", "content"),
    [
        ("images", b""),
        ("images", b"PK\x03\x04 no archive"),
        ("numbers", b"PK\x03\x04 no archive"),
        ("images", npz()),
        ("numbers", npz()),
        ("images", npy(IMAGES)[:10] + b"{'descr': (((((" + npy(IMAGES)[25:]),
        ("images", npy(IMAGES)[:10] + b"'''" + npy(IMAGES)[13:]),
        ("images", npy(IMAGES.astype(np.float32))),
        ("images", npy(IMAGES[0])),
        ("images", npy(IMAGES[:1])),
        ("numbers", npy(NUMBERS[:1])),
        ("numbers", npy(NUMBERS.astype(np.float32))),
        ("numbers", npy(NUMBERS[:, None])),
        ("numbers", npy(np.array(4, np.uint8))),
    ],
)
def test_an_entry_that_is_something_else_is_decoded_again(
    decode: Callable[[], tuple[Images, Numbers]], cache: Path, which: str, content: bytes
) -> None:
    decoded("set", "state", decode)
    (entry,) = (cache / "decoded").glob(f"*.{which}.npy")
    entry.write_bytes(content)
    images, numbers = decoded("set", "state", decode)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(numbers, NUMBERS)
    assert decode.calls == 2  # type: ignore[attr-defined]


def test_without_a_place_to_write_the_arrays_stay_in_memory(
    decode: Callable[[], tuple[Images, Numbers]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "file"))  # a file, where a folder would have to be
    assert decoded("set", "state", decode)[0] is IMAGES


def test_an_error_of_decoding_passes_through_and_leaves_nothing(cache: Path) -> None:
    def fail() -> tuple[Images, Numbers]:
        raise InputError("damaged")

    with pytest.raises(InputError, match="damaged"):
        decoded("set", "state", fail)
    assert list((cache / "decoded").glob("*.npy")) == []


def test_the_state_changes_with_name_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"1")
    states = [state_of([file]), state_of([file], also="more")]
    file.write_bytes(b"22")
    states.append(state_of([file]))
    os.utime(file, ns=(1, 1))
    states.append(state_of([file]))
    states.append(state_of([file.rename(tmp_path / "other")]))
    assert len(set(states)) == 5
    with pytest.raises(InputError, match="file: cannot be read"):
        state_of([file])
