"""The torch engine's convolution is PyTorch's, computed by the NumPy engine where that is faster and nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from tests.models.convolution_pair import pair
from trainlab.engines.torch_engine import TorchEngine
from trainlab.models import torch_models
from trainlab.models.torch_fastnet import FastNetSize
from trainlab.nn import winograd

SHAPE = (16, 48, 8, 7)


def images(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape or SHAPE, generator=torch.Generator().manual_seed(1)).to(dtype)


def both_passes(layer: nn.Conv2d, x: torch.Tensor) -> list[torch.Tensor]:
    """The output, and the gradients of input and parameters."""
    x = x.detach().requires_grad_()
    y = layer(x)
    learned = [x, *layer.parameters()]
    return [y.detach(), *torch.autograd.grad(y, learned, images(*y.shape, dtype=y.dtype).cos())]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions of the NumPy engine that were called."""
    seen: list[str] = []

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **settings: Any) -> Any:
            seen.append(function.__name__)
            return function(*arguments, **settings)

        return call

    for name in ("winograd_forward", "winograd_backward"):
        monkeypatch.setattr(winograd, name, noted(getattr(winograd, name)))
    return seen


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (2, 1)])
def test_it_computes_what_pytorch_computes(
    padding: tuple[int, int], layout: torch.memory_format, bias: bool, calls: list[str]
) -> None:
    ours, theirs = (layer.to(memory_format=layout) for layer in pair(padding=padding, bias=bias))  # type: ignore[call-overload]
    x = images(16, 48, 10 - 2 * padding[0], 9 - 2 * padding[1]).contiguous(memory_format=layout)
    for got, expected in zip(both_passes(ours, x), both_passes(theirs, x), strict=True):
        assert got.shape == expected.shape
        assert (got - expected).abs().max() < 3e-6 * expected.abs().max()
    assert calls == ["winograd_forward", "winograd_backward"]


@pytest.mark.parametrize(
    ("settings", "shape", "dtype"),
    [
        ({}, SHAPE, torch.float64),
        ({}, SHAPE, torch.bfloat16),
        ({}, SHAPE[1:], torch.float32),
        ({}, (1, *SHAPE[1:]), torch.float32),
        ({"padding": "same"}, SHAPE, torch.float32),
        ({"padding_mode": "reflect"}, SHAPE, torch.float32),
        ({"groups": 2}, SHAPE, torch.float32),
        ({"stride": 2}, (16, 48, 16, 16), torch.float32),
        ({"dilation": 2}, SHAPE, torch.float32),
        ({"out_channels": 8}, SHAPE, torch.float32),
    ],
)
def test_everything_else_is_pytorch_s_to_the_bit(
    settings: dict[str, Any], shape: tuple[int, ...], dtype: torch.dtype, calls: list[str]
) -> None:
    ours, theirs = (layer.to(dtype) for layer in pair(**settings))
    x = images(*shape, dtype=dtype)
    for got, expected in zip(both_passes(ours, x), both_passes(theirs, x), strict=True):
        assert torch.equal(got, expected)
    assert not calls


def test_under_autocast_it_is_pytorch_s(calls: list[str]) -> None:
    ours, theirs = pair()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ours(images()), theirs(images()))
    assert not calls


def test_a_traced_network_is_pytorch_s(calls: list[str]) -> None:
    ours, theirs = pair()
    traced = torch.fx.symbolic_trace(nn.Sequential(ours))
    assert torch.equal(traced(images()), theirs(images()))
    assert not calls


def test_without_gradients(calls: list[str]) -> None:
    ours, theirs = pair()
    with torch.inference_mode():
        torch.testing.assert_close(ours(images()), theirs(images()), rtol=1e-4, atol=1e-5)
    assert calls == ["winograd_forward"]


def test_images_need_no_gradient() -> None:
    ours, theirs = pair()
    grads = []
    for layer in (ours, theirs):
        layer(images()).square().mean().backward()
        assert layer.weight.grad is not None
        grads.append(layer.weight.grad)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-6)


def test_gradients_of_gradients_are_refused() -> None:
    layer, _ = pair()
    (grad,) = torch.autograd.grad(layer(images()).square().mean(), layer.weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["resnet18", "fastnet"])
def test_networks_use_it_with_any_number_of_threads(name: str, calls: list[str]) -> None:
    scores = []
    for threads in (1, 2):
        model = torch_models.build(name, 10, (3, 32, 32), torch.Generator().manual_seed(0), FastNetSize((64, 64)))
        engine = TorchEngine(model, torch.optim.SGD(model.parameters(), 0.1))
        with engine.thread_limit(threads):
            scores.append(engine.predict(images(8, 3, 32, 32).numpy()))
    assert calls
    torch.testing.assert_close(torch.from_numpy(scores[0]), torch.from_numpy(scores[1]), rtol=1e-4, atol=1e-6)
