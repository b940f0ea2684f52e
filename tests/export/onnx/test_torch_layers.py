"""Every network of the PyTorch engine computes in ONNX Runtime what it computes here."""

import numpy as np
import pytest
import torch

from tests.export.onnx.computed import computed
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.assemble_torch import build_torch_model
from trainlab.export.onnx.torch_layers import add_network

MODELS = ["lenet", "convnet", "fastnet", "resnet18"]


def check(model: torch.nn.Module, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(0))
    found = computed(lambda graph, name: add_network(graph, model, name), x, 2)
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(x)).numpy()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.std())


@pytest.mark.parametrize("model", MODELS)
def test_a_convolutional_network_computes_the_same(model: str) -> None:
    hidden = (8, 8, 8) if model == "fastnet" else (128,)
    config = Config(model=model, engine="torch", hidden=hidden)
    for shape in ((3, 32, 32), (1, 28, 28)):
        check(build_torch_model(config, shape, 10), shape)


def test_the_fast_network_with_residual_blocks_computes_the_same() -> None:
    config = Config(model="fastnet", engine="torch", hidden=(8, 8), fastnet_depth=3)
    check(build_torch_model(config, (3, 16, 16), 10), (3, 16, 16))


@pytest.mark.parametrize("side", [15, 16, 17, 18])
def test_windows_that_overlap_compute_the_same(side: int) -> None:
    config = Config(model="fastnet", engine="torch", hidden=(8, 8), fastnet_pool=3)
    check(build_torch_model(config, (3, side, side), 10), (3, side, side))


@pytest.mark.parametrize("bias", [True, False])
def test_the_fast_network_with_a_border_computes_the_same(bias: bool) -> None:
    config = Config(model="fastnet", engine="torch", hidden=(8, 8), fastnet_border=True, fastnet_bias=bias)
    check(build_torch_model(config, (3, 16, 15), 10), (3, 16, 15))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "tanh", "sigmoid"])
def test_a_fully_connected_network_computes_the_same(activation: str) -> None:
    config = Config(hidden=(9, 8), activation=activation, dropout=0.3, engine="torch")
    check(build_torch_model(config, (1, 6, 5), 4), (1, 6, 5))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (torch.nn.GELU(), "GELU"),
        (torch.nn.Conv2d(1, 1, 3, padding="same"), "Conv2d"),
        (torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), "Conv2d"),
        (torch.nn.BatchNorm2d(1, track_running_stats=False), "BatchNorm2d"),
        (torch.nn.Flatten(0), "Flatten"),
        (torch.nn.Softmax(dim=1), "Softmax"),
    ],
)
def test_a_layer_without_a_counterpart_is_named(layer: torch.nn.Module, name: str) -> None:
    with pytest.raises(InputError, match=f"a layer {name}.*, which cannot be exported to ONNX yet"):
        check(torch.nn.Sequential(layer), (1, 8, 8))


def test_an_operation_without_a_counterpart_is_named() -> None:
    class Sine(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(x).sum(dim=(2, 3))

    with pytest.raises(InputError, match=r"a layer sin\(\), which cannot be exported"):
        check(Sine(), (1, 8, 8))


def test_an_operation_told_something_without_a_counterpart_is_named() -> None:
    class Pooling(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.max_pool2d(x, 3, dilation=2)

    with pytest.raises(InputError, match=r"a layer max_pool2d\(3,\), which cannot be exported"):
        check(Pooling(), (1, 8, 8))
