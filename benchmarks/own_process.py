"""A contender in a process of its own, where nothing that trainlab sets up for itself helps or hinders it."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.rounds import Contender, Numbers


def in_own_process(make: Callable[[], Contender]) -> Contender:
    """The contender that ``make`` makes, made and run in a new process that ends with this one.

    trainlab tells the C library to keep freed memory, for the whole process: a rival beside it would be faster than
    where people run it.

    Args:
        make: can be pickled, such as a function of a module or a `functools.partial` of one.

    Raises what ``make`` raises.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    context.Process(target=_serve, args=(theirs, make), daemon=True).start()
    theirs.close()
    thread_counts, tolerance, per_round = _answer(ours)
    wanted = [1]

    @contextmanager
    def use_threads(threads: int) -> Iterator[None]:
        wanted[0] = threads
        yield

    def run(steps: int) -> int:
        ours.send((wanted[0], steps))
        done: int = _answer(ours)
        return done

    def sample() -> Numbers:
        ours.send(None)
        numbers: Numbers = _answer(ours)
        return numbers

    return Contender(run, sample, use_threads, thread_counts, tolerance, per_round)


def _answer(connection: Connection) -> Any:
    answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _serve(connection: Connection, make: Callable[[], Contender]) -> None:
    """In the new process: make the contender, then run what is asked for until nobody asks any more."""
    try:
        contender = make()
        connection.send((contender.thread_counts, contender.tolerance, contender.per_round))
        while True:
            asked = connection.recv()
            if asked is None:
                connection.send(contender.sample())
                continue
            threads, steps = asked
            with contender.use_threads(threads):
                connection.send(contender.run(steps))
    except EOFError:
        return
    except Exception as error:  # whatever it is, the other side is to see it
        connection.send(error)
