"""Stochastic gradient descent."""

from collections.abc import Iterable

import numpy as np

from trainlab.nn import Parameter
from trainlab.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Walk downhill; with momentum, like a ball that keeps some of its speed.

    With weight decay λ, momentum μ and learning rate η::

        g ← g + λ·θ
        v ← μ·v + g
        θ ← θ − η·v              (with nesterov:  θ ← θ − η·(g + μ·v))

    Args:
        parameters: what to train.
        lr: η. Too small learns slowly, too large oscillates or diverges.
        momentum: μ in [0, 1). The steps of a steady direction grow to 1/(1 − μ) times their size.
        nesterov: look ahead along the momentum; needs momentum.
        weight_decay: λ ≥ 0, pulls every weight towards 0.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", in the form
    of PyTorch's ``SGD`` (dampening 0).

    >>> weight = Parameter(np.array([1.0, 2.0]))
    >>> optimizer = SGD([weight], lr=0.1)
    >>> weight.accumulate(np.array([1.0, -1.0]))
    >>> optimizer.step()
    >>> weight.data
    array([0.9, 2.1])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {momentum}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {weight_decay}")
        if nesterov and momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        if momentum:
            self.state_names = ("velocity",)
            self.velocity = np.zeros_like(self.theta)

    def _update(self) -> None:
        if self.momentum == 0 and self.weight_decay == 0:
            for parameter in self.parameters:  # θ ← θ − η·g without writing out a g that is a product
                parameter.descend(self.lr)
            return
        g = self.gradient()
        if self.weight_decay:
            g = g + self.weight_decay * self.theta
        direction = g
        if self.momentum:
            self.velocity *= self.momentum
            self.velocity += g
            direction = g + self.momentum * self.velocity if self.nesterov else self.velocity
        self.theta -= self.lr * direction
