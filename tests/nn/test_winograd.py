"""Winograd's convolution is the convolution, in whatever pieces, and the layer takes it where it is faster."""

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
PADDED = Window((3, 3), padding=(1, 1))


FILTERS = winograd._filters


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def anything_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small cases are computed in Winograd's form, too."""
    for name, value in {"CHANNELS": 1, "FEWEST_TILES": 1, "WASTE": 16}.items():
        monkeypatch.setattr(winograd, name, value)


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
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_layer_in_winograd_s_form_passes_what_every_layer_passes(
    case: battery.LayerCase, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    anything_fits(monkeypatch)
    monkeypatch.delattr(convolution, "conv2d_forward")  # nothing else computes it
    monkeypatch.delattr(convolution, "conv2d_backward")
    check(case)


@pytest.mark.parametrize(
    ("edit", "spoiled"),
    [
        ({}, set()),
        ({"_filters": lambda weight, spread: FILTERS(weight, abs(spread))}, {"input"}),
        ({"_spread": lambda weight: np.kron(winograd.G, np.abs(winograd.G))}, {"input", "weight"}),
        ({"BT": np.abs(winograd.BT)}, {"input", "weight"}),
    ],
    ids=["right", "a sign in the filters", "a sign in G", "a sign in B"],
)
def test_a_wrong_matrix_is_found(edit: dict[str, Any], spoiled: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The forward pass stays right, so that its differences say what the gradients should be."""
    anything_fits(monkeypatch)
    right = {name: getattr(winograd, name) for name in edit}
    forward = winograd.winograd_forward

    def with_right_matrices(*arguments: Any) -> Any:
        with pytest.MonkeyPatch.context() as within:
            for name, value in right.items():
                within.setattr(winograd, name, value)
            return forward(*arguments)

    monkeypatch.setattr(winograd, "winograd_forward", with_right_matrices)
    for name, wrong in edit.items():
        monkeypatch.setattr(winograd, name, wrong)
    report = battery.gradient_report(CASES[0])
    assert {mismatch.gradient for mismatch in report.mismatches} == spoiled


FITTING: dict[str, Any] = {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}


@pytest.mark.parametrize(
    ("changed", "channels", "groups", "shape", "expected"),
    [
        ({}, (48, 64), 1, (8, 8, 8), True),
        ({}, (64, 64), 1, (16, 7, 7), True),
        ({}, (64, 64), 1, (99, 6, 6), False),  # 64 pixels made for 36
        ({}, (64, 64), 1, (7, 8, 8), False),  # 28 tiles
        ({}, (64, 64), 1, (0, 8, 8), False),
        ({"padding": (0, 0)}, (64, 64), 1, (16, 10, 10), True),
        ({"padding": (2, 2)}, (64, 64), 1, (16, 6, 6), True),
        ({"padding": (1, 3)}, (64, 64), 1, (16, 8, 4), False),
        ({}, (64, 47), 1, (16, 8, 8), False),
        ({}, (3, 64), 1, (16, 8, 8), False),
        ({}, (64, 64), 2, (16, 8, 8), False),
        ({"kernel": (3, 1), "padding": (1, 0)}, (64, 64), 1, (16, 8, 8), False),
        ({"stride": (2, 2)}, (64, 64), 1, (16, 16, 16), False),
        ({"dilation": (1, 3), "padding": (1, 3)}, (64, 64), 1, (16, 8, 8), False),
    ],
)
def test_it_fits_3x3_at_stride_1_with_many_channels_and_tiles(
    changed: dict[str, Any], channels: tuple[int, int], groups: int, shape: tuple[int, int, int], expected: bool
) -> None:
    batch, height, width = shape
    x_shape, weight_shape = (batch, channels[1], height, width), (*channels, 3, 3)
    assert winograd.fits(x_shape, weight_shape, Window(**FITTING | changed), groups) is expected


def test_a_layer_takes_it_where_it_fits() -> None:
    layer = Conv2d(64, 64, 3, padding=1, bias=False, rng=rng())
    layer.skip_input_grad()
    x, g = (random_upstream((16, 64, 8, 7), np.float32, seed) for seed in (1, 2))
    weight = layer.weight.data
    assert_same(layer(x), winograd.winograd_forward(x, weight, None, PADDED), "y")
    assert layer.backward(g) is None
    assert_same(layer.weight.grad, winograd.winograd_backward(g, x, weight, PADDED)[1], "weight")


def test_the_matrices_are_those_of_a_product_of_polynomials() -> None:
    """Of one row: four outputs of three weights each, by six products."""
    d, w = rng().standard_normal(6), rng().standard_normal(3)
    products = (winograd.G @ w) * (winograd.BT @ d)
    assert_close(winograd.AT @ products, np.array([d[i : i + 3] @ w for i in range(4)]), "y", 1e-14)
    for matrix in (winograd.AT, winograd.BT):
        assert_same(matrix.astype(np.float32).astype(np.float64), matrix, "float32 holds it exactly")
