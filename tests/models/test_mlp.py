"""The multi-layer perceptron: which layers, how many numbers, how they begin."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from trainlab.models import mlp
from trainlab.nn import ACTIVATIONS, Array, Dropout, Linear, Sequential
from trainlab.nn.initialization import by_name, normal


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def structure(model: Sequential) -> list[str]:
    return [repr(layer) for layer in model.layers]


def test_layers_of_one_hidden_width() -> None:
    assert structure(mlp(784, [128], 10, rng=rng())) == [
        "Flatten()",
        "Linear(784, 128)",
        "ReLU()",
        "Linear(128, 10)",
    ]


def test_layers_of_several_hidden_widths_with_dropout_after_each_activation() -> None:
    assert structure(mlp(12, [8, 6], 3, activation="gelu", dropout=0.2, rng=rng())) == [
        "Flatten()",
        "Linear(12, 8)",
        "GELU()",
        "Dropout(p=0.2)",
        "Linear(8, 6)",
        "GELU()",
        "Dropout(p=0.2)",
        "Linear(6, 3)",
    ]


def test_no_hidden_width_makes_a_linear_classifier() -> None:
    assert structure(mlp(12, [], 3, rng=rng())) == ["Flatten()", "Linear(12, 3)"]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_by_name(name: str) -> None:
    model = mlp(4, [3], 2, activation=name, rng=rng())
    assert type(model[2]) is ACTIVATIONS[name]
    assert model(np.ones((5, 1, 2, 2), np.float32)).shape == (5, 2)


@pytest.mark.parametrize(
    ("hidden", "count"),
    [
        ([], 7_850),  # 784·10 + 10
        ([128], 101_770),  # 784·128 + 128 + 128·10 + 10
        ([256, 128], 235_146),  # 784·256 + 256 + 256·128 + 128 + 128·10 + 10
    ],
)
def test_number_of_parameters(hidden: list[int], count: int) -> None:
    assert sum(parameter.size for parameter in mlp(784, hidden, 10, rng=rng()).parameters()) == count


def test_names_are_those_of_pytorchs_sequential() -> None:
    ours = mlp(784, [128], 10, rng=rng())
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    assert {name: array.shape for name, array in ours.state_dict().items()} == shapes


def weights(model: Sequential) -> list[Array]:
    return [layer.weight.data for layer in model.layers if isinstance(layer, Linear)]


@pytest.mark.parametrize("initialization", [by_name("normal"), partial(normal, std=0.01)], ids=["by name", "partial"])
def test_small_normal_initialization_is_n_0_001_with_zero_bias(initialization: partial[Array]) -> None:
    model = mlp(784, [128], 10, initialization=initialization, rng=rng())
    for weight in weights(model):
        # of n normal numbers, the mean has standard deviation σ/√n, the sample's σ has σ/√(2n); five of them
        assert abs(weight.mean()) < 5 * 0.01 / math.sqrt(weight.size)
        assert abs(weight.std() - 0.01) < 5 * 0.01 / math.sqrt(2 * weight.size)
    for layer in model.layers:
        if isinstance(layer, Linear):
            assert layer.bias is not None
            assert not layer.bias.data.any()


def test_hes_initialization_is_the_default() -> None:
    for weight, fan_in in zip(weights(mlp(784, [128], 10, rng=rng())), [784, 128], strict=True):
        std = math.sqrt(2 / fan_in)
        assert abs(weight.std() - std) < 5 * std / math.sqrt(2 * weight.size)


def test_weights_are_float32_and_depend_on_the_generator_alone() -> None:
    first, same, other = (mlp(6, [5], 3, rng=np.random.default_rng(seed)) for seed in (0, 0, 1))
    for one, again, different in zip(weights(first), weights(same), weights(other), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, again)
        assert (one != different).all()


def test_layers_do_not_begin_alike() -> None:
    first, second, _ = weights(mlp(5, [5, 5], 5, rng=rng()))
    assert (first != second).all()


def test_dropout_acts_in_training_only() -> None:
    model = mlp(4, [50], 2, dropout=0.5, rng=rng())
    x = np.ones((1, 4), np.float32)
    assert (model(x) != model(x)).any()
    model.eval()
    np.testing.assert_array_equal(model(x), model(x))


def test_dropout_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Dropout needs a probability in \[0, 1\), got p=1.5"):
        mlp(4, [3], 2, dropout=1.5, rng=rng())


def test_dropout_layers_draw_from_the_given_generator() -> None:
    generator = rng()
    model = mlp(4, [3], 2, dropout=0.5, rng=generator)
    assert all(layer.rng is generator for layer in model.layers if isinstance(layer, Dropout))


def test_images_of_another_size_are_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"Linear\(784, 128\) takes input of shape \(N, 784\), got \(2, 1024\)"):
        mlp(784, [128], 10, rng=rng())(np.zeros((2, 1, 32, 32), np.float32))
