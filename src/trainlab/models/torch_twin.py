"""The PyTorch twin of a NumPy network: the same layers, the same names, the same weights.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

import numpy as np
import torch

from trainlab import nn
from trainlab.nn import functional


class KeyedDropout(torch.nn.Module):
    """Dropout with the masks of `trainlab.nn.Dropout`, from the same generator, which an engine sets for every step.

    ``torch.nn.Dropout`` draws from the global generator: a resumed run would draw other masks, a GPU others than a CPU.

    ``rows``: where a batch is computed in parts, the size of the whole batch and which of its images are here. Masks
    are drawn for the whole, so that they do not depend on the parts.
    """

    def __init__(self, p: float, rng: np.random.Generator) -> None:
        super().__init__()
        self.p = p
        self.rng = rng
        self.rows: tuple[int, slice] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        y: torch.Tensor = x * self._keep(x) * (1 / (1 - self.p))
        return y

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _keep(self, x: torch.Tensor) -> torch.Tensor:
        count, here = self.rows or (len(x), slice(None))
        keeps = functional.dropout_keeps((count, *x.shape[1:]), self.p, self.rng)
        return torch.from_numpy(keeps[here]).to(x.device, non_blocking=x.is_cuda)

    def extra_repr(self) -> str:
        return f"p={self.p}"


def torch_twin(model: nn.Sequential) -> torch.nn.Sequential:
    """A PyTorch network that computes what ``model`` computes, with a copy of its weights.

    Parameters keep their names and types: ``"1.weight"`` here is ``"1.weight"`` there.

    Raises TypeError for a layer without a counterpart.
    """
    twin = torch.nn.Sequential(*(_counterpart(layer) for layer in model.layers))
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    return twin


def _counterpart(layer: nn.Module) -> torch.nn.Module:
    match layer:
        case nn.Linear():
            dtype = torch.from_numpy(layer.weight.data).dtype
            return torch.nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None, dtype=dtype)
        case nn.Flatten():
            return torch.nn.Flatten()
        case nn.ReLU():
            return torch.nn.ReLU()
        case nn.LeakyReLU():
            return torch.nn.LeakyReLU(layer.negative_slope)
        case nn.GELU():
            return torch.nn.GELU(approximate="tanh")
        case nn.Tanh():
            return torch.nn.Tanh()
        case nn.Sigmoid():
            return torch.nn.Sigmoid()
        case nn.Dropout():
            return KeyedDropout(layer.p, layer.rng)
    raise TypeError(f"{type(layer).__name__} has no counterpart in PyTorch here")
