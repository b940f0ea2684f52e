"""The learning-rate range test: what it measures, and what it says about it."""

from pathlib import Path

import numpy as np
import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.rate_test import RateCurve, RateTest, rate_test


def config(tiny_mnist: Path, *words: str) -> Config:
    return Config().override(["hidden=[16]", "batch_size=50", f"data_dir={tiny_mnist}", *words])


def curve(lowest_rate: float, *, fall: float = 0.5, leapt: bool = True, seed: int = 0) -> RateCurve:
    """Three points with the lowest loss at a given rate."""
    losses = (2.0, 2.0 * (1 - fall), 2.5)
    return RateCurve(seed, (lowest_rate / 10, lowest_rate, lowest_rate * 10), losses, losses, leapt)


def test_the_rate_grows_by_the_same_factor_until_the_loss_leaps(tiny_mnist: Path) -> None:
    seen: list[RateCurve] = []
    test = rate_test(config(tiny_mnist), (0, 1), low=1e-4, high=1e4, steps=200, on_curve=seen.append)
    assert tuple(seen) == test.curves
    for one in test.curves:
        assert one.leapt
        assert one.has_learned
        assert len(one.rates) == len(one.losses) == len(one.smoothed) < 200
        np.testing.assert_allclose(np.diff(np.log(one.rates)), np.log(1e8) / 199)
        assert one.rates[0] == 1e-4
    assert test.curves[0].losses != test.curves[1].losses
    assert 0.01 < (test.suggestion or 0) < 10


def test_the_first_loss_is_that_of_the_initial_weights_and_the_test_is_repeatable(tiny_mnist: Path) -> None:
    one, other = (rate_test(config(tiny_mnist, f"lr={lr}", "epochs=3"), [0], steps=20) for lr in (0.1, 0.9))
    assert one == other  # its own rates, whatever the configuration's
    assert one.curves[0].losses[0] == one.curves[0].smoothed[0]


def test_the_smoothed_loss_is_a_weighted_mean(tiny_mnist: Path) -> None:
    one = rate_test(config(tiny_mnist), [0], low=1e-4, high=1e-2, steps=60).curves[0]
    memory = 1 - 1 / 4  # a fifteenth of 60 steps
    weights = memory ** np.arange(9, -1, -1.0)
    assert one.smoothed[9] == pytest.approx(np.average(one.losses[:10], weights=weights))


@pytest.mark.parametrize(("batch_size", "steps"), [(500, 300), (50, 400), (1, 5000)])
def test_small_batches_take_more_steps(tiny_mnist: Path, batch_size: int, steps: int) -> None:
    test = rate_test(config(tiny_mnist, f"batch_size={batch_size}", "hidden=[4]"), [0], low=1e-6, high=1e-5)
    assert len(test.curves[0].rates) == steps


def test_seeds_that_agree() -> None:
    test = RateTest((curve(0.3), curve(0.6, seed=1)))
    assert test.suggestion == pytest.approx((0.1 * 0.2) ** 0.5)
    assert test.words() == [
        "Try a learning rate near 0.14: a third of the rate at which the loss was lowest.",
        "The 2 seeds agree within a factor of 2.0, from 0.1 to 0.2.",
    ]


def test_seeds_that_disagree_and_a_loss_that_never_leapt() -> None:
    words = " ".join(RateTest((curve(0.3), curve(3.0, leapt=False), curve(1.0, fall=0.05))).words())
    assert "1 of 3 seeds learned nothing at any rate and are left out." in words
    assert "The 2 seeds disagree, from 0.1 to 1 (a factor of 10.0): take it for an order of magnitude." in words
    assert "raise --high" in words


def test_one_seed_is_not_sure_of_anything() -> None:
    assert "One seed says nothing of how sure this is; take --seeds 3." in RateTest((curve(0.3),)).words()


def test_nothing_is_suggested_where_nothing_is_learned(tiny_mnist: Path) -> None:
    test = rate_test(config(tiny_mnist), [0], low=1e-9, high=1e-8, steps=20)
    assert test.suggestion is None
    assert "there is nothing to suggest" in test.words()[0]


@pytest.mark.parametrize(
    ("low", "high", "steps", "message"),
    [
        (0.0, 1.0, 20, "the range from 0 to 1 does not fit: expected 0 < low < high"),
        (1.0, 0.1, 20, "does not fit"),
        (1.0, float("inf"), 20, "does not fit"),
        (float("nan"), 1.0, 20, "does not fit"),
        (0.1, 1.0, 9, "9 steps are too few"),
    ],
)
def test_ranges_that_make_no_sense(tiny_mnist: Path, low: float, high: float, steps: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rate_test(config(tiny_mnist), [0], low, high, steps)


def test_a_network_whose_first_loss_is_not_finite(tiny_mnist: Path) -> None:
    broken = config(tiny_mnist, "initialization=normal", "initial_std=1e30")
    with pytest.raises(InputError, match="the loss is not finite at the lowest rate, 1e-05"):
        rate_test(broken, [0])
