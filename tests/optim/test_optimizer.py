"""What all optimizers share: one vector of parameters, saved state, and what they refuse."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.optim.battery import new_parameters, random, take_step
from trainlab.nn import Linear, Parameter
from trainlab.optim import SGD, Adam, AdamW, Optimizer

nan, inf = float("nan"), float("inf")

MAKERS: dict[str, Callable[[list[Parameter]], Optimizer]] = {
    "sgd": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: Adam(p),
    "adamw": lambda p: AdamW(p),
}


@pytest.fixture
def parameters() -> list[Parameter]:
    return new_parameters()


# ---------------------------------------------------------------- one vector


def test_parameters_become_views_of_one_vector_with_their_values_kept(parameters: list[Parameter]) -> None:
    optimizer = SGD(parameters, lr=0.1)
    assert optimizer.theta.shape == (8,)
    for parameter, expected in zip(parameters, random(0).values(), strict=True):
        assert np.shares_memory(parameter.data, optimizer.theta)
        np.testing.assert_array_equal(parameter.data, expected, strict=True)
    assert optimizer.theta.tolist() == [*parameters[0].data.ravel().tolist(), *parameters[1].data.tolist()]


def test_gradients_become_views_of_another_vector(parameters: list[Parameter]) -> None:
    optimizer = SGD(parameters, lr=0.1)
    for parameter in parameters:
        parameter.accumulate(parameter.data)
        assert parameter.grad is not None
        assert np.shares_memory(parameter.grad, optimizer.grad_vector)
    assert optimizer.gradient().tolist() == optimizer.theta.tolist()
    assert not np.shares_memory(optimizer.theta, optimizer.grad_vector)


def test_a_gradient_from_before_is_kept(parameters: list[Parameter]) -> None:
    parameters[1].accumulate(np.array([1.0, 2.0]))
    SGD(parameters, lr=0.1)
    assert parameters[1].grad is not None
    assert parameters[1].grad.tolist() == [1.0, 2.0]
    assert parameters[0].grad is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_vectors_keep_the_dtype_and_begin_on_a_cache_line(dtype: type[np.float32] | type[np.float64]) -> None:
    optimizer = SGD(new_parameters(dtype), lr=0.1)
    for vector in (optimizer.theta, optimizer.grad_vector):
        assert vector.dtype == dtype
        assert vector.ctypes.data % 64 == 0


def test_the_layer_sees_the_step() -> None:
    layer = Linear(2, 1, rng=np.random.default_rng(0), dtype=np.float64)
    optimizer = SGD(layer.parameters(), lr=1.0)
    x = np.ones((1, 2))
    before = layer(x)
    layer.backward(np.ones((1, 1)))
    optimizer.step()
    # every weight and the bias fall by 1: y falls by 1 + 1 + 1
    np.testing.assert_allclose(layer(x), before - 3)


def test_weights_loaded_later_are_the_ones_that_are_trained() -> None:
    layer = Linear(2, 1, rng=np.random.default_rng(0), dtype=np.float64)
    optimizer = Adam(layer.parameters())
    layer.load_state_dict({"weight": np.array([[5.0, 6.0]]), "bias": np.array([7.0])})
    assert optimizer.theta.tolist() == [5.0, 6.0, 7.0]


def test_zero_grad_forgets_all_gradients(parameters: list[Parameter]) -> None:
    optimizer = SGD(parameters, lr=0.1)
    for parameter in parameters:
        parameter.accumulate(parameter.data)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in parameters)


def test_two_optimizers_over_different_parameters_share_nothing() -> None:
    first, second = (Adam(new_parameters()) for _ in range(2))
    take_step(first)
    assert second.theta.tolist() == Adam(new_parameters()).theta.tolist()
    assert not second.mean.any()


# ---------------------------------------------------------------- state


def test_state_names_what_the_next_step_depends_on(parameters: list[Parameter]) -> None:
    assert set(SGD(parameters, lr=0.1).state()) == {"steps"}
    assert set(SGD(parameters, lr=0.1, momentum=0.9).state()) == {"steps", "velocity"}
    assert set(Adam(parameters).state()) == {"steps", "mean", "mean_square"}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_state_counts_the_steps(make: Callable[[list[Parameter]], Optimizer], parameters: list[Parameter]) -> None:
    optimizer, resumed = make(parameters), make(new_parameters())
    for _ in range(3):
        take_step(optimizer)
    assert optimizer.steps == 3
    resumed.load_state(optimizer.state())
    assert resumed.steps == 3


STRANGERS: dict[str, tuple[Callable[[], Optimizer], Callable[[], Optimizer]]] = {
    "adam's for sgd": (lambda: SGD(new_parameters(), lr=0.1), lambda: Adam(new_parameters())),
    "sgd's for adam": (lambda: Adam(new_parameters()), lambda: SGD(new_parameters(), lr=0.1)),
    "momentum's for plain": (
        lambda: SGD(new_parameters(), lr=0.1),
        lambda: SGD(new_parameters(), lr=0.1, momentum=0.9),
    ),
    "plain's for momentum": (
        lambda: SGD(new_parameters(), lr=0.1, momentum=0.9),
        lambda: SGD(new_parameters(), lr=0.1),
    ),
    "a smaller network's": (lambda: Adam(new_parameters()), lambda: Adam(new_parameters()[:1])),
}


@pytest.mark.parametrize(("make", "make_stranger"), STRANGERS.values(), ids=STRANGERS)
def test_the_state_of_another_optimizer_is_refused_and_nothing_is_changed(
    make: Callable[[], Optimizer], make_stranger: Callable[[], Optimizer]
) -> None:
    optimizer, stranger = make(), make_stranger()
    take_step(optimizer)
    before = optimizer.state()
    message = rf"this state does not fit this {type(optimizer).__name__}:\n  \w+: (missing|unknown|shape)"
    with pytest.raises(ValueError, match=message):
        optimizer.load_state(stranger.state())
    for name, array in optimizer.state().items():
        np.testing.assert_array_equal(array, before[name])


# ---------------------------------------------------------------- what it refuses

Make = Callable[[list[Parameter]], object]
BAD_SETTINGS: dict[str, tuple[Make, str]] = {
    "lr 0": (lambda p: SGD(p, lr=0.0), "lr must be a finite number above 0, got 0.0"),
    "negative lr": (lambda p: Adam(p, lr=-0.1), "lr must be a finite number above 0, got -0.1"),
    "lr nan": (lambda p: SGD(p, lr=nan), "lr must be a finite number above 0, got nan"),
    "lr infinite": (lambda p: AdamW(p, lr=inf), "lr must be a finite number above 0, got inf"),
    "momentum 1": (lambda p: SGD(p, lr=0.1, momentum=1.0), r"momentum must be in \[0, 1\), got 1.0"),
    "negative momentum": (lambda p: SGD(p, lr=0.1, momentum=-0.5), r"momentum must be in \[0, 1\), got -0.5"),
    "momentum nan": (lambda p: SGD(p, lr=0.1, momentum=nan), r"momentum must be in \[0, 1\), got nan"),
    "nesterov alone": (lambda p: SGD(p, lr=0.1, nesterov=True), "nesterov needs a momentum above 0"),
    "sgd decay": (lambda p: SGD(p, lr=0.1, weight_decay=-1.0), "weight_decay must be at least 0, got -1.0"),
    "sgd decay nan": (lambda p: SGD(p, lr=0.1, weight_decay=nan), "weight_decay must be at least 0, got nan"),
    "adam decay": (lambda p: Adam(p, weight_decay=-1.0), "weight_decay must be at least 0, got -1.0"),
    "adamw decay nan": (lambda p: AdamW(p, weight_decay=nan), "weight_decay must be at least 0, got nan"),
    "beta 1": (lambda p: Adam(p, betas=(0.9, 1.0)), r"both betas must be in \[0, 1\), got \(0.9, 1.0\)"),
    "negative beta": (lambda p: Adam(p, betas=(-0.1, 0.9)), r"both betas must be in \[0, 1\), got \(-0.1, 0.9\)"),
    "eps 0": (lambda p: Adam(p, eps=0.0), "eps must be above 0, got 0.0"),
    "eps nan": (lambda p: AdamW(p, eps=nan), "eps must be above 0, got nan"),
}


@pytest.mark.parametrize(("make", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_settings_out_of_range_are_refused(make: Make, message: str, parameters: list[Parameter]) -> None:
    with pytest.raises(ValueError, match=message):
        make(parameters)


def test_no_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="an optimizer needs at least one parameter; this model has none"):
        SGD([], lr=0.1)


def test_parameters_of_two_types_are_refused() -> None:
    mixed = [*new_parameters(np.float32), *new_parameters(np.float64)]
    with pytest.raises(ValueError, match=r"all parameters must have one dtype, got \['float32', 'float64'\]"):
        SGD(mixed, lr=0.1)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_step_without_gradients_is_refused_and_changes_no_weight(
    make: Callable[[list[Parameter]], Optimizer], parameters: list[Parameter]
) -> None:
    optimizer = make(parameters)
    message = r"Parameter\(weight, shape=\(3, 2\).*\) has no gradient: call backward\(\) before step\(\)"
    with pytest.raises(RuntimeError, match=message):
        optimizer.step()
    assert optimizer.theta.tolist() == make(new_parameters()).theta.tolist()


def test_an_optimizer_without_a_step_says_so(parameters: list[Parameter]) -> None:
    class Unfinished(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished does not define _update\(\)"):
        Unfinished(parameters, lr=0.1)._update()


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1), lambda p: SGD(p, lr=0.1, momentum=0.9), Adam])
def test_a_missing_gradient_is_found_before_anything_is_changed(make: Callable[[list[Parameter]], Optimizer]) -> None:
    parameters = [Parameter(np.ones(3), "first"), Parameter(np.ones(2), "second")]
    optimizer = make(parameters)
    parameters[0].accumulate(np.ones(3))
    with pytest.raises(RuntimeError, match=r"Parameter\(second, .* has no gradient"):
        optimizer.step()
    np.testing.assert_array_equal(parameters[0].data, np.ones(3))
    assert optimizer.steps == 0


def test_a_parameter_that_another_optimizer_took_is_noticed() -> None:
    weight = Parameter(np.ones(3), "weight")
    first, second = SGD([weight], lr=0.1, momentum=0.9), Adam([weight])
    weight.accumulate(np.ones(3))
    with pytest.raises(RuntimeError, match="no longer lives in this optimizer's vector"):
        first.step()
    second.step()


def test_a_parameter_whose_array_was_replaced_is_noticed() -> None:
    weight = Parameter(np.ones(3), "weight")
    optimizer = Adam([weight])
    weight.data = np.zeros(3)
    weight.accumulate(np.ones(3))
    with pytest.raises(RuntimeError, match=r"Write `parameter.data\[...\] = …`"):
        optimizer.step()


def test_a_parameter_listed_twice_is_refused() -> None:
    weight = Parameter(np.ones(3))
    with pytest.raises(ValueError, match="a parameter is listed twice"):
        SGD([weight, weight], lr=0.1)
