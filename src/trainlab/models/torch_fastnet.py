"""A network made to learn CIFAR-10 in the fewest operations, in PyTorch.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from trainlab.errors import InputError
from trainlab.models.torch_convolution import Conv2d

PATCH = 2
"""Side of the patches that are whitened, in pixels."""
SMALLEST_EIGENVALUE = 5e-4
"""Added to the variance of each direction: those that hold nothing but noise are not blown up."""
NEW_SHARE = 0.4
"""How much of a running statistic each batch replaces: a run of a few hundred steps has no time for PyTorch's 0.1."""


@dataclass(frozen=True)
class FastNetSize:
    """How large a `FastNet` is.

    Args:
        widths: channels of each stage. More learn more and cost their square.
        depth: convolutions of each stage, 2 or 3.
        pool: side of the windows that are pooled every 2 pixels, 2 or 3; the latter overlap.
        border: whether whitening leaves images as large as they are: 32×32 pixels become 32, 16, 8 and 4 instead of
            31, 15, 7 and 3.
        bias: whether something is learned in front of the first 3×3 convolution: what is added to whitened patches.
            Without it no gradient need go back through that convolution, which sees more pixels than any other.
    """

    widths: Sequence[int] = (64, 128, 256)
    depth: int = 2
    pool: int = 2
    border: bool = False
    bias: bool = True


class Whitening(nn.Module):
    """A 2×2 convolution whose fixed filters make the pixels of a patch uncorrelated, each once with either sign.

        y = [W·p, −W·p] + b          W = (Λ + ε)^(−1/2) · Vᵀ,   with V·Λ·Vᵀ = mean of p·pᵀ over all patches p

    x (N, C, H, W) → y (N, 8·C, H − 1, W − 1), or with a border (N, 8·C, H, W): the second row and column are then seen
    once more before the first. W is computed once by `fit`; only b is learned, where there is one. The other sign keeps
    what the activation behind it would cut off.

    Source: Page 2019, "How to train your ResNet 8: bag of tricks"; Jordan 2024, arXiv:2404.00498, section 3.1.
    """

    def __init__(self, channels: int, border: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.border = border
        self.directions = channels * PATCH**2
        self.conv = nn.Conv2d(channels, 2 * self.directions, PATCH, bias=bias)
        self.conv.weight.requires_grad_(False)

    @torch.no_grad()
    def fit(self, images: torch.Tensor) -> None:
        """Compute W from images (N, C, H, W) of the training part, as the network gets them."""
        patches = images.double().unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # (N, C, H−1, W−1, 2, 2)
        p = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, self.directions)
        eigenvalues, v = torch.linalg.eigh(p.T @ p / len(p))
        w = (v / (eigenvalues + SMALLEST_EIGENVALUE).sqrt()).T.flip(0)  # the strongest direction first
        self.conv.weight.copy_(torch.cat([w, -w]).reshape(self.conv.weight.shape))
        if self.conv.bias is not None:
            self.conv.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(functional.pad(x, (1, 0, 1, 0), mode="reflect") if self.border else x)
        return y


class Stage(nn.Module):
    """Two or three 3×3 convolutions, each with BatchNorm and SiLU; the first is followed by max-pooling with stride 2.

        h = silu(bn1(pool(conv1(x))))                         windows of 2×2, or of 3×3, which overlap
        y = silu(bn2(conv2(h)))                               depth 2
        y = silu(h + bn3(conv3(silu(bn2(conv2(h))))))         depth 3: a residual block

    x (N, C_in, H, W) → y (N, C_out, ⌊H/2⌋, ⌊W/2⌋). BatchNorm has a bias but no learned scale.
    """

    def __init__(self, in_channels: int, out_channels: int, depth: int = 2, pool: int = 2) -> None:
        super().__init__()
        self.depth, self.pool = depth, pool
        self.conv1 = Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.bn1 = _batch_norm(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = _batch_norm(out_channels)
        if depth == 3:
            self.conv3 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
            self.bn3 = _batch_norm(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # the last window of 3 at an even side holds only 2: as many windows as there are of 2
        pooled = torch.max_pool2d(self.conv1(x), self.pool, stride=2, ceil_mode=self.pool == 3)
        h = functional.silu(self.bn1(pooled))
        y = functional.silu(self.bn2(self.conv2(h)))
        return y if self.depth == 2 else functional.silu(h + self.bn3(self.conv3(y)))


class FastNet(nn.Module):
    """Whitened patches, a few stages that halve height and width, the largest value of each channel, one linear layer.

    x (N, channels, H, W) → scores (N, classes).

    Args:
        side: the shorter one of the images: one pixel at least must be left behind the last stage.

    Raises InputError for images that are too small.

    Source: Jordan 2024, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", arXiv:2404.00498, figure 1, with SiLU
    for GELU; depth 3 is that of its network for 96 %.
    """

    def __init__(self, size: FastNetSize, classes: int, channels: int, side: int) -> None:
        super().__init__()
        widths = size.widths
        smallest = 2 ** len(widths) + (0 if size.border else PATCH - 1)
        if side < smallest:
            raise InputError(
                f"model = fastnet with {len(widths)} stages halves images {len(widths)} times and needs at least "
                f"{smallest}×{smallest} pixels, got a side of {side}. Give hidden fewer widths, or take larger images."
            )
        self.whitening = Whitening(channels, size.border, size.bias)
        before = (self.whitening.conv.out_channels, *widths[:-1])
        pairs = zip(before, widths, strict=True)
        self.stages = nn.Sequential(*(Stage(*pair, size.depth, size.pool) for pair in pairs))
        self.fc = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stages(functional.silu(self.whitening(x)))
        scores: torch.Tensor = self.fc(x.amax(dim=(2, 3)))
        return scores

    @torch.no_grad()
    def begin(self) -> None:
        """Change random initial weights to where training begins best: every convolution passes its input on, and all
        classes are nearly as likely as each other."""
        for stage in self.stages.children():
            for conv in stage.children():
                if isinstance(conv, Conv2d):
                    nn.init.dirac_(conv.weight[: conv.in_channels])
        self.fc.weight.mul_(0.1)


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, momentum=NEW_SHARE)
    norm.weight.requires_grad_(False)
    return norm
