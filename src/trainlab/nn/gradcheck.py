"""Is a backward pass right? Compare every entry of every gradient with a numerical derivative.

For a function f of one number the central difference ``(f(x + h) − f(x − h)) / 2h`` is the derivative up to an
error of order h². Here f is ``L = Σ output · R`` with a *random* R: with R = 1 the true gradient of a softmax or
a BatchNorm is zero, and a backward pass that returns zeros would pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.loss import Loss
from trainlab.nn.module import Module

GradFunction = Callable[..., tuple[Array, Callable[[Array], tuple[Array, ...]]]]


@dataclass(frozen=True)
class Mismatch:
    """One entry of one gradient that is off."""

    gradient: str
    index: tuple[int, ...]
    got: float
    expected: float

    def __str__(self) -> str:
        place = ", ".join(map(str, self.index))
        difference = self.got - self.expected
        return (
            f"{self.gradient}[{place}]: got {self.got:+.6g}, expected {self.expected:+.6g} (off by {difference:+.2g})"
        )


@dataclass(frozen=True)
class GradcheckResult:
    """What `gradcheck` found. ``str()`` of it is a report for people; it is true in an ``if`` when all is right."""

    name: str
    checked: dict[str, int]
    """How many entries of each gradient were compared."""
    mismatches: tuple[Mismatch, ...]
    """Every entry that is off, the worst first."""
    largest_error: float
    """max |got − expected| over everything compared."""

    def __bool__(self) -> bool:
        return not self.mismatches

    def __str__(self) -> str:
        total = sum(self.checked.values())
        if not self.mismatches:
            return f"{self.name}: all {total} gradient entries are right (largest error {self.largest_error:.1e})"
        lines = [f"{self.name}: {len(self.mismatches)} of {total} gradient entries are wrong"]
        for gradient, count in self.checked.items():
            wrong = [mismatch for mismatch in self.mismatches if mismatch.gradient == gradient]
            verdict = "right" if not wrong else f"{len(wrong)} of {count} wrong, the worst:"
            lines.append(f"  {gradient}: {verdict}")
            lines += [f"    {mismatch}" for mismatch in wrong[:3]]
        return "\n".join(lines)

    def raise_if_wrong(self) -> None:
        """Raises AssertionError with the report when an entry is off."""
        if not self:
            raise AssertionError(str(self))


def gradcheck(
    target: Module | Loss | GradFunction,
    *inputs: Any,
    rng: np.random.Generator,
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> GradcheckResult:
    """Compare every gradient entry of a module, a loss or a function with central differences.

    An entry is right when ``|got − expected| ≤ atol + rtol · |expected|``.

    Args:
        target: a `Module` (called with one input; its parameters are checked too); a `Loss` (called with prediction,
            target and perhaps weights; the gradient with respect to the prediction is checked); or a function that
            takes arrays and returns ``(output, backward)``, where ``backward(grad_output)`` returns one gradient for
            each input.
        inputs: float64 arrays, away from kinks (for ReLU: no entry within ``step`` of 0).
        rng: draws the upstream gradient R.
        step: h, in units of the input. Smaller has less curvature error and more rounding error.

    Raises TypeError when something is not float64: in float32 the difference has no correct digits.

    >>> from trainlab.nn import Linear
    >>> rng = np.random.default_rng(0)
    >>> print(gradcheck(Linear(3, 2, rng=rng, dtype=np.float64), rng.standard_normal((4, 3)), rng=rng))
    Linear(3, 2): all 20 gradient entries are right (largest error ...)
    """
    if isinstance(target, Loss):
        return _check_loss(target, *inputs, step=step, rtol=rtol, atol=atol)
    if isinstance(target, Module):
        return _check_module(target, *inputs, rng=rng, step=step, rtol=rtol, atol=atol)
    arrays = {f"input {number}": array for number, array in enumerate(inputs)}
    output, backward = target(*inputs)
    upstream = rng.standard_normal(np.shape(output))
    gradients = backward(upstream)
    if len(gradients) != len(arrays):
        raise ValueError(f"backward returned {len(gradients)} gradients for {len(arrays)} inputs")
    got = dict(zip(arrays, gradients, strict=True))
    name = getattr(target, "__name__", repr(target))
    return _compare(name, lambda: float(np.vdot(target(*inputs)[0], upstream)), arrays, got, step, rtol, atol)


def _check_module(
    module: Module, x: Array, *, rng: np.random.Generator, step: float, rtol: float, atol: float
) -> GradcheckResult:
    module.zero_grad()
    output = module.forward(x)
    upstream = rng.standard_normal(output.shape)
    grad_input = module.backward(upstream)
    arrays, got = {}, {}
    if grad_input is not None:
        arrays["input"], got["input"] = x, grad_input
    for name, parameter in module.named_parameters():
        if parameter.grad is None:
            raise ValueError(f"{name} got no gradient from {type(module).__name__}.backward")
        arrays[name], got[name] = parameter.data, parameter.grad.copy()
    return _compare(repr(module), lambda: float(np.vdot(module.forward(x), upstream)), arrays, got, step, rtol, atol)


def _check_loss(
    loss: Loss, prediction: Array, target: Any, *weight: Any, step: float, rtol: float, atol: float
) -> GradcheckResult:
    loss.forward(prediction, target, *weight)
    got = {"prediction": loss.backward()}
    return _compare(
        type(loss).__name__,
        lambda: loss.forward(prediction, target, *weight),
        {"prediction": prediction},
        got,
        step,
        rtol,
        atol,
    )


def _compare(
    name: str,
    function: Callable[[], float],
    arrays: dict[str, Array],
    got: dict[str, Array],
    step: float,
    rtol: float,
    atol: float,
) -> GradcheckResult:
    mismatches, largest = [], 0.0
    for label, array in arrays.items():
        if array.dtype != np.float64:
            raise TypeError(f"gradcheck needs float64 throughout, but {label} is {array.dtype}")
        if got[label].shape != array.shape:
            raise ValueError(f"the gradient of {label} has shape {got[label].shape}, expected {array.shape}")
        for index in np.ndindex(array.shape):
            expected = central_difference(function, array, index, step)
            value = float(got[label][index])
            error = _distance(value, expected)
            largest = max(largest, error)
            if error > atol + rtol * abs(expected):
                mismatches.append(Mismatch(label, index, value, expected))
    mismatches.sort(key=lambda mismatch: -_distance(mismatch.got, mismatch.expected))
    checked = {label: array.size for label, array in arrays.items()}
    return GradcheckResult(name, checked, tuple(mismatches), largest)


def _distance(got: float, expected: float) -> float:
    """|got − expected|, infinite when one of them is not a number."""
    difference = abs(got - expected)
    return math.inf if math.isnan(difference) else difference


def central_difference(function: Callable[[], float], array: Array, index: tuple[int, ...], step: float) -> float:
    """``(f(x + h) − f(x − h)) / 2h`` in one entry of an array that the function reads; the entry is put back."""
    before = array[index]
    try:
        array[index] = before + step
        above = function()
        array[index] = before - step
        below = function()
    finally:
        array[index] = before
    return (above - below) / (2 * step)
