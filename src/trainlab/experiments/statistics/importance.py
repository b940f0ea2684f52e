"""How much of the difference between points of a search comes from each hyperparameter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.randomness import generator

FEWEST_POINTS = 10
"""Below, the intervals would reach from nothing to everything."""
DEGREE = 3
"""Of the polynomial: enough for a valley, a cliff and a saturation."""
HALVES = 200
"""Random halves of the points, for the interval."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """One hyperparameter's share of the variance."""

    name: str
    share: float
    """In [0, 1]. Shares need not add up to 1: noise, and what hyperparameters do together, belong to none."""
    low: float
    """The true share lies between ``low`` and ``high`` in more than nine of ten searches."""
    high: float


def importance(points: Sequence[Mapping[str, Any]], scores: Sequence[float]) -> list[Importance]:
    """The share of the variance of the scores that each hyperparameter explains by itself, the largest first.

    For searches in which no point has a counterpart (random, tpe); a grid has `main_effects`. Each hyperparameter is
    judged alone, by a cubic polynomial of its rank, so that neither a logarithmic scale nor a far value matters::

        u     = rank of the value among the points, scaled to [−1, 1]
        fit   = a + b·u + c·u² + d·u³ by least squares; the mean of each value where there are fewer than five values,
                and where they are no numbers
        share = 1 − (Σ(score − fit)² / (n − k)) / (Σ(score − mean)² / (n − 1)),  k coefficients

    This is the adjusted R²: without the adjustment, any hyperparameter would explain k − 1 of n − 1 parts by chance. In
    a random search it estimates the first-order Sobol index. The interval is share ± 1.96 standard deviations of the
    shares found in random halves of the points, which differ from the whole as much as the whole from the truth.

    Of a tpe search, the shares are of the points that it tried: it looks closely where scores are high, and a
    hyperparameter that it has settled explains little there.

    Args:
        points: of each point, its hyperparameters, all with the same names. One that never varies is left out.
        scores: one a point, finite; means over seeds.

    Returns:
        nothing for fewer than ten points, and where all scores are equal.

    Raises ValueError for numbers of points and scores that differ, and for a score that is not finite.

    Sources: Saltelli et al. 2008, "Global Sensitivity Analysis: The Primer", chapter 4 (Sobol indices); Shao & Wu 1989,
    "A general theory for jackknife variance estimation" (halves).

    >>> points = [{"lr": lr, "dropout": (7 * lr) % 1} for lr in (0.01 * step for step in range(1, 41))]
    >>> [(one.name, round(one.share, 2)) for one in importance(points, [-abs(p["lr"] - 0.2) for p in points])]
    [('lr', 0.93), ('dropout', 0.0)]
    """
    if len(points) != len(scores):
        raise ValueError(f"{len(points)} points do not go with {len(scores)} scores")
    y = np.array(scores, dtype=np.float64)
    if not np.isfinite(y).all():
        raise ValueError(f"scores must be finite, got {list(scores)}")
    if len(points) < FEWEST_POINTS or np.ptp(y) == 0:
        return []
    rng = generator(0, "importance", len(points))
    halves = np.stack([rng.permutation(len(points))[: len(points) // 2] for _ in range(HALVES)])
    found = []
    for name in points[0]:
        columns = _columns([point[name] for point in points])
        if columns.shape[1] > 1:
            share = float(_shares(columns[None], y[None])[0])
            spread = 1.96 * float(np.std(_shares(columns[halves], y[halves])))
            within = (min(1.0, max(0.0, one)) for one in (share, share - spread, share + spread))
            found.append(Importance(name, *within))
    return sorted(found, key=lambda one: -one.share)


def _columns(values: Sequence[Any]) -> Floats:
    """What the scores are fitted with, (points, columns): 1, u, u², u³, or a column for each value."""
    is_ordered = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = sorted(set(values), key=None if is_ordered else repr)
    place = np.array([distinct.index(value) for value in values])
    if not is_ordered or len(distinct) <= DEGREE + 1:
        each: Floats = np.eye(len(distinct))[place]
        return each
    count = np.bincount(place)
    rank = (np.cumsum(count) - (count + 1) / 2)[place]  # equal values share the mean of their ranks
    columns: Floats = np.vander(2 * rank / (len(values) - 1) - 1, DEGREE + 1, increasing=True)
    return columns


def _shares(columns: Floats, y: Floats) -> Floats:
    """The adjusted R² of each fit, columns (fits, points, k) to y (fits, points); 0 where it cannot be told."""
    basis, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    used = sizes > 1e-9 * sizes[:, :1]  # fewer than k where a half of the points lacks a value
    coordinates = np.where(used, np.einsum("fpk,fp->fk", basis, y), 0.0)
    fit = np.einsum("fpk,fk->fp", basis, coordinates)
    rest, total = ((y - fit) ** 2).sum(axis=1), ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    n, k = y.shape[1], used.sum(axis=1)
    can_tell = (k < n) & (total > 0)
    adjusted = (rest / np.maximum(1, n - k)) / (np.where(total > 0, total, 1.0) / (n - 1))
    return np.where(can_tell, 1 - adjusted, 0.0)
