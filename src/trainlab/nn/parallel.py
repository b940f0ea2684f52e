"""Work on a batch, shared between threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trainlab.nn.blas import thread_count, thread_limit

T = TypeVar("T")
WORTH_SHARING = 2**23
"""Multiplications: 0.2 ms (64 channels) to 2 ms (one channel) on one core, against 0.15 ms to start the threads."""


def in_shares(work: Callable[[slice], T], count: int, multiplications: int) -> list[T]:
    """``[work(share), …]`` for consecutive slices of ``range(count)``, one for each thread that BLAS may use, at once.

    BLAS shares out a matrix product, but NumPy copies and adds with one thread only. Where both alternate, each thread
    had better do all of the work on its own part of the batch. NumPy lets others run while it computes.

    >>> in_shares(lambda share: share.stop - share.start, 5, multiplications=100)
    [5]
    """
    threads = min(thread_count(), count) if multiplications >= WORTH_SHARING else 1
    if threads < 2:
        return [work(slice(0, count))]
    bounds = [count * number // threads for number in range(threads + 1)]
    with thread_limit(1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, map(slice, bounds[:-1], bounds[1:])))
