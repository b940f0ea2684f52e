import numpy as np
import pytest

from trainlab.data.channel_statistics import mean_and_std
from trainlab.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (1100, 3, 4, 5), dtype=np.uint8)


def test_they_equal_numpys_over_the_chosen_images_only() -> None:
    indices = np.arange(0, 1100, 2)  # more than one block
    mean, std = mean_and_std(IMAGES, indices)
    chosen = IMAGES[indices].astype(np.float64)
    np.testing.assert_allclose(mean, chosen.mean(axis=(0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(std, chosen.std(axis=(0, 2, 3)), rtol=1e-13)


def test_a_tiny_spread_around_a_large_mean_is_exact() -> None:
    images = np.full((1000, 1, 10, 10), 254, np.uint8)
    images[0, 0, 0, 0] = 255
    p = 1 / 100_000
    mean, std = mean_and_std(images, np.arange(1000))
    assert mean[0] == pytest.approx(254 + p, rel=1e-15)
    assert std[0] == pytest.approx((p * (1 - p)) ** 0.5, rel=1e-14)


def test_no_image_has_no_statistics() -> None:
    with pytest.raises(InputError, match="of no image"):
        mean_and_std(IMAGES, np.array([], np.int64))
