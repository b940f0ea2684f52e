"""Self-attention: the mathematics as pure functions, then the layer.

T is the length of a sequence, D the width of the network, h the number of heads, d = D/h the width of one.
"""

import math
from typing import Any

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.functional import linear_backward, linear_forward, softmax
from trainlab.nn.images import check_dtype, check_grad_output
from trainlab.nn.initialization import Initializer, xavier_normal
from trainlab.nn.linear import Linear
from trainlab.nn.module import Module
from trainlab.nn.parameter import Parameter


def attention_forward(query: Array, key: Array, value: Array, causal: bool = False) -> tuple[Array, Array]:
    """``y = p @ value`` with ``p = softmax(query @ keyᵀ / √d)``, row by row.

    query, key, value (…, T, d) → y (…, T, d) and p (…, T, T): how much each place attends to each other place. With
    ``causal``, places attend to themselves and to earlier ones only: other scores become −∞.

    >>> y, p = attention_forward(np.zeros((2, 1)), np.zeros((2, 1)), np.array([[2.0], [4.0]]), causal=True)
    >>> p.tolist(), y.ravel().tolist()
    ([[1.0, 0.0], [0.5, 0.5]], [2.0, 3.0])
    """
    scores: Array = query @ key.swapaxes(-1, -2) / math.sqrt(query.shape[-1])
    if causal:
        scores[..., np.triu(np.ones(scores.shape[-2:], bool), k=1)] = -np.inf
    p = softmax(scores)
    return p @ value, p


def attention_backward(
    grad_output: Array, query: Array, key: Array, value: Array, p: Array
) -> tuple[Array, Array, Array]:
    """The three gradients of `attention_forward`, s being the scores before the softmax:

    grad_p     = grad_output @ valueᵀ                        (…, T, T)
    grad_s     = p · (grad_p − Σⱼ grad_p[…, j] · p[…, j])    (…, T, T), the derivative of a softmax
    grad_query = grad_s @ key / √d                           (…, T, d)
    grad_key   = grad_sᵀ @ query / √d                        (…, T, d)
    grad_value = pᵀ @ grad_output                            (…, T, d)
    """
    grad_p = grad_output @ value.swapaxes(-1, -2)
    grad_s = p * (grad_p - (grad_p * p).sum(axis=-1, keepdims=True))
    grad_s /= math.sqrt(query.shape[-1])
    return grad_s @ key, grad_s.swapaxes(-1, -2) @ query, p.swapaxes(-1, -2) @ grad_output


class SelfAttention(Module):
    """Every place of a sequence gathers what it finds of interest at the other places.

    Forward, with ``x @ in_proj_weightᵀ + in_proj_bias`` cut into query, key and value, and each of them into heads::

        y = concatenated(softmax(query @ keyᵀ / √d) @ value for each head) @ out_proj.weightᵀ + out_proj.bias

    Backward: `attention_backward` between the backward passes of the two linear maps.

    ===============  ==========================
    array            shape
    ===============  ==========================
    x, y             (N, T, embed_dim)
    in_proj_weight   (3 · embed_dim, embed_dim)
    in_proj_bias     (3 · embed_dim,)
    out_proj.weight  (embed_dim, embed_dim)
    out_proj.bias    (embed_dim,)
    ===============  ==========================

    Names are those of PyTorch's ``MultiheadAttention(batch_first=True)``.

    Args:
        embed_dim: D, numbers at each place.
        num_heads: h, which divides D. More heads look for more things at a time, each in fewer dimensions.
        causal: whether places see themselves and earlier ones only.
        rng: where the initial weights are drawn from.
        initialization: one of `nn.initialization`; Xavier's by default.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: the input, query, key, value and the attention p, which is (N, h, T, T).

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.

    >>> layer = SelfAttention(8, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((3, 5, 8), np.float32)).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        causal: bool = False,
        *,
        rng: np.random.Generator,
        initialization: Initializer = xavier_normal,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
            raise ValueError(f"num_heads must divide embed_dim, got {num_heads} heads for {embed_dim} dimensions")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.causal = causal
        weight = initialization((3 * embed_dim, embed_dim), rng).astype(dtype)
        self.in_proj_weight = Parameter(weight, "in_proj_weight")
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype), "in_proj_bias")
        self.out_proj = Linear(embed_dim, embed_dim, rng=rng, initialization=initialization, dtype=dtype)
        self._kept: tuple[Array, tuple[Array, Array, Array, Array]] | None = None

    def forward(self, x: Array) -> Array:
        if x.ndim != 3 or x.shape[2] != self.embed_dim:
            raise ValueError(f"{self!r} takes input of shape (N, T, {self.embed_dim}), got {x.shape}")
        check_dtype(self, x, self.in_proj_weight.data.dtype)
        batch, length, width = x.shape
        rows = x.reshape(-1, width)
        projected = linear_forward(rows, self.in_proj_weight.data, self.in_proj_bias.data)
        query, key, value = projected.reshape(batch, length, 3, self.num_heads, -1).transpose(2, 0, 3, 1, 4)
        heads, p = attention_forward(query, key, value, self.causal)
        self._kept = (rows, (query, key, value, p)) if self.training else None
        return self.out_proj.forward(heads.swapaxes(1, 2).reshape(-1, width)).reshape(x.shape)

    def backward(self, grad_output: Array) -> Array:
        if self._kept is None:
            raise self._no_forward()
        rows, (query, key, value, p) = self._kept
        batch, heads, length, width = query.shape
        check_grad_output(self, grad_output, (batch, length, self.embed_dim))
        grad_rows = self.out_proj.backward(grad_output.reshape(-1, self.embed_dim))
        assert grad_rows is not None
        grad_heads = grad_rows.reshape(batch, length, heads, width).swapaxes(1, 2)
        grads = np.stack(attention_backward(grad_heads, query, key, value, p))
        grad_projected = grads.transpose(1, 3, 0, 2, 4).reshape(-1, 3 * self.embed_dim)
        grad_input, grad_weight, grad_bias = linear_backward(grad_projected, rows, self.in_proj_weight.data)
        self.in_proj_weight.accumulate(grad_weight)
        self.in_proj_bias.accumulate(grad_bias)
        return grad_input.reshape(batch, length, self.embed_dim)

    def describe(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}" + (", causal=True" if self.causal else "")
