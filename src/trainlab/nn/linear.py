"""The fully connected layer."""

from typing import Any

import numpy as np

from trainlab.nn import functional
from trainlab.nn.array import Array
from trainlab.nn.initialization import Initializer, he_normal
from trainlab.nn.module import Module
from trainlab.nn.parameter import Parameter


class Linear(Module):
    """Every output is a weighted sum of all inputs, plus a bias.

    Forward: ``y = x @ weightᵀ + bias``

    Backward::

        grad_input  = grad_output @ weight
        grad_weight = grad_outputᵀ @ x
        grad_bias   = Σₙ grad_output[n]

    =============  ==========================================
    array          shape
    =============  ==========================================
    x              (N, in_features)
    weight         (out_features, in_features)
    bias           (out_features,)
    y              (N, out_features)
    =============  ==========================================

    Args:
        in_features: numbers that come in for each sample.
        out_features: numbers that go out for each sample.
        bias: whether there is a bias; it begins at 0.
        rng: where the initial weights are drawn from.
        initialization: one of `nn.initialization`; He's by default.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: the input. Raises ValueError when the input has another number of features.

    Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors".

    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((4, 3), np.float32)).shape
    (4, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        initialization: Initializer = he_normal,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(f"Linear needs at least one feature on each side, got {in_features} → {out_features}")
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(initialization((out_features, in_features), rng).astype(dtype), "weight")
        self.bias = Parameter(np.zeros(out_features, dtype), "bias") if bias else None
        self._x: Array | None = None

    def forward(self, x: Array) -> Array:
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"{self!r} takes input of shape (N, {self.in_features}), got {x.shape}")
        self._x = x if self.training else None
        return functional.linear_forward(x, self.weight.data, None if self.bias is None else self.bias.data)

    def backward(self, grad_output: Array) -> Array | None:
        if self._x is None:
            raise self._no_forward()
        if grad_output.shape != (len(self._x), self.out_features):
            raise ValueError(
                f"{self!r}.backward takes a gradient of its output's shape, ({len(self._x)}, {self.out_features}), "
                f"got {grad_output.shape}"
            )
        self.weight.accumulate_product(grad_output, self._x)
        if self.bias is not None:
            self.bias.accumulate_sum(grad_output)
        return grad_output @ self.weight.data if self.needs_input_grad else None

    def describe(self) -> str:
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias else ", bias=False")
