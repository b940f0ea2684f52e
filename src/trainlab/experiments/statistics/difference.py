"""Is the difference between two settings more than seed noise?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

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
    """The true difference lies within mean ± margin with 95 % confidence (not corrected). None when the seeds tell no
    spread."""
    seeds_needed: int | None
    """Seeds of each setting that would probably settle a difference of this size; None when that cannot be told."""
    effect: float | None = None
    """The mean in units of its standard deviation from one pair of runs to the next. Of runs that are not paired, that
    deviation is √2 times one run's. None when the seeds tell no spread."""

    @property
    def exceeds_noise(self) -> bool | None:
        """None: cannot be told."""
        return None if self.p is None else self.p < ALPHA


@dataclass(frozen=True)
class Tested:
    """What one comparison finds, before anything is said of it."""

    mean: float
    n: tuple[int, int]
    paired: bool
    p: float | None
    error: float
    """Standard error of the mean; 0 when the seeds tell no spread."""
    df: float


def compare(first: Mapping[int, float], second: Mapping[int, float]) -> Difference:
    """Compare two settings, each given as figures by seed; see `tested`.

    >>> difference = compare({0: 0.90, 1: 0.92, 2: 0.91}, {0: 0.95, 1: 0.96, 2: 0.96})
    >>> difference.paired, round(difference.mean, 4), difference.exceeds_noise
    (True, 0.0467, True)
    """
    found = tested(first, second)
    return difference_of(found, found.p, comparisons=1)


def tested(first: Mapping[int, float], second: Mapping[int, float]) -> Tested:
    """Test two settings, each given as figures by seed, against chance.

    With at least two common seeds they are paired: a seed decides split, initial weights and order of both runs, so
    what it does to both drops out of the difference d of each pair::

        t = mean(d) / √(var(d) / n)                                   n − 1 degrees of freedom

    Otherwise Welch's test, which does not take the two variances v₁, v₂ for equal::

        t = (mean₂ − mean₁) / √(v₁/n₁ + v₂/n₂)        df = (v₁/n₁ + v₂/n₂)² / ((v₁/n₁)²/(n₁−1) + (v₂/n₂)²/(n₂−1))

    With a single seed of either setting nothing is tested. Without any spread t is infinite; that is rounding and no
    certainty (two seeds often differ by the same whole number of images), so what chance would bring is counted: see
    `chance_of_no_overlap`.

    Raises ValueError for a setting without seeds or a figure that is not finite.

    Source: Student 1908; Welch 1947, "The generalization of Student's problem when several different population
    variances are involved".
    """
    for values in (first, second):
        if not values or not all(map(math.isfinite, values.values())):
            raise ValueError(f"each setting needs finite figures of at least one seed, got {dict(values)}")
    rounding = 1e-12 * max(map(abs, [*first.values(), *second.values()]))
    common = sorted(first.keys() & second.keys())
    paired = len(common) >= 2
    if paired:
        d = [second[seed] - first[seed] for seed in common]
        mean, n, df = fmean(d), (len(d), len(d)), float(len(d) - 1)
        error = math.sqrt(variance(d) / len(d))
    else:
        x, y = list(first.values()), list(second.values())
        mean, n = fmean(y) - fmean(x), (len(x), len(y))
        if min(n) < 2:
            return Tested(mean, n, paired, p=None, error=0.0, df=0.0)
        a, b = variance(x) / len(x), variance(y) / len(y)
        error, df = math.sqrt(a + b), float(len(x) + len(y) - 2)
        if error > rounding:
            df = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    if error > rounding:
        return Tested(mean, n, paired, two_sided_p(mean / error, df), error, df)
    if abs(mean) <= rounding:
        return Tested(0.0, n, paired, p=1.0, error=0.0, df=df)
    return Tested(mean, n, paired, chance_of_no_overlap(n, paired), error=0.0, df=df)


def chance_of_no_overlap(n: tuple[int, int], paired: bool) -> float:
    """How often chance alone puts every seed on one side: the p of the exact test by exchanging runs.

    Of equal settings either run of a pair may be the better one, so all n pairs agree in 2 of 2ⁿ cases. Without pairs,
    all runs of one setting lie above all of the other in 2 of C(n₁ + n₂, n₁) orders.

    Source: Fisher 1935, "The design of experiments", section 21.

    >>> chance_of_no_overlap((5, 5), paired=True)
    0.0625
    """
    return 2.0 ** (1 - n[0]) if paired else 2 / math.comb(sum(n), n[0])


def difference_of(found: Tested, p: float | None, comparisons: int) -> Difference:
    """What a test's result means.

    Args:
        p: the test's, or that corrected for several comparisons.
        comparisons: how many are tested; more of them need more seeds.
    """
    mean, n, paired = found.mean, found.n, found.paired
    if p is None or mean == 0:
        margin = quantile(0.975, found.df) * found.error if found.error else None
        return Difference(mean, n, paired, p, margin, seeds_needed=None, effect=0.0 if found.error else None)
    if not found.error:
        limit = ALPHA / comparisons
        enough = next(m for m in range(2, MOST_SEEDS) if chance_of_no_overlap((m, m), paired) < limit)
        return Difference(mean, n, paired, p, margin=None, seeds_needed=enough)
    effect = mean / (found.error * math.sqrt(2 / (1 / n[0] + 1 / n[1])))
    needed = seeds_needed(effect, 1 if paired else 2, comparisons)
    return Difference(mean, n, paired, p, quantile(0.975, found.df) * found.error, needed, effect)


def seeds_needed(effect: float, groups: int, comparisons: int = 1) -> int | None:
    """The seeds of each setting with which a t test finds this effect in 4 of 5 attempts, None above 1,000.

        smallest n with   √n · |effect| ≥ t(1 − 0.025/m, df) + t(0.8, df)          df = groups · (n − 1)

    Args:
        effect: as in `Difference`.
        groups: 1 when seeds are paired, 2 when not.
        comparisons: m, how many are tested at once. Holm's correction asks no more than this, so n is rather large.

    Source: the usual approximation of the noncentral t distribution, e.g. Cohen 1988, "Statistical power analysis",
    section 12.

    >>> seeds_needed(1.0, groups=1), seeds_needed(1.0, groups=1, comparisons=15)
    (10, 19)
    """

    alpha = ALPHA / 2 / comparisons
    normal = NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(POWER)  # t has longer tails: no fewer seeds do
    n = max(2, math.ceil((normal / effect) ** 2)) if abs(effect) * math.sqrt(MOST_SEEDS) > normal else MOST_SEEDS + 1
    while n <= MOST_SEEDS:
        df = groups * (n - 1)
        if math.sqrt(n) * abs(effect) >= quantile(1 - alpha, df) + quantile(POWER, df):
            return n
        n += 1
    return None
