"""The convolution with few filters is the convolution, and the layer takes it where it is faster."""

from typing import Any

import numpy as np
import pytest

from tests.nn import battery
from tests.nn.battery import assert_close, assert_same, random_upstream
from tests.nn.image_cases import IMAGE_CASES
from trainlab.nn import Conv2d, convolution, few_filters, parallel
from trainlab.nn.blas import thread_limit
from trainlab.nn.parallel import SHARES
from trainlab.nn.window import Window

CASES = [
    case
    for case in IMAGE_CASES
    if case.name.startswith("conv2d") and not any(word in case.name for word in ("dilation", "groups", "depthwise"))
]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize(
    "window",
    [
        Window((3, 2)),
        Window((3, 3), padding=(1, 2)),
        Window((2, 3), stride=(2, 3), padding=(0, 1)),
        Window((1, 1), stride=(3, 2)),
        Window((6, 7)),
    ],
    ids=lambda window: window.describe(),
)
def test_it_is_the_naive_one_whoever_computes_which_rows(
    window: Window, images: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0 if threads > 1 else 1e9)
    shapes = (images, 3, 6, 7), (5, 3, *window.kernel), (5,)
    x, weight, bias = (rng().standard_normal(shape) for shape in shapes)
    with thread_limit(threads):
        y = few_filters.few_filters_forward(x, weight, bias, window)
        g = random_upstream(y.shape)
        fast = few_filters.few_filters_backward(g, x, weight, window)
    assert_close(y, convolution.conv2d_forward_naive(x, weight, bias, window), "y", 1e-14)
    naive = convolution.conv2d_backward_naive(g, x, weight, window)
    for name, one, other in zip(("input", "weight", "bias"), fast, naive, strict=True):
        assert_close(one, other, name, 1e-14)


def test_any_number_of_threads_up_to_the_shares_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0)
    x, g = (random_upstream((9, channels, 12, 12), np.float32) for channels in (6, 8))
    weight = random_upstream((8, 6, 5, 5), np.float32)
    window = Window((5, 5), padding=(2, 2))
    results = []
    for threads in (1, 2, 3, SHARES):
        with thread_limit(threads):
            y = few_filters.few_filters_forward(x, weight, None, window)
            results.append((y, *few_filters.few_filters_backward(g, x, weight, window)))
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("check", battery.OF_A_FORM)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_layer_with_few_filters_passes_what_every_layer_passes(
    case: battery.LayerCase, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_filters, "IMAGES", 1)
    monkeypatch.delattr(convolution, "conv2d_forward")  # nothing else computes it
    monkeypatch.delattr(convolution, "conv2d_backward")
    check(case)


def _overwritten(grad_seen: Any, shape: tuple[int, ...], window: Window) -> Any:
    grad_padded = np.zeros(shape, grad_seen.dtype)
    across = few_filters._across(grad_padded, window)
    for column in range(window.kernel[1]):
        across[:, column] = grad_seen[:, column]
    return grad_padded


@pytest.mark.parametrize(
    ("edit", "spoiled"),
    [
        ({}, set()),
        ({"_add_up": _overwritten}, {"input"}),
        ({"add_product": lambda target, left, right, scale: None}, {"input"}),
        ({"add_product": lambda target, left, right, scale: np.copyto(target, left.T @ right)}, {"input"}),
    ],
    ids=["right", "columns overwrite each other", "nothing comes back", "rows overwrite each other"],
)
def test_a_wrong_sum_is_found(edit: dict[str, Any], spoiled: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_filters, "IMAGES", 1)
    for name, wrong in edit.items():
        monkeypatch.setattr(few_filters, name, wrong)
    (case,) = (case for case in CASES if case.name == "conv2d-padding")
    report = battery.gradient_report(case)
    assert {mismatch.gradient for mismatch in report.mismatches} == spoiled


@pytest.mark.parametrize(
    ("images", "filters", "groups", "dilation", "expected"),
    [
        (4, 16, 1, (1, 1), True),
        (3, 16, 1, (1, 1), False),
        (4, 17, 1, (1, 1), False),
        (4, 16, 2, (1, 1), False),
        (4, 16, 1, (2, 1), False),
        (4, 16, 1, (1, 2), False),
    ],
)
def test_it_fits_few_filters_of_one_group_without_gaps_and_more_than_a_few_images(
    images: int, filters: int, groups: int, dilation: tuple[int, int], expected: bool
) -> None:
    x, weight = np.empty((images, 6, 9, 9)), np.empty((filters, 6 // groups, 3, 3))
    assert few_filters.fits(x, weight, Window((3, 3), dilation=dilation), groups) is expected


def test_a_layer_takes_it_where_it_fits_and_leaves_the_batch_innermost() -> None:
    layer = Conv2d(3, 4, 3, padding=1, bias=False, rng=rng())
    layer.skip_input_grad()
    x, g = (random_upstream((5, channels, 4, 6), np.float32) for channels in (3, 4))
    y = layer(x)
    assert_same(y, few_filters.few_filters_forward(x, layer.weight.data, None, layer.window), "y")
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous
    assert layer.backward(g) is None
    assert_same(layer.weight.grad, few_filters.few_filters_backward(g, x, layer.weight.data, layer.window)[1], "weight")
