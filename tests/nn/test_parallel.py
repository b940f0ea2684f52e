"""A batch shared between threads: every sample once, in order, and errors come out."""

import threading

import numpy as np
import pytest

from trainlab.nn.blas import thread_count, thread_limit
from trainlab.nn.parallel import WORTH_SHARING, in_shares


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_shares_follow_each_other_and_cover_the_batch(threads: int, count: int) -> None:
    with thread_limit(threads):
        shares = in_shares(lambda share: list(range(count))[share], count, WORTH_SHARING)
    assert [number for share in shares for number in share] == list(range(count))
    assert len(shares) == max(1, min(threads, count))
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_shares_run_at_once_with_one_blas_thread_each_and_leave_the_limit_as_it_was() -> None:
    meeting = threading.Barrier(2, timeout=60)  # nobody gets past before both are there

    def work(share: slice) -> int:
        meeting.wait()
        return thread_count()

    with thread_limit(2):
        assert in_shares(work, 4, WORTH_SHARING) == [1, 1]
        assert thread_count() == 2


def test_little_work_is_done_where_it_is_asked_for() -> None:
    with thread_limit(2):
        (done_by,) = in_shares(lambda share: threading.current_thread(), 4, WORTH_SHARING - 1)
    assert done_by is threading.current_thread()


def test_an_error_in_a_share_comes_out() -> None:
    with thread_limit(2), pytest.raises(ZeroDivisionError):
        in_shares(lambda share: 1 // share.start, 4, WORTH_SHARING)


def test_the_same_number_of_threads_gives_the_same_bits() -> None:
    from trainlab.nn.convolution import conv2d_backward
    from trainlab.nn.window import Window

    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((9, 16, 12, 12), dtype=np.float32) for _ in range(2))
    weight = rng.standard_normal((16, 16, 3, 3), dtype=np.float32)
    with thread_limit(2):
        first, again = (conv2d_backward(g, x, weight, Window((3, 3), padding=(1, 1))) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
