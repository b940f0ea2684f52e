"""The summary: shapes, parameters, operations and memory of every layer, by hand."""

import numpy as np
import pytest

from trainlab.models import LayerSummary, mlp, summarize
from trainlab.nn import Flatten, Linear, ReLU, Sequential


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_rows_of_a_perceptron() -> None:
    # a multiplication and an addition for each weight, an addition for each bias: 2·784·128 + 128 = 200,832
    # and 2·128·10 + 10 = 2,570; ReLU one operation an entry; four bytes a number
    assert summarize(mlp(784, [128], 10, rng=rng()), (1, 28, 28)) == [
        LayerSummary("0", "Flatten()", (784,), 0, 0, 3_136),
        LayerSummary("1", "Linear(784, 128)", (128,), 100_480, 200_832, 512),
        LayerSummary("2", "ReLU()", (128,), 0, 128, 512),
        LayerSummary("3", "Linear(128, 10)", (10,), 1_290, 2_570, 40),
    ]


def test_a_layer_without_bias_has_fewer_parameters_and_operations() -> None:
    (row,) = summarize(Sequential(Linear(6, 5, bias=False, rng=rng())), (6,))
    assert (row.parameters, row.flops) == (30, 60)  # 6·5 weights, two operations each


def test_parameters_add_up_to_those_of_the_network() -> None:
    model = mlp(12, [8, 6], 3, dropout=0.5, rng=rng())
    rows = summarize(model, (3, 2, 2))
    assert sum(row.parameters for row in rows) == sum(parameter.size for parameter in model.parameters())


def test_activations_on_images_are_counted_entry_by_entry() -> None:
    rows = summarize(Sequential(ReLU(), Flatten()), (3, 4, 5))
    assert [(row.output_shape, row.flops, row.output_bytes) for row in rows] == [((3, 4, 5), 60, 240), ((60,), 0, 240)]


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(training: bool) -> None:
    model = mlp(4, [3], 2, dropout=0.5, rng=rng()).train(training)
    before = model.state_dict()
    summarize(model, (1, 2, 2))
    assert all(module.training is training for _, module in model.named_modules())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_network_keeps_nothing_of_the_sample_and_draws_no_number() -> None:
    generator = rng()
    model = mlp(4, [3], 2, dropout=0.5, rng=generator)
    before = generator.bit_generator.state
    summarize(model, (1, 2, 2))
    assert generator.bit_generator.state == before
    with pytest.raises(RuntimeError, match="there is no forward pass to go back through"):
        model.backward(np.zeros((1, 2), np.float32))


def test_a_sample_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Linear\(784, 128\) takes input of shape \(N, 784\), got \(1, 1024\)"):
        summarize(mlp(784, [128], 10, rng=rng()), (1, 32, 32))
