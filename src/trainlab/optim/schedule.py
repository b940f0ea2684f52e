"""Learning-rate schedules: plain functions of the step, shared by every engine.

A schedule returns the factor by which the learning rate is multiplied in a step; steps count from 0. It depends
on nothing that happened before, so a resumed run needs no schedule state.
"""

import bisect
import math
from collections.abc import Callable, Sequence

Schedule = Callable[[int], float]


def constant(step: int) -> float:
    """``1``"""
    return 1.0


def step_decay(step: int, every: int, gamma: float = 0.1) -> float:
    """``γ^⌊step / every⌋``: multiplied by γ after every so many steps. PyTorch's ``StepLR``.

    >>> [step_decay(step, every=2, gamma=0.5) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return float(gamma ** (step // every))


def multi_step(step: int, milestones: Sequence[int], gamma: float = 0.1) -> float:
    """``γ^(number of milestones ≤ step)``; milestones ascend. PyTorch's ``MultiStepLR``.

    >>> [multi_step(step, milestones=[1, 3], gamma=0.5) for step in range(4)]
    [1.0, 0.5, 0.5, 0.25]
    """
    return float(gamma ** bisect.bisect_right(milestones, step))


def linear(step: int, total_steps: int) -> float:
    """``1 − step / total_steps``: from 1 to 0 along a straight line.

    Source: Defazio et al. 2023, "When, why and how much? Adaptive learning rate scheduling by refinement", section 4:
    hard to beat wherever the number of steps is known.

    >>> [linear(step, total_steps=4) for step in range(5)]
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    return 1 - min(step, total_steps) / total_steps


def cosine(step: int, total_steps: int) -> float:
    """``(1 + cos(π · step / total_steps)) / 2``: from 1 to 0, flat at both ends. PyTorch's ``CosineAnnealingLR``.

    Source: Loshchilov & Hutter 2017, "SGDR", equation 5.

    >>> [round(cosine(step, total_steps=4), 2) for step in range(5)]
    [1.0, 0.85, 0.5, 0.15, 0.0]
    """
    return (1 + math.cos(math.pi * min(step, total_steps) / total_steps)) / 2


ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = ONE_CYCLE_START / 1e4


def one_cycle(step: int, total_steps: int, peak: float = 0.3) -> float:
    """Up from 1/25 to 1 in the first ``peak`` of all steps, then down to almost 0, both along a cosine.

    Source: Smith & Topin 2018, "Super-convergence", in the form of PyTorch's ``OneCycleLR``.

    Args:
        peak: share of the steps before the highest learning rate, in (0, 1).
    """
    top = peak * total_steps - 1
    if step <= top:
        return _between(ONE_CYCLE_START, 1.0, step / top if top > 0 else 1.0)
    return _between(1.0, ONE_CYCLE_END, min((step - top) / (total_steps - 1 - top), 1.0))


def _between(start: float, end: float, share: float) -> float:
    """From start (share 0) to end (share 1) along half a cosine wave."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def linear_warm_up(step: int, warm_up_steps: int) -> float:
    """``min(1, (step + 1) / warm_up_steps)``: multiply another schedule with it.

    Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.

    >>> [linear_warm_up(step, warm_up_steps=4) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / warm_up_steps) if warm_up_steps > 0 else 1.0
