"""What a published claim is about, computed from a run's epochs."""

import itertools
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

Epochs = Sequence[dict[str, Any]]
"""The lines of a run's ``metrics.jsonl``: at least one."""


def last(part: str, name: str) -> Callable[[Epochs], float]:
    """A figure of the last epoch."""
    return lambda epochs: float(epochs[-1][part][name])


def first_accuracy(epochs: Epochs) -> float:
    """Validation accuracy a after the first epoch: how fast a run begins."""
    return float(epochs[0]["validation"]["accuracy"])


def fall_of_accuracy(epochs: Epochs) -> float:
    """How much validation accuracy a falls from one epoch to the next, on the average: how much a run oscillates.

        mean over e of max(0, a(e) − a(e + 1))

    It is 0 of a run whose accuracy never falls.

    >>> lines = [{"validation": {"accuracy": a}} for a in (0.5, 0.9, 0.7, 0.8)]
    >>> round(fall_of_accuracy(lines), 4)
    0.0667
    """
    accuracies = [line["validation"]["accuracy"] for line in epochs]
    return fmean([max(0.0, a - b) for a, b in itertools.pairwise(accuracies)] or [0.0])


def late_rise_of_loss(epochs: Epochs) -> float:
    """Validation loss of the last epoch minus that of the epoch halfway: above 0 where it keeps rising.

    >>> late_rise_of_loss([{"validation": {"loss": loss}} for loss in (0.9, 0.25, 0.5, 0.75)])
    0.5
    """
    losses = [line["validation"]["loss"] for line in epochs]
    return float(losses[-1] - losses[(len(losses) - 1) // 2])


FIGURES: dict[str, Callable[[Epochs], float]] = {
    "train_loss": last("train", "loss"),
    "train_accuracy": last("train", "accuracy"),
    "validation_loss": last("validation", "loss"),
    "validation_accuracy": last("validation", "accuracy"),
    "first_accuracy": first_accuracy,
    "fall_of_accuracy": fall_of_accuracy,
    "late_rise_of_loss": late_rise_of_loss,
}
"""By the names that a study's file uses. The first four are what tables publish."""
