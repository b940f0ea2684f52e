"""The processes that compute one run together: which of them this is, how they agree, and what they add up."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from trainlab.errors import RunFailed

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


class ProcessLost(RunFailed):
    """Another process of the group has died, or does not answer."""


class Group:
    """A group of one process, in which there is nobody to agree with.

    Several are `trainlab.engines.torch_group.TorchGroup`. Every process of a group calls the same methods in the same
    order. What a method returns or raises is the same in all of them, and so is `is_stopping` after it.
    """

    rank = 0
    """Number of this process, from 0. Process 0 alone writes files and speaks to people."""
    size = 1
    """How many processes there are, on all machines."""
    local_rank = 0
    """Number of this process among those of its machine."""
    local_size = 1
    """How many of them this machine has."""

    def __init__(self) -> None:
        self.is_stopping = False
        """All processes end the run after the step that set this."""

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        """Of each batch this process computes the images at positions rank, rank + size, rank + 2·size, …"""
        return self.rank, self.size

    def request_stop(self) -> None:
        """Let all processes stop after the step under way, or the next one."""
        self.is_stopping = True

    def agreed(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, done in every process. Raises InputError in all of them when one of them does."""
        return work()

    def from_first(self, work: Callable[[], T]) -> T:
        """What ``work`` returns in process 0, which alone does it. Raises InputError in all of them when it does."""
        return work()

    def totals(self, numbers: Sequence[float]) -> list[float]:
        """The sum of each number over the processes."""
        return list(numbers)

    def combine(
        self, loss: "torch.Tensor", correct: "torch.Tensor", model: "torch.nn.Module", share: float
    ) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Add up what a training step of PyTorch's gave in each process, gradients included.

            loss = Σ lossᵣ        grad = Σ gradᵣ        running_mean = Σ shareᵣ · running_meanᵣ

        Args:
            loss: what this process's images add to the mean loss of the step.
            correct: how many of them are.
            model: its gradients are replaced by their sums, BatchNorm's running statistics by their means.
            share: how many of the step's images this process has, from 0 to 1; the shares of all sum to 1.

        Returns loss and correct of all processes.
        """
        return loss, correct
