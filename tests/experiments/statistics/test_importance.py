"""Shares of variance, held against functions whose true shares are known."""

import math
from typing import Any

import numpy as np
import pytest

from trainlab.experiments.statistics import Importance, importance
from trainlab.randomness import generator


def search(n: int, seed: int) -> list[dict[str, Any]]:
    rng = generator(seed, "search", n)
    names = ("a", "b", "c")
    return [dict(zip(names, map(float, row), strict=True)) for row in rng.random((n, 3))]


def by_name(found: list[Importance]) -> dict[str, Importance]:
    return {one.name: one for one in found}


def straight(points: list[dict[str, Any]]) -> list[float]:
    """Variances in proportion 16 : 4 : 0, so the shares are 0.8, 0.2 and 0."""
    return [4 * point["a"] + 2 * point["b"] for point in points]


@pytest.mark.parametrize(("n", "near"), [(20, 0.10), (50, 0.06), (100, 0.05)])
def test_the_mean_over_searches_is_the_true_share(n: int, near: float) -> None:
    found = [by_name(importance(points := search(n, seed), straight(points))) for seed in range(30)]
    for name, truth in {"a": 0.8, "b": 0.2, "c": 0.0}.items():
        assert np.mean([one[name].share for one in found]) == pytest.approx(truth, abs=near)


@pytest.mark.parametrize("n", [20, 50, 100])
def test_the_interval_holds_the_true_share_in_more_than_nine_of_ten_searches(n: int) -> None:
    found = [by_name(importance(points := search(n, seed), straight(points))) for seed in range(60)]
    for name, truth in {"a": 0.8, "b": 0.2, "c": 0.0}.items():
        held = [one[name].low <= truth <= one[name].high for one in found]
        assert np.mean(held) > 0.9
    widths = [one["b"].high - one["b"].low for one in found]
    assert np.mean(widths) < 4 / math.sqrt(n)  # and it is not wide enough to hold everything


def test_what_two_do_together_and_noise_belong_to_none() -> None:
    points = search(400, 0)
    product = [(point["a"] - 0.5) * (point["b"] - 0.5) for point in points]
    assert all(one.share < 0.05 for one in importance(points, product))
    noise = generator(0, "noise").normal(size=400)
    half = [point["a"] + math.sqrt(1 / 12) * float(one) for point, one in zip(points, noise, strict=True)]
    assert by_name(importance(points, half))["a"].share == pytest.approx(0.5, abs=0.07)


def test_a_valley_is_seen() -> None:
    points = search(60, 1)
    found = importance(points, [-abs(point["b"] - 0.4) for point in points])
    assert found[0].name == "b"
    assert found[0].share > 0.85


def test_the_scale_of_a_number_does_not_matter() -> None:
    points = search(40, 2)
    logarithmic = [{**point, "a": 10 ** (4 * point["a"] - 4)} for point in points]
    assert importance(logarithmic, straight(points)) == importance(points, straight(points))


def test_values_that_are_no_numbers_and_few_numbers_have_their_means() -> None:
    """By hand: three groups of equal scores, without anything left in a group."""
    points: list[dict[str, Any]] = [
        {"optimizer": name, "batch": size} for name in ("adam", "muon", "sgd") for size in (16, 32, 64, 128)
    ]
    found = by_name(importance(points, [{"adam": 1.0, "muon": 5.0, "sgd": 2.0}[p["optimizer"]] for p in points]))
    assert found["optimizer"].share == 1.0
    assert found["batch"].share == 0.0  # 1 − (104/3 / 8) / (104/3 / 11) = −0.375, and there are no negative shares
    mixed: list[dict[str, Any]] = [{"hidden": (8,) if n % 2 else (16, 8), "on": n % 3 == 0} for n in range(30)]
    hidden, on = importance(mixed, [float(n % 2) for n in range(30)])
    assert (hidden.name, hidden.share, on.name) == ("hidden", 1.0, "on")


def test_the_adjusted_share_by_hand() -> None:
    """Two groups, 0 0 0 0 1 and 0 1 1 1 1: Σ(y − mean)² = 2.5 in all, 0.8 + 0.8 within."""
    points = [{"on": value} for value in (False, True) for _ in range(5)]
    (on,) = importance(points, [0, 0, 0, 0, 1, 0, 1, 1, 1, 1])
    assert on.share == pytest.approx(1 - (1.6 / 8) / (2.5 / 9))
    assert 0 <= on.low < on.share < on.high <= 1


def test_one_that_never_varies_is_left_out_and_the_same_points_give_the_same_answer() -> None:
    points = [{**point, "fixed": 1} for point in search(20, 3)]
    found = importance(points, straight(points))
    assert "fixed" not in by_name(found)
    assert found == importance(points, straight(points))
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)


def test_nothing_is_said_of_nine_points_or_of_equal_scores() -> None:
    assert importance(search(9, 0), [float(n) for n in range(9)]) == []
    assert importance(search(20, 0), [0.5] * 20) == []
    assert importance([], []) == []


def test_scores_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="20 points do not go with 19 scores"):
        importance(search(20, 0), [0.5] * 19)
    with pytest.raises(ValueError, match="scores must be finite"):
        importance(search(10, 0), [math.nan] * 10)
