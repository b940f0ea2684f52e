"""Every layer of the NumPy engine that can be exported computes in ONNX Runtime what it computes here."""

import numpy as np
import pytest

from tests.export.onnx.computed import computed
from trainlab import nn
from trainlab.errors import InputError
from trainlab.export.onnx.layers import add_layer
from trainlab.models.resnet import BasicBlock

RNG = np.random.default_rng(0)


def with_statistics(layer: nn.Module) -> nn.Module:
    """The layer after some training: weights, biases and running statistics of BatchNorm that are all different."""
    rng = np.random.default_rng(1)
    for name, array in layer.state_dict().items():
        if array.dtype.kind == "f":
            array[...] = rng.uniform(0.5, 1.5, array.shape) if "running_var" in name else rng.normal(size=array.shape)
    return layer


CASES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "Linear": (nn.Linear(6, 4, rng=RNG), (6,)),
    "Linear without bias": (nn.Linear(6, 4, bias=False, rng=RNG), (6,)),
    "Flatten": (nn.Flatten(), (2, 3, 4)),
    "ReLU": (nn.ReLU(), (5,)),
    "LeakyReLU": (nn.LeakyReLU(0.2), (5,)),
    "GELU": (nn.GELU(), (5,)),
    "Tanh": (nn.Tanh(), (5,)),
    "Sigmoid": (nn.Sigmoid(), (5,)),
    "Dropout": (nn.Dropout(0.5, rng=RNG), (5,)),
    "Conv2d": (nn.Conv2d(3, 4, 3, rng=RNG), (3, 6, 7)),
    "Conv2d with everything": (
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), groups=2, bias=False, rng=RNG),
        (4, 9, 8),
    ),
    "BatchNorm1d": (nn.BatchNorm1d(5), (5,)),
    "BatchNorm2d": (nn.BatchNorm2d(3), (3, 4, 5)),
    "MaxPool2d": (nn.MaxPool2d(2), (3, 5, 6)),
    "MaxPool2d with everything": (nn.MaxPool2d((3, 2), stride=(1, 2), padding=(1, 0), dilation=(1, 2)), (2, 7, 8)),
    "GlobalAvgPool": (nn.GlobalAvgPool(), (3, 4, 5)),
    "Residual": (nn.Residual(nn.Linear(5, 5, rng=RNG)), (5,)),
    "BasicBlock": (BasicBlock(3, 4, 2, rng=RNG), (3, 6, 8)),
    "Sequential": (nn.Sequential(nn.Linear(5, 4, rng=RNG), nn.ReLU(), nn.Linear(4, 3, rng=RNG)), (5,)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_layer_computes_the_same(case: str) -> None:
    layer, shape = CASES[case]
    layer = with_statistics(layer)
    layer.eval()
    x = RNG.normal(size=(3, *shape)).astype(np.float32)
    expected = layer.forward(x)
    np.testing.assert_allclose(
        computed(lambda graph, name: add_layer(graph, layer, name), x, expected.ndim), expected, rtol=1e-5, atol=1e-5
    )


def test_a_layer_without_a_counterpart_is_named() -> None:
    layer = nn.Sequential(nn.LayerNorm(5))
    with pytest.raises(InputError, match="the network has a layer LayerNorm, which cannot be exported to ONNX yet"):
        computed(lambda graph, name: add_layer(graph, layer, name), np.zeros((1, 5), np.float32), 2)
