import math

import numpy as np
import pytest

from tests.data.augmentation.batches import DRAW, batch
from trainlab.data.augmentation import Cutout, Draws, RandomErasing
from trainlab.errors import InputError

MANY = Draws(seed=0, epoch=1, indices=np.arange(4000))


def sizes(piece: RandomErasing, height: int = 100, width: int = 100) -> tuple[np.ndarray, np.ndarray]:
    drawn = piece.rectangles(MANY, height, width)
    return drawn.bottom - drawn.top, drawn.right - drawn.left


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_p_of_the_images_is_erased(p: float) -> None:
    erased = (sizes(RandomErasing(p))[0] > 0).mean()
    assert abs(erased - p) <= 4 * math.sqrt(p * (1 - p) / 4000) + 0.001  # ten misfits in a row are rare


def test_areas_and_shapes_are_spread_as_they_should_be() -> None:
    heights, widths = sizes(RandomErasing(p=1, scale=(0.05, 0.25), ratio=(0.5, 2)), 400, 400)
    areas = heights * widths / 400**2
    assert_uniform((areas - 0.05) / 0.2)
    assert_uniform((np.log(heights / widths) + math.log(2)) / (2 * math.log(2)))
    assert abs(np.corrcoef(areas, heights / widths)[0, 1]) < 0.06


def test_rectangles_lie_anywhere_in_the_image() -> None:
    drawn = RandomErasing(p=1, scale=(0.01, 0.01), ratio=(1, 1)).rectangles(MANY, 50, 50)
    assert set(drawn.bottom - drawn.top) == set(drawn.right - drawn.left) == {5}
    for start in (drawn.top, drawn.left):
        assert (start.min(), start.max()) == (0, 45)
        assert_uniform((start + 0.5) / 46)


def test_misfits_are_drawn_again_and_after_ten_the_image_stays() -> None:
    heights, widths = sizes(RandomErasing(p=1, scale=(0.5, 1.2 / 1.2), ratio=(0.3, 3.3)), 20, 20)
    assert heights.max() < 20
    assert widths.max() < 20
    assert 0.9 < (heights > 0).mean() <= 1
    assert (sizes(RandomErasing(p=1, scale=(1, 1)), 20, 20)[0] == 0).all()


def test_each_channel_can_have_its_value() -> None:
    images = batch((7, 3, 8, 8), "float32")
    output = RandomErasing(p=1, scale=(0.3, 0.3), ratio=(1, 1), value=(-1.0, -2.0, -3.0))(images, DRAW)
    changed = output != images
    assert changed.sum(axis=(2, 3)).tolist() == [[16, 16, 16]] * 7
    for channel in range(3):
        assert set(output[:, channel][changed[:, channel]].tolist()) == {-1.0 - channel}


def test_random_bytes_are_uniform_and_random_floats_standard_normal() -> None:
    piece = RandomErasing(p=1, scale=(0.9, 0.9), ratio=(1, 1), value="random")
    draw = Draws(0, 1, np.arange(30))
    noise = piece(np.zeros((30, 3, 20, 20), np.uint8), draw)[:, :, 1:-1, 1:-1].ravel()
    counts = np.bincount(noise[noise > 0], minlength=256)[1:]
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 330  # 254 degrees of freedom
    floats = piece(np.full((30, 3, 20, 20), 99, np.float32), draw)
    normal = floats[floats != 99]
    assert abs(normal.mean()) < 0.03
    assert abs(normal.std() - 1) < 0.03
    assert abs((np.abs(normal) < 1).mean() - 0.6827) < 0.02


def test_cutout_hides_a_square_around_any_pixel() -> None:
    images = np.ones((4000, 1, 10, 10), np.uint8)
    hidden = Cutout(size=4)(images, MANY)[:, 0] == 0
    counts = hidden.sum(axis=(1, 2))
    assert (counts.min(), counts.max()) == (4, 16)  # a corner at least: 2 × 2
    assert abs((counts == 16).mean() - 0.49) < 0.03  # 7 of 10 places an axis leave it whole
    assert abs(hidden[:, 5, 5].mean() - 0.16) < 0.03  # 4 of 10 places an axis hide the pixel
    assert abs(hidden[:, 0, 0].mean() - 0.09) < 0.02  # 3 of 10 hide row 0
    assert abs(hidden[:, 9, 9].mean() - 0.04) < 0.02  # 2 of 10 hide row 9: an even square has no middle


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomErasing(p=2), "erasing: p=2; expected a number from 0 to 1"),
        (lambda: RandomErasing(scale=(0.3, 0.2)), r"scale=\(0.3, 0.2\); expected the smaller number first"),
        (lambda: RandomErasing(scale=(0.3, 1.2)), "scale=1.2; expected a number from 0 to 1"),
        (lambda: RandomErasing(scale=0.3), "scale=0.3; expected two numbers, the smallest and the largest"),  # type: ignore[arg-type]
        (lambda: RandomErasing(ratio=(0, 1)), "ratio=0; expected a number of at least 1e-06"),
        (lambda: RandomErasing(value="noise"), "value='noise'; expected a number, or one a channel, or 'random'"),
        (lambda: RandomErasing(value=()), r"value=\(\); expected a number, or one a channel"),
        (lambda: RandomErasing(value=(0, "x")), "value='x'; expected a number"),  # type: ignore[arg-type]
        (lambda: Cutout(size=0), "cutout: size=0; expected an integer of at least 1"),
        (lambda: Cutout(value="random"), "cutout: value='random'; expected a number, or one a channel"),  # type: ignore[arg-type]
    ],
)
def test_a_setting_outside_its_range_is_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("value", [0.5, -1, 256, (0, 0, 300)])
def test_a_value_that_no_byte_holds_is_refused(value: float | tuple[float, ...]) -> None:
    with pytest.raises(
        InputError, match=r"met images of bytes; expected whole numbers from 0 to 255. Images are erased"
    ):
        RandomErasing(p=1, value=value)(batch((7, 3, 8, 8), "uint8"), DRAW)


def test_values_for_another_number_of_channels_are_refused() -> None:
    with pytest.raises(InputError, match=r"value=\(1, 2\) is for 2 channels but the images have 3"):
        RandomErasing(p=1, value=(1, 2))(batch((7, 3, 8, 8), "uint8"), DRAW)


def test_cutout_paints_each_channel_in_its_own_value() -> None:
    painted = Cutout(size=99, value=(125, 123, 114))(batch((7, 3, 8, 8), "uint8"), DRAW)
    assert painted.mean(axis=(0, 2, 3)).tolist() == [125, 123, 114]
    with pytest.raises(InputError, match=r"cutout: value=\(1, 2\) is for 2 channels but the images have 3"):
        Cutout(value=(1, 2))(batch((7, 3, 8, 8), "uint8"), DRAW)


def assert_uniform(values: np.ndarray) -> None:
    """Kolmogorov and Smirnov: the largest gap between the shares below and the diagonal."""
    ordered = np.sort(values)
    gap = np.abs(ordered - (np.arange(len(ordered)) + 0.5) / len(ordered)).max()
    assert gap < 2.2 / math.sqrt(len(ordered))
