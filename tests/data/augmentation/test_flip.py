import numpy as np
import pytest
from numpy.typing import NDArray

from tests.data.augmentation.batches import batch
from trainlab.data.arrays import mirror
from trainlab.data.augmentation import AlternatingFlip, Draws, RandomHorizontalFlip
from trainlab.errors import InputError

MANY = 10_000
ARROWS = np.zeros((MANY, 1, 1, 2), np.uint8)
ARROWS[..., 1] = 1


def flipped_in(piece: RandomHorizontalFlip | AlternatingFlip, epoch: int) -> NDArray[np.bool_]:
    flipped: NDArray[np.bool_] = piece(ARROWS, Draws(seed=0, epoch=epoch, indices=np.arange(MANY)))[:, 0, 0, 0] == 1
    return flipped


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
def test_a_share_p_of_the_images_is_flipped(p: float) -> None:
    share = flipped_in(RandomHorizontalFlip(p), epoch=1).mean()
    assert abs(share - p) <= 4 * np.sqrt(p * (1 - p) / MANY)


def test_random_flips_of_two_epochs_are_independent() -> None:
    both = (flipped_in(RandomHorizontalFlip(), 1) & flipped_in(RandomHorizontalFlip(), 2)).mean()
    assert abs(both - 0.25) < 0.02


def test_alternating_flips_show_each_side_every_other_epoch() -> None:
    first = flipped_in(AlternatingFlip(), 1)
    assert abs(first.mean() - 0.5) < 0.02
    for epoch in range(2, 8):
        np.testing.assert_array_equal(flipped_in(AlternatingFlip(), epoch), first ^ (epoch % 2 == 0))


@pytest.mark.parametrize("width", [1, 2, 5, 8, 16, 24])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_mirror_image_counts_columns_from_the_right(width: int, dtype: str) -> None:
    images = batch((3, 2, 4, width), dtype)
    np.testing.assert_array_equal(mirror(images), images[..., ::-1])
    np.testing.assert_array_equal(mirror(images[:, :, ::2]), images[:, :, ::2, ::-1])


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), float("inf"), "0.5", True])
def test_a_p_that_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(InputError, match=r"flip: p=.*; expected a number from 0 to 1"):
        RandomHorizontalFlip(p)
