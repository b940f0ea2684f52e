"""Sequential, its input gradient that may be skipped, Flatten and Dropout."""

import numpy as np
import pytest

from tests.nn.battery import assert_same, gradients_of
from trainlab.nn import Array, Dropout, Flatten, Linear, Module, ReLU, Sequential, Tanh


def linear(in_features: int, out_features: int) -> Linear:
    return Linear(in_features, out_features, rng=np.random.default_rng(in_features))


NETWORKS = {
    "linear first": lambda: Sequential(linear(4, 3), ReLU(), linear(3, 2)),
    "flatten first": lambda: Sequential(Flatten(), linear(4, 3), ReLU(), linear(3, 2)),
    "activation first": lambda: Sequential(Tanh(), linear(4, 3), ReLU(), linear(3, 2)),
    "nested": lambda: Sequential(Sequential(Flatten(), Tanh()), Sequential(linear(4, 3), ReLU()), linear(3, 2)),
}


def pass_through(model: Module) -> Array | None:
    rng = np.random.default_rng(9)
    model.forward(rng.standard_normal((5, 4)).astype(np.float32))
    return model.backward(rng.standard_normal((5, 2)).astype(np.float32))


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_skipping_the_input_gradient_leaves_every_weights_gradient_as_it_was(make: type[Sequential]) -> None:
    whole, skipping = make(), make()
    assert pass_through(whole) is not None
    skipping.skip_input_grad()
    assert pass_through(skipping) is None
    expected = gradients_of(whole)
    for name, gradient in gradients_of(skipping).items():
        assert_same(gradient, expected[name], name)


def test_only_layers_up_to_the_first_with_weights_skip() -> None:
    model = NETWORKS["activation first"]()
    model.skip_input_grad()
    assert not model.needs_input_grad
    assert [layer.needs_input_grad for layer in model.layers] == [False, False, True, True]


def test_skipping_in_one_network_leaves_others_alone() -> None:
    NETWORKS["linear first"]().skip_input_grad()
    assert pass_through(NETWORKS["linear first"]()) is not None


def test_deferring_reaches_every_parameter_and_no_other_network() -> None:
    model = NETWORKS["nested"]()
    model.defer_weight_grad()
    assert all(parameter.deferred for parameter in model.parameters())
    assert not any(parameter.deferred for parameter in NETWORKS["nested"]().parameters())


def test_sequential_has_a_length_and_positions() -> None:
    first, second = linear(4, 3), ReLU()
    model = Sequential(first, second)
    assert len(model) == 2
    assert model[0] is first
    assert model[-1] is second
    with pytest.raises(IndexError, match="out of range"):
        model[2]


def test_an_empty_sequential_is_the_identity() -> None:
    x = np.ones((2, 3))
    model = Sequential()
    assert_same(model(x), x, "output")
    assert_same(model.backward(2 * x), 2 * x, "grad_input")


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 5), (2, 3, 4), (2, 1, 28, 28)])
def test_flatten_makes_one_row_a_sample_and_puts_gradients_back(shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    layer = Flatten()
    y = layer(x)
    assert y.shape == (shape[0], x.size // shape[0])
    assert_same(layer.backward(y), x, "grad_input")


def test_dropout_drops_the_given_share_and_keeps_the_mean() -> None:
    n, p = 100_000, 0.3
    y = Dropout(p, rng=np.random.default_rng(0))(np.ones((1, n)))
    # the share dropped has standard deviation √(p(1 − p)/n), the mean of y has √(p/((1 − p)·n)); five of them
    assert abs(np.mean(y == 0) - p) < 5 * np.sqrt(p * (1 - p) / n)
    assert abs(np.mean(y) - 1) < 5 * np.sqrt(p / ((1 - p) * n))


def test_dropout_draws_anew_each_time_and_the_same_from_the_same_generator() -> None:
    layer, x = Dropout(0.5, rng=np.random.default_rng(0)), np.ones((4, 8))
    first, second = layer(x), layer(x)
    assert (first != second).any()
    layer.rng = np.random.default_rng(0)
    assert_same(layer(x), first, "output")


def test_dropout_draws_the_same_mask_in_either_precision() -> None:
    masks = [Dropout(0.5, rng=np.random.default_rng(0))(np.ones((4, 8), dtype)) > 0 for dtype in ("f4", "f8")]
    assert_same(masks[0], masks[1], "mask")
