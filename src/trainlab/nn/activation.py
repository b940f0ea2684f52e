"""Activations: a function of one number, applied to every entry. Input and output have the same shape.

The formulas stand in `nn.functional`; a layer only remembers what its backward pass needs.
"""

from trainlab.nn import functional
from trainlab.nn.array import Array
from trainlab.nn.module import Module


class ReLU(Module):
    """Negative entries become 0.

    Forward: ``y = max(x, 0)``. Backward: ``grad_input = grad_output · [y > 0]`` (0 at the kink, as in PyTorch).

    Keeps in training: the output. Source: Nair & Hinton 2010, "Rectified linear units improve restricted
    Boltzmann machines".
    """

    def __init__(self) -> None:
        self._y: Array | None = None

    def forward(self, x: Array) -> Array:
        y = functional.relu_forward(x)
        self._y = y if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._y is None:
            raise self._no_forward()
        return functional.relu_backward(grad_output, self._y)


class LeakyReLU(Module):
    """Negative entries shrink instead of vanishing, so that no unit can die.

    Forward: ``y = x for x > 0, else negative_slope · x``.
    Backward: ``grad_input = grad_output for x > 0, else negative_slope · grad_output``.

    Args:
        negative_slope: 0 makes a ReLU, 1 the identity.

    Keeps in training: the input. Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network
    acoustic models".
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope
        self._x: Array | None = None

    def forward(self, x: Array) -> Array:
        self._x = x if self.training else None
        return functional.leaky_relu_forward(x, self.negative_slope)

    def backward(self, grad_output: Array) -> Array:
        if self._x is None:
            raise self._no_forward()
        return functional.leaky_relu_backward(grad_output, self._x, self.negative_slope)

    def describe(self) -> str:
        return f"negative_slope={self.negative_slope}"


class GELU(Module):
    """A smooth ReLU: the input times (about) the probability that a normal number is below it.

    Forward: ``y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))``. Backward: `functional.gelu_backward`.

    Keeps in training: the input. Source: Hendrycks & Gimpel 2016, "Gaussian error linear units", section 2;
    PyTorch calls this form ``GELU(approximate="tanh")``.
    """

    def __init__(self) -> None:
        self._x: Array | None = None

    def forward(self, x: Array) -> Array:
        self._x = x if self.training else None
        return functional.gelu_forward(x)

    def backward(self, grad_output: Array) -> Array:
        if self._x is None:
            raise self._no_forward()
        return functional.gelu_backward(grad_output, self._x)


class Tanh(Module):
    """Squashes every entry into (−1, 1).

    Forward: ``y = tanh(x)``. Backward: ``grad_input = grad_output · (1 − y²)``. Keeps in training: the output.
    """

    def __init__(self) -> None:
        self._y: Array | None = None

    def forward(self, x: Array) -> Array:
        y = functional.tanh_forward(x)
        self._y = y if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._y is None:
            raise self._no_forward()
        return functional.tanh_backward(grad_output, self._y)


class Sigmoid(Module):
    """Squashes every entry into (0, 1).

    Forward: ``y = 1 / (1 + e⁻ˣ)``. Backward: ``grad_input = grad_output · y · (1 − y)``. Keeps in training: the output.
    """

    def __init__(self) -> None:
        self._y: Array | None = None

    def forward(self, x: Array) -> Array:
        y = functional.sigmoid_forward(x)
        self._y = y if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._y is None:
            raise self._no_forward()
        return functional.sigmoid_backward(grad_output, self._y)


ACTIVATIONS: dict[str, type[Module]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "gelu": GELU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
}
