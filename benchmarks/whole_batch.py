"""The rivals that everybody writes first: a convolution as one matrix of the whole batch's patches, in two forms."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.nn import Array, Conv2d, Module, Sequential


class WholeBatchConv2d(Module):
    """im2col with a slice for each place of the window, channels first; col2im with as many additions.

    Has the weights of a `Conv2d` of one group without dilation, and computes what it computes.
    """

    def __init__(self, layer: Conv2d) -> None:
        self.weight, self.bias, self.window = layer.weight, layer.bias, layer.window

    def forward(self, x: Array) -> Array:
        height, width = self.window.output_size(*x.shape[2:])
        (down, across), (p, q) = self.window.stride, self.window.padding
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
        columns = np.empty((*x.shape[:2], *self.window.kernel, height, width), x.dtype)
        for a, b in np.ndindex(self.window.kernel):
            columns[:, :, a, b] = padded[:, :, a : a + down * height : down, b : b + across * width : across]
        self._matrix = columns.transpose(0, 4, 5, 1, 2, 3).reshape(-1, math.prod(self.weight.shape[1:]))
        self._padded: tuple[int, ...] = padded.shape
        y = self._matrix @ self.weight.data.reshape(self.weight.shape[0], -1).T
        if self.bias is not None:
            y += self.bias.data
        return y.reshape(len(x), height, width, -1).transpose(0, 3, 1, 2)

    def backward(self, grad_output: Array) -> Array | None:
        batch, made, height, width = grad_output.shape
        (down, across), (p, q) = self.window.stride, self.window.padding
        rows = grad_output.transpose(0, 2, 3, 1).reshape(-1, made)
        self.weight.accumulate((rows.T @ self._matrix).reshape(self.weight.shape))
        if self.bias is not None:
            self.bias.accumulate(rows.sum(axis=0))
        if not self.needs_input_grad:
            return None
        columns = (rows @ self.weight.data.reshape(made, -1)).reshape(batch, height, width, *self.weight.shape[1:])
        columns = columns.transpose(0, 3, 4, 5, 1, 2)
        padded: Array = np.zeros(self._padded, grad_output.dtype)
        for a, b in np.ndindex(self.window.kernel):
            padded[:, :, a : a + down * height : down, b : b + across * width : across] += columns[:, :, a, b]
        return padded[:, :, p : padded.shape[2] - p, q : padded.shape[3] - q]


class GatheredConv2d(Module):
    """im2col that gathers patches with arrays of indices; col2im that scatters with `np.add.at`, an entry at a time.

    Has the weights of a `Conv2d` of one group without dilation, and computes what it computes.
    """

    def __init__(self, layer: Conv2d) -> None:
        self.weight, self.bias, self.window = layer.weight, layer.bias, layer.window

    def forward(self, x: Array) -> Array:
        height, width = self.window.output_size(*x.shape[2:])
        (p, q), made = self.window.padding, self.weight.shape[0]
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
        self._indices: Any = (slice(None), *self._places(x.shape[1], height, width))
        patches: Array = padded[self._indices]  # (N, C·k_H·k_W, H_out·W_out)
        self._columns = patches.transpose(1, 2, 0).reshape(patches.shape[1], -1)
        self._padded: tuple[int, ...] = padded.shape
        y: Array = self.weight.data.reshape(made, -1) @ self._columns
        if self.bias is not None:
            y += self.bias.data[:, np.newaxis]
        return y.reshape(made, height, width, len(x)).transpose(3, 0, 1, 2)

    def backward(self, grad_output: Array) -> Array | None:
        made = self.weight.shape[0]
        (p, q), rows = self.window.padding, grad_output.transpose(1, 2, 3, 0).reshape(made, -1)
        self.weight.accumulate((rows @ self._columns.T).reshape(self.weight.shape))
        if self.bias is not None:
            self.bias.accumulate(rows.sum(axis=1))
        if not self.needs_input_grad:
            return None
        columns = self.weight.data.reshape(made, -1).T @ rows
        padded: Array = np.zeros(self._padded, grad_output.dtype)
        patches = columns.reshape(columns.shape[0], -1, len(grad_output)).transpose(2, 0, 1)
        np.add.at(padded, self._indices, patches)
        return padded[:, :, p : padded.shape[2] - p, q : padded.shape[3] - q]

    def _places(self, channels: int, height: int, width: int) -> tuple[NDArray[np.intp], ...]:
        """Channel, row and column of every number of every patch, each to be spread to (C·k_H·k_W, H_out·W_out)."""
        channel, a, b = (one.reshape(-1, 1) for one in np.indices((channels, *self.window.kernel)))
        i, j = (one.reshape(1, -1) for one in np.indices((height, width)))
        return channel, a + i * self.window.stride[0], b + j * self.window.stride[1]


Form = type[WholeBatchConv2d] | type[GatheredConv2d]
WHOLE_BATCH: dict[str, Form] = {
    "NumPy, im2col of the whole batch by slices": WholeBatchConv2d,
    "NumPy, im2col of the whole batch by indices, np.add.at": GatheredConv2d,
}
"""The forms by name."""


def in_whole_batches(model: Sequential, form: Form) -> Sequential:
    """The same network, its convolutions so computed."""
    model.layers = [form(layer) if isinstance(layer, Conv2d) else layer for layer in model.layers]
    return model
