"""The picture of the first layer's weights."""

import numpy as np
import pytest

from trainlab.export.first_layer import MOST_UNITS, first_layer_picture


def test_a_unit_is_a_tile_with_its_largest_weight_white_or_black() -> None:
    weight = np.zeros((2, 56 * 56))
    weight[0, 0], weight[1, 57] = 0.5, -3
    picture = first_layer_picture({"1.bias": np.zeros(2), "1.weight": weight}, (1, 56, 56))
    assert picture is not None
    assert picture.shape == (58, 115, 3)
    assert picture[1, 1].tolist() == [255] * 3
    assert picture[2, 59].tolist() == [0] * 3
    assert np.unique(picture).tolist() == [0, 127, 128, 255]


def test_the_layer_that_fits_an_image_is_found_wherever_it_stands() -> None:
    rng = np.random.default_rng(0)
    weights = {"fc.weight": rng.normal(size=(10, 24)), "later": rng.normal(size=(8, 24, 3, 3))}
    first = rng.normal(size=(24, 3, 2, 2))
    picture = first_layer_picture({**weights, "whitening": first}, (3, 32, 32))
    assert picture is not None
    np.testing.assert_array_equal(picture, first_layer_picture({"whitening": first}, (3, 32, 32)))
    assert first_layer_picture(weights, (3, 32, 32)) is None


@pytest.mark.parametrize("units", [1, 3, MOST_UNITS, MOST_UNITS + 1])
def test_any_number_of_units_finds_room(units: int) -> None:
    picture = first_layer_picture({"1.weight": np.ones((units, 56 * 56))}, (1, 56, 56))
    assert picture is not None
    assert (picture == 255).sum() == min(units, MOST_UNITS) * 3 * 56 * 56


def test_weights_that_are_all_zero_are_grey() -> None:
    picture = first_layer_picture({"1.weight": np.zeros((1, 56 * 56))}, (1, 56, 56))
    assert picture is not None
    assert np.unique(picture).tolist() == [127, 128]
