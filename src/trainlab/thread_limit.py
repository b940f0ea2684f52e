"""Limits on threads that overlap: several Python threads may hold one at the same time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ThreadLimit:
    """A number of threads that a library keeps for the whole process, lowered inside ``with`` blocks.

    The block that was entered last decides, wherever it runs; when the last one is left, whichever that is, the number
    is again what it was before the first. If each block put back what it found, two that overlap (A in, B in, A out,
    B out) would leave A's limit behind.

    Args:
        apply: sets the number of threads and returns what puts back the one before.

    >>> threads = [8]
    >>> def apply(number: int) -> Callable[[], None]:
    ...     before, threads[0] = threads[0], number
    ...     return lambda: threads.__setitem__(0, before)
    >>> limit = ThreadLimit(apply)
    >>> with limit(2):
    ...     with limit(1):
    ...         print(threads)
    ...     print(threads)
    [1]
    [2]
    >>> threads
    [8]
    """

    def __init__(self, apply: Callable[[int], Callable[[], None]]) -> None:
        self._apply = apply
        self._lock = threading.Lock()
        self._held: list[list[int]] = []
        self._put_back: Callable[[], None] = lambda: None

    @contextmanager
    def __call__(self, threads: int) -> Iterator[None]:
        mine = [threads]  # a list of its own, found again by identity
        with self._lock:
            put_back = self._apply(threads)
            if not self._held:
                self._put_back = put_back
            self._held.append(mine)
        try:
            yield
        finally:
            with self._lock:
                self._held = [one for one in self._held if one is not mine]
                if self._held:
                    self._apply(*self._held[-1])
                else:
                    self._put_back()
