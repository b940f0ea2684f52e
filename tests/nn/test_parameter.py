"""A parameter's gradient: adding up, products that are put off until somebody reads them, and moving house."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.nn.battery import FloatType, assert_close, assert_same
from trainlab.nn import Array, Parameter

GRAD_OUTPUT = np.random.default_rng(0).standard_normal((4, 2))
X = np.random.default_rng(1).standard_normal((4, 3))
PRODUCT = GRAD_OUTPUT.T @ X
OTHER = np.random.default_rng(2).standard_normal((2, 3))


def weight(dtype: FloatType = np.float64, deferred: bool = False) -> Parameter:
    parameter = Parameter(np.random.default_rng(3).standard_normal((2, 3)).astype(dtype), "weight")
    parameter.deferred = deferred
    return parameter


def add_product(parameter: Parameter) -> None:
    parameter.accumulate_product(GRAD_OUTPUT, X)


def add_other(parameter: Parameter) -> None:
    parameter.accumulate(OTHER)


def read(parameter: Parameter) -> None:
    assert parameter.grad is not None


def clear(parameter: Parameter) -> None:
    parameter.zero_grad()


Action = Callable[[Parameter], None]
HISTORIES: dict[str, tuple[list[Action], Array]] = {
    "product": ([add_product], PRODUCT),
    "product, read twice": ([add_product, read, read], PRODUCT),
    "product, product": ([add_product, add_product], 2 * PRODUCT),
    "product, read, product": ([add_product, read, add_product], 2 * PRODUCT),
    "product, product, product": ([add_product, add_product, add_product], 3 * PRODUCT),
    "product, other": ([add_product, add_other], PRODUCT + OTHER),
    "other, product": ([add_other, add_product], OTHER + PRODUCT),
    "other, other": ([add_other, add_other], 2 * OTHER),
    "product, other, product": ([add_product, add_other, add_product], 2 * PRODUCT + OTHER),
    "product, clear, other": ([add_product, clear, add_other], OTHER),
    "product, read, clear, product": ([add_product, read, clear, add_product], PRODUCT),
    "other, clear, product": ([add_other, clear, add_product], PRODUCT),
}

every_history = pytest.mark.parametrize(("actions", "expected"), HISTORIES.values(), ids=HISTORIES)
deferred_or_not = pytest.mark.parametrize("deferred", [False, True], ids=["at once", "deferred"])
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@deferred_or_not
@every_history
def test_gradient_is_the_sum_of_what_was_accumulated(actions: list[Action], expected: Array, deferred: bool) -> None:
    parameter = weight(deferred=deferred)
    for action in actions:
        action(parameter)
    assert_close(parameter.grad, expected, "grad", 1e-15)
    assert_close(parameter.grad, expected, "grad, read again", 1e-15)


@deferred_or_not
@every_history
def test_descend_takes_one_step_against_the_gradient(actions: list[Action], expected: Array, deferred: bool) -> None:
    parameter = weight(deferred=deferred)
    for action in actions:
        action(parameter)
    parameter.descend(0.1)
    assert_close(parameter.data, weight().data - 0.1 * expected, "data", 1e-15)
    assert_close(parameter.grad, expected, "grad after the step", 1e-15)


@pytest.mark.parametrize("samples", [1, 4])
@both_types
def test_descending_a_deferred_product_is_descending_the_gradient(samples: int, dtype: FloatType) -> None:
    factors = GRAD_OUTPUT[:samples].astype(dtype), X[:samples].astype(dtype)
    at_once, deferred = weight(dtype), weight(dtype, deferred=True)
    for parameter in (at_once, deferred):
        parameter.accumulate_product(*factors)
        parameter.descend(0.1)
    assert_close(deferred.data, at_once.data, "data", 2 * float(np.finfo(dtype).eps))


def test_a_deferred_product_is_taken_when_it_is_read() -> None:
    parameter, grad_output = weight(deferred=True), GRAD_OUTPUT.copy()
    parameter.accumulate_product(grad_output, X)
    grad_output *= 2  # what the caller promised not to do: it shows that nothing was computed yet
    assert_close(parameter.grad, 2 * PRODUCT, "grad", 1e-15)


def test_a_product_that_is_not_deferred_keeps_no_reference_to_its_factors() -> None:
    parameter, grad_output, x = weight(), GRAD_OUTPUT.copy(), X.copy()
    parameter.accumulate_product(grad_output, x)
    grad_output[...] = x[...] = np.nan
    assert_close(parameter.grad, PRODUCT, "grad", 1e-15)


def test_an_accumulated_gradient_is_copied() -> None:
    parameter, gradient = weight(), OTHER.copy()
    parameter.accumulate(gradient)
    gradient[...] = np.nan
    assert_same(parameter.grad, OTHER, "grad")


def test_accumulating_leaves_the_arguments_alone() -> None:
    parameter, grad_output, x, gradient = weight(), GRAD_OUTPUT.copy(), X.copy(), OTHER.copy()
    parameter.accumulate(gradient)
    parameter.accumulate(gradient)
    parameter.accumulate_product(grad_output, x)
    assert_same(gradient, OTHER, "gradient")
    assert_same(grad_output, GRAD_OUTPUT, "grad_output")
    assert_same(x, X, "x")


def test_there_is_no_gradient_before_the_first_and_after_zero_grad() -> None:
    parameter = weight()
    assert parameter.grad is None
    add_product(parameter)
    parameter.zero_grad()
    assert parameter.grad is None


@both_types
def test_gradient_keeps_the_parameters_dtype(dtype: FloatType) -> None:
    parameter = weight(dtype)
    parameter.accumulate_product(GRAD_OUTPUT.astype(dtype), X.astype(dtype))
    assert parameter.grad is not None
    assert parameter.grad.dtype == dtype


@deferred_or_not
@every_history
def test_moving_keeps_data_and_gradient(actions: list[Action], expected: Array, deferred: bool) -> None:
    parameter = weight(deferred=deferred)
    for action in actions:
        action(parameter)
    data, grad = np.full((2, 3), np.nan), np.full((2, 3), np.nan)
    parameter.move_into(data, grad)
    assert parameter.data is data
    assert_same(data, weight().data, "data")
    assert_close(parameter.grad, expected, "grad", 1e-15)
    assert parameter.grad is grad


def test_after_moving_gradients_are_written_in_the_new_place() -> None:
    parameter, grad = weight(), np.full((2, 3), np.nan)
    parameter.move_into(np.empty((2, 3)), grad)
    assert parameter.grad is None
    add_product(parameter)
    assert_close(grad, PRODUCT, "grad", 1e-15)


def test_size_shape_and_repr() -> None:
    parameter = weight(np.float32)
    assert (parameter.size, parameter.shape) == (6, (2, 3))
    assert repr(parameter) == "Parameter(weight, shape=(2, 3), dtype=float32)"
    assert repr(Parameter(np.zeros(3))) == "Parameter(unnamed, shape=(3,), dtype=float64)"


def test_unknown_attributes_raise() -> None:
    with pytest.raises(AttributeError, match="gradient"):
        weight().gradient = OTHER  # type: ignore[attr-defined]


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float16", ">f4", ">f8"])
def test_a_parameter_of_another_type_is_refused(dtype: str) -> None:
    with pytest.raises(TypeError, match=f"holds float32 or float64 numbers, got an array of {np.dtype(dtype)}"):
        Parameter(np.zeros((2, 3), dtype))


@pytest.mark.parametrize("shape", [(3, 2), (2,), (1, 3), (2, 3, 1), ()])
def test_a_gradient_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"a gradient of shape \(.*\) does not fit Parameter\(weight, shape=\(2, 3\)"):
        weight().accumulate(np.zeros(shape))


def test_descending_without_a_gradient_is_refused() -> None:
    parameter = weight()
    with pytest.raises(RuntimeError, match=r"Parameter\(weight.* has no gradient: call backward\(\) before step\(\)"):
        parameter.descend(0.1)
    assert_same(parameter.data, weight().data, "data")


@pytest.mark.parametrize(("grad_output", "x"), [((1, 1), (1, 3)), ((2, 2), (1, 3)), ((1, 2), (1, 4)), ((1, 3), (1, 2))])
@pytest.mark.parametrize("deferred", [False, True])
def test_a_product_of_another_shape_is_refused(
    grad_output: tuple[int, int], x: tuple[int, int], deferred: bool
) -> None:
    weight = Parameter(np.zeros((2, 3)))
    weight.deferred = deferred

    def accumulate_and_descend() -> None:
        weight.accumulate_product(np.ones(grad_output), np.ones(x))
        weight.descend(0.1)  # a deferred product is looked at when it is needed

    with pytest.raises(ValueError, match=r"the product of .* does not fit a matrix of \(2, 3\)"):
        accumulate_and_descend()
    np.testing.assert_array_equal(weight.data, np.zeros((2, 3)))


def test_asking_whether_there_is_a_gradient_does_not_compute_it() -> None:
    weight = Parameter(np.zeros((2, 3)))
    weight.deferred = True
    before = weight.has_grad
    weight.accumulate_product(np.ones((1, 2)), np.ones((1, 3)))
    assert (before, weight.has_grad) == (False, True)
    assert weight._factors is not None
