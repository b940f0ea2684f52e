"""A moving average of a network's weights.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

import copy

import torch


class AveragedModel:
    """A copy of a network whose weights and running statistics follow those of the original slowly.

        θ̄ ← θ̄ + max(1 − decay, 1 / (t + 1)) · (θ − θ̄)          t = 1, 2, … counts the updates

    At first the plain mean of all weights so far, so the random initial ones are soon forgotten; then a mean over about
    the last 1 / (1 − decay) steps. It is often better than any of the weights that went into it.

    Args:
        model: the original, which is trained.
        decay: in (0, 1); larger remembers longer.

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; Izmailov et al. 2018.
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Follow the original, whose ``step``-th step was taken."""
        weight = max(1 - self.decay, 1 / (step + 1))
        for mean, value in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:
                mean.copy_(value)  # a counter
