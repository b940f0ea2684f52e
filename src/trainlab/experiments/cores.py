"""How many processor cores this process may use: its share in a sweep, its affinity, and its container's quota."""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from trainlab.errors import InputError

CORES_VARIABLE = "TRAINLAB_CORES"
"""Set by a sweep for each of its jobs, before NumPy or PyTorch is loaded there."""
_QUOTAS = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
"""Microseconds of processor time, then in how many by the clock: of control groups version 2, and of version 1."""


def available_cores(environment: Mapping[str, str] = os.environ, groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use: its share where it is one of a sweep's jobs, else all that it is given.

    A container that is allowed two cores of a machine of 64 sees all 64; threads for each would mostly wait for each
    other.

    Raises InputError for a share that is no number of cores.

    >>> available_cores({CORES_VARIABLE: "3"})
    3
    """
    if share := environment.get(CORES_VARIABLE):
        if not (share.isdigit() and int(share)):
            raise InputError(
                f"{CORES_VARIABLE} = {share!r} does not fit: it is a number of cores. Unset it, or give one."
            )
        return int(share)
    visible = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(visible, *(_quota(groups, names, visible) for names in _QUOTAS))


def _quota(groups: Path, names: tuple[str, ...], visible: int) -> int:
    """Cores that a control group allows, a part of one counted whole; all where it sets no limit."""
    try:
        words = " ".join((groups / name).read_text() for name in names).split()
        quota, period = map(int, words)
    except (OSError, ValueError):  # no such file, or the word max
        return visible
    return max(1, math.ceil(quota / period)) if quota > 0 and period > 0 else visible
