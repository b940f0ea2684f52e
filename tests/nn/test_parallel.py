"""A batch shared between threads: every sample once, in order, and errors come out."""

import os
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from trainlab.nn import parallel
from trainlab.nn.blas import thread_count, thread_limit
from trainlab.nn.parallel import SHARES, WORTH_SHARING, in_shares


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_shares_follow_each_other_and_cover_the_batch(threads: int, count: int) -> None:
    with thread_limit(threads):
        shares = in_shares(lambda share: list(range(count))[share], count, WORTH_SHARING)
    assert [number for share in shares for number in share] == list(range(count))
    assert len(shares) == max(1, min(max(threads, SHARES), count))
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_shares_run_at_once_with_one_blas_thread_each_and_leave_the_limit_as_it_was() -> None:
    meeting = threading.Barrier(2, timeout=60)  # nobody gets past before both are there

    def work(share: slice) -> int:
        meeting.wait()
        return thread_count()

    with thread_limit(2):
        assert in_shares(work, 4, WORTH_SHARING) == [1, 1, 1, 1]
        assert thread_count() == 2


def test_little_work_is_done_where_it_is_asked_for() -> None:
    with thread_limit(2):
        (done_by,) = in_shares(lambda share: threading.current_thread(), 4, WORTH_SHARING - 1)
    assert done_by is threading.current_thread()


def test_an_error_in_a_share_comes_out() -> None:
    with thread_limit(2), pytest.raises(ZeroDivisionError):
        in_shares(lambda share: 1 // share.start, 4, WORTH_SHARING)


def test_an_error_of_the_caller_s_own_share_waits_for_the_other_threads() -> None:
    """They work on arrays that the caller may throw away."""
    begun, ended = threading.Event(), []

    def work(share: slice) -> None:
        if threading.current_thread() is threading.main_thread():
            assert begun.wait(60)
            raise ZeroDivisionError
        begun.set()
        time.sleep(0.05)
        ended.append(share)

    with thread_limit(2), pytest.raises(ZeroDivisionError):
        in_shares(work, 4, WORTH_SHARING)
    assert len(ended) == 1


def test_shares_may_have_more_threads_than_products() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def work(share: slice) -> int:
        meeting.wait()
        return thread_count()

    with parallel.thread_limit(2):
        assert thread_count() == 1
        assert in_shares(work, 4, WORTH_SHARING) == [1, 1, 1, 1]
    with parallel.thread_limit(1):
        threads = in_shares(lambda share: threading.current_thread(), 4, WORTH_SHARING)
    assert threads == [threading.current_thread()] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    """Those of its parent are not in it, and to wait for them would take forever."""
    program = """
import os
from trainlab.nn.blas import thread_limit
from trainlab.nn.parallel import WORTH_SHARING, in_shares
with thread_limit(2):
    in_shares(str, 4, WORTH_SHARING)
    child = os.fork()
    print(in_shares(lambda share: share.start, 4, WORTH_SHARING), flush=True)
if child:
    os.waitpid(child, 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[0, 1, 2, 3]\n" * 2


@pytest.mark.parametrize("limit", [thread_limit, parallel.thread_limit])
def test_any_number_of_threads_up_to_the_shares_gives_the_same_bits(limit: Any) -> None:
    from trainlab.nn.convolution import conv2d_backward
    from trainlab.nn.window import Window

    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((9, 16, 12, 12), dtype=np.float32) for _ in range(2))
    weight = rng.standard_normal((16, 16, 3, 3), dtype=np.float32)
    results = []
    for threads in (1, 2, 3, SHARES):
        with limit(threads):
            results.append(conv2d_backward(g, x, weight, Window((3, 3), padding=(1, 1))))
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(one, other)
