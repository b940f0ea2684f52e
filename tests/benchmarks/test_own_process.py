"""A contender in a process of its own does what it does here, and its errors arrive."""

import os
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

from benchmarks.own_process import in_own_process
from benchmarks.rounds import Contender, Numbers


def make(start: int) -> Contender:
    """Counts steps, and says in its sample which process it is in."""

    def sample() -> Numbers:
        return np.array([start, os.getpid()], np.float64)

    return Contender(lambda steps: start + steps, sample, lambda threads: nullcontext(), [3], 0.5, per_round=7)


def fail() -> Contender:
    raise ValueError("no such library")


def test_it_runs_elsewhere_and_answers_here() -> None:
    there = in_own_process(partial(make, 10))
    assert (there.thread_counts, there.tolerance, there.per_round) == ([3], 0.5, 7)
    with there.use_threads(3):
        assert there.run(5) == 15
    start, process = there.sample()
    assert start == 10
    assert process != os.getpid()


def test_what_goes_wrong_there_is_raised_here() -> None:
    with pytest.raises(ValueError, match="no such library"):
        in_own_process(fail)
