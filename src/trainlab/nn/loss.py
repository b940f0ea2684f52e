"""Losses: one number that says how wrong the predictions are, and its gradient."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.nn import functional
from trainlab.nn.array import Array

Reduction = Literal["mean", "sum"]


class Loss:
    """``forward(prediction, target)`` returns the loss, ``backward()`` ∂loss/∂prediction of that forward pass."""

    def __init__(self, reduction: Reduction = "mean") -> None:
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r}")
        self.reduction = reduction

    def forward(self, prediction: Array, target: NDArray[Any]) -> float:
        raise NotImplementedError

    def backward(self) -> Array:
        raise NotImplementedError

    def __call__(self, prediction: Array, target: NDArray[Any]) -> float:
        return self.forward(prediction, target)

    def _no_forward(self) -> RuntimeError:
        return RuntimeError(f"{type(self).__name__}.backward: call forward(prediction, target) first")


class CrossEntropyLoss(Loss):
    """Softmax and cross-entropy in one: how surprised the network is by the right answer, in nats.

    Forward, with p = softmax(scores)::

        loss = −Σₙ Σₖ tₙₖ · log pₙₖ   (divided by N for reduction="mean")

    Backward: ``grad_input = p − t`` (divided by N for "mean").

    With label smoothing s, t is replaced by ``(1 − s)·t + s/K``.

    ==========  ============================================================
    argument    shape
    ==========  ============================================================
    prediction  (N, K) scores before the softmax
    target      (N,) class numbers in [0, K), or (N, K) rows that sum to 1
    ==========  ============================================================

    Args:
        reduction: "mean" over the batch, or "sum".
        label_smoothing: in [0, 1); a larger value keeps the network from growing certain.

    Keeps: probabilities and targets of the last forward pass. A network that guesses has loss ln K (2.303 for 10).

    Raises ValueError for shapes that do not fit, labels outside [0, K) and rows that do not sum to 1.
    Source: Bishop 2006, "Pattern recognition and machine learning", equations 4.108 and 4.109; smoothing from
    Szegedy et al. 2016, "Rethinking the Inception architecture", section 7.

    >>> loss = CrossEntropyLoss()
    >>> round(loss(np.zeros((1, 10), np.float32), np.array([3])), 4)
    2.3026
    >>> loss.backward().round(2).tolist()[0][2:5]  # p − t = 0.1 − t
    [0.10000000149011612, -0.8999999761581421, 0.10000000149011612]
    """

    def __init__(self, reduction: Reduction = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is in [0, 1), got {label_smoothing}")
        self.label_smoothing = label_smoothing
        self._cache: tuple[Array, Array] | None = None

    def forward(self, prediction: Array, target: NDArray[Any]) -> float:
        distribution = self._as_distribution(prediction, target)
        loss, probabilities = functional.cross_entropy_forward(prediction, distribution)
        self._cache = probabilities, distribution
        return loss / len(prediction) if self.reduction == "mean" else loss

    def backward(self) -> Array:
        if self._cache is None:
            raise self._no_forward()
        grad = functional.cross_entropy_backward(*self._cache)
        if self.reduction == "mean" and len(grad) > 1:
            grad /= len(grad)
        return grad

    def _as_distribution(self, prediction: Array, target: NDArray[Any]) -> Array:
        if prediction.ndim != 2 or len(prediction) == 0:
            raise ValueError(f"CrossEntropyLoss takes scores of shape (N, K) with N ≥ 1, got {prediction.shape}")
        batch, classes = prediction.shape
        if target.shape == (batch,):
            target = functional.one_hot(target, classes, prediction.dtype)
        elif target.shape != (batch, classes):
            raise ValueError(
                f"for scores of shape {prediction.shape}, the target is (N,) = ({batch},) class numbers or (N, K) = "
                f"({batch}, {classes}) distributions; got {target.shape}"
            )
        elif not (target.min() >= 0 and np.abs(target.sum(axis=1) - 1).max() <= 1e-3):  # nan fails as well
            raise ValueError("each row of the target is a distribution: no entry below 0, and a sum of 1")
        else:
            target = target.astype(prediction.dtype)
        if self.label_smoothing:
            target = (1 - self.label_smoothing) * target + self.label_smoothing / classes
        return target


class MSELoss(Loss):
    """The mean (or sum) of squared differences.

    Forward: ``loss = Σ (prediction − target)²`` (divided by the number of entries for "mean").
    Backward: ``grad_input = 2 · (prediction − target)`` (divided likewise).

    prediction and target have the same shape (N, …). Keeps: both.

    >>> loss = MSELoss()
    >>> loss(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    2.5
    >>> loss.backward()
    array([[1., 2.]])
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self._cache: tuple[Array, Array] | None = None

    def forward(self, prediction: Array, target: NDArray[Any]) -> float:
        if prediction.shape != target.shape:
            raise ValueError(f"MSELoss takes two arrays of one shape, got {prediction.shape} and {target.shape}")
        if prediction.size == 0:
            raise ValueError(f"MSELoss needs at least one entry, got two arrays of shape {prediction.shape}")
        target = target.astype(prediction.dtype)
        self._cache = prediction, target
        loss = functional.mse_forward(prediction, target)
        return loss / prediction.size if self.reduction == "mean" else loss

    def backward(self) -> Array:
        if self._cache is None:
            raise self._no_forward()
        prediction, target = self._cache
        grad = functional.mse_backward(prediction, target)
        return grad / grad.size if self.reduction == "mean" else grad
