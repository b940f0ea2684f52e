"""Convolution, pooling and batch normalization: fast forms, layouts, ties, running statistics, one number by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.nn.battery import TOLERANCE, LayerCase, assert_close, assert_same, build, gradients_of, random_upstream, run
from tests.nn.image_cases import IMAGE_CASES
from trainlab.nn import (
    AdaptiveAvgPool2d,
    Array,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout2d,
    GlobalAvgPool,
    MaxPool2d,
    ReLU,
    Residual,
    convolution,
    functional,
    normalization,
    parallel,
    pooling,
)
from trainlab.nn.blas import thread_limit
from trainlab.nn.images import channels_first, channels_last

CONV_CASES = [case for case in IMAGE_CASES if case.name.startswith("conv2d")]
POOL_CASES = [case for case in IMAGE_CASES if case.name.startswith(("maxpool", "avgpool"))]
every_case = pytest.mark.parametrize("case", IMAGE_CASES, ids=lambda case: case.name)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---------------------------------------------------------------- fast = naive


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("piece", [1, 2**11, 2**21])
@pytest.mark.parametrize("case", CONV_CASES, ids=lambda case: case.name)
def test_convolution_in_pieces_and_by_several_threads_is_the_naive_one(
    case: LayerCase, piece: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece is one image, a few with a rest, or the whole share of a thread."""
    monkeypatch.setattr(convolution, "PIECE", piece)
    monkeypatch.setattr(convolution, "ROWS", 1)
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0 if threads > 1 else 1e9)
    layer = build(case)
    assert isinstance(layer, Conv2d)
    x = rng().standard_normal((5, *case.shape[1:]))
    settings = (layer.window, layer.groups)
    bias = None if layer.bias is None else layer.bias.data
    with thread_limit(threads):
        y = convolution.conv2d_forward(x, layer.weight.data, bias, *settings)
        g = random_upstream(y.shape)
        fast = convolution.conv2d_backward(g, x, layer.weight.data, *settings)
    assert_close(y, convolution.conv2d_forward_naive(x, layer.weight.data, bias, *settings), "y", 1e-14)
    naive = convolution.conv2d_backward_naive(g, x, layer.weight.data, *settings)
    for name, one, other in zip(("input", "weight", "bias"), fast, naive, strict=True):
        assert_close(one, other, name, 1e-14)


@pytest.mark.parametrize("case", POOL_CASES, ids=lambda case: case.name)
def test_pooling_is_the_naive_one(case: LayerCase) -> None:
    layer: Any = build(case)
    x = np.round(rng().standard_normal(case.shape))  # with ties
    if isinstance(layer, MaxPool2d):
        for one, other in zip(
            pooling.max_pool2d_forward(x, layer.window), pooling.max_pool2d_forward_naive(x, layer.window), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    else:
        expected = pooling.avg_pool2d_forward_naive(x, layer.window)
        assert_close(pooling.avg_pool2d_forward(x, layer.window), expected, "y", 1e-15)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("piece", [1, 10, 2**16])
def test_batch_normalization_in_pieces_and_by_several_threads_is_the_naive_one(
    piece: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(normalization, "PIECE", piece)
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0 if threads > 1 else 1e9)
    x, g = 3 + rng().standard_normal((7, 3)), random_upstream((7, 3))
    weight, bias = random_upstream((3,), seed=4), random_upstream((3,), seed=5)
    with thread_limit(threads):
        fast = normalization.batch_norm_forward(x, weight, bias, 1e-3)
        back = normalization.batch_norm_backward(g, x, weight, *fast[1:], 1e-3)
    naive = normalization.batch_norm_forward_naive(x, weight, bias, 1e-3)
    back_naive = normalization.batch_norm_backward_naive(g, x, weight, *naive[1:], 1e-3)
    for one, other in zip((*fast, *back), (*naive, *back_naive), strict=True):
        assert_close(one, other, "a result", 1e-14)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_entry_by_entry_by_several_threads_is_that_by_one(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, g = (channels_first(rng().standard_normal((6, 4, 5, 3)) - shift) for shift in (0.0, 0.5))
    expected = functional.relu_forward(x)
    expected_back = functional.relu_backward(g, expected)
    monkeypatch.setattr(functional, "FEW", 0)
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0)
    with thread_limit(threads):
        assert_same(functional.relu_forward(x), expected, "y")
        assert_same(functional.relu_backward(g, expected), expected_back, "grad_input")
        assert_same(functional.add(x, g), x + g, "sum")
        assert_same(functional.add(x, np.ascontiguousarray(g)), x + g, "sum of two layouts")


@pytest.mark.parametrize("case", POOL_CASES, ids=lambda case: case.name)
def test_max_pooling_by_several_threads_lets_nan_win_as_the_naive_one_does(
    case: LayerCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "WORTH_SHARING", 0)
    layer: Any = build(case)
    x = rng().standard_normal((5, *case.shape[1:]))
    x[rng().random(x.shape) < 0.2] = np.nan
    x[rng().random(x.shape) < 0.2] = -np.inf
    with thread_limit(2):
        fast = pooling.max_pool2d_forward(x, layer.window)
    for one, other in zip(fast, pooling.max_pool2d_forward_naive(x, layer.window), strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- how arrays lie in memory


def reversed_in_memory(array: Array) -> Array:
    return array[::-1].copy()[::-1]


def every_second(array: Array) -> Array:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "Fortran order": np.asfortranarray,
    "reversed": reversed_in_memory,
    "every second": every_second,
    "channels last": lambda array: (
        channels_first(np.ascontiguousarray(channels_last(array))) if array.ndim == 4 else array
    ),
    "batch innermost": lambda array: np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_case
def test_any_layout_in_memory_gives_the_same(case: LayerCase, layout: Callable[[Array], Array]) -> None:
    expected = run(build(case), case.shape)
    layer = build(case)
    assert_close(layer.forward(layout(expected.x)), expected.output, "output", 1e-14)
    grad_input = layer.backward(layout(expected.grad_output))
    assert_close(grad_input, expected.grad_input, "grad_input", 1e-13)
    for name, gradient in gradients_of(layer).items():
        assert_close(gradient, expected.gradients[name], name, 1e-13)


@every_case
def test_an_empty_batch_gives_an_empty_batch_in_evaluation(case: LayerCase) -> None:
    layer = build(case).eval()
    expected = layer.forward(np.zeros(case.shape)).shape
    assert layer.forward(np.zeros((0, *case.shape[1:]))).shape == (0, *expected[1:])


def test_an_empty_batch_goes_through_a_convolution_in_training() -> None:
    layer = Conv2d(2, 3, 3, rng=rng())
    y = layer(np.zeros((0, 2, 5, 5), np.float32))
    grad_input = layer.backward(y)
    assert y.shape == (0, 3, 3, 3)
    assert grad_input is not None
    assert grad_input.shape == (0, 2, 5, 5)
    assert layer.weight.grad is not None
    assert not layer.weight.grad.any()


def test_the_first_convolution_computes_no_input_gradient() -> None:
    whole, first = Conv2d(2, 3, 3, rng=rng()), Conv2d(2, 3, 3, rng=rng())
    first.skip_input_grad()
    x, g = np.ones((2, 2, 5, 4), np.float32), random_upstream((2, 3, 3, 2), np.float32)
    for layer in (whole, first):
        layer.forward(x)
    assert whole.backward(g) is not None
    assert first.backward(g) is None
    assert_same(first.weight.grad, whole.weight.grad, "weight")


# ---------------------------------------------------------------- by hand


def test_convolution_by_hand() -> None:
    layer = Conv2d(1, 1, 2, rng=rng(), dtype=np.float64)
    layer.load_state_dict({"weight": np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), "bias": np.array([0.5])})
    # the filter is laid on the image as it is: 1·1 + 2·0 + 3·2 + 4·5 + 0.5 = 27.5;  1·0 + 2·3 + 3·5 + 4·1 + 0.5 = 25.5
    assert layer(np.array([[[[1.0, 0.0, 3.0], [2.0, 5.0, 1.0]]]])).tolist() == [[[[27.5, 25.5]]]]
    # each pixel gets the weight that stood on it, times the gradient; the middle ones stood under both windows
    grad_input = layer.backward(np.array([[[[1.0, 10.0]]]]))
    assert grad_input is not None
    assert grad_input.tolist() == [[[[1.0, 2.0 + 10.0, 20.0], [3.0, 4.0 + 30.0, 40.0]]]]
    # ∂/∂weight₀₀ = 1·1 + 10·0;  ₀₁ = 1·0 + 10·3;  ₁₀ = 1·2 + 10·5;  ₁₁ = 1·5 + 10·1
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[[[1.0, 30.0], [52.0, 15.0]]]]
    assert layer.bias is not None
    assert_close(layer.bias.grad, np.array([11.0]), "bias", 0)


def test_poolings_by_hand() -> None:
    x = np.array([[[[1.0, 2.0, 0.0], [4.0, 3.0, 8.0]]]])
    assert MaxPool2d((2, 2), stride=1)(x).tolist() == [[[[4.0, 8.0]]]]
    assert AvgPool2d((2, 2), stride=1)(x).tolist() == [[[[10 / 4, 13 / 4]]]]
    assert AvgPool2d(2, stride=2, padding=1)(x).tolist() == [[[[1 / 4, 2 / 4], [4 / 4, 11 / 4]]]]  # the border counts
    assert AdaptiveAvgPool2d((1, 2))(x).tolist() == [[[[10 / 4, 13 / 4]]]]  # the middle column belongs to both
    assert GlobalAvgPool()(x).tolist() == [[18 / 6]]


def test_batch_normalization_by_hand() -> None:
    layer = BatchNorm1d(1, eps=1.0, momentum=0.25, dtype=np.float64)
    layer.weight.data[...], layer.bias.data[...] = 3.0, 1.0
    # μ = 2, σ² = (4 + 0 + 4)/3 = 8/3; √(8/3 + 1) = 1.914854;  y = 3·(−2)/1.914854 + 1 = −2.133398
    y = layer(np.array([[0.0], [2.0], [4.0]]))
    assert_close(y, np.array([[-2.133398], [1.0], [4.133398]]), "output", 1e-6)
    # running ← 0.75 · old + 0.25 · new; the unbiased variance is (4 + 0 + 4)/2 = 4
    assert layer.running_mean.tolist() == [0.5]
    assert layer.running_var.tolist() == [1.75]
    assert layer.num_batches_tracked == 1


def test_residual_by_hand() -> None:
    block = Residual(ReLU())
    assert block(np.array([[-3.0, 2.0]])).tolist() == [[-3.0, 4.0]]
    grad_input = block.backward(np.array([[1.0, 10.0]]))
    assert grad_input is not None
    assert grad_input.tolist() == [[1.0, 20.0]]


# ---------------------------------------------------------------- ties, nan, borders


@pytest.mark.parametrize("value", [0.0, -1.0, -np.inf])
@pytest.mark.parametrize("options", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 1, "padding": 1}], ids=str)
def test_of_equal_pixels_the_first_in_row_order_gets_the_gradient_as_in_pytorch(
    value: float, options: dict[str, Any]
) -> None:
    x = np.full((2, 3, 4, 4), value)
    layer, twin = MaxPool2d(**options), torch.nn.MaxPool2d(**options)
    x_torch = torch.from_numpy(x).requires_grad_()
    output = twin(x_torch)
    g = random_upstream(tuple(output.shape))
    output.backward(torch.from_numpy(g))
    assert_close(layer(x), output.detach().numpy(), "output", 0)
    assert x_torch.grad is not None
    assert_close(layer.backward(g), x_torch.grad.numpy(), "grad_input", 1e-15)


def test_nan_is_larger_than_every_number_as_in_pytorch() -> None:
    x = np.array([[[[1.0, np.nan], [5.0, 2.0]]]])
    assert np.isnan(MaxPool2d(2)(x)).all()


# ---------------------------------------------------------------- running statistics


@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 4, 2)])
def test_ten_batches_leave_pytorch_s_running_statistics_and_evaluation_uses_them(shape: tuple[int, ...]) -> None:
    ours, theirs = (
        (BatchNorm1d(3, dtype=np.float64), torch.nn.BatchNorm1d(3, dtype=torch.float64))
        if len(shape) == 2
        else (BatchNorm2d(3, dtype=np.float64), torch.nn.BatchNorm2d(3, dtype=torch.float64))
    )
    draw = rng()
    for step in range(10):
        x = np.asarray(step + 2 * draw.standard_normal(shape))
        ours(x)
        theirs(torch.from_numpy(x))
    for name, buffer in theirs.named_buffers():
        assert_close(ours.state_dict()[name], buffer.numpy(), name, TOLERANCE[np.float64])
    before = ours.state_dict()
    assert_close(ours.eval()(x), theirs.eval()(torch.from_numpy(x)).detach().numpy(), "evaluation", 1e-12)
    for name, array in ours.state_dict().items():
        assert_same(array, before[name], f"evaluation changed {name}")


@pytest.mark.parametrize("mistake", ["biased variance", "momentum the other way round", "not counted"])
def test_the_parity_check_refuses_wrong_running_statistics(mistake: str) -> None:
    class Wrong(BatchNorm1d):
        def forward(self, x: Array) -> Array:
            y = super().forward(x)
            if mistake == "biased variance":
                self.running_var = 1 + 0.1 * (x.var(axis=0) - 1)
            elif mistake == "momentum the other way round":
                self.running_mean = 0.9 * x.mean(axis=0)
            else:
                self.num_batches_tracked -= 1
            return y

    from tests.nn.battery import check_parity

    case = LayerCase("wrong", lambda dtype: Wrong(3, dtype=dtype), lambda: torch.nn.BatchNorm1d(3), (4, 3))
    names = {"biased": "running_var", "momentum": "running_mean", "not": "num_batches_tracked"}
    with pytest.raises(AssertionError, match=names[mistake.split()[0]]):
        check_parity(case, np.float64)


def test_a_large_offset_costs_no_digits() -> None:
    """Σx² − (Σx)² would be lost in rounding here."""
    x = (1000 + rng().standard_normal((4096, 2))).astype(np.float32)
    y = BatchNorm1d(2)(x)
    assert_close(y.var(axis=0), np.ones(2, np.float32), "variance", 1e-3)


# ---------------------------------------------------------------- dropout of channels


def test_dropout2d_drops_whole_channels() -> None:
    layer = Dropout2d(0.5, rng=rng())
    y = layer(np.ones((20, 30, 2, 3)))
    assert (y == y[:, :, :1, :1]).all()
    assert set(y.ravel().tolist()) == {0.0, 2.0}
    assert abs(np.mean(y == 0) - 0.5) < 5 * np.sqrt(0.25 / 600)
    assert_same(layer.backward(np.ones((20, 30, 2, 3))), y, "grad_input")
    assert_same(layer.eval()(y), y, "evaluation")
