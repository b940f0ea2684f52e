"""Is the difference between two settings more than seed noise?"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance

from trainlab.experiments.statistics.student import quantile, two_sided_p

ALPHA = 0.05
"""A difference is believed when chance alone would show one as large in fewer than 5 of 100 comparisons."""
POWER = 0.8
"""Enough seeds are those that would find a difference of the measured size in 4 of 5 attempts."""
MOST_SEEDS = 1000


@dataclass(frozen=True)
class Difference:
    """The second setting's mean minus the first's, and what can be said of it."""

    mean: float
    n: tuple[int, int]
    """Seeds of each that were used."""
    paired: bool
    """Whether runs of the same seed were compared with each other."""
    p: float | None
    """Probability of a difference at least as large by chance alone; corrected when several are tested. None when
    there are too few seeds for any test."""
    margin: float | None
    """The true difference lies within mean ± margin with 95 % confidence (not corrected)."""
    seeds_needed: int | None
    """Seeds of each setting that would probably settle a difference of this size; None when that cannot be told."""

    @property
    def exceeds_noise(self) -> bool | None:
        """None: cannot be told."""
        return None if self.p is None else self.p < ALPHA


def compare(first: Mapping[int, float], second: Mapping[int, float]) -> Difference:
    """Compare two settings, each given as figures by seed.

    With at least two common seeds they are paired: a seed decides split, initial weights and order of both runs, so
    what it does to both drops out of the difference d of each pair::

        t = mean(d) / √(var(d) / n)                                   n − 1 degrees of freedom

    Otherwise Welch's test, which does not take the two variances v₁, v₂ for equal::

        t = (mean₂ − mean₁) / √(v₁/n₁ + v₂/n₂)        df = (v₁/n₁ + v₂/n₂)² / ((v₁/n₁)²/(n₁−1) + (v₂/n₂)²/(n₂−1))

    With a single seed of either setting nothing is tested.

    Raises ValueError for a setting without seeds or a figure that is not finite.

    Source: Student 1908; Welch 1947, "The generalization of Student's problem when several different population
    variances are involved".

    >>> difference = compare({0: 0.90, 1: 0.92, 2: 0.91}, {0: 0.95, 1: 0.96, 2: 0.96})
    >>> difference.paired, round(difference.mean, 4), difference.exceeds_noise
    (True, 0.0467, True)
    """
    for values in (first, second):
        if not values or not all(map(math.isfinite, values.values())):
            raise ValueError(f"each setting needs finite figures of at least one seed, got {dict(values)}")
    common = sorted(first.keys() & second.keys())
    if len(common) >= 2:
        d = [second[seed] - first[seed] for seed in common]
        return _tested(fmean(d), (len(d), len(d)), True, variance(d) / len(d), len(d) - 1, 1)
    x, y = list(first.values()), list(second.values())
    mean = fmean(y) - fmean(x)
    if min(len(x), len(y)) < 2:
        return Difference(mean, (len(x), len(y)), paired=False, p=None, margin=None, seeds_needed=None)
    a, b = variance(x) / len(x), variance(y) / len(y)
    total = a + b
    df = total**2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1)) if total else len(x) + len(y) - 2
    return _tested(mean, (len(x), len(y)), False, total, df, 2)


def _tested(mean: float, n: tuple[int, int], paired: bool, squared_error: float, df: float, groups: int) -> Difference:
    error = math.sqrt(squared_error)
    if error <= 1e-12 * abs(mean) or error == 0:  # every seed gave the very same difference
        return Difference(mean, n, paired, p=0.0 if mean else 1.0, margin=0.0, seeds_needed=None)
    spread = error * math.sqrt(2 / (1 / n[0] + 1 / n[1]))  # of one more pair
    needed = seeds_needed(mean / spread, groups) if mean else None
    return Difference(mean, n, paired, two_sided_p(mean / error, df), quantile(0.975, df) * error, needed)


def seeds_needed(effect: float, groups: int) -> int | None:
    """The seeds of each setting with which a t test finds this effect in 4 of 5 attempts, None above 1,000.

        smallest n with   √n · |effect| ≥ t(0.975, df) + t(0.8, df)          df = groups · (n − 1)

    Args:
        effect: the difference in units of its standard deviation from one pair of runs to the next; of runs that are
            not paired, that is √2 times the deviation of one.
        groups: 1 when seeds are paired, 2 when not.

    Source: the usual approximation of the noncentral t distribution, e.g. Cohen 1988, "Statistical power analysis",
    section 12.

    >>> seeds_needed(1.0, groups=1)
    10
    """

    def is_enough(n: int) -> bool:
        df = groups * (n - 1)
        return math.sqrt(n) * abs(effect) >= quantile(1 - ALPHA / 2, df) + quantile(POWER, df)

    n = 2 + bisect_left(range(2, MOST_SEEDS + 1), True, key=is_enough)
    return n if n <= MOST_SEEDS else None


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The same differences with each p raised for the number of comparisons.

    Of ten comparisons of equal settings one would often look significant. The smallest of m p-values is multiplied by
    m, the next by m − 1, and so on, none falling below one before it; any false discovery then stays below 5 %.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    tested = sorted((d.p, place) for place, d in enumerate(differences) if d.p is not None)
    corrected, highest = list(differences), 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        corrected[place] = replace(differences[place], p=highest)
    return corrected
