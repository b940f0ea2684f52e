"""Main effects of hyperparameters, in full grids and in what is left of them."""

from collections.abc import Hashable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.experiments.statistics import best_against_others, main_effects

Figures = list[tuple[Mapping[str, Hashable], Mapping[int, float]]]


def grid(noise: float = 0.0) -> Figures:
    """lr adds its value, momentum a tenth of it, and each seed its own luck."""
    rng = np.random.default_rng(0)
    return [
        ({"lr": lr, "momentum": momentum}, {seed: lr + momentum / 10 + noise * rng.normal() for seed in range(3)})
        for lr in (0.1, 0.2, 0.4)
        for momentum in (0.0, 0.9)
    ]


def test_by_hand() -> None:
    rate, momentum = main_effects(grid())
    assert (rate.name, momentum.name) == ("lr", "momentum")
    assert [level.value for level in rate.levels] == [0.1, 0.2, 0.4]
    assert [level.mean for level in rate.levels] == pytest.approx([0.145, 0.245, 0.445])
    assert (rate.combinations, rate.left_out) == (2, 0)
    assert rate.span == pytest.approx(0.3)
    assert momentum.span == pytest.approx(0.09)
    assert momentum.combinations == 3


def test_only_combinations_with_every_level_count() -> None:
    """lr=0.4 was tried with momentum alone: momentum must not make it look better."""
    partial = [one for one in grid() if one[0] != {"lr": 0.4, "momentum": 0.0}]
    rate, momentum = main_effects(partial)
    assert [level.mean for level in rate.levels] == pytest.approx([0.19, 0.29, 0.49])
    assert (rate.combinations, rate.left_out) == (1, 2)
    assert (momentum.combinations, momentum.left_out) == (2, 1)
    assert momentum.span == pytest.approx(0.09)


def test_a_setting_without_a_finished_run_was_not_measured() -> None:
    figures = grid()
    figures[-1] = (figures[-1][0], {})
    assert main_effects(figures) == main_effects(figures[:-1])


def test_where_nothing_is_tried_twice_there_is_no_main_effect() -> None:
    random = [({"lr": lr, "momentum": momentum}, {0: lr}) for lr, momentum in ((0.1, 0.3), (0.2, 0.5), (0.4, 0.7))]
    assert main_effects(random) == []
    assert main_effects([]) == []
    assert main_effects([({}, {0: 0.5})]) == []


def test_the_means_by_seed_are_over_seeds_that_all_settings_have() -> None:
    figures = grid(noise=0.001)
    figures[0] = (figures[0][0], {seed: value for seed, value in figures[0][1].items() if seed != 1})
    rate = main_effects(figures)[0]
    assert [list(level.by_seed) for level in rate.levels] == [[0, 2]] * 3
    expected = np.mean([figures[0][1][2], figures[1][1][2]])
    assert rate.levels[0].by_seed[2] == pytest.approx(expected)


def test_an_effect_is_judged_like_a_setting() -> None:
    rate = main_effects(grid(noise=0.001))[0]
    highest, *others = sorted((level.by_seed for level in rate.levels), key=lambda by_seed: -by_seed[0])
    assert all(difference.exceeds_noise for difference in best_against_others(highest, others))


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_in_a_grid_the_mean_of_the_levels_is_the_mean_of_all(values: list[float]) -> None:
    figures = [(settings, {0: value}) for (settings, _), value in zip(grid(), values, strict=True)]
    for effect in main_effects(figures):
        assert np.mean([level.mean for level in effect.levels]) == pytest.approx(np.mean(values), abs=1e-12)
