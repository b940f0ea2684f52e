"""What an optimizer of PyTorch remembers of each parameter, as arrays by name and back.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainlab.engines.torch_muon import Muon


def memory_of(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, NDArray[Any]]:
    """Copies of everything, under ``PARAMETER/KEY``; nothing before the first step."""
    return {
        f"{name}/{key}": as_array(torch.as_tensor(value))
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state[parameter].items()
        if value is not None
    }


def expected_memory(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, tuple[int, ...]]:
    """The names and shapes of `memory_of` after a step."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"{names[parameter]}/{key}": () if key == "step" else tuple(parameter.shape)
        for group in optimizer.param_groups
        for parameter in group["params"]
        if parameter.requires_grad
        for key in _keys(optimizer, group)
    }


def _keys(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> tuple[str, ...]:
    """Under which the optimizer keeps what it remembers of a group's parameters."""
    if isinstance(optimizer, Muon):
        return ("velocity",) if group["update"] == "muon" else ("step", "mean", "mean_square")
    if isinstance(optimizer, torch.optim.SGD):
        return ("momentum_buffer",) if group["momentum"] else ()
    return ("step", "exp_avg", "exp_avg_sq")


def put_memory(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, memory: Mapping[str, NDArray[np.generic]]
) -> None:
    """Let the optimizer remember what `memory_of` returned, and nothing else; other names are passed over."""
    optimizer.state.clear()
    parameters = dict(model.named_parameters())
    for full_name, array in memory.items():
        name, slash, key = full_name.rpartition("/")
        if slash:
            value = torch.from_numpy(np.array(array))
            parameter = parameters[name]
            # everything lies beside its parameter, but for counters that no fused kernel reads
            stays = value.dim() == 0 and not optimizer.defaults.get("fused")
            placed = value if stays else value.to(parameter.device)
            optimizer.state[parameter][key] = placed.contiguous(memory_format=_format_of(parameter, placed))


def as_array(tensor: torch.Tensor) -> NDArray[Any]:
    """A copy as a NumPy array, channels first."""
    return np.array(tensor.detach().cpu().contiguous().numpy())


def _format_of(parameter: torch.Tensor, value: torch.Tensor) -> torch.memory_format:
    same = value.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if same else torch.contiguous_format
