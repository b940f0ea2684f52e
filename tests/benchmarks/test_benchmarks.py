"""Every benchmark does its work on a few hundred images; how fast is not a test's business."""

import importlib.util
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    evaluation_batch1,
    lab1_epoch,
    lab1_experiments,
    memory,
    presets,
    profile_step,
    sklearn_classifier,
    startup,
    time_to_accuracy,
    training,
)
from benchmarks.__main__ import main
from benchmarks.problem import make_problem, train, trainlab_training
from benchmarks.rivals import import_rival, pytorch
from benchmarks.rounds import admit
from benchmarks.size import QUICK
from trainlab.errors import RunFailed
from trainlab.nn.blas import thread_limit

TINY = replace(QUICK, rounds=2, seconds=0.002, starts=1)


@pytest.fixture(autouse=True)
def _few_images(tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tiny_mnist))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize("batch_size", [1, 128])
def test_pytorch_takes_the_steps_that_trainlab_takes(batch_size: int) -> None:
    problem = make_problem(batch_size)
    rivals = {make.__name__: make for make in (pytorch.bare, pytorch.same_work, pytorch.as_written)}

    admitted, missing = admit(
        trainlab_training(problem), {name: partial(make, problem) for name, make in rivals.items()}
    )

    assert list(admitted) == list(rivals)
    assert missing == []


def test_training_runs_about_as_many_steps_as_asked_in_whole_epochs() -> None:
    problem = make_problem(batch_size=1)
    with thread_limit(problem.threads):
        assert train(problem.config, problem.data, problem.engine(), 7) == 7
        assert train(problem.config, problem.data, problem.engine(), 700) == 2 * 540


def test_training_is_compared_with_every_rival() -> None:
    rivals = {training.BARE: pytorch.bare, "DataLoader": pytorch.as_written}

    (part,) = training.measure(TINY, batch_size=1, rivals=rivals)["parts"]

    assert part["kind"] == "comparison"
    assert [rival["name"] for rival in part["rivals"]] == list(rivals)
    assert part["rivals"][0]["target"] == {"at_least": 5, "aim": 10}
    assert len(part["ours"]["values"]) == 2


def test_every_target_belongs_to_a_rival() -> None:
    for targets in training.TARGETS.values():
        assert set(targets) <= set(training.RIVALS)


def test_a_rival_that_is_not_installed_is_named() -> None:
    with pytest.raises(ImportError, match="no_such_rival is not installed; `make bench` installs all rivals"):
        import_rival("no_such_rival")


def test_evaluation_is_compared_with_and_without_loss() -> None:
    parts = evaluation_batch1.measure(TINY)["parts"]

    assert [len(part["rivals"]) for part in parts if part["kind"] == "comparison"] == [1, 2]
    assert all(part["missing"] == [] for part in parts if part["kind"] == "comparison")


def test_the_clock_stops_at_the_first_epoch_that_is_good_enough() -> None:
    run = time_to_accuracy.run_once("mnist-fast", seed=0, overrides=["epochs=2"])

    assert len(run.accuracies) == len(run.arrivals) == 2
    assert run.seconds_to(0.1) == run.arrivals[0] < run.arrivals[1] < run.wall_seconds
    assert run.seconds_to(1.1) is None


def test_one_lab1_epoch_is_timed() -> None:
    (part,) = lab1_epoch.measure(TINY)["parts"]

    assert part["kind"] == "limits"
    assert part["rows"][0]["name"] == "540 steps and validation"
    assert len(part["rows"][0]["values"]) == 2


def test_processes_are_started_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    (part,) = startup.measure(TINY)["parts"]

    assert part["kind"] == "limits"
    assert len(part["rows"]) == 4
    assert part["missing"] == [{"name": "python -c 'import torch'", "reason": "torch is not installed"}]


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(RunFailed, match="ended with status 3: broken"):
        startup.seconds_of([sys.executable, "-c", "import sys; print('broken', file=sys.stderr); sys.exit(3)"])


def test_peak_memory_is_that_of_the_command_and_not_of_the_benchmark() -> None:
    own = np.ones(400_000_000, np.uint8)
    del own

    assert 20 < memory.peak_megabytes("mnist-fast", ["epochs=1"]) < 350


def test_the_lab_report_experiments_stand_beside_what_was_published() -> None:
    result = lab1_experiments.measure(TINY)

    (part,) = result["parts"]
    assert part["kind"] == "table"
    assert len(part["rows"]) == 2 * 4
    assert part["rows"][1] == ["“the best”", "report", "0.2505", "0.9757", "0.2699", "0.9712"]
    assert [len(runs) for runs in result["raw"].values()] == [1, 1, 1, 1]


def test_presets_without_data_are_left_out_by_name() -> None:
    result = presets.measure(TINY, presets=("mnist-fast", "fashion-mnist-mlp"))

    (part,) = result["parts"]
    assert part["kind"] == "table"
    assert [row[0] for row in part["rows"]] == ["mnist-fast"]
    assert "Left out: fashion-mnist-mlp, because fashion-mnist (train) is not on this machine" in result["notes"][1]


def test_the_profile_accounts_for_the_whole_step() -> None:
    result = profile_step.measure(TINY)

    for parts in result["raw"]["microseconds"]:
        whole = parts.pop("whole step")
        outside = parts.pop("read") + parts.pop("read and write")
        assert outside > 0
        assert sum(parts.values()) == pytest.approx(whole)
        assert {"Linear(784, 128).forward", "ReLU().backward", "SGD.step: weight 128×784"} <= set(parts)


def test_estimators_take_the_same_steps_and_are_fitted_in_turn() -> None:
    comparison, table = sklearn_classifier.measure(TINY)["parts"]

    assert comparison["kind"] == "comparison"
    assert [rival["name"].split(",")[0] for rival in comparison["rivals"]] == [
        *["scikit-learn MLPClassifier"] * 2,
        *["trainlab NetworkClassifier"] * 2,
    ]
    assert comparison["missing"] == []
    assert table["kind"] == "table"
    assert [row[-1] for row in table["rows"]] == ["2"] * 5


def test_the_command_notes_figures_and_writes_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab1_epoch", "--rounds", "1", "--folder", str(tmp_path)]) == 0

    record = json.loads((tmp_path / "results.json").read_text())["lab1_epoch"]
    assert record["command"] == f"python -m benchmarks lab1_epoch --rounds 1 --folder {tmp_path}"
    assert record["environment"]["packages"]["numpy"] == np.__version__
    assert "## lab1_epoch" in (tmp_path / "RESULTS.md").read_text()
    assert "540 steps and validation" in capsys.readouterr().out
