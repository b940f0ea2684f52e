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
    """One loss with one prediction and one target."""

    name: str
    make: Callable[[], Loss]
    twin: Callable[[], torch.nn.Module]
    shape: tuple[int, ...]
    target: NDArray[Any]


def loss_report(case: LossCase) -> GradcheckResult:
    return gradcheck(case.make(), away_from_kinks(case.shape), case.target, rng=np.random.default_rng(3))


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
    loss.backward()
    assert theirs.grad is not None
    assert_close(dtype(ours.forward(prediction, case.target)), loss.detach().numpy()[()], "loss", TOLERANCE[dtype])
    assert_close(ours.backward(), theirs.grad.numpy(), "gradient", TOLERANCE[dtype])


def check_loss_types(case: LossCase, dtype: FloatType) -> None:
    loss = case.make()
    value = loss(away_from_kinks(case.shape, dtype), case.target)
    gradient = loss.backward()
    assert type(value) is float, f"the loss is a {type(value).__name__}, not a float"
    assert gradient.dtype == dtype, f"the gradient is {gradient.dtype} for a prediction of {np.dtype(dtype)}"


def check_loss_leaves_arrays_alone(case: LossCase) -> None:
    """Neither argument is changed, and the gradient shares memory with neither nor with what the loss keeps."""
    loss, prediction, target = case.make(), away_from_kinks(case.shape), case.target.copy()
    loss.forward(prediction, target)
    gradient = loss.backward()
    expected = gradient.copy()
    assert_same(prediction, away_from_kinks(case.shape), "the prediction was changed")
    assert_same(target, case.target, "the target was changed")
    gradient[...] = np.nan
    assert_same(loss.backward(), expected, "the gradient handed out shares memory with what the loss keeps")
    gradient = loss.backward()
    prediction[...] = np.nan
    target[...] = 0
    assert_same(gradient, expected, "the gradient shares memory with the prediction or the target")


def check_loss_needs_a_forward(case: LossCase) -> None:
    with pytest.raises(RuntimeError, match=r"backward: call forward\(prediction, target\) first"):
        case.make().backward()
