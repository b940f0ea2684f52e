"""How an epoch becomes batches: its order, and the cutting of blocks."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array
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
    serve: Callable[[NDArray[np.int64]], Batch],
    part: tuple[int, int] = (0, 1),
) -> Iterator[Batch]:
    """The batches of an epoch, served a block at a time and cut out of the blocks as views.

    Arguments:
        order: all indices of the epoch.
        batch_size: of all but the last batch, which has what is left.
        first_step: where to begin, from 0 to the steps of the epoch.
        numbers: in one image; as many batches as make 1 MB of float32 are a block, at least one.
        serve: makes one batch of all the images of a block.
        part: see `Loader`.

    Raises:
        InputError: ``first_step`` outside its range, at once.
    """
    steps = -(-len(order) // batch_size)
    if not 0 <= first_step <= steps:
        raise InputError(f"first_step={first_step}: expected 0 to {steps}, the steps of an epoch.")
    return _cut_blocks(order[first_step * batch_size :], batch_size, numbers, serve, part)


def _cut_blocks(
    order: NDArray[np.int64],
    size: int,
    numbers: int,
    serve: Callable[[NDArray[np.int64]], Batch],
    part: tuple[int, int],
) -> Iterator[Batch]:
    rank, processes = part
    steps_per_block = max(1, _BLOCK_NUMBERS * processes // (size * numbers))
    for start in range(0, len(order), steps_per_block * size):
        block = order[start : start + steps_per_block * size]
        steps, left_over = divmod(len(block), size)
        full_batches = block[: steps * size].reshape(steps, size)[:, rank::processes]
        last_batch = block[steps * size :][rank::processes]
        served = serve(np.concatenate([full_batches.ravel(), last_batch]))
        arrays = (served.images, served.labels, served.targets, served.weights)
        images, labels, targets, weights = (_cut(array, full_batches.shape) for array in arrays)
        yield from map(Batch, images, labels, targets, repeat(size), weights)
        if left_over:
            full = full_batches.size
            rest: list[Any] = [None if array is None else array[full:] for array in arrays]
            yield Batch(rest[0], rest[1], rest[2], left_over, rest[3])


def _cut(array: Array | None, shape: tuple[int, ...]) -> Iterable[Any]:
    """The beginning of ``array`` in batches: ``shape`` is (steps, images a step). Nones where there is no array."""
    if array is None:
        return repeat(None, shape[0])
    batches: Iterable[Any] = array[: math.prod(shape)].reshape(*shape, *array.shape[1:])
    return batches
