"""PyTorch's convolution, computed by the hand-written engine on processors where that is faster.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from trainlab.nn import winograd
from trainlab.nn.parallel import thread_limit
from trainlab.nn.window import Window


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`, whose float32 convolutions on a CPU take Winograd's form where `winograd.fits` says so.

    PyTorch computes the formula as it stands. Without bfloat16 instructions the products of `trainlab.nn.winograd`,
    which are a quarter of its, take half of the time. Arrays and tensors share their memory; nothing is copied.
    """

    def _conv_forward(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        window = _window_of(self)
        if window is None or not _is_plain(x) or not winograd.fits(x.shape, weight.shape, window, self.groups):
            return super()._conv_forward(x, weight, bias)  # type: ignore[no-any-return]
        y: torch.Tensor = _Winograd.apply(x, weight, bias, window)  # type: ignore[no-untyped-call]
        return y


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


def _is_plain(x: torch.Tensor) -> bool:
    """Whether a batch lies where NumPy computes, and is to be computed as precisely as it is and now."""
    if not isinstance(x, torch.Tensor) or torch.compiler.is_compiling():  # being traced
        return False
    on_cpu = x.device.type == "cpu" and x.dtype == torch.float32 and x.dim() == 4
    return on_cpu and not torch.is_autocast_enabled("cpu")
