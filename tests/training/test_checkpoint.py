"""Checkpoints: what goes in comes out, and what is damaged or foreign is refused by name."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from trainlab.engines import State
from trainlab.errors import InputError
from trainlab.training import Checkpoint, CheckpointError, CheckpointFolder, EpochRecord, Metrics, TrainingState
from trainlab.training.checkpoint import encode, load
from trainlab.training.state import RunningMean


def checkpoint(step: int = 7) -> Checkpoint:
    model = {"1.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "1.bias": np.array([0.1, 0.2], np.float32)}
    optimizer = {"velocity": np.linspace(0, 1, 8), "steps": np.array(step, np.float64)}
    record = EpochRecord(1, Metrics(0.1 + 0.2, 0.9), Metrics(0.3, 0.8))
    state = TrainingState(step, 1, 2, RunningMean(1 / 3, 5, 8), best=record, last=record, seconds=1.5)
    return Checkpoint(State(model, optimizer), state, {"classes": ["a", "b"]})


def test_what_is_saved_is_loaded_to_the_last_bit(tmp_path: Path) -> None:
    saved = checkpoint()
    loaded = load(CheckpointFolder(tmp_path).save(saved))
    assert loaded.training == saved.training
    assert loaded.extra == saved.extra
    for part in ("model", "optimizer"):
        before, after = getattr(saved.engine, part), getattr(loaded.engine, part)
        assert before.keys() == after.keys()
        for name in before:
            np.testing.assert_array_equal(before[name], after[name], strict=True)


def test_equal_checkpoints_give_equal_bytes() -> None:
    assert encode(checkpoint()) == encode(checkpoint())


def test_the_last_two_and_the_best_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for step in range(1, 6):
        folder.save(checkpoint(step), is_best=step == 2)
    assert [path.name for path in folder.step_paths()] == ["step-000000004.safetensors", "step-000000005.safetensors"]
    assert load(folder.best_path).training.step == 2


def test_a_damaged_file_of_a_later_step_is_none_of_the_last_two(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(8))
    folder.save(checkpoint(20)).write_bytes(b"damaged")
    for step in (9, 10, 11):
        folder.save(checkpoint(step))
    assert [path.name[5:14] for path in folder.step_paths()] == ["000000010", "000000011", "000000020"]


def at_the_end_of(epoch: int, best: int) -> Checkpoint:
    saved = checkpoint(5 * epoch)
    figures = [EpochRecord(number, Metrics(0.1, 0.9), Metrics(0.3, 0.8)) for number in (best, epoch)]
    training = TrainingState(5 * epoch, epoch, 0, RunningMean(), best=figures[0], last=figures[1])
    return Checkpoint(saved.engine, training, saved.extra)


@pytest.mark.parametrize("left", [None, b"damaged", "the best before"])
def test_a_best_file_that_was_still_to_be_written_is_written(tmp_path: Path, left: bytes | str | None) -> None:
    folder = CheckpointFolder(tmp_path)
    if left == "the best before":
        folder.save(at_the_end_of(1, best=1), is_best=True)
    folder.save(at_the_end_of(2, best=2))
    if isinstance(left, bytes):
        folder.best_path.write_bytes(left)
    folder.complete(folder.load_latest()[0])
    assert folder.best_path.read_bytes() == encode(at_the_end_of(2, best=2))


def test_a_best_file_of_an_earlier_epoch_stays(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(at_the_end_of(1, best=1), is_best=True)
    before = folder.best_path.stat().st_mtime_ns
    for latest in (at_the_end_of(1, best=1), at_the_end_of(2, best=1), checkpoint()):
        folder.complete(latest)
    assert folder.best_path.stat().st_mtime_ns == before


def test_files_beside_the_checkpoints_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    folder = CheckpointFolder(tmp_path)
    for step in range(3):
        folder.save(checkpoint(step))
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_truncated_file_is_refused_by_name_and_the_one_before_it_used(tmp_path: Path, length: int) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(1))
    newest = folder.save(checkpoint(2))
    newest.write_bytes(newest.read_bytes()[:length])
    found, refused = folder.load_latest()
    assert found.training.step == 1
    assert len(refused) == 1
    assert "step-000000002.safetensors is not a whole checkpoint file" in str(refused[0])


def test_a_flipped_bit_in_the_weights_is_found(tmp_path: Path) -> None:
    path = CheckpointFolder(tmp_path).save(checkpoint())
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged: its numbers do not match their digest"):
        load(path)


def test_a_safetensors_file_from_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "step-000000001.safetensors"
    save_file({"weight": np.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not one of trainlab's"):
        load(path)


def test_a_pickle_is_never_opened_as_one(tmp_path: Path) -> None:
    path = tmp_path / "step-000000001.safetensors"
    path.write_bytes(b"cos\nsystem\n(S'touch executed'\ntR.")
    with pytest.raises(CheckpointError, match="is not a whole checkpoint file"):
        load(path)


def rewrite_header(path: Path, **changes: Any) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["trainlab"])
    save_file(load_file(path), path, metadata={"trainlab": json.dumps(header | changes)})


def test_a_checkpoint_of_a_newer_trainlab_is_refused(tmp_path: Path) -> None:
    path = CheckpointFolder(tmp_path).save(checkpoint())
    rewrite_header(path, format=99)
    with pytest.raises(CheckpointError, match=r"written by a newer trainlab \(format 99; this one reads up to 1\)"):
        load(path)


def test_a_header_without_its_fields_is_refused(tmp_path: Path) -> None:
    path = CheckpointFolder(tmp_path).save(checkpoint())
    rewrite_header(path, training={"step": 3})
    with pytest.raises(CheckpointError, match="its header is damaged"):
        load(path)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        CheckpointFolder(tmp_path).load_latest()


def test_when_every_checkpoint_is_bad_all_are_named(tmp_path: Path) -> None:
    for step in (1, 2):
        (tmp_path / f"step-00000000{step}.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"(?s)no usable checkpoint is left.*000002.*000001"):
        CheckpointFolder(tmp_path).load_latest()


def test_a_full_disk_leaves_the_previous_checkpoint_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(checkpoint(1))

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(InputError, match="No space left on device"):
        folder.save(checkpoint(2))
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.safetensors"]
    assert folder.load_latest()[0].training.step == 1
