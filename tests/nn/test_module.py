"""The tree of modules: names and order as in PyTorch, modes, buffers, weights in and out."""

import numpy as np
import pytest
import torch

from tests.nn.battery import assert_close, assert_same
from trainlab.nn import GELU, Array, Dropout, Flatten, LeakyReLU, Linear, Module, Parameter, ReLU, Sequential


def small_network(seed: int = 0) -> Sequential:
    rng = np.random.default_rng(seed)
    return Sequential(Flatten(), Linear(4, 3, rng=rng), ReLU(), Linear(3, 2, bias=False, rng=rng))


def torch_network() -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2, bias=False)
    )


class Centering(Module):
    """Subtracts a running mean: the smallest layer with a parameter and a buffer."""

    buffer_names = ("running_mean",)

    def __init__(self, features: int) -> None:
        self.shift = Parameter(np.zeros(features, np.float32), "shift")
        self.running_mean: Array = np.zeros(features, np.float32)

    def forward(self, x: Array) -> Array:
        if self.training:
            self.running_mean += 0.5 * (x.mean(axis=0) - self.running_mean)
        y: Array = x - self.running_mean + self.shift.data
        return y


class Branches(Module):
    """Modules as attributes and in a list."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.scale = Parameter(np.ones(1, np.float32), "scale")
        self.stem = Linear(2, 3, rng=rng)
        self.blocks = [Linear(3, 3, bias=False, rng=rng), Sequential(Centering(3), ReLU())]
        self.note = "not a module"


# ---------------------------------------------------------------- names and order


def test_parameters_are_named_and_ordered_as_in_pytorch() -> None:
    names = [name for name, _ in small_network().named_parameters()]
    assert names == ["1.weight", "1.bias", "3.weight"] == [name for name, _ in torch_network().named_parameters()]


def test_modules_are_found_in_the_order_of_assignment() -> None:
    names = [name for name, _ in Branches().named_modules()]
    assert names == ["", "stem", "blocks.0", "blocks.1", "blocks.1.0", "blocks.1.1"]
    assert [name for name, _ in Branches().named_parameters()] == [
        "scale",
        "stem.weight",
        "stem.bias",
        "blocks.0.weight",
        "blocks.1.0.shift",
    ]


def test_parameters_are_the_named_ones_themselves() -> None:
    model = Branches()
    assert [id(one) for one in model.parameters()] == [id(one) for _, one in model.named_parameters()]
    assert model.parameters()[1] is model.stem.weight


def test_zero_grad_reaches_every_parameter() -> None:
    model = small_network()
    model.forward(np.ones((2, 4), np.float32))
    model.backward(np.ones((2, 2), np.float32))
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


# ---------------------------------------------------------------- modes


def test_train_and_eval_reach_every_module_and_return_the_network() -> None:
    model = Branches()
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())


def test_the_mode_of_one_network_is_not_that_of_another() -> None:
    small_network().eval()
    assert small_network().training


def test_evaluation_leaves_dropout_out_and_repeats_itself() -> None:
    model = Sequential(Dropout(0.9, rng=np.random.default_rng(0))).eval()
    x = np.ones((3, 4))
    assert_same(model(x), x, "output")


# ---------------------------------------------------------------- buffers


def test_buffers_are_saved_but_not_trained() -> None:
    model = Branches()
    assert [name for name, _ in model.named_buffers()] == ["blocks.1.0.running_mean"]
    assert list(model.state_dict())[-1] == "blocks.1.0.running_mean"
    assert "blocks.1.0.running_mean" not in dict(model.named_parameters())


def test_buffers_change_in_training_only_and_are_loaded_in_place() -> None:
    layer = Centering(2)
    buffer = layer.running_mean
    layer(np.array([[2.0, 4.0]], np.float32))
    assert buffer.tolist() == [1.0, 2.0]
    layer.eval()(np.array([[8.0, 8.0]], np.float32))
    assert buffer.tolist() == [1.0, 2.0]
    layer.load_state_dict({"shift": np.zeros(2), "running_mean": np.array([5.0, 6.0])})
    assert layer.running_mean is buffer
    assert buffer.tolist() == [5.0, 6.0]


def test_saved_buffers_do_not_follow_the_network() -> None:
    layer = Centering(2)
    state = layer.state_dict()
    layer(np.ones((1, 2), np.float32))
    assert state["running_mean"].tolist() == [0.0, 0.0]


# ---------------------------------------------------------------- weights in and out


def test_state_dict_is_a_copy() -> None:
    model = small_network()
    state = model.state_dict()
    for array in state.values():
        array[...] = np.nan
    for name, array in model.state_dict().items():
        assert_same(array, small_network().state_dict()[name], name)


def test_weights_go_from_one_network_to_another() -> None:
    source, target = small_network(seed=1), small_network(seed=2)
    data = [parameter.data for parameter in target.parameters()]
    target.load_state_dict(source.state_dict())
    x = np.ones((2, 2, 2), np.float32)
    assert_same(target(x), source(x), "output")
    assert all(parameter.data is array for parameter, array in zip(target.parameters(), data, strict=True))


def test_weights_go_to_pytorch_and_back() -> None:
    ours, theirs = small_network(), torch_network()
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in ours.state_dict().items()})
    x = np.random.default_rng(1).standard_normal((5, 1, 2, 2)).astype(np.float32)
    assert_close(ours(x), theirs(torch.from_numpy(x)).detach().numpy(), "output", 1e-6)

    again = small_network(seed=3)
    again.load_state_dict({name: tensor.numpy() for name, tensor in theirs.state_dict().items()})
    for name, array in again.state_dict().items():
        assert_same(array, ours.state_dict()[name], name)


def test_weights_of_another_precision_are_converted() -> None:
    model = small_network()
    state = {name: array.astype(np.float64) for name, array in small_network(seed=1).state_dict().items()}
    model.load_state_dict(state)
    for name, array in model.state_dict().items():
        assert_same(array, small_network(seed=1).state_dict()[name], name)


def test_weights_that_do_not_fit_are_refused_with_every_mismatch_and_nothing_is_changed() -> None:
    model = small_network()
    state = small_network(seed=1).state_dict()
    del state["1.bias"]
    state["3.weight"] = np.zeros((2, 5), np.float32)
    state["9.weight"] = np.zeros((1, 7), np.float32)
    with pytest.raises(ValueError, match="these weights do not fit this network") as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "these weights do not fit this network:\n"
        "  1.bias: missing, expected shape (3,)\n"
        "  9.weight: unknown, shape (1, 7)\n"
        "  3.weight: shape (2, 5), expected (2, 3)"
    )
    for name, array in model.state_dict().items():
        assert_same(array, small_network().state_dict()[name], name)


# ---------------------------------------------------------------- repr


def test_repr_of_layers() -> None:
    rng = np.random.default_rng(0)
    layers: list[Module] = [
        Linear(3, 2, rng=rng),
        Linear(3, 2, bias=False, rng=rng),
        ReLU(),
        LeakyReLU(0.2),
        GELU(),
        Dropout(0.25, rng=rng),
        Flatten(),
    ]
    assert [repr(layer) for layer in layers] == [
        "Linear(3, 2)",
        "Linear(3, 2, bias=False)",
        "ReLU()",
        "LeakyReLU(negative_slope=0.2)",
        "GELU()",
        "Dropout(p=0.25)",
        "Flatten()",
    ]


def test_repr_of_a_network_is_indented_by_depth() -> None:
    assert repr(Sequential(ReLU(), Sequential(Flatten(), GELU()))) == (
        "Sequential(\n"
        "  (0): ReLU()\n"
        "  (1): Sequential(\n"
        "    (0): Flatten()\n"
        "    (1): GELU()\n"
        "  )\n"
        ")"
    )  # fmt: skip
