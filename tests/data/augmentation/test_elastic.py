import math

import numpy as np
import pytest

from trainlab.data.augmentation import Draws, Elastic
from trainlab.data.augmentation.elastic import gaussian
from trainlab.errors import InputError

MANY = Draws(seed=0, epoch=1, indices=np.arange(400))


def test_fields_are_noise_smoothed_by_scipy_s_gaussian() -> None:
    from scipy.ndimage import gaussian_filter

    piece, draw = Elastic(sigma=2, alpha=5), Draws(0, 1, np.arange(3))
    noise = 2 * draw.coarse("elastic", 2 * 9 * 7).astype(float).reshape(3, 9, 2, 7) - 1
    fields = piece.displacements(draw, 9, 7)
    for image in range(3):
        for direction in range(2):
            expected = 5 * gaussian_filter(noise[image, :, direction], 2, mode="constant", truncate=10)
            np.testing.assert_allclose(fields[image, :, direction], expected, atol=1e-5)


def test_a_row_of_the_gaussian_adds_up_to_1_away_from_the_edges() -> None:
    g = gaussian(101, 4.0)
    np.testing.assert_allclose(g[50].sum(), 1, rtol=1e-6)
    assert g[0].sum() == pytest.approx(0.55, abs=0.01)  # half of it, and half of the middle weight, lies inside
    np.testing.assert_array_equal(g, g.T)


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_moves_have_the_deviation_and_the_neighbourhood_that_the_docstring_says(sigma: float) -> None:
    fields = Elastic(sigma=sigma, alpha=34).displacements(MANY, 61, 61)
    middle = fields[:, 20:41, :, 20:41].astype(float)
    deviation = 34 / (2 * math.sqrt(3 * math.pi) * sigma)
    assert middle.std() == pytest.approx(deviation, rel=0.02)
    assert abs(middle.mean()) < 0.05 * deviation
    # the correlation of two places at a distance is that of the Gaussian with itself: e^(−distance² / 4σ²)
    for distance in (1, 3, 6):
        along = (middle[..., distance:] * middle[..., :-distance]).mean() / middle.var()
        down = (middle[:, distance:] * middle[:, :-distance]).mean() / middle.var()
        expected = math.exp(-(distance**2) / (4 * sigma**2))
        assert along == pytest.approx(expected, abs=0.03)
        assert down == pytest.approx(expected, abs=0.03)


def test_the_two_directions_and_two_images_move_independently() -> None:
    middle = Elastic().displacements(MANY, 28, 28)[:, 14, :, 14].astype(float)  # (N, 2)
    assert abs(np.corrcoef(middle.T)[0, 1]) < 4 / math.sqrt(400)
    assert abs(np.corrcoef(middle[:-1, 0], middle[1:, 0])[0, 1]) < 4 / math.sqrt(400)


def test_a_larger_alpha_moves_in_proportion() -> None:
    once, twice = (Elastic(alpha=alpha).displacements(MANY, 8, 8) for alpha in (10, 20))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


def test_pixels_look_where_the_field_says() -> None:
    rows, columns = np.indices((28, 28)).astype(np.float32)
    ramps = np.stack([rows, columns])[np.newaxis].repeat(10, axis=0)
    piece, draw = Elastic(), Draws(0, 1, np.arange(10))
    output, fields = piece(ramps, draw), piece.displacements(draw, 28, 28)
    inside = (slice(None), slice(8, 20), slice(8, 20))
    np.testing.assert_allclose((output[:, 0] - rows)[inside], fields[:, :, 0][inside], atol=1e-4)
    np.testing.assert_allclose((output[:, 1] - columns)[inside], fields[:, :, 1][inside], atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Elastic(sigma=0), "elastic: sigma=0; expected a number from 0.1 to 1000"),
        (lambda: Elastic(alpha=-1), "elastic: alpha=-1; expected a number of at least 0"),
        (lambda: Elastic(alpha=math.inf), "elastic: alpha=inf; expected a number of at least 0"),
    ],
)
def test_a_setting_outside_its_range_is_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
