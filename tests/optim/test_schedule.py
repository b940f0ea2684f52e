"""Schedules are PyTorch's, step by step, and keep their promises for every length."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from trainlab.optim import Schedule, constant, cosine, linear, linear_warm_up, multi_step, one_cycle, step_decay

# the same examples in every run, and no limit on the time of one
on_many_inputs = settings(max_examples=100, derandomize=True)
BASE = 0.3
TorchSchedule = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def torch_one_cycle(total_steps: int, peak: float = 0.3) -> TorchSchedule:
    return partial(lr_scheduler.OneCycleLR, max_lr=BASE, total_steps=total_steps, pct_start=peak, cycle_momentum=False)


PAIRS: dict[str, tuple[Schedule, TorchSchedule, int]] = {
    "constant": (constant, partial(lr_scheduler.ConstantLR, factor=1.0), 5),
    "step_decay": (partial(step_decay, every=3, gamma=0.5), partial(lr_scheduler.StepLR, step_size=3, gamma=0.5), 12),
    "step_decay-default": (partial(step_decay, every=4), partial(lr_scheduler.StepLR, step_size=4), 12),
    "multi_step": (
        partial(multi_step, milestones=[2, 3, 9], gamma=0.5),
        partial(lr_scheduler.MultiStepLR, milestones=[2, 3, 9], gamma=0.5),
        12,
    ),
    "multi_step-repeated": (
        partial(multi_step, milestones=[0, 4, 4]),
        partial(lr_scheduler.MultiStepLR, milestones=[0, 4, 4]),
        6,
    ),
    "linear": (
        partial(linear, total_steps=10),
        partial(lr_scheduler.LinearLR, start_factor=1.0, end_factor=0.0, total_iters=10),
        12,
    ),
    "cosine": (partial(cosine, total_steps=15), partial(lr_scheduler.CosineAnnealingLR, T_max=15), 16),
    "one_cycle": (partial(one_cycle, total_steps=20), torch_one_cycle(20), 20),
    "one_cycle-10": (partial(one_cycle, total_steps=10), torch_one_cycle(10), 10),
    "one_cycle-3": (partial(one_cycle, total_steps=3), torch_one_cycle(3), 3),
    "one_cycle-late": (partial(one_cycle, total_steps=17, peak=0.75), torch_one_cycle(17, 0.75), 17),
    "linear_warm_up": (
        partial(linear_warm_up, warm_up_steps=5),
        partial(lr_scheduler.LinearLR, start_factor=1 / 5, total_iters=4),
        8,
    ),
}


@pytest.mark.parametrize(("schedule", "make", "steps"), PAIRS.values(), ids=PAIRS)
def test_every_step_is_pytorchs(schedule: Schedule, make: TorchSchedule, steps: int) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=BASE)
    scheduler = make(optimizer)
    for step in range(steps):
        expected = optimizer.param_groups[0]["lr"]
        assert BASE * schedule(step) == pytest.approx(expected, rel=1e-12, abs=1e-15), f"step {step}"
        optimizer.step()
        if step < steps - 1:
            scheduler.step()


@st.composite
def step_within(draw: st.DrawFn) -> tuple[int, int]:
    """(step, total_steps) with 0 ≤ step < total_steps"""
    total = draw(st.integers(1, 10_000))
    return draw(st.integers(0, total - 1)), total


@on_many_inputs
@given(where=step_within(), gamma=st.floats(0.01, 1.0), peak=st.floats(0.01, 0.99))
def test_every_schedule_stays_above_0_and_at_most_1(where: tuple[int, int], gamma: float, peak: float) -> None:
    step, total = where
    factors = [
        constant(step),
        step_decay(step, every=max(1, total // 3), gamma=gamma),
        multi_step(step, milestones=[total // 3, total // 2], gamma=gamma),
        cosine(step, total),
        one_cycle(step, total, peak),
        linear_warm_up(step, total),
    ]
    assert all(0 < factor <= 1 for factor in factors), factors


@on_many_inputs
@given(total=st.integers(1, 300))
def test_cosine_never_rises_and_goes_from_1_to_0(total: int) -> None:
    factors = [cosine(step, total) for step in range(total + 3)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] == 1.0
    assert factors[total:] == [0.0] * 3


@on_many_inputs
@given(warm_up=st.integers(0, 300))
def test_warm_up_never_falls_and_reaches_1_with_its_last_step(warm_up: int) -> None:
    factors = [linear_warm_up(step, warm_up) for step in range(warm_up + 3)]
    assert factors == sorted(factors)
    assert factors[max(warm_up - 1, 0) :] == [1.0] * len(factors[max(warm_up - 1, 0) :])
    assert all(factor < 1 for factor in factors[: max(warm_up - 1, 0)])


@on_many_inputs
@given(total=st.integers(2, 300), peak=st.floats(0.05, 0.95))
def test_one_cycle_rises_to_its_top_and_falls_from_there(total: int, peak: float) -> None:
    factors = [one_cycle(step, total, peak) for step in range(total)]
    top = factors.index(max(factors))
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert abs(top - (peak * total - 1)) <= 1


@on_many_inputs
@given(step=st.integers(0, 1000), milestones=st.lists(st.integers(0, 1000), max_size=5))
def test_multi_step_counts_the_milestones_passed(step: int, milestones: list[int]) -> None:
    passed = sum(milestone <= step for milestone in milestones)
    assert multi_step(step, sorted(milestones), gamma=0.5) == 0.5**passed


@on_many_inputs
@given(step=st.integers(0, 1000), every=st.integers(1, 50))
def test_step_decay_is_multi_step_with_even_milestones(step: int, every: int) -> None:
    milestones = list(range(every, 1001, every))
    assert step_decay(step, every, gamma=0.9) == multi_step(step, milestones, gamma=0.9)
