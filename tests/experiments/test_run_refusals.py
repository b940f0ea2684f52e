"""What cannot be run or resumed is refused in a sentence, and nothing that was saved is lost."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.experiments import killed_run
from tests.experiments.whole_runs import assert_equal_runs
from trainlab import atomic
from trainlab.errors import InputError, RunFailed
from trainlab.experiments import Config, Result, RunFolder, evaluate_run, resume, train


def test_a_folder_that_exists_is_never_overwritten(tiny_mnist: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already, and a run never overwrites anything"):
        train(killed_run.configuration(tiny_mnist), tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_wrong_data_is_found_before_the_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        train(Config().override([f"data_dir={tmp_path / 'none'}"]), tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


def test_a_batch_larger_than_the_data_is_refused(tiny_mnist: Path, tmp_path: Path) -> None:
    config = killed_run.configuration(tiny_mnist).override(["batch_size=541"])
    with pytest.raises(InputError, match="batch_size=541: expected 1 to 540"):
        train(config, tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model", ["lenet", "fastnet"])
def test_a_network_that_does_not_fit_into_memory_says_what_to_make_smaller(
    model: str, tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allocate(*arguments: object, **settings: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 576000000 bytes.")

    monkeypatch.setattr("torch.nn.modules.conv._ConvNd.__init__", allocate)
    config = killed_run.configuration(tiny_mnist).override(["engine=torch", f"model={model}", "hidden=8x8"])
    with pytest.raises(RunFailed, match=r"out of memory \(.*576000000 bytes.* A smaller network \(hidden\)"):
        train(config, tmp_path / "run", "x")


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


def test_settings_that_were_edited_are_refused_by_name(whole: Result, tmp_path: Path) -> None:
    run = edited_copy(whole, tmp_path / "run", "config.toml", whole.run.config.to_toml())
    (run / "summary.json").unlink()
    began = whole.run.config
    edited = began.override([f"lr={2 * began.lr}", "hidden=17x4", "augment=crop", "threads=1", "evaluate_test=false"])
    (run / "config.toml").write_text(edited.to_toml())
    with pytest.raises(
        InputError,
        match=r'config.toml is not what the run began with: augment = \["crop"\] was \[\], hidden = \[17, 4\] was '
        rf"\[16\], lr = {2 * began.lr} was {began.lr}\. Put it back.*trainlab train .*run/config.toml",
    ):
        resume(run)
    (run / "config.toml").write_text(began.override(["threads=1", "evaluate_test=false"]).to_toml())
    resumed = resume(run)
    assert resumed is not None
    assert resumed.summary["test"] is None


@pytest.mark.parametrize("settings", [{"lr": "fast"}, {"rl": 0.1}, "lr = 0.1", 3])
def test_settings_of_the_beginning_that_are_damaged(whole: Result, tmp_path: Path, settings: object) -> None:
    about = json.loads((whole.run.path / "environment.json").read_text()) | {"settings": settings}
    run = edited_copy(whole, tmp_path / "run", "environment.json", json.dumps(about))
    (run / "summary.json").unlink()
    with pytest.raises(InputError, match=r"environment.json is damaged: its settings cannot be read"):
        resume(run)


def test_another_network_names_every_mismatch(whole: Result, tmp_path: Path) -> None:
    text = whole.run.config.override(["hidden=[17]"]).to_toml()
    run = edited_copy(whole, tmp_path / "run", "config.toml", text)
    (run / "summary.json").unlink()
    about = json.loads((run / "environment.json").read_text())
    del about["settings"]  # as the first trainlab did not note them
    (run / "environment.json").write_text(json.dumps(about))
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
