import itertools
from typing import Any

import numpy as np
import pytest

from trainlab.data.augmentation import Augment, Draws, build
from trainlab.data.batches import Batch
from trainlab.data.dataset import Dataset
from trainlab.data.loader import Loader
from trainlab.data.transforms import Lab1, Raw, Transform, Unit
from trainlab.errors import InputError
from trainlab.randomness import generator

SIZE = 1300  # more than two blocks of 512
IMAGES = np.random.default_rng(0).integers(0, 256, (SIZE, 2, 16, 16), dtype=np.uint8)
LABELS = np.random.default_rng(1).integers(0, 10, SIZE, dtype=np.uint8)
DATASET = Dataset("random", IMAGES, LABELS, tuple("0123456789"))
INDICES = np.arange(5, SIZE, 1)[::-1].copy()
BATCH_SIZES = [1, 7, 32, 512, 1000, len(INDICES)]


def make(batch_size: int, shuffle: bool = True, seed: int = 0, transform: Transform | None = None) -> Loader:
    return Loader(DATASET, INDICES, batch_size, transform or Unit(), seed, shuffle)


def join(batches: list[Batch]) -> Batch:
    return Batch(np.concatenate([b.images for b in batches]), np.concatenate([b.labels for b in batches]))


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("transform", [Unit(), Lab1(), Raw()])
def test_unshuffled_the_images_come_in_the_order_of_the_indices(batch_size: int, transform: Transform) -> None:
    served = join(list(make(batch_size, shuffle=False, transform=transform).epoch(1)))
    np.testing.assert_array_equal(served.images, transform(IMAGES[INDICES]))
    np.testing.assert_array_equal(served.labels, LABELS[INDICES])


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_shuffled_the_order_is_drawn_from_seed_and_epoch_alone(batch_size: int) -> None:
    order = generator(3, "shuffle", 2).permutation(INDICES)
    served = join(list(make(batch_size, seed=3).epoch(2)))
    np.testing.assert_array_equal(served.images, Unit()(IMAGES[order]))
    np.testing.assert_array_equal(served.labels, LABELS[order])


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = [make(50, seed=seed).epoch(epoch) for seed, epoch in [(0, 1), (0, 2), (1, 1)]]
    labels = [join(list(batches)).labels.tolist() for batches in orders]
    assert all(one != other for one, other in itertools.combinations(labels, 2))


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_every_batch_is_full_but_the_last_which_has_what_is_left(batch_size: int) -> None:
    loader = make(batch_size)
    sizes = [len(batch.labels) for batch in loader.epoch(1)]
    assert len(sizes) == len(loader) == loader.steps_per_epoch
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == len(INDICES)


def test_a_batch_has_the_shapes_and_types_that_engines_expect() -> None:
    for batch in make(64).epoch(1):
        assert batch.images.shape == (len(batch.labels), 2, 16, 16)
        assert batch.images.dtype == np.float32
        assert batch.images.flags.c_contiguous
        assert batch.labels.dtype == np.uint8


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_an_epoch_can_be_entered_at_any_step(batch_size: int) -> None:
    loader = make(batch_size)
    batches = list(loader.epoch(4))
    for first_step in {0, 1, len(loader) // 2, len(loader) - 1, len(loader)}:
        rest = list(loader.epoch(4, first_step))
        assert len(rest) == len(loader) - first_step
        for one, other in zip(rest, batches[first_step:], strict=True):
            np.testing.assert_array_equal(one.images, other.images)
            np.testing.assert_array_equal(one.labels, other.labels)


def test_a_batch_stays_as_it_is_while_later_ones_are_served() -> None:
    batches = make(1).epoch(1)
    first = next(batches)
    image, label = first.images.copy(), first.labels.copy()
    for _ in batches:
        pass
    np.testing.assert_array_equal(first.images, image)
    np.testing.assert_array_equal(first.labels, label)


def test_writing_into_a_batch_changes_no_stored_image() -> None:
    before = IMAGES.copy()
    for batch in make(100, transform=Raw()).epoch(1):
        batch.images[:] = -1
        batch.labels[:] = 0
    np.testing.assert_array_equal(DATASET.images, before)
    assert DATASET.labels.any()


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 512, 1000])  # 1295 images: the last batch is incomplete with 2 and 512
def test_the_parts_of_all_processes_are_the_batches_of_one(batch_size: int, processes: int) -> None:
    def serve(part: tuple[int, int]) -> list[Batch]:
        augment = build(["crop", "flip", "erasing"])
        loader = Loader(DATASET, INDICES, batch_size, Unit(), seed=0, shuffle=True, augment=augment, part=part)
        return list(loader.epoch(2, first_step=1))

    parts = [serve((rank, processes)) for rank in range(processes)]
    for whole, *of_ranks in zip(serve((0, 1)), *parts, strict=True):
        joined = join(of_ranks)
        order = np.concatenate([np.arange(rank, len(whole.labels), processes) for rank in range(processes)])
        np.testing.assert_array_equal(joined.images, whole.images[order])
        np.testing.assert_array_equal(joined.labels, whole.labels[order])
        assert {part.whole_size for part in of_ranks} == {len(whole.labels)}
        sizes = [len(part.labels) for part in of_ranks]
        assert sizes == sorted(sizes, reverse=True)  # the first process has at least as many as any other
        assert sizes[0] - sizes[-1] <= 1


def test_a_process_augments_its_own_part_only() -> None:
    seen: list[int] = []

    class Counting(Augment):
        def some(self, images: Any, places: Any, draw: Draws) -> Any:
            seen.extend(draw.indices.tolist())
            return super().some(images, places, draw)

    loader = Loader(DATASET, INDICES, 100, Unit(), seed=0, shuffle=True, augment=Counting(), part=(1, 3))
    served = sum(len(batch.labels) for batch in loader.epoch(1))
    assert len(seen) == served == 12 * 33 + 32  # of 12 batches of 100 and one of 95


@pytest.mark.parametrize("batch_size", [0, -1, len(INDICES) + 1])
def test_a_batch_size_outside_the_data_is_refused(batch_size: int) -> None:
    with pytest.raises(InputError, match=rf"batch_size={batch_size}: expected 1 to {len(INDICES)}"):
        make(batch_size)


@pytest.mark.parametrize("first_step", [-1, 1296])
def test_a_first_step_outside_the_epoch_is_refused_at_once(first_step: int) -> None:
    with pytest.raises(InputError, match=rf"first_step={first_step}: expected 0 to 1295"):
        make(1).epoch(1, first_step)


@pytest.mark.parametrize("indices", [np.array([-1, 3]), np.array([0, SIZE])])
def test_indices_outside_the_data_set_are_refused(indices: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"indices run from -?\d+ to \d+; expected 0 to 1299"):
        Loader(DATASET, indices, 1, Unit(), 0, shuffle=False)


@pytest.mark.parametrize(
    "indices", [np.array([], np.int64), np.array([0.5]), np.array([[1, 2]]), np.array([True, False])]
)
def test_indices_that_are_no_list_of_integers_are_refused(indices: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected at least one integer, in one axis"):
        Loader(DATASET, indices, 1, Unit(), 0, shuffle=False)
