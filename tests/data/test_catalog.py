import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from tests.data.idx_files import idx_bytes, small_images, write_pair
from trainlab.data import catalog
from trainlab.data.catalog import describe, load, locate, names
from trainlab.data.verification import verify
from trainlab.errors import InputError

IMAGES, LABELS = small_images(5), np.array([3, 1, 4, 1, 5], np.uint8)
BUNDLED = Path(catalog.__file__).parent / "files" / "mnist"


def test_the_catalog_lists_what_can_be_loaded() -> None:
    assert names() == ("mnist", "fashion-mnist", "cifar-10", "cifar-100")
    for name in names():
        known = describe(name)
        mirrors = known.editions[0].mirrors
        assert len(known.classes) in (10, 100)
        assert all(mirror.endswith("/") for mirror in mirrors)
        assert mirrors or known.bundled


def test_mnist_travels_in_the_package() -> None:
    test = load("mnist", "test")
    assert test.images.shape == (10_000, 1, 28, 28)
    assert test.images.flags.c_contiguous
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.images.mean() / 255 == pytest.approx(0.1325, abs=1e-4)
    assert test.classes == tuple("0123456789")


def test_the_training_part_has_sixty_thousand_images() -> None:
    train = load("mnist", "train")
    assert train.images.shape == (60_000, 1, 28, 28)
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_only_the_asked_part_is_read(tmp_path: Path) -> None:
    write_pair(tmp_path, IMAGES, LABELS, "train")
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"damaged")
    assert len(load("fashion-mnist", "train", tmp_path)) == 5


@pytest.mark.parametrize("ending", ["-idx{}-ubyte.gz", "-idx{}-ubyte", ".idx{}-ubyte", ".idx{}-ubyte.gz"])
def test_the_usual_spellings_of_the_file_names_are_accepted(tmp_path: Path, ending: str) -> None:
    pack = gzip.compress if ending.endswith(".gz") else bytes
    (tmp_path / f"train-images{ending.format(3)}").write_bytes(pack(idx_bytes(IMAGES)))
    (tmp_path / f"train-labels{ending.format(1)}").write_bytes(pack(idx_bytes(LABELS)))
    dataset = load("fashion-mnist", "train", tmp_path)
    np.testing.assert_array_equal(dataset.images[:, 0], IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)


def test_the_first_folder_that_holds_the_part_is_used(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argument, variable = tmp_path / "argument", tmp_path / "variable"
    argument.mkdir()
    monkeypatch.setenv("TRAINLAB_DATA", str(variable))

    def size() -> int:
        return len(load("mnist", "train", argument))

    write_pair(cache / "mnist", IMAGES[:1], LABELS[:1])
    assert size() == 1  # before the package's own
    write_pair(variable, IMAGES[:2], LABELS[:2])
    assert size() == 2
    write_pair(variable / "mnist", IMAGES[:3], LABELS[:3])
    assert size() == 3
    write_pair(argument, IMAGES[:4], LABELS[:4])
    assert size() == 4


def test_an_unknown_name_gets_the_nearest_right_one() -> None:
    with pytest.raises(
        InputError, match=r"unknown data set 'fashion_mnits'; did you mean 'fashion-mnist'\? Known: mnist"
    ):
        load("fashion_mnits", "train")


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(
        InputError, match=r"unknown data set 'zebra'\. Known: mnist, fashion-mnist, cifar-10, cifar-100, folder:PATH\."
    ):
        load("zebra", "train")


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InputError, match="unknown part 'validation' of mnist; expected 'train' or 'test'"):
        load("mnist", "validation")  # type: ignore[arg-type]


def test_a_missing_set_says_which_file_goes_where(cache: Path) -> None:
    remedy = (
        f"Put t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz into {cache / 'fashion-mnist'}, "
        "or run `trainlab data get fashion-mnist`."
    )
    with pytest.raises(InputError, match=re.escape(remedy)):
        load("fashion-mnist", "test")


def test_a_missing_half_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path, IMAGES, LABELS)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match=r"holds train-images-idx3-ubyte.gz but not train-labels-idx1-ubyte.gz"):
        load("mnist", "train", tmp_path)


@pytest.mark.parametrize("content", [None, b""])
def test_an_incomplete_folder_does_not_hide_a_complete_one(cache: Path, content: bytes | None) -> None:
    write_pair(cache / "mnist", IMAGES, LABELS, "t10k")
    labels = cache / "mnist" / "t10k-labels-idx1-ubyte.gz"
    labels.unlink() if content is None else labels.write_bytes(content)
    assert len(load("mnist", "test")) == 10_000
    assert {path.parent for path in locate("mnist", "test").values()} == {BUNDLED}
    assert all(check.ok for check in verify("mnist"))


def test_half_a_set_is_an_error_where_no_other_folder_holds_it(cache: Path) -> None:
    write_pair(cache / "fashion-mnist", IMAGES, LABELS)
    labels = cache / "fashion-mnist" / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(b"")
    with pytest.raises(InputError, match=r"train-labels-idx1-ubyte\.gz: is empty"):
        load("fashion-mnist", "train")
    labels.unlink()
    with pytest.raises(InputError, match=r"holds train-images-idx3-ubyte.gz but not train-labels-idx1-ubyte.gz"):
        load("fashion-mnist", "train")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        load("mnist", "train", tmp_path / "typo")


def test_counts_that_differ_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, IMAGES, LABELS[:4])
    with pytest.raises(InputError, match="5 images but 4 labels"):
        load("mnist", "train", tmp_path)


def test_labels_out_of_range_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, IMAGES, np.array([0, 1, 10, 3, 4], np.uint8))
    with pytest.raises(InputError, match=r"label 10 \(image 2\) is out of range; expected 0 to 9"):
        load("mnist", "train", tmp_path)


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, small_images(5, 32, 32), LABELS)
    with pytest.raises(InputError, match="its images are 1×32×32; expected 1×28×28"):
        load("mnist", "train", tmp_path)


def test_a_file_without_images_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, IMAGES[:0], LABELS[:0])
    with pytest.raises(InputError, match="holds no images"):
        load("mnist", "train", tmp_path)


def test_another_set_under_the_same_file_names_is_recognised(tmp_path: Path) -> None:
    for stem in ("t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{stem}-ubyte.gz").write_bytes((BUNDLED / f"{stem}-ubyte.gz").read_bytes())
    with pytest.raises(
        InputError, match=r"holds the labels of mnist \(test\); expected those of fashion-mnist \(test\)"
    ):
        load("fashion-mnist", "test", tmp_path)
