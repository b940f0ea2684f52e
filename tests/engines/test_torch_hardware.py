"""What PyTorch finds on a machine, and how its errors read."""

import shutil
import threading

import pytest
import torch

from trainlab.engines.torch_hardware import check_compiler, errors_explained, torch_thread_limit
from trainlab.errors import InputError, RunFailed


def test_more_memory_than_there_is_names_the_remedies() -> None:
    with (
        pytest.raises(RunFailed, match=r"out of memory \(.*can't allocate memory.*accumulate=4"),
        errors_explained(),
    ):
        torch.empty(2**60, dtype=torch.uint8)


def test_a_gpu_s_memory_error_is_explained_too() -> None:
    with pytest.raises(RunFailed, match="A smaller batch_size needs less"), errors_explained():
        raise torch.OutOfMemoryError("CUDA: tried to allocate 2 GiB")


def test_a_single_value_for_batchnorm_says_what_to_change() -> None:
    with pytest.raises(InputError, match="BatchNorm needs more than one value of each channel"), errors_explained():
        torch.nn.BatchNorm2d(3)(torch.ones(1, 3, 1, 1))


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2") as caught, errors_explained():
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert not isinstance(caught.value, RunFailed)


def test_a_missing_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="compile = true needs a C\\+\\+ compiler"):
        check_compiler()
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/clang++" if name == "clang++" else None)
    check_compiler()


def in_new_thread() -> int:
    """What PyTorch tells a Python thread that begins now."""
    told: list[int] = []
    asking = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
    asking.start()
    asking.join()
    return told[0]


def test_a_thread_limit_holds_inside_the_block_only() -> None:
    before = torch.get_num_threads()
    with torch_thread_limit(3):
        assert torch.get_num_threads() == 3
        with torch_thread_limit(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


def test_thread_limits_of_two_python_threads_leave_nothing_behind() -> None:
    before = torch.get_num_threads()
    entered, may_leave = threading.Event(), threading.Event()

    def work() -> None:
        with torch_thread_limit(2):
            entered.set()
            may_leave.wait()

    other = threading.Thread(target=work)
    with torch_thread_limit(3):
        other.start()
        entered.wait()
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before
    may_leave.set()
    other.join()
    assert (torch.get_num_threads(), in_new_thread()) == (before, before)
