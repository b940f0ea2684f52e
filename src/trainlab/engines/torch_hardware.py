"""What PyTorch finds on this machine: devices, number formats and a compiler.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from trainlab.engines.group import Group
from trainlab.errors import InputError, RunFailed

Precision = Literal["fp32", "bf16", "fp16"]

_NO_MEMORY = re.compile("out of memory|can't allocate memory|not enough memory", re.IGNORECASE)
"""What PyTorch's allocators say; other errors speak of memory as well."""


def choose_device(wanted: str, group: Group | None = None) -> torch.device:
    """``auto`` takes a CUDA GPU, else Apple's, else the CPU. Raises InputError for a device that is not there.

    In a group of several processes each takes a CUDA GPU of its own, or all compute on the CPU.
    """
    several = group is not None and group.size > 1
    if several and wanted == "mps":
        raise InputError("device = mps computes in one process only. Leave torchrun out, or use device=cpu.")
    has_mps = torch.backends.mps.is_available() and not several
    available = {"cuda": torch.cuda.is_available(), "mps": has_mps, "cpu": True}
    if wanted == "auto":
        wanted = next(name for name, here in available.items() if here)
    if not available[wanted]:
        here = ", ".join(name for name, there in available.items() if there)
        raise InputError(f"device = {wanted} is not to be had here; this PyTorch finds {here}. Use device=auto.")
    if group is None or not several or wanted != "cuda":
        return torch.device(wanted)
    if group.local_size > torch.cuda.device_count():
        raise InputError(
            f"{group.local_size} processes do not fit: this machine has {torch.cuda.device_count()} GPUs, and each "
            "process needs its own. Start as many processes as there are GPUs, or use device=cpu."
        )
    return torch.device("cuda", group.local_rank)


def choose_precision(wanted: str, device: torch.device) -> Precision:
    """``auto`` takes bf16 where the hardware multiplies it, else fp32.

    Raises InputError for bf16 or fp16 where they would only be slower.
    """
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        has_bf16 = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    else:
        has_bf16 = False
    if wanted == "auto":
        return "bf16" if has_bf16 else "fp32"
    if wanted == "bf16" and not has_bf16:
        raise InputError(
            f"precision = bf16: this {device.type} has no bf16 instructions, so it would be slower than fp32. "
            "Use precision=auto."
        )
    if wanted == "fp16" and device.type == "cpu":
        raise InputError("precision = fp16 is for GPUs; a CPU computes it more slowly than fp32. Use precision=auto.")
    return wanted  # type: ignore[return-value]  # one of the three


def choose_memory_format(model: torch.nn.Module, device: torch.device) -> torch.memory_format:
    """How images and filters lie in memory. Channels innermost makes convolutions on CPUs and tensor cores faster, and
    changes nothing else; two places get them outermost:

    Apple's GPUs, where PyTorch computes wrong gradients of BatchNorm from channels that lie innermost, and those of
    convolutions much more slowly (pytorch/pytorch, issues 175189 and 193349).

    CPUs, for a network that has a 1×1 convolution with a stride from fewer than 8 channels. The gradient of its weight,
    as oneDNN in PyTorch 2.13 computes it in float32 on processors without AVX-512, writes whole vectors of 8 channels,
    beyond the end of its memory: wrong figures, or a crash. Eight channels and more, other windows and strides, groups,
    and the other two passes were tried and are right.
    """
    has_narrow_shortcut = any(
        isinstance(layer, torch.nn.Conv2d)
        and layer.kernel_size == (1, 1)
        and max(layer.stride) > 1
        and layer.in_channels < 8
        for layer in model.modules()
    )
    is_wrong = device.type == "mps" or (device.type == "cpu" and has_narrow_shortcut)
    return torch.contiguous_format if is_wrong else torch.channels_last


def check_compiler() -> None:
    """Raises InputError where torch.compile would find no C++ compiler."""
    named = os.environ.get("CXX")
    if not any(shutil.which(name) for name in ([named] if named else ["g++", "clang++", "cl"])):
        raise InputError(
            "compile = true needs a C++ compiler, and none is installed here. On Debian and Ubuntu: sudo apt-get "
            "install g++. Or leave compile out: the result is the same."
        )


class _Threads(threading.local):
    """The limits that this Python thread holds, the first value being that outside of all."""

    def __init__(self) -> None:
        self.depth = 0


_here = _Threads()
_lock = threading.Lock()
_holders: list[int] = []
"""For each Python thread that holds a limit the number of threads before any was set."""


@contextmanager
def torch_thread_limit(threads: int) -> Iterator[None]:
    """Compute with so many threads inside a ``with`` block.

    PyTorch keeps a number for each Python thread, and gives a new one the number that was last set anywhere. So what is
    put back where the outermost block of a Python thread ends is not what it found, which may be the limit of another
    that is still at work, but what there was before all of them.
    """
    before = torch.get_num_threads()
    is_outermost = _here.depth == 0
    if is_outermost:
        with _lock:
            before = _holders[0] if _holders else before
            _holders.append(before)
    _here.depth += 1
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        _here.depth -= 1
        torch.set_num_threads(before)
        if is_outermost:
            with _lock:
                _holders.pop()


@contextmanager
def errors_explained(
    remedy: str = "A smaller batch_size needs less; accumulate=4 computes each batch in four parts and learns the "
    "same, but for BatchNorm's statistics.",
) -> Iterator[None]:
    """Turn what PyTorch says of memory and of lonely images into a message with a remedy, inside a ``with`` block.

    Args:
        remedy: against too little memory.

    Raises RunFailed when memory does not suffice, and InputError when BatchNorm has nothing to compare a value with.
    """
    try:
        yield
    except ValueError as error:
        if not str(error).startswith("Expected more than 1 value per channel"):
            raise
        raise InputError(
            "BatchNorm needs more than one value of each channel in a training step, and one image was left with one "
            "pixel. Choose a batch_size that leaves no single image at the end of an epoch, or larger images."
        ) from error
    except RuntimeError as error:
        first_line = str(error).strip().partition("\n")[0]
        if not isinstance(error, torch.OutOfMemoryError) and not _NO_MEMORY.search(first_line):
            raise
        raise RunFailed(f"out of memory ({first_line}) {remedy}") from error
