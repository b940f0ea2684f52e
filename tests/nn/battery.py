"""The checks that every layer passes, written once; those of the losses stand in `loss_battery.py`.

A check takes a case (how to build the layer, its twin in PyTorch, a shape) and raises AssertionError when the layer
breaks it. `cases.py` lists the cases; `test_every_layer.py` and `test_every_loss.py` apply every check to every case.
`test_planted_*.py` hand the same checks wrong layers, which they must refuse: a test that cannot fail proves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.nn import Array, GradcheckResult, Module, gradcheck

FloatType = type[np.floating[Any]]

TOLERANCE: dict[FloatType, float] = {np.float64: 1e-12, np.float32: 2e-6}
"""A few roundings of the type; see `assert_close`."""


@dataclass(frozen=True)
class LayerCase:
    """One layer with one input shape."""

    name: str
    make: Callable[[FloatType], Module]
    """Builds the layer; its parameters are drawn anew by `build`."""
    twin: Callable[[], torch.nn.Module]
    """PyTorch's layer; it receives the weights by name, so the names are compared as well."""
    shape: tuple[int, ...]
    returns_view: bool = False
    """The gradient handed back is a reshaped view of the one handed in."""
    peer_rounding: float = 1.0
    """How many times `TOLERANCE` PyTorch's own float32 gradients are off those in float64, where that is above 1."""


@dataclass(frozen=True)
class Pass:
    """What went through a layer and what came out."""

    x: Array
    output: Array
    grad_output: Array
    grad_input: Array
    gradients: dict[str, Array]
    """Copies of the parameters' gradients."""


def build(case: LayerCase, dtype: FloatType = np.float64) -> Module:
    """The case's layer with all parameters random: a bias of 0 would hide that it is forgotten."""
    layer = case.make(dtype)
    rng = np.random.default_rng(1)
    for parameter in layer.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    return layer


def away_from_kinks(shape: tuple[int, ...], dtype: FloatType = np.float64) -> Array:
    """Random numbers of both signs, none within 0.1 of 0, where ReLU has no derivative."""
    numbers = np.random.default_rng(2).standard_normal(shape)
    return np.asarray(np.sign(numbers) * (0.1 + np.abs(numbers)), dtype)


def random_upstream(shape: tuple[int, ...], dtype: FloatType = np.float64, seed: int = 3) -> Array:
    """∂loss/∂output, random: with all ones, the true gradient of a softmax is 0 and zeros would pass."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def gradients_of(layer: Module) -> dict[str, Array]:
    gradients = {}
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None, f"{name} got no gradient"
        gradients[name] = parameter.grad.copy()
    return gradients


def run(layer: Module, shape: tuple[int, ...], dtype: FloatType = np.float64, seed: int = 3) -> Pass:
    x = away_from_kinks(shape, dtype)
    output = layer.forward(x)
    grad_output = random_upstream(output.shape, dtype, seed)
    grad_input = layer.backward(grad_output)
    assert grad_input is not None, "backward returned no gradient of its input"
    return Pass(x, output, grad_output, grad_input, gradients_of(layer))


def assert_close(got: Any, expected: Any, what: str, tolerance: float) -> None:
    """Same shape, same dtype, and every entry within the tolerance, relative to the largest entry (or 1)."""
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale, err_msg=what, strict=True)


def assert_same(got: Any, expected: Any, what: str) -> None:
    """Equal to the bit."""
    np.testing.assert_array_equal(got, expected, err_msg=what, strict=True)


def gradient_report(case: LayerCase) -> GradcheckResult:
    """Every entry of every gradient against central differences, with the upstream gradient of `run`."""
    return gradcheck(build(case), away_from_kinks(case.shape), rng=np.random.default_rng(3))


def check_gradients(case: LayerCase) -> None:
    gradient_report(case).raise_if_wrong()


def check_parity(case: LayerCase, dtype: FloatType) -> None:
    """Output, ∂loss/∂input, every parameter's gradient and every running statistic afterwards are PyTorch's."""
    layer, twin = build(case, dtype), case.twin()
    twin.to(torch.from_numpy(np.zeros(1, dtype)).dtype)
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in layer.state_dict().items()})
    tolerance = TOLERANCE[dtype] * (case.peer_rounding if dtype is np.float32 else 1)
    ours = run(layer, case.shape, dtype)
    x = torch.from_numpy(ours.x.copy()).requires_grad_()
    output = twin(x)
    output.backward(torch.from_numpy(ours.grad_output))
    assert x.grad is not None
    assert_close(ours.output, output.detach().numpy(), "output", tolerance)
    assert_close(ours.grad_input, x.grad.numpy(), "grad_input", tolerance)
    for name, parameter in twin.named_parameters():
        assert parameter.grad is not None
        assert_close(ours.gradients[name], parameter.grad.numpy(), name, tolerance)
    for name, buffer in twin.named_buffers():
        assert_close(layer.state_dict()[name], buffer.numpy(), name, tolerance)


def check_nothing_is_mutated(case: LayerCase) -> None:
    """Neither pass changes the input, the upstream gradient, the output handed out before, or a weight."""
    layer = build(case)
    weights = {name: parameter.data.copy() for name, parameter in layer.named_parameters()}
    x = away_from_kinks(case.shape)
    output = layer.forward(x)
    output_before = output.copy()
    grad_output = random_upstream(output.shape)
    layer.backward(grad_output)
    assert_same(x, away_from_kinks(case.shape), "the input was changed")
    assert_same(grad_output, random_upstream(output.shape), "grad_output was changed")
    assert_same(output, output_before, "backward changed the output")
    for name, parameter in layer.named_parameters():
        assert_same(parameter.data, weights[name], f"{name} was changed")


def check_read_only_arrays_serve(case: LayerCase) -> None:
    """Arrays that cannot be written, such as a memory map, give the same gradients."""
    layer = build(case)
    x = away_from_kinks(case.shape)
    x.setflags(write=False)
    grad_output = random_upstream(layer.forward(x).shape)
    grad_output.setflags(write=False)
    layer.backward(grad_output)
    expected = run(build(case), case.shape).gradients
    for name, gradient in gradients_of(layer).items():
        assert_close(gradient, expected[name], name, TOLERANCE[np.float64])


def check_gradients_are_not_aliased(case: LayerCase) -> None:
    """Scribbling over everything that was passed in or handed out leaves the gradients alone.

    Nobody reads a gradient before the scribbling: a product that was put off would be taken then.
    """
    expected = run(build(case), case.shape)
    layer, x, grad_output = build(case), expected.x.copy(), expected.grad_output.copy()
    output = layer.forward(x)
    grad_input = layer.backward(grad_output)
    for array in [x, output] if case.returns_view else [x, output, grad_output]:
        array[...] = np.nan
    assert_same(grad_input, expected.grad_input, "grad_input shares memory with what was passed in")
    assert grad_input is not None
    grad_input[...] = np.nan
    for name, gradient in gradients_of(layer).items():
        assert_same(gradient, expected.gradients[name], f"the gradient of {name} shares memory with another array")


def check_layers_share_nothing(case: LayerCase) -> None:
    """A second layer's passes in between leave the first one's weights and gradients alone."""
    expected = run(build(case), case.shape)
    first, second = build(case), build(case)
    first.forward(expected.x)
    second.forward(-expected.x)
    grad_input = first.backward(expected.grad_output)
    assert_same(grad_input, expected.grad_input, "grad_input is the other layer's")
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert not np.shares_memory(one.data, other.data), f"{one!r} is shared by two layers"
        assert other.grad is None, f"{other!r} got a gradient from another layer's backward"


def check_dtype_is_kept(case: LayerCase, dtype: FloatType) -> None:
    layer = build(case, dtype)
    result = run(layer, case.shape, dtype)
    arrays = {"output": result.output, "grad_input": result.grad_input, **result.gradients, **layer.state_dict()}
    for name, array in arrays.items():
        assert array.dtype == dtype or array.dtype.kind == "i", (
            f"{name} is {array.dtype} for input of {np.dtype(dtype)}"
        )


def check_two_backwards_add_up(case: LayerCase) -> None:
    """Parameters' gradients add up over passes; ∂loss/∂input belongs to one pass alone."""
    first, second = (run(build(case), case.shape, seed=seed) for seed in (3, 4))
    layer = build(case)
    run(layer, case.shape, seed=3)
    both = run(layer, case.shape, seed=4)
    assert_close(both.grad_input, second.grad_input, "grad_input", TOLERANCE[np.float64])
    for name, gradient in both.gradients.items():
        expected = first.gradients[name] + second.gradients[name]
        assert_close(gradient, expected, f"{name} after two backwards", TOLERANCE[np.float64])


def check_zero_grad_clears(case: LayerCase) -> None:
    layer = build(case)
    once = run(layer, case.shape)
    layer.zero_grad()
    assert all(parameter.grad is None for parameter in layer.parameters()), "zero_grad left a gradient"
    again = run(layer, case.shape)
    for name, gradient in again.gradients.items():
        assert_same(gradient, once.gradients[name], f"{name} after zero_grad")


def check_eval_keeps_nothing(case: LayerCase) -> None:
    """Evaluation keeps no array, not even one from training before; so backward has nothing to go through."""
    layer = build(case)
    result = run(layer, case.shape)
    layer.eval()
    layer.forward(result.x)
    for name, module in layer.named_modules():
        kept = [key for key, value in vars(module).items() if isinstance(value, np.ndarray)]
        assert set(kept) <= set(module.buffer_names), f"{name or 'the layer'} keeps {kept} in evaluation"
    with pytest.raises(RuntimeError, match="evaluation mode keeps nothing"):
        layer.backward(result.grad_output)


def check_backward_needs_a_forward(case: LayerCase) -> None:
    grad_output = run(build(case), case.shape).grad_output
    with pytest.raises(RuntimeError, match=r"backward: there is no forward pass .* Call forward\(x\) first"):
        build(case).backward(grad_output)


def check_deferred_products_agree(case: LayerCase) -> None:
    """Gradients that are taken only when they are read are the same gradients."""
    expected = run(build(case), case.shape)
    layer = build(case)
    layer.defer_weight_grad()
    for name, gradient in run(layer, case.shape).gradients.items():
        assert_same(gradient, expected.gradients[name], name)


OF_A_FORM: list[Callable[[LayerCase], None]] = [
    check_gradients,
    check_nothing_is_mutated,
    check_read_only_arrays_serve,
    check_gradients_are_not_aliased,
    check_layers_share_nothing,
    check_two_backwards_add_up,
    lambda case: check_parity(case, np.float64),
    lambda case: check_parity(case, np.float32),
    lambda case: check_dtype_is_kept(case, np.float32),
]
"""What a faster form of a layer passes as well as the layer."""
