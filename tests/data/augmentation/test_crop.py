import numpy as np
import pytest

from tests.data.augmentation.batches import batch, tensor
from trainlab.data.augmentation import Draws, RandomCrop
from trainlab.data.augmentation.crop import cut, padded, shifted
from trainlab.errors import InputError

MANY = Draws(seed=0, epoch=1, indices=np.arange(8100))


def test_every_offset_is_as_likely_as_the_others() -> None:
    dots = np.zeros((8100, 1, 9, 9), np.uint8)
    dots[:, :, 4, 4] = 1
    _, _, y, x = np.nonzero(RandomCrop(padding=4)(dots, MANY))
    assert len(y) == 8100  # the middle of the image is never lost
    counts = np.bincount(y * 9 + x, minlength=81)
    chi_square = ((counts - 100) ** 2 / 100).sum()
    assert chi_square < 125  # 80 degrees of freedom: above in 1 of 1,000 cases


def test_padding_is_numpys() -> None:
    images = batch((2, 3, 5, 6), "uint8")
    widths = ((0, 0), (0, 0), (3, 3), (3, 3))
    np.testing.assert_array_equal(padded(images, 3, "zero"), np.pad(images, widths))
    np.testing.assert_array_equal(padded(images, 3, "reflect"), np.pad(images, widths, mode="reflect"))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("padding", [0, 1, 4, 7])
def test_the_fast_form_is_the_obvious_one_at_every_offset(dtype: str, padding: int) -> None:
    offsets = np.arange(2 * padding + 1)
    images = batch((3, 2, 5, 6), dtype)
    places, top, left = (grid.ravel() for grid in np.meshgrid([2, 0, 1], offsets, offsets))
    expected = cut(padded(images[places], padding, "zero"), top, left, 5, 6)
    np.testing.assert_array_equal(shifted(images, places, top, left, padding), expected)
    np.testing.assert_array_equal(shifted(tensor(images), places, top, left, padding).numpy(), expected)


def test_without_padding_the_image_stays() -> None:
    images = batch((3, 3, 8, 8), "uint8")
    for mode in ("zero", "reflect"):
        np.testing.assert_array_equal(RandomCrop(padding=0, mode=mode)(images, Draws(0, 1, np.arange(3))), images)


def test_a_smaller_size_shows_part_of_the_image() -> None:
    images = np.arange(100, dtype=np.uint8).reshape(1, 1, 10, 10).repeat(500, axis=0)
    output = RandomCrop(size=4, padding=0)(images, Draws(0, 1, np.arange(500)))
    assert output.shape == (500, 1, 4, 4)
    np.testing.assert_array_equal(output - output[:, :, :1, :1], np.broadcast_to(images[:1, :, :4, :4], output.shape))
    assert set(output[:, 0, 0, 0].tolist()) == {10 * y + x for y in range(7) for x in range(7)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomCrop(size=0), "crop: size=0; expected an integer of at least 1"),
        (lambda: RandomCrop(size=2.5), "crop: size=2.5; expected an integer"),  # type: ignore[arg-type]
        (lambda: RandomCrop(padding=-1), "crop: padding=-1; expected an integer of at least 0"),
        (lambda: RandomCrop(padding=True), "crop: padding=True; expected an integer"),
        (lambda: RandomCrop(mode="zeros"), "unknown mode of crop 'zeros'; did you mean 'zero'"),
    ],
)
def test_a_setting_outside_its_range_is_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


def test_images_too_small_are_refused() -> None:
    images, draw = np.zeros((1, 1, 6, 8), np.uint8), Draws(0, 1, np.arange(1))
    with pytest.raises(
        InputError, match=r"size=9 does not fit into images of 6 × 8 pixels with padding=1. Choose a sm"
    ):
        RandomCrop(size=9, padding=1)(images, draw)
    with pytest.raises(
        InputError, match="padding=6 reflects more than images of 6 × 8 pixels hold; expected at most 5"
    ):
        RandomCrop(padding=6, mode="reflect")(images, draw)
