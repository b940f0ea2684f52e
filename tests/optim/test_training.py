"""A whole network trained ten steps beside PyTorch, and with gradients taken at once or put off."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from trainlab.nn import Array, CrossEntropyLoss, Linear, Parameter, ReLU, Sequential
from trainlab.optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, step_decay

X = np.random.default_rng(0).standard_normal((10, 3, 6))
LABELS = np.random.default_rng(1).integers(0, 4, (10, 3))
"""Ten batches of three samples."""

Make = Callable[[list[Parameter]], Optimizer]
OPTIMIZERS: dict[str, tuple[Make, Callable[[list[torch.Tensor]], torch.optim.Optimizer]]] = {
    "sgd": (lambda p: SGD(p, lr=0.3), lambda t: torch.optim.SGD(t, lr=0.3)),
    "sgd-nesterov": (
        lambda p: SGD(p, lr=0.3, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda t: torch.optim.SGD(t, lr=0.3, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    "adam": (lambda p: Adam(p, lr=0.3), lambda t: torch.optim.Adam(t, lr=0.3)),
    "adamw": (lambda p: AdamW(p, lr=0.3, weight_decay=0.1), lambda t: torch.optim.AdamW(t, lr=0.3, weight_decay=0.1)),
}
every_optimizer = pytest.mark.parametrize(("make", "twin"), OPTIMIZERS.values(), ids=OPTIMIZERS)


def network() -> Sequential:
    rng = np.random.default_rng(2)
    return Sequential(Linear(6, 5, rng=rng, dtype=np.float64), ReLU(), Linear(5, 4, rng=rng, dtype=np.float64))


def train(make: Make, deferred: bool, clip: float = 0.0, schedule: bool = False, batch: int = 3) -> list[Array]:
    """The weights after ten steps."""
    model, loss = network(), CrossEntropyLoss()
    if deferred:
        model.skip_input_grad()
        model.defer_weight_grad()
    optimizer = make(model.parameters())
    base = optimizer.lr
    for step, (x, labels) in enumerate(zip(X, LABELS, strict=True)):
        optimizer.zero_grad()
        loss.forward(model.forward(x[:batch]), labels[:batch])
        model.backward(loss.backward())
        if clip:
            clip_grad_norm(model.parameters(), clip)
        if schedule:
            optimizer.lr = base * step_decay(step, every=4, gamma=0.5)
        optimizer.step()
    return list(model.state_dict().values())


def train_torch(
    make: Callable[[list[torch.Tensor]], torch.optim.Optimizer], clip: float = 0.0, schedule: bool = False
) -> list[Array]:
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4)).double()
    model.load_state_dict({name: torch.from_numpy(array) for name, array in network().state_dict().items()})
    optimizer = make(list(model.parameters()))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.5 if schedule else 1.0)
    for x, labels in zip(X, LABELS, strict=True):
        optimizer.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(labels)))
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        scheduler.step()
    return [tensor.detach().numpy() for tensor in model.parameters()]


def assert_equal_weights(got: list[Array], expected: list[Array], tolerance: float) -> None:
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, strict=True)


@pytest.mark.parametrize("deferred", [False, True], ids=["at once", "deferred"])
@every_optimizer
def test_ten_steps_of_a_network_are_those_of_pytorch(
    make: Make, twin: Callable[[list[torch.Tensor]], torch.optim.Optimizer], deferred: bool
) -> None:
    assert_equal_weights(train(make, deferred), train_torch(twin), 1e-11)


@pytest.mark.parametrize("deferred", [False, True], ids=["at once", "deferred"])
@every_optimizer
def test_with_clipping_and_a_schedule_as_well(
    make: Make, twin: Callable[[list[torch.Tensor]], torch.optim.Optimizer], deferred: bool
) -> None:
    ours = train(make, deferred, clip=0.5, schedule=True)
    assert_equal_weights(ours, train_torch(twin, clip=0.5, schedule=True), 1e-8)  # of 1e-6 in the clipping formula
    assert not np.allclose(ours[0], train(make, deferred)[0]), "neither clipping nor the schedule changed anything"


@pytest.mark.parametrize("batch", [1, 3])
def test_plain_descent_gives_the_same_weights_whether_products_are_put_off_or_not(batch: int) -> None:
    at_once, deferred = (train(lambda p: SGD(p, lr=0.3), deferred, batch=batch) for deferred in (False, True))
    assert_equal_weights(deferred, at_once, 1e-14)


def test_plain_descent_never_writes_a_deferred_product_out() -> None:
    """The reason for deferring: at batch size 1 the gradient is far larger than its two factors."""
    layer = Linear(6, 4, bias=False, rng=np.random.default_rng(0), dtype=np.float64)
    layer.defer_weight_grad()
    optimizer = SGD(layer.parameters(), lr=0.3)
    before = layer.weight.data.copy()
    layer.forward(X[0])
    layer.backward(np.ones((3, 4)))
    optimizer.step()
    assert not optimizer.grad_vector.any()
    np.testing.assert_allclose(layer.weight.data, before - 0.3 * X[0].sum(axis=0), rtol=0, atol=1e-14)
