"""Batch normalization: the mathematics as pure functions, then the layers.

A batch comes as rows (M, C): every number of channel c stands in column c. For images M = N·H·W, for features M = N.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainlab.nn.array import Array
from trainlab.nn.images import channels_first, channels_last, check_dtype, check_grad_output, check_images
from trainlab.nn.module import Module
from trainlab.nn.parallel import in_pieces
from trainlab.nn.parameter import Parameter

PIECE = 2**16
"""Numbers that are worked on at a time: the intermediate results of so many stay in the cache, and their memory with
the C library; of twice as many, the system fills the pages with zeros each time."""
MULTIPLICATIONS = 8
"""What a number costs here, memory included, in multiplications of a matrix product."""
T = TypeVar("T")


def batch_norm_forward_naive(x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """``y = weight · x̂ + bias`` with ``x̂ = (x − μ) / √(σ² + eps)``, μ and σ² the mean and variance of each column.

    x (M, C), weight (C,), bias (C,) → y (M, C), μ (C,), σ² (C,). σ² is the biased variance, Σ (x − μ)² / M.
    """
    mean, variance = x.mean(axis=0), x.var(axis=0)
    normalized = (x - mean) / np.sqrt(variance + eps)
    return weight * normalized + bias, mean, variance


def batch_norm_backward_naive(
    grad_output: Array, x: Array, weight: Array, mean: Array, variance: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The three gradients of `batch_norm_forward`; μ and σ² depend on x as well, which gives the last two terms.

    grad_bias   = Σₘ grad_output[m]                                              (C,)
    grad_weight = Σₘ grad_output[m] · x̂[m]                                       (C,)
    grad_input  = weight / √(σ² + eps) · (grad_output − grad_bias/M − x̂ · grad_weight/M)     (M, C)
    """
    std = np.sqrt(variance + eps)
    normalized = (x - mean) / std
    grad_bias = grad_output.sum(axis=0)
    grad_weight = (grad_output * normalized).sum(axis=0)
    grad_input = weight / std * (grad_output - grad_bias / len(x) - normalized * grad_weight / len(x))
    return grad_input, grad_weight, grad_bias


def batch_norm_forward(x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """What `batch_norm_forward_naive` computes, piece by piece of the rows and with fewer passes.

    Each piece p of Mₚ rows is read once, for its own mean μₚ and Sₚ = Σₘ (x[m] − μₚ)²; then

    ``μ = Σₚ Mₚ μₚ / M`` and ``σ² = (Σₚ Sₚ + Σₚ Mₚ (μₚ − μ)²) / M``

    Source: Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", equation 2.1.

    >>> y, mean, variance = batch_norm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=0.0)
    >>> y.ravel().tolist(), mean.item(), variance.item()
    ([-1.0, 1.0], 2.0, 1.0)
    """

    def moments(rows: slice) -> tuple[Array, Array, Array]:
        piece = x[rows]
        mean = _column_sums(piece) / x.dtype.type(len(piece))
        centred = piece - mean
        return np.array(len(piece) / len(x), x.dtype), mean, _column_sums(np.square(centred, out=centred))

    shares, means, squares = map(np.array, zip(*_for_rows(moments, x), strict=True))
    mean = shares @ means
    variance = squares.sum(axis=0) / x.dtype.type(len(x)) + shares @ np.square(means - mean)
    return batch_norm_inference(x, weight, bias, mean, variance, eps), mean, variance


def batch_norm_inference(x: Array, weight: Array, bias: Array, mean: Array, variance: Array, eps: float) -> Array:
    """``y = scale · (x − mean) + bias`` with ``scale = weight / √(variance + eps)``, whatever mean and variance are."""
    scale = weight / np.sqrt(variance + eps)
    y = np.empty(x.shape, x.dtype)

    def compute(rows: slice) -> None:
        piece = np.subtract(x[rows], mean, out=y[rows])
        piece *= scale
        piece += bias

    _for_rows(compute, x)
    return y


def batch_norm_backward(
    grad_output: Array, x: Array, weight: Array, mean: Array, variance: Array, eps: float
) -> tuple[Array, Array, Array]:
    """What `batch_norm_backward_naive` computes, piece by piece of the rows and with fewer passes."""
    std = np.sqrt(variance + eps)

    def sums(rows: slice) -> tuple[Array, Array]:
        centred = x[rows] - mean
        centred *= grad_output[rows]
        return _column_sums(grad_output[rows]), _column_sums(centred)

    grad_bias, grad_weight = (np.add.reduce(parts) for parts in zip(*_for_rows(sums, x), strict=True))
    grad_weight /= std
    slope, constant, scale = grad_weight / (std * len(x)), grad_bias / len(x), weight / std
    grad_input = np.empty(x.shape, x.dtype)

    def compute(rows: slice) -> None:
        piece = np.subtract(mean, x[rows], out=grad_input[rows])
        piece *= slope
        piece += grad_output[rows]
        piece -= constant
        piece *= scale

    _for_rows(compute, x)
    return grad_input, grad_weight, grad_bias


def _column_sums(piece: Array) -> Array:
    """``Σₘ piece[m]`` as a product with ones: 4 µs for 1024 × 64 numbers, where ``sum(axis=0)`` takes 25."""
    return np.ones(len(piece), piece.dtype) @ piece


def _for_rows(work: Callable[[slice], T], x: Array) -> list[T]:
    """``[work(rows), …]`` for slices that together are all rows of x (M, C), shared between threads."""
    return in_pieces(work, len(x), max(1, PIECE // x.shape[1]), MULTIPLICATIONS * x.size)


class _BatchNorm(Module):
    """What the two layers share: everything but the shape of what comes in.

    In training, each batch is normalized by its own mean and variance, and the running statistics follow them:
    ``running ← (1 − momentum) · running + momentum · batch``. Into ``running_var`` goes the unbiased variance,
    M/(M − 1) times the biased one that normalizes. In evaluation the running statistics normalize.
    """

    buffer_names = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if num_features < 1:
            raise ValueError(f"{type(self).__name__} needs at least one channel, got {num_features}")
        if not eps > 0:
            raise ValueError(f"{type(self).__name__} needs an eps above 0, got {eps}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"{type(self).__name__} needs a momentum in [0, 1], got {momentum}")
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = Parameter(np.ones(num_features, dtype), "weight")
        self.bias = Parameter(np.zeros(num_features, dtype), "bias")
        self.running_mean: Array = np.zeros(num_features, dtype)
        self.running_var: Array = np.ones(num_features, dtype)
        self.num_batches_tracked: NDArray[np.int64] = np.zeros((), np.int64)  # PyTorch keeps it; nothing reads it here
        self._kept: tuple[Array, Array, Array] | None = None

    def _forward(self, rows: Array) -> Array:
        """y for rows (M, C)."""
        self._kept = None
        weight, bias = self.weight.data, self.bias.data
        if not self.training:
            return batch_norm_inference(rows, weight, bias, self.running_mean, self.running_var, self.eps)
        if len(rows) < 2:
            raise ValueError(
                f"{self!r} needs at least two numbers a channel in training, got {len(rows)}: the variance of one is "
                "0. Take a larger batch, or call eval()."
            )
        y, mean, variance = batch_norm_forward(rows, weight, bias, self.eps)
        self._kept = rows, mean, variance
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (variance * (len(rows) / (len(rows) - 1)) - self.running_var)
        self.num_batches_tracked += 1
        return y

    def _backward(self, grad_rows: Array) -> Array:
        """grad_input for rows (M, C)."""
        assert self._kept is not None
        grad_input, grad_weight, grad_bias = batch_norm_backward(
            grad_rows, self._kept[0], self.weight.data, *self._kept[1:], self.eps
        )
        self.weight.accumulate(grad_weight)
        self.bias.accumulate(grad_bias)
        return grad_input

    def describe(self) -> str:
        words = [str(self.num_features)]
        words += [f"eps={self.eps}"] if self.eps != 1e-5 else []
        words += [f"momentum={self.momentum}"] if self.momentum != 0.1 else []
        return ", ".join(words)


class BatchNorm1d(_BatchNorm):
    """Every feature gets mean 0 and variance 1 over the batch, then a scale and a shift that are learned.

    Forward: ``y = weight · x̂ + bias`` with ``x̂ = (x − μ) / √(σ² + eps)``; in training μ and σ² are mean and biased
    variance over the batch, in evaluation the running ones.

    Backward, with M numbers a feature::

        grad_bias   = Σₘ grad_output[m]
        grad_weight = Σₘ grad_output[m] · x̂[m]
        grad_input  = weight / √(σ² + eps) · (grad_output − grad_bias/M − x̂ · grad_weight/M)

    ============  ==============================================
    array         shape
    ============  ==============================================
    x, y          (N, num_features)
    weight, bias  (num_features,)
    running_mean  (num_features,), saved with the weights
    running_var   (num_features,), the unbiased variance
    ============  ==============================================

    Args:
        num_features: features (or channels) of x.
        eps: added to the variance, so that a constant feature does not divide by 0.
        momentum: share of the running statistics that each batch replaces, in [0, 1]; larger forgets sooner.
        dtype: float32, or float64 for gradient checks.

    Keeps in training: the input, μ and σ². Raises ValueError for a batch of one in training.

    Source: Ioffe & Szegedy 2015, "Batch normalization", algorithms 1 and 2.

    >>> layer = BatchNorm1d(1, dtype=np.float64)
    >>> layer(np.array([[1.0], [3.0]])).round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.running_mean.tolist(), layer.running_var.tolist()  # 0.9 · 0 + 0.1 · 2;  0.9 · 1 + 0.1 · 2
    ([0.2], [1.1])
    """

    def forward(self, x: Array) -> Array:
        if x.ndim != 2 or x.shape[1] != self.num_features:
            raise ValueError(f"{self!r} takes input of shape (N, {self.num_features}), got {x.shape}")
        check_dtype(self, x, self.weight.data.dtype)
        return self._forward(x)

    def backward(self, grad_output: Array) -> Array:
        if self._kept is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, self._kept[0].shape)
        return self._backward(grad_output)


class BatchNorm2d(_BatchNorm):
    """Every channel gets mean 0 and variance 1 over all pixels of the batch, then a scale and a shift that are learned.

    As `BatchNorm1d`, with M = N·H·W numbers a channel: x and y are (N, num_features, H, W).

    >>> layer = BatchNorm2d(3)
    >>> layer(np.ones((2, 3, 4, 4), np.float32)).shape
    (2, 3, 4, 4)
    """

    _shape: tuple[int, ...] = ()

    def forward(self, x: Array) -> Array:
        check_images(self, x, self.num_features, self.weight.data.dtype)
        images = channels_last(x)
        self._shape = images.shape
        return channels_first(self._forward(images.reshape(-1, self.num_features)).reshape(images.shape))

    def backward(self, grad_output: Array) -> Array:
        if self._kept is None:
            raise self._no_forward()
        batch, height, width, channels = self._shape
        check_grad_output(self, grad_output, (batch, channels, height, width))
        grad_input = self._backward(channels_last(grad_output).reshape(-1, channels))
        return channels_first(grad_input.reshape(self._shape))
