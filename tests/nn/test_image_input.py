"""What the layers of images refuse, and that the message says what arrived and what was expected."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.nn.battery import random_upstream
from trainlab.nn import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    GlobalAvgPool,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


CONSTRUCTORS: dict[str, tuple[Callable[[], object], str]] = {
    "no channels": (lambda: Conv2d(0, 3, 3, rng=rng()), "Conv2d needs at least one channel on each side, got 0 → 3"),
    "groups that do not divide": (
        lambda: Conv2d(4, 6, 3, groups=4, rng=rng()),
        "groups must divide the channels on both sides, got groups=4 for 4 → 6",
    ),
    "a kernel of nothing": (
        lambda: Conv2d(1, 1, 0, rng=rng()),
        r"kernel_size is a whole number of at least 1, or two of them \(vertical, horizontal\); got 0",
    ),
    "a stride of nothing": (lambda: Conv2d(1, 1, 1, stride=0, rng=rng()), "stride is a whole .* got 0"),
    "negative padding": (lambda: Conv2d(1, 1, 1, padding=-1, rng=rng()), "padding is a whole .* at least 0.* got -1"),
    "three strides": (
        lambda: Conv2d(1, 1, 1, stride=(1, 2, 3), rng=rng()),  # type: ignore[arg-type]
        r"got \(1, 2, 3\)",
    ),
    "half a pixel": (lambda: MaxPool2d(2.5), "kernel_size is a whole number .* got 2.5"),  # type: ignore[arg-type]
    "more padding than half a window": (
        lambda: MaxPool2d(2, padding=2),
        "padding=2 is more than half of kernel_size=2: a window could see nothing but border",
    ),
    "no features": (lambda: BatchNorm1d(0), "BatchNorm1d needs at least one channel, got 0"),
    "no eps": (lambda: BatchNorm2d(3, eps=0.0), "BatchNorm2d needs an eps above 0, got 0.0"),
    "momentum above 1": (lambda: BatchNorm2d(3, momentum=1.5), r"needs a momentum in \[0, 1\], got 1.5"),
    "momentum of nan": (lambda: BatchNorm2d(3, momentum=float("nan")), r"needs a momentum in \[0, 1\], got nan"),
}


@pytest.mark.parametrize(("construct", "message"), CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_constructor_refuses(construct: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        construct()


LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Conv2d": (lambda: Conv2d(3, 4, 3, rng=rng()), (2, 3, 5, 5)),
    "MaxPool2d": (lambda: MaxPool2d(2), (2, 3, 4, 4)),
    "AvgPool2d": (lambda: AvgPool2d(2), (2, 3, 4, 4)),
    "AdaptiveAvgPool2d": (lambda: AdaptiveAvgPool2d(2), (2, 3, 4, 4)),
    "GlobalAvgPool": (GlobalAvgPool, (2, 3, 4, 4)),
    "BatchNorm2d": (lambda: BatchNorm2d(3), (2, 3, 4, 4)),
    "BatchNorm1d": (lambda: BatchNorm1d(3), (2, 3)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)


@every_layer
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.complex128])
def test_other_numbers_are_refused_and_the_remedy_named(make: Any, shape: tuple[int, ...], dtype: Any) -> None:
    message = rf"takes numbers of float32.*, got {np.dtype(dtype)}. Convert them: x.astype\(np.float32\)"
    with pytest.raises(TypeError, match=message):
        make()(np.zeros(shape, dtype))


@pytest.mark.parametrize("name", ["Conv2d", "BatchNorm2d", "BatchNorm1d"])
def test_a_layer_with_weights_takes_the_type_of_its_weights(name: str) -> None:
    make, shape = LAYERS[name]
    with pytest.raises(TypeError, match="takes numbers of float32, as its weights are, got float64"):
        make()(np.zeros(shape, np.float64))


@every_layer
def test_an_array_of_another_rank_is_refused(make: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"takes (images|input) of shape \(N, .*, got \(3, 2, 2\)"):
        make()(np.zeros((3, 2, 2), np.float32))


@every_layer
def test_an_upstream_gradient_of_another_shape_is_refused(make: Any, shape: tuple[int, ...]) -> None:
    layer = make()
    y = layer(random_upstream(shape, np.float32))
    with pytest.raises(ValueError, match=r"backward takes a gradient of its output's shape, \(2, .*, got \(3, "):
        layer.backward(np.ones((3, *y.shape[1:]), np.float32))
    assert all(parameter.grad is None for parameter in layer.parameters())


def test_a_convolution_names_the_channels_it_takes() -> None:
    message = r"Conv2d\(3, 4, 5\) takes images of shape \(N, 3, H, W\), got \(2, 1, 28, 28\)"
    with pytest.raises(ValueError, match=message):
        Conv2d(3, 4, 5, rng=rng())(np.zeros((2, 1, 28, 28), np.float32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Conv2d(1, 1, 5, padding=1, dilation=2, rng=rng()),
            r"Conv2d\(1, 1, 5, padding=1, dilation=2\): a window of 9×9 .* 6×5",
        ),
        (
            lambda: MaxPool2d(5),
            r"MaxPool2d\(5\): a window of 5×5 pixels is larger than the image, 4×3 with its padding",
        ),
        (
            lambda: AvgPool2d((2, 4)),
            "a window of 2×4 .* Take a smaller kernel or dilation, more padding or larger images",
        ),
    ],
)
def test_a_window_larger_than_the_image_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()(np.zeros((2, 1, 4, 3), np.float32))


@pytest.mark.parametrize(
    ("layer", "shape"), [(BatchNorm1d(3), (1, 3)), (BatchNorm2d(3), (1, 3, 1, 1)), (BatchNorm1d(3), (0, 3))]
)
def test_batch_normalization_of_one_number_is_refused_in_training_only(layer: Any, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    with pytest.raises(
        ValueError, match=r"BatchNorm.*needs at least two numbers a channel in training, got .* eval\(\)"
    ):
        layer(x)
    assert layer.eval()(x).shape == shape


def test_images_without_a_pixel_are_refused() -> None:
    with pytest.raises(ValueError, match=r"GlobalAvgPool\(\) takes images with at least one pixel, got \(2, 3, 0, 4\)"):
        GlobalAvgPool()(np.zeros((2, 3, 0, 4)))


def test_a_residual_whose_ways_differ_in_shape_is_refused() -> None:
    block = Residual(Conv2d(2, 3, 1, rng=rng()))
    with pytest.raises(ValueError, match=r"got \(1, 3, 4, 4\) from the body and \(1, 2, 4, 4\) from the shortcut"):
        block(np.zeros((1, 2, 4, 4), np.float32))


def test_layers_by_position_and_by_name_do_not_mix() -> None:
    with pytest.raises(TypeError, match="by position or by name, got both"):
        Sequential(ReLU(), last=ReLU())


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2d(3, 8, 3, stride=2, bias=False, rng=rng()), "Conv2d(3, 8, 3, stride=2, bias=False)"),
        (Conv2d(4, 4, (3, 5), groups=4, rng=rng()), "Conv2d(4, 4, (3, 5), groups=4)"),
        (MaxPool2d(2), "MaxPool2d(2)"),
        (MaxPool2d(3, stride=2, padding=1), "MaxPool2d(3, stride=2, padding=1)"),
        (BatchNorm2d(8, momentum=0.4), "BatchNorm2d(8, momentum=0.4)"),
        (AdaptiveAvgPool2d((2, 3)), "AdaptiveAvgPool2d((2, 3))"),
        (Sequential(relu=ReLU()), "Sequential(\n  (relu): ReLU()\n)"),
        (Residual(ReLU()), "Residual(\n  (body): ReLU()\n  (shortcut): Sequential()\n)"),
    ],
    ids=str,
)  # fmt: skip
def test_repr_is_what_one_would_write(layer: Any, text: str) -> None:
    assert repr(layer) == text
