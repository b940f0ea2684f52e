"""A PyTorch network layer by layer, in the same rows as `trainlab.models.summarize`.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from typing import Any

import torch
from torch import nn

from trainlab.models.summary import LayerSummary


def summarize_torch(model: nn.Module, sample_shape: tuple[int, ...]) -> list[LayerSummary]:
    """Send one sample of zeros through the network and note what each layer without inner layers does."""
    rows: list[LayerSummary] = []

    def note(name: str, layer: nn.Module) -> Any:
        def hook(module: nn.Module, inputs: Any, y: torch.Tensor) -> None:
            parameters = sum(parameter.numel() for parameter in layer.parameters() if parameter.requires_grad)
            shape = tuple(y.shape[1:])
            rows.append(LayerSummary(name, describe(layer), shape, parameters, forward_flops(layer, y), 4 * y.numel()))

        return hook

    leaves = [(name, layer) for name, layer in model.named_modules() if not list(layer.children()) and name]
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
    return type(layer).__name__


def forward_flops(layer: nn.Module, y: torch.Tensor) -> int:
    """For one sample: two for each multiplication with a weight, one for each bias or entry elsewhere."""
    if isinstance(layer, nn.Conv2d):
        products = layer.weight[0].numel()  # for one entry of the output
        return y.numel() * (2 * products + (layer.bias is not None))
    if isinstance(layer, nn.Linear):
        return layer.out_features * (2 * layer.in_features + 1)
    return 0 if isinstance(layer, nn.Flatten) else y.numel()
