"""The layers of images that go through the battery, each beside its twin in PyTorch; see `cases.py`.

Heights and widths differ everywhere, so do channels in and out: whatever is transposed or swapped does not fit.
"""

from typing import Any

import numpy as np
import torch

from tests.nn.battery import LayerCase
from trainlab.nn import Conv2d


def conv(name: str, channels: tuple[int, int], kernel: Any, shape: tuple[int, ...], **options: Any) -> LayerCase:
    """A convolution; ``shape`` is (N, H, W)."""
    batch, height, width = shape
    return LayerCase(
        f"conv2d-{name}",
        lambda dtype: Conv2d(*channels, kernel, rng=np.random.default_rng(0), dtype=dtype, **options),
        lambda: torch.nn.Conv2d(*channels, kernel, **options),
        (batch, channels[0], height, width),
    )


IMAGE_CASES = [
    conv("3x3", (2, 3), 3, (2, 5, 4)),
    conv("padding", (2, 3), 3, (2, 4, 3), padding=1),
    conv("batch-1", (2, 3), 3, (1, 4, 5), padding=1),
    conv("no-bias", (3, 2), 3, (2, 4, 3), padding=1, bias=False),
    conv("stride", (2, 3), 3, (2, 6, 5), stride=2, padding=1),
    conv("stride-over-the-edge", (1, 2), 2, (2, 7, 5), stride=3),
    conv("1x1", (3, 4), 1, (2, 3, 2)),
    conv("1x1-stride", (3, 2), 1, (2, 5, 4), stride=2, bias=False),
    conv("oblong", (2, 3), (3, 2), (2, 6, 5), stride=(2, 1), padding=(0, 1)),
    conv("wide-padding", (1, 2), 2, (1, 3, 2), padding=(2, 3)),
    conv("dilation", (2, 3), 3, (2, 7, 6), dilation=2, padding=1),
    conv("dilation-stride", (1, 2), (2, 3), (1, 5, 8), dilation=(3, 2), stride=(1, 2), padding=(1, 0)),
    conv("groups", (4, 6), 3, (2, 4, 3), groups=2, padding=1),
    conv("depthwise", (3, 6), 2, (2, 4, 3), groups=3, stride=2, padding=1, bias=False),
    conv("whole-image", (2, 3), (4, 3), (2, 4, 3)),
    conv("one-pixel", (2, 3), 3, (1, 1, 1), padding=1),
]
