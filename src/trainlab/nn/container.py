"""Layers that arrange other things: one after the other, flattened, or dropped at random."""

from collections.abc import Iterator

import numpy as np

from trainlab.nn import functional
from trainlab.nn.array import Array
from trainlab.nn.module import Module


class Sequential(Module):
    """Layers one after the other.

    Forward: ``y = layerₘ(… layer₂(layer₁(x)))``. Backward: the chain rule, from the last layer to the first.
    Parameters are named by position, as in PyTorch: ``"0.weight"``, ``"0.bias"``, ``"2.weight"``, …

    >>> from trainlab.nn import Linear, ReLU
    >>> rng = np.random.default_rng(0)
    >>> model = Sequential(Linear(784, 128, rng=rng), ReLU(), Linear(128, 10, rng=rng))
    >>> sum(parameter.size for parameter in model.parameters())
    101770
    """

    def __init__(self, *layers: Module) -> None:
        self.layers = list(layers)

    def children(self) -> Iterator[tuple[str, Module]]:
        for position, layer in enumerate(self.layers):
            yield str(position), layer

    def skip_input_grad(self) -> None:
        """Only layers up to the first one with weights can skip: those behind it pass their gradient on to it."""
        self.needs_input_grad = False
        for layer in self.layers:
            layer.skip_input_grad()
            if layer.parameters():
                break

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_output: Array) -> Array | None:
        for layer in reversed(self.layers):
            grad_input = layer.backward(grad_output)
            if grad_input is None:  # nothing below this layer has weights
                return None
            grad_output = grad_input
        return grad_output

    def __getitem__(self, position: int) -> Module:
        return self.layers[position]

    def __len__(self) -> int:
        return len(self.layers)


class Flatten(Module):
    """Lays every sample out as one row.

    Forward: (N, C, H, W) → (N, C·H·W), or any (N, …) → (N, F). Backward: the inverse reshape.
    Keeps in training: the input's shape.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        self._shape = x.shape if self.training else None
        return x.reshape(len(x), -1)

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        return grad_output.reshape(self._shape)


class Dropout(Module):
    """In training, sets each entry to 0 with probability p and scales the others so that the mean stays.

    Forward: ``y = mask · x`` with ``mask`` 0 or 1/(1 − p); in evaluation ``y = x``.
    Backward: ``grad_input = mask · grad_output``.

    Args:
        p: probability of dropping an entry, in [0, 1). A larger p regularises more and trains more slowly.
        rng: where masks are drawn from; an engine sets it anew for every step, keyed by (seed, step), so that a
            resumed run draws the same masks.

    Keeps in training: the mask. Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks
    from overfitting" (here in the inverted form, which leaves evaluation alone).
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout needs a probability in [0, 1), got p={p}")
        self.p = p
        self.rng = rng
        self._mask: Array | None = None

    def forward(self, x: Array) -> Array:
        if not self.training:
            self._mask = None
            return x
        self._mask = functional.dropout_mask(x.shape, self.p, self.rng, x.dtype)
        return x * self._mask

    def backward(self, grad_output: Array) -> Array:
        if self._mask is None:
            raise self._no_forward()
        return grad_output * self._mask

    def describe(self) -> str:
        return f"p={self.p}"
