"""A PyTorch network layer by layer, in the same rows as `trainlab.models.summarize`.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from typing import Any

import torch
from torch import nn

from trainlab.models.summary import LayerSummary


def summarize_torch(model: nn.Module, sample_shape: tuple[int, ...]) -> list[LayerSummary]:
    """Send one sample of zeros through the network and note what each layer does; attention counts as one."""
    rows: list[LayerSummary] = []

    def note(name: str, layer: nn.Module) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            y: torch.Tensor = output[0] if isinstance(layer, nn.MultiheadAttention) else output
            parameters = sum(parameter.numel() for parameter in layer.parameters() if parameter.requires_grad)
            shape = tuple(y.shape[1:])
            rows.append(LayerSummary(name, describe(layer), shape, parameters, forward_flops(layer, y), 4 * y.numel()))

        return hook

    attention = [name for name, layer in model.named_modules() if isinstance(layer, nn.MultiheadAttention)]
    leaves = [
        (name, layer)
        for name, layer in model.named_modules()
        if name in attention
        or (name and not list(layer.children()) and not any(name.startswith(f"{outer}.") for outer in attention))
    ]
    hooks = [layer.register_forward_hook(note(name, layer)) for name, layer in leaves]
    was_training = model.training
    with torch.inference_mode():
        model.eval()(torch.zeros(1, *sample_shape))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return rows


def describe(layer: nn.Module) -> str:
    """A name that fits a table: ``Conv2d(64, 128, 3×3, stride 2)``."""
    if isinstance(layer, nn.Conv2d):
        stride = f", stride {layer.stride[0]}" if layer.stride[0] != 1 else ""
        height, width = layer.kernel_size
        return f"Conv2d({layer.in_channels}, {layer.out_channels}, {height}×{width}{stride})"
    if isinstance(layer, nn.Linear):
        return f"Linear({layer.in_features}, {layer.out_features})"
    if isinstance(layer, nn.BatchNorm2d):
        return f"BatchNorm2d({layer.num_features})"
    if isinstance(layer, nn.MultiheadAttention):
        return f"MultiheadAttention({layer.embed_dim}, {layer.num_heads})"
    return type(layer).__name__


def forward_flops(layer: nn.Module, y: torch.Tensor) -> int:
    """For one sample: two for each multiplication, one for each bias or entry elsewhere; see `summary`."""
    if isinstance(layer, nn.Conv2d):
        products = layer.weight[0].numel()  # for one entry of the output
        return y.numel() * (2 * products + (layer.bias is not None))
    if isinstance(layer, nn.Linear):
        return y.numel() * (2 * layer.in_features + 1)
    if isinstance(layer, nn.MultiheadAttention):
        _, length, width = y.shape
        return int(4 * length * width * (2 * width + 1) + 4 * length**2 * width)
    return 0 if isinstance(layer, nn.Flatten) else y.numel()
