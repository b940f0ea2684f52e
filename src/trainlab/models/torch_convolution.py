"""PyTorch's convolution, computed by the hand-written engine on processors where that is faster.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from trainlab.models import torch_winograd
from trainlab.nn import winograd
from trainlab.nn.parallel import thread_limit
from trainlab.nn.window import Window


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`, which takes Winograd's form on a CPU where that needs less time.

    PyTorch computes the formula as it stands. In float32 the products of `trainlab.nn.winograd`, which are a quarter of
    its, take half of the time; arrays and tensors share their memory, and nothing is copied. In bfloat16, under
    autocast, `torch_winograd` has products for small images with many channels.
    """

    def _conv_forward(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        window, dtype = _window_of(self), _dtype_on_cpu(x)
        y: torch.Tensor
        if window is not None and dtype is not None:
            shapes = (x.shape, weight.shape, window, self.groups)
            if dtype == torch.float32 and winograd.fits(*shapes):
                y = _Winograd.apply(x, weight, bias, window)  # type: ignore[no-untyped-call]
                return y
            if dtype == torch.bfloat16 and torch_winograd.fits(*shapes):
                y = torch_winograd.Winograd.apply(x.to(dtype), weight, window)  # type: ignore[no-untyped-call]
                return y if bias is None else y + bias.to(dtype)[:, None, None]
        return super()._conv_forward(x, weight, bias)  # type: ignore[no-any-return]


class _Winograd(torch.autograd.Function):
    """`winograd_forward` and `winograd_backward` for tensors, on as many threads as PyTorch has."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, window: Window
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.window = window
        with thread_limit(torch.get_num_threads()):
            added = None if bias is None else bias.numpy()
            return torch.from_numpy(winograd.winograd_forward(x.numpy(), weight.numpy(), added, window))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = (tensor.numpy() for tensor in ctx.saved_tensors)
        needs_input_grad, _, needs_bias_grad, _ = ctx.needs_input_grad
        with thread_limit(torch.get_num_threads()):
            grad_input, grad_weight, grad_bias = winograd.winograd_backward(
                grads[0].numpy(), x, weight, ctx.window, needs_input_grad=needs_input_grad
            )
        return (
            None if grad_input is None else torch.from_numpy(grad_input),
            torch.from_numpy(grad_weight),
            torch.from_numpy(grad_bias) if needs_bias_grad else None,
            None,
        )


def _window_of(layer: nn.Conv2d) -> Window | None:
    """What the layer sees; None where its border is not made of zeros."""
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return None
    kernel, stride, padding, dilation = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    return Window((kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1]), (dilation[0], dilation[1]))


def _dtype_on_cpu(x: torch.Tensor) -> torch.dtype | None:
    """The number format in which a batch of images is to be computed; None where PyTorch alone should compute it."""
    if not isinstance(x, torch.Tensor) or torch.compiler.is_compiling():  # being traced
        return None
    if x.device.type != "cpu" or x.dim() != 4 or x.dtype not in (torch.float32, torch.bfloat16):
        return None
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu")
    return x.dtype if x.dtype == torch.float32 else None
