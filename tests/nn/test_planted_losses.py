"""Losses with one mistake in the backward pass: the checks that pass the right loss fail them and name the entries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.nn import loss_battery
from tests.nn.battery import away_from_kinks
from tests.nn.cases import LOSS_CASES, WEIGHT
from tests.nn.loss_battery import LossCase
from trainlab.nn import Array, CrossEntropyLoss, Loss, MSELoss, functional

Formula = Callable[[Array, Array], Array]
"""(prediction, target) → gradient; the target as it was given, class numbers as one-hot rows"""


class LossWith(Loss):
    """A right loss whose backward takes the gradient from a formula, where a mistake is planted."""

    def __init__(self, inner: Loss, formula: Formula) -> None:
        self.inner = inner
        self.formula = formula

    def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        rows = target if target.shape == prediction.shape else np.eye(prediction.shape[1])[target]
        self.arrays = prediction.copy(), rows
        return self.inner.forward(prediction, target, weight)

    def backward(self) -> Array:
        return self.formula(*self.arrays)


softmax = functional.softmax
CROSS_ENTROPY: dict[str, Formula] = {
    "right": lambda z, t: (softmax(z) - t) / len(z),
    "zeros": lambda z, t: 0 * z,
    "sign": lambda z, t: (t - softmax(z)) / len(z),
    "not divided by N": lambda z, t: softmax(z) - t,
    "divided by N·K": lambda z, t: (softmax(z) - t) / z.size,
    "one-hot off by one": lambda z, t: (softmax(z) - np.roll(t, 1, axis=1)) / len(z),
    "target forgotten": lambda z, t: softmax(z) / len(z),
    "scores for probabilities": lambda z, t: (z - t) / len(z),
    "softmax over the batch": lambda z, t: (softmax(z.T).T - t) / len(z),
    "softmax's derivative taken twice": lambda z, t: (softmax(z) - t) * softmax(z) * (1 - softmax(z)) / len(z),
}
SMOOTHED: dict[str, Formula] = {
    "right": lambda z, t: (softmax(z) - (0.9 * t + 0.1 / 5)) / len(z),
    "smoothing forgotten in backward": lambda z, t: (softmax(z) - t) / len(z),
    "smoothing over the other classes": lambda z, t: (softmax(z) - (0.9 * t + 0.1 / 4 * (1 - t))) / len(z),
    "smoothed rows do not sum to 1": lambda z, t: (softmax(z) - (t + 0.1 / 5)) / len(z),
}
SOFT: dict[str, Formula] = {
    "right": lambda z, t: (softmax(z) - t) / len(z),
    "the largest share alone": lambda z, t: (softmax(z) - np.eye(z.shape[1])[t.argmax(axis=1)]) / len(z),
    "shares equal": lambda z, t: (softmax(z) - (t > 0) / (t > 0).sum(axis=1, keepdims=True)) / len(z),
}
SUM: dict[str, Formula] = {
    "right": lambda z, t: softmax(z) - t,
    "mean for sum": lambda z, t: (softmax(z) - t) / len(z),
}
MSE: dict[str, Formula] = {
    "right": lambda p, t: 2 * (p - t) / p.size,
    "zeros": lambda p, t: 0 * p,
    "sign": lambda p, t: 2 * (t - p) / p.size,
    "factor 2 dropped": lambda p, t: (p - t) / p.size,
    "mean over the batch only": lambda p, t: 2 * (p - t) / len(p),
    "sum for mean": lambda p, t: 2 * (p - t),
    "absolute for square": lambda p, t: np.sign(p - t) / p.size,
}
W = WEIGHT[:, np.newaxis]
WEIGHTED: dict[str, Formula] = {
    "right": lambda z, t: W * (softmax(z) - t) / W.sum(),
    "weights forgotten": lambda z, t: (softmax(z) - t) / len(z),
    "divided by N": lambda z, t: W * (softmax(z) - t) / len(z),
    "not divided": lambda z, t: W * (softmax(z) - t),
    "weights squared": lambda z, t: W**2 * (softmax(z) - t) / (W**2).sum(),
    "weights of other samples": lambda z, t: np.roll(W, 1) * (softmax(z) - t) / W.sum(),
    "weights on the target only": lambda z, t: (softmax(z) - W * t) / W.sum(),
}
WEIGHTED_SUM: dict[str, Formula] = {
    "right": lambda z, t: W * (softmax(z) - t),
    "mean for sum": lambda z, t: W * (softmax(z) - t) / W.sum(),
}
WEIGHTED_MSE: dict[str, Formula] = {
    "right": lambda p, t: 2 * W * (p - t) / (W.sum() * p.shape[1]),
    "weights forgotten": lambda p, t: 2 * (p - t) / p.size,
    "divided by the entries": lambda p, t: 2 * W * (p - t) / p.size,
    "divided by the weights only": lambda p, t: 2 * W * (p - t) / W.sum(),
    "root of the weights": lambda p, t: 2 * np.sqrt(W) * (p - t) / (W.sum() * p.shape[1]),
}


@dataclass(frozen=True)
class Planted:
    case: LossCase
    right: LossCase


BY_NAME = {case.name: case for case in LOSS_CASES}


def plant(name: str, make: Callable[[], Loss], formulas: dict[str, Formula]) -> Iterator[Planted]:
    right = BY_NAME[name]
    for mistake, formula in formulas.items():
        wrong = partial(lambda formula: LossWith(make(), formula), formula)
        yield Planted(replace(right, name=f"{name}: {mistake}", make=wrong), right)


PLANTED = [
    *plant("cross_entropy-labels", CrossEntropyLoss, CROSS_ENTROPY),
    *plant("cross_entropy-labels-smoothed", lambda: CrossEntropyLoss(label_smoothing=0.1), SMOOTHED),
    *plant("cross_entropy-labels-sum", lambda: CrossEntropyLoss("sum"), SUM),
    *plant("cross_entropy-soft", CrossEntropyLoss, SOFT),
    *plant("cross_entropy-soft-smoothed", lambda: CrossEntropyLoss(label_smoothing=0.1), SMOOTHED),
    *plant("mse-mean", MSELoss, MSE),
    *plant("cross_entropy-labels-weighted", CrossEntropyLoss, WEIGHTED),
    *plant("cross_entropy-labels-weighted-sum", lambda: CrossEntropyLoss("sum"), WEIGHTED_SUM),
    *plant("cross_entropy-soft-weighted", CrossEntropyLoss, WEIGHTED),
    *plant("mse-mean-weighted", MSELoss, WEIGHTED_MSE),
]
RIGHT = [planted for planted in PLANTED if planted.case.name.endswith(": right")]
MISTAKES = [planted for planted in PLANTED if planted not in RIGHT]

every_mistake = pytest.mark.parametrize("planted", MISTAKES, ids=lambda planted: planted.case.name)


@pytest.mark.parametrize("planted", RIGHT, ids=lambda planted: planted.case.name)
def test_the_right_formula_planted_the_same_way_passes(planted: Planted) -> None:
    loss_battery.check_loss_gradient(planted.case)
    loss_battery.check_loss_parity(planted.case, np.float64)


@every_mistake
def test_gradient_check_passes_the_right_loss_and_fails_the_wrong_one(planted: Planted) -> None:
    loss_battery.check_loss_gradient(planted.right)
    with pytest.raises(AssertionError, match=r"prediction: \d+ of \d+ wrong, the worst:"):
        loss_battery.check_loss_gradient(planted.case)


@every_mistake
def test_parity_check_passes_the_right_loss_and_fails_the_wrong_one(planted: Planted) -> None:
    loss_battery.check_loss_parity(planted.right, np.float64)
    with pytest.raises(AssertionError, match="gradient"):
        loss_battery.check_loss_parity(planted.case, np.float64)


@every_mistake
def test_report_names_exactly_the_entries_that_are_wrong_with_the_right_values(planted: Planted) -> None:
    gradients = []
    for case in (planted.case, planted.right):
        loss = case.make()
        loss.forward(away_from_kinks(case.shape), *case.arguments)
        gradients.append(loss.backward())
    wrong, right = gradients
    report = loss_battery.loss_report(planted.case)
    off = np.argwhere(abs(wrong - right) > 1e-5).tolist()
    assert sorted(list(mismatch.index) for mismatch in report.mismatches) == off
    for mismatch in report.mismatches:
        assert mismatch.gradient == "prediction"
        assert mismatch.got == wrong[mismatch.index]
        assert mismatch.expected == pytest.approx(right[mismatch.index], abs=1e-7)


def test_a_loss_that_writes_into_its_target_fails_its_check() -> None:
    class NormalizesInPlace(MSELoss):
        def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
            target /= 2
            return super().forward(prediction, target, weight)

    with pytest.raises(AssertionError, match="the target was changed"):
        loss_battery.check_loss_leaves_arrays_alone(replace(BY_NAME["mse-mean"], make=NormalizesInPlace))


def test_a_loss_that_writes_into_its_weights_fails_its_check() -> None:
    class NormalizesInPlace(MSELoss):
        def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
            assert weight is not None
            weight /= weight.sum()
            return super().forward(prediction, target, weight)

    with pytest.raises(AssertionError, match="the weights were changed"):
        loss_battery.check_loss_leaves_arrays_alone(replace(BY_NAME["mse-mean-weighted"], make=NormalizesInPlace))


def test_a_loss_that_hands_out_what_it_keeps_fails_its_check() -> None:
    class KeepsItsGradient(MSELoss):
        def forward(self, prediction: Array, target: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
            loss = super().forward(prediction, target, weight)
            self.kept = super().backward()
            return loss

        def backward(self) -> Array:
            return self.kept

    with pytest.raises(AssertionError, match="shares memory with what the loss keeps"):
        loss_battery.check_loss_leaves_arrays_alone(replace(BY_NAME["mse-mean"], make=KeepsItsGradient))
