"""Winograd's convolution is the convolution, in whatever pieces, and the layer takes it where it is faster."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.nn import battery
from tests.nn.battery import assert_close, assert_same, random_upstream
from tests.nn.image_cases import IMAGE_CASES
from trainlab.nn import Conv2d, convolution, parallel, winograd
from trainlab.nn.blas import thread_limit
from trainlab.nn.window import Window

CASES = [case for case in IMAGE_CASES if case.name in ("conv2d-padding", "conv2d-batch-1", "conv2d-no-bias")]
EVEN = [replace(case, shape=(*case.shape[:2], 4, 6)) for case in CASES]
PADDED = Window((3, 3), padding=(1, 1))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("piece", [1, 2**11, 2**19])
@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (2, 0), (1, 2)])
def test_winograd_in_pieces_and_by_several_threads_is_the_naive_one(
    padding: tuple[int, int], piece: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece is one image, a few with a rest, or the whole share of a thread."""
    monkeypatch.setattr(winograd, "PIECE", piece)
    monkeypatch.setattr(winograd, "TILES", 1)
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0 if threads > 1 else 1e9)
    x, weight, bias = (rng().standard_normal(shape) for shape in ((7, 3, 6, 8), (5, 3, 3, 3), (5,)))
    window = Window((3, 3), padding=padding)
    with thread_limit(threads):
        y = winograd.winograd_forward(x, weight, bias, window)
        g = random_upstream(y.shape)
        fast = winograd.winograd_backward(g, x, weight, window)
    assert_close(y, convolution.conv2d_forward_naive(x, weight, bias, window), "y", 1e-14)
    naive = convolution.conv2d_backward_naive(g, x, weight, window)
    for name, one, other in zip(("input", "weight", "bias"), fast, naive, strict=True):
        assert_close(one, other, name, 1e-14)


@pytest.mark.parametrize("channels", [1, 64])
def test_rounding_in_float32_is_that_of_a_few_additions(channels: int) -> None:
    x, weight = (rng().standard_normal(shape) for shape in ((2, channels, 8, 8), (channels, channels, 3, 3)))
    g = random_upstream(x.shape)
    g32, x32, weight32 = (array.astype(np.float32) for array in (g, x, weight))
    for one, other in zip(
        (
            winograd.winograd_forward(x32, weight32, None, PADDED),
            *winograd.winograd_backward(g32, x32, weight32, PADDED),
        ),
        (convolution.conv2d_forward(x, weight, None, PADDED), *convolution.conv2d_backward(g, x, weight, PADDED)),
        strict=True,
    ):
        assert one is not None
        assert other is not None
        assert_close(one, other.astype(np.float32), "a result", 2e-6)


@pytest.mark.parametrize("check", battery.OF_A_FORM)
@pytest.mark.parametrize("case", EVEN, ids=lambda case: case.name)
def test_a_layer_in_winograd_s_form_passes_what_every_layer_passes(
    case: battery.LayerCase, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd, "CHANNELS", 1)
    monkeypatch.delattr(convolution, "conv2d_forward")  # nothing else computes it
    monkeypatch.delattr(convolution, "conv2d_backward")
    check(case)


@pytest.mark.parametrize(
    ("edit", "spoiled"),
    [
        ({}, set()),
        ({"_add_back": lambda v, d: [np.add(one, v[a], out=one) for a, one in enumerate(d)]}, {"input"}),
        ({"_spread": lambda weight: np.kron(winograd.G, np.abs(winograd.G))}, {"input", "weight"}),
    ],
    ids=["right", "B forgotten", "a sign in G"],
)
def test_a_wrong_matrix_is_found(edit: dict[str, Any], spoiled: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The forward pass stays right, so that its differences say what the gradients should be."""
    monkeypatch.setattr(winograd, "CHANNELS", 1)
    right, forward = winograd._spread, winograd.winograd_forward

    def with_right_matrices(*arguments: Any) -> Any:
        with pytest.MonkeyPatch.context() as within:
            within.setattr(winograd, "_spread", right)
            return forward(*arguments)

    monkeypatch.setattr(winograd, "winograd_forward", with_right_matrices)
    for name, wrong in edit.items():
        monkeypatch.setattr(winograd, name, wrong)
    report = battery.gradient_report(EVEN[0])
    assert {mismatch.gradient for mismatch in report.mismatches} == spoiled


FITTING: dict[str, Any] = {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}


@pytest.mark.parametrize(
    ("changed", "channels", "groups", "size", "expected"),
    [
        ({}, (32, 32), 1, (4, 6), True),
        ({"padding": (0, 0)}, (32, 32), 1, (4, 6), True),
        ({}, (32, 31), 1, (4, 6), False),
        ({}, (3, 64), 1, (4, 6), False),
        ({}, (32, 32), 2, (4, 6), False),
        ({}, (32, 32), 1, (5, 6), False),
        ({}, (32, 32), 1, (4, 7), False),
        ({"kernel": (3, 1), "padding": (1, 0)}, (32, 32), 1, (4, 6), False),
        ({"stride": (2, 2)}, (32, 32), 1, (4, 6), False),
        ({"dilation": (1, 3), "padding": (1, 3)}, (32, 32), 1, (4, 6), False),
    ],
)
def test_it_fits_3x3_at_stride_1_with_many_channels_and_even_sizes(
    changed: dict[str, Any], channels: tuple[int, int], groups: int, size: tuple[int, int], expected: bool
) -> None:
    assert winograd.fits(np.empty((*channels, 3, 3)), Window(**FITTING | changed), groups, *size) is expected


def test_a_layer_takes_it_where_it_fits() -> None:
    layer = Conv2d(32, 32, 3, padding=1, bias=False, rng=rng())
    layer.skip_input_grad()
    x, g = (random_upstream((2, 32, 4, 6), np.float32, seed) for seed in (1, 2))
    weight = layer.weight.data
    assert_same(layer(x), winograd.winograd_forward(x, weight, None, PADDED), "y")
    assert layer.backward(g) is None
    assert_same(layer.weight.grad, winograd.winograd_backward(g, x, weight, PADDED)[1], "weight")


def test_an_empty_batch_goes_through() -> None:
    layer = Conv2d(32, 32, 3, padding=1, rng=rng())
    y = layer(np.zeros((0, 32, 4, 4), np.float32))
    assert y.shape == (0, 32, 4, 4)
    grad_input = layer.backward(y)
    assert grad_input is not None
    assert grad_input.shape == y.shape
    assert layer.weight.grad is not None
    assert not layer.weight.grad.any()
