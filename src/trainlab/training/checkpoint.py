"""Checkpoints: one file that holds everything a run needs to go on, whole or not at all.

The file is a safetensors file: arrays by name, and a JSON text in its header. Nothing is ever unpickled, so a
checkpoint from elsewhere can hold wrong numbers but cannot run code.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.atomic import write_bytes_atomically
from trainlab.engines import State
from trainlab.errors import InputError
from trainlab.training.state import TrainingState

FORMAT = 1
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """What one checkpoint file holds."""

    engine: State
    training: TrainingState
    extra: Mapping[str, Any]
    """What the experiment wants back, such as the fitted input transform."""


class CheckpointError(InputError):
    """A file that is not a usable checkpoint; the message says which and why."""


class CheckpointFolder:
    """The checkpoints of one run: the last two, and the best one.

    Args:
        folder: made when the first checkpoint is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def best_path(self) -> Path:
        return self.folder / f"best{SUFFIX}"

    def step_paths(self) -> list[Path]:
        """The files of single steps, oldest first."""
        return sorted(self.folder.glob(f"step-*{SUFFIX}"))

    def save(self, checkpoint: Checkpoint, *, is_best: bool = False) -> Path:
        """Write it to disk; when this returns, a power cut cannot lose it. Older ones but the last are removed.

        Files of later steps, which were passed over because they are damaged, do not count as one of the two.

        Raises InputError when the disk is full or the folder is not writable; earlier checkpoints stay.
        """
        content = encode(checkpoint)
        path = self.folder / f"step-{checkpoint.training.step:09d}{SUFFIX}"
        write_bytes_atomically(path, content)
        if is_best:
            write_bytes_atomically(self.best_path, content)
        for old in [one for one in self.step_paths() if one.name <= path.name][:-2]:
            old.unlink(missing_ok=True)
        return path

    def complete(self, latest: Checkpoint) -> None:
        """Write the best one where a kill came between the two files that `save` writes of the best epoch.

        Args:
            latest: what `load_latest` returned.

        Raises InputError as `save` does.
        """
        training = latest.training
        if training.best is None or training.best.epoch != training.epoch or training.step_in_epoch:
            return
        try:
            is_written = load(self.best_path).training.epoch == training.epoch
        except CheckpointError:
            is_written = False
        if not is_written:
            write_bytes_atomically(self.best_path, encode(latest))

    def load_latest(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """The newest usable checkpoint, and an error for each newer file that had to be passed over.

        Raises CheckpointError when there is none.
        """
        refused: list[CheckpointError] = []
        for path in reversed(self.step_paths()):
            try:
                return load(path), refused
            except CheckpointError as error:
                refused.append(error)
        if refused:
            raise CheckpointError("no usable checkpoint is left:\n  " + "\n  ".join(map(str, refused)))
        raise CheckpointError(
            f"{self.folder} holds no checkpoint: the run stopped before its first one, or the folder was emptied. "
            "Start the run again with `trainlab train`."
        )


def encode(checkpoint: Checkpoint) -> bytes:
    """The bytes of a checkpoint file; equal checkpoints give equal bytes."""
    from safetensors.numpy import save

    arrays = {f"model.{name}": array for name, array in checkpoint.engine.model.items()}
    arrays |= {f"optimizer.{name}": array for name, array in checkpoint.engine.optimizer.items()}
    arrays = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "sha256": _digest(arrays),
        "training": checkpoint.training.to_json(),
        "extra": dict(checkpoint.extra),
    }
    return bytes(save(arrays, metadata={"trainlab": json.dumps(header, allow_nan=False)}))


def load(path: Path) -> Checkpoint:
    """Read and check one file. Raises CheckpointError that names the file and what is wrong with it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not a whole checkpoint file ({error})") from error
    if "trainlab" not in metadata:
        raise CheckpointError(f"{path} is a safetensors file, but not one of trainlab's")
    try:
        return _decode(path, json.loads(metadata["trainlab"]), arrays)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: its header is damaged ({error!r})") from error


def _decode(path: Path, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Checkpoint:
    if header["format"] > FORMAT:
        raise CheckpointError(
            f"{path} was written by a newer trainlab (format {header['format']}; this one reads up to {FORMAT}). "
            "Update trainlab."
        )
    if header["sha256"] != _digest(arrays):
        raise CheckpointError(f"{path} is damaged: its numbers do not match their digest")
    parts: dict[str, dict[str, NDArray[Any]]] = {"model": {}, "optimizer": {}}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = array
    engine = State(parts["model"], parts["optimizer"])
    return Checkpoint(engine, TrainingState.from_json(header["training"]), header["extra"])


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
