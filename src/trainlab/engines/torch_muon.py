"""Muon for PyTorch's parameters.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch

from trainlab.optim.muon import orthogonalize, shape_factor, splits_from_rest


class Muon(torch.optim.Optimizer):
    """`trainlab.optim.Muon`, whose formulas and arguments hold here as well.

    Frozen parameters are passed over. Each parameter keeps its own state: ``velocity``; or ``mean``, ``mean_square``
    and ``step``.

    Args:
        product_dtype: what the matrix products of `orthogonalize` are computed in; bfloat16 is enough, and faster where
            the hardware has it.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        lr: float = 0.02,
        adam_lr: float = 1e-3,
        momentum: float = 0.95,
        nesterov: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        unit_rows: bool = False,
        product_dtype: torch.dtype = torch.float32,
    ) -> None:
        learned = [parameter for parameter in parameters if parameter.requires_grad]
        is_matrix = splits_from_rest([tuple(parameter.shape) for parameter in learned])
        self.product_dtype = product_dtype
        matrices: dict[str, Any] = {"params": [], "update": "muon", "momentum": momentum, "nesterov": nesterov}
        matrices["unit_rows"] = unit_rows
        rest: dict[str, Any] = {"params": [], "update": "adam", "betas": betas, "lr_share": adam_lr / lr}
        for parameter, chosen in zip(learned, is_matrix, strict=True):
            (matrices if chosen else rest)["params"].append(parameter)
        groups = [group for group in (matrices, rest) if group["params"]]
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            update = self._step_matrix if group["update"] == "muon" else self._step_by_adam
            for parameter in group["params"]:
                if parameter.grad is not None:
                    update(parameter, parameter.grad, group, self.state[parameter])

    def _step_matrix(self, w: torch.Tensor, g: torch.Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            state["velocity"] = torch.zeros_like(w)
        velocity, momentum = state["velocity"], group["momentum"]
        velocity.mul_(momentum).add_(g)
        direction = g + momentum * velocity if group["nesterov"] else velocity
        d = direction.reshape(len(w), -1)
        step = orthogonalize(d.to(self.product_dtype)).to(w.dtype).reshape(w.shape)
        w.mul_(len(w) ** 0.5 / w.norm() if group["unit_rows"] else 1 - group["lr"] * group["weight_decay"])
        w.sub_(step, alpha=group["lr"] * shape_factor(*d.shape))

    def _step_by_adam(self, w: torch.Tensor, g: torch.Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            state.update(step=torch.tensor(0.0), mean=torch.zeros_like(w), mean_square=torch.zeros_like(w))
        state["step"] += 1
        step = float(state["step"])
        beta1, beta2 = group["betas"]
        lr = group["lr"] * group["lr_share"]
        state["mean"].lerp_(g, 1 - beta1)
        state["mean_square"].lerp_(g * g, 1 - beta2)
        m = state["mean"] / (1 - beta1**step)
        v = state["mean_square"] / (1 - beta2**step)
        w.mul_(1 - lr * group["weight_decay"])
        w.sub_(m / (v.sqrt() + 1e-8), alpha=lr)
