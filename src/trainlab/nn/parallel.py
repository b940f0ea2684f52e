"""Work on a batch, shared between threads."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TypeVar

from trainlab.nn import blas
from trainlab.thread_limit import ThreadLimit

T = TypeVar("T")
WORTH_SHARING = 2**19
"""Multiplications: 20 µs to 0.2 ms on one core, against 0.1 ms to wake a thread."""
SHARES = 4
"""More than most have threads for, so that a thread that comes late leaves its shares to the others."""


def in_shares(work: Callable[[slice], T], count: int, multiplications: int) -> list[T]:
    """``[work(share), …]`` for consecutive slices of ``range(count)``, in several threads.

    BLAS shares out a matrix product, but NumPy copies and adds with one thread only. Where both alternate, each thread
    had better do all of the work on its own part of the batch. NumPy lets others run while it computes. There are as
    many threads as BLAS may use, or as `thread_limit` says.

    The slices depend on the number of threads only where that is above `SHARES`: results that are added up in order
    have the same bits for any smaller number.

    >>> in_shares(lambda share: share.stop - share.start, 5, multiplications=100)
    [5]
    """
    if count < 2 or multiplications < WORTH_SHARING:
        return [work(slice(0, count))]
    threads = _limit[0] or blas.thread_count()
    blas.touch_buffers(threads)
    shares = min(count, max(SHARES, threads))
    bounds = [count * number // shares for number in range(shares + 1)]
    waiting = deque(enumerate(map(slice, bounds[:-1], bounds[1:])))
    results: dict[int, T] = {}

    def take() -> None:
        while waiting:
            try:
                number, share = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            results[number] = work(share)

    with nullcontext() if _limit[0] else blas.thread_limit(1):  # inside `thread_limit` it is 1 already
        helpers = [_helpers().submit(take) for _ in range(1, threads)]
        try:
            take()
        finally:
            waiting.clear()
            for helper in helpers:
                if not helper.cancel():
                    helper.result()
    return [results[number] for number in range(shares)]


def in_pieces(work: Callable[[slice], T], count: int, size: int, multiplications: int) -> list[T]:
    """``[work(piece), …]`` for consecutive slices of ``range(count)`` of at most ``size``, shared between threads.

    For work whose intermediate results should stay in the cache, and so must be small.

    >>> in_pieces(lambda piece: piece.stop - piece.start, 5, size=2, multiplications=100)
    [2, 2, 1]
    """

    def work_through(share: slice) -> list[T]:
        starts = range(share.start, share.stop, size)
        return [work(slice(start, min(start + size, share.stop))) for start in starts]

    return [result for results in in_shares(work_through, count, multiplications) for result in results]


_limit = [0]
"""Threads of `in_shares`; 0 takes as many as BLAS may use."""


def _apply(threads: int) -> Callable[[], None]:
    before, _limit[0] = _limit[0], threads
    return lambda: _limit.__setitem__(0, before)


_LIMIT = ThreadLimit(_apply)


@contextmanager
def thread_limit(threads: int) -> Iterator[None]:
    """Let `in_shares` use so many threads inside a ``with`` block, and matrix products outside of it one.

    Threads of BLAS go on looking for work for 30 ms after a product. That is nothing where products follow each other,
    but here they would hold the cores that the shares are waiting for.
    """
    with _LIMIT(threads), blas.thread_limit(1):
        yield


@cache
def _helpers() -> ThreadPoolExecutor:
    """Threads that wait for work until the process ends; starting one takes three times as long as waking it."""
    return ThreadPoolExecutor(os.cpu_count())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # threads do not live on in a forked process
