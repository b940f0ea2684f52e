"""From values to places along an axis, and the round values that are written beside it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Places from ``start`` to ``end`` for values from ``low`` to ``high``."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.is_log:
            value, low, high = (math.log10(max(number, self.low)) for number in (value, low, high))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """Round values between low and high."""
        return log_ticks(self.low, self.high) if self.is_log else nice_ticks(self.low, self.high, most)


def nice_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """At most so many round numbers between two, a multiple of 1, 2 or 5 times a power of ten apart.

    >>> nice_ticks(0.93, 0.982)
    [0.93, 0.94, 0.95, 0.96, 0.97, 0.98]
    >>> nice_ticks(0, 100)
    [0, 20, 40, 60, 80, 100]
    """
    rough = (high - low) / most
    power = math.floor(math.log10(rough))
    steps = (factor * 10.0**exponent for exponent in (power, power + 1) for factor in (1, 2, 5))
    step = next(step for step in steps if (high - low) / step <= most - 1)
    first = math.ceil(low / step - 1e-9)
    places = max(0, 1 - power)
    ticks = [round(number * step, places) for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [int(tick) if tick == int(tick) else tick for tick in ticks]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two positive numbers, or 1, 2 and 5 times these where there are few.

    >>> log_ticks(0.05, 300), log_ticks(0.3, 6)
    ([0.1, 1.0, 10.0, 100.0], [0.5, 1.0, 2.0, 5.0])
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tens = [10.0**power for power in powers if low <= 10.0**power <= high]
    if len(tens) > 2:
        return tens[:: math.ceil(len(tens) / 6)]
    return [tick for power in powers for factor in (1, 2, 5) if low <= (tick := factor * 10.0**power) <= high]
