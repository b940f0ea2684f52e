"""How long `trainlab train mnist-fast` takes to the lab report's best validation accuracy, start-up included."""

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.command import check_status, trainlab_command
from benchmarks.figures import Result, Series, Target
from benchmarks.size import Size

ACCURACY = 0.9712  # the best validation accuracy in the lab report
TARGET: Target = {"at_least": 3, "aim": 1.5}


class Run(NamedTuple):
    """What one process took, from its start."""

    arrivals: list[float]
    """Seconds until the line of each epoch."""
    accuracies: list[float]
    """Validation, one an epoch."""
    wall_seconds: float

    def seconds_to(self, accuracy: float) -> float | None:
        """Until the first epoch that is good enough; None when none was.

        >>> Run([1.0, 1.5], [0.95, 0.98], 2.0).seconds_to(0.97)
        1.5
        """
        epochs = zip(self.arrivals, self.accuracies, strict=True)
        return next((seconds for seconds, reached in epochs if reached >= accuracy), None)


def measure(size: Size) -> Result:
    """One run a seed: 0, 1, 2, …"""
    runs = [run_once("mnist-fast", seed, size.overrides) for seed in range(size.rounds)]
    seconds = [run.seconds_to(ACCURACY) for run in runs]
    reached = sum(one is not None for one in seconds)
    rows: list[Series] = [
        {
            "name": f"to {ACCURACY:.2%} validation accuracy",
            "values": seconds,
            "target": TARGET,
        },
        {"name": "the whole command, test and curves included", "values": [run.wall_seconds for run in runs]},
    ]
    best = ", ".join(f"{max(run.accuracies):.4f}" for run in runs)
    return {
        "question": f"How long from process start to {ACCURACY:.2%} validation accuracy? (trainlab train mnist-fast)",
        "parts": [{"kind": "limits", "title": "Wall time", "unit": "s", "rows": rows, "missing": []}],
        "notes": [
            f"{reached} of {len(runs)} seeds reached it. Best validation accuracy, seeds 0 to {len(runs) - 1}: {best}.",
            "A process of its own each time, imports and data loading included; the clock stops when the line of the "
            "first epoch that is good enough arrives. A seed that never gets there counts as infinite.",
        ],
    }


def run_once(preset: str, seed: int, overrides: Sequence[str] = ()) -> Run:
    """Train in a temporary folder and note when the line of each epoch arrives."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        options = ["--run", str(run), "--progress", "plain"]
        command = [*trainlab_command(), "train", preset, f"seed={seed}", *overrides, *options]
        started = time.perf_counter()
        lines, arrivals = [], []
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr or ():
                lines.append(line)
                if line.startswith("epoch ") and " valid loss " in line:
                    arrivals.append(time.perf_counter() - started)
        wall_seconds = time.perf_counter() - started
        check_status(command, process.returncode, "".join(lines))
        accuracies = [  # the printed ones are rounded
            json.loads(line)["validation"]["accuracy"] for line in (run / "metrics.jsonl").read_text().splitlines()
        ]
    return Run(arrivals, accuracies, wall_seconds)
