"""Wrong backward passes of the layers of images, each with one mistake that people make; see `planted_layers.py`.

Here a formula is handed the layer itself, whose settings and weights it reads.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.nn.battery import LayerCase
from tests.nn.image_cases import IMAGE_CASES
from trainlab.nn import Array, BatchNorm1d, Conv2d, MaxPool2d, Module
from trainlab.nn.convolution import conv2d_backward
from trainlab.nn.images import channels_first, channels_last
from trainlab.nn.normalization import batch_norm_backward
from trainlab.nn.pooling import avg_pool2d_backward, max_pool2d_backward
from trainlab.nn.window import Window

BY_NAME = {case.name: case for case in IMAGE_CASES}
Gradients = tuple[Array, dict[str, Array]]
"""∂loss/∂input, and the gradients of the parameters by name."""
LayerFormula = Callable[[Any, Array, Array], Gradients]
"""(layer, grad_output, x) → gradients"""


class WithGradients(Module):
    """Any layer, with all its gradients from a formula."""

    def __init__(self, layer: Module, formula: LayerFormula) -> None:
        self.inner = layer
        self._formula = formula
        self._x: Array | None = None

    def children(self) -> Iterator[tuple[str, Module]]:
        yield from ()

    def named_parameters(self) -> Any:
        return self.inner.named_parameters()

    def named_buffers(self) -> Any:
        return self.inner.named_buffers()

    def forward(self, x: Array) -> Array:
        self._x = x
        return self.inner.forward(x)

    def backward(self, grad_output: Array) -> Array:
        assert self._x is not None
        grad_input, gradients = self._formula(self.inner, grad_output, self._x)
        for name, parameter in self.inner.named_parameters():
            parameter.accumulate(gradients[name])
        return grad_input


# ---------------------------------------------------------------- convolution


def conv_right(layer: Conv2d, g: Array, x: Array, **changed: Any) -> Gradients:
    """The right gradients, with the layer's weight or window replaced where a mistake replaces them."""
    weight, window = changed.get("weight", layer.weight.data), changed.get("window", layer.window)
    grad_input, grad_weight, grad_bias = conv2d_backward(g, x, weight, window, layer.groups)
    assert grad_input is not None
    return grad_input, {"weight": grad_weight, "bias": grad_bias}


def as_convolution(layer: Conv2d, g: Array, x: Array, flip: bool) -> Gradients:
    """grad_input as people write it at stride 1: the padded grad_output convolved with the flipped weight."""
    weight = layer.weight.data[:, :, ::-1, ::-1] if flip else layer.weight.data
    border = [(0, 0), (0, 0)] + [
        (k - 1 - p,) * 2 for k, p in zip(layer.window.kernel, layer.window.padding, strict=True)
    ]
    windows = sliding_window_view(np.pad(g, border), layer.window.kernel, (2, 3))
    grad_input = np.einsum("noijab,ocab->ncij", windows, weight)
    return grad_input, conv_right(layer, g, x)[1]


def conv_shifted(layer: Conv2d, g: Array, x: Array) -> Gradients:
    """im2col off by one: the patches begin a pixel too far right."""
    _, gradients = conv_right(layer, g, np.roll(x, -1, axis=3))
    return conv_right(layer, g, x)[0], gradients


def conv_edited(name: str, edit: Callable[[Array], Array]) -> LayerFormula:
    def formula(layer: Conv2d, g: Array, x: Array) -> Gradients:
        grad_input, gradients = conv_right(layer, g, x)
        gradients[name] = edit(gradients[name])
        return grad_input, gradients

    return formula


def conv_stride_1(layer: Conv2d, g: Array, x: Array) -> Gradients:
    """The stride forgotten on the way back."""
    window = Window(layer.window.kernel, (1, 1), layer.window.padding)
    spread = np.zeros((*g.shape[:2], *window.output_size(*x.shape[2:])), g.dtype)
    spread[:, :, : g.shape[2], : g.shape[3]] = g
    return conv_right(layer, spread, x, window=window)


CONV: dict[str, tuple[str, LayerFormula, set[str]]] = {
    "right": ("conv2d-padding", conv_right, set()),
    "right, as a convolution with the flipped weight": (
        "conv2d-padding",
        lambda layer, g, x: as_convolution(layer, g, x, flip=True),
        set(),
    ),
    "weight not flipped": ("conv2d-padding", lambda layer, g, x: as_convolution(layer, g, x, flip=False), {"input"}),
    "patches off by one": ("conv2d-padding", conv_shifted, {"weight"}),
    "grad_weight flipped": ("conv2d-padding", conv_edited("weight", lambda w: w[:, :, ::-1, ::-1]), {"weight"}),
    "grad_weight transposed": ("conv2d-padding", conv_edited("weight", lambda w: w.swapaxes(2, 3)), {"weight"}),
    "bias of one pixel": ("conv2d-padding", conv_edited("bias", lambda b: b / 12), {"bias"}),
    "stride forgotten": ("conv2d-stride", conv_stride_1, {"input", "weight"}),
    "groups see each other's weights": (
        "conv2d-groups",
        lambda layer, g, x: conv_right(layer, g, x, weight=np.roll(layer.weight.data, 3, axis=0)),
        {"input"},
    ),
}

# ---------------------------------------------------------------- pooling


def max_right(layer: MaxPool2d, g: Array, x: Array) -> Gradients:
    assert layer._kept is not None
    return max_pool2d_backward(g, *layer._kept, layer.window), {}


def max_to_every_pixel(layer: MaxPool2d, g: Array, x: Array) -> Gradients:
    return avg_pool2d_backward(g, x.shape, layer.window), {}


def stride_for_window(layer: Any, g: Array, x: Array) -> Gradients:
    """A window gives to as many pixels as lie between it and the next."""
    down, across = layer.window.stride
    images = channels_last(x)
    grad_padded = layer.window.canvas(images.shape, g.dtype)
    for a, b, tap in layer.window.taps(grad_padded):
        if a < down and b < across:
            tap += channels_last(g) / (down * across)
    return channels_first(layer.window.inside(grad_padded)), {}


POOL: dict[str, tuple[str, LayerFormula, set[str]]] = {
    "right": ("maxpool2d-overlap", max_right, set()),
    "gradient to every pixel": ("maxpool2d-2", max_to_every_pixel, {"input"}),
    "stride taken for the window": ("avgpool2d-overlap", stride_for_window, {"input"}),
    "not divided": (
        "avgpool2d-2",
        lambda layer, g, x: (4 * avg_pool2d_backward(g, x.shape, layer.window), {}),
        {"input"},
    ),
    "sum for mean": (
        "globalavgpool",
        lambda layer, g, x: (np.broadcast_to(g[:, :, np.newaxis, np.newaxis], x.shape).copy(), {}),
        {"input"},
    ),
}

# ---------------------------------------------------------------- batch normalization


def norm_right(layer: BatchNorm1d, g: Array, x: Array) -> Gradients:
    assert layer._kept is not None
    rows, mean, variance = layer._kept
    grad_input, grad_weight, grad_bias = batch_norm_backward(g, rows, layer.weight.data, mean, variance, layer.eps)
    return grad_input, {"weight": grad_weight, "bias": grad_bias}


def norm_input(formula: Callable[[Array, Array, Array], Array]) -> LayerFormula:
    """grad_input from (grad_output · weight/σ, x̂, σ), the other gradients right."""

    def planted(layer: BatchNorm1d, g: Array, x: Array) -> Gradients:
        assert layer._kept is not None
        _, mean, variance = layer._kept
        std = np.sqrt(variance + layer.eps)
        grad_input = formula(g * layer.weight.data / std, (x - mean) / std, std)
        return np.asarray(grad_input), norm_right(layer, g, x)[1]

    return planted


NORM: dict[str, tuple[str, LayerFormula, set[str]]] = {
    "right": ("batchnorm1d-features", norm_right, set()),
    "right, written out": (
        "batchnorm1d-features",
        norm_input(lambda g, n, std: g - g.mean(0) - n * (g * n).mean(0)),
        set(),
    ),
    "without the mean term": ("batchnorm1d-features", norm_input(lambda g, n, std: g - n * (g * n).mean(0)), {"input"}),
    "without the x̂ term": ("batchnorm1d-features", norm_input(lambda g, n, std: g - g.mean(0)), {"input"}),
    "mean and variance as constants": ("batchnorm1d-features", norm_input(lambda g, n, std: g), {"input"}),
    "zeros": ("batchnorm1d-features", norm_input(lambda g, n, std: 0 * g), {"input"}),
    "1/σ forgotten": (
        "batchnorm1d-features",
        norm_input(lambda g, n, std: std * (g - g.mean(0) - n * (g * n).mean(0))),
        {"input"},
    ),
}


def planted_images() -> Iterator[tuple[LayerCase, LayerCase, frozenset[str]]]:
    """The wrong case, the right one, and the gradients that come out wrong."""
    for family in (CONV, POOL, NORM):
        for mistake, (name, formula, spoiled) in family.items():
            right = BY_NAME[name]
            make = lambda dtype, right=right, formula=formula: WithGradients(right.make(dtype), formula)
            yield replace(right, name=f"{name}: {mistake}", make=make), right, frozenset(spoiled)
