import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.data.augmentation.batches import DRAW, INDICES, batch, tensor
from tests.data.augmentation.plain import cutmix_box
from trainlab.data.augmentation import CutMix, Draws, Mix, Mixup, one_hot
from trainlab.data.augmentation.beta import beta_quantile
from trainlab.errors import InputError

MIXES = [Mixup(0.2), Mixup(1.0), CutMix(1.0), CutMix(0.5)]
SHAPES = [(7, 3, 8, 8), (7, 1, 7, 5)]
TARGETS = one_hot(np.array([0, 1, 2, 3, 0, 1, 2]), classes=4)
OTHER_TARGETS = one_hot(np.array([3, 3, 3, 0, 1, 1, 0]), classes=4)
every_mix = pytest.mark.parametrize("mix", MIXES, ids=str)
Weights = np.ndarray


def pair(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    return batch(shape, dtype), batch(shape, dtype)[::-1].copy()


def weights(mix: Mix, draw: Draws) -> Weights:
    return beta_quantile(draw.uniform(f"{mix.name} weight", 1)[:, 0], mix.alpha)


@pytest.mark.parametrize(
    ("alpha", "cumulative"),
    [
        (1.0, lambda x: x),
        (2.0, lambda x: x**2 * (3 - 2 * x)),
        (3.0, lambda x: x**3 * (10 - 15 * x + 6 * x**2)),
        (0.5, lambda x: 2 / math.pi * np.arcsin(np.sqrt(x))),
    ],
)
def test_weights_have_the_quantiles_of_the_beta_distribution(
    alpha: float, cumulative: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    uniform = np.linspace(0, 1, 1001)
    drawn = beta_quantile(uniform, alpha)
    np.testing.assert_allclose(cumulative(drawn), uniform, atol=1e-5)
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.2, 0.4, 1.0, 5.0, 100.0])
def test_weights_have_the_mean_and_variance_of_the_beta_distribution(alpha: float) -> None:
    drawn = beta_quantile((np.arange(100_000) + 0.5) / 100_000, alpha)
    assert drawn.mean() == pytest.approx(0.5)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_mixup_is_the_weighted_sum_of_each_pair(shape: tuple[int, ...], dtype: str) -> None:
    images, others = pair(shape, dtype)
    mixed, targets = Mixup(0.4)(images, TARGETS, others, OTHER_TARGETS, DRAW)
    for i, weight in enumerate(weights(Mixup(0.4), DRAW)):
        expected = weight * images[i].astype(float) + (1 - weight) * others[i]
        np.testing.assert_allclose(mixed[i], expected, atol=0.5001 if dtype == "uint8" else 1e-6)
        np.testing.assert_allclose(targets[i], weight * TARGETS[i] + (1 - weight) * OTHER_TARGETS[i], atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_cutmix_pastes_a_box_and_weighs_targets_by_what_is_seen(shape: tuple[int, ...], dtype: str) -> None:
    images, others = pair(shape, dtype)
    mixed, targets = CutMix(1.0)(images, TARGETS, others, OTHER_TARGETS, DRAW)
    for i, weight in enumerate(weights(CutMix(1.0), DRAW).tolist()):
        box = cutmix_box(CutMix(1.0), Draws(DRAW.seed, DRAW.epoch, INDICES[i : i + 1]), weight, *shape[2:])
        np.testing.assert_array_equal(mixed[i], np.where(box, others[i], images[i]))
        seen = 1 - box.mean()
        np.testing.assert_allclose(targets[i], seen * TARGETS[i] + (1 - seen) * OTHER_TARGETS[i], atol=1e-6)


@every_mix
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_tensors_are_mixed_as_arrays_are_to_the_last_bit(mix: Mix, dtype: str) -> None:
    images, others = pair((7, 3, 8, 8), dtype)
    expected, expected_targets = mix(images, TARGETS, others, OTHER_TARGETS, DRAW)
    mixed, targets = mix(tensor(images), tensor(TARGETS), tensor(others), tensor(OTHER_TARGETS), DRAW)
    np.testing.assert_array_equal(mixed.numpy(), expected)
    np.testing.assert_array_equal(targets.numpy(), expected_targets)
    assert mixed.dtype == tensor(images).dtype


@every_mix
def test_the_inputs_stay_and_every_row_of_targets_sums_to_one(mix: Mix) -> None:
    inputs = [*pair((7, 3, 8, 8), "uint8"), TARGETS.copy(), OTHER_TARGETS.copy()]
    before = [array.copy() for array in inputs]
    images, others, targets, other_targets = inputs
    mixed, mixed_targets = mix(images, targets, others, other_targets, DRAW)
    for array, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not np.shares_memory(array, mixed)
        assert not np.shares_memory(array, mixed_targets)
    assert mixed.dtype == np.uint8
    assert mixed_targets.dtype == np.float32
    np.testing.assert_allclose(mixed_targets.sum(axis=1), 1, rtol=1e-6)


@every_mix
def test_the_size_of_the_batch_changes_neither_partners_nor_mixtures(mix: Mix) -> None:
    images, pool = batch((50, 3, 8, 8), "uint8"), np.arange(3, 50)
    targets = one_hot(np.arange(50) % 4, classes=4)

    def serve(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        draw = Draws(1, 2, indices)
        partners = mix.partners(draw, pool)
        return mix(images[indices], targets[indices], images[partners], targets[partners], draw)

    indices = np.array([49, 3, 17, 20, 4, 31])
    whole = serve(indices)
    for size in (1, 2, 4):
        for start in range(0, 6, size):
            part = serve(indices[start : start + size])
            np.testing.assert_array_equal(part[0], whole[0][start : start + size])
            np.testing.assert_array_equal(part[1], whole[1][start : start + size])


@every_mix
def test_partners_are_uniform_over_the_training_images(mix: Mix) -> None:
    pool = np.array([3, 5, 8, 13])
    partners = mix.partners(Draws(0, 1, np.arange(8000)), pool)
    counts = np.array([(partners == index).sum() for index in pool])
    assert counts.sum() == 8000
    assert ((counts - 2000) ** 2 / 2000).sum() < 16.3  # 3 degrees of freedom: above in 1 of 1,000 cases
    assert (partners != mix.partners(Draws(0, 2, np.arange(8000)), pool)).mean() > 0.7


def test_a_box_shows_as_much_of_the_partner_as_the_weight_says_where_it_is_not_cut_off() -> None:
    draw = Draws(0, 1, np.arange(4000))
    drawn = CutMix(1.0).rectangles(draw, 1000, 1000)
    inside = (drawn.top >= 0) & (drawn.left >= 0) & (drawn.bottom <= 1000) & (drawn.right <= 1000)
    share = drawn.share_of(1000, 1000)
    np.testing.assert_allclose(share[inside], 1 - weights(CutMix(1.0), draw)[inside], atol=0.002)
    assert (share <= 1 - weights(CutMix(1.0), draw) + 1e-12).all()
    assert inside.mean() > 0.1


def test_labels_become_targets() -> None:
    import torch

    expected = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert one_hot(np.array([1, 2], np.uint8), 3).tolist() == expected
    assert one_hot(torch.tensor([1, 2], dtype=torch.uint8), 3).tolist() == expected
    assert one_hot(np.array([1, 2]), 3).dtype == np.float32


@pytest.mark.parametrize("labels", [[0, 3], [-1, 2]])
def test_labels_of_other_classes_are_refused(labels: list[int]) -> None:
    with pytest.raises(InputError, match=r"labels run from .* to .*; expected 0 to 2 for 3 classes"):
        one_hot(np.array(labels), 3)


@pytest.mark.parametrize("make", [Mixup, CutMix])
@pytest.mark.parametrize("alpha", [0, -1, 1000, "1"])
def test_an_alpha_outside_its_range_is_refused(make: type[Mix], alpha: float) -> None:
    with pytest.raises(InputError, match=f"{make.name}: alpha=.*; expected a number from 0.01 to 100"):
        make(alpha)


IMAGES, OTHERS = pair((7, 3, 8, 8), "uint8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[:6], TARGETS, OTHERS, OTHER_TARGETS), "6 images but 7 indices"),
        ((IMAGES, TARGETS, OTHERS[:6], OTHER_TARGETS), "6 images but 7 indices"),
        ((IMAGES, TARGETS, OTHERS[..., :4], OTHER_TARGETS), r"\(7, 3, 8, 8\) met partners of uint8 and \(7, 3, 8, 4\)"),
        ((IMAGES, TARGETS, OTHERS.astype(np.float32), OTHER_TARGETS), "met partners of float32"),
        ((IMAGES, TARGETS, tensor(OTHERS), OTHER_TARGETS), "expected the same. Both must come out of the same augment"),
        (
            (IMAGES, np.zeros(7, np.uint8), OTHERS, OTHER_TARGETS),
            r"targets are uint8 of shape \(7,\); expected float32",
        ),
        (
            (IMAGES, TARGETS, OTHERS, OTHER_TARGETS[:5]),
            r"of shape \(5, 4\); expected float32 of shape \(7, K\). Labels",
        ),
        ((IMAGES, [0] * 7, OTHERS, OTHER_TARGETS), "targets are list; expected float32"),
        ((IMAGES, TARGETS, OTHERS, OTHER_TARGETS[:, :3]), "targets for 4 classes met partners' targets for 3"),
    ],
)
def test_batches_that_do_not_match_are_refused(arguments: tuple[Any, Any, Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"mixup: .*{message}"):
        Mixup()(*arguments, DRAW)


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(InputError, match="cutmix: no images to draw partners from"):
        CutMix().partners(DRAW, np.array([], np.int64))
