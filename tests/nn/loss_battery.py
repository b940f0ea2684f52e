"""The checks that every loss passes, written once; `cases.py` lists the losses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.nn.battery import TOLERANCE, FloatType, assert_close, assert_same, away_from_kinks
from trainlab.nn import GradcheckResult, Loss, gradcheck


@dataclass(frozen=True)
class LossCase:
    """One loss with one prediction and one target, and perhaps a weight for each sample.

    PyTorch's losses know no weight a sample: where there are some, ``twin`` reduces nothing, and ``reduction`` says
    what the check itself then has to do.
    """

    name: str
    make: Callable[[], Loss]
    twin: Callable[[], torch.nn.Module]
    shape: tuple[int, ...]
    target: NDArray[Any]
    weight: NDArray[Any] | None = None
    reduction: str = "mean"

    @property
    def arguments(self) -> tuple[NDArray[Any], ...]:
        """What forward gets after the prediction."""
        return (self.target,) if self.weight is None else (self.target, self.weight)


def loss_report(case: LossCase) -> GradcheckResult:
    return gradcheck(case.make(), away_from_kinks(case.shape), *case.arguments, rng=np.random.default_rng(3))


def check_loss_gradient(case: LossCase) -> None:
    loss_report(case).raise_if_wrong()


def check_loss_parity(case: LossCase, dtype: FloatType) -> None:
    """The loss and ∂loss/∂prediction are PyTorch's."""
    ours, twin = case.make(), case.twin()
    prediction = away_from_kinks(case.shape, dtype)
    theirs = torch.from_numpy(prediction.copy()).requires_grad_()
    is_class_number = case.target.shape != case.shape
    target = torch.from_numpy(case.target.astype(np.int64 if is_class_number else dtype))
    loss = twin(theirs, target)
    if case.weight is not None:
        weight, of_samples = torch.from_numpy(case.weight.astype(dtype)), loss.reshape(len(loss), -1)
        if case.reduction == "mean":
            loss = (weight * of_samples.mean(dim=1)).sum() / weight.sum()
        else:
            loss = (weight * of_samples.sum(dim=1)).sum()
    loss.backward()
    assert theirs.grad is not None
    assert_close(dtype(ours.forward(prediction, *case.arguments)), loss.detach().numpy()[()], "loss", TOLERANCE[dtype])
    assert_close(ours.backward(), theirs.grad.numpy(), "gradient", TOLERANCE[dtype])


def check_loss_types(case: LossCase, dtype: FloatType) -> None:
    loss = case.make()
    value = loss(away_from_kinks(case.shape, dtype), *case.arguments)
    gradient = loss.backward()
    assert type(value) is float, f"the loss is a {type(value).__name__}, not a float"
    assert gradient.dtype == dtype, f"the gradient is {gradient.dtype} for a prediction of {np.dtype(dtype)}"


def check_loss_leaves_arrays_alone(case: LossCase) -> None:
    """No argument is changed, and the gradient shares memory with none nor with what the loss keeps."""
    loss, prediction = case.make(), away_from_kinks(case.shape)
    target, *weight = (argument.copy() for argument in case.arguments)
    loss.forward(prediction, target, *weight)
    gradient = loss.backward()
    expected = gradient.copy()
    assert_same(prediction, away_from_kinks(case.shape), "the prediction was changed")
    assert_same(target, case.target, "the target was changed")
    for given in weight:
        assert_same(given, case.arguments[1], "the weights were changed")
    gradient[...] = np.nan
    assert_same(loss.backward(), expected, "the gradient handed out shares memory with what the loss keeps")
    gradient = loss.backward()
    prediction[...] = np.nan
    for given in (target, *weight):
        given[...] = 0
    assert_same(gradient, expected, "the gradient shares memory with an argument")


def check_loss_needs_a_forward(case: LossCase) -> None:
    with pytest.raises(RuntimeError, match=r"backward: call forward\(prediction, target\) first"):
        case.make().backward()
