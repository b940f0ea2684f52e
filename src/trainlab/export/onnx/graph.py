"""An ONNX graph under construction: one method an operation, whichever library the network comes from.

Every method takes and returns names of values, adds a node and stores its weights. Images are (N, C, H, W). Where ONNX
lacks an operation in the version that runtimes of the last years read, it is put together from others.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.extras import optional_package

OPSET = 17
"""Version of the operations: of 2022, read by ONNX Runtime from 1.12 on."""
IR_VERSION = 8
"""Version of the file format that belongs to it."""

Name = str
Pair = tuple[int, int]
Weights = NDArray[Any]


class OnnxGraph:
    """Nodes and weights, in the order in which they were added."""

    def __init__(self) -> None:
        self._onnx = optional_package("onnx", "an export to ONNX", "pip install 'trainlab[export]'")
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def add(self, operation: str, *inputs: Name, output: Name = "", **attributes: Any) -> Name:
        """Add one node; returns the name of its output."""
        output = output or f"{operation.lower()}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def constant(self, array: Any, dtype: type[np.generic] = np.float32) -> Name:
        """Store numbers."""
        name = f"weight_{len(self._weights)}"
        self._weights.append(self._onnx.numpy_helper.from_array(np.array(array, dtype), name))
        return name

    # ------------------------------------------------------------ layers

    def linear(self, x: Name, weight: Weights, bias: Weights | None) -> Name:
        inputs = [x, self.constant(weight), *([] if bias is None else [self.constant(bias)])]
        return self.add("Gemm", *inputs, transB=1)

    def conv(
        self,
        x: Name,
        weight: Weights,
        bias: Weights | None,
        *,
        stride: Pair,
        padding: Pair,
        dilation: Pair = (1, 1),
        groups: int = 1,
    ) -> Name:
        inputs = [x, self.constant(weight), *([] if bias is None else [self.constant(bias)])]
        return self.add("Conv", *inputs, strides=stride, pads=[*padding, *padding], dilations=dilation, group=groups)

    def batch_norm(self, x: Name, weight: Weights, bias: Weights, mean: Weights, var: Weights, eps: float) -> Name:
        return self.add("BatchNormalization", x, *map(self.constant, (weight, bias, mean, var)), epsilon=eps)

    def reflect(self, x: Name, top: int, left: int) -> Name:
        """So many more rows above and columns on the left, the image's own mirrored at its first."""
        return self.add("Pad", x, self.constant([0, 0, top, left, 0, 0, 0, 0], np.int64), mode="reflect")

    def max_pool(
        self,
        x: Name,
        *,
        kernel: Pair,
        stride: Pair,
        padding: Pair = (0, 0),
        dilation: Pair = (1, 1),
        ceil_mode: bool = False,
    ) -> Name:
        """With ``ceil_mode``, the last window may reach beyond the image."""
        return self.add(
            "MaxPool",
            x,
            kernel_shape=kernel,
            strides=stride,
            pads=[*padding, *padding],
            dilations=dilation,
            ceil_mode=int(ceil_mode),
        )

    def mean_over_pixels(self, x: Name) -> Name:
        """(N, C, H, W) → (N, C)."""
        return self.flatten(self.add("GlobalAveragePool", x))

    def largest_pixel(self, x: Name) -> Name:
        """(N, C, H, W) → (N, C)."""
        return self.flatten(self.add("GlobalMaxPool", x))

    def flatten(self, x: Name) -> Name:
        return self.add("Flatten", x)

    # ------------------------------------------------------------ activations

    def relu(self, x: Name) -> Name:
        return self.add("Relu", x)

    def leaky_relu(self, x: Name, negative_slope: float) -> Name:
        return self.add("LeakyRelu", x, alpha=negative_slope)

    def tanh(self, x: Name) -> Name:
        return self.add("Tanh", x)

    def sigmoid(self, x: Name) -> Name:
        return self.add("Sigmoid", x)

    def silu(self, x: Name) -> Name:
        """``y = x · sigmoid(x)``"""
        return self.add("Mul", x, self.sigmoid(x))

    def gelu(self, x: Name) -> Name:
        """``y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))``"""
        cube = self.add("Mul", self.add("Mul", x, x), x)
        inner = self.add("Add", x, self.add("Mul", cube, self.constant(0.044715)))
        tanh = self.tanh(self.add("Mul", inner, self.constant(np.sqrt(2 / np.pi))))
        half = self.add("Mul", x, self.constant(0.5))
        return self.add("Mul", half, self.add("Add", tanh, self.constant(1)))

    # ------------------------------------------------------------ probabilities

    def nearest_distribution(self, x: Name, classes: int, output: Name) -> Name:
        """(N, K) → (N, K), as `nn.functional.nearest_distribution`; the means of the n largest are one product."""
        count = self._onnx.numpy_helper.from_array(np.array([classes], np.int64), "classes")
        self._weights.append(count)
        self._nodes.append(self._onnx.helper.make_node("TopK", [x, "classes"], ["largest_first", "their_classes"]))
        n = np.arange(1, classes + 1)
        means = self.linear("largest_first", np.tril(np.ones((classes, classes))) / n[:, np.newaxis], -1 / n)
        threshold = self.add("ReduceMax", means, axes=[1], keepdims=1)
        return self.add("Relu", self.add("Sub", x, threshold), output=output)

    # ------------------------------------------------------------ the whole

    def model(
        self,
        name: str,
        inputs: tuple[Name, type[np.generic], tuple[str | int, ...]],
        outputs: tuple[Name, type[np.generic], tuple[str | int, ...]],
        metadata: dict[str, str],
    ) -> bytes:
        """The file's content. Names in a shape stand for any number."""
        helper = self._onnx.helper

        def value(name: Name, dtype: type[np.generic], shape: tuple[str | int, ...]) -> Any:
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)

        graph = helper.make_graph(self._nodes, name, [value(*inputs)], [value(*outputs)], self._weights)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="trainlab")
        helper.set_model_props(model, metadata)
        self._onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
