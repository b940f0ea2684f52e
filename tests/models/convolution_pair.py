"""The same convolution as ours and as PyTorch's."""

from typing import Any

import torch
from torch import nn

from trainlab.models.torch_convolution import Conv2d


def pair(**settings: Any) -> tuple[Conv2d, nn.Conv2d]:
    """Ours and PyTorch's, with the same weights."""
    chosen: dict[str, Any] = {"in_channels": 48, "out_channels": 64, "kernel_size": 3, "padding": 1} | settings
    torch.manual_seed(0)
    ours, theirs = Conv2d(**chosen), nn.Conv2d(**chosen)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs
