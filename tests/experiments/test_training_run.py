"""Whole runs on a few hundred real images: what they leave behind, and that nothing is lost when they are killed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.experiments import killed_run
from trainlab import atomic
from trainlab.data import load
from trainlab.errors import InputError
from trainlab.experiments import Config, Result, RunFolder, evaluate_run, resume, train
from trainlab.experiments.prediction import predict_images
from trainlab.nn import blas
from trainlab.training import Checkpoint, Event, StepEnded
from trainlab.training.checkpoint import load as load_checkpoint


def last_weights(run: Path) -> dict[str, Any]:
    checkpoint: Checkpoint = RunFolder.open(run).checkpoints.load_latest()[0]
    return dict(checkpoint.engine.model)


def figures(run: Path) -> list[dict[str, Any]]:
    """metrics.jsonl without its timings."""
    return [
        {key: value for key, value in line.items() if key != "seconds"} for line in RunFolder.open(run).read_metrics()
    ]


def assert_equal_runs(one: Path, other: Path) -> None:
    assert figures(one) == figures(other)
    weights = last_weights(other)
    for name, array in last_weights(one).items():
        np.testing.assert_array_equal(array, weights[name], strict=True)


@pytest.fixture(scope="module")
def whole(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train(killed_run.configuration(tiny_mnist), folder, "whole", command=["trainlab", "train"])


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

    for module in ("assemble", "training_run"):
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


def interrupt_after(step: int, config: Config, run: Path) -> Result:
    trainers: list[Any] = []

    def stop(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == step:
            trainers[0].request_stop()

    return train(config, run, "interrupted", listeners=[stop], on_start=trainers.append)


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


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pictures with train, validation and test, and a cache of its own."""
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "cache"))
    digits = load("mnist", "test")
    for part, start, stop in (("train", 0, 60), ("validation", 60, 90), ("test", 90, 120)):
        for position in range(start, stop):
            kind = tmp_path / "pictures" / part / ("even" if digits.labels[position] % 2 == 0 else "odd")
            kind.mkdir(parents=True, exist_ok=True)
            Image.fromarray(digits.images[position, 0]).save(kind / f"{position}.png")
    return tmp_path / "pictures"


def of_pictures(pictures: Path, *words: str) -> Config:
    settings = [f"dataset=folder:{pictures},size=28", "batch_size=10", "epochs=2", "hidden=[8]"]
    return Config().override([*settings, *words])


def test_a_folder_of_pictures_keeps_its_own_validation_part(pictures: Path, tmp_path: Path) -> None:
    result = train(of_pictures(pictures), tmp_path / "run", "pictures")
    split = result.run.load_split()
    assert (len(split.train), len(split.validation)) == (60, 30)
    assert evaluate_run(result.run, "test").size == 30
    assert evaluate_run(result.run, "validation").metrics._asdict() == result.summary["best"]["validation"]


def test_a_run_predicts_where_its_pictures_are_not(pictures: Path, tmp_path: Path) -> None:
    result = train(of_pictures(pictures, "evaluate_test=false"), tmp_path / "run", "pictures")
    one = next((pictures / "test" / "even").iterdir()).rename(tmp_path / "one.png")
    shutil.rmtree(pictures)
    [(pixels, probabilities)] = predict_images(result.run, [one])
    assert (pixels.shape, list(probabilities)) == ((28, 28), ["even", "odd"])


# ---------------------------------------------------------------- bad input


def test_a_folder_that_exists_is_never_overwritten(tiny_mnist: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already, and a run never overwrites anything"):
        train(killed_run.configuration(tiny_mnist), tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_wrong_data_is_found_before_the_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        train(Config().override([f"data_dir={tmp_path / 'none'}"]), tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


def test_missing_test_images_are_found_before_anything_is_trained(pictures: Path, tmp_path: Path) -> None:
    shutil.rmtree(pictures / "test")
    with pytest.raises(InputError, match=r"has no folder test.*add evaluate_test=false"):
        train(of_pictures(pictures), tmp_path / "run", "pictures")
    assert not (tmp_path / "run").exists()
    assert train(of_pictures(pictures, "evaluate_test=false"), tmp_path / "run", "x").summary["test"] is None


def test_test_images_that_go_while_it_trains_leave_a_finished_run(pictures: Path, tmp_path: Path) -> None:
    def remove(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == 3:
            shutil.rmtree(pictures / "test")

    with pytest.raises(InputError, match=r"has no folder test.*The training is done and saved.*trainlab evaluate"):
        train(of_pictures(pictures), tmp_path / "run", "pictures", listeners=[remove])
    summary = RunFolder.open(tmp_path / "run").read_summary()
    assert summary is not None
    assert (summary["status"], summary["final"]["epoch"], summary["test"]) == ("finished", 2, None)
    assert resume(tmp_path / "run") is None


def add_one(pictures: Path) -> None:
    shutil.copy(next((pictures / "train" / "even").iterdir()), pictures / "train" / "even" / "another.png")


def rename_a_class(pictures: Path) -> None:
    for part in pictures.iterdir():
        (part / "even").rename(part / "straight")


@pytest.mark.parametrize("change", [add_one, rename_a_class])
def test_pictures_that_have_changed_since_are_refused(
    pictures: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    config = of_pictures(pictures)
    interrupted = interrupt_after(9, config, tmp_path / "run")
    change(pictures)
    with pytest.raises(InputError, match=r"has changed since .*run was started, with 90 images of even, odd; now"):
        resume(tmp_path / "run")
    if change is add_one:
        with pytest.raises(InputError, match=r"has changed since .*now there are 91 of even, odd"):
            evaluate_run(interrupted.run, "validation")
    else:
        with pytest.raises(InputError, match=r"other classes than .*run learned: odd, straight instead of even, odd"):
            evaluate_run(interrupted.run, "test")


def test_a_batch_larger_than_the_data_is_refused(tiny_mnist: Path, tmp_path: Path) -> None:
    config = killed_run.configuration(tiny_mnist).override(["batch_size=541"])
    with pytest.raises(InputError, match="batch_size=541: expected 1 to 540"):
        train(config, tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


def test_a_disk_that_fills_up_loses_nothing_that_was_saved(
    whole: Result, tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, fsync, left = tmp_path / "run", os.fsync, [25]

    def fsync_until_full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_until_full)
    with pytest.raises(InputError, match=r"No space left on device.*go on with `trainlab resume .*run`"):
        train(killed_run.configuration(tiny_mnist), run, "full")
    monkeypatch.undo()
    assert resume(run) is not None
    assert_equal_runs(run, whole.run.path)


def test_a_disk_that_fills_up_before_the_first_checkpoint(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = atomic.publish

    def publish_small_files(temporary: Path, path: Path) -> None:
        if path.name.startswith("step-"):
            raise OSError(28, "No space left on device")
        publish(temporary, path)

    monkeypatch.setattr(atomic, "publish", publish_small_files)
    with pytest.raises(InputError, match=r"No space left.*Nothing was saved yet: remove .*run and start again"):
        train(killed_run.configuration(tiny_mnist), tmp_path / "run", "full")


def test_a_disk_that_is_full_from_the_start_leaves_no_folder(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(InputError, match=r"config.toml: cannot be written \(No space left on device\)"):
        train(killed_run.configuration(tiny_mnist), tmp_path / "run", "full")
    assert list(tmp_path.iterdir()) == []


def test_two_processes_cannot_write_one_run(whole: Result) -> None:
    with whole.run.alone(), pytest.raises(InputError, match="is in use by another process"):
        resume(whole.run.path)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        RunFolder.open(tmp_path / "none")
    with pytest.raises(InputError, match="is not the folder of a run"):
        RunFolder.open(tmp_path)


def edited_copy(whole: Result, target: Path, name: str, text: str) -> Path:
    import shutil

    shutil.copytree(whole.run.path, target)
    (target / name).write_text(text)
    return target


def test_a_run_of_a_newer_trainlab(whole: Result, tmp_path: Path) -> None:
    about = json.loads((whole.run.path / "environment.json").read_text()) | {"format": 99}
    run = edited_copy(whole, tmp_path / "run", "environment.json", json.dumps(about))
    with pytest.raises(InputError, match="written by a newer trainlab"):
        resume(run)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"format": "x", "name": "y", "threads": 1}'])
def test_a_damaged_environment(whole: Result, tmp_path: Path, text: str) -> None:
    run = edited_copy(whole, tmp_path / "run", "environment.json", text)
    with pytest.raises(InputError, match=r"environment.json is damaged"):
        RunFolder.open(run)


def test_another_network_names_every_mismatch(whole: Result, tmp_path: Path) -> None:
    text = whole.run.config.override(["hidden=[17]"]).to_toml()
    run = edited_copy(whole, tmp_path / "run", "config.toml", text)
    (run / "summary.json").unlink()
    with pytest.raises(
        InputError,
        match=r"(?s)does not fit its config.toml.*1.weight: shape \(16, 784\), expected \(17, 784\).*4.weight",
    ):
        resume(run)


def test_no_checkpoint_at_all(whole: Result, tmp_path: Path) -> None:
    run = edited_copy(whole, tmp_path / "run", "log.txt", "")
    (run / "summary.json").unlink()
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="holds no checkpoint"):
        resume(run)
    with pytest.raises(InputError, match="holds no weights to use: no epoch was finished"):
        evaluate_run(RunFolder.open(run), "test")


def test_a_split_of_other_data_is_refused(whole: Result, tmp_path: Path) -> None:
    run = edited_copy(whole, tmp_path / "run", "log.txt", "")
    (run / "summary.json").unlink()
    np.savez(run / "split.npz", train=np.arange(500), validation=np.arange(5_000, 5_010))
    with pytest.raises(InputError, match="probably drawn for another data set"):
        resume(run)


def test_checkpoints_say_what_they_need(whole: Result) -> None:
    extra = load_checkpoint(whole.run.checkpoints.best_path).extra
    assert extra["classes"] == list("0123456789")
    assert extra["transform"]
