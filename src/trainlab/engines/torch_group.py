"""Several processes that compute one run: each its part of every batch, and one message a step between them.

This file imports torch, so it is itself imported only where a run has several processes.

Gradients are summed by one explicit all-reduce, and not by ``DistributedDataParallel``. A process without an image in
a small last batch then takes part with zeros; loss, number correct and the wish to stop travel in the same message; and
gradient clipping, loss scaling and checkpoints see a model without a wrapper. The price is that communication begins
when the backward pass has ended, where DDP overlaps the two.
"""

import atexit
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from trainlab.engines.group import Group, ProcessLost, T
from trainlab.errors import InputError, ReportedElsewhere

STEP_TIMEOUT = 20.0  # seconds; a machine that lost its power closes no connection, and nothing else would tell


class TorchGroup(Group):
    """This process among those that torchrun has started.

    Args:
        environment: torchrun's ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``LOCAL_WORLD_SIZE``, ``MASTER_ADDR`` and
            ``MASTER_PORT``; and ``TRAINLAB_STEP_TIMEOUT``, the seconds that a step waits for the other processes
            before they count as dead (20). Setting up waits as long as PyTorch does: one process may be decoding a
            folder of pictures for all.

    Raises:
        InputError: a variable that is missing or no number, or nobody answers at the address.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self.rank, self.size = (int(_number(environment, name)) for name in ("RANK", "WORLD_SIZE"))
        self.local_rank, self.local_size = (
            int(_number(environment, name)) for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE")
        )
        self._timeout = timedelta(seconds=_number(environment, "TRAINLAB_STEP_TIMEOUT", STEP_TIMEOUT))
        self._wishes_to_stop = False
        self._is_broken = False
        has_gpus = torch.cuda.is_available() and distributed.is_nccl_available()
        if has_gpus and self.local_rank < torch.cuda.device_count():
            torch.cuda.set_device(self.local_rank)
        address = f"{environment.get('MASTER_ADDR')}:{environment.get('MASTER_PORT')}"
        try:
            distributed.init_process_group("cpu:gloo,cuda:nccl" if has_gpus else "gloo")
        except (ValueError, RuntimeError) as error:
            raise InputError(f"the processes of this run cannot meet at {address}: {_first_sentence(error)}") from error
        atexit.register(self._leave)

    def request_stop(self) -> None:
        self._wishes_to_stop = True

    def agreed(self, work: Callable[[], T]) -> T:
        try:
            value = work()
        except InputError as error:
            self._raise_if_any_failed(error)
            raise  # never reached: this process's own error was raised
        self._raise_if_any_failed(None)
        return value

    def from_first(self, work: Callable[[], T]) -> T:
        values = [self.agreed(lambda: work() if self.is_first else None)]
        with self._losses_told():
            distributed.broadcast_object_list(values, src=0)
        value: Any = values[0]
        first: T = value
        return first

    def totals(self, numbers: Sequence[float]) -> list[float]:
        (totals,) = self._sums([torch.tensor(numbers, dtype=torch.float64)])
        total: list[float] = totals.tolist()
        return total

    def combine(
        self, loss: torch.Tensor, correct: torch.Tensor, model: torch.nn.Module, share: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        running = _running_statistics(model)
        for statistic in running:
            statistic *= share
        tensors = [*_gradients(model), *running]
        *sums, loss, correct = self._sums([*tensors, loss, correct])
        for tensor, total in zip(tensors, sums, strict=True):
            tensor.copy_(total)
        return loss, correct

    def _sums(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Each tensor's sum over all processes, in one message; each process's wish to stop travels with them."""
        wish = tensors[0].new_tensor([float(self._wishes_to_stop)])
        message = torch.cat([*(tensor.reshape(-1) for tensor in tensors), wish])
        with self._losses_told():
            distributed.all_reduce(message, async_op=True).wait(self._timeout)
        *sums, wishes = torch.split(message, [*(tensor.numel() for tensor in tensors), 1])
        if wishes > 0:
            self.is_stopping = True
        return [total.view(tensor.shape) for total, tensor in zip(sums, tensors, strict=True)]

    def _raise_if_any_failed(self, error: InputError | None) -> None:
        """Raise the first failed process's error in that process, and in the others that it was reported."""
        texts: list[str | None] = [None] * self.size
        with self._losses_told():
            distributed.all_gather_object(texts, None if error is None else str(error))
        first, text = next(((rank, text) for rank, text in enumerate(texts) if text is not None), (None, ""))
        if first is None:
            return
        if error is None or self.rank != first:
            raise ReportedElsewhere(text)
        if self.is_first:
            raise error
        raise InputError(f"rank {self.rank}: {error}") from error

    @contextmanager
    def _losses_told(self) -> Iterator[None]:
        """Raise ProcessLost when the connection breaks or nobody answers inside a ``with`` block."""
        try:
            yield
        except RuntimeError as error:
            self._is_broken = True
            other = f"rank {1 - self.rank}" if self.size == 2 else "another rank"
            raise ProcessLost(
                f"{other} does not answer, so rank {self.rank} stops as well ({_first_sentence(error)}). Why it died "
                "stands in its own message or in torchrun's. Where it was only slow, set TRAINLAB_STEP_TIMEOUT to more "
                f"than {self._timeout.total_seconds():g} seconds."
            ) from error

    def _leave(self) -> None:
        """Close the connections, after a message of this process has been shown: the others' come after it."""
        if not self._is_broken:
            distributed.destroy_process_group()
            return
        # The threads of a broken group wait for answers until their own time limit, and would keep the process alive
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def _gradients(model: torch.nn.Module) -> list[torch.Tensor]:
    """In the parameters' order; zeros where a process had no image to compute one from."""
    gradients = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
    return gradients


def _running_statistics(model: torch.nn.Module) -> list[torch.Tensor]:
    return [tensor for name, tensor in model.named_buffers() if name.endswith(("running_mean", "running_var"))]


def _number(environment: Mapping[str, str], name: str, default: float | None = None) -> float:
    text = environment.get(name, "" if default is None else str(default))
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if number < 0:
        raise InputError(
            f"{name} is {text!r} in the environment, where WORLD_SIZE announces more than one process; expected a "
            "number. Start them with torchrun, or unset WORLD_SIZE and RANK."
        )
    return number


def _first_sentence(error: Exception) -> str:
    """Of a message of PyTorch's, without the line of C++ that it begins with and the advice that it ends with."""
    text = re.sub(r"^\[[^]]*\.cc:\d+\] ", "", str(error).partition("\n")[0])
    return re.split(r"\. |[.!]$", text)[0]
