"""The layers of sequences that go through the battery, each beside its twin in PyTorch; see `cases.py`."""

from typing import Any

import numpy as np
import torch

from tests.nn.battery import LayerCase
from trainlab.nn import LayerNorm, SelfAttention


class TorchSelfAttention(torch.nn.MultiheadAttention):
    """PyTorch's attention of a sequence to itself."""

    def __init__(self, embed_dim: int, num_heads: int, causal: bool) -> None:
        super().__init__(embed_dim, num_heads, batch_first=True)
        self.causal = causal

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        length = x.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).triu(1) if self.causal else None
        y, _ = super().forward(x, x, x, need_weights=False, attn_mask=mask)
        return y


def attention(
    name: str, width: int, heads: int, shape: tuple[int, int], causal: bool = False, peer_rounding: float = 1.0
) -> LayerCase:
    """``shape`` is (N, T)."""
    return LayerCase(
        f"selfattention-{name}",
        lambda dtype: SelfAttention(width, heads, causal, rng=np.random.default_rng(0), dtype=dtype),
        lambda: TorchSelfAttention(width, heads, causal),
        (*shape, width),
        peer_rounding=peer_rounding,
    )


def layer_norm(name: str, shape: tuple[int, ...], **options: Any) -> LayerCase:
    return LayerCase(
        f"layernorm-{name}",
        lambda dtype: LayerNorm(shape[-1], dtype=dtype, **options),
        lambda: torch.nn.LayerNorm(shape[-1], **options),
        shape,
    )


SEQUENCE_CASES = [
    layer_norm("features", (4, 3)),
    layer_norm("batch-1", (1, 5)),
    layer_norm("sequences", (2, 3, 4), eps=0.1),
    attention("one-head", 3, 1, (2, 4)),
    # scores up to 10 make the softmax steep: in float32 the weights' gradient is 2.1e-6 off here, in PyTorch 4.7e-6
    attention("heads", 4, 2, (2, 3), peer_rounding=4.0),
    attention("causal", 4, 2, (2, 3), causal=True),
    attention("batch-1", 6, 3, (1, 2)),
]
