import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.data.cifar_files import archive_bytes, python2_pickle, python_batch, small_rows, version_files, write_version
from trainlab.data import cifar
from trainlab.data.archive import read_files
from trainlab.data.cifar import (
    CIFAR_10_LABELS,
    CIFAR_100_LABELS,
    LabelNames,
    looks_like_binary,
    looks_like_python,
    read_rows,
    rows_digest,
    rows_of_binary,
    rows_of_python,
)
from trainlab.errors import InputError

PATH = Path("batch")
ROWS = {CIFAR_10_LABELS: small_rows(4), CIFAR_100_LABELS: small_rows(4, 100, 20)}


@pytest.mark.parametrize("label_names", ROWS)
def test_both_versions_hold_the_same_rows(label_names: LabelNames) -> None:
    rows = ROWS[label_names]
    np.testing.assert_array_equal(rows_of_python(python_batch(rows), PATH, label_names), rows)
    np.testing.assert_array_equal(rows_of_binary(rows.tobytes(), PATH, label_names), rows)


def test_a_row_is_the_class_then_the_red_green_and_blue_planes(tmp_path: Path) -> None:
    row = np.zeros(3073, np.uint8)
    row[0] = 7
    row[1 + 2 * 1024 + 3 * 32 + 5] = 99  # blue, line 3, column 5
    (tmp_path / "one.bin").write_bytes(row.tobytes())
    images, labels = read_rows([tmp_path / "one.bin"], rows_of_binary, CIFAR_10_LABELS)
    assert labels.tolist() == [7]
    assert images.shape == (1, 3, 32, 32)
    assert np.argwhere(images).tolist() == [[0, 2, 3, 5]]


def test_of_cifar_100_the_fine_label_is_learned(tmp_path: Path) -> None:
    rows = ROWS[CIFAR_100_LABELS]
    write_version(tmp_path, {"train": rows}, "python")
    _, labels = read_rows([tmp_path / "train"], rows_of_python, CIFAR_100_LABELS)
    assert labels.tolist() == rows[:, 1].tolist()


@pytest.mark.parametrize("version", ["python", "binary"])
def test_files_are_joined_in_the_order_asked_for_from_a_folder_or_an_archive(tmp_path: Path, version: str) -> None:
    batches = {"first": small_rows(3, seed=1), "second": small_rows(5, seed=2)}
    rows_of = rows_of_python if version == "python" else rows_of_binary
    files = version_files(batches, version)
    write_version(tmp_path / "set", batches, version)
    packed = tmp_path / "set.tar.gz"
    packed.write_bytes(archive_bytes({f"set/{name}": content for name, content in files.items()}))
    second_first = list(reversed(files))
    expected = np.concatenate([batches["second"], batches["first"]])
    for place in (tmp_path / "set", packed / "set"):
        images, labels = read_rows([place / name for name in second_first], rows_of, CIFAR_10_LABELS)
        np.testing.assert_array_equal(labels, expected[:, 0])
        np.testing.assert_array_equal(images.reshape(8, 3072), expected[:, 1:])
        assert isinstance(images.base, np.memmap)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    for count in (2, 3):
        write_version(tmp_path, {"batch": small_rows(count)}, "binary")
        assert len(read_rows([tmp_path / "batch.bin"], rows_of_binary, CIFAR_10_LABELS)[1]) == count


def test_the_digest_is_that_of_the_rows_however_they_are_written(tmp_path: Path) -> None:
    rows = ROWS[CIFAR_10_LABELS]
    again = {b"data": rows[:, 1:], b"labels": rows[:, 0].tolist()}
    (tmp_path / "python2").write_bytes(python_batch(rows))
    (tmp_path / "python3").write_bytes(pickle.dumps(again, 3))
    (tmp_path / "binary").write_bytes(rows.tobytes())
    digests = {
        rows_digest(tmp_path / "python2", rows_of_python, CIFAR_10_LABELS),
        rows_digest(tmp_path / "python3", rows_of_python, CIFAR_10_LABELS),
        rows_digest(tmp_path / "binary", rows_of_binary, CIFAR_10_LABELS),
    }
    assert len(digests) == 1


def test_the_formats_are_told_apart_by_content(tmp_path: Path) -> None:
    write_version(tmp_path, {"batch": small_rows(3)}, "python")
    write_version(tmp_path, {"batch": small_rows(3), "high": np.bitwise_or(small_rows(3), np.uint8(16))}, "binary")
    (tmp_path / "empty").touch()
    assert looks_like_python(tmp_path / "batch")
    assert not looks_like_python(tmp_path / "batch.bin")
    assert looks_like_binary(tmp_path / "batch.bin", CIFAR_10_LABELS, 10)
    assert not looks_like_binary(tmp_path / "batch.bin", CIFAR_100_LABELS, 100)
    assert not looks_like_binary(tmp_path / "high.bin", CIFAR_10_LABELS, 10)
    assert not looks_like_binary(tmp_path / "batch", CIFAR_10_LABELS, 10)
    assert not looks_like_binary(tmp_path / "empty", CIFAR_10_LABELS, 10)


PIXELS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", r"starts with b'<htm'; expected a pickle of protocol 2 or later"),
        (pickle.dumps([1]), "holds list; expected data and labels, as files of CIFAR-10 do"),
        (python_batch(ROWS[CIFAR_100_LABELS]), "holds batch_label, coarse_labels, .*expected data and labels"),
        (
            python2_pickle({"labels": [1, 2], "data": [1, 2]}),
            r"its data are list; expected bytes of shape \(N, 3,072\)",
        ),
        (python2_pickle({"labels": [1, 2], "data": PIXELS[:, :9]}), r"its data are \(2, 9\)"),
        (python2_pickle({"labels": [1], "data": PIXELS}), "its labels are 1 entries; expected a list of 2 whole"),
        (python2_pickle({"labels": [1, -1], "data": PIXELS}), "its labels are 2 entries; expected a list of 2 whole"),
        (python2_pickle({"labels": "12", "data": PIXELS}), "its labels are str; expected a list"),
    ],
)
def test_a_python_file_that_holds_something_else_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        rows_of_python(content, PATH, CIFAR_10_LABELS)


def test_a_binary_file_of_another_length_is_refused_with_its_cause() -> None:
    with pytest.raises(InputError, match=r"has 3,074 bytes; expected a multiple of 3,073.*rows of CIFAR-100; fetch"):
        rows_of_binary(bytes(3074), PATH, CIFAR_10_LABELS)
    with pytest.raises(InputError, match=r"has 3,000 bytes; expected a multiple of 3,074.*It was cut off; fetch"):
        rows_of_binary(bytes(3000), PATH, CIFAR_100_LABELS)


def test_a_file_without_images_is_refused() -> None:
    no_rows = python2_pickle({"labels": [], "data": PIXELS[:0]})
    for rows_of, content in ((rows_of_binary, b""), (rows_of_python, no_rows)):
        with pytest.raises(InputError, match="batch: holds no images; expected at least one"):
            rows_of(content, PATH, CIFAR_10_LABELS)


def test_an_empty_file_is_refused_even_if_the_set_was_once_decoded_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "decoded", lambda *_: (np.zeros((1, 3, 32, 32), np.uint8), np.zeros(1, np.uint8)))
    (tmp_path / "batch").touch()
    with pytest.raises(InputError, match="batch: holds no images"):
        read_rows([tmp_path / "batch"], rows_of_binary, CIFAR_10_LABELS)


def test_what_a_file_holds_instead_is_told_in_a_few_printable_words() -> None:
    content = python2_pickle({"\x1b[2J\n": "", **{f"key{number}": "" for number in range(100)}})
    with pytest.raises(InputError) as refusal:
        rows_of_python(content, PATH, CIFAR_10_LABELS)
    assert r"holds '\x1b[2J\n', key0, key1, key2, key3, key4, key5, key6, …; expected" in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        list(read_files([tmp_path / "none"]))
