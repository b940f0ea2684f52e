"""Whole runs on a few hundred real images: what they leave behind, and that nothing is lost when they are killed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.experiments import killed_run
from tests.experiments.whole_runs import assert_equal_runs, figures, interrupt_after
from trainlab.data import load
from trainlab.experiments import Config, Result, RunFolder, evaluate_run, resume, train
from trainlab.nn import blas
from trainlab.training import Event, StepEnded
from trainlab.training.checkpoint import load as load_checkpoint


def test_the_folder_holds_what_it_should(whole: Result) -> None:
    names = {path.name for path in whole.run.path.iterdir()} - {".lock"}
    assert names == {
        "config.toml", "environment.json", "split.npz", "metrics.jsonl", "summary.json", "checkpoints", "log.txt",
    }  # fmt: skip
    opened = RunFolder.open(whole.run.path)
    assert opened.config == whole.run.config
    assert opened.name == "whole"
    noted = opened.read_environment()
    assert noted["command"] == ["trainlab", "train"]
    assert (noted["device"], noted["precision"], noted["blas"]) == ("cpu", "fp32", blas.library())


def test_the_summary_says_how_it_ended(whole: Result) -> None:
    summary = whole.run.read_summary()
    assert summary is not None
    assert summary["status"] == "finished"
    assert summary["steps"] == 33
    assert summary["parameters"] == 784 * 16 + 16 + 16 * 10 + 10
    assert summary["seed"] == 0
    lines = whole.run.read_metrics()
    assert summary["final"] == {key: lines[-1][key] for key in ("epoch", "train", "validation")}
    best = max(lines, key=lambda line: line["validation"]["accuracy"])
    assert summary["best"] == {key: best[key] for key in ("epoch", "train", "validation")}
    assert 0 < summary["test"]["accuracy"] <= 1


def test_the_network_has_learned_something(whole: Result) -> None:
    assert whole.summary["final"]["train"]["accuracy"] > 0.5  # guessing gives 0.1


def test_validation_and_training_images_are_apart_and_saved(whole: Result) -> None:
    split = whole.run.load_split()
    assert len(split.train) == 540
    assert len(split.validation) == 60
    assert not set(split.train) & set(split.validation)


def test_the_best_weights_give_the_best_figures_again(whole: Result) -> None:
    found = evaluate_run(whole.run, "validation")
    assert found.metrics._asdict() == whole.summary["best"]["validation"]
    assert found.epoch == whole.summary["best"]["epoch"]


def test_the_test_figures_are_of_the_best_epoch_s_weights(whole: Result) -> None:
    assert evaluate_run(whole.run, "test").metrics._asdict() == whole.summary["test"]


def test_the_test_set_is_read_only_for_the_final_evaluation(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []

    def noting_load(name: str, part: Any, data_dir: Path | None = None) -> Any:
        parts.append(part)
        return load(name, part, data_dir)

    for module in ("prepared_data", "kept_network"):
        monkeypatch.setattr(f"trainlab.experiments.{module}.load", noting_load)
    config = killed_run.configuration(tiny_mnist).override(["epochs=1"])
    result = train(replace(config, evaluate_test=False), tmp_path / "without", "x")
    assert parts == ["train"]
    assert result.summary["test"] is None
    train(config, tmp_path / "with", "x")
    assert parts == ["train", "train", "test"]


def test_the_same_seed_gives_the_same_run_and_another_seed_another(
    whole: Result, tiny_mnist: Path, tmp_path: Path
) -> None:
    config = killed_run.configuration(tiny_mnist)
    again = train(config, tmp_path / "again", "again")
    assert_equal_runs(again.run.path, whole.run.path)
    other = train(config.override(["seed=1"]), tmp_path / "other", "other")
    assert figures(other.run.path) != figures(whole.run.path)


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("step", 1),  # before any checkpoint but the first
        ("step", 7),  # between two
        ("step", 22),  # after an epoch's last step, before its validation
        ("epoch", 1),  # the epoch's line is written, its checkpoint is not
        ("step-", 2),  # a checkpoint is written but has no name yet
        ("step-", 5),
        ("best", 1),  # the same of the best one, which the checkpoint before knows to be the best
        ("best", 2),
        ("step", 33),
    ],
)
def test_a_killed_run_resumes_to_the_same_figures_and_weights(
    whole: Result, tiny_mnist: Path, tmp_path: Path, moment: str, number: int
) -> None:
    run = tmp_path / "killed"
    command = [sys.executable, killed_run.__file__, str(tiny_mnist), str(run), moment, str(number)]
    killed = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert killed.returncode == -9, killed.stderr
    resumed = resume(run)
    assert resumed is not None
    assert resumed.outcome.status == "finished"
    assert_equal_runs(run, whole.run.path)
    assert resumed.summary["test"] == whole.summary["test"]
    assert resumed.summary["best"] == whole.summary["best"]
    assert not list(run.rglob("*.tmp"))


def test_a_run_under_way_again_has_no_summary_of_how_it_ended_before(tiny_mnist: Path, tmp_path: Path) -> None:
    interrupt_after(9, killed_run.configuration(tiny_mnist), tmp_path / "run")
    (tmp_path / "run" / "summary.json.4711.tmp").touch()
    summaries: list[Any] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEnded):
            summaries.append(RunFolder.open(tmp_path / "run").read_summary())

    assert resume(tmp_path / "run", listeners=[look]) is not None
    assert summaries == [None] * 24
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_an_interrupted_run_resumes_to_the_same_figures_and_weights(
    whole: Result, tiny_mnist: Path, tmp_path: Path
) -> None:
    run = tmp_path / "interrupted"
    interrupted = interrupt_after(9, killed_run.configuration(tiny_mnist), run)
    assert interrupted.summary["status"] == "interrupted"
    assert interrupted.summary["test"] is None
    assert resume(run) is not None
    assert_equal_runs(run, whole.run.path)


def test_a_broken_checkpoint_is_told_and_the_one_before_it_used(
    whole: Result, tiny_mnist: Path, tmp_path: Path
) -> None:
    run = tmp_path / "broken"
    interrupt_after(9, killed_run.configuration(tiny_mnist), run)
    newest = RunFolder.open(run).checkpoints.step_paths()[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    told: list[Any] = []
    assert resume(run, on_refused=told.append) is not None
    assert newest.name in str(told[0])
    assert_equal_runs(run, whole.run.path)


def test_a_finished_run_is_not_run_again(whole: Result) -> None:
    assert resume(whole.run.path) is None


def test_a_diverging_run_keeps_its_last_good_checkpoint(tiny_mnist: Path, tmp_path: Path) -> None:
    config = Config().override(["lr=1e30", "batch_size=50", f"data_dir={tiny_mnist}"])
    result = train(config, tmp_path / "run", "x")
    assert result.summary["status"] == "diverged"
    assert result.summary["test"] is None
    latest, refused = result.run.checkpoints.load_latest()
    assert not refused
    assert all(np.isfinite(array).all() for array in latest.engine.model.values())


def test_checkpoints_say_what_they_need(whole: Result) -> None:
    extra = load_checkpoint(whole.run.checkpoints.best_path).extra
    assert extra["classes"] == list("0123456789")
    assert extra["transform"]
