"""Ways to look at an image: each against pixels that are copied one by one, and the networks' mean over them."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.engines.test_torch_engine import batch, engine
from trainlab.engines import PLAIN, View, augmented_views
from trainlab.errors import InputError


def seen(view: View, image: np.ndarray) -> np.ndarray:
    """The definition, for one image (C, H, W): padded by reflection, a window cut out, then mirrored."""
    _, height, width = image.shape
    room = abs(view.shift)
    padded = np.pad(image, [(0, 0), (room, room), (room, room)], mode="reflect")
    top = left = room - view.shift
    window = padded[:, top : top + height, left : left + width]
    return window[..., ::-1] if view.mirrored else window


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(4, 7), st.integers(4, 6)),
    mirrored=st.booleans(),
    shift=st.integers(-3, 3),
)
def test_a_view_is_its_definition_on_arrays_and_tensors(shape: tuple[int, ...], mirrored: bool, shift: int) -> None:
    images, view = np.arange(np.prod(shape), dtype=np.float32).reshape(shape), View(1.0, mirrored, shift)
    before, expected = images.copy(), np.stack([seen(view, image) for image in images])
    np.testing.assert_array_equal(view.of(images), expected)
    np.testing.assert_array_equal(view.of(torch.from_numpy(images)).numpy(), expected)
    np.testing.assert_array_equal(images, before)


def test_an_image_moved_by_one_pixel() -> None:
    image = np.arange(9).reshape(1, 1, 3, 3)
    assert View(1.0, shift=1).of(image)[0, 0].tolist() == [[4, 3, 4], [1, 0, 1], [4, 3, 4]]
    assert View(1.0, shift=-1).of(image)[0, 0].tolist() == [[4, 5, 4], [7, 8, 7], [4, 5, 4]]


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_half_of_the_mean_is_the_unmoved_image_and_half_of_that_its_mirror_image(shift: int) -> None:
    views = augmented_views(shift)
    assert len(set(views)) == len(views) == (6 if shift else 2)
    assert sum(view.share for view in views) == sum(view.share for view in PLAIN) == 1
    assert sum(view.share for view in views if view.mirrored) == 1 / 2
    for by in (shift, -shift) if shift else ():
        assert sum(view.share for view in views if view.shift == by) == 1 / 4


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.2}, {"loss": "mse"}], ids=str)
def test_images_judged_by_the_mean_over_views(settings: dict[str, Any], shift: int, kind: str) -> None:
    one, views = engine(engine=kind, **settings), augmented_views(shift)
    for step in range(5):
        one.train_step(batch(step))
    plain = batch(9)
    together = one.eval_step(plain, views)
    if not shift:
        mirrored = plain._replace(images=np.ascontiguousarray(plain.images[..., ::-1]))
        assert together.loss == pytest.approx(one.eval_step(mirrored, views).loss, abs=1e-6)
    assert abs(together.loss - one.eval_step(plain).loss) > 1e-4
    if "loss" not in settings:
        shown = [np.stack([seen(view, image) for image in plain.images]) for view in views]
        probabilities = np.sum([view.share * one.predict(images) for view, images in zip(views, shown, strict=True)], 0)
        share = settings.get("label_smoothing", 0) / 3
        targets = share + (1 - 3 * share) * np.eye(3)[plain.labels]
        assert together.loss == pytest.approx(-(targets * np.log(probabilities)).sum(axis=1).mean(), abs=1e-6)
        assert together.correct == (probabilities.argmax(axis=1) == plain.labels).sum()
    same = plain._replace(images=np.full_like(plain.images, 0.5))  # looks alike from everywhere
    assert one.eval_step(same, views).loss == pytest.approx(one.eval_step(same).loss, abs=1e-6)


@pytest.mark.parametrize("shift", [3, -3, 4])
def test_an_image_cannot_be_moved_by_its_own_size(shift: int) -> None:
    expected = f"tta_shift: images of 4 × 3 pixels cannot be moved by {abs(shift)}; expected at most 2."
    with pytest.raises(InputError, match=re.escape(expected)):
        View(1.0, shift=shift).of(batch(0).images)
