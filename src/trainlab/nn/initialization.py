"""How a weight matrix begins. Each function fills a new (fan_out, fan_in) array from a generator.

The variance decides whether signals keep their size from layer to layer: with He's, the output of a ReLU layer
has the same second moment as its input.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from trainlab.nn.array import Array

Initializer = Callable[[tuple[int, int], np.random.Generator], Array]


def he_normal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """N(0, 2 / fan_in), for ReLU. He et al. 2015, "Delving deep into rectifiers", equation 10."""
    return normal(shape, rng, std=math.sqrt(2 / shape[1]))


def xavier_normal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """N(0, 2 / (fan_in + fan_out)), for tanh and sigmoid. Glorot & Bengio 2010, "Understanding the difficulty of
    training deep feedforward neural networks", equation 12."""
    return normal(shape, rng, std=math.sqrt(2 / (shape[0] + shape[1])))


def normal(shape: tuple[int, int], rng: np.random.Generator, std: float = 0.01) -> Array:
    """N(0, std²)."""
    return std * rng.standard_normal(shape)


def by_name(name: str, std: float = 0.01) -> Initializer:
    """The initializer called ``he``, ``xavier`` or ``normal`` (only the last one uses ``std``)."""
    known: dict[str, Initializer] = {
        "he": he_normal,
        "xavier": xavier_normal,
        "normal": partial(normal, std=std),
    }
    if name not in known:
        raise ValueError(f"unknown initialization {name!r}: choose from {', '.join(known)}")
    return known[name]
