"""Layers that arrange other things: one after the other, side by side, flattened, or dropped at random."""

import math
from collections.abc import Iterator

import numpy as np

from trainlab.nn import functional
from trainlab.nn.array import Array
from trainlab.nn.images import check_images
from trainlab.nn.module import Module


class Sequential(Module):
    """Layers one after the other.

    Forward: ``y = layerₘ(… layer₂(layer₁(x)))``. Backward: the chain rule, from the last layer to the first.
    Parameters are named by position, as in PyTorch: ``"0.weight"``, ``"0.bias"``, ``"2.weight"``, …; or by
    name where layers come with one, ``Sequential(conv1=…, relu1=…)``: ``"conv1.weight"``, …

    >>> from trainlab.nn import Linear, ReLU
    >>> rng = np.random.default_rng(0)
    >>> model = Sequential(Linear(784, 128, rng=rng), ReLU(), Linear(128, 10, rng=rng))
    >>> sum(parameter.size for parameter in model.parameters())
    101770
    """

    def __init__(self, *layers: Module, **named_layers: Module) -> None:
        if layers and named_layers:
            raise TypeError("Sequential takes layers by position or by name, got both")
        self.layers = [*layers, *named_layers.values()]
        self.names = list(named_layers) or [str(position) for position in range(len(layers))]

    def children(self) -> Iterator[tuple[str, Module]]:
        yield from zip(self.names, self.layers, strict=True)

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


class Residual(Module):
    """A body, and a shortcut around it: the body has only to learn what is to be added to its input.

    Forward: ``y = body(x) + shortcut(x)``.
    Backward: ``grad_input = body.backward(grad_output) + shortcut.backward(grad_output)``.

    Args:
        body: any layers.
        shortcut: what takes x to the shape of the body's output; an empty `Sequential` is the identity.

    Raises ValueError when the two outputs differ in shape.

    Source: He et al. 2016, "Deep residual learning for image recognition", equations 1 and 2.

    >>> from trainlab.nn import ReLU
    >>> Residual(ReLU())(np.array([[-1.0, 2.0]])).tolist()
    [[-1.0, 4.0]]
    """

    def __init__(self, body: Module, shortcut: Module | None = None) -> None:
        self.body = body
        self.shortcut = Sequential() if shortcut is None else shortcut

    def children(self) -> Iterator[tuple[str, Module]]:
        """The layers of a `Sequential` body by their own names, as PyTorch's blocks have them, and the shortcut."""
        yield from self.body.children() if isinstance(self.body, Sequential) else [("body", self.body)]
        yield "shortcut", self.shortcut

    def skip_input_grad(self) -> None:
        self.needs_input_grad = False
        self.body.skip_input_grad()
        self.shortcut.skip_input_grad()

    def forward(self, x: Array) -> Array:
        y, around = self.body.forward(x), self.shortcut.forward(x)
        if y.shape != around.shape:
            raise ValueError(
                f"Residual adds two outputs of one shape, got {y.shape} from the body and {around.shape} from the "
                "shortcut. Give it a shortcut that changes the shape as the body does."
            )
        return functional.add(y, around)

    def backward(self, grad_output: Array) -> Array | None:
        grad_body, grad_shortcut = self.body.backward(grad_output), self.shortcut.backward(grad_output)
        if grad_body is None or grad_shortcut is None or not self.needs_input_grad:
            return None
        return functional.add(grad_body, grad_shortcut)


class Flatten(Module):
    """Lays every sample out as one row.

    Forward: ``y[n] = x[n], row by row``. Backward: the inverse reshape.

    x (N, C, H, W) → y (N, C·H·W), or any x (N, …) → y (N, F). Keeps in training: the input's shape.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        self._shape = x.shape if self.training else None
        return x.reshape(len(x), math.prod(x.shape[1:]))

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
        self._mask = functional.dropout_mask(self._mask_shape(x), self.p, self.rng, x.dtype)
        return x * self._mask

    def backward(self, grad_output: Array) -> Array:
        if self._mask is None:
            raise self._no_forward()
        return grad_output * self._mask

    def _mask_shape(self, x: Array) -> tuple[int, ...]:
        return x.shape

    def describe(self) -> str:
        return f"p={self.p}"


class Dropout2d(Dropout):
    """`Dropout` of whole channels of an image: neighbouring pixels tell so much the same that single ones are no loss.

    x (N, C, H, W); each of the N·C channels is 0 with probability p, else multiplied by 1/(1 − p).

    Source: Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.2.

    >>> layer = Dropout2d(0.5, rng=np.random.default_rng(0))
    >>> layer(np.ones((1, 4, 1, 2))).reshape(4, 2).tolist()
    [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0], [0.0, 0.0]]
    """

    def forward(self, x: Array) -> Array:
        check_images(self, x)
        return super().forward(x)

    def _mask_shape(self, x: Array) -> tuple[int, ...]:
        return (*x.shape[:2], 1, 1)
