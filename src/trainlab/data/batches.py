"""How an epoch becomes batches: its order, and the cutting of blocks."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array
from trainlab.errors import InputError
from trainlab.randomness import generator

_BLOCK_NUMBERS = 2**18  # 1 MB of float32: many small batches an array operation, and still in a core's cache
_STRETCH = 2**13  # images: parameters are drawn for so many at once; for a batch, calls would take most of the time


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
    weights: Array | None = None
    """(N,) how much each image counts; None where all count alike."""


def order_of_epoch(indices: NDArray[np.int64], seed: int | None, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch serves ``indices``, which depends on seed and epoch alone; no seed leaves them be."""
    return indices if seed is None else generator(seed, "shuffle", epoch).permutation(indices)


def cut_batches(
    order: NDArray[np.int64],
    batch_size: int,
    first_step: int,
    numbers: int,
    prepare: Callable[[NDArray[np.int64]], Callable[[slice], Batch]],
    part: tuple[int, int] = (0, 1),
) -> Iterator[Batch]:
    """The batches of an epoch, prepared a stretch at a time, served a block at a time, and cut out of blocks as views.

    Arguments:
        order: all indices of the epoch.
        batch_size: of all but the last batch, which has what is left.
        first_step: where to begin, from 0 to the steps of the epoch.
        numbers: in one image; as many batches as make 1 MB of float32 are a block, at least one.
        prepare: is given the indices of a stretch, some thousand images, and returns what makes one batch of any slice
            of them.
        part: see `Loader`.

    Raises:
        InputError: ``first_step`` outside its range, at once.
    """
    steps = -(-len(order) // batch_size)
    if not 0 <= first_step <= steps:
        raise InputError(f"first_step={first_step}: expected 0 to {steps}, the steps of an epoch.")
    steps_per_block = max(1, _BLOCK_NUMBERS * part[1] // (batch_size * numbers))
    block = steps_per_block * batch_size
    stretch = block * max(1, _STRETCH // block)
    stretches = (order[start : start + stretch] for start in range(first_step * batch_size, len(order), stretch))
    return chain.from_iterable(_cut_blocks(some, batch_size, steps_per_block, prepare, part) for some in stretches)


def _cut_blocks(
    order: NDArray[np.int64],
    size: int,
    steps_per_block: int,
    prepare: Callable[[NDArray[np.int64]], Callable[[slice], Batch]],
    part: tuple[int, int],
) -> Iterator[Batch]:
    rank, processes = part
    steps, left_over = divmod(len(order), size)
    full_batches = order[: steps * size].reshape(steps, size)[:, rank::processes]
    last_batch = order[steps * size :][rank::processes]
    serve, own_size = prepare(np.concatenate([full_batches.ravel(), last_batch])), full_batches.shape[1]
    for first in range(0, steps, steps_per_block):
        count = min(steps_per_block, steps - first)
        served = serve(slice(first * own_size, (first + count) * own_size))
        arrays = (served.images, served.labels, served.targets, served.weights)
        images, labels, targets, weights = (_cut(array, count, own_size) for array in arrays)
        yield from map(Batch, images, labels, targets, repeat(size), weights)
    if left_over:
        yield serve(slice(full_batches.size, full_batches.size + len(last_batch)))._replace(whole_size=left_over)


def _cut(array: Array | None, steps: int, size: int) -> Iterable[Any]:
    """An array in batches of equal size, or as many Nones where there is none."""
    if array is None:
        return repeat(None, steps)
    batches: Iterable[Any] = array.reshape(steps, size, *array.shape[1:])
    return batches
