"""Which points a search tries."""

import math
import sys

import pytest

from trainlab.errors import InputError
from trainlab.experiments.sweep.search import Tried, corners, grid, propose, random_points
from trainlab.experiments.sweep.space import Choices, Range, Settings, Space

LR = Range(1e-4, 1.0, is_log=True)
SPACE: Space = {"lr": LR, "hidden": Choices(((8,), (16,), (32,))), "batch_size": Range(8, 64, True, is_whole=True)}


def test_a_grid_has_every_combination_in_order() -> None:
    assert grid({"lr": Choices((1.0, 2.0)), "split": Choices((0.1, 0.2))}) == [
        {"lr": 1.0, "split": 0.1},
        {"lr": 1.0, "split": 0.2},
        {"lr": 2.0, "split": 0.1},
        {"lr": 2.0, "split": 0.2},
    ]
    assert grid({}) == [{}]


def test_a_grid_refuses_ranges_and_slips_of_the_keyboard() -> None:
    with pytest.raises(InputError, match=r"dropout=0.0..0.5 is a range, and a grid needs values. Write some, such as "):
        grid({"dropout": Range(0.0, 0.5)})
    with pytest.raises(InputError, match="the grid has 1,000,000 points; at most 10,000"):
        grid({str(number): Choices(tuple(range(100))) for number in range(3)})


def test_random_points_depend_on_seed_and_number_alone() -> None:
    space: Space = {"lr": LR, "hidden": Choices(((8,), (16,)))}
    points = random_points(space, 20, seed=0)
    assert points[:5] == random_points(space, 5, seed=0)
    assert points != random_points(space, 20, seed=1)
    assert {point["hidden"] for point in points} == {(8,), (16,)}
    small = sum(point["lr"] < 1e-2 for point in points)
    assert 4 <= small <= 16  # half of a logarithmic range


def test_random_points_differ() -> None:
    space: Space = {"lr": Choices((0.1, 0.2)), "batch_size": Range(1, 3, is_whole=True)}
    points = random_points(space, 6, seed=0)
    assert len({tuple(point.items()) for point in points}) == 6
    with pytest.raises(InputError, match="7 different points cannot be found"):
        random_points(space, 7, seed=0)
    with pytest.raises(InputError, match="--trials 3 is more than the 2 points there are"):
        random_points({"lr": Choices((0.1, 0.2))}, 3, seed=0)


def test_corners_have_every_value_and_both_ends() -> None:
    assert corners({"lr": LR, "split": Choices((0.1, 0.2, 0.3))}) == [
        {"lr": 1e-4, "split": 0.1},
        {"lr": 1.0, "split": 0.1},
        {"lr": 1e-4, "split": 0.2},
        {"lr": 1e-4, "split": 0.3},
    ]


def score(settings: Settings) -> float:
    """Best at lr = 0.01 with 16 units."""
    return float(-abs(math.log10(settings["lr"]) + 2) - (settings["hidden"] != (16,)))


def search(trials: int) -> list[Tried]:
    tried: list[Tried] = []
    for number in range(trials):
        settings = propose(SPACE, number, 0, tried)
        tried.append(Tried(settings, score(settings)))
    return tried


def test_tpe_finds_better_points_than_it_began_with_and_the_same_ones_each_time() -> None:
    tried = search(30)
    scores = [point.score or 0.0 for point in tried]
    assert sum(scores[20:]) / 10 > sum(scores[:10]) / 10
    assert search(30) == tried
    for point in tried:
        assert 1e-4 <= point.settings["lr"] <= 1
        assert type(point.settings["batch_size"]) is int


def test_tpe_knows_points_that_are_still_running() -> None:
    tried = search(12)
    waiting = [*tried[:-1], Tried(tried[-1].settings, None)]
    assert propose(SPACE, 12, 0, waiting) not in [point.settings for point in tried]


def test_tpe_takes_a_pruned_point_for_worse_than_any_that_finished() -> None:
    """However high its accuracy: it is one of fewer epochs."""
    tried = [Tried(settings, score(settings)) for settings in random_points(SPACE, 20, 0)]
    low, high = ([point for point in tried if (point.settings["lr"] > 1e-2) == above] for above in (False, True))
    pruned = [Tried(point.settings, 100.0, pruned_after=2) for point in high]
    proposed = [propose(SPACE, 20 + number, 0, [*low, *pruned])["lr"] for number in range(10)]
    finished = [Tried(point.settings, 100.0) for point in high]
    believed = [propose(SPACE, 20 + number, 0, [*low, *finished])["lr"] for number in range(10)]
    assert sum(lr > 1e-2 for lr in proposed) < sum(lr > 1e-2 for lr in believed)


def test_tpe_without_optuna_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'trainlab\[sweep\]'"):
        propose({"lr": LR}, 0, 0, [])
