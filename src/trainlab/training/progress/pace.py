"""How fast the run is, and how seldom one can afford to ask.

Reading the clock after every step would cost more than counting the step, so the listener looks at the clock
only once every ``stride`` steps, and the stride adapts to the speed of the run.
"""

import math

CHECK_SECONDS = 1 / 32
"""Wanted time between two looks at the clock: four looks for each of the eight frames that a terminal gets."""

LARGEST_STRIDE = 256
"""So many pending events stay in the processor's first-level cache; more make every step slower."""

SMOOTHING_SECONDS = 4.0
"""What was measured this long ago weighs 1/e of what is measured now."""

STOPPED_SECONDS, STOPPED_FACTOR = 5.0, 20.0
"""Steps that take longer than this, and so many times as long as those before, have waited for a stopped process."""


def next_stride(stride: int, seconds: float) -> int:
    """Steps until the next look at the clock, when the last ``stride`` steps took ``seconds``.

    A power of two that settles where a stride takes between ``CHECK_SECONDS / 2`` and ``CHECK_SECONDS``. It
    grows by doubling, and shrinks at once when the steps have become slow.

    >>> next_stride(64, seconds=0.01), next_stride(64, seconds=0.02), next_stride(256, seconds=1.0)
    (128, 64, 8)
    """
    if seconds < CHECK_SECONDS / 2:
        return min(2 * stride, LARGEST_STRIDE)
    while stride > 1 and seconds > CHECK_SECONDS:
        stride //= 2
        seconds /= 2
    return stride


class Pace:
    """Steps per second, averaged with weights that fade with the time that has passed.

    ``rate = Σ wᵢ stepsᵢ / Σ wᵢ secondsᵢ`` with ``w = exp(−age / SMOOTHING_SECONDS)``: a ratio of sums, right from the
    first measurement on and for steps that take a minute each.

    While a process is stopped (Ctrl-Z) its clock goes on. So steps that take far longer than those before are left out
    once; if those after them do as well, that is the new pace.

    >>> pace = Pace()
    >>> pace.add(steps=100, seconds=0.5)
    >>> pace.add(steps=1, seconds=3600)
    >>> pace.steps_per_second
    200.0
    """

    __slots__ = ("_seconds", "_steps", "_was_stopped")

    def __init__(self) -> None:
        self._steps = 0.0
        self._seconds = 0.0
        self._was_stopped = False

    def add(self, steps: int, seconds: float) -> None:
        """Takes in that ``steps`` more steps were done in ``seconds``."""
        expected = steps * self._seconds / self._steps if self._steps else seconds
        self._was_stopped = not self._was_stopped and seconds > max(STOPPED_SECONDS, STOPPED_FACTOR * expected)
        if self._was_stopped:
            return
        fade = math.exp(-seconds / SMOOTHING_SECONDS)
        self._steps = fade * self._steps + steps
        self._seconds = fade * self._seconds + seconds

    @property
    def steps_per_second(self) -> float | None:
        """None as long as no time was measured."""
        return self._steps / self._seconds if self._seconds > 0 else None
