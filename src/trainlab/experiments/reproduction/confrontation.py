"""Published figures beside our own, and published claims put to a test over our seeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from trainlab.experiments.measured_run import MeasuredRun
from trainlab.experiments.reproduction.figures import FIGURES
from trainlab.experiments.reproduction.study import Claim, Study
from trainlab.experiments.statistics import Difference, Summary, holm, summarize
from trainlab.experiments.statistics.difference import Tested, difference_of, tested
from trainlab.experiments.statistics.student import quantile

Verdict = Literal["confirmed", "contradicted", "open"]
BySeed = dict[int, float]


@dataclass(frozen=True)
class Cell:
    """One published figure and ours."""

    point: int
    figure: str
    published: float
    ours: Summary | None
    """None where no run has finished."""

    @property
    def range(self) -> tuple[float, float] | None:
        """Where one more run of ours would end with 95 % confidence; None with fewer than two.

            mean ± t(0.975, n − 1) · std · √(1 + 1/n)

        Source: the usual prediction interval, e.g. Hahn and Meeker 1991, "Statistical intervals", section 4.7.
        """
        if self.ours is None or self.ours.std is None:
            return None
        margin = quantile(0.975, self.ours.n - 1) * self.ours.std * math.sqrt(1 + 1 / self.ours.n)
        return self.ours.mean - margin, self.ours.mean + margin

    @property
    def fits(self) -> bool | None:
        """Whether the published run could be one of ours; None where that cannot be told."""
        return None if self.range is None else self.range[0] <= self.published <= self.range[1]


@dataclass(frozen=True)
class JudgedClaim:
    """A published claim and what our runs say of it."""

    claim: Claim
    more: Summary | None
    less: Summary | None
    """None also where the claim compares with 0."""
    difference: Difference | None
    """More minus less, p corrected for the number of claims after Holm; None where a side has no finished run."""

    @property
    def verdict(self) -> Verdict:
        """Confirmed or contradicted when the difference is more than seed noise, else open."""
        if self.difference is None or not self.difference.exceeds_noise:
            return "open"
        return "confirmed" if self.difference.mean > 0 else "contradicted"


@dataclass(frozen=True)
class Confrontation:
    """A published experiment and our runs of it."""

    study: Study
    cells: tuple[Cell, ...]
    """One a published figure, in the order of the points."""
    claims: tuple[JudgedClaim, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything in JSON's types; the same for the same runs."""
        return {
            "study": self.study.name,
            "scale": self.study.scale,
            "cells": [
                {**asdict(cell), "settings": self.study.points[cell.point], "range": cell.range, "fits": cell.fits}
                for cell in self.cells
            ],
            "claims": [
                {
                    "says": judged.claim.says["en"],
                    "figure": judged.claim.figure,
                    "verdict": judged.verdict,
                    "more": None if judged.more is None else asdict(judged.more),
                    "less": None if judged.less is None else asdict(judged.less),
                    "difference": None if judged.difference is None else asdict(judged.difference),
                }
                for judged in self.claims
            ],
        }


def confront(study: Study, runs: Sequence[MeasuredRun]) -> Confrontation:
    """Put our runs beside the published figures, and the published claims to the test.

    All figures are of the last epoch, as published tables usually have them. A claim was made before our runs, so each
    is one test (see `trainlab.experiments.statistics.difference.tested`); the p-values are corrected for their number.

    Args:
        study: what was published.
        runs: ours, of any points; only finished ones count.
    """
    by_point = [_runs_of(point, runs) for point in study.points]

    def figures(place: int, name: str) -> BySeed:
        return {run.config.seed: FIGURES[name](run.epochs) for run in by_point[place]}

    cells = tuple(
        Cell(place, name, value, _summary(figures(place, name)))
        for place, published in enumerate(study.published)
        for name, value in published.items()
    )
    return Confrontation(study, cells, _judge(study.claims, figures))


def _runs_of(point: dict[str, Any], runs: Sequence[MeasuredRun]) -> list[MeasuredRun]:
    return [
        run
        for run in runs
        if run.status == "finished" and all(getattr(run.config, key) == value for key, value in point.items())
    ]


def _summary(values: BySeed) -> Summary | None:
    return summarize(list(values.values())) if values else None


def _judge(claims: Sequence[Claim], figures: Callable[[int, str], BySeed]) -> tuple[JudgedClaim, ...]:
    found: list[tuple[BySeed, BySeed | None, Tested | None]] = []
    for claim in claims:
        more = figures(claim.more, claim.figure)
        less = None if claim.less is None else figures(claim.less, claim.figure)
        against = dict.fromkeys(more, 0.0) if less is None else less
        found.append((more, less, tested(against, more) if more and against else None))
    corrected = holm([one.p if one is not None else None for _, _, one in found])
    count = sum(p is not None for p in corrected)
    return tuple(
        JudgedClaim(
            claim,
            _summary(more),
            None if less is None else _summary(less),
            None if one is None else difference_of(one, p, count),
        )
        for claim, (more, less, one), p in zip(claims, found, corrected, strict=True)
    )
