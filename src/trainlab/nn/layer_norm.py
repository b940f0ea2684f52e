"""Layer normalization: the mathematics as pure functions, then the layer."""

from typing import Any

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.images import check_dtype, check_grad_output
from trainlab.nn.module import Module
from trainlab.nn.parameter import Parameter


def layer_norm_forward(x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """``y = weight · x̂ + bias`` with ``x̂ = (x − μ) / √(σ² + eps)``, μ and σ² the mean and variance of each row.

    x (…, F), weight (F,), bias (F,) → y (…, F), x̂ (…, F), √(σ² + eps) (…, 1). σ² is the biased variance.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    std = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + eps)
    normalized = centred / std
    return weight * normalized + bias, normalized, std


def layer_norm_backward(grad_output: Array, normalized: Array, std: Array, weight: Array) -> tuple[Array, Array, Array]:
    """The three gradients of `layer_norm_forward`, with h = grad_output · weight and means over each row:

    grad_input  = (h − mean(h) − x̂ · mean(h · x̂)) / √(σ² + eps)     (…, F)
    grad_weight = Σ grad_output · x̂, over all rows                   (F,)
    grad_bias   = Σ grad_output, over all rows                       (F,)
    """
    h = grad_output * weight
    correction = h.mean(axis=-1, keepdims=True) + normalized * (h * normalized).mean(axis=-1, keepdims=True)
    rows = tuple(range(grad_output.ndim - 1))
    grad_weight, grad_bias = (grad_output * normalized).sum(axis=rows), grad_output.sum(axis=rows)
    return (h - correction) / std, grad_weight, grad_bias


class LayerNorm(Module):
    """Every row gets mean 0 and variance 1, then a scale and a shift that are learned; the batch plays no part.

    Forward: ``y = weight · x̂ + bias`` with ``x̂ = (x − μ) / √(σ² + eps)``, μ and σ² over the last axis.

    Backward, with h = grad_output · weight and means over the last axis::

        grad_input  = (h − mean(h) − x̂ · mean(h · x̂)) / √(σ² + eps)
        grad_weight = Σ grad_output · x̂
        grad_bias   = Σ grad_output

    ============  =====================
    array         shape
    ============  =====================
    x, y          (…, normalized_shape)
    weight, bias  (normalized_shape,)
    ============  =====================

    Args:
        normalized_shape: features of each row.
        eps: added to the variance, so that a constant row does not divide by 0.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: x̂ and √(σ² + eps).

    Source: Ba, Kiros & Hinton 2016, "Layer normalization", equation 4.

    >>> LayerNorm(2, dtype=np.float64)(np.array([[1.0, 3.0]])).round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, normalized_shape: int, eps: float = 1e-5, *, dtype: type[np.floating[Any]] = np.float32) -> None:
        if normalized_shape < 1:
            raise ValueError(f"LayerNorm needs at least one feature, got {normalized_shape}")
        if not eps > 0:
            raise ValueError(f"LayerNorm needs an eps above 0, got {eps}")
        self.normalized_shape = normalized_shape
        self.eps = eps
        self.weight = Parameter(np.ones(normalized_shape, dtype), "weight")
        self.bias = Parameter(np.zeros(normalized_shape, dtype), "bias")
        self._kept: tuple[Array, Array] | None = None

    def forward(self, x: Array) -> Array:
        if x.ndim < 2 or x.shape[-1] != self.normalized_shape:
            raise ValueError(f"{self!r} takes input of shape (N, …, {self.normalized_shape}), got {x.shape}")
        check_dtype(self, x, self.weight.data.dtype)
        y, normalized, std = layer_norm_forward(x, self.weight.data, self.bias.data, self.eps)
        self._kept = (normalized, std) if self.training else None
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._kept is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, self._kept[0].shape)
        grad_input, grad_weight, grad_bias = layer_norm_backward(grad_output, *self._kept, self.weight.data)
        self.weight.accumulate(grad_weight)
        self.bias.accumulate(grad_bias)
        return grad_input

    def describe(self) -> str:
        return str(self.normalized_shape) + (f", eps={self.eps}" if self.eps != 1e-5 else "")
