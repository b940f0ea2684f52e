"""The layers of the NumPy engine as operations of an ONNX graph, as they compute in evaluation."""

from trainlab import nn
from trainlab.errors import InputError
from trainlab.export.onnx.graph import Name, OnnxGraph, Weights
from trainlab.models.resnet import BasicBlock


def add_layer(graph: OnnxGraph, layer: nn.Module, x: Name) -> Name:
    """Add a layer, or a whole network, behind x; returns the name of its output.

    Raises InputError for a layer that ONNX export does not know.
    """
    match layer:
        case nn.Sequential():
            for inner in layer.layers:
                x = add_layer(graph, inner, x)
            return x
        case nn.Dropout():  # the identity in evaluation
            return x
        case nn.Flatten():
            return graph.flatten(x)
        case nn.Linear():
            return graph.linear(x, layer.weight.data, _bias(layer))
        case nn.ReLU():
            return graph.relu(x)
        case nn.LeakyReLU():
            return graph.leaky_relu(x, layer.negative_slope)
        case nn.GELU():
            return graph.gelu(x)
        case nn.Tanh():
            return graph.tanh(x)
        case nn.Sigmoid():
            return graph.sigmoid(x)
        case nn.Conv2d():
            window = layer.window
            return graph.conv(
                x,
                layer.weight.data,
                _bias(layer),
                stride=window.stride,
                padding=window.padding,
                dilation=window.dilation,
                groups=layer.groups,
            )
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            weight, bias = layer.weight.data, layer.bias.data
            return graph.batch_norm(x, weight, bias, layer.running_mean, layer.running_var, layer.eps)
        case nn.MaxPool2d():
            window = layer.window
            return graph.max_pool(
                x, kernel=window.kernel, stride=window.stride, padding=window.padding, dilation=window.dilation
            )
        case nn.GlobalAvgPool():
            return graph.mean_over_pixels(x)
        case nn.Residual():
            y = graph.add("Add", add_layer(graph, layer.body, x), add_layer(graph, layer.shortcut, x))
            return add_layer(graph, layer.relu, y) if isinstance(layer, BasicBlock) else y
    raise unknown_layer(type(layer).__name__)


def unknown_layer(name: str) -> InputError:
    """The error for a layer without a counterpart, to be raised by the caller."""
    return InputError(
        f"the network has a layer {name}, which cannot be exported to ONNX yet. The layers that can are listed in "
        "trainlab/export/onnx; add it there."
    )


def _bias(layer: nn.Linear | nn.Conv2d) -> Weights | None:
    return None if layer.bias is None else layer.bias.data
