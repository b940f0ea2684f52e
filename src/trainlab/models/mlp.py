"""Multi-layer perceptron: fully connected layers with an activation between them."""

import itertools
from collections.abc import Sequence

import numpy as np

from trainlab.nn import ACTIVATIONS, Dropout, Flatten, Linear, Module, Sequential
from trainlab.nn.initialization import Initializer, he_normal


def mlp(
    in_features: int,
    hidden: Sequence[int],
    classes: int,
    *,
    activation: str = "relu",
    dropout: float = 0.0,
    initialization: Initializer = he_normal,
    rng: np.random.Generator,
) -> Sequential:
    """Flatten, then Linear → activation (→ dropout) for each hidden width, then Linear to one score a class.

    Args:
        in_features: numbers in one sample, channels · height · width.
        hidden: width of each hidden layer, in order; empty makes a linear classifier.
        classes: number of scores.
        activation: a key of `nn.ACTIVATIONS`.
        dropout: probability of dropping a hidden unit; 0 leaves the layer out.

    >>> mlp(784, [128], 10, rng=np.random.default_rng(0))
    Sequential(
      (0): Flatten()
      (1): Linear(784, 128)
      (2): ReLU()
      (3): Linear(128, 10)
    )
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}: choose from {', '.join(ACTIVATIONS)}")
    layers: list[Module] = [Flatten()]
    widths = [in_features, *hidden]
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [Linear(fan_in, fan_out, rng=rng, initialization=initialization), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(Dropout(dropout, rng=rng))
    return Sequential(*layers, Linear(widths[-1], classes, rng=rng, initialization=initialization))
