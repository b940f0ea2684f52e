import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainlab.data.transforms import Compose, Lab1, Raw, Standardize, Transform, Unit, build, from_dict
from trainlab.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 5), dtype=np.uint8)
TRAIN = np.array([0, 2, 3])
STANDARDIZE = Standardize(mean=(100.0, 120.0, 140.0), std=(10.0, 20.0, 30.0))

REFERENCES = {
    "unit": lambda x: x / 255,
    "lab1": lambda x: x / 255 * 0.99 + 0.01,
    "raw": lambda x: x,
    "standardize": lambda x: (
        (x - x[TRAIN].mean(axis=(0, 2, 3), keepdims=True)) / x[TRAIN].std(axis=(0, 2, 3), keepdims=True)
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_piece_follows_its_formula(name: str) -> None:
    output = build(name, IMAGES, TRAIN)(IMAGES)
    np.testing.assert_allclose(output, REFERENCES[name](IMAGES.astype(np.float64)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("names", [["unit"], ["lab1"], ["raw"], ["standardize"], ["lab1", "standardize"]])
def test_no_other_byte_comes_nearer_to_zero(names: list[str]) -> None:
    transform = build(names, IMAGES, TRAIN)
    every_byte = np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis].repeat(3, axis=1)
    nearest = np.abs(transform(every_byte)[:, :, 0, 0]).argmin(axis=0)
    assert np.broadcast_to(transform.byte_of_zero, 3).tolist() == nearest.tolist()


@given(st.lists(st.sampled_from(list(REFERENCES)), min_size=1, max_size=4))
def test_a_chain_is_its_pieces_one_after_the_other(names: list[str]) -> None:
    expected = IMAGES.astype(np.float64)
    for name in names:
        expected = REFERENCES[name](expected)
    chain = build(names, IMAGES, TRAIN)
    np.testing.assert_allclose(chain(IMAGES), expected, rtol=1e-5, atol=1e-5)
    assert len(chain.scale) == len(chain.shift)


def plainly(transform: Transform, images: np.ndarray) -> np.ndarray:
    """``scale · x + shift`` in float32, channel by channel and nothing else."""
    scale, shift = (np.array(values, np.float32)[:, None, None] for values in (transform.scale, transform.shift))
    product: np.ndarray = images.astype(np.float32) * scale
    return product + shift


TRANSFORMS = [Unit(), Lab1(), Raw(), STANDARDIZE, Compose((Unit(), STANDARDIZE, Lab1()))]
BATCHES = [IMAGES, IMAGES[:1], IMAGES[:5], IMAGES[::2], IMAGES[:0], IMAGES.transpose(0, 1, 3, 2)]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.name)
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: str(batch.shape))
def test_a_batch_is_the_plain_formula_to_the_last_bit(transform: Transform, batch: np.ndarray) -> None:
    np.testing.assert_array_equal(transform(batch), plainly(transform, batch), strict=True)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.name)
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: str(batch.shape))
def test_a_tensor_becomes_what_an_array_becomes_to_the_last_bit(transform: Transform, batch: np.ndarray) -> None:
    given = torch.from_numpy(batch.copy(order="K"))
    output = transform(given)
    assert output.is_contiguous()
    np.testing.assert_array_equal(output.numpy(), transform(batch), strict=True)
    np.testing.assert_array_equal(given.numpy(), batch)


def test_a_tensor_with_its_channels_innermost_is_transformed_as_any_other() -> None:
    given = torch.from_numpy(IMAGES).contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(STANDARDIZE(given).numpy(), STANDARDIZE(IMAGES))


def test_one_pixel_worked_by_hand() -> None:
    # 51 / 255 = 0.2; (0.2 - 0.5) / 0.25 = -1.2
    chain = Compose((Unit(), Standardize(mean=(0.5,), std=(0.25,))))
    assert chain(np.full((1, 1, 1, 1), 51, np.uint8)).item() == pytest.approx(-1.2)


def test_standardized_training_images_have_mean_zero_and_std_one_in_each_channel() -> None:
    output = build("standardize", IMAGES, TRAIN)(IMAGES[TRAIN])
    np.testing.assert_allclose(output.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(output.std(axis=(0, 2, 3)), 1, rtol=1e-6)


def test_standardize_never_looks_beyond_the_training_part() -> None:
    changed = IMAGES.copy()
    changed[[1, 4, 5]] = 0
    assert build("standardize", changed, TRAIN) == build("standardize", IMAGES, TRAIN)


def test_a_prior_unit_changes_the_units_of_the_statistics_and_nothing_else() -> None:
    alone, chained = build("standardize", IMAGES, TRAIN), build(["unit", "standardize"], IMAGES, TRAIN)
    assert isinstance(alone, Standardize)
    assert isinstance(chained, Compose)
    fitted = chained.pieces[1]
    assert isinstance(fitted, Standardize)
    np.testing.assert_allclose(fitted.mean, np.array(alone.mean) / 255)
    np.testing.assert_allclose(chained(IMAGES), alone(IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("transform", [Unit(), Lab1(), Raw(), STANDARDIZE, Compose((Unit(), Lab1()))])
@pytest.mark.parametrize("batch", [IMAGES, IMAGES[:1], IMAGES[::2], IMAGES.transpose(0, 1, 3, 2)])
def test_output_is_new_contiguous_float32_and_the_input_untouched(transform: Transform, batch: np.ndarray) -> None:
    before = batch.copy()
    output = transform(batch)
    assert output.dtype == np.float32
    assert output.flags.c_contiguous
    assert output.shape == batch.shape
    assert not np.shares_memory(output, batch)
    np.testing.assert_array_equal(batch, before)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.name)
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: str(batch.shape))
def test_the_output_goes_where_it_is_wanted(transform: Transform, batch: np.ndarray) -> None:
    expected = transform(batch)
    room = np.full((len(batch) + 2, *batch.shape[1:]), 7, np.float32)
    for images, out in ((batch, room[1:-1]), (torch.from_numpy(batch.copy()), torch.from_numpy(room)[1:-1])):
        room[:] = 7
        assert transform(images, out=out) is out
        np.testing.assert_array_equal(room[1:-1], expected)
        assert (room[[0, -1]] == 7).all()


@pytest.mark.parametrize(
    "transform", [Unit(), Lab1(), Raw(), STANDARDIZE, Compose((Unit(), Compose((STANDARDIZE, Raw()))))]
)
def test_a_transform_survives_json(transform: Transform) -> None:
    assert from_dict(json.loads(json.dumps(transform.to_dict()))) == transform


@pytest.mark.parametrize("make", [lambda: build("untt", IMAGES, TRAIN), lambda: build(["raw", "untt"], IMAGES, TRAIN)])
def test_an_unknown_name_gets_the_nearest_right_one(make: type[Transform]) -> None:
    with pytest.raises(
        InputError, match=r"unknown transform 'untt'; did you mean 'unit'\? Known: unit, lab1, raw, stand"
    ):
        make()


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(InputError, match="needs at least one piece; 'raw' leaves the bytes as they are"):
        build([], IMAGES, TRAIN)


def test_a_constant_channel_is_named() -> None:
    images = IMAGES.copy()
    images[:, 1] = 7
    with pytest.raises(InputError, match=r"channel 1 has a standard deviation of 0.* use the transform 'unit' instead"):
        build("standardize", images, TRAIN)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((0.0,), (1.0, 1.0), "1 means but 2 standard deviations"),
        ((), (), "0 means but 0 standard deviations"),
        ((float("nan"),), (1.0,), "expected finite numbers and no negative std"),
        ((0.0,), (-1.0,), "expected finite numbers and no negative std"),
    ],
)
def test_statistics_that_make_no_sense_are_refused(
    mean: tuple[float, ...], std: tuple[float, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Standardize(mean, std)


def test_images_of_another_number_of_channels_are_refused() -> None:
    for images in (IMAGES[:, :1], torch.from_numpy(IMAGES[:, :1])):
        with pytest.raises(InputError, match="images of 1 channels met a transform for 3"):
            STANDARDIZE(images)


@pytest.mark.parametrize(
    "description", [{"name": "standardize", "mean": [1.0]}, {"name": "compose"}, {"name": "compose", "pieces": 3}]
)
def test_a_description_that_lacks_a_setting_is_refused(description: dict[str, object]) -> None:
    with pytest.raises(InputError, match="lacks a setting or has a wrong one"):
        from_dict(description)


@pytest.mark.parametrize("description", [{}, {"name": "blur"}])
def test_a_description_of_an_unknown_piece_is_refused(description: dict[str, object]) -> None:
    with pytest.raises(InputError, match="unknown transform"):
        from_dict(description)
