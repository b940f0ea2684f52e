"""The figures of runs, read from their folders."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.experiments.config import Config
from trainlab.experiments.run_folder import RunFolder, kept_epoch
from trainlab.experiments.written_figures import EPOCH, check, check_summary

OVERFIT_RISE = 1.05
"""The validation loss counts as risen when it ends so many times above its lowest value."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run's figures."""

    path: Path
    name: str
    config: Config
    status: str
    """finished, diverged, pruned, interrupted, or unfinished: under way or killed."""
    epochs: list[dict[str, Any]]
    """The lines of metrics.jsonl."""
    figures: dict[str, float]
    """By the names of `METRICS`; empty unless the run has finished."""

    @property
    def overfits_after(self) -> int | None:
        """The epoch of the lowest validation loss, if it ends well above that while the training loss still falls."""
        if len(self.epochs) < 2:
            return None
        losses = [line["validation"]["loss"] for line in self.epochs]
        lowest = losses.index(min(losses))
        falls = self.epochs[-1]["train"]["loss"] < self.epochs[lowest]["train"]["loss"]
        return self.epochs[lowest]["epoch"] if falls and losses[-1] > OVERFIT_RISE * losses[lowest] else None


def measure(run: RunFolder, epoch: str = "best") -> MeasuredRun:
    """Read a run's figures.

    Args:
        epoch: "best" takes them from the epoch whose weights are kept, that of the highest validation accuracy unless
            the run has keep = "last"; "last" from the last one.

    Raises InputError for a file that was cut off, or changed so that a figure is missing or is no number.
    """
    summary, epochs = run.read_summary(), run.read_metrics()
    for number, line in enumerate(epochs, start=1):
        check(line, EPOCH, f"line {number} of {run.path / 'metrics.jsonl'}")
    if summary is not None:
        check_summary(summary, run.path / "summary.json")
    status = "unfinished" if summary is None else str(summary["status"])
    figures: dict[str, float] = {}
    if summary is not None and status == "finished":
        record = kept_epoch(summary) if epoch == "best" else summary["final"]
        assert record is not None, "`check_summary` refuses a finished run without its figures"
        for part in ("validation", "train"):
            figures |= {f"{part}_{name}": record[part][name] for name in ("accuracy", "loss")}
        if summary["test"] is not None:  # always of the weights that are kept
            figures |= {f"test_{name}": summary["test"][name] for name in ("accuracy", "loss")}
        figures["seconds"] = summary["seconds"]
    return MeasuredRun(run.path, run.name, run.config, status, epochs, figures)


def find_runs(paths: Iterable[Path]) -> list[RunFolder]:
    """The runs at these paths: each a run's folder, or a folder that holds some at any depth, such as runs or a sweep.

    Raises InputError for a path without any.
    """
    found: dict[Path, RunFolder] = {}
    for path in paths:
        inside = [path] if (path / "config.toml").is_file() else _run_folders_in(path)
        if not inside:
            RunFolder.open(path)  # says what is wrong with it
        found |= {folder.resolve(): RunFolder.open(folder) for folder in inside}
    return list(found.values())


def _run_folders_in(path: Path) -> list[Path]:
    return sorted(
        (about.parent for about in path.rglob("environment.json") if (about.parent / "config.toml").is_file()),
        key=lambda folder: [int(piece) if piece.isdigit() else piece for piece in _pieces(folder)],
    )


def _pieces(folder: Path) -> list[str]:
    """``runs/lr-10`` as "runs/lr-", "10": 9 comes before 10. Texts and numbers alternate, so they never meet."""
    return re.split(r"(\d+)", str(folder))
