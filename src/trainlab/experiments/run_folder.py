"""The folder of one run: plain files that one can read, copy and search.

=====================  ==================================================================
``config.toml``        every setting
``environment.json``   versions, machine, processes and their threads, the command; the settings at the beginning
``split.npz``          which images train and which validate
``metrics.jsonl``      one line an epoch
``summary.json``       how it ended, and its figures
``curves.png`` .svg    loss, accuracy and learning rate over the epochs
``checkpoints/``       the last two, and ``best``
``log.txt``            what a terminal would have shown
=====================  ==================================================================
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from trainlab.atomic import cannot_write, remove_leftovers, write_bytes_atomically
from trainlab.data import Split
from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.toml_file import read_toml
from trainlab.experiments.written_figures import KEPT, check
from trainlab.lock import locked
from trainlab.nn import blas
from trainlab.training import Checkpoint, CheckpointFolder, EpochEnded, EpochRecord, Event, Metrics, Outcome

FORMAT = 1


class RunExists(InputError):
    """There is something where the folder of a new run was to be."""


class RunFolder:
    """Reads and writes the files of one run. Made by `create` or `open`."""

    def __init__(self, path: Path, name: str, config: Config, threads: int, processes: int = 1) -> None:
        self.path = path
        self.name = name
        """Of the preset or file that the run was started from."""
        self.config = config
        self.threads = threads
        """Of each process."""
        self.processes = processes
        """How many computed the run when it was started."""
        self.checkpoints = CheckpointFolder(path / "checkpoints")

    @classmethod
    def create(
        cls,
        path: Path,
        name: str,
        config: Config,
        threads: int,
        command: list[str],
        processes: int,
        surroundings: Mapping[str, str],
    ) -> "RunFolder":
        """A new folder with its configuration. Raises RunExists when something is there already, and InputError when
        it cannot be made."""
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise RunExists(
                f"{path} exists already, and a run never overwrites anything. Choose another --run, or go on with "
                f"`trainlab resume {path}`."
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be made ({error.strerror or error}). Choose another --run.") from error
        run = cls(path, name, config, threads, processes)
        try:
            run.write_text("config.toml", config.to_toml())
            run.write_json("environment.json", environment(name, config, threads, command, processes, surroundings))
        except InputError:
            shutil.rmtree(path, ignore_errors=True)  # the disk is full; an empty run would only be in the way
            raise
        return run

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A folder that `create` made. Raises InputError when it is none, or a newer trainlab's."""
        if not path.is_dir():
            raise InputError(f"{path} is not a folder. Expected the folder of a run, such as runs/mnist-mlp-1.")
        about = path / "environment.json"
        if not (path / "config.toml").is_file() or not about.is_file():
            raise InputError(
                f"{path} is not the folder of a run: it has no config.toml or no environment.json. Runs are made by "
                "`trainlab train`."
            )
        try:
            values = json.loads(about.read_text(encoding="utf-8"))
            found, name, threads = int(values["format"]), str(values["name"]), int(values["threads"])
            processes = int(values.get("processes", 1))
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise InputError(f"{about} is damaged ({error!r}); the run cannot be opened without it.") from error
        if found > FORMAT:
            raise InputError(
                f"{path} was written by a newer trainlab (run format {found}; this one reads up to {FORMAT}). "
                "Update trainlab."
            )
        try:
            config = Config.from_mapping(read_toml(path / "config.toml"))
        except InputError as error:
            raise InputError(f"{path / 'config.toml'}: {error}") from error
        return cls(path, name, config, threads, processes)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from writing this run inside a ``with`` block. Raises InputError when one does."""
        with locked(self.path / ".lock", wait=False):
            yield

    # ------------------------------------------------------------ files

    def write_text(self, name: str, text: str) -> None:
        write_bytes_atomically(self.path / name, text.encode())

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        self.write_text(name, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_environment(self) -> dict[str, Any]:
        """What `environment` noted when the run was started."""
        found: dict[str, Any] = json.loads((self.path / "environment.json").read_text(encoding="utf-8"))
        return found

    def load_split(self) -> Split:
        return Split.load(self.path / "split.npz")

    def open_log(self) -> TextIO:
        """log.txt, to be added to. Raises InputError when it cannot be written."""
        path = self.path / "log.txt"
        try:
            return path.open("a", encoding="utf-8")
        except OSError as error:
            raise cannot_write(path, error) from error

    def read_metrics(self) -> list[dict[str, Any]]:
        """One dictionary an epoch, in order. Raises InputError for a damaged file."""
        return read_metrics(self.path)

    def reopen(self, latest: Checkpoint) -> None:
        """Make the folder that of a run under way, as it was when ``latest`` was saved; for whoever holds its lock.

        How it ended is forgotten, so are epochs behind the checkpoint, which will be run again to the same figures, and
        what a killed process left half written; the best checkpoint is written if that was all that was missing.

        Raises InputError when the folder cannot be written to.
        """
        for folder in (self.path, self.checkpoints.folder):
            remove_leftovers(folder)
        self.checkpoints.complete(latest)
        self._keep_metrics(latest.training.epoch)
        (self.path / "summary.json").unlink(missing_ok=True)

    def _keep_metrics(self, epochs: int) -> None:
        path = self.path / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        self.write_text("metrics.jsonl", "".join(lines[:epochs]))

    def record(self, event: Event) -> None:
        """A listener of `Trainer`: writes a line for every epoch. It is on disk before the epoch's checkpoint is."""
        if not isinstance(event, EpochEnded):
            return
        line = json.dumps(
            {
                "epoch": event.epoch,
                "step": event.step,
                "train": event.train._asdict(),
                "validation": event.validation and event.validation._asdict(),
                "learning_rate": event.learning_rate,
                "seconds": round(event.seconds, 3),
            },
            allow_nan=False,
        )
        path = self.path / "metrics.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(path, error) from error

    def write_summary(self, outcome: Outcome, parameters: int, test: Mapping[str, Metrics | None]) -> dict[str, Any]:
        """Write and return the run's figures. ``test`` may hold "test" and "test_tta" (with test-time augmentation)."""
        state = outcome.state
        summary = {
            "name": self.name,
            "status": outcome.status,
            "reason": outcome.reason,
            "final": _record(state.last),
            "best": _record(state.best),
            "kept": KEPT[self.config.keep],
            **{name: metrics._asdict() if (metrics := test.get(name)) else None for name in ("test", "test_tta")},
            "seconds": round(state.seconds, 3),
            "steps": state.step,
            "parameters": parameters,
            "seed": self.config.seed,
        }
        self.write_json("summary.json", summary)
        return summary

    def read_summary(self) -> dict[str, Any] | None:
        """The figures of a run that ended, or None while it has not (or was killed). Raises InputError for a damaged
        file."""
        return read_summary(self.path)


def kept_epoch(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figures of the epoch whose weights a run has kept; None where no epoch was finished."""
    figures: dict[str, Any] | None = summary.get(summary.get("kept", "best"))
    return figures


def read_summary(run: Path) -> dict[str, Any] | None:
    """`RunFolder.read_summary` of the folder ``run``, which need not be opened for that."""
    path = run / "summary.json"
    if not path.exists():
        return None
    found = _parse_json(str(path), path.read_bytes())
    check(found, {"status": str}, str(path))
    return found


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """`RunFolder.read_metrics` of the folder ``run``, which need not be opened for that."""
    path = run / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and not lines[-1].endswith(b"\n") and not (run / "summary.json").exists():
        del lines[-1]  # the run was killed while it wrote this line, or is writing it now
    return [_parse_json(f"{path}, line {number},", line) for number, line in enumerate(lines, 1)]


def _parse_json(where: str, text: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:  # of JSON, of UTF-8, or of a number with thousands of digits
        problem = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
        raise InputError(
            f"{where} is damaged ({problem}). Take the file from a copy of the run, or leave this run out."
        ) from error
    return found


def _record(record: EpochRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "epoch": record.epoch,
        "train": record.train._asdict(),
        "validation": record.validation and record.validation._asdict(),
    }


def environment(
    name: str, config: Config, threads: int, command: list[str], processes: int, surroundings: Mapping[str, str]
) -> dict[str, Any]:
    """What the result may depend on; ``surroundings`` are the engine's. The settings are those of the beginning: people
    edit config.toml."""
    return {
        "format": FORMAT,
        "name": name,
        "command": command,
        "threads": threads,
        "processes": processes,
        "trainlab": version("trainlab"),
        "numpy": version("numpy"),
        "blas": blas.library(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "byte_order": sys.byteorder,
        **surroundings,
        "settings": asdict(config),
    }


def next_run_path(parent: Path, name: str, suffix: str = "") -> Path:
    """``parent/name-1``, or the first number that is free; with ``suffix`` behind it, such as ".png"."""
    number = 1
    while (path := parent / f"{name}-{number}{suffix}").exists():
        number += 1
    return path
