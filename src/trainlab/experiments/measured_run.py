"""The figures of runs, read from their folders."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.run_folder import KEPT, RunFolder, kept_epoch

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
        _check(line, EPOCH, f"line {number} of {run.path / 'metrics.jsonl'}")
    if summary is not None:
        _check_summary(summary, run.path / "summary.json")
    status = "unfinished" if summary is None else str(summary["status"])
    figures: dict[str, float] = {}
    if summary is not None and status == "finished":
        record = kept_epoch(summary) if epoch == "best" else summary["final"]
        assert record is not None, "`_check_summary` refuses a finished run without its figures"
        for part in ("validation", "train"):
            figures |= {f"{part}_{name}": record[part][name] for name in ("accuracy", "loss")}
        if summary["test"] is not None:  # always of the weights that are kept
            figures |= {f"test_{name}": summary["test"][name] for name in ("accuracy", "loss")}
        figures["seconds"] = summary["seconds"]
    return MeasuredRun(run.path, run.name, run.config, status, epochs, figures)


FIGURES = {part: {"loss": float, "accuracy": float} for part in ("train", "validation")}
EPOCH = {"epoch": int, "step": int, **FIGURES}
STATUSES = ("finished", "diverged", "interrupted", "pruned")


def _check_summary(summary: Any, path: Path) -> None:
    _check(summary, {"status": str}, str(path))
    if summary["status"] not in STATUSES:
        raise _changed(str(path), f"status {summary['status']!r}, not one of {', '.join(STATUSES)}")
    _check(summary, {"seconds": float}, str(path))
    for name in ("best", "final"):
        if summary["status"] == "finished" or summary.get(name) is not None:
            _check(summary, {name: {"epoch": int, **FIGURES}}, str(path))
    if summary.get("kept", "best") not in KEPT.values():
        raise _changed(str(path), f"{summary['kept']!r:.40} for 'kept'")
    if summary.get("test") is not None:
        _check(summary, {"test": {"loss": float, "accuracy": float}}, str(path))


def _check(found: Any, pattern: dict[str, Any], where: str) -> None:
    """Raises InputError unless there is all that the pattern names: kinds of values, or patterns of their own."""
    if not isinstance(found, dict):
        raise _changed(where, f"{found!r:.40}, not figures by their names")
    for key, kind in pattern.items():
        if key not in found:
            raise _changed(where, f"no {key!r}")
        if isinstance(kind, dict):
            _check(found[key], kind, f"{key!r} in {where}")
        elif not isinstance(found[key], (int, float) if kind is float else kind) or isinstance(found[key], bool):
            raise _changed(where, f"{found[key]!r:.40} for {key!r}")


def _changed(where: str, what: str) -> InputError:
    return InputError(
        f"{where} has {what}, so the run cannot be read. trainlab did not write that: take the file from a copy of the "
        "run, or leave this run out."
    )


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
