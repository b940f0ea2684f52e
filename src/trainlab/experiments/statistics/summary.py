"""Several seeds of one setting in three numbers: mean, standard deviation, and how sure the mean is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from trainlab.experiments.statistics.student import quantile


@dataclass(frozen=True)
class Summary:
    """What n values say."""

    n: int
    mean: float
    std: float | None
    """√(Σ(x − mean)² / (n − 1)): how much one seed differs from another. None with n = 1."""
    margin: float | None
    """The true mean lies within mean ± margin with 95 % confidence: t(0.975, n − 1) · std / √n. None with n = 1."""

    def text(self, places: int = 4, scale: float = 1) -> str:
        """Mean ± standard deviation.

        >>> Summary(3, 0.9712, 0.0008, 0.002).text(), Summary(1, 0.9712, None, None).text(places=2, scale=100)
        ('0.9712 ± 0.0008', '97.12')
        """
        spread = "" if self.std is None else f" ± {scale * self.std:.{places}f}"
        return f"{scale * self.mean:.{places}f}{spread}"

    def percent(self) -> str:
        """A share of 1, in percent with two decimal places.

        >>> Summary(3, 0.9712, 0.0008, 0.002).percent(), Summary(1, 0.9712, None, None).percent()
        ('97.12 ± 0.08 %', '97.12 %')
        """
        return f"{self.text(places=2, scale=100)} %"


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation and 95 % margin.

    Raises ValueError when there are no values, or one is not finite: a diverged run has no figure to average.

    >>> summarize([1.0, 2.0, 3.0])
    Summary(n=3, mean=2.0, std=1.0, margin=2.484...)
    """
    if not values:
        raise ValueError("no values to summarize")
    if not all(map(math.isfinite, values)):
        raise ValueError(f"values must be finite, got {list(values)}")
    n, mean = len(values), fmean(values)
    if n == 1:
        return Summary(1, mean, None, None)
    std = stdev(values)
    return Summary(n, mean, std, quantile(0.975, n - 1) * std / math.sqrt(n))
