"""Summaries, differences and verdicts; how often they are wrong is counted on settings whose truth is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from trainlab.experiments.statistics import Difference, compare, seeds_needed, summarize, verdict

ROUNDS = 400


def seeds(values: object) -> dict[int, float]:
    return dict(enumerate(np.asarray(values, float).tolist()))


def test_a_summary_by_hand() -> None:
    found = summarize([1.0, 2.0, 3.0])
    assert (found.n, found.mean, found.std) == (3, 2.0, 1.0)
    assert found.margin == pytest.approx(4.302653 / math.sqrt(3))


def test_one_seed_has_no_spread() -> None:
    found = summarize([0.9])
    assert (found.n, found.mean, found.std, found.margin) == (1, 0.9, None, None)


@pytest.mark.parametrize(("values", "message"), [([], "no values"), ([0.1, math.nan], "must be finite")])
def test_what_has_no_mean_is_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarize(values)


def test_the_margin_holds_the_truth_19_times_of_20() -> None:
    rng = np.random.default_rng(0)
    found = [summarize(rng.normal(5, 2, 4).tolist()) for _ in range(2000)]
    held = np.mean([abs(one.mean - 5) <= one.margin for one in found if one.margin is not None])
    assert 0.935 < held < 0.965


def test_common_seeds_are_paired() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0.9, 0.01, 6)
    y = x + rng.normal(0.002, 0.001, 6)
    found = compare(seeds(x), seeds(y))
    expected = stats.ttest_rel(y, x)
    assert found.paired
    assert found.n == (6, 6)
    assert found.p == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval(0.95)
    assert found.margin == pytest.approx((high - low) / 2)
    assert found.exceeds_noise


def test_only_common_seeds_count_when_paired() -> None:
    found = compare({0: 1.0, 1: 2.0, 2: 3.5, 9: 100.0}, {0: 2.0, 1: 3.1, 2: 4.4, 8: -50.0})
    assert found.n == (3, 3)
    assert found.mean == pytest.approx(1.0)


def test_without_common_seeds_it_is_welchs_test() -> None:
    x, y = [0.9, 0.92, 0.91, 0.95], [0.96, 0.97, 0.99]
    found = compare(seeds(x), {seed + 10: value for seed, value in seeds(y).items()})
    expected = stats.ttest_ind(y, x, equal_var=False)
    assert not found.paired
    assert found.n == (4, 3)
    assert found.p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("x", "y"), [([0.9], [0.95]), ([0.9], [0.95, 0.96, 0.97])])
def test_a_single_seed_settles_nothing(x: list[float], y: list[float]) -> None:
    found = compare(seeds(x), seeds(y))
    assert found.p is None
    assert found.exceeds_noise is None
    assert found.mean == pytest.approx(np.mean(y) - 0.9)
    assert "nothing can be concluded" in verdict(found, "b", "a")


def test_equal_differences_of_all_seeds_are_no_certainty() -> None:
    """Two of two pairs agree in one of two cases; t would be infinite and p zero."""
    same = compare(seeds([0.25, 0.5]), seeds([0.25, 0.5]))
    assert (same.mean, same.p, same.exceeds_noise) == (0, 1.0, False)
    shifted = compare(seeds([0.25, 0.5]), seeds([0.5, 0.75]))
    assert shifted == Difference(0.25, (2, 2), paired=True, p=0.5, margin=None, seeds_needed=6)
    assert compare(seeds(range(6)), seeds(range(1, 7))).exceeds_noise


def test_rounding_is_no_spread() -> None:
    """One image of 50,000: the differences are equal but for the last bit of the accuracies."""
    worse = np.array([10_000, 10_021, 12_506]) / 50_000
    better = np.array([10_001, 10_022, 12_507]) / 50_000
    assert len(set(better - worse)) > 1
    assert compare(seeds(worse), seeds(better)).p == 0.25
    nothing = compare(seeds([0.1 + 0.2, 0.3 + 0.6]), seeds([0.3, 0.9]))
    assert (nothing.mean, nothing.p) == (0, 1.0)


@pytest.mark.parametrize(("n", "paired"), [((2, 2), False), ((3, 4), False), ((2, 2), True), ((5, 5), True)])
def test_without_spread_p_is_that_of_scipys_exact_test(n: tuple[int, int], paired: bool) -> None:
    x, y = [0.5] * n[0], [0.75] * n[1]
    found = compare(seeds(x), {seed + 10 * (not paired): value for seed, value in seeds(y).items()})
    expected = stats.permutation_test(
        (y, x), lambda y, x: np.mean(y) - np.mean(x), permutation_type="samples" if paired else "independent"
    )
    assert found.paired == paired
    assert found.p == pytest.approx(expected.pvalue)
    assert found.seeds_needed == (6 if paired else 4)  # 1 of 32 signs; 1 of 35 orders


def test_the_effect_is_the_mean_in_standard_deviations_of_one_pair() -> None:
    d = [0.01, 0.03, 0.02, 0.04]
    paired = compare(seeds([0.5] * 4), seeds(np.add(0.5, d)))
    assert paired.effect == pytest.approx(np.mean(d) / np.std(d, ddof=1))
    x, y = np.array([0.0, 2.0, 4.0]), np.array([5.0, 7.0, 9.0])
    apart = compare(seeds(x), {seed + 10: value for seed, value in seeds(y).items()})
    assert apart.effect == pytest.approx(5 / (math.sqrt(2) * 2))
    assert compare({0: 0.5}, {0: 0.75}).effect is None


@pytest.mark.parametrize("figures", [{}, {0: math.nan}, {0: 0.5, 1: math.inf}])
def test_figures_that_are_none_are_refused(figures: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="needs finite figures of at least one seed"):
        compare({0: 0.5}, figures)


def test_a_large_difference_is_found() -> None:
    rng = np.random.default_rng(3)
    found = [compare(seeds(x), seeds(x + rng.normal(0.02, 0.005, 5))) for x in rng.normal(0.9, 0.01, (200, 5))]
    assert np.mean([bool(one.exceeds_noise) for one in found]) > 0.99


@pytest.mark.parametrize(("effect", "groups"), [(1.5, 1), (0.8, 1), (1.2, 2)])
def test_the_seeds_needed_find_the_effect_in_four_of_five_attempts(effect: float, groups: int) -> None:
    n = seeds_needed(effect, groups)
    assert n is not None
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(ROUNDS):
        x = rng.standard_normal(n)
        if groups == 1:
            found = compare(seeds(np.zeros(n)), seeds(effect + x))
        else:
            y = {seed + n: value for seed, value in seeds(math.sqrt(2) * effect + rng.standard_normal(n)).items()}
            found = compare(seeds(x), y)
        hits += bool(found.exceeds_noise)
    assert 0.72 < hits / ROUNDS < 0.88


def test_a_tiny_effect_needs_more_seeds_than_anybody_has() -> None:
    assert seeds_needed(0.001, groups=1) is None


def test_more_comparisons_need_more_seeds() -> None:
    one, three, many = (seeds_needed(1.0, groups=2, comparisons=count) or 0 for count in (1, 3, 190))
    assert one < three < many


@pytest.mark.parametrize(("effect", "groups", "comparisons"), [(5, 1, 190), (0.7, 2, 3), (0.1, 1, 1), (9, 2, 1)])
def test_the_seeds_needed_are_the_fewest(effect: float, groups: int, comparisons: int) -> None:
    def is_enough(n: int) -> bool:
        df = groups * (n - 1)
        asked = stats.t.ppf(1 - 0.025 / comparisons, df) + stats.t.ppf(0.8, df)
        return bool(math.sqrt(n) * effect >= asked)

    assert seeds_needed(effect, groups, comparisons) == next(n for n in range(2, 1001) if is_enough(n))


def test_a_verdict_says_how_large_how_sure_and_how_many_more() -> None:
    sure = Difference(0.0123, (5, 5), True, 0.004, 0.003, 4)
    assert verdict(sure, "lr=0.1", "lr=0.01") == (
        "lr=0.1 is 1.23 ± 0.30 percentage points above lr=0.01 (p = 0.004, 5 pairs of seeds): more than seed noise."
    )
    unsure = replace(sure, p=0.3, paired=False, n=(3, 4), seeds_needed=21)
    assert verdict(unsure, "a", "b").endswith(
        "(p = 0.3, 3 and 4 seeds): not more than seed noise; about 21 seeds each would settle it."
    )
    hopeless = replace(unsure, seeds_needed=None)
    assert "more than 1,000 seeds would be needed" in verdict(hopeless, "a", "b")
    nearly = replace(sure, p=0.06, seeds_needed=4)
    assert verdict(nearly, "a", "b").endswith("not more than seed noise; a few more seeds would settle it.")
    loss = replace(sure, mean=-0.02, p=0.0001)
    assert verdict(loss, "a", "b", unit="loss", higher=False) == (
        "a is 0.0200 ± 0.0030 below b (p < 0.001, 5 pairs of seeds): more than seed noise."
    )
    assert (
        verdict(replace(sure, mean=0.0, p=1.0), "a", "b") == "a and b come to the same mean accuracy, 5 pairs of seeds."
    )


def test_a_verdict_goes_the_way_of_the_seeds_that_were_compared() -> None:
    """The best of all seeds may be the worse one on the common seeds."""
    turned = Difference(-0.01, (3, 3), True, 0.001, 0.002, 3)
    assert verdict(turned, "a", "b").startswith("b is 1.00 ± 0.20 percentage points above a (p = 0.001")
    assert verdict(replace(turned, mean=0.01), "a", "b", unit="loss", higher=False).startswith("b is 0.0100")


def test_a_verdict_without_a_spread_tells_no_interval() -> None:
    found = compare(seeds([0.25, 0.5]), seeds([0.5, 0.75]))
    assert verdict(found, "a", "b") == (
        "a is 25.00 percentage points above b (p = 0.5, 2 pairs of seeds): not more than seed noise; "
        "about 6 seeds each would settle it."
    )
