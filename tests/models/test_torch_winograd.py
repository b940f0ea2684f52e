"""Winograd's form as three products computes what the plain sum does, and is asked only where it takes less time."""

from typing import Any

import pytest
import torch
from torch import nn

from tests.models.convolution_pair import pair
from trainlab.models import torch_winograd
from trainlab.nn.window import Window

SHAPE = (32, 128, 8, 8)


def numbers(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()


def both_passes(y: torch.Tensor, learned: list[torch.Tensor]) -> list[torch.Tensor]:
    """The output, and the gradients of what was learned."""
    upstream = numbers(*y.shape, dtype=y.dtype).detach()
    return [y.detach(), *torch.autograd.grad(y, learned, upstream)]


def relative_error(got: torch.Tensor, exact: torch.Tensor) -> float:
    return float((got.double() - exact).square().mean().sqrt() / exact.square().mean().sqrt())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """The number formats of the weights of those convolutions that took Winograd's form, on any processor."""
    seen: list[torch.dtype] = []
    apply = torch_winograd.Winograd.apply

    def noted(x: torch.Tensor, weight: torch.Tensor, window: Window) -> torch.Tensor:
        seen.append(weight.dtype)
        return apply(x, weight, window)  # type: ignore[no-any-return,no-untyped-call]

    monkeypatch.setattr(torch_winograd.Winograd, "apply", noted)
    monkeypatch.setattr(torch_winograd, "is_of_use", lambda: True)
    return seen


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize(
    ("size", "padding"),
    [
        ((7, 7), (1, 1)),
        ((8, 8), (1, 1)),
        ((4, 5), (2, 1)),
        ((8, 3), (0, 2)),
        ((3, 3), (1, 1)),
        ((7, 8), (2, 0)),
        ((16, 16), (1, 1)),
        ((15, 8), (1, 1)),
        ((17, 9), (0, 2)),
        ((32, 10), (1, 1)),
    ],
)
def test_it_is_the_plain_sum(size: tuple[int, int], padding: tuple[int, int], layout: torch.memory_format) -> None:
    """Images that are one block, in one axis or both, and such that blocks cover exactly or not."""
    x, weight = (numbers(*shape) for shape in ((7, 3, *size), (5, 3, 3, 3)))
    laid = x.contiguous(memory_format=layout)
    ours = torch_winograd.Winograd.apply(laid, weight, Window((3, 3), padding=padding))  # type: ignore[no-untyped-call]
    plain = torch.conv2d(x, weight, padding=padding)
    for got, expected in zip(both_passes(ours, [x, weight]), both_passes(plain, [x, weight]), strict=True):
        assert got.shape == expected.shape
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-11)


def test_matrices_have_an_even_number_of_everything_they_are_summed_over() -> None:
    for matrix in torch_winograd.matrices(*[torch_winograd.Cut.along(7, 1)] * 2):
        assert all(length % 2 == 0 for length in matrix.shape)


@pytest.mark.parametrize("side", [7, 8, 16])
def test_bfloat16_is_off_by_one_and_a_half_percent(side: int) -> None:
    exact = [numbers(32, 128, side, side), numbers(128, 128, 3, 3)]
    rounded = [tensor.detach().bfloat16() for tensor in exact]
    x, weight = rounded[0].requires_grad_(), rounded[1].float().requires_grad_()  # as a layer has them
    ours = torch_winograd.Winograd.apply(x, weight, Window((3, 3), padding=(1, 1)))  # type: ignore[no-untyped-call]
    same = [tensor.detach().double().requires_grad_() for tensor in (x, weight)]
    plain = torch.conv2d(same[0], same[1], padding=1)
    upstream = numbers(*plain.shape).detach().bfloat16()
    got = [ours, *torch.autograd.grad(ours, [x, weight], upstream)]
    expected = [plain, *torch.autograd.grad(plain, same, upstream.double())]
    assert [tensor.dtype for tensor in got] == [torch.bfloat16, torch.bfloat16, torch.float32]
    for one, other in zip(got, expected, strict=True):
        one, other = one.detach().double(), other.detach()
        assert 0.005 < relative_error(one, other) < 0.02
        too_large = (one * other).mean() / other.square().mean() - 1
        assert abs(too_large) < 2e-3  # as if by chance, neither larger nor smaller on the whole


def layers(**settings: Any) -> tuple[nn.Conv2d, nn.Conv2d]:
    """Ours and PyTorch's, with channels enough."""
    return pair(**{"in_channels": 128, "out_channels": 192, **settings})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [SHAPE, (8, 128, 16, 15), (128, 128, 4, 4), (128, 128, 3, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_layer_takes_it_under_autocast(
    dtype: torch.dtype, shape: tuple[int, ...], bias: bool, calls: list[torch.dtype]
) -> None:
    """Images are float32 in the first layer, and what the layer before has computed elsewhere."""
    ours, theirs = layers(bias=bias)
    passes = []
    for layer in (ours, theirs):
        x = numbers(*shape, dtype=dtype)
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(x)
        assert y.dtype == torch.bfloat16
        passes.append(both_passes(y, [x, *layer.parameters()]))
    assert calls == [torch.float32]
    for got, expected in zip(*passes, strict=True):
        assert got.dtype == expected.dtype
        assert relative_error(got, expected.double()) < 0.02


@pytest.mark.parametrize(
    ("settings", "shape", "dtype"),
    [
        ({}, SHAPE, torch.float16),
        ({"in_channels": 64}, (32, 64, 8, 8), torch.bfloat16),
        ({"out_channels": 32}, SHAPE, torch.bfloat16),
        ({}, (31, 128, 8, 8), torch.bfloat16),
        ({}, (32, 128, 5, 5), torch.bfloat16),
        ({}, (32, 128, 10, 10), torch.bfloat16),
        ({}, (32, 128, 12, 12), torch.bfloat16),
        ({}, (127, 128, 3, 3), torch.bfloat16),
        ({"groups": 2}, SHAPE, torch.bfloat16),
        ({"stride": 2}, (128, 128, 8, 8), torch.bfloat16),
    ],
)
def test_under_autocast_everything_else_is_pytorch_s_to_the_bit(
    settings: dict[str, Any], shape: tuple[int, ...], dtype: torch.dtype, calls: list[torch.dtype]
) -> None:
    with torch.autocast("cpu", dtype), torch.no_grad():
        ours, theirs = (layer(numbers(*shape, dtype=torch.float32)) for layer in layers(**settings))
    assert torch.equal(ours, theirs)
    assert not calls


def test_without_autocast_a_network_in_bfloat16_is_pytorch_s(calls: list[torch.dtype]) -> None:
    ours, theirs = (layer.bfloat16() for layer in layers())
    x = numbers(*SHAPE, dtype=torch.bfloat16)
    assert torch.equal(ours(x), theirs(x))
    assert not calls


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": True, "amx_bf16": True}, False),
        ({"avx512_bf16": False, "amx_bf16": False}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_it_is_of_use_where_vectors_multiply_bfloat16(
    capabilities: dict[str, Any], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert torch_winograd.is_of_use.__wrapped__() is expected


def test_images_need_no_gradient(calls: list[torch.dtype]) -> None:
    layer, _ = layers()
    with torch.autocast("cpu", torch.bfloat16):
        layer(numbers(*SHAPE, dtype=torch.float32).detach()).sum().backward()
    assert layer.weight.grad is not None
    assert calls


def test_gradients_of_gradients_are_refused() -> None:
    x, weight = numbers(2, 3, 4, 4), numbers(5, 3, 3, 3)
    y = torch_winograd.Winograd.apply(x, weight, Window((3, 3), padding=(1, 1)))  # type: ignore[no-untyped-call]
    (grad,) = torch.autograd.grad(y.square().mean(), weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()  # type: ignore[no-untyped-call]
