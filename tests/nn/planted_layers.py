"""Wrong backward passes, each with one mistake that people make, and which gradients it spoils.

A planted layer computes the right output; only its backward takes the gradients from the formula given here. The right
formula is planted as well, under the name "right": so what fails is the mistake and not the planting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from tests.nn.battery import FloatType, LayerCase
from tests.nn.cases import BY_NAME, DROPOUT_SEED, chain, linear, same
from tests.nn.planted_images import planted_images
from trainlab.nn import Array, Linear, Module, Sequential, Tanh, functional

Formula = Callable[[Array, Array, Array], Array]
"""(grad_output, x, y) → grad_input"""
LinearFormula = Callable[[Array, Array, Array], tuple[Array, Array, Array]]
"""(grad_output, x, weight) → grad_input, grad_weight, grad_bias"""


@dataclass(frozen=True)
class Planted:
    """A case whose layer is wrong, and the right one."""

    case: LayerCase
    right: LayerCase
    spoiled: frozenset[str]
    """The gradients that come out wrong, by the name that the report uses; empty for the right formula."""


class LinearWith(Linear):
    """`Linear` with its gradients from a formula."""

    def __init__(self, formula: LinearFormula, dtype: FloatType) -> None:
        super().__init__(3, 3, rng=np.random.default_rng(0), dtype=dtype)  # square: a transposed matrix fits
        self._formula = formula

    def backward(self, grad_output: Array) -> Array:
        assert self._x is not None
        assert self.bias is not None
        grad_input, grad_weight, grad_bias = self._formula(grad_output, self._x, self.weight.data)
        self.weight.accumulate(grad_weight)
        self.bias.accumulate(grad_bias)
        return grad_input


class LayerWith(Module):
    """Any layer without weights, with its gradient from a formula."""

    def __init__(self, layer: Module, formula: Formula) -> None:
        self.inner = layer
        self._formula = formula
        self._arrays: list[Array] = []

    def forward(self, x: Array) -> Array:
        y = self.inner.forward(x)
        self._arrays = [x, y]
        return y

    def backward(self, grad_output: Array) -> Array:
        return self._formula(grad_output, *self._arrays)


def _mask(x: Array) -> Array:
    return functional.dropout_mask(x.shape, 0.4, np.random.default_rng(DROPOUT_SEED), x.dtype)


def _gelu_first_term(grad_output: Array, x: Array, y: Array) -> Array:
    return np.asarray(grad_output * y / x)  # (1 + t)/2 = y/x


def _gelu_without_cubic(grad_output: Array, x: Array, y: Array) -> Array:
    t = 2 * y / x - 1
    return np.asarray(grad_output * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * np.sqrt(2 / np.pi)))


LINEAR_MISTAKES: dict[str, tuple[LinearFormula, set[str]]] = {
    "right": (functional.linear_backward, set()),
    "all zeros": (lambda g, x, w: (0 * (g @ w), 0 * w, 0 * w[:, 0]), {"input", "weight", "bias"}),
    "grad_input zeros": (lambda g, x, w: (0 * (g @ w), g.T @ x, g.sum(0)), {"input"}),
    "grad_input sign": (lambda g, x, w: (-(g @ w), g.T @ x, g.sum(0)), {"input"}),
    "grad_input transposed weight": (lambda g, x, w: (g @ w.T, g.T @ x, g.sum(0)), {"input"}),
    "grad_weight zeros": (lambda g, x, w: (g @ w, 0 * w, g.sum(0)), {"weight"}),
    "grad_weight sign": (lambda g, x, w: (g @ w, -(g.T @ x), g.sum(0)), {"weight"}),
    "grad_weight transposed": (lambda g, x, w: (g @ w, x.T @ g, g.sum(0)), {"weight"}),
    "grad_weight mean for sum": (lambda g, x, w: (g @ w, g.T @ x / len(x), g.sum(0)), {"weight"}),
    "grad_weight drops a sample": (lambda g, x, w: (g @ w, g[1:].T @ x[1:], g.sum(0)), {"weight"}),
    "grad_bias missing": (lambda g, x, w: (g @ w, g.T @ x, 0 * g[0]), {"bias"}),
    "grad_bias mean for sum": (lambda g, x, w: (g @ w, g.T @ x, g.mean(0)), {"bias"}),
    "grad_bias of one sample": (lambda g, x, w: (g @ w, g.T @ x, g[0].copy()), {"bias"}),
}

ELEMENTWISE_MISTAKES: dict[str, dict[str, Formula]] = {
    "relu": {
        "right": lambda g, x, y: g * (y > 0),
        "zeros": lambda g, x, y: 0 * g,
        "sign": lambda g, x, y: -g * (y > 0),
        "mask from the wrong side": lambda g, x, y: g * (y <= 0),
        "mask forgotten": lambda g, x, y: g * 1,
        "output for mask": lambda g, x, y: g * y,
    },
    "leaky_relu-0.3": {
        "right": lambda g, x, y: np.where(x > 0, g, 0.3 * g),
        "slope squared": lambda g, x, y: np.where(x > 0, g, 0.3**2 * g),
        "slope forgotten": lambda g, x, y: g * (x > 0),
        "sides swapped": lambda g, x, y: np.where(x > 0, 0.3 * g, g),
    },
    "gelu": {
        "right": lambda g, x, y: functional.gelu_backward(g, x),
        "zeros": lambda g, x, y: 0 * g,
        "without the second term": _gelu_first_term,
        "without the cubic's derivative": _gelu_without_cubic,
    },
    "tanh": {
        "right": lambda g, x, y: g * (1 - y * y),
        "sign": lambda g, x, y: -g * (1 - y * y),
        "square forgotten": lambda g, x, y: g * (1 - y),
        "input for output": lambda g, x, y: g * (1 - x * x),
    },
    "sigmoid": {
        "right": lambda g, x, y: g * y * (1 - y),
        "factor dropped": lambda g, x, y: g * y,
        "input for output": lambda g, x, y: g * x * (1 - x),
        "grad_output forgotten": lambda g, x, y: y * (1 - y),
    },
    "flatten": {
        "right": lambda g, x, y: g.reshape(x.shape),
        "column order": lambda g, x, y: g.reshape(x.shape, order="F"),
    },
    "dropout": {
        "right": lambda g, x, y: g * _mask(x),
        "scale forgotten": lambda g, x, y: g * (_mask(x) > 0),
        "mask forgotten": lambda g, x, y: g * 1,
        "mask inverted": lambda g, x, y: g * (_mask(x) == 0),
    },
}


class SequentialWithout(Sequential):
    """Forgets one layer on the way back."""

    def __init__(self, forgotten: int, *layers: Module) -> None:
        super().__init__(*layers)
        self._forgotten = forgotten

    def backward(self, grad_output: Array) -> Array | None:
        for position in reversed(range(len(self.layers))):
            grad_input = grad_output if position == self._forgotten else self.layers[position].backward(grad_output)
            assert grad_input is not None
            grad_output = grad_input
        return grad_output


SQUARE = LayerCase("linear-square", linear(3, 3), lambda: torch.nn.Linear(3, 3), (4, 3))
MAKE_CHAIN = chain(linear(3, 4), same(Tanh), linear(4, 2))
CHAIN = LayerCase(
    "sequential",
    MAKE_CHAIN,
    lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)),
    (4, 3),
)


def _replace(right: LayerCase, mistake: str, make: Callable[[FloatType], Module], *spoiled: str) -> Planted:
    return Planted(replace(right, name=f"{right.name}: {mistake}", make=make), right, frozenset(spoiled))


def _planted_linears() -> Iterator[Planted]:
    for mistake, (formula, spoiled) in LINEAR_MISTAKES.items():
        yield _replace(SQUARE, mistake, partial(LinearWith, formula), *spoiled)


def _planted_elementwise() -> Iterator[Planted]:
    for name, formulas in ELEMENTWISE_MISTAKES.items():
        right = BY_NAME[name]
        for mistake, formula in formulas.items():
            make = lambda dtype, right=right, formula=formula: LayerWith(right.make(dtype), formula)
            yield _replace(right, mistake, make, *([] if mistake == "right" else ["input"]))


def _planted_chains() -> Iterator[Planted]:
    make = lambda dtype: SequentialWithout(1, *MAKE_CHAIN(dtype).layers)
    yield _replace(CHAIN, "activation forgotten", make, "input", "0.weight", "0.bias")


PLANTED = [
    *_planted_linears(),
    *_planted_elementwise(),
    *_planted_chains(),
    *(Planted(*one) for one in planted_images()),
]
