import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.idx_files import idx_bytes, small_images
from trainlab.data.idx import read_idx, read_images, read_labels
from trainlab.errors import InputError

IMAGES = small_images(3, 4, 5)
LABELS = np.array([7, 0, 9], np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some-file"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_plain_and_packed_files_are_told_apart_by_content(path: Path, pack: type[bytes]) -> None:
    path.write_bytes(pack(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_images(path), IMAGES)
    path.write_bytes(pack(idx_bytes(LABELS)))
    np.testing.assert_array_equal(read_labels(path), LABELS)


def test_a_packed_file_may_have_several_members(path: Path) -> None:
    content = idx_bytes(IMAGES)
    path.write_bytes(gzip.compress(content[:30]) + gzip.compress(content[30:]))
    np.testing.assert_array_equal(read_images(path), IMAGES)


def test_any_number_of_axes_is_read(path: Path) -> None:
    array = small_images(2, 3, 8).reshape(2, 3, 2, 4)
    path.write_bytes(idx_bytes(array))
    np.testing.assert_array_equal(read_idx(path), array)


def test_the_array_is_the_readers_own(path: Path) -> None:
    path.write_bytes(idx_bytes(LABELS))
    labels = read_labels(path)
    labels += 1
    np.testing.assert_array_equal(read_labels(path), LABELS)


def test_reading_needs_little_more_memory_than_the_array(path: Path) -> None:
    images = np.zeros((20_000, 28, 28), np.uint8)
    path.write_bytes(gzip.compress(idx_bytes(images), 1))
    tracemalloc.start()
    read_images(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1.1 * images.nbytes


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(InputError, match="some-file: there is no such file"):
        read_idx(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; expected a file"):
        read_idx(tmp_path)


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match="some-file: is empty; expected an IDX file"):
        read_idx(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_truncated_file_says_what_is_missing(path: Path, pack: type[bytes]) -> None:
    path.write_bytes(pack(idx_bytes(IMAGES)[:-7]))
    with pytest.raises(InputError, match=r"is truncated: its header \(3, 4, 5\) promises 60 bytes and 53 are there"):
        read_images(path)


def test_a_header_that_promises_more_than_memory_is_refused_before_any_is_taken(path: Path) -> None:
    path.write_bytes(struct.pack(">IIII", 2051, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100))
    with pytest.raises(InputError, match="is truncated"):
        read_images(path)


@pytest.mark.parametrize(
    ("length", "message"), [(2, "has 2 bytes; an IDX header"), (9, "ends within its header of 16")]
)
def test_a_file_that_ends_in_its_header_is_refused(path: Path, length: int, message: str) -> None:
    path.write_bytes(idx_bytes(IMAGES)[:length])
    with pytest.raises(InputError, match=message):
        read_images(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_with_more_than_it_promises_is_refused(path: Path, pack: type[bytes]) -> None:
    path.write_bytes(pack(idx_bytes(IMAGES) + b"x"))
    with pytest.raises(InputError, match=r"is too long: more bytes follow the 60 that its header \(3, 4, 5\) promises"):
        read_images(path)


def test_another_kind_of_file_is_known_by_its_magic_number(path: Path) -> None:
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(InputError, match=r"magic number 1008813135 \(0x3C21444F\); expected 2051 \(images\) or 2049"):
        read_idx(path)


def test_images_in_place_of_labels_are_refused(path: Path) -> None:
    path.write_bytes(idx_bytes(IMAGES))
    with pytest.raises(InputError, match=r"2051, images \(N, H, W\); expected 2049, labels \(N,\).*swapped"):
        read_labels(path)


def test_labels_in_place_of_images_are_refused(path: Path) -> None:
    path.write_bytes(idx_bytes(LABELS))
    with pytest.raises(InputError, match=r"2049, labels \(N,\); expected 2051, images \(N, H, W\)"):
        read_images(path)


def test_elements_of_another_type_are_named(path: Path) -> None:
    path.write_bytes(idx_bytes(LABELS, element_type=0x0D))
    with pytest.raises(InputError, match=r"elements are float32 \(type 0x0D\); expected unsigned bytes \(0x08\)"):
        read_idx(path)


def test_packed_data_that_end_early_are_called_cut_off(path: Path) -> None:
    path.write_bytes(gzip.compress(idx_bytes(IMAGES))[:-12])
    with pytest.raises(InputError, match=r"gzip data end too early\. The download or copy was cut off"):
        read_images(path)


def test_packed_data_with_a_wrong_checksum_are_called_damaged(path: Path) -> None:
    packed = bytearray(gzip.compress(idx_bytes(IMAGES)))
    packed[-8] ^= 1  # the checksum's first byte
    path.write_bytes(packed)
    with pytest.raises(InputError, match=r"the gzip data are damaged \(CRC check failed"):
        read_images(path)


@given(position=st.integers(2, 60), value=st.integers(0, 255))
def test_no_damage_gets_past_the_checks_of_a_packed_file(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    packed = bytearray(gzip.compress(idx_bytes(IMAGES)))
    packed[position] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(packed)
    try:
        images = read_images(path)
    except InputError:
        return
    np.testing.assert_array_equal(images, IMAGES)  # the byte was one without meaning, such as the time
