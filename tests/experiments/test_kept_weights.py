"""Whose weights a run ends with: those of its best epoch, or with keep = "last" those of its last."""

import json
import shutil
from pathlib import Path

import pytest

from tests.experiments.whole_runs import interrupt_after
from trainlab.cli.train import figures_table
from trainlab.errors import InputError
from trainlab.experiments import Config, Result, RunFolder, evaluate_run, resume, train
from trainlab.experiments.measured_run import measure

EPOCHS = 6


def configuration(data_dir: Path, keep: str) -> Config:
    """At this rate the validation accuracy goes up and down, and the last epoch is not the best."""
    return Config(data_dir=str(data_dir), hidden=(16,), lr=1.0, epochs=EPOCHS, split=0.2, batch_size=20, keep=keep)


@pytest.fixture(scope="module")
def last(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    result = train(configuration(tiny_mnist, "last"), tmp_path_factory.mktemp("runs") / "last", "last")
    assert result.summary["best"]["epoch"] < EPOCHS
    return result


def test_the_last_epoch_s_weights_are_evaluated(last: Result, tiny_mnist: Path, tmp_path: Path) -> None:
    found = evaluate_run(last.run, "validation")
    assert found.epoch == EPOCHS
    assert found.metrics._asdict() == last.summary["final"]["validation"]
    assert found.metrics._asdict() != last.summary["best"]["validation"]
    assert last.summary["test"] == evaluate_run(last.run, "test").metrics._asdict()

    best = train(configuration(tiny_mnist, "best"), tmp_path / "best", "best")
    assert evaluate_run(best.run, "validation").metrics._asdict() == best.summary["best"]["validation"]
    assert best.summary["final"] == last.summary["final"]
    assert best.summary["test"] != last.summary["test"]


def test_its_figures_are_those_that_are_compared_and_shown(last: Result) -> None:
    assert measure(last.run).figures["validation_accuracy"] == last.summary["final"]["validation"]["accuracy"]
    (tested,) = (line for line in figures_table(last.summary) if " test " in line)
    assert tested.startswith(f"last epoch {EPOCHS} ")


def test_a_stopped_run_has_the_weights_of_its_newest_checkpoint(last: Result, tmp_path: Path) -> None:
    run = RunFolder.open(shutil.copytree(last.run.path, tmp_path / "run"))
    (run.path / "summary.json").unlink()
    newest = run.checkpoints.step_paths()[-1]
    newest.unlink()
    assert evaluate_run(run, "validation").epoch == EPOCHS - 1
    resumed = resume(run.path)
    assert resumed is not None
    for key in ("final", "best", "kept", "test"):
        assert resumed.summary[key] == last.summary[key]


def test_a_damaged_last_checkpoint_is_not_replaced_by_an_older_one(last: Result, tmp_path: Path) -> None:
    run = RunFolder.open(shutil.copytree(last.run.path, tmp_path / "run"))
    run.checkpoints.step_paths()[-1].write_bytes(b"cut off")
    with pytest.raises(InputError, match="is not a whole checkpoint file"):
        evaluate_run(run, "validation")


def test_a_summary_that_names_other_weights_is_refused(last: Result, tmp_path: Path) -> None:
    run = RunFolder.open(shutil.copytree(last.run.path, tmp_path / "run"))
    summary = json.loads((run.path / "summary.json").read_text())
    (run.path / "summary.json").write_text(json.dumps(summary | {"kept": "first"}))
    with pytest.raises(InputError, match=r"summary.json has 'first' for 'kept', so the run cannot be read"):
        measure(run)


def test_a_run_in_the_middle_of_an_epoch_has_no_last_epoch(tiny_mnist: Path, tmp_path: Path) -> None:
    config = configuration(tiny_mnist, "last").override(["checkpoint_steps=1"])
    interrupt_after(3, config, tmp_path / "early")
    with pytest.raises(InputError, match="holds no weights to use: no epoch was finished"):
        evaluate_run(RunFolder.open(tmp_path / "early"), "validation")
    run = interrupt_after(24 + 3, config, tmp_path / "run").run
    with pytest.raises(
        InputError, match=r"run is in the middle of epoch 2, and with keep = \"last\" it has the weights"
    ):
        evaluate_run(run, "validation")
    resumed = resume(run.path)
    assert resumed is not None
    assert evaluate_run(run, "validation").metrics._asdict() == resumed.summary["final"]["validation"]
