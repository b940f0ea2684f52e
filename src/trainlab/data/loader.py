"""Serving batches: shuffled by (seed, epoch), transformed a block at a time, as fast at batch 1 as at batch 1024."""

import math
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, convert, dtype_of, put
from trainlab.data.augmentation import Augment, Draws, one_hot
from trainlab.data.dataset import Dataset
from trainlab.data.transforms import Transform
from trainlab.errors import InputError
from trainlab.randomness import generator

_BLOCK_NUMBERS = 2**18  # 1 MB of float32: many small batches an array operation, and still in a core's cache


class Batch(NamedTuple):
    """What an engine trains on in one step."""

    images: Array
    """(N, C, H, W) in float32, C-contiguous; on a GPU where the loader's images lie there."""
    labels: Array
    """(N,) the class of each image; of a mixed one, the class with the larger share (the lower one of equals)."""
    targets: Array | None = None
    """(N, K) in float32: how much of each class an image shows, rows that sum to 1; None where nothing was mixed."""
    whole_size: int | None = None
    """Images of this step in all processes together; None: there are no others than these."""


class Loader:
    """Serves the images at ``indices`` in batches, epoch after epoch.

    The order of an epoch is ``generator(seed, "shuffle", epoch).permutation``: it depends on nothing that happened
    before, so an epoch can be entered at any step. Images stay bytes until their block is due: as many batches as make
    1 MB of float32, at least one. A block is gathered and transformed by a few array operations, and its batches are
    views of it, cut by iterating over (steps, batch_size, C, H, W). Each block is a new array, so a batch stays valid
    for as long as it is kept.

    Arguments:
        dataset: holds the images and labels.
        indices: which of them are served, in this order when not shuffled.
        batch_size: images a step, from 1 to their number; the last batch of an epoch has what is left.
        transform: makes the network's input from the bytes.
        seed: another seed gives other orders.
        shuffle: False keeps the order of ``indices``, as validation does.
        augment: changes the bytes at random before the transform, by (seed, epoch, image); None leaves them alone. With
            mixup or CutMix at its end, each image is mixed with a partner drawn from ``indices`` and augmented as
            that image itself is in this epoch, and batches have targets.
        part: (rank, size) serves to process ``rank`` of ``size`` its part of each batch, the images at positions rank,
            rank + size, rank + 2·size, …; of a batch smaller than ``size`` that is none for some. Only the part is
            gathered and augmented. Order, length and batch sizes of the epoch are those of the whole.

    Raises:
        InputError: no index or one outside the data set, or a batch size outside its range.

    >>> from trainlab.data.transforms import Raw
    >>> dots = Dataset("dots", np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1), np.zeros(5, np.uint8), ("dot",))
    >>> loader = Loader(dots, np.arange(5), batch_size=2, transform=Raw(), seed=0, shuffle=False)
    >>> len(loader), [batch.images.ravel().tolist() for batch in loader.epoch(1)]
    (3, [[0.0, 1.0], [2.0, 3.0], [4.0]])
    """

    def __init__(
        self,
        dataset: Dataset,
        indices: NDArray[np.int64],
        batch_size: int,
        transform: Transform,
        seed: int,
        shuffle: bool,
        augment: Augment | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        indices = np.asarray(indices)
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer) or len(indices) == 0:
            raise InputError(
                f"{dataset.name}: indices are {indices.dtype} of shape {indices.shape}; expected at least one integer, "
                "in one axis."
            )
        if indices.min() < 0 or indices.max() >= len(dataset):
            raise InputError(
                f"{dataset.name}: indices run from {indices.min()} to {indices.max()}; expected 0 to "
                f"{len(dataset) - 1}. They were probably drawn for another data set."
            )
        if not 1 <= batch_size <= len(indices):
            raise InputError(
                f"batch_size={batch_size}: expected 1 to {len(indices)}, the number of images to choose from in "
                f"{dataset.name}. Choose a smaller batch or more data."
            )
        self.dataset = dataset
        self.indices = indices
        self.batch_size = batch_size
        self.transform = transform
        self.seed = seed
        self.shuffle = shuffle
        self.augment = augment
        self.part = part
        self.images: Array = dataset.images
        """All images as bytes. Where they lie, batches are gathered, augmented and transformed: see `place`."""
        self.labels: Array = dataset.labels

    def place(self, images: Array, labels: Array) -> None:
        """Serve from a copy of the data set's images and labels that lies elsewhere, such as in a GPU's memory."""
        self.images, self.labels = images, labels

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch, an incomplete last one included."""
        return -(-len(self.indices) // self.batch_size)

    def __len__(self) -> int:
        return self.steps_per_epoch

    def epoch(self, number: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number``, from its ``first_step``-th on (counted from 0).

        Raises:
            InputError: ``first_step`` outside 0 to ``steps_per_epoch``.
        """
        if not 0 <= first_step <= self.steps_per_epoch:
            raise InputError(f"first_step={first_step}: expected 0 to {self.steps_per_epoch}, the steps of an epoch.")
        return self._batches(self._order(number)[first_step * self.batch_size :], number)

    def serve(self, indices: NDArray[np.int64], epoch: int) -> Batch:
        """These images of the data set, in this order, as ``epoch`` serves them, wherever they stand in it."""
        pixels, labels = self._augmented(indices, epoch), self.labels[put(indices, self.labels)]
        mix = None if self.augment is None else self.augment.mix
        if mix is None:
            return Batch(self.transform(pixels), labels)
        draw, classes = Draws(self.seed, epoch, indices), len(self.dataset.classes)
        partners = mix.partners(draw, self.indices)
        other_pixels, other_labels = self._augmented(partners, epoch), self.labels[put(partners, self.labels)]
        pixels, targets = mix(pixels, one_hot(labels, classes), other_pixels, one_hot(other_labels, classes), draw)
        return Batch(self.transform(pixels), convert(targets.argmax(axis=1), dtype_of(labels)), targets)

    def _augmented(self, indices: NDArray[np.int64], epoch: int) -> Array:
        pixels = self.images[put(indices, self.images)]
        return pixels if self.augment is None else self.augment(pixels, Draws(self.seed, epoch, indices))

    def _order(self, number: int) -> NDArray[np.int64]:
        if not self.shuffle:
            return self.indices
        return generator(self.seed, "shuffle", number).permutation(self.indices)

    def _batches(self, order: NDArray[np.int64], epoch: int) -> Iterator[Batch]:
        size = self.batch_size
        rank, processes = self.part
        steps_per_block = max(1, _BLOCK_NUMBERS * processes // (size * math.prod(self.dataset.image_shape)))
        for start in range(0, len(order), steps_per_block * size):
            block = order[start : start + steps_per_block * size]
            steps, left_over = divmod(len(block), size)
            full_batches = block[: steps * size].reshape(steps, size)[:, rank::processes]
            last_batch = block[steps * size :][rank::processes]
            served = self.serve(np.concatenate([full_batches.ravel(), last_batch]), epoch)
            cut = [_cut(array, full_batches.shape) for array in (served.images, served.labels, served.targets)]
            yield from map(Batch, *cut, repeat(size))
            if left_over:
                full = full_batches.size
                targets = None if served.targets is None else served.targets[full:]
                yield Batch(served.images[full:], served.labels[full:], targets, left_over)


def _cut(array: Array | None, shape: tuple[int, ...]) -> Iterable[Any]:
    """The beginning of ``array`` in batches: ``shape`` is (steps, images a step). Nones where there is no array."""
    if array is None:
        return repeat(None, shape[0])
    batches: Iterable[Any] = array[: math.prod(shape)].reshape(*shape, *array.shape[1:])
    return batches
