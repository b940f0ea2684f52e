import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.comparison import compare_runs
from trainlab.experiments.measured_run import MeasuredRun, find_runs


def measured(seed: int = 0, accuracy: float = 0.9, status: str = "finished", **settings: Any) -> MeasuredRun:
    config = replace(Config(), seed=seed, **settings)
    figures = {
        "validation_accuracy": accuracy,
        "validation_loss": 1 - accuracy,
        "train_accuracy": accuracy,
        "train_loss": 1 - accuracy,
        "seconds": 1.0,
    }
    name = "-".join(map(str, [*settings.values(), seed]))
    return MeasuredRun(Path(name), "mnist-mlp", config, status, [], figures if status == "finished" else {})


def test_runs_that_differ_in_their_seed_are_one_setting() -> None:
    runs = [measured(seed, 0.9 + 0.01 * seed + lr, lr=lr, threads=seed) for lr in (0.01, 0.02) for seed in range(3)]
    found = compare_runs(runs)
    assert [setting.label for setting in found.settings] == ["lr=0.02", "lr=0.01"]
    assert [setting.settings for setting in found.settings] == [{"lr": 0.02}, {"lr": 0.01}]
    summary = found.settings[0].summary("validation_accuracy")
    assert summary is not None
    assert summary.n == 3
    assert summary.mean == pytest.approx(0.93)
    (difference,) = found.differences
    assert difference is not None
    assert difference.paired
    assert difference.mean == pytest.approx(0.01)


def test_the_lowest_loss_is_best() -> None:
    runs = [measured(seed, 0.9 - lr + 0.001 * seed, lr=lr) for lr in (0.1, 0.2) for seed in range(2)]
    found = compare_runs(runs, "validation_loss")
    assert found.settings[0].label == "lr=0.1"
    assert found.sentences[0].startswith("lr=0.1 is 0.1000 below lr=0.2")


def test_the_order_of_the_runs_changes_nothing() -> None:
    runs = [measured(seed, 0.9 + 0.01 * seed - lr, lr=lr) for lr in (0.01, 0.02, 0.03) for seed in range(3)]
    assert compare_runs(runs).to_dict() == compare_runs(runs[::-1]).to_dict()
    json.dumps(compare_runs(runs).to_dict(), allow_nan=False)


def test_every_comparison_makes_the_others_count_for_less() -> None:
    pair = [
        measured(seed, 0.9 + gain * (1 + 0.2 * seed), lr=lr) for lr, gain in ((0.1, 0), (0.2, 0.01)) for seed in (0, 1)
    ]
    more = [measured(seed, 0.8 + 0.09 * seed, lr=0.3) for seed in (0, 1)]
    alone, among = compare_runs(pair).differences, compare_runs(pair + more).differences
    assert alone[0] is not None
    assert among[0] is not None
    assert alone[0].p is not None
    assert among[0].p == pytest.approx(3 * alone[0].p)  # three pairs


def test_a_sentence_is_about_the_seeds_that_were_compared() -> None:
    """lr=0.1 has the higher mean by a seed of its own, and is the worse one on each common seed."""
    first = [measured(seed, value, lr=0.1) for seed, value in {0: 0.9, 1: 0.901, 2: 0.902, 9: 0.999}.items()]
    second = [measured(seed, value, lr=0.2) for seed, value in enumerate((0.91, 0.9112, 0.9119))]
    found = compare_runs(first + second)
    assert found.settings[0].label == "lr=0.1"
    assert found.sentences[0].startswith("lr=0.2 is 1.00 ± 0.04 percentage points above lr=0.1")


def test_a_search_has_shares_of_variance_and_a_grid_has_none() -> None:
    points = [(0.01 * (1 + number), 0.01 * (7 * number % 20)) for number in range(20)]
    runs = [measured(seed, 0.5 + lr, lr=lr, dropout=dropout) for lr, dropout in points for seed in range(2)]
    found = compare_runs([*runs, measured(status="pruned", lr=0.9, dropout=0.9)])
    assert [one.name for one in found.importance] == ["lr", "dropout"]
    assert found.importance[0].share > 0.99
    assert found.to_dict()["importance"][0].keys() == {"name", "share", "low", "high"}
    grid = [measured(lr=0.1 * one, dropout=0.1 * two) for one in range(1, 5) for two in range(4)]
    assert compare_runs(grid).importance == []
    assert compare_runs([measured(accuracy=lr, lr=lr) for lr, _ in points]).importance == []  # of one, it would be all


def test_pruned_settings_come_last_without_a_figure_and_one_warning_is_for_all() -> None:
    finished = [measured(seed, 0.9 - lr, lr=lr) for lr in (0.1, 0.2) for seed in range(3)]
    found = compare_runs([measured(status="pruned", lr=0.01), *finished, measured(status="pruned", lr=0.02)])
    assert [setting.label for setting in found.settings] == ["lr=0.1", "lr=0.2", "lr=0.01", "lr=0.02"]
    assert found.differences[1:] == (None, None)
    assert len(found.sentences) == 1
    (warning,) = found.warnings
    assert warning.startswith("2 of 4 settings were pruned by the sweep, because their first seed was behind")


def test_only_finished_runs_count_and_the_others_are_named() -> None:
    runs = [measured(0, lr=0.1), measured(1, status="diverged", lr=0.1), measured(0, status="unfinished", lr=0.2)]
    found = compare_runs(runs)
    assert [len(setting.finished) for setting in found.settings] == [1, 0]
    assert found.differences == (None,)
    assert "lr=0.1: 1 of 2 runs diverged (seed 1), not counted" in found.warnings
    assert "lr=0.2: its only run unfinished (seed 0), not counted" in found.warnings
    assert "lr=0.1: 1 seed only; 3 or more tell how much seeds differ" in found.warnings


def test_a_repeated_run_counts_once() -> None:
    again = replace(measured(0, lr=0.1), path=Path("again"))
    found = compare_runs([measured(0, lr=0.1), again, measured(0, lr=0.2)])
    assert sum(len(setting.runs) for setting in found.settings) == 2
    assert found.warnings[0] == "again has the settings and the seed of 0.1-0: it is left out"


def test_overfitting_is_seen() -> None:
    losses = [(0.5, 0.5), (0.3, 0.4), (0.1, 0.6)]
    epochs = [
        {"epoch": number, "train": {"loss": train}, "validation": {"loss": validation}}
        for number, (train, validation) in enumerate(losses, start=1)
    ]
    runs = [replace(measured(0, lr=lr), epochs=epochs) for lr in (0.1, 0.2)]
    assert runs[0].overfits_after == 2
    assert "lr=0.1: overfits, its validation loss rises after epoch 2" in compare_runs(runs).warnings


@pytest.mark.parametrize(
    ("key", "values"), [("split", (0.1, 0.2)), ("subset", (500, 600)), ("stratified", (True, False))]
)
def test_different_validation_images_are_warned_of(key: str, values: tuple[Any, Any]) -> None:
    found = compare_runs([measured(0, **{key: value}) for value in values])
    assert f"validation images are not the same for all settings: {key} differs" in found.warnings


def test_losses_of_different_kinds_are_not_compared() -> None:
    runs = [measured(seed, 0.9 + 0.01 * seed, label_smoothing=share) for share in (0.0, 0.1) for seed in (0, 1)]
    with pytest.raises(InputError, match=r"label_smoothing=0\.0 and 0\.1.* --metric validation_accuracy"):
        compare_runs(runs, "validation_loss")
    warnings = compare_runs(runs).warnings
    assert "losses mean different things, so compare accuracies: label_smoothing differs" in warnings


def test_one_setting_is_told_without_a_comparison() -> None:
    found = compare_runs([measured(0, 0.9), measured(1, 0.92)])
    assert found.sentences == (
        "All runs have the same settings: validation accuracy 0.9100 ± 0.0141 over 2 seeds. "
        "There is nothing to compare.",
    )


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least two runs, got 1"):
        compare_runs([measured()])
    with pytest.raises(InputError, match="runs on cifar-10 and mnist cannot be compared"):
        compare_runs([measured(), measured(dataset="cifar-10")])
    with pytest.raises(InputError, match=r"none of the runs has finished: .*\(unfinished\)"):
        compare_runs([measured(0, status="unfinished"), measured(1, status="unfinished")])
    with pytest.raises(InputError, match="did you mean 'validation_loss'"):
        compare_runs([measured(0), measured(1)], "validation_los")
    with pytest.raises(InputError, match="is not the folder of a run"):
        find_runs([tmp_path])


def test_main_effects_where_several_settings_differ() -> None:
    runs = [
        measured(seed, 0.5 + lr + width / 1000 + 0.001 * seed, lr=lr, hidden=(width,))
        for lr in (0.2, 0.1)
        for width in (16, 32)
        for seed in (0, 1)
    ]
    rate, width = compare_runs(runs).main_effects
    assert (rate.name, [level.value for level in rate.levels]) == ("lr", [0.1, 0.2])
    assert (width.name, [level.value for level in width.levels]) == ("hidden", [(16,), (32,)])
    assert compare_runs(runs).to_dict()["main_effects"][0]["span"] == pytest.approx(0.1)
    assert compare_runs(runs[:4]).main_effects == []


def test_many_settings_with_few_seeds_are_warned_of_once() -> None:
    named = compare_runs([measured(0, 0.9 - lr, lr=lr) for lr in (0.1, 0.2, 0.3)]).warnings
    assert named == tuple(f"lr={lr}: 1 seed only; 3 or more tell how much seeds differ" for lr in (0.1, 0.2, 0.3))
    counted = compare_runs([measured(0, 0.9 - lr, lr=lr) for lr in (0.1, 0.2, 0.3, 0.4)]).warnings
    assert counted == ("4 settings: 1 seed only; 3 or more tell how much seeds differ",)


def test_settings_of_one_seed_are_told_together() -> None:
    found = compare_runs([measured(accuracy=lr, lr=lr) for lr in (0.1, 0.2, 0.3)])
    assert len(found.sentences) == 1
    assert found.sentences[0].startswith("Every setting was run with a single seed")
    seeds = [measured(accuracy=0.2, lr=0.2, seed=seed) for seed in (0, 1)]
    found = compare_runs([*seeds, measured(accuracy=0.1, lr=0.1), measured(accuracy=0.3, lr=0.3)])
    assert len(found.sentences) == 2


def test_a_setting_that_alone_has_finished_is_compared_with_none() -> None:
    found = compare_runs([measured(accuracy=0.2, lr=0.2), measured(accuracy=0.1, lr=0.1, status="unfinished")])
    assert found.sentences == ("No other setting has a finished run, so nothing can be concluded.",)
