"""Winograd's convolution in PyTorch, as three matrix products.

An image of 8×8 pixels is four of the tiles of `trainlab.nn.winograd`, which has the algorithm and its matrices Aᵀ, Bᵀ
and G. With so few tiles the transformations need not go from one to the next: one matrix leads from the pixels of a
channel to all that its tiles become, another one from their products to the pixels of the output. With images as
x (H·W, N·C), and u (36, O, C) the transformed filters::

    v = B x             B (36·T, H·W)           what the 36 places of each tile hold
    m[p] = v[p] u[p]ᵀ   (T·N, C) @ (C, O)       for each place p
    y = A m             A (H_out·W_out, 36·T)

and backward the same products, transposed::

    grad_m = Aᵀ grad_y      grad_u[p] = grad_m[p]ᵀ v[p]      grad_v[p] = grad_m[p] u[p]      grad_x = Bᵀ grad_v

Most of B and A is zero. To multiply by the zeros as well takes less time than many small products, whose operands
would first have to be brought into order. Filters are images of 3×3 pixels: ``u = (G ⊗ G) w`` is one more product.

The zeros grow with the square of T, so a larger image is cut into blocks that make 8×8 pixels of the output and see
10×10 of the input. Each is an image of its own.

N is the batch size, C channels in, O channels out, T tiles of an image. This file imports torch, so it is itself
imported only where a run asks for `engine=torch`.
"""

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from trainlab.nn import winograd
from trainlab.nn.array import Array
from trainlab.nn.window import Window

PLACES = winograd.SEEN**2
"""Products for each tile and channel."""
BLOCK = 8
"""Pixels of the output along each side of a block."""
CHANNELS, PRODUCTS = 64, 128 * 128
"""On either side, and of both sides multiplied, at least: transforming must be little beside the products."""
WASTE_OF_ONE, WASTE_OF_MANY = 1.8, 1.5
"""Pixels that tiles make for each one of the output, at most: where an image is one block, and where it is cut."""
FEWEST_TILES = 128
"""In the whole batch: fewer are not worth the transforming of the filters, which makes four times as many numbers."""


def fits(x_shape: tuple[int, ...], weight_shape: tuple[int, ...], window: Window, groups: int) -> bool:
    """Whether this form computes a convolution of x (N, C, H, W) by weight (O, C, 3, 3) in bfloat16, and faster."""
    if not is_of_use() or not winograd.exists(window, groups):
        return False
    cuts = [Cut.along(*axis) for axis in zip(x_shape[2:], window.padding, strict=True)]
    covered = math.prod(cut.covered for cut in cuts)
    is_wide = min(weight_shape[:2]) >= CHANNELS and math.prod(weight_shape[:2]) >= PRODUCTS
    are_many = x_shape[0] * covered >= FEWEST_TILES * winograd.MADE**2
    waste = WASTE_OF_ONE if all(cut.made.count == 1 for cut in cuts) else WASTE_OF_MANY
    return is_wide and are_many and covered <= waste * math.prod(window.output_size(*x_shape[2:]))


@functools.cache
def is_of_use() -> bool:
    """Whether the processor multiplies bfloat16 numbers in vectors. Tiles (AMX) multiply eight times as many at once,
    but would not transform any faster; there PyTorch's own convolution is left alone, as that is not measured."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16", False)) and not capabilities.get("amx_bf16", False)


class Winograd(torch.autograd.Function):
    """x (N, C, H, W), weight (O, C, 3, 3) → y (N, O, H_out, W_out), computed in the number format of x.

    In bfloat16 results are off by 1.5 % of their size, where the plain sum is off by 0.2 %.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, window: Window) -> torch.Tensor:
        cuts = [Cut.along(*axis) for axis in zip(x.shape[2:], window.padding, strict=True)]
        b, a, g = (matrix.to(x.dtype) for matrix in matrices(*cuts))
        with torch.autocast("cpu", enabled=False):
            u = (g @ _by_pixels(weight.to(x.dtype), FILTER)).view(PLACES, *weight.shape[:2])
            v = (b @ _by_pixels(x, [cut.seen for cut in cuts])).view(PLACES, -1, x.shape[1])
            m = v @ u.transpose(1, 2)
            y = a @ m.view(len(b), -1)
        ctx.save_for_backward(u, v, b, a, g)
        ctx.shape, ctx.cuts, ctx.weight_dtype = x.shape, cuts, weight.dtype
        return _by_images(y, (len(x), len(weight), *window.output_size(*x.shape[2:])), [cut.made for cut in cuts])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (grad_y,), (u, v, b, a, g) = grads, ctx.saved_tensors
        _, made, channels = u.shape
        grad_x = None
        with torch.autocast("cpu", enabled=False):
            grad_m = (a.T @ _by_pixels(grad_y, [cut.made for cut in ctx.cuts])).view(PLACES, -1, made)
            grad_u = grad_m.transpose(1, 2) @ v
            grad_weight = _by_images(g.T @ grad_u.view(PLACES, -1), (made, channels, 3, 3), FILTER)
            if ctx.needs_input_grad[0]:
                grad_v = grad_m @ u
                grad_x = _by_images(b.T @ grad_v.view(len(b), -1), ctx.shape, [cut.seen for cut in ctx.cuts])
        return grad_x, grad_weight.to(ctx.weight_dtype), None


@dataclass(frozen=True)
class Stretches:
    """Stretches of one axis of images: ``count`` of them, of ``length`` pixels each and one ``step`` from the next.

    The first begins ``before`` pixels in front of the image.
    """

    length: int
    count: int = 1
    step: int = 1
    before: int = 0

    @property
    def whole(self) -> int:
        """Pixels from the beginning of the first to the end of the last."""
        return (self.count - 1) * self.step + self.length


FILTER = [Stretches(3), Stretches(3)]


@dataclass(frozen=True)
class Cut:
    """What blocks see of one axis of the input, and make of the output. A small image is a block, its border known."""

    seen: Stretches
    made: Stretches
    padding: int

    @classmethod
    def along(cls, size: int, padding: int) -> "Cut":
        """For an axis of so many pixels."""
        made = size + 2 * padding - 2
        if max(size, made) <= BLOCK:
            return cls(Stretches(size), Stretches(made), padding)
        count = -(-made // BLOCK)
        return cls(Stretches(BLOCK + 2, count, BLOCK, padding), Stretches(BLOCK, count, BLOCK), 0)

    @property
    def covered(self) -> int:
        """Pixels of the output that tiles make, needed or not."""
        return self.made.count * winograd.MADE * self.tiles

    @property
    def tiles(self) -> int:
        """Of one block."""
        return -(-self.made.length // winograd.MADE)

    def matrices(self) -> tuple[Array, Array]:
        """B (6, T, seen) and A (made, 6, T): tile t sees 6 pixels from 4·t − padding on, and makes 4."""
        beyond = winograd.SEEN  # no tile sees more pixels than this outside of the block
        b = np.zeros((winograd.SEEN, self.tiles, self.seen.length + 2 * beyond))
        a = np.zeros((self.tiles * winograd.MADE, winograd.SEEN, self.tiles))
        for tile in range(self.tiles):
            first = winograd.MADE * tile
            b[:, tile, beyond + first - self.padding :][:, : winograd.SEEN] = winograd.BT
            a[first : first + winograd.MADE, :, tile] = winograd.AT
        return b[:, :, beyond:-beyond], a[: self.made.length]


@functools.cache
def matrices(down: Cut, across: Cut) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """B (36·T, H·W) and A (H_out·W_out, 36·T) for blocks that see H×W pixels, and G ⊗ G (36, 9).

    An odd H·W, H_out·W_out or 9 is one more than that, and the entries there are zero: PyTorch multiplies bfloat16
    numbers in pairs, and takes twice as long where one is left.
    """
    (b_down, a_down), (b_across, a_across) = down.matrices(), across.matrices()
    b = np.einsum("ath,bsw->abtshw", b_down, b_across).reshape(-1, down.seen.length * across.seen.length)
    a = np.einsum("hat,wbs->hwabts", a_down, a_across).reshape(-1, len(b))
    b, g = (np.pad(matrix, ((0, 0), (0, matrix.shape[1] % 2))) for matrix in (b, np.kron(winograd.G, winograd.G)))
    a = np.pad(a, ((0, len(a) % 2), (0, 0)))
    return torch.from_numpy(b), torch.from_numpy(a), torch.from_numpy(g)


def _by_pixels(x: torch.Tensor, axes: list[Stretches]) -> torch.Tensor:
    """x (N, C, H, W) → (pixels of a block, blocks·N·C), with a row of zeros behind it where their number is odd."""
    down, across = axes
    laid = x.permute(2, 3, 0, 1)
    if laid.shape[:2] != (down.whole, across.whole):
        inner = laid
        laid = x.new_zeros(down.whole, across.whole, *inner.shape[2:])
        laid[down.before :, across.before :][: len(inner), : inner.shape[1]] = inner
    blocks = laid.unfold(0, down.length, down.step).unfold(1, across.length, across.step).permute(4, 5, 0, 1, 2, 3)
    pixels = down.length * across.length
    rows = x.new_empty(pixels + pixels % 2, blocks[0, 0].numel())
    rows[:pixels].view(blocks.shape).copy_(blocks)
    rows[pixels:] = 0
    return rows


def _by_images(rows: torch.Tensor, shape: tuple[int, int, int, int], axes: list[Stretches]) -> torch.Tensor:
    """Undo `_by_pixels`: x (N, C, H, W), its channels innermost. Where blocks overlap, it is their sum."""
    (batch, channels, height, width), (down, across) = shape, axes
    pixels = down.length * across.length
    blocks = rows[:pixels].view(down.length, across.length, down.count, across.count, batch, channels)
    if down.count == across.count == 1:
        laid = blocks[:, :, 0, 0]
    else:
        laid = rows.new_zeros(down.whole, across.whole, batch, channels)
        for i, j in itertools.product(range(down.count), range(across.count)):
            laid[down.step * i :, across.step * j :][: down.length, : across.length] += blocks[:, :, i, j]
    x = laid[down.before :, across.before :][:height, :width]
    return x.permute(2, 0, 1, 3).contiguous().permute(0, 3, 1, 2)
