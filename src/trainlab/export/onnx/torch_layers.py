"""The layers of a PyTorch network as operations of an ONNX graph, as they compute in evaluation.

This file imports torch, so it is itself imported only where a run was computed with `engine=torch`.
"""

import operator
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from trainlab.export.onnx.graph import Name, OnnxGraph, Pair, Weights
from trainlab.export.onnx.layers import unknown_layer


def add_network(graph: OnnxGraph, model: nn.Module, x: Name) -> Name:
    """Follow what the network does with its input, operation by operation; returns the name of its output.

    Raises InputError for an operation that ONNX export does not know.
    """
    traced = fx.GraphModule(model, _Tracer().trace(model.eval()))
    names: dict[Any, Name] = {}
    for node in traced.graph.nodes:
        inputs = [names[argument] for argument in node.args if isinstance(argument, fx.Node) and argument in names]
        settings = tuple(argument for argument in node.args if not isinstance(argument, fx.Node))
        if node.op == "placeholder":
            names[node] = x
        elif node.op == "output":
            return inputs[0]
        elif node.op == "call_module":
            names[node] = _add_layer(graph, traced.get_submodule(node.target), inputs[0])
        else:
            names[node] = _add_function(graph, node.target, inputs, settings, node.kwargs)
    raise AssertionError("a traced network ends with its output")


class _Tracer(fx.Tracer):
    """Takes a convolution for one operation, however it is computed."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        return isinstance(module, nn.Conv2d) or super().is_leaf_module(module, qualified_name)


def _add_layer(graph: OnnxGraph, layer: nn.Module, x: Name) -> Name:
    match layer:
        case nn.Linear():
            return graph.linear(x, _array(layer.weight), _bias(layer))
        case nn.Conv2d() if isinstance(layer.padding, tuple) and layer.padding_mode == "zeros":
            return graph.conv(
                x,
                _array(layer.weight),
                _bias(layer),
                stride=_pair(layer.stride),
                padding=_pair(layer.padding),
                dilation=_pair(layer.dilation),
                groups=layer.groups,
            )
        case nn.BatchNorm2d(running_mean=torch.Tensor() as mean, running_var=torch.Tensor() as var):
            weight, bias = _array(layer.weight), _array(layer.bias)
            return graph.batch_norm(x, weight, bias, _array(mean), _array(var), layer.eps)
        case nn.Flatten(start_dim=1, end_dim=-1):
            return graph.flatten(x)
        case nn.Identity():
            return x
        case nn.ReLU():
            return graph.relu(x)
        case nn.LeakyReLU():
            return graph.leaky_relu(x, layer.negative_slope)
        case nn.GELU(approximate="tanh"):
            return graph.gelu(x)
        case nn.Tanh():
            return graph.tanh(x)
        case nn.Sigmoid():
            return graph.sigmoid(x)
    raise unknown_layer(str(layer))


def _add_function(graph: OnnxGraph, called: Any, inputs: list[Name], settings: tuple[Any, ...], named: Any) -> Name:
    match called, settings, tuple(sorted(named.items())):  # a pattern of a mapping would let further settings pass
        case torch.relu, (), ():
            return graph.relu(*inputs)
        case functional.silu, (), (("inplace", False),):
            return graph.silu(*inputs)
        case torch.max_pool2d, (int() as side,), ():
            return graph.max_pool(*inputs, kernel=(side, side), stride=(side, side))
        case torch.max_pool2d, (int() as side,), (("ceil_mode", bool() as ceil_mode), ("stride", int() as stride)):
            return graph.max_pool(*inputs, kernel=(side, side), stride=(stride, stride), ceil_mode=ceil_mode)
        case functional.pad, ((int() as left, 0, int() as top, 0),), (("mode", "reflect"), ("value", None)):
            return graph.reflect(inputs[0], top, left)
        case operator.add, (), ():
            return graph.add("Add", *inputs)
        case "flatten", (1,), ():
            return graph.flatten(*inputs)
        case "mean", (), (("dim", (2, 3)),):
            return graph.mean_over_pixels(*inputs)
        case "amax", (), (("dim", (2, 3)),):
            return graph.largest_pixel(*inputs)
    raise unknown_layer(f"{getattr(called, '__name__', called)}{settings}")


def _array(tensor: torch.Tensor) -> Weights:
    array: Weights = tensor.detach().cpu().contiguous().numpy()
    return array


def _bias(layer: nn.Linear | nn.Conv2d) -> Weights | None:
    return None if layer.bias is None else _array(layer.bias)


def _pair(numbers: tuple[int, ...]) -> Pair:
    vertical, horizontal = numbers
    return vertical, horizontal
