"""Clipping by norm: PyTorch's numbers, never longer, never turned."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from trainlab.nn import Parameter
from trainlab.optim import clip_grad_norm

on_many_inputs = settings(max_examples=60, derandomize=True)


def with_gradients(*gradients: NDArray[np.floating]) -> list[Parameter]:
    parameters = [Parameter(np.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.accumulate(gradient)
    return parameters


def joint(parameters: list[Parameter]) -> NDArray[np.floating]:
    return np.concatenate([parameter.grad.ravel() for parameter in parameters if parameter.grad is not None])


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-6)], ids=["float64", "float32"])
@pytest.mark.parametrize("max_norm", [0.1, 1.0, 3.0, 100.0])
def test_norm_and_gradients_are_those_of_pytorch(max_norm: float, dtype: type[np.floating], tolerance: float) -> None:
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape).astype(dtype) for shape in [(3, 4), (3,), (2, 3), (2,)]]
    parameters = with_gradients(*gradients)
    tensors = [torch.zeros(gradient.shape, dtype=torch.from_numpy(gradient).dtype) for gradient in gradients]
    for tensor, gradient in zip(tensors, gradients, strict=True):
        tensor.grad = torch.from_numpy(gradient.copy())
    expected = torch.nn.utils.clip_grad_norm_(tensors, max_norm)
    assert clip_grad_norm(parameters, max_norm) == pytest.approx(float(expected), rel=tolerance)
    for parameter, tensor in zip(parameters, tensors, strict=True):
        assert tensor.grad is not None
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad, tensor.grad.numpy(), rtol=tolerance, strict=True)


gradient_arrays = arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@on_many_inputs
@given(first=gradient_arrays, second=gradient_arrays, max_norm=st.floats(1e-3, 1e3))
def test_clipping_never_lengthens_and_keeps_the_direction(
    first: NDArray[np.float64], second: NDArray[np.float64], max_norm: float
) -> None:
    parameters = with_gradients(first, second)
    before = joint(parameters)
    length_before = clip_grad_norm(parameters, max_norm)
    after = joint(parameters)
    length_after = float(np.linalg.norm(after))
    assert length_before == pytest.approx(float(np.linalg.norm(before)), rel=1e-12)
    assert length_after <= min(max_norm, length_before) * (1 + 1e-12)
    # parallel and of the same sense: each is the other one scaled by the lengths
    np.testing.assert_allclose(after * length_before, before * length_after, rtol=1e-9, atol=1e-9 * length_before)


def test_short_gradients_stay_as_they_are_to_the_bit() -> None:
    gradient = np.array([0.3, -0.4])
    parameters = with_gradients(gradient)
    assert clip_grad_norm(parameters, max_norm=1.0) == pytest.approx(0.5)
    np.testing.assert_array_equal(joint(parameters), gradient)


def test_parameters_without_a_gradient_are_passed_over() -> None:
    parameters = [Parameter(np.zeros(3)), *with_gradients(np.array([3.0, 4.0]))]
    assert clip_grad_norm(parameters, max_norm=1.0) == 5.0
    assert parameters[0].grad is None
    assert clip_grad_norm([Parameter(np.zeros(3))], max_norm=1.0) == 0.0


def test_gradients_that_are_still_products_are_clipped_as_well() -> None:
    parameter = Parameter(np.zeros((1, 2)))
    parameter.deferred = True
    parameter.accumulate_product(np.array([[1.0]]), np.array([[3.0, 4.0]]))
    assert clip_grad_norm([parameter], max_norm=1.0) == 5.0
    parameter.descend(1.0)
    np.testing.assert_allclose(parameter.data, [[-0.6, -0.8]], rtol=1e-6)


def test_parameters_may_come_from_an_iterator() -> None:
    parameters = with_gradients(np.array([3.0, 4.0]))
    assert clip_grad_norm(iter(parameters), max_norm=1.0) == 5.0
    assert np.linalg.norm(joint(parameters)) == pytest.approx(1.0, rel=1e-6)


def test_a_norm_that_is_nan_is_returned_so_that_the_caller_can_see_it() -> None:
    assert math.isnan(clip_grad_norm(with_gradients(np.array([1.0, np.nan])), max_norm=1.0))


@pytest.mark.parametrize("max_norm", [0.0, -1.0, float("nan")])
def test_a_limit_that_is_not_above_0_is_refused(max_norm: float) -> None:
    with pytest.raises(ValueError, match=f"max_norm must be above 0, got {max_norm}"):
        clip_grad_norm(with_gradients(np.array([3.0, 4.0])), max_norm)
