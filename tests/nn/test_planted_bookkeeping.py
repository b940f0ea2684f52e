"""Layers whose mathematics is right and whose bookkeeping is wrong: each fails the check made for it, and says why."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from tests.nn import battery
from tests.nn.battery import LayerCase
from tests.nn.cases import BY_NAME
from trainlab.nn import Array, Linear, Module, Parameter, ReLU, functional

LINEAR, RELU = BY_NAME["linear"], BY_NAME["relu"]


class ReLUInPlace(ReLU):
    def forward(self, x: Array) -> Array:
        self._y = np.maximum(x, 0, out=x)
        return self._y


class ReLUScalesGradInPlace(ReLU):
    def backward(self, grad_output: Array) -> Array:
        assert self._y is not None
        grad_output *= self._y > 0
        return grad_output


class ReLUKeepsInEvaluation(ReLU):
    def forward(self, x: Array) -> Array:
        self._y = functional.relu_forward(x)
        return self._y


class ReLUPromotes(ReLU):
    def forward(self, x: Array) -> Array:
        return super().forward(x) * np.ones(1)


class ReLUSharesItsCache(ReLU):
    kept: ClassVar[list[Array]] = []

    def forward(self, x: Array) -> Array:
        self.kept[:] = [super().forward(x)]
        return self.kept[0]

    def backward(self, grad_output: Array) -> Array:
        return functional.relu_backward(grad_output, self.kept[0])


class ReLUReturnsZerosWithoutForward(ReLU):
    def backward(self, grad_output: Array) -> Array:
        return 0 * grad_output if self._y is None else super().backward(grad_output)


class ReLUReusesItsGradient(ReLU):
    """Hands out the array that it was handed where the mask is all ones: an alias that is right today."""

    def backward(self, grad_output: Array) -> Array:
        grad_output[...] = super().backward(grad_output)
        return grad_output


class LinearOverwritesGrad(Linear):
    def backward(self, grad_output: Array) -> Array | None:
        self.zero_grad()
        return super().backward(grad_output)


class AliasingParameter(Parameter):
    """Keeps the factors of the product although it was not told to defer."""

    def accumulate_product(self, grad_output: Array, x: Array) -> None:
        self._factors = (grad_output, x)
        self.has_grad = True


class LinearKeepsFactors(Linear):
    def __init__(self, in_features: int, out_features: int, **options: Any) -> None:
        super().__init__(in_features, out_features, **options)
        self.weight = AliasingParameter(self.weight.data, "weight")


class LinearIgnoresZeroGrad(Linear):
    def zero_grad(self) -> None:
        self.weight.zero_grad()


class LinearMovesItsWeights(Linear):
    def backward(self, grad_output: Array) -> Array | None:
        grad_input = super().backward(grad_output)
        self.weight.data -= 0.01
        return grad_input


SHARED = Parameter(np.ones((3, 5)), "weight")


class LinearSharesItsWeight(Linear):
    def __init__(self, in_features: int, out_features: int, **options: Any) -> None:
        super().__init__(in_features, out_features, **options)
        self.weight = SHARED


def with_linear(kind: type[Linear]) -> LayerCase:
    return replace(LINEAR, make=lambda dtype: kind(5, 3, rng=np.random.default_rng(0), dtype=dtype))


def with_relu(kind: type[ReLU]) -> LayerCase:
    return replace(RELU, make=lambda dtype: kind())


def check_float32(case: LayerCase) -> None:
    battery.check_dtype_is_kept(case, np.float32)


Check = Callable[[LayerCase], None]
PLANTED: list[tuple[LayerCase, Check, str]] = [
    (with_relu(ReLUInPlace), battery.check_nothing_is_mutated, "the input was changed"),
    (with_relu(ReLUScalesGradInPlace), battery.check_nothing_is_mutated, "grad_output was changed"),
    (with_linear(LinearMovesItsWeights), battery.check_nothing_is_mutated, "weight was changed"),
    (with_relu(ReLUReusesItsGradient), battery.check_gradients_are_not_aliased, "grad_input shares memory"),
    (with_linear(LinearKeepsFactors), battery.check_gradients_are_not_aliased, "the gradient of weight shares memory"),
    (with_relu(ReLUSharesItsCache), battery.check_layers_share_nothing, "grad_input is the other layer's"),
    (with_linear(LinearSharesItsWeight), battery.check_layers_share_nothing, "is shared by two layers"),
    (with_relu(ReLUPromotes), check_float32, "output is float64 for input of float32"),
    (with_linear(LinearOverwritesGrad), battery.check_two_backwards_add_up, "weight after two backwards"),
    (with_linear(LinearIgnoresZeroGrad), battery.check_zero_grad_clears, "zero_grad left a gradient"),
    (with_relu(ReLUKeepsInEvaluation), battery.check_eval_keeps_nothing, r"the layer keeps \['_y'\] in evaluation"),
]


@pytest.mark.parametrize(("case", "check", "reason"), PLANTED, ids=[reason for _, _, reason in PLANTED])
def test_wrong_bookkeeping_fails_its_check_and_the_reason_is_named(case: LayerCase, check: Check, reason: str) -> None:
    check(RELU if case.twin is RELU.twin else LINEAR)
    with pytest.raises(AssertionError, match=reason):
        check(case)


def test_a_layer_that_goes_back_without_a_forward_fails_its_check() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        battery.check_backward_needs_a_forward(with_relu(ReLUReturnsZerosWithoutForward))


def test_a_layer_that_writes_into_read_only_arrays_fails_its_check() -> None:
    with pytest.raises(ValueError, match="read-only"):
        battery.check_read_only_arrays_serve(with_relu(ReLUInPlace))


def test_a_parameter_of_another_name_than_pytorchs_fails_the_parity_check() -> None:
    class Renamed(Module):
        def __init__(self) -> None:
            self.weights = Parameter(np.ones((3, 5)))

    case = replace(LINEAR, make=lambda dtype: Renamed(), twin=lambda: torch.nn.Linear(5, 3, bias=False))
    with pytest.raises(RuntimeError, match=r'Missing key.*"weight"[\s\S]*Unexpected key.*"weights"'):
        battery.check_parity(case, np.float64)
