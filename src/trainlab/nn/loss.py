"""Losses: one number that says how wrong the predictions are, and its gradient."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.nn import functional
from trainlab.nn.array import Array

Reduction = Literal["mean", "sum"]


class Loss:
    """``forward(prediction, target)`` returns the loss, ``backward()`` ∂loss/∂prediction of that forward pass.

    Samples may have weights: with ℓₙ the loss of sample n, and wₙ = 1 for all where no weights are given::

        loss = Σₙ wₙ · ℓₙ   (divided by Σₙ wₙ for reduction="mean")

    A sample of weight 2 then counts as two samples do, and one of weight 0 as none.
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r}")
        self.reduction = reduction

    def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        """The loss. ``weight`` (N,) holds a number of at least 0 for each sample, not all 0; None means 1 for all."""
        raise NotImplementedError

    def backward(self) -> Array:
        raise NotImplementedError

    def probabilities(self, prediction: Array) -> Array:
        """What a network trained with this loss says of the classes: scores (N, K) → rows (N, K) that sum to 1."""
        return functional.softmax(prediction)

    def __call__(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        return self.forward(prediction, target, weight)

    def _shares(self, prediction: Array, weight: NDArray[Any] | None) -> Array | None:
        """What each sample's loss is multiplied by, as a column (N, 1, …); None where samples have no weights."""
        if weight is None:
            return None
        name, batch = type(self).__name__, len(prediction)
        if weight.shape != (batch,):
            raise ValueError(f"{name}: one weight a sample is an array of shape ({batch},), got {weight.shape}")
        if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.any()):
            raise ValueError(f"{name}: weights are finite numbers of at least 0, and not all are 0")
        shares = weight.astype(prediction.dtype)
        if self.reduction == "mean":
            shares /= shares.sum()
        return shares.reshape(batch, *[1] * (prediction.ndim - 1))

    def _no_forward(self) -> RuntimeError:
        return RuntimeError(f"{type(self).__name__}.backward: call forward(prediction, target) first")


class CrossEntropyLoss(Loss):
    """Softmax and cross-entropy in one: how surprised the network is by the right answer, in nats.

    Forward, with p = softmax(scores)::

        loss = −Σₙ wₙ Σₖ tₙₖ · log pₙₖ   (divided by Σₙ wₙ for reduction="mean")

    Backward: ``grad_inputₙₖ = wₙ · (pₙₖ − tₙₖ)`` (divided by Σₙ wₙ for "mean"). Without weights every wₙ is 1.

    With label smoothing s, t is replaced by ``(1 − s)·t + s/K``.

    ==========  ============================================================
    argument    shape
    ==========  ============================================================
    prediction  (N, K) scores before the softmax
    target      (N,) class numbers in [0, K), or (N, K) rows that sum to 1
    weight      (N,) numbers of at least 0, not all 0; or None
    ==========  ============================================================

    Args:
        reduction: "mean" over the batch, or "sum".
        label_smoothing: in [0, 1); a larger value keeps the network from growing certain.

    Keeps: probabilities, targets and weights of the last forward pass. A network that guesses has loss ln K (2.303 for
    10).

    Raises ValueError for shapes that do not fit, labels outside [0, K), rows that do not sum to 1 and weights that are
    negative, not finite or all 0.
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
        self._cache: tuple[Array, Array, Array | None] | None = None

    def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        distribution = self._as_distribution(prediction, target)
        shares = self._shares(prediction, weight)
        weighted = distribution if shares is None else shares * distribution
        loss, probabilities = functional.cross_entropy_forward(prediction, weighted)
        self._cache = probabilities, distribution, shares
        return loss / len(prediction) if shares is None and self.reduction == "mean" else loss

    def backward(self) -> Array:
        if self._cache is None:
            raise self._no_forward()
        probabilities, distribution, shares = self._cache
        grad = functional.cross_entropy_backward(probabilities, distribution)
        if shares is not None:
            grad *= shares
        elif self.reduction == "mean" and len(grad) > 1:
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

    Forward: ``loss = Σₙ wₙ Σ (predictionₙ − targetₙ)²`` (for "mean" divided by Σₙ wₙ and by the entries of a sample).
    Backward: ``grad_inputₙ = wₙ · 2 · (predictionₙ − targetₙ)`` (divided likewise). Without weights every wₙ is 1.

    ==================  ====================================================
    argument            shape
    ==================  ====================================================
    prediction, target  (N, …), the same shape
    weight              (N,) numbers of at least 0, not all 0; or None
    ==================  ====================================================

    Keeps: all three.

    Raises ValueError for shapes that do not fit and weights that are negative, not finite or all 0.

    >>> loss = MSELoss()
    >>> loss(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    2.5
    >>> loss.backward()
    array([[1., 2.]])
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self._cache: tuple[Array, Array, Array | None] | None = None

    def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        if prediction.shape != target.shape:
            raise ValueError(f"MSELoss takes two arrays of one shape, got {prediction.shape} and {target.shape}")
        if prediction.size == 0:
            raise ValueError(f"MSELoss needs at least one entry, got two arrays of shape {prediction.shape}")
        target = target.astype(prediction.dtype)
        shares = self._shares(prediction, weight)
        self._cache = prediction, target, shares
        if shares is not None:
            root = np.sqrt(shares)  # w · (p − t)² = (√w · p − √w · t)²
            prediction, target = root * prediction, root * target
        loss = functional.mse_forward(prediction, target)
        return loss / self._divisor(prediction, shares)

    def backward(self) -> Array:
        if self._cache is None:
            raise self._no_forward()
        prediction, target, shares = self._cache
        grad = functional.mse_backward(prediction, target)
        if shares is not None:
            grad *= shares
        return grad / self._divisor(prediction, shares)

    def probabilities(self, prediction: Array) -> Array:
        """The scores themselves where they are a distribution, as one-hot targets are, else the nearest one."""
        return functional.nearest_distribution(prediction)

    def _divisor(self, prediction: Array, shares: Array | None) -> int:
        """For a mean the number of entries, or of those of one sample where the shares make the mean over samples."""
        if self.reduction == "sum":
            return 1
        return prediction.size if shares is None else prediction[0].size
