"""Winograd's convolution: 3×3 filters with 16 multiplications for four output pixels instead of 36.

The output is cut into tiles of 2×2 pixels, which see 4×4 pixels of the input, one tile 2 pixels from the next. For tile
t, with d[t, c] its input, w[o, c] a filter and y[t, o] its output, all small matrices::

    y[t, o] = Aᵀ m[t, o] A      m[t, o] = Σ_c u[o, c] ⊙ v[t, c]      u[o, c] = G w[o, c] Gᵀ      v[t, c] = Bᵀ d[t, c] B

         ⎡1  0 −1  0⎤          ⎡ 1   0   0 ⎤
    Bᵀ = ⎢0  1  1  0⎥      G = ⎢1/2 1/2 1/2⎥      Aᵀ = ⎡1  1  1  0⎤
         ⎢0 −1  1  0⎥          ⎢1/2 −1/2 1/2⎥         ⎣0  1 −1  1⎦
         ⎣0 −1  0  1⎦          ⎣ 0   0   1 ⎦

⊙ goes entry by entry, so for each of the 16 places the sum over c is a matrix product (tiles, C) @ (C, O); A and B only
add and subtract. Every step is linear in what it gets, so the gradients go back through the transposed matrices.

N is the batch size, C channels in, O channels out, T = N·H_out/2·W_out/2 tiles.

Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.1, with the signs of the last
row of Bᵀ and the last column of Aᵀ turned round, which leaves products of two of them alone.
"""

from collections.abc import Iterator

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.blas import add_product
from trainlab.nn.images import channels_first, channels_last
from trainlab.nn.parallel import in_shares
from trainlab.nn.window import Window

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
CHANNELS = 32
"""On either side at least: adding and subtracting must be little beside the products."""
PIECE = 2**19
"""Bytes of transformed tiles at a time: they should still lie in the cache when they are multiplied."""
TILES = 128
"""Tiles at a time at least: fewer would not be worth the reading of large filters."""


def fits(weight: Array, window: Window, groups: int, height: int, width: int) -> bool:
    """Whether Winograd's form computes this convolution of images of height × width, and faster."""
    out_height, out_width = window.output_size(height, width)
    plain = window.kernel == (3, 3) and window.stride == window.dilation == (1, 1) and groups == 1
    return plain and out_height % 2 == out_width % 2 == 0 and min(weight.shape[:2]) >= CHANNELS


def winograd_forward(x: Array, weight: Array, bias: Array | None, window: Window) -> Array:
    """What `conv2d_forward_naive` computes; see above.

    x (N, C, H, W), weight (O, C, 3, 3), bias (O,) → y (N, O, H_out, W_out).
    """
    images, filters = channels_last(x), _filters(weight)
    y = np.empty((len(x), *window.output_size(*x.shape[2:]), len(weight)), x.dtype)

    def compute(share: slice) -> None:
        for piece, tiles in _tiles_in_pieces(images, window, share, len(weight)):
            products = np.matmul(tiles, filters.transpose(0, 2, 1))
            _to_pixels(products, out=y[piece])
            if bias is not None:
                y[piece] += bias

    in_shares(compute, len(x), y.size * weight[0].size)
    return channels_first(y)


def winograd_backward(
    grad_output: Array, x: Array, weight: Array, window: Window, needs_input_grad: bool = True
) -> tuple[Array | None, Array, Array]:
    """The gradients that `conv2d_backward_naive` computes; None for grad_input where it is not needed.

    grad_m = A grad_output Aᵀ                      (4×4 for each of 2×2)
    grad_u = Σ_t grad_m[t, o] ⊙ v[t, c]            grad_weight = Gᵀ grad_u G
    grad_v = Σ_o grad_m[t, o] ⊙ u[o, c]            grad_input  = B grad_v Bᵀ, added up where tiles overlap
    """
    images, grad_images, filters = channels_last(x), channels_last(grad_output), _filters(weight)
    grad_input = np.empty(images.shape, x.dtype) if needs_input_grad else None

    def compute(share: slice) -> tuple[Array, Array]:
        grad_filters, grad_bias = np.zeros_like(filters), np.zeros_like(weight, shape=len(weight))
        for piece, tiles in _tiles_in_pieces(images, window, share, len(weight)):
            grad = np.ascontiguousarray(grad_images[piece])
            grad_products = _from_pixels(grad)
            for place in range(16):
                add_product(grad_filters[place], grad_products[place], tiles[place], 1.0)
            rows = grad.reshape(-1, len(weight))
            grad_bias += np.ones(len(rows), rows.dtype) @ rows
            if grad_input is not None:
                grad_tiles = np.matmul(grad_products, filters, out=tiles)  # the tiles have served
                _add_up_tiles(grad_tiles, window, out=grad_input[piece])
        return grad_filters, grad_bias

    (grad_filters, grad_bias), *others = in_shares(compute, len(x), grad_output.size * weight[0].size)
    for other_filters, other_bias in others:
        grad_filters += other_filters
        grad_bias += other_bias
    grad_weight = (_spread(weight).T @ grad_filters.reshape(16, -1)).T.reshape(weight.shape)
    return None if grad_input is None else channels_first(grad_input), grad_weight, grad_bias


def _spread(weight: Array) -> Array:
    """The matrix (16, 9) that makes the 16 entries of G w Gᵀ from the nine of w."""
    return np.kron(G, G).astype(weight.dtype)


def _filters(weight: Array) -> Array:
    """u (16, O, C) of weight (O, C, 3, 3): ``u[o, c] = G w[o, c] Gᵀ``"""
    return (_spread(weight) @ weight.reshape(-1, 9).T).reshape(16, *weight.shape[:2])


def _tiles_in_pieces(images: Array, window: Window, share: slice, made: int) -> Iterator[tuple[slice, Array]]:
    """Some images (N, H, W, C) of a share at a time: which ones, and their v (16, T, C), in a buffer used again."""
    _, height, width, channels = images.shape
    down, across = (size // 2 for size in window.output_size(height, width))
    fitting = PIECE // (16 * down * across * max(channels, made) * images.itemsize)
    size = max(1, min(share.stop - share.start, max(fitting, -(-TILES // (down * across)))))
    padded = window.canvas((size, height, width, channels), images.dtype)
    rows = np.empty((4, size, down, padded.shape[2], channels), images.dtype)
    buffer = np.empty(16 * size * down * across * channels, images.dtype)
    for start in range(share.start, share.stop, size):
        count = min(size, share.stop - start)
        window.inside(padded)[:count] = images[start : start + count]
        tiles = buffer[: 16 * count * down * across * channels].reshape(4, 4, count, down, across, channels)
        _combine([padded[:count, a : a + 2 * down : 2] for a in range(4)], rows[:, :count])
        _combine([rows[:, :count, :, b : b + 2 * across : 2] for b in range(4)], tiles.swapaxes(0, 1))
        yield slice(start, start + count), tiles.reshape(16, -1, channels)


def _combine(d: list[Array], out: Array) -> None:
    """``Bᵀ d`` along one axis of the tiles."""
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[3], d[1], out=out[3])


def _to_pixels(products: Array, out: Array) -> None:
    """``Aᵀ m A`` for products m (16, T, O), laid side by side in ``out`` (N, H_out, W_out, O)."""
    batch, height, width, made = out.shape
    m = products.reshape(4, 4, batch, height // 2, width // 2, made)
    for down in range(2):
        rows = m[0] + m[1] if down == 0 else m[1] - m[2]
        rows += m[2] if down == 0 else m[3]
        even, odd = out[:, down::2, ::2], out[:, down::2, 1::2]
        np.add(rows[1], rows[2], out=even)
        even += rows[0]
        np.subtract(rows[1], rows[2], out=odd)
        odd += rows[3]


def _from_pixels(grad: Array) -> Array:
    """``A grad Aᵀ`` for the tiles of grad (N, H_out, W_out, O): (16, T, O)."""
    batch, height, width, made = grad.shape
    m = np.empty((4, 4, batch, height // 2, width // 2, made), grad.dtype)
    upper, lower = grad[:, ::2], grad[:, 1::2]
    for a, row in enumerate((upper, upper + lower, upper - lower, lower)):
        left, right = row[:, :, ::2], row[:, :, 1::2]
        m[a, 0] = left
        np.add(left, right, out=m[a, 1])
        np.subtract(left, right, out=m[a, 2])
        m[a, 3] = right
    return m.reshape(16, -1, made)


def _add_up_tiles(grad_tiles: Array, window: Window, out: Array) -> None:
    """``B grad_v Bᵀ`` for each tile, and for each pixel of ``out`` (N, H, W, C) the sum over the tiles that saw it."""
    padded = window.canvas(out.shape, out.dtype)
    batch, height, width, channels = padded.shape
    down, across = height // 2 - 1, width // 2 - 1
    v = grad_tiles.reshape(4, 4, batch, down, across, channels).swapaxes(0, 1)
    rows = np.zeros((4, batch, down, width, channels), out.dtype)
    _add_back(v, [rows[:, :, :, b : b + 2 * across : 2] for b in range(4)])
    _add_back(rows, [padded[:, a : a + 2 * down : 2] for a in range(4)])
    out[...] = window.inside(padded)


def _add_back(v: Array, d: list[Array]) -> None:
    """``d += B v`` along one axis of the tiles."""
    d[0] += v[0]
    d[1] += v[1] - v[2] - v[3]
    d[2] += v[1] + v[2] - v[0]
    d[3] += v[3]
