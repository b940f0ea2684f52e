"""Convolution with few filters: matrix products of long rows, with the batch innermost in memory.

Where channels are few, nothing is long about a pixel: six channels make a window of five runs of 30 numbers, and
pooling adds and compares six numbers at a time. The batch is long. So images lie in memory as (C, H, W, N) here. Each
row of pixels is laid out once for all columns of the window::

    seen[h, b, c, j] = xₚ[c, h, j·s + b·d]        (Hₚ, k_W, C, W_out, N), copies of runs of W_out·N numbers

What the windows of output row i see is then k_H rows of ``seen``, one after the other: a matrix that need not be made::

    y[:, i] = filters @ seen[i·s : i·s + k_H]     (O, W_out·N) = (O, k_H·k_W·C) @ (k_H·k_W·C, W_out·N)

So k_W copies of x are made instead of k_H·k_W. Threads share the output rows.
"""

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.blas import add_product
from trainlab.nn.parallel import in_shares
from trainlab.nn.window import Window

FILTERS = 16
"""At most: with more, a pixel's channels are long enough, and other layers like them innermost."""
IMAGES = 4
"""At least: with fewer, rows are short."""


def fits(x: Array, weight: Array, window: Window, groups: int) -> bool:
    """Whether this form computes the convolution, and faster."""
    return len(weight) <= FILTERS and len(x) >= IMAGES and window.dilation == (1, 1) and groups == 1


def few_filters_forward(x: Array, weight: Array, bias: Array | None, window: Window) -> Array:
    """What `conv2d_forward_naive` computes; see above.

    x (N, C, H, W), weight (O, C, k_H, k_W), bias (O,) → y (N, O, H_out, W_out), the batch innermost in memory.
    """
    padded, filters = _padded(x, window), _filters(weight)
    y = np.empty((len(weight), *window.output_size(*x.shape[2:]), len(x)), x.dtype)

    def compute(share: slice) -> None:
        seen = np.ascontiguousarray(_across(padded[:, window.rows(share)], window))
        for i, row in enumerate(range(share.start, share.stop)):
            pixels = y[:, row].reshape(len(weight), -1)
            np.matmul(filters, _matrix(seen, i, window), out=pixels)
            if bias is not None:
                pixels += bias[:, np.newaxis]

    in_shares(compute, y.shape[1], y.size * weight[0].size)
    return y.transpose(3, 0, 1, 2)


def few_filters_backward(
    grad_output: Array, x: Array, weight: Array, window: Window, needs_input_grad: bool = True
) -> tuple[Array | None, Array, Array]:
    """The gradients that `conv2d_backward_naive` computes; None for grad_input where it is not needed.

    grad_filtersᵀ = Σ_i seen[i·s : i·s + k_H] @ grad_output[:, i]ᵀ      (k_H·k_W·C, O)
    grad_seen[i·s : i·s + k_H] += filtersᵀ @ grad_output[:, i]          for all i
    grad_bias = Σ grad_output                                           (O,)

    grad_input adds up what each pixel has got in all columns of the window.
    """
    padded, filters = _padded(x, window), _filters(weight)
    grad_images = np.ascontiguousarray(grad_output.transpose(1, 2, 3, 0))

    def compute(share: slice) -> tuple[Array, slice, Array | None]:
        rows, grad_filters = window.rows(share), np.zeros(filters.T.shape, x.dtype)
        seen = np.ascontiguousarray(_across(padded[:, rows], window))
        grad_seen = np.zeros_like(seen) if needs_input_grad else None
        for i, row in enumerate(range(share.start, share.stop)):
            grad = np.ascontiguousarray(grad_images[:, row]).reshape(len(weight), -1)
            grad_filters += _matrix(seen, i, window) @ grad.T
            if grad_seen is not None:
                add_product(_matrix(grad_seen, i, window), filters, grad, 1.0)
        grad_rows = None if grad_seen is None else _add_up(grad_seen, padded[:, rows].shape, window)
        return grad_filters, rows, grad_rows

    shares = in_shares(compute, grad_images.shape[1], grad_output.size * weight[0].size)
    grad_filters = np.add.reduce([one for one, *_ in shares])
    grad_weight = grad_filters.T.reshape(len(weight), *window.kernel, -1).transpose(0, 3, 1, 2)
    grad_bias = grad_images.sum(axis=(1, 2, 3))
    if not needs_input_grad:
        return None, grad_weight, grad_bias
    grad_padded = np.zeros_like(padded)
    for _, rows, grad_rows in shares:
        grad_padded[:, rows] += 0 if grad_rows is None else grad_rows
    return np.ascontiguousarray(window.inside(grad_padded)).transpose(3, 0, 1, 2), grad_weight, grad_bias


def _padded(x: Array, window: Window) -> Array:
    """(N, C, H, W) → xₚ (C, Hₚ, Wₚ, N)"""
    return window.pad(np.ascontiguousarray(x.transpose(1, 2, 3, 0)))


def _filters(weight: Array) -> Array:
    """(O, C, k_H, k_W) → (O, k_H·k_W·C)"""
    return np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(len(weight), -1)


def _across(padded: Array, window: Window) -> Array:
    """The view (Hₚ, k_W, C, W_out, N) of padded images (C, Hₚ, Wₚ, N): what stands in each column of all windows."""
    row = Window((1, window.kernel[1]), (1, window.stride[1]))
    return row.patches(padded)[:, :, :, 0].transpose(1, 3, 0, 2, 4)


def _matrix(seen: Array, i: int, window: Window) -> Array:
    """The view (k_H·k_W·C, W_out·N) of ``seen`` that output row i sees."""
    first = i * window.stride[0]
    return seen[first : first + window.kernel[0]].reshape(-1, seen.shape[3] * seen.shape[4])


def _add_up(grad_seen: Array, shape: tuple[int, ...], window: Window) -> Array:
    """The gradient (C, Hₚ, Wₚ, N) of padded rows from that of ``seen``."""
    grad_padded = np.zeros(shape, grad_seen.dtype)
    across = _across(grad_padded, window)
    for column in range(window.kernel[1]):
        across[:, column] += grad_seen[:, column]
    return grad_padded
