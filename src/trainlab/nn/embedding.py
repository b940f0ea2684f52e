"""The layer that turns numbers of words into vectors."""

from typing import Any

import numpy as np

from trainlab.nn.array import Array, Labels
from trainlab.nn.images import check_grad_output
from trainlab.nn.module import Module
from trainlab.nn.parameter import Parameter


def embedding_backward(grad_output: Array, ids: Labels, num_embeddings: int) -> Array:
    """``grad_weight[v] = Σ grad_output[n, …] over all places where ids[n, …] = v``

    grad_output (N, …, D), ids (N, …) → grad_weight (num_embeddings, D).

    >>> embedding_backward(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1]), 3).tolist()
    [[2.0], [5.0], [0.0]]
    """
    grad_weight = np.zeros((num_embeddings, grad_output.shape[-1]), grad_output.dtype)
    np.add.at(grad_weight, ids.ravel(), grad_output.reshape(-1, grad_output.shape[-1]))
    return grad_weight


class Embedding(Module):
    """A table with one row for each word of a vocabulary; words come as numbers.

    Forward: ``y[n, …] = weight[x[n, …]]``.
    Backward: ``grad_weight[v] = Σ grad_output[n, …] over all places where x[n, …] = v``; x has no gradient.

    ======  ===============================================
    array   shape
    ======  ===============================================
    x       (N, …), whole numbers in [0, num_embeddings)
    weight  (num_embeddings, embedding_dim)
    y       (N, …, embedding_dim)
    ======  ===============================================

    Args:
        num_embeddings: words in the vocabulary.
        embedding_dim: numbers for each word.
        rng: where the initial weights are drawn from, N(0, 1) as in PyTorch.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: the input. Raises ValueError for words outside the vocabulary, TypeError for other numbers.

    >>> Embedding(10, 4, rng=np.random.default_rng(0))(np.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: np.random.Generator,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if num_embeddings < 1 or embedding_dim < 1:
            raise ValueError(f"Embedding needs at least one row and one column, got {num_embeddings} × {embedding_dim}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = Parameter(rng.standard_normal((num_embeddings, embedding_dim)).astype(dtype), "weight")
        self._ids: Labels | None = None

    def forward(self, x: Labels) -> Array:  # type: ignore[override]
        if x.dtype.kind not in "iu":
            raise TypeError(f"{self!r} takes whole numbers, got {x.dtype}")
        if x.ndim < 1:
            raise ValueError(f"{self!r} takes input of shape (N, …), got {x.shape}")
        if x.size and (x.min() < 0 or x.max() >= self.num_embeddings):
            wrong = x.min() if x.min() < 0 else x.max()
            raise ValueError(f"{self!r} takes numbers from 0 to {self.num_embeddings - 1}, got {wrong}")
        self._ids = x if self.training else None
        return self.weight.data[x]

    def backward(self, grad_output: Array) -> None:
        if self._ids is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, (*self._ids.shape, self.embedding_dim))
        self.weight.accumulate(embedding_backward(grad_output, self._ids, self.num_embeddings))

    def describe(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"
