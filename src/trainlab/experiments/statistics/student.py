"""Student's t distribution: how far a mean of a few values may lie from the true one by chance.

SciPy has it, at 35 MB more for every installation; here it follows from one integral. The tests compare both.
"""

import math
from functools import lru_cache


def two_sided_p(t: float, df: float) -> float:
    """P(|T| ≥ |t|): how often a value at least so far from 0 arises by chance alone.

        p = I_x(df/2, 1/2)          x = df / (df + t²)

    with I the regularized incomplete beta function.

    Args:
        t: any number; ±∞ gives 0.
        df: degrees of freedom, above 0; not necessarily a whole number.

    Source: Abramowitz and Stegun 1964, 26.5.27 and 26.7.1.

    >>> round(two_sided_p(2.776, df=4), 3)
    0.05
    """
    if not df > 0:
        raise ValueError(f"degrees of freedom must be above 0, got {df}")
    if math.isnan(t):
        return math.nan
    return 0.0 if math.isinf(t) else incomplete_beta(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5)


def density(t: float, df: float) -> float:
    """Γ((df + 1)/2) / (√(df·π) · Γ(df/2)) · (1 + t²/df)^(−(df + 1)/2): minus half the slope of `two_sided_p`."""
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))


@lru_cache  # a table of settings asks for the same few again and again
def quantile(share: float, df: float) -> float:
    """The t with P(T ≤ t) = share, 0 < share < 1, by Newton's method.

    From 0 on, `two_sided_p` falls ever less steeply; so each step stops short of the answer and the next goes on.

    >>> round(quantile(0.975, df=4), 3)
    2.776
    """
    if not 0 < share < 1:
        raise ValueError(f"a share must lie between 0 and 1, got {share}")
    if share < 0.5:
        return -quantile(1 - share, df)
    t, step = 0.0, math.inf
    while step > 1e-13 * t:
        step = (two_sided_p(t, df) - 2 * (1 - share)) / (2 * density(t, df))
        t += step
    return t


def incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) = ∫₀ˣ u^(a−1) · (1 − u)^(b−1) du / B(a, b), the integral's share of its value at x = 1.

    Args:
        x: in [0, 1].
        rest: 1 − x, given as well, because the difference would lose the digits of a small one.
        a: above 0.
        b: above 0.
    """
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on one side of the mean only
        return 1 - incomplete_beta(rest, x, b, a)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log(rest) - log_beta) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d₁/(1 + d₂/(1 + …)), evaluated from its far end; Abramowitz and Stegun 26.5.8."""
    terms = 40 + 5 * math.isqrt(math.ceil(a + b))  # it converges within about √(a + b) of them
    value = 1.0
    for m in range(terms, 0, -1):
        half = m // 2
        if m % 2:
            d = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            d = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        value = 1 + d / value
    return value
