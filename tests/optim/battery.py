"""The checks that every optimizer passes, written once: ten steps beside PyTorch, and going on where it stopped.

Both sides descend the same bowl, ``L = ½ Σ aₖ (θₖ − cₖ)²`` with random a > 0 and c, so the gradient ``a·(θ − c)``
depends on the weights: a mistake in one step spoils all that follow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.nn import Array, Parameter
from trainlab.optim import Optimizer

FloatType = type[np.floating[Any]]
SHAPES = {"weight": (3, 2), "bias": (2,)}
STEPS = 10
TOLERANCE: dict[FloatType, float] = {np.float64: 1e-12, np.float32: 1e-6}
"""Absolute, for weights of about 1."""


@dataclass(frozen=True)
class OptimizerCase:
    name: str
    make: Callable[[list[Parameter]], Optimizer]
    twin: Callable[[list[torch.Tensor]], torch.optim.Optimizer]


def random(seed: int, dtype: FloatType = np.float64) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}


def new_parameters(dtype: FloatType = np.float64) -> list[Parameter]:
    return [Parameter(data, name) for name, data in random(0, dtype).items()]


def bowl(parameters: list[Array]) -> list[Array]:
    """The gradient ``a·(θ − c)`` of every parameter."""
    curvature, center = random(1).values(), random(2).values()
    return [
        (np.abs(a) * (theta - c)).astype(theta.dtype) for theta, a, c in zip(parameters, curvature, center, strict=True)
    ]


def take_step(optimizer: Optimizer) -> None:
    """zero_grad, backward, step."""
    optimizer.zero_grad()
    gradients = bowl([parameter.data for parameter in optimizer.parameters])
    for parameter, gradient in zip(optimizer.parameters, gradients, strict=True):
        parameter.accumulate(gradient)
    optimizer.step()


def take_torch_step(optimizer: torch.optim.Optimizer, tensors: list[torch.Tensor]) -> None:
    for tensor, gradient in zip(tensors, bowl([tensor.numpy() for tensor in tensors]), strict=True):
        tensor.grad = torch.from_numpy(gradient)
    optimizer.step()


def check_trajectory(case: OptimizerCase, dtype: FloatType) -> None:
    """After each of ten steps every weight is PyTorch's; the report names the first step and the entry that is off."""
    parameters = new_parameters(dtype)
    tensors = [torch.from_numpy(parameter.data.copy()) for parameter in parameters]
    ours, theirs = case.make(parameters), case.twin(tensors)
    for step in range(1, STEPS + 1):
        take_step(ours)
        take_torch_step(theirs, tensors)
        for parameter, tensor in zip(parameters, tensors, strict=True):
            assert parameter.data.dtype == dtype, f"{parameter.name} became {parameter.data.dtype}"
            _compare(parameter, tensor.numpy(), step, TOLERANCE[dtype])


def _compare(parameter: Parameter, expected: Array, step: int, tolerance: float) -> None:
    error = np.abs(parameter.data - expected)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    assert error[worst] <= tolerance, (  # nan fails as well
        f"after step {step}: {parameter.name}{list(worst)} is {parameter.data[worst]:+.6g}, "
        f"expected {expected[worst]:+.6g}"
    )


def check_resuming_is_exact(case: OptimizerCase) -> None:
    """Six steps equal three steps, everything saved and loaded into new objects, and three more; to the bit."""
    whole, first_half, second_half = (case.make(new_parameters(np.float32)) for _ in range(3))
    for _ in range(6):
        take_step(whole)
    for _ in range(3):
        take_step(first_half)
    for old, new in zip(first_half.parameters, second_half.parameters, strict=True):
        new.data[...] = old.data
    second_half.load_state(first_half.state())
    for _ in range(3):
        take_step(second_half)
    for got, expected in zip(second_half.parameters, whole.parameters, strict=True):
        np.testing.assert_array_equal(got.data, expected.data, err_msg=f"{got.name} after resuming", strict=True)


def check_saved_state_is_a_copy(case: OptimizerCase) -> None:
    """Neither later steps nor scribbling reach from the optimizer to its saved state or back."""
    optimizer = case.make(new_parameters())
    take_step(optimizer)
    state = optimizer.state()
    kept = {name: array.copy() for name, array in state.items()}
    take_step(optimizer)
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=f"{name} follows the optimizer")
    optimizer.load_state(state)
    for array in state.values():
        array[...] = 0
    for name, array in optimizer.state().items():
        np.testing.assert_array_equal(array, kept[name], err_msg=f"{name} shares memory with what was loaded")


def check_gradients_are_not_mutated(case: OptimizerCase) -> None:
    """A step changes weights, not gradients."""
    optimizer = case.make(new_parameters())
    for _ in range(2):
        take_step(optimizer)
    expected = []
    optimizer.zero_grad()
    for parameter in optimizer.parameters:
        gradient = np.random.default_rng(parameter.size).standard_normal(parameter.shape)
        parameter.accumulate(gradient)
        expected.append(gradient.copy())
    optimizer.step()
    for parameter, gradient in zip(optimizer.parameters, expected, strict=True):
        np.testing.assert_array_equal(
            parameter.grad, gradient, err_msg=f"step changed the gradient of {parameter.name}"
        )
