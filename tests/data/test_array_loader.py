"""Arrays in memory are served as images are: the same orders, the same cutting, the same resume."""

from typing import Any

import numpy as np
import pytest

from trainlab.data import ArrayLoader, Batch, Dataset, Loader, Raw
from trainlab.errors import InputError

SIZE = 1100
INPUTS = np.random.default_rng(0).standard_normal((SIZE, 300)).astype(np.float32)  # 873 make a block
LABELS = np.random.default_rng(1).integers(0, 10, SIZE)
WEIGHTS = np.random.default_rng(2).random(SIZE)
BATCH_SIZES = [1, 7, 128, 1000, SIZE]


def make(batch_size: int, shuffle: bool = True, seed: int = 0) -> ArrayLoader:
    return ArrayLoader(INPUTS, LABELS, batch_size, seed, shuffle, WEIGHTS)


def rows_of(batch: Batch) -> list[int]:
    """Where the samples of a batch stand in the arrays, all of which must agree."""
    assert batch.weights is not None
    found = [int(np.flatnonzero(weight == WEIGHTS).item()) for weight in batch.weights]
    np.testing.assert_array_equal(batch.images, INPUTS[found])
    np.testing.assert_array_equal(batch.labels, LABELS[found])
    return found


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_the_order_is_that_of_images_with_the_same_seed(batch_size: int) -> None:
    dots = Dataset("dots", np.zeros((SIZE, 1, 1, 1), np.uint8), np.arange(SIZE, dtype=np.uint16), ("",) * SIZE)
    images = Loader(dots, np.arange(SIZE), batch_size, Raw(), seed=3, shuffle=True)
    loader = make(batch_size, seed=3)
    assert (loader.size, loader.steps_per_epoch) == (images.size, images.steps_per_epoch)
    for ours, theirs in zip(loader.epoch(2), images.epoch(2), strict=True):
        assert rows_of(ours) == theirs.labels.tolist()


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_unshuffled_the_order_is_that_of_the_arrays(batch_size: int) -> None:
    assert [row for batch in make(batch_size, shuffle=False).epoch(1) for row in rows_of(batch)] == list(range(SIZE))


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_an_epoch_can_be_entered_at_any_step(batch_size: int) -> None:
    loader = make(batch_size)
    whole = [rows_of(batch) for batch in loader.epoch(4)]
    for first_step in {0, 1, loader.steps_per_epoch // 2, loader.steps_per_epoch}:
        assert [rows_of(batch) for batch in loader.epoch(4, first_step)] == whole[first_step:]
    with pytest.raises(InputError, match=f"first_step={len(whole) + 1}: expected 0 to {len(whole)}"):
        loader.epoch(1, len(whole) + 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_keep_the_type_and_are_copies(dtype: type[np.floating[Any]]) -> None:
    inputs = INPUTS[:20].astype(dtype)
    before = inputs.copy()
    for batch in ArrayLoader(inputs, LABELS[:20], 8, seed=0, shuffle=False).epoch(1):
        assert batch.images.dtype == dtype
        assert batch.weights is None
        batch.images[:] = 0
    np.testing.assert_array_equal(inputs, before)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InputError, match="3 samples, 2 labels and no weights; expected one label"):
        ArrayLoader(INPUTS[:3], LABELS[:2], 1, 0, shuffle=False)
    with pytest.raises(InputError, match="3 samples, 3 labels and 2 weights; expected"):
        ArrayLoader(INPUTS[:3], LABELS[:3], 1, 0, False, WEIGHTS[:2])
    with pytest.raises(InputError, match=r"0 samples, 0 labels and no weights; expected .* at least one sample"):
        ArrayLoader(INPUTS[:0], LABELS[:0], 1, 0, shuffle=False)
    for batch_size in (0, 4):
        with pytest.raises(InputError, match=f"batch_size={batch_size}: expected 1 to 3, the number of samples"):
            ArrayLoader(INPUTS[:3], LABELS[:3], batch_size, 0, shuffle=False)
