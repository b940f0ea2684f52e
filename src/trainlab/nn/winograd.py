"""Winograd's convolution: 3×3 filters with 36 multiplications for sixteen output pixels instead of 144.

The output is cut into tiles of 4×4 pixels, which see 6×6 pixels of the input, one tile 4 pixels from the next. For tile
t, with d[t, c] its input, w[o, c] a filter and y[t, o] its output, all small matrices::

    y[t, o] = Aᵀ m[t, o] A      m[t, o] = Σ_c u[o, c] ⊙ v[t, c]      u[o, c] = G w[o, c] Gᵀ      v[t, c] = Bᵀ d[t, c] B

⊙ goes entry by entry, so for each of the 36 places the sum over c is a matrix product (tiles, C) @ (C, O).

Where the matrices come from: four sums of three products, ``y[i] = Σ_j d[i + j] w[j]``, are the transpose of
multiplying two polynomials. A product of degree 5 is known from six of its values, here at 0, ±a, ±b and infinity: G
evaluates one factor there, A the other one, and B leads from values back to coefficients::

         ⎡a²b²   0   −(a²+b²)   0     1  0⎤
         ⎢ 0   −ab²    −b²      a     1  0⎥    row of G for point p:               ⎡1  1   1   1   1   0⎤
    Bᵀ = ⎢ 0    ab²    −b²     −a     1  0⎥    (1  p  p²) / Π_q≠p (p − q)    Aᵀ =  ⎢0  a  −a   b  −b   0⎥
         ⎢ 0   −a²b    −a²      b     1  0⎥    at infinity:                        ⎢0  a²  a²  b²  b²  0⎥
         ⎢ 0    a²b    −a²     −b     1  0⎥    (0  0  1)                           ⎣0  a³ −a³  b³ −b³  1⎦
         ⎣ 0   a²b²     0   −(a²+b²)  0  1⎦

N is the batch size, C channels in, O channels out, T = N·⌈H_out/4⌉·⌈W_out/4⌉ tiles.

Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4; how points round: Barabasz
et al. 2020, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks".
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trainlab.nn.array import Array
from trainlab.nn.blas import add_product
from trainlab.nn.images import channels_first, channels_last
from trainlab.nn.parallel import in_shares
from trainlab.nn.window import Window

MADE, SEEN = 4, 6
"""Side of a tile in the output, and of what it sees of the input."""
POINTS = (0, 0.75, -0.75, 1.5, -1.5)
"""0, ±a and ±b. Float32 holds Aᵀ and Bᵀ exactly, and rounds 2.4 times less on the whole than with the usual 1 and 2."""
AT = np.array([[p**row for p in POINTS] + [row == MADE - 1] for row in range(MADE)])
BT = np.array([[*np.poly([q for q in POINTS if q != p])[::-1], 0] for p in POINTS] + [np.poly(POINTS)[::-1]])
G = np.array([np.array([1, p, p**2]) / np.prod([p - q for q in POINTS if q != p]) for p in POINTS] + [[0, 0, 1]])
CHANNELS = 48
"""On either side at least: transforming must be little beside the products."""
FEWEST_TILES = 32
"""In the whole batch: fewer are not worth the transforming of the filters, which makes four times as many numbers."""
WASTE = 1.5
"""Pixels that tiles make, at most, for each that is needed: images of 7 × 7 pixels take tiles of 8 × 8."""
PIECE = 2**21
"""Bytes of transformed tiles at a time: they should still lie in the cache when they are multiplied."""
TILES = 128
"""Tiles at a time at least: fewer would not be worth the reading of large filters."""


def exists(window: Window, groups: int) -> bool:
    """Whether a convolution has Winograd's form."""
    is_plain = window.kernel == (3, 3) and window.stride == window.dilation == (1, 1)
    return is_plain and groups == 1 and max(window.padding) <= 2


def fits(x_shape: tuple[int, ...], weight_shape: tuple[int, ...], window: Window, groups: int) -> bool:
    """Whether Winograd's form computes a convolution of x (N, C, H, W) by weight (O, C, 3, 3), and faster."""
    if not exists(window, groups) or min(weight_shape[:2]) < CHANNELS:
        return False
    made = window.output_size(*x_shape[2:])
    tiles = math.prod(_tiles(made))
    return x_shape[0] * tiles >= FEWEST_TILES and MADE**2 * tiles <= WASTE * math.prod(made)


def winograd_forward(x: Array, weight: Array, bias: Array | None, window: Window) -> Array:
    """What `conv2d_forward_naive` computes; see above.

    x (N, C, H, W), weight (O, C, 3, 3), bias (O,) → y (N, O, H_out, W_out).
    """
    return channels_first(_convolved(channels_last(x), _filters(weight, _spread(weight)), window.padding, bias))


def winograd_backward(
    grad_output: Array, x: Array, weight: Array, window: Window, needs_input_grad: bool = True
) -> tuple[Array | None, Array, Array]:
    """The gradients that `conv2d_backward_naive` computes; None for grad_input where it is not needed.

    grad_m = A grad_output Aᵀ                      (6×6 for each of 4×4)
    grad_u = Σ_t grad_m[t, o] ⊙ v[t, c]            grad_weight = Gᵀ grad_u G
    grad_input = the convolution of grad_output with each filter turned by 180°, padded by 2 minus the padding
    """
    images, grad_images, spread = channels_last(x), channels_last(grad_output), _spread(weight)
    made = grad_images.shape[1:3]

    def compute(share: slice) -> tuple[Array, Array]:
        grad_filters = np.empty_like(weight, shape=(SEEN**2, *weight.shape[:2]))
        grad_bias = np.zeros_like(weight, shape=len(weight))
        for piece in _pieces(share, grad_images, max(weight.shape[:2])):
            v = _transformed(BT, _canvas(images[piece], window.padding, made, SEEN))
            grad_m = _transformed(AT.T, _canvas(grad_images[piece], (0, 0), made, MADE))
            if piece.start == share.start:
                np.matmul(grad_m.swapaxes(1, 2), v, out=grad_filters)
            else:
                for place in range(SEEN**2):
                    add_product(grad_filters[place], grad_m[place], v[place], 1.0)
            grad_bias += grad_images[piece].sum(axis=(0, 1, 2))
        return spread.T @ grad_filters.reshape(SEEN**2, -1), grad_bias

    (grad_weight, grad_bias), *others = in_shares(compute, len(x), grad_output.size * weight[0].size)
    for other_weight, other_bias in others:
        grad_weight += other_weight
        grad_bias += other_bias
    grad_weight = np.ascontiguousarray(grad_weight.T).reshape(weight.shape)
    if not needs_input_grad:
        return None, grad_weight, grad_bias
    turned = _filters(weight, spread[:, ::-1]).swapaxes(1, 2)
    top, left = window.padding
    return channels_first(_convolved(grad_images, turned, (2 - top, 2 - left))), grad_weight, grad_bias


def _convolved(images: Array, filters: Array, padding: tuple[int, int], bias: Array | None = None) -> Array:
    """The output (N, H_out, W_out, O) for images (N, H, W, C) and the u (36, O, C) of the filters."""
    made = Window((3, 3), padding=padding).output_size(*images.shape[1:3])
    y = np.empty((len(images), *made, filters.shape[1]), images.dtype)

    def compute(share: slice) -> None:
        for piece in _pieces(share, y, max(filters.shape[1:])):
            v = _transformed(BT, _canvas(images[piece], padding, made, SEEN))
            _to_pixels(np.matmul(v, filters.swapaxes(1, 2)), out=y[piece])
            if bias is not None:
                y[piece] += bias

    in_shares(compute, len(images), y.size * filters.shape[2] * 9)
    return y


def _tiles(made: tuple[int, ...]) -> tuple[int, int]:
    """How many tiles cover an output of (H_out, W_out), down and across."""
    down, across = (-(-size // MADE) for size in made)
    return down, across


def _spread(weight: Array) -> Array:
    """The matrix (36, 9) that makes the 36 entries of G w Gᵀ from the nine of w."""
    return np.kron(G, G).astype(weight.dtype)


def _filters(weight: Array, spread: Array) -> Array:
    """u (36, O, C) of weight (O, C, 3, 3): ``u[o, c] = G w[o, c] Gᵀ``; with ``spread`` read backwards, of w turned."""
    u = np.empty((SEEN**2, *weight.shape[:2]), weight.dtype)

    def compute(share: slice) -> None:
        np.matmul(spread, weight[share].reshape(-1, 9).T, out=u[:, share].reshape(SEEN**2, -1))

    in_shares(compute, len(weight), u.size * 9)
    return u


def _pieces(share: slice, made: Array, channels: int) -> Iterator[slice]:
    """Some images of a share at a time, to make output (N, H_out, W_out, O) through so many channels at most."""
    down, across = _tiles(made.shape[1:3])
    fitting = PIECE // (SEEN**2 * down * across * channels * made.itemsize)
    size = max(1, fitting, -(-TILES // (down * across)))
    for start in range(share.start, share.stop, size):
        yield slice(start, min(start + size, share.stop))


def _canvas(images: Array, padding: tuple[int, int], made: tuple[int, ...], side: int) -> Array:
    """Images (N, H, W, C) with a border, and zeros behind it, for all that tiles of ``side`` × ``side`` pixels see."""
    (batch, height, width, channels), (top, left) = images.shape, padding
    down, across = (MADE * count + side - MADE for count in _tiles(made))
    if (height, width) == (down, across):
        return np.ascontiguousarray(images)
    canvas = np.zeros((batch, down, across, channels), images.dtype)
    canvas[:, top : top + height, left : left + width] = images
    return canvas


def _transformed(matrix: Array, images: Array) -> Array:
    """``M d Mᵀ`` for the d of all tiles of images (N, H, W, C), with M (6, side of d): (36, T, C)."""
    batch, height, width, channels = images.shape
    places, side = matrix.shape
    matrix = matrix.astype(images.dtype)
    rows = np.matmul(matrix, _stretches(images.reshape(batch, height, -1), side))  # M d, for all columns at once
    down = rows.shape[1]
    columns = _stretches(rows.reshape(-1, width, channels), side)  # (N·down·6, across, side, C)
    across = columns.shape[1]
    transformed = np.empty((places, places, batch, down, across, channels), images.dtype)
    columns = columns.reshape(batch, down, places, across, side, channels)
    np.matmul(matrix, columns, out=transformed.transpose(2, 3, 0, 4, 1, 5))
    return transformed.reshape(places**2, -1, channels)


def _stretches(x: Array, length: int) -> Array:
    """A view (M, stretches, length, R) of x (M, L, R): stretches of axis 1, one `MADE` from the next."""
    return sliding_window_view(x, length, axis=1)[:, ::MADE].swapaxes(2, 3)


def _to_pixels(m: Array, out: Array) -> None:
    """``Aᵀ m A`` for products m (36, T, O), laid side by side in ``out`` (N, H_out, W_out, O)."""
    batch, height, width, made = out.shape
    down, across = _tiles((height, width))
    matrix = AT.astype(m.dtype)
    rows = (matrix @ m.reshape(SEEN, -1)).reshape(MADE, SEEN, batch, down, across, made)
    whole = (height, width) == (MADE * down, MADE * across)
    pixels = out if whole else np.empty((batch, MADE * down, MADE * across, made), out.dtype)
    tiles = pixels.reshape(batch, down, MADE, across, MADE, made)  # a view: `out` is whole images
    np.matmul(matrix, rows.transpose(2, 3, 0, 4, 1, 5), out=tiles)
    if not whole:
        out[...] = pixels[:, :height, :width]
