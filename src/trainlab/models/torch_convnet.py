"""Two small convolutional networks, in PyTorch.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

import torch
from torch import nn

from trainlab.models.convnet import CONVNET_WIDTHS, convnet_kernels
from trainlab.models.lenet import lenet_geometry


class LeNet(nn.Module):
    """Two 5×5 convolutions with max-pooling, then three linear layers; ReLU between them.

    x (N, channels, H, W) → scores (N, classes). Its twin on NumPy is `models.lenet`.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", figure 2, with ReLU and
    max-pooling in place of tanh and learned averages.

    Raises InputError for images below 16×16, of which nothing would be left.
    """

    def __init__(self, classes: int, channels: int, height: int, width: int) -> None:
        super().__init__()
        padding, pixels = lenet_geometry(height, width)
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=padding)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * pixels, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        scores: torch.Tensor = self.fc3(torch.relu(self.fc2(x)))
        return scores


class ConvNet(nn.Module):
    """Three convolutions with BatchNorm and ReLU, each halving height and width; a mean over what is left; one linear
    layer.

    x (N, channels, H, W) → scores (N, classes). Its twin on NumPy is `models.convnet`.

    Raises InputError for images of one pixel.
    """

    def __init__(self, classes: int, channels: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for width, kernel in zip(CONVNET_WIDTHS, convnet_kernels(size), strict=True):
            layers += [
                nn.Conv2d(before, width, kernel, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.fc(self.features(x).mean(dim=(2, 3)))
        return scores
