"""The lab report's four MNIST experiments, run again over several seeds beside the figures that it published."""

from typing import Any, NamedTuple

from benchmarks.figures import Result, mean_and_deviation
from benchmarks.repeat import train_over_seeds
from benchmarks.size import Size


class Figures(NamedTuple):
    """Of the last epoch; None where the report gives none."""

    train_loss: float | None
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None


class Experiment(NamedTuple):
    """One row of the report."""

    name: str
    overrides: tuple[str, ...]
    published: Figures
    said: str


EXPERIMENTS = (
    Experiment("lr 0.001, 10 % validate", (), Figures(0.2505, 0.9757, 0.2699, 0.9712), "the best"),
    Experiment(
        "lr 0.001, 20 % validate", ("split=0.2",), Figures(0.2695, 0.9740, 0.3360, 0.9676), "slightly lower accuracy"
    ),
    Experiment(
        "lr 0.01, 10 % validate",
        ("lr=0.01",),
        Figures(None, None, None, None),
        "converges fast, ends no better; validation loss keeps rising",
    ),
    Experiment("lr 0.1, 10 % validate", ("lr=0.1",), Figures(1.1719, 0.8170, 1.0598, 0.8065), "oscillates"),
)
COLUMNS = ["experiment", "whose", "train loss", "train accuracy", "validation loss", "validation accuracy"]


def measure(size: Size) -> Result:
    """Train each experiment to its end with seeds 0, 1, …; the test set is not touched."""
    rows, raw = [], {}
    for experiment in EXPERIMENTS:
        overrides = [*experiment.overrides, "evaluate_test=false", *size.overrides]
        runs = train_over_seeds("mnist-lab1", overrides, size.seeds)
        raw[experiment.name] = runs
        rows.append([f"**{experiment.name}**", f"trainlab, {_how_many(runs)}", *_ours(runs)])
        rows.append([f"“{experiment.said}”", "report", *map(_published, experiment.published)])
    return {
        "question": "Does mnist-lab1 show what the lab report found? (784-128-10, batch size 1, 10 epochs)",
        "parts": [{"kind": "table", "title": "Figures of the last epoch", "columns": COLUMNS, "rows": rows}],
        "notes": [
            "Mean ± standard deviation over seeds 0, 1, …. Training figures are accumulated while the weights change. "
            "The report does not give its network's width: 128 is our choice, so the pattern is what can agree.",
        ],
        "raw": raw,
    }


def _ours(runs: list[dict[str, Any]]) -> list[str]:
    finished = [run["final"] for run in runs if run["status"] == "finished"]
    if not finished:
        return ["diverged"] * 4
    cells = []
    for part in ("train", "validation"):
        for figure in ("loss", "accuracy"):
            mean, deviation = mean_and_deviation([record[part][figure] for record in finished])
            cells.append(f"{mean:.4f} ± {deviation:.4f}")
    return cells


def _how_many(runs: list[dict[str, Any]]) -> str:
    diverged = sum(run["status"] != "finished" for run in runs)
    return f"n = {len(runs) - diverged}" + (f", {diverged} diverged" if diverged else "")


def _published(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
