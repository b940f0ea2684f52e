"""Serving batches of arrays in memory, such as those that scikit-learn hands over."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.batches import Batch, cut_batches, order_of_epoch
from trainlab.errors import InputError


class ArrayLoader:
    """Serves samples that are numbers already, epoch after epoch: what `Loader` does for images stored as bytes.

    The order of an epoch depends on seed and epoch alone, so an epoch can be entered at any step. Batches are copies.

    =======  ========  ======================================================
    inputs   (N, …)    float32 or float64, as the network gets them
    labels   (N,)      integers, each the number of its class
    weights  (N,)      how much each sample counts, at least 0; or None
    =======  ========  ======================================================

    Arguments:
        batch_size: samples a step, from 1 to N; the last batch of an epoch has what is left.
        seed: another seed gives other orders.
        shuffle: False keeps the order of the arrays, as validation does.

    Raises:
        InputError: arrays that differ in length or hold nothing, or a batch size outside its range.

    >>> loader = ArrayLoader(np.arange(6.0).reshape(3, 2), np.array([0, 1, 0]), batch_size=2, seed=0, shuffle=False)
    >>> [batch.images.tolist() for batch in loader.epoch(1)]
    [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]]
    """

    def __init__(
        self,
        inputs: NDArray[np.floating[Any]],
        labels: NDArray[np.integer[Any]],
        batch_size: int,
        seed: int,
        shuffle: bool,
        weights: NDArray[np.floating[Any]] | None = None,
    ) -> None:
        lengths = {len(array) for array in (inputs, labels, weights) if array is not None}
        if len(lengths) > 1 or 0 in lengths:
            given = "no weights" if weights is None else f"{len(weights):,} weights"
            raise InputError(
                f"{len(inputs):,} samples, {len(labels):,} labels and {given}; expected one label and, if there are "
                "any, one weight for each of at least one sample."
            )
        if not 1 <= batch_size <= len(inputs):
            raise InputError(f"batch_size={batch_size}: expected 1 to {len(inputs)}, the number of samples.")
        self.inputs = inputs
        self.labels = labels
        self.weights = weights
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle

    @property
    def size(self) -> int:
        """Samples an epoch."""
        return len(self.inputs)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch, an incomplete last one included."""
        return -(-self.size // self.batch_size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number``, from its ``first_step``-th on (counted from 0).

        Raises:
            InputError: ``first_step`` outside 0 to ``steps_per_epoch``.
        """
        order = order_of_epoch(np.arange(self.size), self.seed if self.shuffle else None, number)
        numbers = math.prod(self.inputs.shape[1:])
        return cut_batches(
            order, self.batch_size, first_step, numbers, lambda some: lambda rows: self._serve(some[rows])
        )

    def _serve(self, indices: NDArray[np.int64]) -> Batch:
        weights = None if self.weights is None else self.weights[indices]
        return Batch(self.inputs[indices], self.labels[indices], weights=weights)
