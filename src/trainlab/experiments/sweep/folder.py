"""The folder of a sweep: an ordinary run folder for each point and seed, and three files beside them.

==========================  ===================================================================
``sweep.toml``              everything that decides the sweep; `trainlab sweep` takes it as well
``points.json``             the settings of each point, in order, written before its first run
``results.csv``, ``.json``  one line a run, see `trainlab.experiments.sweep.table`
``point-000-seed-0/`` …     the runs
``errors.log``              what workers wrote to standard error
==========================  ===================================================================
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from trainlab.atomic import write_bytes_atomically
from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.run_folder import read_metrics, read_summary
from trainlab.experiments.sweep.pruning import Curve, Pruning
from trainlab.experiments.sweep.reading import read_sweep
from trainlab.experiments.sweep.space import Settings, settings_text
from trainlab.experiments.sweep.sweep import Sweep
from trainlab.experiments.sweep.table import Row, csv_bytes, json_bytes
from trainlab.experiments.training_run import validation_accuracies
from trainlab.lock import locked

SWEEP_FILE = "sweep.toml"
ENDED = ("finished", "diverged", "pruned")
"""A run with one of these outcomes is not run again."""


class RunKey(NamedTuple):
    """Which run of a sweep."""

    point: int
    seed: int

    @property
    def folder(self) -> str:
        return f"point-{self.point:03d}-seed-{self.seed}"


@dataclass
class SweepFolder:
    """Reads and writes the files of one sweep. Made by `create` or `open`; one process at a time writes (`alone`)."""

    path: Path
    sweep: Sweep
    points: list[Settings]
    _summaries: dict[RunKey, dict[str, Any]] = field(default_factory=dict, repr=False)
    _curves: dict[RunKey, Curve] = field(default_factory=dict, repr=False)

    @classmethod
    def create(cls, path: Path, sweep: Sweep, beside: Mapping[str, str] | None = None) -> "SweepFolder":
        """A new folder. Raises InputError when something is there already.

        Args:
            path: where.
            sweep: what.
            beside: further files, as texts by their names.
        """
        points = sweep.check_points()
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            go_on = f", or go on with `trainlab resume {path}`" if is_sweep(path) else ""
            raise InputError(
                f"{path} exists already, and a sweep never overwrites anything. Choose another --out{go_on}."
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be made ({error.strerror or error}). Choose another --out.") from error
        folder = cls(path, sweep, points)
        try:
            folder._write_points()
            for name, text in (beside or {}).items():
                write_bytes_atomically(path / name, text.encode())
            write_bytes_atomically(path / SWEEP_FILE, sweep.to_toml().encode())  # last: then the folder is a sweep's
            folder.write_results({})
        except InputError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return folder

    @classmethod
    def open(cls, path: Path) -> "SweepFolder":
        """A folder that `create` made. Raises InputError when it is none, or damaged."""
        if not is_sweep(path):
            raise InputError(f"{path} is not the folder of a sweep: it has no {SWEEP_FILE}.")
        sweep = read_sweep(path / SWEEP_FILE)
        about = path / "points.json"
        try:
            stored = json.loads(about.read_text(encoding="utf-8"))
            points = [{key: Config.value_of(key, value) for key, value in point.items()} for point in stored]
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise InputError(f"{about} is damaged ({error}); the sweep cannot go on without it.") from error
        if points != (sweep.known_points() or points):
            raise InputError(
                f"{path / SWEEP_FILE} was changed after the sweep began: it describes other points than points.json. "
                f"Undo that, or begin another sweep with `trainlab sweep {path / SWEEP_FILE}`."
            )
        return cls(path, sweep, points)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from running this sweep inside a ``with`` block. Raises InputError when one does."""
        with locked(self.path / ".lock", wait=False):
            yield

    def add_point(self, settings: Settings) -> int:
        """Note a point that a search has proposed; returns its number."""
        self.points.append(settings)
        self._write_points()
        return len(self.points) - 1

    def _write_points(self) -> None:
        lines = ",\n".join(json.dumps(point, ensure_ascii=False, allow_nan=False) for point in self.points)
        write_bytes_atomically(self.path / "points.json", f"[\n{lines}\n]\n".encode())

    # ------------------------------------------------------------ runs

    def runs(self) -> list[RunKey]:
        """Every run whose point is known, in the order of the table."""
        return [RunKey(point, seed) for point in range(len(self.points)) for seed in self.sweep.seeds]

    def run_path(self, key: RunKey) -> Path:
        return self.path / key.folder

    def lock_path(self, key: RunKey) -> Path:
        return self.path / ".locks" / key.folder

    def run_text(self, key: RunKey) -> str:
        """A run in words: ``lr=0.1 split=0.2 seed=0``."""
        return settings_text({**self.points[key.point], "seed": key.seed})

    def summary(self, key: RunKey) -> dict[str, Any] | None:
        """The figures of a run that has ended for good; None for one that is still to be run, or to go on."""
        if key not in self._summaries:
            summary = read_summary(self.run_path(key))
            if summary is not None and summary["status"] in ENDED:  # for good, so that it need not be read again
                self._summaries[key] = summary
        return self._summaries.get(key)

    def is_skipped(self, key: RunKey) -> bool:
        """The first seed's run of its point was pruned, so that this one, of another seed, is not begun."""
        first = RunKey(key.point, self.sweep.seeds[0])
        return key != first and (summary := self.summary(first)) is not None and summary["status"] == "pruned"

    def is_open(self, key: RunKey) -> bool:
        """Still to be run, or to go on."""
        return self.summary(key) is None and not self.is_skipped(key)

    def pruning(self, key: RunKey) -> Pruning | None:
        """What this run is judged by after each epoch, see `Pruning`; None where it is not."""
        sweep = self.sweep
        if sweep.prune == "none" or key.seed != sweep.seeds[0]:
            return None
        earlier = [self.curve(RunKey(point, key.seed)) for point in range(key.point - sweep.lag + 1)]
        return Pruning(sweep.prune, sweep.base.epochs, key.point, earlier)

    def curve(self, key: RunKey) -> Curve:
        """The validation accuracies of a run that has ended for good, epoch for epoch; none of another."""
        summary = self.summary(key)
        if summary is None:
            return Curve("failed", [])
        if key not in self._curves:
            accuracies = validation_accuracies(read_metrics(self.run_path(key)))
            self._curves[key] = Curve(summary["status"], accuracies)
        return self._curves[key]

    def rows(self, failures: Mapping[RunKey, str]) -> list[Row]:
        """The table: what the run folders say, and the reasons of those that failed."""
        return [self._row(key, failures.get(key)) for key in self.runs()]

    def _row(self, key: RunKey, failure: str | None) -> Row:
        settings, summary = self.points[key.point], self.summary(key)
        if summary is None and self.is_skipped(key):
            reason = f"not begun, since seed {self.sweep.seeds[0]} was pruned"
            return Row(key.point, settings, key.seed, key.folder, "pruned", epochs=0, reason=reason)
        return Row.of(key.point, settings, key.seed, key.folder, summary, failure)

    def write_results(self, failures: Mapping[RunKey, str]) -> list[Row]:
        """Write both tables anew, and return their rows."""
        rows = self.rows(failures)
        write_bytes_atomically(self.path / "results.csv", csv_bytes(list(self.sweep.space), rows))
        write_bytes_atomically(self.path / "results.json", json_bytes(self.sweep, rows))
        return rows


def is_sweep(path: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (path / SWEEP_FILE).is_file()
