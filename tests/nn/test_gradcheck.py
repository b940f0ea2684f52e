"""`gradcheck` itself: right gradients pass, wrong ones are named by entry, size and expected value."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trainlab.nn import Array, CrossEntropyLoss, Linear, Module, MSELoss, Parameter, ReLU, functional, gradcheck
from trainlab.nn.gradcheck import central_difference

Backward = Callable[[Array], tuple[Array, ...]]


class AllOnes:
    """Stands in for a generator: the upstream gradient that a plain ``.sum()`` would have."""

    def standard_normal(self, shape: tuple[int, ...]) -> Array:
        return np.ones(shape)


ALL_ONES: Any = AllOnes()


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def linear() -> Linear:
    return Linear(3, 2, rng=random(), dtype=np.float64)


def square(x: Array) -> tuple[Array, Backward]:
    return x * x, lambda grad_output: (2 * x * grad_output,)


def square_wrong_in_the_middle(x: Array) -> tuple[Array, Backward]:
    return x * x, lambda grad_output: (2 * x * grad_output * [1, 0, 1],)


def product(a: Array, b: Array) -> tuple[Array, Backward]:
    return a * b, lambda grad_output: (grad_output * b, grad_output * a)


# ---------------------------------------------------------------- right gradients


def test_a_right_function_passes_and_every_input_is_counted() -> None:
    result = gradcheck(product, np.array([1.0, 2.0]), np.array([3.0, -4.0]), rng=random())
    assert result
    assert result.checked == {"input 0": 2, "input 1": 2}
    assert result.largest_error < 1e-9
    result.raise_if_wrong()


def test_a_right_module_passes_and_input_and_parameters_are_counted() -> None:
    result = gradcheck(linear(), random().standard_normal((4, 3)), rng=random())
    assert result
    assert result.checked == {"input": 12, "weight": 6, "bias": 2}


def test_a_right_loss_passes_and_the_prediction_is_counted() -> None:
    result = gradcheck(CrossEntropyLoss(), random().standard_normal((4, 3)), np.array([0, 2, 1, 1]), rng=random())
    assert result
    assert result.checked == {"prediction": 12}


def test_report_of_a_right_gradient() -> None:
    report = str(gradcheck(square, np.array([1.0, 2.0, 3.0]), rng=ALL_ONES))
    assert re.fullmatch(r"square: all 3 gradient entries are right \(largest error \d\.\de-\d\d\)", report)


def test_a_module_that_skips_its_input_gradient_is_checked_without_it() -> None:
    layer = linear()
    layer.skip_input_grad()
    assert gradcheck(layer, random().standard_normal((4, 3)), rng=random()).checked == {"weight": 6, "bias": 2}


def test_inputs_and_weights_are_put_back_to_the_bit() -> None:
    layer, x = linear(), random().standard_normal((4, 3))
    weights = layer.state_dict()
    gradcheck(layer, x, rng=random())
    np.testing.assert_array_equal(x, random().standard_normal((4, 3)))
    for name, weight in layer.state_dict().items():
        np.testing.assert_array_equal(weight, weights[name])


def test_gradients_left_from_before_do_not_count() -> None:
    layer, x = linear(), random().standard_normal((4, 3))
    layer.forward(x)
    layer.backward(np.ones((4, 2)))
    assert gradcheck(layer, x, rng=random())


# ---------------------------------------------------------------- wrong gradients


def test_report_of_a_wrong_gradient_names_entry_size_and_expected_value() -> None:
    result = gradcheck(square_wrong_in_the_middle, np.array([1.0, 2.0, 3.0]), rng=ALL_ONES)
    assert not result
    assert str(result) == (
        "square_wrong_in_the_middle: 1 of 3 gradient entries are wrong\n"
        "  input 0: 1 of 3 wrong, the worst:\n"
        "    input 0[1]: got +0, expected +4 (off by -4)"
    )
    (mismatch,) = result.mismatches
    assert (mismatch.gradient, mismatch.index, mismatch.got) == ("input 0", (1,), 0.0)
    assert mismatch.expected == pytest.approx(4.0)
    assert result.largest_error == pytest.approx(4.0)


def test_report_tells_right_gradients_from_wrong_ones() -> None:
    def second_is_wrong(a: Array, b: Array) -> tuple[Array, Backward]:
        return a * b, lambda grad_output: (grad_output * b, -grad_output * a)

    report = str(gradcheck(second_is_wrong, np.array([[1.0, 2.0]]), np.array([[3.0, -4.0]]), rng=ALL_ONES))
    assert report == (
        "second_is_wrong: 2 of 4 gradient entries are wrong\n"
        "  input 0: right\n"
        "  input 1: 2 of 2 wrong, the worst:\n"
        "    input 1[0, 1]: got -2, expected +2 (off by -4)\n"
        "    input 1[0, 0]: got -1, expected +1 (off by -2)"
    )


def test_report_shows_the_three_worst_entries_and_the_result_has_all() -> None:
    def zeros(x: Array) -> tuple[Array, Backward]:
        return x * x, lambda grad_output: (0 * x,)

    result = gradcheck(zeros, np.array([1.0, 4.0, 2.0, 5.0, 3.0]), rng=ALL_ONES)
    assert [mismatch.index for mismatch in result.mismatches] == [(3,), (1,), (4,), (2,), (0,)]
    assert re.findall(r"input 0\[(\d)\]", str(result)) == ["3", "1", "4"]


def test_raise_if_wrong_raises_the_report() -> None:
    result = gradcheck(square_wrong_in_the_middle, np.array([1.0, 2.0, 3.0]), rng=ALL_ONES)
    with pytest.raises(AssertionError, match=re.escape(str(result))):
        result.raise_if_wrong()


def test_nan_is_a_mismatch() -> None:
    def half_nan(x: Array) -> tuple[Array, Backward]:
        return x * x, lambda grad_output: (np.array([np.nan, 2 * x[1]]),)

    result = gradcheck(half_nan, np.array([1.0, 2.0]), rng=ALL_ONES)
    assert [mismatch.index for mismatch in result.mismatches] == [(0,)]
    with pytest.raises(AssertionError, match=r"input 0\[0\]: got \+nan, expected \+2"):
        result.raise_if_wrong()


def test_an_error_below_the_tolerance_passes_and_one_above_fails() -> None:
    def slightly_off(x: Array) -> tuple[Array, Backward]:
        return x * x, lambda grad_output: (2 * x * grad_output * (1 + 1e-3),)

    x = np.array([1.0, 2.0])
    assert gradcheck(slightly_off, x, rng=ALL_ONES, rtol=2e-3)
    assert not gradcheck(slightly_off, x, rng=ALL_ONES)


# ---------------------------------------------------------------- why the upstream gradient is random


def softmax_with_zero_backward(scores: Array) -> tuple[Array, Backward]:
    return functional.softmax(scores), lambda grad_output: (np.zeros_like(scores),)


def softmax_with_right_backward(scores: Array) -> tuple[Array, Backward]:
    p = functional.softmax(scores)
    return p, lambda grad_output: (p * (grad_output - (grad_output * p).sum(axis=1, keepdims=True)),)


def test_all_ones_upstream_lets_a_softmax_backward_of_zeros_pass_and_a_random_one_does_not() -> None:
    scores = random().standard_normal((3, 4))
    assert gradcheck(softmax_with_zero_backward, scores, rng=ALL_ONES)
    result = gradcheck(softmax_with_zero_backward, scores, rng=random())
    assert len(result.mismatches) == 12
    assert gradcheck(softmax_with_right_backward, scores, rng=random())


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("target", "inputs", "what"),
    [
        (square, [np.ones(3, np.float32)], "input 0"),
        (product, [np.ones(3), np.ones(3, np.float32)], "input 1"),
        (ReLU(), [np.ones((2, 3), np.float32)], "input"),
        (Linear(3, 2, rng=random()), [np.ones((2, 3))], "weight"),
        (MSELoss(), [np.ones((2, 3), np.float32), np.zeros((2, 3))], "prediction"),
    ],
    ids=["function", "second input", "module input", "parameter", "prediction"],
)
def test_float32_is_refused(target: Any, inputs: list[Array], what: str) -> None:
    with pytest.raises(TypeError, match=f"gradcheck needs float64 throughout, but {what} is float32"):
        gradcheck(target, *inputs, rng=random())


def test_a_gradient_of_another_shape_is_refused() -> None:
    def transposed(x: Array) -> tuple[Array, Backward]:
        return x * x, lambda grad_output: (2 * (x * grad_output).T,)

    with pytest.raises(ValueError, match=r"the gradient of input 0 has shape \(3, 2\), expected \(2, 3\)"):
        gradcheck(transposed, np.ones((2, 3)), rng=random())


def test_a_parameter_without_a_gradient_is_refused_by_name() -> None:
    class BiasMissing(Linear):
        def backward(self, grad_output: Array) -> Array:
            assert self._x is not None
            self.weight.accumulate(grad_output.T @ self._x)
            return np.asarray(grad_output @ self.weight.data)

    layer = BiasMissing(3, 2, rng=random(), dtype=np.float64)
    with pytest.raises(ValueError, match=r"bias got no gradient from BiasMissing\.backward"):
        gradcheck(layer, np.ones((4, 3)), rng=random())


# ---------------------------------------------------------------- the difference


def test_central_difference_by_hand() -> None:
    x = np.array([3.0, 5.0])
    # f(x) = x₀²·x₁ at (3, 5), h = 1/2: (3.5² − 2.5²)·5 / 1 = (12.25 − 6.25)·5 = 30, and ∂f/∂x₀ = 2·3·5 = 30 as well
    assert central_difference(lambda: float(x[0] ** 2 * x[1]), x, (0,), step=0.5) == 30.0
    assert x.tolist() == [3.0, 5.0]


def test_parameters_of_inner_modules_are_checked_by_their_full_name() -> None:
    class Doubled(Module):
        def __init__(self) -> None:
            self.scale = Parameter(np.array([2.0]))
            self.inner = linear()

        def forward(self, x: Array) -> Array:
            self.y = self.inner.forward(x)
            return np.asarray(self.scale.data * self.y)

        def backward(self, grad_output: Array) -> Array | None:
            self.scale.accumulate(np.array([np.vdot(grad_output, self.y)]))
            return self.inner.backward(grad_output)  # forgets to multiply by the scale

    result = gradcheck(Doubled(), random().standard_normal((4, 3)), rng=random())
    assert result.checked == {"input": 12, "scale": 1, "inner.weight": 6, "inner.bias": 2}
    assert {mismatch.gradient for mismatch in result.mismatches} == {"input", "inner.weight", "inner.bias"}


def test_a_gradient_that_is_nowhere_a_number_has_an_infinite_error_and_stands_first() -> None:
    class HalfBlind(ReLU):
        def backward(self, grad_output: Array) -> Array:
            grad = 1.5 * super().backward(grad_output)
            grad[1, 1] = np.nan
            return grad

    result = gradcheck(HalfBlind(), np.array([[1.0, 2.0], [3.0, 4.0]]), rng=np.random.default_rng(0))
    assert result.largest_error == np.inf
    assert result.mismatches[0].index == (1, 1)
    assert len(result.mismatches) == 4


def test_an_entry_is_put_back_when_the_function_raises() -> None:
    array = np.ones(2)

    def fails() -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        central_difference(fails, array, (0,), step=0.1)
    np.testing.assert_array_equal(array, np.ones(2))
