import numpy as np
import pytest

from trainlab.data.augmentation import Draws, RandomAffine
from trainlab.errors import InputError

MANY = Draws(seed=0, epoch=1, indices=np.arange(4000))
ONE = Draws(seed=0, epoch=1, indices=np.array([0]))
STILL = {"rotation": 0, "scale": 0, "shear": 0, "translation": 0}


def forward_maps(piece: RandomAffine) -> tuple[np.ndarray, np.ndarray]:
    """A (N, 2, 2) and t (N, 2), recovered from the inverse that the piece computes."""
    inverse = piece.inverse_maps(MANY).astype(float)
    a = np.linalg.inv(inverse[:, :, :2])
    return a, -(a @ inverse[:, :, 2:])[:, :, 0]


def seen_at(image: np.ndarray) -> np.ndarray:
    """(y, x): the centre of what an image shows."""
    rows, columns = np.indices(image.shape)
    centre: np.ndarray = np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()
    return centre


def dot(y: int, x: int) -> np.ndarray:
    image = np.zeros((1, 1, 21, 21), np.float32)
    image[0, 0, y, x] = 1
    return image


@pytest.mark.parametrize(
    ("setting", "most", "of"),
    [
        ("rotation", np.radians(20), lambda a, t: np.arctan2(a[:, 0, 1], a[:, 0, 0])),
        ("scale", 0.2, lambda a, t: a[:, 0, 0] - 1),
        ("scale", 0.2, lambda a, t: a[:, 1, 1] - 1),
        ("shear", 0.2, lambda a, t: a[:, 0, 1]),
        ("translation", 3.0, lambda a, t: t[:, 0]),
        ("translation", 3.0, lambda a, t: t[:, 1]),
    ],
)
def test_each_setting_alone_is_uniform_up_to_its_size(setting: str, most: float, of: object) -> None:
    value = 20.0 if setting == "rotation" else most
    drawn = of(*forward_maps(RandomAffine(**{**STILL, setting: value}))) / most  # type: ignore[operator]
    assert -1 <= drawn.min() < -0.99
    assert 0.99 < drawn.max() <= 1 + 1e-6
    counts = np.histogram(drawn, bins=10, range=(-1, 1 + 1e-6))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 28  # 9 degrees of freedom: above in 1 of 1,000 cases


def test_stretches_of_the_two_axes_and_both_moves_are_independent() -> None:
    a, t = forward_maps(RandomAffine(**{**STILL, "scale": 0.2, "translation": 2}))
    together = np.corrcoef([a[:, 0, 0], a[:, 1, 1], t[:, 0], t[:, 1]])
    assert np.abs(together - np.eye(4)).max() < 4 / np.sqrt(4000)


def test_a_positive_angle_turns_anticlockwise_about_the_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "uniform", lambda draw, purpose, count: np.array([[1.0, 0, 0, 0, 0, 0]]))
    turned = RandomAffine(**{**STILL, "rotation": 90})(dot(10, 15), ONE)  # five pixels to the right of the centre
    np.testing.assert_allclose(seen_at(turned[0, 0]), [5, 10], atol=1e-4)  # now five above it


def test_a_move_is_to_the_right_and_downwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "uniform", lambda draw, purpose, count: np.array([[0.5, 0.5, 0.5, 0.5, 1.0, 0.75]]))
    moved = RandomAffine(**{**STILL, "translation": 4})(dot(10, 10), ONE)
    np.testing.assert_allclose(seen_at(moved[0, 0]), [12, 14], atol=1e-4)


def test_a_shear_goes_further_right_the_lower_the_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "uniform", lambda draw, purpose, count: np.array([[0.5, 0.5, 0.5, 1.0, 0.5, 0.5]]))
    slanted = RandomAffine(**{**STILL, "shear": 0.5})
    np.testing.assert_allclose(seen_at(slanted(dot(14, 10), ONE)[0, 0]), [14, 12], atol=1e-4)
    np.testing.assert_allclose(seen_at(slanted(dot(6, 10), ONE)[0, 0]), [6, 8], atol=1e-4)


def test_a_blot_keeps_its_place_and_gets_larger_or_smaller_with_the_scale() -> None:
    rows, columns = np.indices((41, 41)) - 20
    blot = np.exp(-(rows**2 + columns**2) / (2 * 4**2)).astype(np.float32)  # smooth, so that sums are areas
    piece, draw = RandomAffine(**{**STILL, "scale": 0.3}), Draws(0, 1, np.arange(200))
    output = piece(blot[np.newaxis, np.newaxis].repeat(200, axis=0), draw)[:, 0]
    inverse = piece.inverse_maps(draw).astype(float)
    np.testing.assert_allclose(output.sum(axis=(1, 2)) / blot.sum(), 1 / np.linalg.det(inverse[:, :, :2]), rtol=0.005)
    np.testing.assert_allclose([seen_at(image) for image in output], 20, atol=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomAffine(rotation=181), "affine: rotation=181; expected a number from 0 to 180"),
        (lambda: RandomAffine(rotation=-1), "affine: rotation=-1; expected a number from 0 to 180"),
        (lambda: RandomAffine(scale=1), "affine: scale=1; expected a number from 0 to 0.9"),
        (lambda: RandomAffine(shear=-0.1), "affine: shear=-0.1; expected a number of at least 0"),
        (lambda: RandomAffine(translation="2"), "affine: translation='2'; expected a number"),  # type: ignore[arg-type]
    ],
)
def test_a_setting_outside_its_range_is_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
