"""Initial weights have the mean and the spread that their formula promises, and come from the generator alone."""

import math
from functools import partial

import numpy as np
import pytest

from tests.nn.battery import FloatType, assert_same
from trainlab.nn import Linear
from trainlab.nn.initialization import Initializer, by_name, he_normal, normal, xavier_normal

FAN_OUT, FAN_IN = 150, 600  # not square: fan_in and fan_out taken for each other would show
COUNT = FAN_OUT * FAN_IN

INITIALIZERS: dict[str, tuple[Initializer, float]] = {
    "he": (he_normal, math.sqrt(2 / 600)),
    "xavier": (xavier_normal, math.sqrt(2 / 750)),
    "normal": (normal, 0.01),
    "normal of std 0.2": (partial(normal, std=0.2), 0.2),
    "by name, he": (by_name("he"), math.sqrt(2 / 600)),
    "by name, xavier": (by_name("xavier"), math.sqrt(2 / 750)),
    "by name, normal": (by_name("normal"), 0.01),
    "by name, normal of std 0.2": (by_name("normal", std=0.2), 0.2),
    "by name, he does not use std": (by_name("he", std=0.2), math.sqrt(2 / 600)),
}

every_initializer = pytest.mark.parametrize(("initializer", "std"), INITIALIZERS.values(), ids=INITIALIZERS)


@every_initializer
def test_mean_spread_and_shape_are_those_of_the_normal_distribution(initializer: Initializer, std: float) -> None:
    weights = initializer((FAN_OUT, FAN_IN), np.random.default_rng(0))
    assert weights.shape == (FAN_OUT, FAN_IN)
    # of n normal numbers, the mean has standard deviation σ/√n, the sample's σ has σ/√(2n); five of them
    assert abs(weights.mean()) < 5 * std / math.sqrt(COUNT)
    assert abs(weights.std() - std) < 5 * std / math.sqrt(2 * COUNT)
    # 68.27 % lie within one σ; that share has standard deviation √(q(1 − q)/n)
    within = np.mean(np.abs(weights) < std)
    assert abs(within - 0.6827) < 5 * math.sqrt(0.6827 * 0.3173 / COUNT)


@every_initializer
def test_weights_depend_on_the_generator_alone(initializer: Initializer, std: float) -> None:
    first, same, other = (initializer((3, 4), np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert_same(first, same, "weights")
    assert (first != other).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_a_linear_layer_begins_with_hes_weights_and_a_bias_of_zero(dtype: FloatType) -> None:
    layer = Linear(FAN_IN, FAN_OUT, rng=np.random.default_rng(0), dtype=dtype)
    assert_same(layer.weight.data, he_normal((FAN_OUT, FAN_IN), np.random.default_rng(0)).astype(dtype), "weight")
    assert layer.bias is not None
    assert_same(layer.bias.data, np.zeros(FAN_OUT, dtype), "bias")


def test_a_linear_layer_takes_another_initializer() -> None:
    layer = Linear(3, 2, rng=np.random.default_rng(0), initialization=lambda shape, rng: np.full(shape, 0.5))
    assert_same(layer.weight.data, np.full((2, 3), 0.5, np.float32), "weight")


def test_he_keeps_the_second_moment_of_a_relu_layer() -> None:
    """The formula's purpose: E[y²] after Linear and ReLU, over many units, is E[x²] before."""
    x = np.random.default_rng(1).standard_normal((50, FAN_IN))
    y = np.maximum(x @ he_normal((2000, FAN_IN), np.random.default_rng(2)).T, 0)
    # the mean over 2000 units has a relative standard deviation of about √(5/2000) = 5 %
    assert np.mean(y * y) == pytest.approx(np.mean(x * x), rel=0.25)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown initialization 'kaiming': choose from he, xavier, normal"):
        by_name("kaiming")
