"""Every optimizer passes every check of the battery."""

import numpy as np
import pytest

from tests.optim import battery
from tests.optim.battery import FloatType, OptimizerCase
from tests.optim.cases import OPTIMIZER_CASES

every_optimizer = pytest.mark.parametrize("case", OPTIMIZER_CASES, ids=lambda case: case.name)
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@both_types
@every_optimizer
def test_ten_steps_are_those_of_pytorch(case: OptimizerCase, dtype: FloatType) -> None:
    battery.check_trajectory(case, dtype)


@every_optimizer
def test_resuming_is_exact(case: OptimizerCase) -> None:
    battery.check_resuming_is_exact(case)


@every_optimizer
def test_saved_state_is_a_copy(case: OptimizerCase) -> None:
    battery.check_saved_state_is_a_copy(case)


@every_optimizer
def test_a_step_does_not_change_gradients(case: OptimizerCase) -> None:
    battery.check_gradients_are_not_mutated(case)
