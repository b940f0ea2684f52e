"""ResNet for 32×32 images, in PyTorch.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from trainlab.models.resnet import WIDTHS
from trainlab.models.torch_convolution import Conv2d


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut around them.

    ``y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))``

    x (N, C_in, H, W) → y (N, C_out, H/stride, W/stride). The shortcut is the identity where the shape stays, else a
    1×1 convolution with BatchNorm.

    Source: He et al. 2016, "Deep residual learning for image recognition", figure 2 and section 3.3, option B.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """A 3×3 stem (no pooling), four stages of basic blocks, global average pooling, one linear layer.

    x (N, channels, H, W) → scores (N, classes). With 10 classes and three channels ResNet-18 has 11,173,962
    parameters. Its twin on NumPy is `models.resnet`.

    Args:
        blocks: number of `BasicBlock` in each stage; a stage halves height and width, but for the first.
        classes: number of scores.
        channels: 3 for RGB, 1 for grey.
        widths: channels of each stage.
    """

    def __init__(self, blocks: Sequence[int], classes: int, channels: int = 3, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        before = widths[0]
        stages = []
        for number, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            stride = 1 if number == 0 else 2
            first = BasicBlock(before, width, stride)
            stages.append(nn.Sequential(first, *(BasicBlock(width, width, 1) for _ in range(count - 1))))
            before = width
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: torch.Tensor = self.fc(x.mean(dim=(2, 3)))
        return scores
