"""What PyTorch finds on a machine, and how its errors read."""

import copy
import shutil
import threading

import numpy as np
import pytest
import torch

from trainlab.data import Batch
from trainlab.engines.torch_engine import TorchEngine
from trainlab.engines.torch_hardware import check_compiler, choose_memory_format, errors_explained, torch_thread_limit
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
    said = "CUDA error: an illegal memory access was encountered"
    with pytest.raises(RuntimeError, match=said) as caught, errors_explained():
        raise RuntimeError(said)
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


@pytest.mark.parametrize(
    ("layer", "is_kept_outermost"),
    [
        (torch.nn.Conv2d(4, 8, 1, stride=2), True),
        (torch.nn.Conv2d(7, 3, 1, stride=(1, 2)), True),
        (torch.nn.Conv2d(8, 8, 1, stride=2), False),
        (torch.nn.Conv2d(4, 8, 1), False),
        (torch.nn.Conv2d(4, 8, 3, stride=2), False),
        (torch.nn.Linear(4, 8), False),
    ],
    ids=str,
)
def test_narrow_strided_1x1_convolutions_keep_a_network_s_channels_outermost_on_a_cpu(
    layer: torch.nn.Module, is_kept_outermost: bool
) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), layer)
    on_cpu = torch.contiguous_format if is_kept_outermost else torch.channels_last
    assert choose_memory_format(model, torch.device("cpu")) is on_cpu
    assert choose_memory_format(model, torch.device("cuda")) is torch.channels_last
    assert choose_memory_format(model, torch.device("mps")) is torch.contiguous_format


@pytest.mark.parametrize(("channels", "is_kept_outermost"), [(4, True), (8, False)])
def test_a_step_computes_in_the_chosen_format_and_its_gradients_are_right(
    channels: int, is_kept_outermost: bool
) -> None:
    """Right to what float64 gives: with channels innermost the first of them crashes on processors without AVX-512."""
    shortcut = torch.nn.Conv2d(channels, 6, 1, stride=2)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, channels, 3, padding=1), shortcut, torch.nn.Flatten(1))
    random, seen, reference = np.random.default_rng(0), [], copy.deepcopy(model).double()
    shortcut.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    engine = TorchEngine(model, torch.optim.SGD(model.parameters(), 0.0))
    for _ in range(10):
        images = random.standard_normal((16, 3, 16, 16), dtype=np.float32)
        labels = random.integers(0, 6 * 8 * 8, 16)
        engine.train_step(Batch(images, labels))
        reference.zero_grad()
        scores = reference(torch.from_numpy(images).double())
        loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels))
        loss.backward()  # type: ignore[no-untyped-call]
        for ours, exact in zip(model.parameters(), reference.parameters(), strict=True):
            assert ours.grad is not None
            assert exact.grad is not None
            torch.testing.assert_close(ours.grad.double(), exact.grad, rtol=1e-4, atol=1e-6)
    assert all(tensor.is_contiguous() == is_kept_outermost for tensor in [*seen, next(model.parameters())])
    assert all(
        tensor.is_contiguous(memory_format=torch.channels_last) != is_kept_outermost
        for tensor in [*seen, next(model.parameters())]
    )
