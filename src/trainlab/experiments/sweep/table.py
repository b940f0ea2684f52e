"""The results of a sweep: one line a run, and for each point the mean and spread over its seeds.

No time stands in it: the table of a sweep that was killed and resumed equals, byte for byte, that of one never stopped.
"""

import csv
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.experiments.run_folder import kept_epoch
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import Summary, summarize
from trainlab.experiments.sweep.space import Settings
from trainlab.experiments.sweep.sweep import Sweep

FORMAT = 1
SELECTION = (
    "validation accuracy of each run's best epoch. The test set was not read (evaluate_test = false): "
    "`trainlab evaluate RUN` reads it, once, for the run that was chosen."
)


@dataclass(frozen=True)
class Row:
    """One run. Figures are those of the best epoch; None where there is none."""

    point: int
    settings: Settings
    seed: int
    run: str
    status: str
    """finished, diverged, pruned, failed, or unfinished: not begun, or stopped on its way."""
    epochs: int | None = None
    """That were finished."""
    best_epoch: int | None = None
    validation_accuracy: float | None = None
    validation_loss: float | None = None
    train_accuracy: float | None = None
    train_loss: float | None = None
    steps: int | None = None
    parameters: int | None = None
    reason: str = ""
    """Why it ended, where that was not the end of its last epoch."""

    @classmethod
    def of(
        cls,
        point: int,
        settings: Settings,
        seed: int,
        run: str,
        summary: Mapping[str, Any] | None,
        failure: str | None,
    ) -> "Row":
        """From a run's ``summary.json``, or from the reason why it failed."""
        if summary is None:
            status = "unfinished" if failure is None else "failed"
            return cls(point, settings, seed, run, status, reason=failure or "")
        kept = kept_epoch(summary)
        figures = (
            {}
            if kept is None
            else {
                "best_epoch": kept["epoch"],
                **{
                    f"{part}_{name}": kept[part][name]
                    for part in ("validation", "train")
                    for name in ("accuracy", "loss")
                },
            }
        )
        return cls(
            point,
            settings,
            seed,
            run,
            summary["status"],
            epochs=summary["final"]["epoch"] if summary["final"] else 0,
            **figures,
            steps=summary["steps"],
            parameters=summary["parameters"],
            reason="" if summary["reason"] == "all epochs are done" else summary["reason"],
        )


@dataclass(frozen=True)
class PointScore:
    """A point over its seeds."""

    point: int
    settings: Settings
    finished: int
    """Runs that trained to their end: the n of mean and deviation."""
    runs: int
    accuracy: Summary | None
    """Validation accuracy of the best epoch, over the finished runs; None where there are none."""
    pruned_after: int | None = None
    """Epochs of its first run, which was pruned; the others were not begun then."""

    @property
    def is_whole(self) -> bool:
        """Every seed has finished, so that the point can be compared with others."""
        return self.finished == self.runs

    @property
    def text(self) -> str:
        """``97.31 ± 0.08 % (n = 5)``."""
        if self.pruned_after is not None:
            return f"pruned after epoch {self.pruned_after}"
        if self.accuracy is None:
            return f"none of {self.runs} finished"
        count = f"n = {self.finished}" + ("" if self.is_whole else f" of {self.runs}")
        return f"{self.accuracy.percent()} ({count})"


def scores(rows: Sequence[Row]) -> list[PointScore]:
    """One a point, in the order of the rows."""
    found = []
    for point, of_point in itertools.groupby(rows, key=lambda row: row.point):
        own = list(of_point)
        values = [
            row.validation_accuracy for row in own if row.status == "finished" and row.validation_accuracy is not None
        ]
        accuracy = summarize(values) if values else None
        pruned_after = own[0].epochs if own[0].status == "pruned" else None
        found.append(PointScore(point, own[0].settings, len(values), len(own), accuracy, pruned_after))
    return found


def ranked(points: Sequence[PointScore]) -> list[PointScore]:
    """The points whose every seed has finished, the best first; then the pruned ones, those that came furthest first.

    Equal ones stay in their order.
    """
    whole = [(point.accuracy.mean, point) for point in points if point.is_whole and point.accuracy is not None]
    pruned = [(point.pruned_after, point) for point in points if point.pruned_after is not None]
    return [point for group in (whole, pruned) for _, point in sorted(group, key=lambda pair: -pair[0])]


def best_point(points: Sequence[PointScore]) -> PointScore | None:
    """The best of those whose every seed has finished; None while there is none."""
    return next((point for point in ranked(points) if point.is_whole), None)


def csv_bytes(varied: Sequence[str], rows: Sequence[Row]) -> bytes:
    """The table for spreadsheets: point, each varied setting, seed, then status and figures."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = [name for name in Row.__dataclass_fields__ if name not in ("point", "settings", "seed", "run", "reason")]
    writer.writerow(["point", *varied, "seed", *figures, "run", "reason"])
    for row in rows:
        settings = [value_text(row.settings[key]) for key in varied]
        values = ["" if (value := getattr(row, name)) is None else value for name in figures]
        writer.writerow([row.point, *settings, row.seed, *values, row.run, row.reason])
    return text.getvalue().encode()


def json_bytes(sweep: Sweep, rows: Sequence[Row]) -> bytes:
    """The same for programs, a line for each run, and for each point its mean and sample standard deviation."""
    points = scores(rows)
    best = best_point(points)
    content: dict[str, Any] = {
        "format": FORMAT,
        "name": sweep.name,
        "search": sweep.search,
        "prune": sweep.prune,
        "selection": SELECTION,
        "varied": list(sweep.space),
        "seeds": list(sweep.seeds),
        "best_point": best.point if best else None,
    }
    lines = [f"  {_json(key)}: {_json(value)}" for key, value in content.items()]
    for key, table in (("points", points), ("runs", rows)):
        lines.append(f"  {_json(key)}: [\n    " + ",\n    ".join(map(_json, table)) + "\n  ]")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=vars)
