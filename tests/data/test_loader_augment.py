"""The loader's augmentation: by (seed, epoch, image), whatever the batch, and only where it is asked for."""

import numpy as np
import pytest

from tests.data.idx_files import small_images
from trainlab.data import Dataset, Loader, Raw
from trainlab.data.augmentation import build


def loader(batch_size: int, seed: int = 0, augmented: bool = True) -> Loader:
    images = small_images(700)[:, np.newaxis]
    dataset = Dataset("noise", images, np.arange(700, dtype=np.uint16), tuple(map(str, range(700))))
    augment = build(["crop", "flip"]) if augmented else None
    return Loader(dataset, np.arange(700), batch_size, Raw(), seed, shuffle=True, augment=augment)


def by_image(served: Loader, epoch: int, first_step: int = 0) -> dict[int, bytes]:
    """The pixels of every image that an epoch serves; the label is the image's number."""
    return {
        int(label): image.tobytes()
        for batch in served.epoch(epoch, first_step)
        for image, label in zip(batch.images, batch.labels, strict=True)
    }


@pytest.mark.parametrize("batch_size", [1, 7, 128, 700])
def test_an_image_is_changed_in_the_same_way_whatever_the_batch_size(batch_size: int) -> None:
    assert by_image(loader(batch_size), epoch=3) == by_image(loader(32), epoch=3)


def test_entering_an_epoch_in_the_middle_changes_nothing() -> None:
    whole, rest = by_image(loader(32), epoch=2), by_image(loader(32), epoch=2, first_step=9)
    assert len(rest) == 700 - 9 * 32
    assert all(whole[number] == pixels for number, pixels in rest.items())


def test_another_epoch_or_seed_changes_images_differently() -> None:
    first, second, other = by_image(loader(32), 1), by_image(loader(32), 2), by_image(loader(32, seed=1), 1)
    same = sum(first[number] == second[number] for number in first)
    assert same < 70  # one in 162 of the 81 offsets times two flips, by chance
    assert first != other


def test_without_augmentation_every_image_is_as_it_was() -> None:
    images = small_images(700)
    for number, pixels in by_image(loader(32, augmented=False), epoch=1).items():
        assert pixels == images[number].astype(np.float32).tobytes()


def test_the_data_set_itself_is_left_alone() -> None:
    served = loader(32)
    before = served.dataset.images.copy()
    by_image(served, epoch=1)
    np.testing.assert_array_equal(served.dataset.images, before)
