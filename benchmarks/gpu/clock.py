"""Time on a device that computes while Python goes on."""

import time
from collections.abc import Callable
from typing import Any

import torch


def milliseconds(act: Callable[[], object], device: torch.device, *, warm_up: int, times: int) -> list[float]:
    """Of each of so many calls, between two events on the device's own queue; by the clock on a CPU."""
    for _ in range(warm_up):
        act()
    if device.type != "cuda":
        return [_by_the_clock(act) for _ in range(times)]
    event: Any = torch.cuda.Event
    pairs = [(event(enable_timing=True), event(enable_timing=True)) for _ in range(times)]
    torch.cuda.synchronize(device)
    for start, end in pairs:
        start.record()
        act()
        end.record()
    torch.cuda.synchronize(device)
    return [start.elapsed_time(end) for start, end in pairs]


def now(device: torch.device) -> float:
    """Seconds, once the device has done all that it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _by_the_clock(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1e3
