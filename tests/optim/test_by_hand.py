"""One or two steps of every optimizer, one clipping and one value of every schedule, worked by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from trainlab.nn import Parameter
from trainlab.optim import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    clip_grad_norm,
    constant,
    cosine,
    linear_warm_up,
    multi_step,
    one_cycle,
    step_decay,
)

Make = Callable[[list[Parameter]], Optimizer]
STEPS: dict[str, tuple[Make, list[float]]] = {
    # θ begins at 1; the gradient is 2 in the first step and 4 in the second; the list has θ after each
    "sgd": (lambda p: SGD(p, lr=0.1), [0.8, 0.4]),  # 1 − 0.1·2; 0.8 − 0.1·4
    # g = 2 + 0.5·1 = 2.5: 1 − 0.25 = 0.75;  g = 4 + 0.5·0.75 = 4.375: 0.75 − 0.4375
    "sgd with decay": (lambda p: SGD(p, lr=0.1, weight_decay=0.5), [0.75, 0.3125]),
    # v = 2: 1 − 0.2 = 0.8;  v = 0.5·2 + 4 = 5: 0.8 − 0.5
    "momentum": (lambda p: SGD(p, lr=0.1, momentum=0.5), [0.8, 0.3]),
    # v = 2: 1 − 0.1·(2 + 0.5·2) = 0.7;  v = 5: 0.7 − 0.1·(4 + 0.5·5) = 0.05
    "nesterov": (lambda p: SGD(p, lr=0.1, momentum=0.5, nesterov=True), [0.7, 0.05]),
    # β = (1/2, 3/4).  t = 1: m = 1, v = 1; m/(1/2) = 2, v/(1/4) = 4; 2/√4 = 1: 1 − 0.1
    # t = 2: m = 0.5 + 2 = 2.5, v = 0.75 + 4 = 4.75; m/(3/4) = 10/3, v/(7/16) = 76/7; 0.9 − 0.1·(10/3)/√(76/7)
    "adam": (
        lambda p: Adam(p, lr=0.1, betas=(0.5, 0.75), eps=1e-16),
        [0.9, 0.9 - 0.1 * (10 / 3) / math.sqrt(76 / 7)],
    ),
    # 2/(√4 + 3) = 2/5: 1 − 0.1·2/5 = 0.96
    "adam with eps 3": (lambda p: Adam(p, lr=0.1, betas=(0.5, 0.75), eps=3.0), [0.96]),
    # g = 2 + 2·1 = 4, and the first step is lr·sign(g) whatever g is: 1 − 0.1
    "adam with decay": (lambda p: Adam(p, lr=0.1, eps=1e-16, weight_decay=2.0), [0.9]),
    # 1·(1 − 0.1·2) = 0.8, then lr·sign(g): 0.8 − 0.1
    "adamw": (lambda p: AdamW(p, lr=0.1, eps=1e-16, weight_decay=2.0), [0.7]),
}


@pytest.mark.parametrize(("make", "expected"), STEPS.values(), ids=STEPS)
def test_steps(make: Make, expected: list[float]) -> None:
    parameter = Parameter(np.array([1.0]))
    optimizer = make([parameter])
    for gradient, theta in zip([2.0, 4.0], expected, strict=False):
        optimizer.zero_grad()
        parameter.accumulate(np.array([gradient]))
        optimizer.step()
        assert parameter.data[0] == pytest.approx(theta, rel=1e-14)


def test_clipping() -> None:
    parameters = [Parameter(np.zeros(1)), Parameter(np.zeros((1, 2)))]
    parameters[0].accumulate(np.array([3.0]))
    parameters[1].accumulate(np.array([[0.0, 4.0]]))
    # √(3² + 0² + 4²) = 5, and everything is multiplied by 2.5/5
    assert clip_grad_norm(parameters, max_norm=2.5) == 5.0
    assert parameters[0].grad == pytest.approx(np.array([1.5]), rel=1e-6)
    assert parameters[1].grad == pytest.approx(np.array([[0.0, 2.0]]), rel=1e-6)


SCHEDULES: dict[str, tuple[float, float]] = {
    "constant": (constant(7), 1.0),
    "step_decay": (step_decay(25, every=10, gamma=0.1), 0.01),  # 0.1^⌊25/10⌋
    "step_decay at the border": (step_decay(10, every=10, gamma=0.1), 0.1),
    "multi_step": (multi_step(25, milestones=[10, 20, 30], gamma=0.5), 0.25),  # two milestones passed
    "multi_step without milestones": (multi_step(25, milestones=[]), 1.0),
    "cosine at a third": (cosine(20, total_steps=60), 0.75),  # (1 + cos 60°)/2
    "cosine after the end": (cosine(99, total_steps=60), 0.0),
    "one_cycle begins": (one_cycle(0, total_steps=101), 0.04),  # 1/25
    "one_cycle at the top": (one_cycle(29, total_steps=100), 1.0),  # 0.3·100 − 1
    "one_cycle ends": (one_cycle(99, total_steps=100), 0.04e-4),
    "one_cycle after the end": (one_cycle(500, total_steps=100), 0.04e-4),
    "linear_warm_up": (linear_warm_up(1, warm_up_steps=8), 0.25),  # (1 + 1)/8
    "linear_warm_up of no steps": (linear_warm_up(0, warm_up_steps=0), 1.0),
}


@pytest.mark.parametrize(("got", "expected"), SCHEDULES.values(), ids=SCHEDULES)
def test_schedule(got: float, expected: float) -> None:
    assert got == pytest.approx(expected, rel=1e-12)
    assert type(got) is float
