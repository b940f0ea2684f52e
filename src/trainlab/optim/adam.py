"""Adam, and Adam with decoupled weight decay."""

from collections.abc import Iterable

import numpy as np

from trainlab.nn import Array, Parameter
from trainlab.optim.optimizer import Optimizer


class Adam(Optimizer):
    """Every weight gets its own step size: the mean of its recent gradients over their root mean square.

    With learning rate η and t the number of this step, from 1::

        g ← g + λ·θ                       (weight_decay λ; see AdamW for the better form)
        m ← β₁·m + (1 − β₁)·g             mean
        v ← β₂·v + (1 − β₂)·g²            mean square
        θ ← θ − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)

    Dividing by ``1 − βᵗ`` makes up for m and v beginning at 0.

    Args:
        parameters: what to train.
        lr: η, about the largest change of any weight in one step.
        betas: (β₁, β₂), each in [0, 1): how long the two means remember, 1/(1 − β) steps.
        eps: ε > 0, keeps the division finite where gradients vanish.
        weight_decay: λ ≥ 0, added to the gradient.

    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    state_names = ("mean", "mean_square")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"both betas must be in [0, 1), got {betas}")
        if not eps > 0:
            raise ValueError(f"eps must be above 0, got {eps}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {weight_decay}")
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.mean = np.zeros_like(self.theta)
        self.mean_square = np.zeros_like(self.theta)
        self._scratch = np.empty_like(self.theta)

    def _update(self) -> None:
        g = self.gradient()
        if self.weight_decay:
            g = self._decay(g)
        beta1, beta2 = self.betas
        scratch = self._scratch  # out= keeps the vectors in the processor's cache: no new memory in a step

        np.multiply(g, 1 - beta1, out=scratch)
        self.mean *= beta1
        self.mean += scratch

        np.multiply(g, g, out=scratch)
        scratch *= 1 - beta2
        self.mean_square *= beta2
        self.mean_square += scratch

        np.sqrt(self.mean_square, out=scratch)
        scratch *= (1 - beta2**self.steps) ** -0.5
        scratch += self.eps
        np.divide(self.mean, scratch, out=scratch)
        scratch *= self.lr / (1 - beta1**self.steps)
        self.theta -= scratch

    def _decay(self, g: Array) -> Array:
        return g + self.weight_decay * self.theta


class AdamW(Adam):
    """Adam whose weight decay acts on the weights themselves, not through the gradient.

    Before Adam's step (without its first line): ``θ ← θ − η·λ·θ``. In `Adam` the decay is divided by the gradient's
    size like everything else, so weights with large gradients hardly decay; here all decay alike.

    Args: those of `Adam`; weight_decay is 0.01 by default.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def _decay(self, g: Array) -> Array:
        self.theta *= 1 - self.lr * self.weight_decay
        return g
