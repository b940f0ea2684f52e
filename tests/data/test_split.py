import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.data.catalog import load
from trainlab.data.split import Split, split
from trainlab.errors import InputError

LABELS = np.repeat(np.arange(4, dtype=np.uint8), [40, 25, 20, 15])[np.random.default_rng(0).permutation(100)]


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("validation", [0.1, 0.2, 0.333, 0.9, 10, 57])
def test_every_image_is_in_one_part_and_both_are_sorted(validation: float, stratified: bool) -> None:
    parts = split(LABELS, validation, seed=0, stratified=stratified)
    together = np.concatenate([parts.train, parts.validation])
    np.testing.assert_array_equal(np.sort(together), np.arange(100))
    for part in (parts.train, parts.validation):
        assert part.dtype == np.int64
        np.testing.assert_array_equal(part, np.sort(part))


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize(
    ("validation", "count"), [(0.1, 10), (0.126, 13), (np.float64(0.2), 20), (33, 33), (np.int64(7), 7)]
)
def test_a_share_is_rounded_and_a_count_is_kept(validation: float, count: int, stratified: bool) -> None:
    assert len(split(LABELS, validation, seed=0, stratified=stratified).validation) == count


def test_the_largest_remainders_are_rounded_up() -> None:
    labels = np.repeat(np.arange(3), [14, 13, 13])
    parts = split(labels, 0.2, seed=0)  # 2.8, 2.6 and 2.6 images: eight in all, 3 and 3 and 2
    assert np.bincount(labels[parts.validation]).tolist() == [3, 3, 2]


@given(
    sizes=st.lists(st.integers(10, 60), min_size=1, max_size=12),
    share=st.floats(0.15, 0.85),
    seed=st.integers(0, 2**32),
)
def test_stratified_each_class_is_within_one_of_its_share(sizes: list[int], share: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts = split(labels, share, seed)
    counts = np.bincount(labels[parts.validation], minlength=len(sizes))
    assert counts.sum() == round(share * sum(sizes))
    assert np.all(np.abs(counts - share * np.array(sizes)) < 1)


def test_mnist_splits_as_the_lab_does() -> None:
    labels = load("mnist", "train").labels
    parts = split(labels, 0.1, seed=0)
    assert (len(parts.train), len(parts.validation)) == (54_000, 6_000)
    np.testing.assert_allclose(np.bincount(labels[parts.validation]), np.bincount(labels) / 10, atol=1)


def test_plain_ignores_the_classes() -> None:
    one = split(LABELS, 0.2, seed=3, stratified=False)
    other = split(np.zeros(100, np.uint8), 0.2, seed=3, stratified=False)
    np.testing.assert_array_equal(one.validation, other.validation)


@pytest.mark.parametrize("stratified", [True, False])
def test_the_seed_alone_decides(stratified: bool) -> None:
    first, again, other = (split(LABELS, 0.2, seed, stratified).validation.tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_each_image_of_a_class_is_as_likely_as_another() -> None:
    labels = np.repeat(np.arange(2), [6, 14])
    drawn = np.mean([np.isin(np.arange(20), split(labels, 0.5, seed).validation) for seed in range(400)], axis=0)
    np.testing.assert_allclose(drawn, 0.5, atol=0.1)  # four standard deviations of 0.025


@pytest.mark.parametrize("validation", [0.0, 1.0, 1.5, -0.1, float("nan"), float("inf"), 0, -3, 100, 101, True, "0.1"])
@pytest.mark.parametrize("stratified", [True, False])
def test_what_leaves_a_part_empty_or_is_no_number_is_refused(validation: float, stratified: bool) -> None:
    expected = (
        f"validation = {validation!r} does not fit: expected a share strictly between 0 and 1, such as 0.1, or a count "
        "from 1 to 99"
    )
    with pytest.raises(InputError, match=re.escape(expected)):
        split(LABELS, validation, seed=0, stratified=stratified)


def test_a_count_written_as_a_float_gets_a_hint() -> None:
    with pytest.raises(InputError, match="A count is written without a point"):
        split(LABELS, 10.0, seed=0)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_a_share_that_rounds_to_nothing_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=r"of 100 images, \d+ would validate and \d+ train; both parts need one"):
        split(LABELS, share, seed=0, stratified=False)


def test_a_class_too_small_for_both_parts_is_named() -> None:
    labels = np.repeat(np.arange(2), [97, 3])
    with pytest.raises(
        InputError, match=r"class 1 has 3 of 100 images, of which 0 would be drawn and 3 left.*stratified=false"
    ):
        split(labels, 0.1, seed=0)
    with pytest.raises(InputError, match=r"^split = 0\.1 does not fit: class dog has 3 of 100 images"):
        split(labels, 0.1, seed=0, classes=("cat", "dog"), called="split")
    assert len(split(labels, 0.1, seed=0, stratified=False).validation) == 10


def test_a_split_survives_the_disk(tmp_path: Path) -> None:
    parts = split(LABELS, 0.2, seed=0)
    parts.save(tmp_path / "run" / "split.npz")
    again = Split.load(tmp_path / "run" / "split.npz")
    np.testing.assert_array_equal(again.train, parts.train)
    np.testing.assert_array_equal(again.validation, parts.validation)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"split\.npz: there is no such file"):
        Split.load(tmp_path / "split.npz")


def save(path: Path, **arrays: object) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]


def test_a_file_of_something_else_is_refused_without_being_executed(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "executed"),)

    trap = np.array([Trap()], dtype=object)
    save(path, train=trap, validation=trap)
    with pytest.raises(InputError, match="is not a saved split or is damaged"):
        Split.load(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "split.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a saved split or is damaged"):
        Split.load(path)


def test_an_array_file_without_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    with path.open("wb") as file:
        np.save(file, np.arange(3))
    with pytest.raises(InputError, match="is not a saved split or is damaged"):
        Split.load(path)


@pytest.mark.parametrize("train", [[2, 1], [1, 1], [-1, 2], [], [0.5, 1.5], [[0, 1]]])
def test_indices_that_are_not_sorted_whole_numbers_are_refused(tmp_path: Path, train: list[float]) -> None:
    save(tmp_path / "split.npz", train=np.array(train), validation=np.array([5]))
    with pytest.raises(InputError, match="expected sorted int64 indices"):
        Split.load(tmp_path / "split.npz")


def test_parts_that_share_an_image_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "split.npz", train=np.array([0, 1]), validation=np.array([1, 2]))
    with pytest.raises(InputError, match="some images are in both parts"):
        Split.load(tmp_path / "split.npz")
