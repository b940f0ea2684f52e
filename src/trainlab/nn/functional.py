"""The mathematics of linear layers, activations and losses, as pure functions: arrays in, arrays out, no state.

That of convolution, pooling, normalization, embedding and attention stands at the top of the files of those names.

N is the batch size, F a number of features, K the number of classes. ``grad_output`` is ∂loss/∂output,
and a backward function returns ∂loss/∂input under the name ``grad_input``. Every function keeps the dtype.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trainlab.nn.array import FLOAT32, Array, DType, Labels
from trainlab.nn.parallel import in_shares

# ---------------------------------------------------------------- linear


def linear_forward(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """``y = x @ weightᵀ + bias``

    x (N, F_in), weight (F_out, F_in), bias (F_out,) → y (N, F_out).

    >>> linear_forward(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    y: Array = x @ weight.T
    if bias is not None:
        y += bias
    return y


def linear_backward(grad_output: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """The three gradients of `linear_forward`.

    grad_input  = grad_output @ weight      (N, F_in)
    grad_weight = grad_outputᵀ @ x          (F_out, F_in)
    grad_bias   = Σₙ grad_output[n]         (F_out,)
    """
    return grad_output @ weight, grad_output.T @ x, grad_output.sum(axis=0)


# ---------------------------------------------------------------- activations


FEW = 2**15
"""Numbers that are computed in one call: what is best for many begins 20 µs later."""
MULTIPLICATIONS = 4
"""What a number costs here, memory included, in multiplications of a matrix product."""


def relu_forward(x: Array) -> Array:
    """``y = max(x, 0)``"""
    if x.size < FEW:
        return np.maximum(x, _zero(x.dtype))
    # NumPy has vector instructions for clip and for the maximum of two arrays, but not of an array and a number
    return _in_shares(lambda x, out: np.clip(x, 0, np.inf, out=out), x)


def relu_backward(grad_output: Array, y: Array) -> Array:
    """``grad_input = grad_output · [y > 0]`` with y the output; at x = 0 the gradient is 0, as in PyTorch.

    Where PyTorch selects, this multiplies, which is three times as fast; the two differ only when training has already
    failed: an infinite grad_output on a masked entry gives nan here and 0 there.
    """
    if y.size < FEW:
        return grad_output * np.sign(y)  # y ≥ 0, so its sign is [y > 0], already as a number
    return _in_shares(lambda grad_output, y, out: np.multiply(grad_output, y > 0, out=out), grad_output, y)


def add(one: Array, other: Array) -> Array:
    """``one + other``"""
    if one.size < FEW:
        return one + other
    return _in_shares(np.add, one, other)


def _in_shares(work: Callable[..., Array], *arrays: Array) -> Array:
    """``work(*arrays, out=…)``, entry by entry in the order of memory, shared between threads."""
    out = np.empty_like(arrays[0])
    axes = sorted(range(out.ndim), key=lambda axis: -out.strides[axis])
    *given, made = [array.transpose(axes).reshape(-1) for array in (*arrays, out)]  # ``made`` is a view of out
    in_shares(lambda share: work(*(one[share] for one in given), out=made[share]), out.size, MULTIPLICATIONS * out.size)
    return out


@cache
def _zero(dtype: DType) -> Array:
    zero = np.zeros((), dtype)  # turning a Python 0 into one costs as much as the comparison of 100 entries
    zero.setflags(write=False)
    return zero


def leaky_relu_forward(x: Array, negative_slope: float) -> Array:
    """``y = x`` for x > 0, else ``negative_slope · x``"""
    return np.where(x > 0, x, x.dtype.type(negative_slope) * x)


def leaky_relu_backward(grad_output: Array, x: Array, negative_slope: float) -> Array:
    """``grad_input = grad_output`` for x > 0, else ``negative_slope · grad_output``"""
    return np.where(x > 0, grad_output, x.dtype.type(negative_slope) * grad_output)


def tanh_forward(x: Array) -> Array:
    """``y = tanh(x)``"""
    return np.tanh(x)


def tanh_backward(grad_output: Array, y: Array) -> Array:
    """``grad_input = grad_output · (1 − y²)`` with y the output"""
    return grad_output * (1 - y * y)


def sigmoid_forward(x: Array) -> Array:
    """``y = 1 / (1 + e⁻ˣ)``, computed as ``(1 + tanh(x/2)) / 2``, which overflows for no x"""
    y: Array = 0.5 + 0.5 * np.tanh(0.5 * x)
    return y


def sigmoid_backward(grad_output: Array, y: Array) -> Array:
    """``grad_input = grad_output · y · (1 − y)`` with y the output"""
    return grad_output * y * (1 - y)


_GELU_SCALE = math.sqrt(2 / math.pi)
_GELU_CUBIC = 0.044715  # Hendrycks & Gimpel 2016, "Gaussian error linear units", section 2


def gelu_forward(x: Array) -> Array:
    """``y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))``, PyTorch's ``GELU(approximate="tanh")``"""
    y: Array = 0.5 * x * (1 + np.tanh(_gelu_inner(x)))
    return y


def gelu_backward(grad_output: Array, x: Array) -> Array:
    """With u = √(2/π) · (x + 0.044715 x³) and t = tanh(u):

    ``grad_input = grad_output · [ (1 + t)/2 + x/2 · (1 − t²) · √(2/π) · (1 + 3 · 0.044715 x²) ]``
    """
    t = np.tanh(_gelu_inner(x))
    slope_of_u = _GELU_SCALE * (1 + 3 * _GELU_CUBIC * x * x)
    grad_input: Array = grad_output * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope_of_u)
    return grad_input


def _gelu_inner(x: Array) -> Array:
    u: Array = _GELU_SCALE * (x + _GELU_CUBIC * x * x * x)
    return u


# ---------------------------------------------------------------- dropout


def dropout_keeps(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """False with probability p: these entries are dropped. Both engines draw theirs here."""
    keeps: NDArray[np.bool_] = rng.random(shape, dtype=np.float32) >= p
    return keeps


def dropout_mask(shape: tuple[int, ...], p: float, rng: np.random.Generator, dtype: DType) -> Array:
    """0 with probability p, else 1/(1 − p): the expected value of ``mask · x`` is x."""
    mask: Array = dropout_keeps(shape, p, rng) * dtype.type(1 / (1 - p))
    return mask


# ---------------------------------------------------------------- losses


def softmax(scores: Array) -> Array:
    """``pₖ = e^{zₖ} / Σⱼ e^{zⱼ}`` along the last axis; the largest score is subtracted first, so nothing overflows.

    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def nearest_distribution(scores: Array) -> Array:
    """The distribution p that lies nearest to the scores z: the one with the smallest ``Σₖ (pₖ − zₖ)²``, along the last
    axis.

        pₖ = max(zₖ − τ, 0)          τ = max over n of (sum of the n largest z − 1) / n

    It is to squared errors what `softmax` is to cross-entropy: scores that are a distribution stay as they are.

    Source: Duchi et al. 2008, "Efficient projections onto the ℓ1-ball for learning in high dimensions", figure 1.

    >>> nearest_distribution(np.array([[0.75, 0.5, -0.25]]))
    array([[0.625, 0.375, 0.   ]])
    """
    largest_first = np.sort(scores, axis=-1)[..., ::-1]
    counts = np.arange(1, scores.shape[-1] + 1, dtype=scores.dtype)
    threshold = ((largest_first.cumsum(axis=-1) - 1) / counts).max(axis=-1, keepdims=True)
    distribution: Array = np.maximum(scores - threshold, 0)
    return distribution


def one_hot(labels: Labels, classes: int, dtype: DType = FLOAT32) -> Array:
    """Row n is 1 at ``labels[n]`` and 0 elsewhere. labels (N,) in [0, K) → (N, K).

    >>> one_hot(np.array([2, 0]), classes=3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, got an array of {labels.dtype}")
    if labels.dtype.kind == "i" and labels.size and labels.min() < 0:
        raise ValueError(f"label {labels.min()} is below 0: with {classes} classes, labels are 0 to {classes - 1}")
    try:
        return _identity(classes, dtype).take(labels, axis=0)
    except IndexError:
        raise ValueError(
            f"label {labels.max()} is too large: with {classes} classes, labels are 0 to {classes - 1}"
        ) from None


@cache
def _identity(classes: int, dtype: DType) -> Array:
    identity = np.eye(classes, dtype=dtype)
    identity.setflags(write=False)
    return identity


def cross_entropy_forward(scores: Array, target: Array) -> tuple[float, Array]:
    """Sum over the batch of the cross-entropy between target distributions and softmax(scores).

    ``loss = −Σₙ Σₖ tₙₖ · log pₙₖ``  with  ``log pₙₖ = zₙₖ − log Σⱼ e^{zₙⱼ}``

    scores z (N, K) before the softmax, target t (N, K) → (loss, probabilities p (N, K)).
    `np.logaddexp` adds e^a and e^b without leaving the logarithm, so nothing overflows; the loss is exact to the
    rounding of the scores themselves.
    """
    log_probabilities = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return -float(np.vdot(target, log_probabilities)), np.exp(log_probabilities)


def cross_entropy_backward(probabilities: Array, target: Array) -> Array:
    """``grad_input = p − t`` for the summed loss; each row of t must sum to 1.

    Because ∂log pₖ/∂zⱼ = [j = k] − pⱼ:  −Σₖ tₖ ([j = k] − pⱼ) = −tⱼ + pⱼ Σₖ tₖ = pⱼ − tⱼ.
    """
    return probabilities - target


def mse_forward(prediction: Array, target: Array) -> float:
    """``loss = Σ (prediction − target)²``, summed over all entries"""
    difference = prediction - target
    return float(np.vdot(difference, difference))


def mse_backward(prediction: Array, target: Array) -> Array:
    """``grad_input = 2 · (prediction − target)`` for the summed loss"""
    return 2 * (prediction - target)
