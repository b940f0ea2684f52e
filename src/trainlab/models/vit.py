"""A small vision transformer on the NumPy engine. Its twin in PyTorch stands in `torch_vit.py`; the parameters have the
same names.

T is the number of patches, D the width of the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.errors import InputError
from trainlab.nn import GELU, Array, Conv2d, LayerNorm, Linear, Module, Parameter, Residual, SelfAttention, Sequential
from trainlab.nn.images import check_grad_output

MLP_RATIO = 4
"""Hidden width of each block's MLP, in widths of the network; as in the paper."""
POSITION_STD = 0.02
"""σ of the position embedding's first values, as in the paper's program."""


@dataclass(frozen=True)
class ViTSize:
    """How large a vision transformer is.

    Args:
        patch: side of a patch in pixels. Half of it makes four times as many patches, each pair of which is compared.
        width: D, numbers that describe a patch. Time and parameters grow with its square.
        depth: blocks one after the other.
        heads: of each attention; they divide the width.

    Raises InputError for a width that the heads do not divide.
    """

    patch: int = 4
    width: int = 64
    depth: int = 4
    heads: int = 4

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise InputError(
                f"model = vit: vit_heads = {self.heads} must divide vit_width = {self.width}, since each head gets as "
                f"many numbers. Take vit_width={self.heads * -(-self.width // self.heads)}, or other heads."
            )

    def patches(self, height: int, width: int) -> int:
        """T for images of that size.

        Raises InputError for images that patches do not fill.
        """
        if height % self.patch or width % self.patch:
            fitting = [str(side) for side in range(1, min(height, width) + 1) if not (height % side or width % side)]
            raise InputError(
                f"model = vit cuts images into patches of {self.patch}×{self.patch} pixels, which do not fill images "
                f"of {height}×{width}. Take one of vit_patch={', '.join(fitting)}."
            )
        return (height // self.patch) * (width // self.patch)


class PatchEmbedding(Module):
    """Cuts images into square patches and maps each to D numbers by the same linear map.

    Forward: ``y[n, t] = proj.weight @ patchₜ(x[n]) + proj.bias``, patches row by row from the top left: a convolution
    whose stride is its window. Backward: that of the convolution.

    ===========  =============================================
    array        shape
    ===========  =============================================
    x            (N, channels, H, W), multiples of the patch
    y            (N, T, D) with T = H · W / patch²
    proj.weight  (D, channels, patch, patch)
    proj.bias    (D,)
    ===========  =============================================

    Keeps in training: what the convolution keeps, and the output's shape.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        patch: int,
        *,
        rng: np.random.Generator,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        self.proj = Conv2d(channels, width, patch, stride=patch, rng=rng, dtype=dtype)
        self._shape: tuple[int, ...] | None = None

    def skip_input_grad(self) -> None:
        self.needs_input_grad = False
        self.proj.skip_input_grad()

    def forward(self, x: Array) -> Array:
        y = self.proj.forward(x)
        self._shape = y.shape if self.training else None
        return y.reshape(*y.shape[:2], -1).swapaxes(1, 2)

    def backward(self, grad_output: Array) -> Array | None:
        if self._shape is None:
            raise self._no_forward()
        batch, width, rows, columns = self._shape
        check_grad_output(self, grad_output, (batch, rows * columns, width))
        return self.proj.backward(grad_output.swapaxes(1, 2).reshape(self._shape))


class PositionEmbedding(Module):
    """Adds what each place of a sequence is to its entries: attention alone would not know where they stand.

    Forward: ``y = x + weight``. Backward: ``grad_input = grad_output``, ``grad_weight = Σₙ grad_output[n]``.

    x and y are (N, T, D), weight (T, D).

    Keeps in training: the input's shape.
    """

    def __init__(self, length: int, width: int, *, dtype: type[np.floating[Any]] = np.float32) -> None:
        self.weight = Parameter(np.zeros((length, width), dtype), "weight")
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        if x.ndim != 3 or x.shape[1:] != self.weight.shape:
            length, width = self.weight.shape
            raise ValueError(f"{self!r} takes input of shape (N, {length}, {width}), got {x.shape}")
        self._shape = x.shape if self.training else None
        return x + self.weight.data

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        check_grad_output(self, grad_output, self._shape)
        self.weight.accumulate(grad_output.sum(axis=0))
        return grad_output

    def describe(self) -> str:
        return ", ".join(map(str, self.weight.shape))


class MeanOverPlaces(Module):
    """The mean of a sequence: ``y[n] = 1/T · Σₜ x[n, t]``.

    Backward: ``grad_input[n, t] = grad_output[n] / T``. x (N, T, D) → y (N, D). Keeps in training: the input's shape.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Array) -> Array:
        self._shape = x.shape if self.training else None
        y: Array = x.mean(axis=1)
        return y

    def backward(self, grad_output: Array) -> Array:
        if self._shape is None:
            raise self._no_forward()
        batch, length, width = self._shape
        check_grad_output(self, grad_output, (batch, width))
        return np.broadcast_to((grad_output / length)[:, np.newaxis], self._shape).copy()


class PlaceMLP(Sequential):
    """Two linear layers with GELU between them, applied to each place of a sequence alike.

    x (N, T, D) → y (N, T, D); the hidden layer is `MLP_RATIO` times as wide.
    """

    def __init__(self, width: int, *, rng: np.random.Generator, dtype: type[np.floating[Any]] = np.float32) -> None:
        super().__init__(
            fc1=Linear(width, MLP_RATIO * width, rng=rng, dtype=dtype),
            gelu=GELU(),
            fc2=Linear(MLP_RATIO * width, width, rng=rng, dtype=dtype),
        )

    def forward(self, x: Array) -> Array:
        return super().forward(x.reshape(-1, x.shape[-1])).reshape(x.shape)

    def backward(self, grad_output: Array) -> Array | None:
        grad_rows = super().backward(grad_output.reshape(-1, grad_output.shape[-1]))
        return None if grad_rows is None else grad_rows.reshape(grad_output.shape)


class TransformerBlock(Sequential):
    """Attention, then an MLP, each behind a LayerNorm and with a shortcut around it.

    Forward: ``z = x + attn(norm1(x))``, ``y = z + mlp(norm2(z))``. Backward: the chain rule along both ways of each.

    x, y (N, T, D).

    Source: Dosovitskiy et al. 2021, "An image is worth 16×16 words", equations 2 and 3; LayerNorm in front as in Xiong
    et al. 2020, "On layer normalization in the transformer architecture".
    """

    def __init__(
        self, width: int, heads: int, *, rng: np.random.Generator, dtype: type[np.floating[Any]] = np.float32
    ) -> None:
        attention = Sequential(
            norm1=LayerNorm(width, dtype=dtype), attn=SelfAttention(width, heads, rng=rng, dtype=dtype)
        )
        mlp = Sequential(norm2=LayerNorm(width, dtype=dtype), mlp=PlaceMLP(width, rng=rng, dtype=dtype))
        super().__init__(Residual(attention), Residual(mlp))

    def children(self) -> Iterator[tuple[str, Module]]:
        """The four layers by their own names, as PyTorch's block has them."""
        for _, residual in super().children():
            assert isinstance(residual, Residual)
            yield from residual.body.children()


def vit(
    size: ViTSize,
    classes: int,
    channels: int,
    height: int,
    width: int,
    *,
    rng: np.random.Generator,
    dtype: type[np.floating[Any]] = np.float32,
) -> Sequential:
    """A vision transformer: patches, where they are, blocks of attention and MLP, LayerNorm, mean, one linear layer.

    x (N, channels, height, width) → scores (N, classes).

    Source: Dosovitskiy et al. 2021, "An image is worth 16×16 words", with the mean over all patches in place of a class
    token, as in Beyer, Zhai & Kolesnikov 2022, "Better plain ViT baselines for ImageNet-1k".

    Raises InputError for images that patches do not fill.

    >>> model = vit(ViTSize(patch=7, width=32, depth=2), 10, 1, 28, 28, rng=np.random.default_rng(0))
    >>> model(np.zeros((3, 1, 28, 28), np.float32)).shape
    (3, 10)
    """
    length = size.patches(height, width)
    blocks = [TransformerBlock(size.width, size.heads, rng=rng, dtype=dtype) for _ in range(size.depth)]
    return Sequential(
        patch_embed=PatchEmbedding(channels, size.width, size.patch, rng=rng, dtype=dtype),
        pos_embed=PositionEmbedding(length, size.width, dtype=dtype),
        blocks=Sequential(*blocks),
        norm=LayerNorm(size.width, dtype=dtype),
        pool=MeanOverPlaces(),
        head=Linear(size.width, classes, rng=rng, dtype=dtype),
    )
