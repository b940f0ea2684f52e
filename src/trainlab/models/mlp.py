"""Multi-layer perceptron: fully connected layers with an activation between them."""

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

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
    dtype: type[np.floating[Any]] = np.float32,
) -> Sequential:
    """Flatten, then Linear → activation (→ dropout) for each hidden width, then Linear to one score a class.

    Args:
        in_features: numbers in one sample, channels · height · width.
        hidden: width of each hidden layer, in order; empty makes a linear classifier.
        classes: number of scores.
        activation: a key of `nn.ACTIVATIONS`.
        dropout: probability of dropping a hidden unit; 0 leaves the layer out.
        rng: where the initial weights are drawn from; in float32 they are those of float64, rounded.
        dtype: of weights, inputs and scores: float32 or float64.

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
    linear = partial(Linear, rng=rng, initialization=initialization, dtype=dtype)
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [linear(fan_in, fan_out), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(Dropout(dropout, rng=rng))
    return Sequential(*layers, linear(widths[-1], classes))
