"""The picture of the first layer's weights."""

import numpy as np
import pytest

from trainlab.report.first_layer import COLUMNS, MOST_FILTERS, filters_picture, first_filters


def test_first_layer_weights_are_seen_where_they_are_images() -> None:
    linear, conv = np.ones((5, 12)), np.ones((8, 3, 3, 3))
    for weights, shape, expected in (
        (linear, (3, 2, 2), (5, 3, 2, 2)),
        (conv, (3, 32, 32), (8, 3, 3, 3)),
        (linear, (1, 2, 2), None),
        (np.ones((8, 3, 1, 1)), (3, 32, 32), None),
    ):
        found = first_filters({"0.bias": np.ones(5), "0.weight": weights}, shape)
        assert (None if found is None else found.shape) == expected
    assert first_filters({}, (1, 2, 2)) is None


def test_grey_weights_are_red_above_zero_and_blue_below() -> None:
    picture = filters_picture(np.array([2.0, -2.0, 0.0, 1.0]).reshape(1, 1, 2, 2))
    assert picture.reshape(4, 4).tolist() == [
        [255, 0, 0, 255],
        [0, 0, 255, 255],
        [255, 255, 255, 255],
        [255, 128, 128, 255],
    ]
    assert filters_picture(np.zeros((70, 3, 3, 3))).shape == (4 * 4 - 1, 16 * 4 - 1, 4)


def test_the_layer_that_fits_an_image_is_found_wherever_it_stands() -> None:
    rng = np.random.default_rng(0)
    weights = {"fc.weight": rng.normal(size=(10, 24)), "later": rng.normal(size=(8, 24, 3, 3))}
    first = rng.normal(size=(24, 3, 2, 2))
    found = first_filters({**weights, "whitening": first}, (3, 32, 32))
    assert found is not None
    np.testing.assert_array_equal(found, first)
    assert first_filters(weights, (3, 32, 32)) is None


@pytest.mark.parametrize("units", [1, 3, COLUMNS, COLUMNS + 1, MOST_FILTERS, MOST_FILTERS + 1])
def test_any_number_of_units_finds_room(units: int) -> None:
    picture = filters_picture(np.ones((units, 1, 5, 4)))
    shown = min(units, MOST_FILTERS)
    assert (picture[..., 3] == 255).sum() == shown * 5 * 4  # between the tiles it is transparent
    assert (picture == [255, 0, 0, 255]).all(axis=-1).sum() == shown * 5 * 4


def test_weights_that_are_all_zero_are_white() -> None:
    assert np.unique(filters_picture(np.zeros((1, 1, 3, 3)))).tolist() == [255]
