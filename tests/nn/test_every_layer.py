"""Every layer passes every check of the battery."""

import numpy as np
import pytest

from tests.nn import battery
from tests.nn.battery import FloatType, LayerCase
from tests.nn.cases import LAYER_CASES

every_layer = pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@every_layer
def test_every_gradient_entry_is_the_numerical_derivative(case: LayerCase) -> None:
    battery.check_gradients(case)


@both_types
@every_layer
def test_output_and_gradients_are_those_of_pytorch(case: LayerCase, dtype: FloatType) -> None:
    battery.check_parity(case, dtype)


@every_layer
def test_input_upstream_gradient_output_and_weights_are_not_mutated(case: LayerCase) -> None:
    battery.check_nothing_is_mutated(case)


@every_layer
def test_read_only_arrays_serve(case: LayerCase) -> None:
    battery.check_read_only_arrays_serve(case)


@every_layer
def test_gradients_share_no_memory_with_other_arrays(case: LayerCase) -> None:
    battery.check_gradients_are_not_aliased(case)


@every_layer
def test_two_layers_share_nothing(case: LayerCase) -> None:
    battery.check_layers_share_nothing(case)


@both_types
@every_layer
def test_dtype_in_is_dtype_out(case: LayerCase, dtype: FloatType) -> None:
    battery.check_dtype_is_kept(case, dtype)


@every_layer
def test_two_backwards_add_up(case: LayerCase) -> None:
    battery.check_two_backwards_add_up(case)


@every_layer
def test_zero_grad_clears(case: LayerCase) -> None:
    battery.check_zero_grad_clears(case)


@every_layer
def test_evaluation_keeps_nothing(case: LayerCase) -> None:
    battery.check_eval_keeps_nothing(case)


@every_layer
def test_backward_without_a_forward_says_so(case: LayerCase) -> None:
    battery.check_backward_needs_a_forward(case)


@every_layer
def test_deferred_products_give_the_same_gradients(case: LayerCase) -> None:
    battery.check_deferred_products_agree(case)
