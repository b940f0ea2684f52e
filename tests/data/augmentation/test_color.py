import numpy as np
import pytest

from tests.data.augmentation.batches import DRAW, batch
from trainlab.data.augmentation import ColorJitter, Draws
from trainlab.errors import InputError

MANY = Draws(seed=0, epoch=1, indices=np.arange(5000))


def test_brightness_factors_are_uniform_around_one() -> None:
    grey = np.full((5000, 1, 1, 1), 0.25, np.float32)
    factors = ColorJitter(brightness=0.4, contrast=0, saturation=0)(grey, MANY).ravel() / 0.25
    assert 0.6 <= factors.min() < 0.61
    assert 1.39 < factors.max() <= 1.4
    counts, _ = np.histogram(factors, bins=20, range=(0.6, 1.4))
    assert ((counts - 250) ** 2 / 250).sum() < 44  # 19 degrees of freedom: above in 1 of 1,000 cases


def test_contrast_keeps_the_mean_and_scales_the_differences() -> None:
    images = np.array([0.4, 0.6], np.float32).reshape(1, 1, 1, 2).repeat(5000, axis=0)
    output = ColorJitter(brightness=0, contrast=0.5, saturation=0)(images, MANY)[:, 0, 0]
    np.testing.assert_allclose(output.mean(axis=1), 0.5, atol=1e-6)
    factors = (output[:, 1] - output[:, 0]) / 0.2
    assert 0.5 <= factors.min() < 0.51
    assert 1.49 < factors.max() <= 1.5001


def test_saturation_keeps_how_bright_a_pixel_looks() -> None:
    images = batch((7, 3, 4, 4), "float32") * 0.2 + 0.4
    output = ColorJitter(brightness=0, contrast=0, saturation=0.9)(images, DRAW)
    luma = np.array([0.299, 0.587, 0.114]).reshape(3, 1, 1)
    np.testing.assert_allclose((output * luma).sum(axis=1), (images * luma).sum(axis=1), atol=1e-6)
    assert not np.allclose(output, images)


def test_bytes_are_clamped_and_rounded() -> None:
    images = np.array([0, 3, 250, 255], np.uint8).reshape(1, 1, 1, 4).repeat(5000, axis=0)
    output = ColorJitter(brightness=1, contrast=0, saturation=0)(images, MANY)
    assert (output[:, 0, 0, 0] == 0).all()
    assert set(np.unique(output[:, 0, 0, 1])) == {0, 1, 2, 3, 4, 5, 6}
    assert output[:, 0, 0, 2].max() == 255
    assert (np.diff(output.astype(int), axis=3) >= 0).all()


@pytest.mark.parametrize("setting", ["brightness", "contrast", "saturation"])
def test_a_negative_setting_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match=f"jitter: {setting}=-1; expected a number of at least 0"):
        ColorJitter(**{setting: -1})


def test_other_channels_than_grey_or_three_are_refused() -> None:
    with pytest.raises(InputError, match=r"jitter: images of 2 channels; expected 1 .grey. or 3"):
        ColorJitter()(batch((7, 2, 8, 8), "uint8"), DRAW)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_floats_outside_the_unit_interval_are_refused(value: float) -> None:
    images = batch((7, 3, 8, 8), "float32")
    images[2, 1, 3, 3] = value
    with pytest.raises(InputError, match=r"expected 0 to 1. They were probably standardized; change their colours bef"):
        ColorJitter()(images, DRAW)
