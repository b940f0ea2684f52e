"""What the training loop asks of an engine, whichever library computes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from numpy.typing import NDArray

from trainlab.engines.views import PLAIN, View
from trainlab.nn import Array


class StepResult(NamedTuple):
    """What one batch told. Losses are means over the batch, so a sum over batches weighs them by ``size``.

    Where images have weights, an image of weight 2 counts as two images in all three.
    """

    loss: float
    correct: float
    size: float


LateResult = Callable[[], StepResult]
"""The result of a step that a GPU may still be computing: calling it waits until it is there."""


@dataclass(frozen=True)
class State:
    """Everything that a resume needs besides the position in the data: weights, buffers, optimizer, counters."""

    model: Mapping[str, NDArray[Any]]
    optimizer: Mapping[str, NDArray[Any]]


class Batch(Protocol):
    """Images (N, C, H, W) ready for the network, their class numbers (N,), and targets (N, K) or None.

    An MLP, which flattens its input anyway, takes rows (N, F) as well.

    NumPy arrays, or tensors that `LateEngine.place` has put where the engine computes.
    The loss is taken against the targets where there are any (images that were mixed), else against the class numbers.
    The class numbers decide which predictions are correct: of a mixed image, the class with the larger share.
    """

    @property
    def images(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def targets(self) -> Any | None: ...
    @property
    def whole_size(self) -> int | None:
        """Images of this step in all processes of a `Group` together; None: there are no others than these."""

    @property
    def weights(self) -> Any | None:
        """(N,) how much each image counts, in the loss and in the accuracy; None: all count alike."""


class Engine(Protocol):
    """Runs one configuration. Two engines with equal weights and batches give equal losses within rounding."""

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns."""

    @property
    def surroundings(self) -> Mapping[str, str]:
        """What figures depend on besides configuration and data: ``device``, ``precision``, versions."""

    def train_step(self, batch: Batch) -> StepResult:
        """Forward, backward and one optimizer step; the result is of before the step.

        In a `Group` of processes all of them take the same step and have the result of the whole batch.
        """

    def eval_step(self, batch: Batch, views: Sequence[View] = PLAIN) -> StepResult:
        """Forward only, in evaluation mode; nothing changes. In a `Group`, the result of this process's part.

        With several views each image is judged by the mean of their probabilities (of a squared error's scores, which
        are none): test-time augmentation.
        """

    def predict(self, images: Array) -> Array:
        """Class probabilities (N, K) for images (N, C, H, W), or rows (N, F) where the network takes them.

        They are the softmax of the scores, which cross-entropy trains them to be; after training with a squared error,
        whose scores are near 0 and 1 themselves, the distribution that lies nearest to them.
        """

    def set_learning_rate(self, value: float) -> None:
        """For the steps to come; schedules are plain functions of the step, shared by all engines."""

    def thread_limit(self, threads: int) -> AbstractContextManager[None]:
        """Compute with at most so many threads inside a ``with`` block."""

    def state(self) -> State:
        """A copy of everything that training changes."""

    def load_state(self, state: State) -> None:
        """Go on where `state` was taken. Raises ValueError with every mismatch, before anything is changed."""


@runtime_checkable
class LateEngine(Engine, Protocol):
    """An engine whose device computes while Python prepares the next steps.

    Whoever asks for each loss at once makes the two take turns.
    """

    @property
    def lag(self) -> int:
        """How many steps the training loop may be ahead of the results that it reads; 0 where nothing is gained."""

    def place(self, array: NDArray[Any]) -> Any:
        """A copy of a whole data set's images or labels where this engine computes, or the array itself."""

    def begin_step(self, batch: Batch) -> LateResult:
        """`train_step`, not waited for: the result is there when the returned function returns."""
