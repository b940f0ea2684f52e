"""Muon: momentum whose matrices are made orthogonal before each step."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from trainlab.nn import Array, Parameter
from trainlab.optim.optimizer import Optimizer

COEFFICIENTS = (3.4445, -4.775, 2.0315)
"""a, b, c of the iteration: chosen by their author for a steep rise from 0, at the price of ending near 1 only."""
STEPS = 5
"""Iterations: singular values above 1/650 of ‖matrix‖ come to lie in about [0.7, 1.2]."""


def orthogonalize(matrix: Any, steps: int = STEPS) -> Any:
    """U·Vᵀ, nearly, where ``matrix = U·Σ·Vᵀ``: all singular values become about 1.

        X ← matrix / ‖matrix‖;     repeat:   S = X·Xᵀ,   X ← a·X + (b·S + c·S²)·X

    Each iteration sends every singular value σ to a·σ + b·σ³ + c·σ⁵ and leaves U and V alone: matrix products do what
    would otherwise take a decomposition.

    Args:
        matrix: (rows, columns), a NumPy array or a torch tensor; left as it is.
        steps: more come closer for small singular values.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the iteration is
    Newton–Schulz's.

    >>> x = orthogonalize(np.diag([3.0, 1.0]))
    >>> bool(np.all(np.abs(np.diag(x) - 1) < 0.3)), x[0, 1].item()
    (True, 0.0)
    """
    a, b, c = COEFFICIENTS
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix  # S is the smaller of the two products
    x = x / ((x * x).sum() ** 0.5 + 1e-7)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * (s @ s)) @ x
    return x.T if is_tall else x


def shape_factor(rows: int, columns: int) -> float:
    """``√max(1, rows / columns)``: an orthogonal step then changes outputs of every layer about alike."""
    return math.sqrt(max(1.0, rows / columns))


def splits_from_rest(shapes: list[tuple[int, ...]]) -> list[bool]:
    """Which parameters are made orthogonal: all matrices and filters but the last one, which makes the scores.

    >>> splits_from_rest([(128, 784), (128,), (64, 128), (64,), (10, 64), (10,)])
    [True, False, True, False, False, False]
    """
    matrices = [number for number, shape in enumerate(shapes) if len(shape) > 1]
    return [number in matrices[:-1] for number in range(len(shapes))]


class Muon(Optimizer):
    """Hidden layers' weights take steps of equal size in all directions; everything else learns by `AdamW`.

    With learning rate η, momentum μ and weight decay λ, for each matrix W of gradient G::

        B ← μ·B + G
        D ← G + μ·B  (nesterov)  or  B
        W ← W · √rows / ‖W‖  (unit_rows)  or  W − η·λ·W
        W ← W − η · √max(1, rows/columns) · orthogonalize(D)

    A gradient is nearly always dominated by a few directions; making it orthogonal lets the rare ones count as much.
    Filters of a convolution are matrices of (out_channels, everything else). Biases, scales and the last layer's weight
    are no such matrices and learn by Adam with a learning rate of their own, which the schedule changes alike.

    Args:
        parameters: what to train, in the order of the network.
        lr: η, the size of a step in every direction; 0.02 to 0.2 is usual.
        adam_lr: learning rate of the rest when ``lr`` is as given here.
        momentum: μ in [0, 1).
        nesterov: look ahead along the momentum.
        betas: of Adam, for the rest.
        weight_decay: λ ≥ 0, for all.
        unit_rows: keep each matrix at a root mean square row length of 1 instead of decaying it, so that η says how
            large a step is beside the weights. For weights in front of a BatchNorm, where scale means nothing.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; unit rows as in the same
    author's CIFAR-10 speed runs.
    """

    state_names = ("velocity", "mean", "mean_square")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.02,
        adam_lr: float = 1e-3,
        momentum: float = 0.95,
        nesterov: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        unit_rows: bool = False,
    ) -> None:
        found = list(parameters)
        is_matrix = splits_from_rest([parameter.shape for parameter in found])
        self.matrices = [parameter for parameter, chosen in zip(found, is_matrix, strict=True) if chosen]
        rest = [parameter for parameter, chosen in zip(found, is_matrix, strict=True) if not chosen]
        super().__init__([*self.matrices, *rest], lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {momentum}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"both betas must be in [0, 1), got {betas}")
        if not adam_lr > 0:
            raise ValueError(f"adam_lr must be above 0, got {adam_lr}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {weight_decay}")
        self.adam_share = adam_lr / lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.betas = betas
        self.weight_decay = weight_decay
        self.unit_rows = unit_rows
        size = sum(parameter.size for parameter in self.matrices)
        self.velocity = np.zeros(size, self.theta.dtype)
        self.mean = np.zeros(self.theta.size - size, self.theta.dtype)
        self.mean_square = np.zeros_like(self.mean)

    def _update(self) -> None:
        g = self.gradient()
        size = self.velocity.size
        self._step_matrices(g[:size])
        self._step_rest(g[size:], self.theta[size:])

    def _step_matrices(self, g: Array) -> None:
        self.velocity *= self.momentum
        self.velocity += g
        direction = g + self.momentum * self.velocity if self.nesterov else self.velocity
        start = 0
        for parameter in self.matrices:
            rows = len(parameter.data)
            d = direction[start : start + parameter.size].reshape(rows, -1)
            if self.unit_rows:
                parameter.data *= math.sqrt(rows) / np.linalg.norm(parameter.data)
            else:
                parameter.data *= 1 - self.lr * self.weight_decay
            step = self.lr * shape_factor(*d.shape) * orthogonalize(d)
            parameter.data -= step.reshape(parameter.shape)
            start += parameter.size

    def _step_rest(self, g: Array, theta: Array) -> None:
        beta1, beta2 = self.betas
        lr = self.lr * self.adam_share
        self.mean += (1 - beta1) * (g - self.mean)
        self.mean_square += (1 - beta2) * (g * g - self.mean_square)
        m = self.mean / (1 - beta1**self.steps)
        v = self.mean_square / (1 - beta2**self.steps)
        theta *= 1 - lr * self.weight_decay
        theta -= lr * m / (np.sqrt(v) + 1e-8)
