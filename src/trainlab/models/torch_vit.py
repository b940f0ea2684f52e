"""A small vision transformer, in PyTorch.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

import torch
from torch import nn

from trainlab.models.vit import MLP_RATIO, ViTSize


class PatchEmbedding(nn.Module):
    """Cuts images into square patches and maps each to D numbers: x (N, channels, H, W) → y (N, T, D)."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.proj(x)
        return y.flatten(2).transpose(1, 2)


class PositionEmbedding(nn.Module):
    """``y = x + weight``: x, y (N, T, D), weight (T, D)."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(length, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight


class PlaceMLP(nn.Module):
    """``y = fc2(gelu(fc1(x)))``, place by place: x, y (N, T, D)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, MLP_RATIO * width)
        self.gelu = nn.GELU(approximate="tanh")
        self.fc2 = nn.Linear(MLP_RATIO * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc2(self.gelu(self.fc1(x)))
        return y


class TransformerBlock(nn.Module):
    """``z = x + attn(norm1(x))``, ``y = z + mlp(norm2(z))``: x, y (N, T, D).

    Source: Dosovitskiy et al. 2021, "An image is worth 16×16 words", equations 2 and 3.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = PlaceMLP(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normalized = self.norm1(x)
        attended, _ = self.attn(normalized, normalized, normalized, need_weights=False)
        x = x + attended
        y: torch.Tensor = x + self.mlp(self.norm2(x))
        return y


class ViT(nn.Module):
    """A vision transformer. Its twin on NumPy is `models.vit`.

    x (N, channels, height, width) → scores (N, classes).

    Raises InputError for images that patches do not fill.
    """

    def __init__(self, size: ViTSize, classes: int, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.patch_embed = PatchEmbedding(channels, size.width, size.patch)
        self.pos_embed = PositionEmbedding(size.patches(height, width), size.width)
        self.blocks = nn.Sequential(*(TransformerBlock(size.width, size.heads) for _ in range(size.depth)))
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.blocks(self.pos_embed(self.patch_embed(x))))
        scores: torch.Tensor = self.head(x.mean(dim=1))
        return scores
