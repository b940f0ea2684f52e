"""What every layer is: a forward pass, a backward pass, and parameters with names."""

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.parameter import Parameter


class Module:
    """The base of all layers and networks.

    A layer writes two methods. ``forward(x)`` computes the output and, in training mode, keeps what ``backward``
    will need. ``backward(grad_output)`` takes ∂loss/∂output, *adds* ∂loss/∂parameter to each parameter's ``grad``
    and returns ∂loss/∂input. Parameters and inner modules are found by looking at the attributes, in the order
    in which they were assigned: nothing has to be registered.
    """

    training: bool = True
    needs_input_grad: bool = True
    """False for the first layer of a network in training: nobody reads ∂loss/∂image, so backward returns None."""
    buffer_names: tuple[str, ...] = ()
    """Attributes that are saved with the weights but are not trained, such as running statistics."""

    def forward(self, x: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def backward(self, grad_output: Array) -> Array | None:
        raise NotImplementedError(f"{type(self).__name__} does not define backward()")

    def __call__(self, x: Array) -> Array:
        return self.forward(x)

    def skip_input_grad(self) -> None:
        """Tell the module that nobody will read ∂loss/∂input."""
        self.needs_input_grad = False

    def defer_weight_grad(self) -> None:
        """Let weight gradients stay products until they are read; see `Parameter` for what the caller promises."""
        for parameter in self.parameters():
            parameter.deferred = True

    # ------------------------------------------------------------ the tree of modules

    def children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside this one, with their names; lists are numbered."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, list):
                yield from ((f"{name}.{i}", item) for i, item in enumerate(value) if isinstance(item, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and everything inside it, depth first."""
        yield prefix, self
        for name, child in self.children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter):
                    yield (f"{prefix}.{name}" if prefix else name), value

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        for prefix, module in self.named_modules():
            for name in module.buffer_names:
                yield (f"{prefix}.{name}" if prefix else name), getattr(module, name)

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.zero_grad()

    # ------------------------------------------------------------ modes

    def train(self, mode: bool = True) -> Self:
        """Training mode: dropout drops, and forward keeps what backward needs."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Evaluation mode: forward changes nothing and keeps nothing."""
        return self.train(False)

    # ------------------------------------------------------------ weights in and out

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer by name; the names are PyTorch's."""
        state = {name: parameter.data.copy() for name, parameter in self.named_parameters()}
        state.update({name: buffer.copy() for name, buffer in self.named_buffers()})
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy values in, by name.

        Raises ValueError, before anything is changed, with every name that is missing, unknown or of another shape.
        """
        own = {name: parameter.data for name, parameter in self.named_parameters()}
        own.update(dict(self.named_buffers()))
        check_fit({name: array.shape for name, array in own.items()}, state)
        for name, values in own.items():
            np.copyto(values, state[name], casting="same_kind")

    def __repr__(self) -> str:
        inner = [f"  ({name}): {child!r}".replace("\n", "\n  ") for name, child in self.children()]
        if not inner:
            return f"{type(self).__name__}({self.describe()})"
        return f"{type(self).__name__}(\n" + "\n".join(inner) + "\n)"

    def describe(self) -> str:
        """What stands between the brackets of repr."""
        return ""

    def _no_forward(self) -> RuntimeError:
        return RuntimeError(
            f"{type(self).__name__}.backward: there is no forward pass to go back through. Call forward(x) first, in "
            "training mode (evaluation mode keeps nothing)."
        )


def check_fit(
    expected: Mapping[str, tuple[int, ...]],
    state: Mapping[str, Array],
    problem: str = "these weights do not fit this network",
) -> None:
    """Raises ValueError with every name in a state that is missing, unknown or of another shape than expected."""
    problems = [f"{name}: missing, expected shape {shape}" for name, shape in expected.items() if name not in state]
    problems += [f"{name}: unknown, shape {array.shape}" for name, array in state.items() if name not in expected]
    problems += [
        f"{name}: shape {state[name].shape}, expected {shape}"
        for name, shape in expected.items()
        if name in state and state[name].shape != shape
    ]
    if problems:
        raise ValueError(f"{problem}:\n  " + "\n  ".join(problems))
