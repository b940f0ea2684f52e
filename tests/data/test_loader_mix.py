"""The loader's mixing: who is mixed with whom, what becomes of both, and that batches have no part in it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.data.idx_files import small_images
from trainlab.data import Batch, Dataset, Loader, Raw
from trainlab.data.augmentation import Draws, build, one_hot

SIZE = 700  # three blocks
TRAIN = np.arange(SIZE)[::-1][:600]
"""The first hundred images are kept for validation, say."""
DATASET = Dataset(
    "noise", small_images(SIZE)[:, np.newaxis], np.arange(SIZE, dtype=np.uint16), tuple(map(str, range(SIZE)))
)
"""Every image is a class of its own, so that targets tell which images were mixed."""

both = pytest.mark.parametrize("mix", ["mixup", "cutmix"])


def loader(mix: str, batch_size: int = 32, seed: int = 0) -> Loader:
    return Loader(DATASET, TRAIN, batch_size, Raw(), seed, shuffle=True, augment=build(["crop", "flip", mix]))


def joined(batches: list[Batch]) -> tuple[NDArray[np.float32], NDArray[np.unsignedinteger], NDArray[np.float32]]:
    targets = [batch.targets for batch in batches if batch.targets is not None]
    assert len(targets) == len(batches)
    return (
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
        np.concatenate(targets),
    )


@both
def test_an_image_is_mixed_with_its_partner_after_both_were_augmented(mix: str) -> None:
    augment = build(["crop", "flip", mix])
    assert augment.mix is not None
    order = loader(mix).indices[:50]
    served = Loader(DATASET, TRAIN, 32, Raw(), 0, shuffle=False, augment=augment).epoch(3)
    images, labels, targets = joined([next(served), next(served)])
    for row, index in enumerate(order):
        own = Draws(0, 3, np.array([index]))
        (partner,) = augment.mix.partners(own, TRAIN)
        others = Draws(0, 3, np.array([partner]))
        expected, shares = augment.mix(
            augment(DATASET.images[[index]], own),
            one_hot(np.array([index]), SIZE),
            augment(DATASET.images[[partner]], others),
            one_hot(np.array([partner]), SIZE),
            own,
        )
        np.testing.assert_array_equal(images[row], expected[0])
        np.testing.assert_array_equal(targets[row], shares[0])
        assert labels[row] == (index if shares[0, index] >= shares[0, partner] else partner)


@both
def test_partners_are_training_images_and_nobody_else(mix: str) -> None:
    _, _, targets = joined([batch for epoch in (1, 2, 3) for batch in loader(mix).epoch(epoch)])
    shown = np.flatnonzero(targets.any(axis=0))
    assert shown.min() == 100
    assert len(shown) == 600
    assert ((targets > 0).sum(axis=1) <= 2).all()
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert ((targets > 0).sum(axis=1) == 2).mean() > 0.9  # not an image with itself, nor hidden under its partner


@both
def test_the_label_is_the_class_with_the_larger_share(mix: str) -> None:
    _, labels, targets = joined(list(loader(mix).epoch(1)))
    np.testing.assert_array_equal(targets[np.arange(600), labels], targets.max(axis=1))
    assert labels.dtype == DATASET.labels.dtype


@both
@pytest.mark.parametrize("batch_size", [1, 7, 128, 600])
def test_the_size_of_the_batch_changes_nothing(mix: str, batch_size: int) -> None:
    expected = joined(list(loader(mix).epoch(2)))
    for array, other in zip(joined(list(loader(mix, batch_size).epoch(2))), expected, strict=True):
        np.testing.assert_array_equal(array, other, strict=True)


@both
def test_entering_an_epoch_in_the_middle_changes_nothing(mix: str) -> None:
    expected = joined(list(loader(mix).epoch(2)))
    for array, other in zip(joined(list(loader(mix).epoch(2, first_step=9))), expected, strict=True):
        np.testing.assert_array_equal(array, other[9 * 32 :], strict=True)


@both
def test_single_images_are_served_as_in_their_epoch(mix: str) -> None:
    images, labels, targets = joined(list(Loader(DATASET, TRAIN, 1, Raw(), 0, False, build(mix)).epoch(4)))
    served = Loader(DATASET, TRAIN, 32, Raw(), 0, True, build(mix)).serve(TRAIN[[5, 3]], epoch=4)
    for array, other in zip(joined([served]), (images, labels, targets), strict=True):
        np.testing.assert_array_equal(array, other[[5, 3]], strict=True)


@both
def test_another_epoch_or_seed_mixes_others(mix: str) -> None:
    indices = TRAIN[:100]
    shares = [loader(mix, seed=seed).serve(indices, epoch).targets for seed, epoch in ((0, 1), (0, 2), (1, 1))]
    assert not np.array_equal(shares[0], shares[1])  # type: ignore[arg-type]
    assert not np.array_equal(shares[0], shares[2])  # type: ignore[arg-type]


@pytest.mark.parametrize("augment", [None, build("flip")])
def test_without_mixing_there_are_no_targets(augment: object) -> None:
    served = Loader(DATASET, TRAIN, 32, Raw(), 0, shuffle=True, augment=augment)  # type: ignore[arg-type]
    for batch in served.epoch(1):
        assert batch.targets is None
