"""Serving batches: shuffled by (seed, epoch), transformed a block at a time, as fast at batch 1 as at batch 1024."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trainlab.data.ahead import made_ahead
from trainlab.data.arrays import Array, convert, dtype_of, empty_floats, namespace, put
from trainlab.data.augmentation import Augment, Draws
from trainlab.data.augmentation.mix import marked
from trainlab.data.batches import Batch, cut_batches, order_of_epoch
from trainlab.data.dataset import Dataset
from trainlab.data.transforms import Transform
from trainlab.errors import InputError

_PIECE_NUMBERS = 2**19  # 170 images of CIFAR-10: half as many take longer in calls, twice as many leave the cache


class Loader:
    """Serves the images at ``indices`` in batches, epoch after epoch.

    The order of an epoch is ``generator(seed, "shuffle", epoch).permutation``: it depends on nothing that happened
    before, so an epoch can be entered at any step. Images stay bytes until their block is due: as many batches as make
    1 MB of float32, at least one. A block is gathered and transformed by a few array operations, a large one 2 MB at a
    time, and its batches are views of it, cut by iterating over (steps, batch_size, C, H, W). Each block is a new
    array, so a batch stays valid for as long as it is kept.

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
        ahead: make each batch in a thread while the one before is in use. Worth it where a step leaves a core idle now
            and then and takes longer than the handing over, some 0.1 ms. One more batch is in memory.

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
        ahead: bool = False,
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
        self.ahead = ahead
        self.images: Array = dataset.images
        """All images as bytes. Where they lie, batches are gathered, augmented and transformed: see `place`."""
        self.labels: Array = dataset.labels

    def place(self, images: Array, labels: Array) -> None:
        """Serve from a copy of the data set's images and labels that lies elsewhere, such as in a GPU's memory."""
        self.images, self.labels = images, labels

    @property
    def size(self) -> int:
        """Images an epoch."""
        return len(self.indices)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch, an incomplete last one included."""
        return -(-self.size // self.batch_size)

    def __len__(self) -> int:
        return self.steps_per_epoch

    def epoch(self, number: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number``, from its ``first_step``-th on (counted from 0).

        Raises:
            InputError: ``first_step`` outside 0 to ``steps_per_epoch``.
        """
        numbers = math.prod(self.dataset.image_shape)

        def prepare(indices: NDArray[np.int64]) -> Callable[[slice], Batch]:
            return partial(self._serve, Draws(self.seed, number, indices))

        batches = cut_batches(self._order(number), self.batch_size, first_step, numbers, prepare, self.part)
        return made_ahead(batches) if self.ahead and isinstance(self.images, np.ndarray) else batches

    def _order(self, number: int) -> NDArray[np.int64]:
        return order_of_epoch(self.indices, self.seed if self.shuffle else None, number)

    def serve(self, indices: NDArray[np.int64], epoch: int) -> Batch:
        """These images of the data set, in this order, as ``epoch`` serves them, wherever they stand in it."""
        return self._serve(Draws(self.seed, epoch, indices), slice(0, len(indices)))

    def _serve(self, draw: Draws, rows: slice) -> Batch:
        """A piece at a time, so that what an image goes through on its way to the network stays in a core's cache."""
        images, targets, indices = None, [], draw.indices[rows]
        for first, stop in self._pieces(len(indices)):
            pixels, shares = self._pixels(draw.part(slice(rows.start + first, rows.start + stop)))
            if images is None:  # now that its shape is known
                images = empty_floats((len(indices), *pixels.shape[1:]), pixels)
            self.transform(pixels, out=images[first:stop])
            targets.append(shares)
        labels = self.labels[put(indices, self.labels)]
        if targets[0] is None:
            return Batch(images, labels)
        all_targets = namespace(targets[0]).concatenate(targets)
        return Batch(images, convert(all_targets.argmax(axis=1), dtype_of(labels)), all_targets)

    def _pieces(self, count: int) -> Iterator[tuple[int, int]]:
        """Where equal parts of so many images begin and stop; on a device all of them are one."""
        size = max(1, count)
        if isinstance(self.images, np.ndarray):
            pieces = max(1, round(count * math.prod(self.dataset.image_shape) / _PIECE_NUMBERS))
            size = 2 * max(1, -(-count // (2 * pieces)))  # an even number is faster to transform
        return ((first, min(count, first + size)) for first in range(0, max(1, count), size))

    def _pixels(self, draw: Draws) -> tuple[Array, Array | None]:
        """Augmented bytes, and targets where images are mixed."""
        pixels = self._augmented(draw)
        mix = None if self.augment is None else self.augment.mix
        if mix is None:
            return pixels, None
        partners = mix.partners(draw, self.indices)
        others = self._augmented(Draws(self.seed, draw.epoch, partners))
        return mix(pixels, self._targets(draw.indices), others, self._targets(partners), draw)

    def _augmented(self, draw: Draws) -> Array:
        if self.augment is None:
            return self.images[put(draw.indices, self.images)]
        return self.augment.some(self.images, draw.indices, draw)

    def _targets(self, indices: NDArray[np.integer]) -> Array:
        return marked(self.labels[put(indices, self.labels)], len(self.dataset.classes))
