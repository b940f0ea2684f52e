"""Optimizers with one mistake: the check that passes the right one fails them, at the step where the mistake shows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.optim import battery
from tests.optim.battery import OptimizerCase
from tests.optim.cases import BY_NAME
from trainlab.nn import Array, Parameter
from trainlab.optim import Optimizer

Rule = Callable[["Planted", Array, Array, int], Array]
"""(optimizer, θ, g, t) → what is added to θ"""


class Planted(Optimizer):
    """Follows a rule written out in one line, where a mistake is planted; keeps two vectors for it."""

    state_names = ("first", "second")

    def __init__(self, parameters: list[Parameter], rule: Rule) -> None:
        super().__init__(parameters, lr=0.1)
        self.rule = rule
        self.first = np.zeros_like(self.theta)
        self.second = np.zeros_like(self.theta)

    def step(self) -> None:
        self.steps += 1
        self.theta += self.rule(self, self.theta, self.gradient(), self.steps)

    def velocity(self, g: Array, momentum: float = 0.9) -> Array:
        """v ← μ·v + g"""
        self.first = momentum * self.first + g
        return self.first

    def means(self, g: Array, beta1: float = 0.9, beta2: float = 0.999) -> tuple[Array, Array]:
        """m and v of Adam, not yet corrected."""
        self.first = beta1 * self.first + (1 - beta1) * g
        self.second = beta2 * self.second + (1 - beta2) * g * g
        return self.first, self.second


def momentum(o: Planted, theta: Array, g: Array, t: int) -> Array:
    return -0.1 * o.velocity(g)


def adam(m: Array, v: Array, t: int, first: bool = True, second: bool = True) -> Array:
    """Adam's change of θ for η = 0.1, with either bias correction or without."""
    m = m / (1 - 0.9**t) if first else m
    v = v / (1 - 0.999**t) if second else v
    return np.asarray(-0.1 * m / (np.sqrt(v) + 1e-8))


def adam_with_eps_inside(o: Planted, theta: Array, g: Array, t: int) -> Array:
    m, v = o.means(g, 0.5, 0.7)
    return np.asarray(-0.1 * m / (1 - 0.5**t) / np.sqrt(v / (1 - 0.7**t) + 0.1))


@dataclass(frozen=True)
class Mistake:
    right: str
    """The case whose settings the rule has."""
    name: str
    rule: Rule
    first_wrong_step: int | None
    """None where the rule is right."""


MISTAKES = [
    Mistake("sgd", "right", lambda o, theta, g, t: -0.1 * g, None),
    Mistake("sgd", "sign", lambda o, theta, g, t: 0.1 * g, 1),
    Mistake("sgd", "zeros", lambda o, theta, g, t: 0 * g, 1),
    Mistake("sgd", "learning rate forgotten", lambda o, theta, g, t: -g, 1),
    Mistake("sgd-decay", "right", lambda o, theta, g, t: -0.1 * (g + 0.2 * theta), None),
    Mistake("sgd-decay", "decay forgotten", lambda o, theta, g, t: -0.1 * g, 1),
    Mistake("sgd-decay", "decay away from 0", lambda o, theta, g, t: -0.1 * (g - 0.2 * theta), 1),
    Mistake("sgd-decay", "decay without learning rate", lambda o, theta, g, t: -0.1 * g - 0.2 * theta, 1),
    Mistake("sgd-momentum", "right", momentum, None),
    Mistake("sgd-momentum", "momentum dropped", lambda o, theta, g, t: -0.1 * g, 2),
    Mistake("sgd-momentum", "running mean", lambda o, theta, g, t: -0.1 * o.velocity(0.1 * g), 1),
    Mistake("sgd-momentum", "nesterov for plain", lambda o, theta, g, t: -0.1 * (g + 0.9 * o.velocity(g)), 1),
    Mistake("sgd-nesterov", "right", lambda o, theta, g, t: -0.1 * (g + 0.9 * o.velocity(g)), None),
    Mistake("sgd-nesterov", "look-ahead dropped", lambda o, theta, g, t: -0.1 * o.velocity(g), 1),
    Mistake("sgd-nesterov", "momentum twice", lambda o, theta, g, t: -0.1 * (g + 0.9**2 * o.velocity(g)), 1),
    Mistake("adam", "right", lambda o, theta, g, t: adam(*o.means(g), t), None),
    Mistake("adam", "both corrections dropped", lambda o, theta, g, t: adam(*o.means(g), t, False, False), 1),
    Mistake("adam", "correction of the mean dropped", lambda o, theta, g, t: adam(*o.means(g), t, first=False), 1),
    Mistake("adam", "correction of the square dropped", lambda o, theta, g, t: adam(*o.means(g), t, second=False), 1),
    Mistake("adam", "steps counted from 2", lambda o, theta, g, t: adam(*o.means(g), t + 1), 1),
    Mistake("adam", "correction of step 1 for ever", lambda o, theta, g, t: adam(*o.means(g), 1), 2),
    Mistake("adam", "betas swapped", lambda o, theta, g, t: adam(*o.means(g, 0.999, 0.9), t), 1),
    Mistake("adam-betas-eps", "eps inside the root", adam_with_eps_inside, 1),
    Mistake("adamw-decay", "right", lambda o, theta, g, t: adam(*o.means(g), t) - 0.1 * 0.5 * theta, None),
    Mistake("adamw-decay", "decay coupled", lambda o, theta, g, t: adam(*o.means(g + 0.5 * theta), t), 1),
    Mistake("adamw-decay", "decay without learning rate", lambda o, theta, g, t: adam(*o.means(g), t) - 0.5 * theta, 1),
    Mistake("adam-decay", "decay decoupled", lambda o, theta, g, t: adam(*o.means(g), t) - 0.1 * 0.2 * theta, 1),
]
RIGHT = [mistake for mistake in MISTAKES if mistake.first_wrong_step is None]
WRONG = [mistake for mistake in MISTAKES if mistake.first_wrong_step is not None]


def planted(mistake: Mistake) -> OptimizerCase:
    return replace(BY_NAME[mistake.right], make=lambda parameters: Planted(parameters, mistake.rule))


def label(mistake: Mistake) -> str:
    return f"{mistake.right}: {mistake.name}"


@pytest.mark.parametrize("mistake", RIGHT, ids=label)
def test_the_right_rule_planted_the_same_way_passes(mistake: Mistake) -> None:
    battery.check_trajectory(planted(mistake), np.float64)
    battery.check_resuming_is_exact(planted(mistake))


@pytest.mark.parametrize("mistake", WRONG, ids=label)
def test_trajectory_check_passes_the_right_optimizer_and_fails_the_wrong_one(mistake: Mistake) -> None:
    battery.check_trajectory(BY_NAME[mistake.right], np.float64)
    with pytest.raises(AssertionError, match=rf"after step {mistake.first_wrong_step}: weight\[\d, \d\] is .*expected"):
        battery.check_trajectory(planted(mistake), np.float64)


def test_the_report_names_the_entry_that_is_off_with_both_values() -> None:
    """One weight is left out: exactly that one is named."""

    def all_but_one(o: Planted, theta: Array, g: Array, t: int) -> Array:
        change = -0.1 * g
        change[3] = 0  # row 1, column 1 of the (3, 2) weight
        return change

    before = battery.random(0)["weight"][1, 1]
    expected = before - 0.1 * battery.bowl(list(battery.random(0).values()))[0][1, 1]
    message = re.escape(f"after step 1: weight[1, 1] is {before:+.6g}, expected {expected:+.6g}")
    with pytest.raises(AssertionError, match=message):
        battery.check_trajectory(planted(Mistake("sgd", "one weight left out", all_but_one, 1)), np.float64)


def test_an_optimizer_that_forgets_a_vector_when_it_resumes_fails_the_check() -> None:
    class Forgetful(Planted):
        def load_state(self, state: Mapping[str, Array]) -> None:
            super().load_state({**state, "first": np.zeros_like(self.first)})

    case = replace(BY_NAME["sgd-momentum"], make=lambda parameters: Forgetful(parameters, momentum))
    with pytest.raises(AssertionError, match="after resuming"):
        battery.check_resuming_is_exact(case)


def test_an_optimizer_that_hands_out_its_own_vectors_fails_the_check() -> None:
    class Exposed(Planted):
        def state(self) -> dict[str, Array]:
            return super().state() | {"first": self.grad_vector}

    case = replace(BY_NAME["sgd"], make=lambda parameters: Exposed(parameters, lambda o, theta, g, t: -0.1 * g))
    with pytest.raises(AssertionError, match="first follows the optimizer"):
        battery.check_saved_state_is_a_copy(case)


def test_an_optimizer_that_adds_its_decay_to_the_gradient_in_place_fails_the_check() -> None:
    def decay_in_place(o: Planted, theta: Array, g: Array, t: int) -> Array:
        g += 0.2 * theta
        return -0.1 * g

    with pytest.raises(AssertionError, match="step changed the gradient of weight"):
        battery.check_gradients_are_not_mutated(planted(Mistake("sgd-decay", "in place", decay_in_place, None)))
