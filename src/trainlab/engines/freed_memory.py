"""How the C library is asked to keep memory between the steps of a training."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # mallopt(3)


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, for its next step.

    A training step frees and asks again for the same hundreds of megabytes. The C library would hand every large block
    back to the operating system, which must then fill each of its pages with zeros again: up to half of the time of a
    step. Does nothing where there is no glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_TOP_PAD, 2**26)
