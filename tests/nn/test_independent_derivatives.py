"""Two judges that know nothing of `gradcheck` agree with it: PyTorch's autograd, and the complex step.

For an analytic f, ``Im f(x + ih) / h`` is the derivative to the last digit: nothing is subtracted, so h can be 1e-30
(Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions").
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.nn.battery import assert_close, random_upstream
from trainlab.nn import Array, functional, gradcheck

H = 1e-30


def complex_step(function: Callable[[Any], Any], x: Array) -> Array:
    """∂f/∂x for every entry of x; f takes complex arrays and returns one number."""
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        stepped = x.astype(np.complex128)
        stepped[index] += 1j * H
        gradient[index] = function(stepped).imag / H
    return gradient


def inputs(*shapes: tuple[int, ...]) -> list[Array]:
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape) for shape in shapes]


def numerical_gradients(function: Callable[..., Any], *arrays: Array) -> list[Array]:
    """What `gradcheck` measures, read off from the mismatches that a backward of nan provokes everywhere."""

    def with_nan_backward(*arguments: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
        return function(*arguments), lambda grad_output: tuple(np.full_like(array, np.nan) for array in arguments)

    result = gradcheck(with_nan_backward, *arrays, rng=np.random.default_rng(3))  # draws what random_upstream draws
    measured = [np.full_like(array, np.nan) for array in arrays]
    for mismatch in result.mismatches:
        measured[int(mismatch.gradient.removeprefix("input "))][mismatch.index] = mismatch.expected
    return measured


SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Array, Array], Array]]] = {
    "tanh": (functional.tanh_forward, lambda g, x: functional.tanh_backward(g, np.tanh(x))),
    "sigmoid": (
        functional.sigmoid_forward,
        lambda g, x: functional.sigmoid_backward(g, functional.sigmoid_forward(x)),
    ),
    "gelu": (functional.gelu_forward, functional.gelu_backward),
}
ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[torch.Tensor], torch.Tensor]]] = {
    "tanh": (functional.tanh_forward, torch.tanh),
    "sigmoid": (functional.sigmoid_forward, torch.sigmoid),
    "gelu": (functional.gelu_forward, lambda x: torch.nn.functional.gelu(x, approximate="tanh")),
    "relu": (functional.relu_forward, torch.relu),
    "leaky_relu": (
        lambda x: functional.leaky_relu_forward(x, 0.3),
        lambda x: torch.nn.functional.leaky_relu(x, 0.3),
    ),
    "softmax": (functional.softmax, lambda x: torch.softmax(x, dim=-1)),
}


@pytest.mark.parametrize(("forward", "backward"), SMOOTH.values(), ids=SMOOTH)
def test_activation_backward_is_the_complex_step_derivative(
    forward: Callable[[Any], Any], backward: Callable[[Array, Array], Array]
) -> None:
    (x,) = inputs((3, 4))
    g = random_upstream((3, 4))
    assert_close(backward(g, x), complex_step(lambda x: (forward(x) * g).sum(), x), "grad_input", 1e-14)


def test_linear_backward_is_the_complex_step_derivative() -> None:
    x, weight, bias = inputs((4, 5), (3, 5), (3,))
    g = random_upstream((4, 3))
    grad_input, grad_weight, grad_bias = functional.linear_backward(g, x, weight)
    forward: Any = functional.linear_forward
    assert_close(grad_input, complex_step(lambda x: (forward(x, weight, bias) * g).sum(), x), "input", 1e-14)
    assert_close(grad_weight, complex_step(lambda w: (forward(x, w, bias) * g).sum(), weight), "weight", 1e-14)
    assert_close(grad_bias, complex_step(lambda b: (forward(x + 0j, weight, b) * g).sum(), bias), "bias", 1e-14)


def test_cross_entropy_backward_is_the_complex_step_derivative_of_the_textbook_formula() -> None:
    (z,) = inputs((3, 4))
    target = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.25] * 4])
    naive: Callable[[Any], Any] = lambda z: -(target * np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))).sum()
    loss, probabilities = functional.cross_entropy_forward(z, target)
    assert loss == pytest.approx(naive(z), rel=1e-14)
    assert_close(functional.cross_entropy_backward(probabilities, target), complex_step(naive, z), "scores", 1e-14)


def test_mse_backward_is_the_complex_step_derivative() -> None:
    prediction, target = inputs((3, 4), (3, 4))
    expected = complex_step(lambda p: ((p - target) ** 2).sum(), prediction)
    assert_close(functional.mse_backward(prediction, target), expected, "prediction", 1e-14)


@pytest.mark.parametrize(("forward", "torch_forward"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_what_gradcheck_expects_of_an_activation_is_what_autograd_finds(
    forward: Callable[[Any], Any], torch_forward: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    (x,) = inputs((3, 4))
    (measured,) = numerical_gradients(forward, x)
    x_torch = torch.from_numpy(x).requires_grad_()
    (expected,) = torch.autograd.grad(torch_forward(x_torch), x_torch, torch.from_numpy(random_upstream((3, 4))))
    assert_close(measured, expected.numpy(), "input", 1e-9)


def test_what_gradcheck_expects_of_a_linear_layer_is_what_autograd_finds() -> None:
    arrays = inputs((4, 5), (3, 5), (3,))
    measured = numerical_gradients(functional.linear_forward, *arrays)
    tensors = [torch.from_numpy(array).requires_grad_() for array in arrays]
    output = torch.nn.functional.linear(*tensors)
    expected = torch.autograd.grad(output, tensors, torch.from_numpy(random_upstream((4, 3))))
    for got, gradient in zip(measured, expected, strict=True):
        assert_close(got, gradient.numpy(), "a gradient of linear", 1e-9)
