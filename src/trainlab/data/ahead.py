"""Making the next thing while the last one is in use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def made_ahead(things: Iterator[T]) -> Iterator[T]:
    """The same things in the same order, each made in a thread of its own while the one before is in use.

    An error of ``things`` arrives where the thing would have. A consumer that stops early waits for the one thing that
    is being made.

    >>> list(made_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="made_ahead") as maker:
        due = maker.submit(next, things, end)
        while (thing := due.result()) is not end:
            due = maker.submit(next, things, end)
            yield thing  # type: ignore[misc]
