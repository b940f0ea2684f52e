"""A learning-rate range test: the rate grows from step to step until the loss leaps, for several seeds.

Source: Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from trainlab.engines import Batch
from trainlab.errors import InputError
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.config import Config
from trainlab.experiments.prepared_data import PreparedData, prepare_data
from trainlab.experiments.thread_count import threads_for

SMOOTHING = 1 / 15
"""Share of all steps that the smoothed loss averages over."""

LEAST_STEPS, MOST_STEPS, IMAGES = 300, 5000, 20_000
"""By default a test takes the steps that show so many images, within these bounds: small batches are noisy."""

LEAP = 2.0
"""A test ends when the smoothed loss is this many times as high as it was at its lowest or at the beginning."""

MARGIN = 3.0
"""The suggestion is the rate of the lowest loss divided by this: there training still goes well, but only just."""

DISAGREEMENT = 3.0
"""Seeds whose suggestions lie further apart than this factor tell no more than an order of magnitude."""


@dataclass(frozen=True)
class RateCurve:
    """What one seed has seen."""

    seed: int
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Of single batches, each after a step with the rate before it."""
    smoothed: tuple[float, ...]
    leapt: bool
    """The loss left the test's bounds before the last rate; otherwise no rate was too high."""

    @property
    def lowest(self) -> int:
        """The position of the lowest smoothed loss."""
        return min(range(len(self.smoothed)), key=self.smoothed.__getitem__)

    @property
    def suggestion(self) -> float:
        """The rate of the lowest smoothed loss, with a margin."""
        return self.rates[self.lowest] / MARGIN

    @property
    def has_learned(self) -> bool:
        """The loss fell by a tenth at least, so that its lowest place means something."""
        return min(self.smoothed) < 0.9 * self.smoothed[0]


@dataclass(frozen=True)
class RateTest:
    """The curves of all seeds, and what they suggest together."""

    curves: tuple[RateCurve, ...]

    @property
    def suggestions(self) -> list[float]:
        """Of the seeds that learned something, lowest first."""
        return sorted(curve.suggestion for curve in self.curves if curve.has_learned)

    @property
    def suggestion(self) -> float | None:
        """Their geometric mean; None where no seed learned."""
        return statistics.geometric_mean(self.suggestions) if self.suggestions else None

    def words(self) -> list[str]:
        """What the test says and how sure it is, in sentences."""
        found, middle = self.suggestions, self.suggestion
        seeds = len(self.curves)
        if middle is None:
            return [
                "The loss did not fall by a tenth at any rate, so there is nothing to suggest. Look at the data, the "
                "network and the loss first, raise --high, or take more --steps."
            ]
        lines = [f"Try a learning rate near {middle:.2g}: a third of the rate at which the loss was lowest."]
        if len(found) < seeds:
            lines.append(f"{seeds - len(found)} of {seeds} seeds learned nothing at any rate and are left out.")
        spread = found[-1] / found[0]
        if len(found) == 1:
            lines.append("One seed says nothing of how sure this is; take --seeds 3.")
        elif spread > DISAGREEMENT:
            lines.append(
                f"The {len(found)} seeds disagree, from {found[0]:.2g} to {found[-1]:.2g} (a factor of {spread:.1f}): "
                "take it for an order of magnitude."
            )
        else:
            lines.append(
                f"The {len(found)} seeds agree within a factor of {spread:.1f}, from {found[0]:.2g} to {found[-1]:.2g}."
            )
        if not all(curve.leapt for curve in self.curves):
            lines.append("The loss never leapt, so higher rates may do as well: raise --high to see where it does.")
        return lines


def rate_test(
    config: Config,
    seeds: Sequence[int],
    low: float = 1e-5,
    high: float = 10.0,
    steps: int | None = None,
    on_curve: Callable[[RateCurve], None] = lambda curve: None,
) -> RateTest:
    """Train with a rate that grows from ``low`` to ``high`` by the same factor in each step, once a seed.

    ``rate(k) = low (high / low)^(k / (steps − 1))``. The configuration's own rate, schedule and epochs have no effect.

    Args:
        steps: more of them make the curve smoother; by default as many as show 20,000 images, from 300 to 5,000.
        seeds: a run each, with weights, order and split of its own.
        on_curve: called after each seed.

    Raises InputError for a range or a number of steps that makes no sense.
    """
    if not (0 < low < high < math.inf):
        raise InputError(f"the range from {low:g} to {high:g} does not fit: expected 0 < low < high.")
    if steps is None:
        steps = min(max(LEAST_STEPS, IMAGES // config.batch_size), MOST_STEPS)
    if steps < 10:
        raise InputError(f"{steps} steps are too few for a curve: expected 10 or more.")
    rates = [low * (high / low) ** (k / (steps - 1)) for k in range(steps)]
    curves = []
    for seed in seeds:
        curves.append(_curve(replace(config, seed=seed), rates))
        on_curve(curves[-1])
    return RateTest(tuple(curves))


def _curve(config: Config, rates: Sequence[float]) -> RateCurve:
    data = prepare_data(config)
    shape, classes = data.dataset.image_shape, len(data.dataset.classes)
    engine = build_engine(config, shape, classes, data.sample)
    data.place(engine)
    memory = 1 - 1 / max(1.0, SMOOTHING * len(rates))
    losses: list[float] = []
    smoothed: list[float] = []
    total = weight = 0.0
    with (
        engine.thread_limit(threads_for(config, shape, classes)),
        np.errstate(over="ignore", invalid="ignore", divide="ignore"),
    ):
        for rate, batch in zip(rates, _batches(data), strict=False):  # batches never end
            engine.set_learning_rate(rate)
            loss = engine.train_step(batch).loss
            total, weight = memory * total + loss, memory * weight + 1
            if not math.isfinite(loss) or (smoothed and total / weight > LEAP * smoothed[0]):
                break
            losses.append(loss)
            smoothed.append(total / weight)
    if not smoothed:
        raise InputError(
            f"the loss is not finite at the lowest rate, {rates[0]:g}. Look at the data with `trainlab show`."
        )
    return RateCurve(config.seed, tuple(rates[: len(losses)]), tuple(losses), tuple(smoothed), len(losses) < len(rates))


def _batches(data: PreparedData) -> Iterator[Batch]:
    for epoch in count(1):
        yield from data.train_batches.epoch(epoch)
