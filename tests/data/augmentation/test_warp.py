"""Values between pixels, and pieces of a batch."""

import numpy as np
import pytest

from tests.data.augmentation.batches import batch
from trainlab.data.augmentation import Draws, Elastic, RandomAffine, warp
from trainlab.data.augmentation.warp import Warp, grid, sampled


def places(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W) each: where every pixel lies."""
    rows, columns = grid(images)
    zeros = np.zeros((len(images), *images.shape[2:]), np.float32)
    return zeros + rows, zeros + columns


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, -2), (-3, 4), (5, 5), (9, 0), (0, -1000), (1e30, 0)])
def test_a_move_by_whole_pixels_is_a_shift_with_zeros_behind_it(dtype: str, down: float, right: float) -> None:
    images = batch((3, 2, 5, 6), dtype)
    y, x = places(images)
    expected = np.zeros_like(images)
    for row in range(5):
        for column in range(6):
            if 0 <= row + down < 5 and 0 <= column + right < 6:
                expected[:, :, row, column] = images[:, :, int(row + down), int(column + right)]
    np.testing.assert_array_equal(sampled(images, y + np.float32(down), x + np.float32(right)), expected)


def test_a_ramp_shows_where_each_pixel_looks() -> None:
    random = np.random.default_rng(0)
    rows, columns = np.meshgrid(np.arange(9.0), np.arange(7.0), indexing="ij")
    ramps = np.stack([rows, columns]).astype(np.float32)[np.newaxis].repeat(4, axis=0)
    y = random.uniform(0, 8, (4, 9, 7)).astype(np.float32)
    x = random.uniform(0, 6, (4, 9, 7)).astype(np.float32)
    output = sampled(ramps, y.copy(), x.copy())
    np.testing.assert_allclose(output[:, 0], y, atol=1e-5)
    np.testing.assert_allclose(output[:, 1], x, atol=1e-5)


def test_values_between_pixels_are_those_of_scipy() -> None:
    from scipy.ndimage import map_coordinates

    random = np.random.default_rng(1)
    images = batch((5, 2, 6, 8), "float32")
    y = random.uniform(-2, 8, (5, 6, 8)).astype(np.float32)
    x = random.uniform(-2, 10, (5, 6, 8)).astype(np.float32)
    # SciPy's "constant" leaves out points outside; its "grid-constant" goes on with zeros as we do
    expected = [
        [map_coordinates(channel, [y[n], x[n]], order=1, mode="grid-constant") for channel in images[n]]
        for n in range(5)
    ]
    np.testing.assert_allclose(sampled(images, y, x), expected, atol=1e-6)


@pytest.mark.parametrize("piece", [RandomAffine(), Elastic()], ids=lambda piece: piece.name)
def test_a_batch_larger_than_a_piece_is_its_images_one_by_one(piece: Warp, monkeypatch: pytest.MonkeyPatch) -> None:
    images, indices = batch((7, 3, 8, 8), "uint8"), np.arange(40, 47)
    whole = piece(images, Draws(0, 1, indices))
    for numbers in (1, 3 * 64 * 2, 3 * 64 * 3 + 1):  # one image, two, three at a time
        monkeypatch.setattr(warp, "_PIECE", numbers)
        np.testing.assert_array_equal(piece(images, Draws(0, 1, indices)), whole)
