"""Every loss passes every check of the battery."""

import numpy as np
import pytest

from tests.nn import loss_battery
from tests.nn.battery import FloatType
from tests.nn.cases import LOSS_CASES
from tests.nn.loss_battery import LossCase

every_loss = pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@every_loss
def test_every_gradient_entry_is_the_numerical_derivative(case: LossCase) -> None:
    loss_battery.check_loss_gradient(case)


@both_types
@every_loss
def test_loss_and_gradient_are_those_of_pytorch(case: LossCase, dtype: FloatType) -> None:
    loss_battery.check_loss_parity(case, dtype)


@both_types
@every_loss
def test_the_loss_is_a_float_and_the_gradient_keeps_the_dtype(case: LossCase, dtype: FloatType) -> None:
    loss_battery.check_loss_types(case, dtype)


@every_loss
def test_prediction_and_target_are_neither_mutated_nor_shared(case: LossCase) -> None:
    loss_battery.check_loss_leaves_arrays_alone(case)


@every_loss
def test_backward_without_a_forward_says_so(case: LossCase) -> None:
    loss_battery.check_loss_needs_a_forward(case)
