"""One number of every layer and loss, worked by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.nn.battery import assert_close
from trainlab.nn import (
    GELU,
    CrossEntropyLoss,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    Module,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    functional,
)


def test_linear() -> None:
    layer = Linear(2, 2, rng=np.random.default_rng(0), dtype=np.float64)
    layer.load_state_dict({"weight": np.array([[1.0, 2.0], [3.0, 4.0]]), "bias": np.array([0.5, -0.5])})
    # y₀ = 1·5 + 2·6 + 0.5 = 17.5;  y₁ = 3·5 + 4·6 − 0.5 = 38.5
    assert layer(np.array([[5.0, 6.0]])).tolist() == [[17.5, 38.5]]
    grad_input = layer.backward(np.array([[1.0, 10.0]]))
    # ∂/∂x₀ = 1·1 + 10·3 = 31;  ∂/∂x₁ = 1·2 + 10·4 = 42
    assert_close(grad_input, np.array([[31.0, 42.0]]), "input", 0)
    # ∂/∂W = [1·(5, 6), 10·(5, 6)];  ∂/∂b = (1, 10)
    assert_close(layer.weight.grad, np.array([[5.0, 6.0], [50.0, 60.0]]), "weight", 0)
    assert layer.bias is not None
    assert_close(layer.bias.grad, np.array([1.0, 10.0]), "bias", 0)


TANH_1 = (math.e - 1 / math.e) / (math.e + 1 / math.e)  # 0.7616
ACTIVATIONS: dict[str, tuple[Module, float, float, float]] = {
    # layer, x, y, ∂y/∂x
    "relu above 0": (ReLU(), 3.0, 3.0, 1.0),
    "relu below 0": (ReLU(), -3.0, 0.0, 0.0),
    "relu at 0, as in PyTorch": (ReLU(), 0.0, 0.0, 0.0),
    "leaky_relu above 0": (LeakyReLU(0.25), 2.0, 2.0, 1.0),
    "leaky_relu below 0": (LeakyReLU(0.25), -2.0, -0.5, 0.25),
    "leaky_relu at 0, as in PyTorch": (LeakyReLU(0.25), 0.0, 0.0, 0.25),
    "tanh": (Tanh(), 1.0, TANH_1, 1 - TANH_1**2),
    "sigmoid at 0": (Sigmoid(), 0.0, 0.5, 0.25),  # 1/(1 + 1);  1/2 · 1/2
    "sigmoid at ln 3": (Sigmoid(), math.log(3), 0.75, 0.1875),  # 1/(1 + 1/3);  3/4 · 1/4
    "gelu at 0": (GELU(), 0.0, 0.0, 0.5),
    # u = √(2/π) · (1 + 0.044715) = 0.797885 · 1.044715 = 0.833562;  tanh u = 0.682384;  y = (1 + 0.682384)/2 = 0.841192
    # ∂y/∂x = 0.841192 + 0.5 · (1 − 0.682384²) · 0.797885 · (1 + 3 · 0.044715) = 0.841192 + 0.241772 = 1.082964
    "gelu at 1": (GELU(), 1.0, 0.841192, 1.082964),
}


@pytest.mark.parametrize(("layer", "x", "y", "slope"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activation(layer: Module, x: float, y: float, slope: float) -> None:
    assert_close(layer(np.array([[x]])), np.array([[y]]), "output", 1e-6)
    assert_close(layer.backward(np.array([[2.0]])), np.array([[2 * slope]]), "grad_input", 2e-6)


def test_flatten() -> None:
    layer = Flatten()
    images = np.arange(8.0).reshape(2, 1, 2, 2)
    # row by row: the second image begins with 4
    assert layer(images).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert layer.backward(10 * np.arange(8.0).reshape(2, 4)).tolist() == (10 * images).tolist()


def test_dropout() -> None:
    layer = Dropout(0.75, rng=np.random.default_rng(0))
    y = layer(np.full((1, 8), 3.0))
    # what is kept is multiplied by 1/(1 − 0.75) = 4, forward and backward
    assert set(y.ravel().tolist()) == {0.0, 12.0}
    assert layer.backward(np.ones((1, 8))).tolist() == (y / 3).tolist()


def test_sequential() -> None:
    model = Sequential(Linear(1, 1, rng=np.random.default_rng(0), dtype=np.float64), ReLU())
    model.load_state_dict({"0.weight": np.array([[2.0]]), "0.bias": np.array([1.0])})
    # y = max(2·3 + 1, 0) = 7;  ∂y/∂x = 1 · 2
    assert model(np.array([[3.0]])).tolist() == [[7.0]]
    assert_close(model.backward(np.array([[1.0]])), np.array([[2.0]]), "grad_input", 0)


SCORES = np.array([[math.log(2), math.log(6)], [0.0, 0.0]])  # probabilities (1/4, 3/4) and (1/2, 1/2)
LABELS = np.array([0, 1])
CROSS_ENTROPY: dict[str, tuple[CrossEntropyLoss, NDArray[np.generic], float, list[list[float]]]] = {
    # −ln 1/4 − ln 1/2 = ln 8;  p − t
    "sum": (CrossEntropyLoss("sum"), LABELS, math.log(8), [[-0.75, 0.75], [0.5, -0.5]]),
    "mean": (CrossEntropyLoss(), LABELS, math.log(8) / 2, [[-0.375, 0.375], [0.25, -0.25]]),
    # t = (0.9, 0.1) and (0.1, 0.9):  (−0.9·ln 1/4 − 0.1·ln 3/4) − ln 1/2 = 1.8·ln 2 + 0.1·ln(4/3) + ln 2
    "smoothed by 0.2": (
        CrossEntropyLoss("sum", label_smoothing=0.2),
        LABELS,
        2.8 * math.log(2) + 0.1 * math.log(4 / 3),
        [[-0.65, 0.65], [0.4, -0.4]],
    ),
    # t = (1/2, 1/2) and (0, 1):  (−½·ln 1/4 − ½·ln 3/4) − ln 1/2 = ln 2 + ½·ln(4/3) + ln 2
    "soft target": (
        CrossEntropyLoss("sum"),
        np.array([[0.5, 0.5], [0.0, 1.0]]),
        2 * math.log(2) + 0.5 * math.log(4 / 3),
        [[-0.25, 0.25], [0.5, -0.5]],
    ),
}


@pytest.mark.parametrize(("loss", "target", "value", "gradient"), CROSS_ENTROPY.values(), ids=CROSS_ENTROPY)
def test_cross_entropy(
    loss: CrossEntropyLoss, target: NDArray[np.generic], value: float, gradient: list[list[float]]
) -> None:
    assert loss(SCORES, target) == pytest.approx(value, rel=1e-14)
    assert_close(loss.backward(), np.array(gradient), "prediction", 1e-15)


def test_mean_squared_error() -> None:
    prediction, target = np.array([[3.0, 1.0], [0.0, -2.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])
    # differences 2, 0, −1, −3: squares 4 + 0 + 1 + 9 = 14, over 4 entries 3.5; gradient 2·difference, over 4 entries
    for loss, value, scale in [(MSELoss("sum"), 14.0, 2.0), (MSELoss("mean"), 3.5, 0.5)]:
        assert loss(prediction, target) == value
        assert loss.backward().tolist() == (scale * np.array([[2.0, 0.0], [-1.0, -3.0]])).tolist()


def test_softmax() -> None:
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert_close(functional.softmax(SCORES), probabilities, "a batch", 1e-15)
    assert_close(functional.softmax(SCORES[0]), probabilities[0], "one row", 1e-15)
    assert_close(functional.softmax(SCORES[:, np.newaxis]), probabilities[:, np.newaxis], "along the last axis", 1e-15)


def test_nearest_distribution() -> None:
    # the largest 1, 2 and 3 give τ = 0.75 − 1, (1.25 − 1)/2 and (1 − 1)/3: the largest of them is 0.125
    nearest, scores = np.array([0.625, 0.375, 0.0]), np.array([0.75, 0.5, -0.25])
    assert functional.nearest_distribution(scores).tolist() == nearest.tolist()
    assert functional.nearest_distribution(scores[[1, 2, 0]][np.newaxis]).tolist() == [nearest[[1, 2, 0]].tolist()]
    assert functional.nearest_distribution(nearest).tolist() == nearest.tolist()
    assert functional.nearest_distribution(np.array([-3.0, -1.0])).tolist() == [0, 1]
    assert MSELoss().probabilities(scores).tolist() == nearest.tolist()


def test_one_hot() -> None:
    assert functional.one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert functional.one_hot(np.array([2, 0]), 3).dtype == np.float32
