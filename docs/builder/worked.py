"""The worked example of a page: its code runs, and what it claims is held against the layer and against differences.

The code blocks of a page that are marked ``python worked`` run in one namespace, in order. They define

- ``layer``, a Module or a Loss in float64, and ``x``, its input (for a loss the prediction, with ``target``);
- ``y`` and ``grad_output``, the output and the upstream gradient of a Module;
- ``by_hand``: array by name, "y", "x" and every parameter: the output and the gradients from the formulas of the page,
  written out without the layer;
- ``mistakes``, if any: a sentence about each → (which gradient, what it gives);
- ``curves``, if the page draws any: a name → (x, y), rows of numbers;
- ``forward``, if the output depends on more than x: a function of x that computes it anew.

A page about an optimizer defines ``steps`` instead: a name → (by hand, by the optimizer).
"""

import ast
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from docs.builder.numbers import added, latex, products
from docs.builder.problem import DocumentationError
from trainlab.nn import Array, Loss, Module
from trainlab.nn.gradcheck import central_difference

ROUNDING = 1e-12
"""By hand and by code may differ by a few roundings of float64."""
DIFFERENCE = 1e-6
"""Central differences with a step of 1e-5 are this good for numbers around 1."""


@dataclass(frozen=True)
class Compared:
    """One array, computed in several ways."""

    name: str
    value: Array
    by_hand_off: float
    numerical_off: float | None
    """None for what has no derivative to compare: the output itself, an optimizer's step."""


@dataclass(frozen=True)
class Mistake:
    told: str
    gradient: str
    wrong: Array
    right: Array


class Worked:
    """What the code of a page has computed."""

    def __init__(self, page: str, code: list[str]) -> None:
        self.page = page
        self.names: dict[str, Any] = {"__name__": f"worked example of {page}"}
        self.functions: dict[str, str] = {}
        for block in code:
            self._run(block)
        self.compared = tuple(self._compare())
        self.mistakes = tuple(self._mistakes())

    def _run(self, block: str) -> None:
        try:
            exec(compile(block, self.page, "exec"), self.names)
        except Exception as error:
            raise DocumentationError(f"{self.page}: its worked example stops: {error!r}") from error
        for statement in ast.parse(block).body:
            if isinstance(statement, ast.FunctionDef):
                self.functions[statement.name] = ast.get_source_segment(block, statement) or ""

    def evaluate(self, expression: str) -> str:
        """What ``{{ expression }}`` becomes on the page: LaTeX."""
        helpers = {"products": products, "added": added}
        try:
            return latex(eval(expression, self.names | helpers))
        except Exception as error:
            raise DocumentationError(f"{self.page}: {{{{ {expression} }}}}: {error!r}") from error

    def arrays(self) -> Mapping[str, Array]:
        """The arrays whose shapes the docstring tells."""
        layer = self.names.get("layer")
        if isinstance(layer, Module):
            buffers = {name: np.asarray(buffer) for name, buffer in layer.named_buffers()}
            parameters = {name: parameter.data for name, parameter in layer.named_parameters()}
            return {"x": self.names["x"], "y": self.names["y"], **parameters, **buffers}
        if isinstance(layer, Loss):
            return {"prediction": self.names["x"], "target": self.names["target"]}
        return {}

    def right(self) -> dict[str, Array]:
        """The gradients that the layer gives."""
        layer, x = self.names["layer"], self.names["x"]
        self._output(x)
        if isinstance(layer, Loss):
            return {"x": layer.backward()}
        layer.zero_grad()
        grad_input = layer.backward(self.names["grad_output"])
        gradients = {} if grad_input is None else {"x": grad_input}
        for name, parameter in layer.named_parameters():
            assert parameter.grad is not None
            gradients[name] = parameter.grad.copy()
        return gradients

    def _output(self, x: Array) -> Any:
        layer = self.names["layer"]
        if isinstance(layer, Loss):
            return layer.forward(x, self.names["target"])
        forward: Callable[[Array], Array] = self.names.get("forward", layer.forward)
        return forward(x)

    def _compare(self) -> list[Compared]:
        if "steps" in self.names:
            return [self._compared(name, *pair) for name, pair in self.names["steps"].items()]
        if "layer" not in self.names:
            return []
        layer, x, by_hand = self.names["layer"], self.names["x"], self.names["by_hand"]
        gradients = self.right()
        if set(by_hand) != {"y", *gradients}:
            raise DocumentationError(f"{self.page}: by_hand has {sorted(by_hand)}, not y and {sorted(gradients)}")
        inputs = {"x": x} | (
            {name: parameter.data for name, parameter in layer.named_parameters()} if isinstance(layer, Module) else {}
        )
        upstream = self.names.get("grad_output", 1.0)

        def loss() -> float:
            return float(np.sum(self._output(x) * upstream))

        found = [self._compared("y", by_hand["y"], self._output(x))]
        for name, gradient in gradients.items():
            numerical = np.empty(inputs[name].shape)
            for index in np.ndindex(numerical.shape):
                numerical[index] = central_difference(loss, inputs[name], index, 1e-5)
            found.append(self._compared(name, by_hand[name], gradient, numerical))
        return found

    def _compared(self, name: str, by_hand: Any, by_code: Any, numerical: Array | None = None) -> Compared:
        by_hand_off = _distance(by_hand, by_code)
        if not by_hand_off <= ROUNDING:
            raise DocumentationError(f"{self.page}: {name} by hand is off by {by_hand_off}: {by_hand} for {by_code}")
        numerical_off = None if numerical is None else _distance(numerical, by_code)
        if numerical_off is not None and not numerical_off <= DIFFERENCE:
            raise DocumentationError(f"{self.page}: the gradient of {name} is off by {numerical_off}: {by_code}")
        return Compared(name, np.asarray(by_code), by_hand_off, numerical_off)

    def _mistakes(self) -> list[Mistake]:
        told = self.names.get("mistakes", {})
        if not told:
            return []
        right = self.right()
        found = [Mistake(text, name, np.asarray(wrong), right[name]) for text, (name, wrong) in told.items()]
        for mistake in found:
            same_shape = mistake.wrong.shape == mistake.right.shape
            if same_shape and _distance(mistake.wrong, mistake.right) < 1e-3:
                raise DocumentationError(f"{self.page}: {mistake.told!r} is no mistake in this example")
        for one, other in itertools.combinations(found, 2):
            if one.gradient == other.gradient and np.array_equal(one.wrong, other.wrong):
                raise DocumentationError(f"{self.page}: {one.told!r} and {other.told!r} give the same in this example")
        return found


def _distance(one: Any, other: Any) -> float:
    one, other = np.asarray(one, float), np.asarray(other, float)
    if one.shape != other.shape:
        raise DocumentationError(f"arrays of shape {one.shape} and {other.shape} cannot be equal")
    return float(np.abs(one - other).max(initial=0.0))
