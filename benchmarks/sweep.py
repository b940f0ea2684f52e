"""What a sweep costs beside the runs that it is made of."""

import csv
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.command import check_status, trainlab_command
from benchmarks.figures import Result, Series
from benchmarks.size import Size
from benchmarks.startup import seconds_of
from trainlab.errors import RunFailed
from trainlab.experiments.sweep.executors.local import job_environment

PRESET = "mnist-mlp"
SETTINGS = ("subset=12000", "epochs=4", "evaluate_test=false")
"""A few seconds; a sweep does not read the test set, so a run by itself leaves it out as well."""
RATES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""One a trial; all train to their end."""
JOBS = 2
GRID = 100
"""Values of each of two settings: 10,000 points."""


def measure(size: Size) -> Result:
    """The same runs one by one, two at a time by hand, and as sweeps, in turn; then the plans of two grids."""
    by_sweep: Series = {"name": f"`sweep --jobs {JOBS}`", "values": [], "target": {"at_least": 1.15, "aim": 1}}
    by_hand: Series = {"name": f"`trainlab train` in {JOBS} shells", "values": []}
    overhead: Series = {
        "name": "`sweep --jobs 1`, each trial, beyond the same run by itself",
        "values": [],
        "target": {"at_least": 0.5, "aim": 0},
    }
    alone: Series = {"name": "`trainlab train`, a run by itself", "values": []}
    for _ in range(size.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            single = one_by_one(folder / "alone", RATES, size.overrides)
            alone["values"].append(single / len(RATES))
            by_hand["values"].append(in_shells(folder / "shells", size.overrides) / (single / JOBS))
            by_sweep["values"].append(swept(folder / "two", JOBS, size.overrides) / (single / JOBS))
            overhead["values"].append((swept(folder / "one", 1, size.overrides) - single) / len(RATES))
            for sweep in ("one", "two"):
                check_same(folder / sweep, folder / "alone")
    plans: list[Series] = [
        {"name": f"{GRID * GRID:,} points", "values": [], "target": {"at_least": 2, "aim": 1}},
        {"name": "2 points", "values": []},
    ]
    commands = [plan_command(GRID, GRID), plan_command(2, 1)]
    for command in commands:
        seconds_of(command)  # the first one fills the file cache
    for _ in range(size.starts):
        for row, command in zip(plans, commands, strict=True):
            row["values"].append(seconds_of(command))
    share = f"{len(RATES)} trials: time over that of the runs one by one ÷ {JOBS}"
    return {
        "question": "What does a sweep cost beside its runs?",
        "parts": [
            {"kind": "limits", "title": share, "unit": "×", "rows": [by_sweep, by_hand], "missing": []},
            {"kind": "limits", "title": "One trial", "unit": "s", "rows": [overhead, alone], "missing": []},
            {"kind": "limits", "title": "`sweep --dry-run` of a grid", "unit": "s", "rows": plans, "missing": []},
        ],
        "notes": [
            f"`{PRESET} {' '.join((*SETTINGS, *size.overrides))}` at {len(RATES)} learning rates, one core a run; the "
            "sweeps gave the accuracies of the single runs to the last digit. Whole commands: planning belongs to the "
            "time of a sweep, drawing its curves to that of a run by itself.",
            f"{JOBS} shells show what the machine gives to {JOBS} processes at once, whoever starts them.",
        ],
    }


def one_by_one(folder: Path, rates: Sequence[float], overrides: Sequence[str]) -> float:
    """Seconds of `trainlab train` for each rate, one after the other, on one core."""
    started = time.perf_counter()
    for rate in rates:
        options = ["--run", str(folder / str(rate)), "--progress", "none"]
        _run([*trainlab_command(), "train", PRESET, *SETTINGS, *overrides, f"lr={rate}", *options], job_environment(1))
    return time.perf_counter() - started


def in_shells(folder: Path, overrides: Sequence[str]) -> float:
    """Seconds of all runs when each shell has its share of them and all shells run at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(JOBS) as shells:
        list(shells.map(lambda shell: one_by_one(folder, RATES[shell::JOBS], overrides), range(JOBS)))
    return time.perf_counter() - started


def swept(folder: Path, jobs: int, overrides: Sequence[str]) -> float:
    """Seconds of the sweep over all rates."""
    options = ["--jobs", str(jobs), "--cores-per-job", "1", "--out", str(folder), "--progress", "none"]
    rates = f"lr={','.join(map(str, RATES))}"
    started = time.perf_counter()
    _run([*trainlab_command(), "sweep", PRESET, *SETTINGS, *overrides, rates, *options], dict(os.environ))
    return time.perf_counter() - started


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    check_status(command, finished.returncode, finished.stderr)


def check_same(sweep: Path, alone: Path) -> None:
    """Raises RunFailed unless a sweep's runs gave what the runs by themselves gave: else it is not the same work."""
    with (sweep / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        summary = json.loads((alone / row["lr"] / "summary.json").read_text(encoding="utf-8"))
        expected = summary["best"]["validation"]["accuracy"]
        if float(row["validation_accuracy"]) != expected:
            raise RunFailed(
                f"the sweep's run with lr={row['lr']} came to {row['validation_accuracy']}, by itself to {expected}"
            )


def plan_command(rates: int, momenta: int) -> list[str]:
    """Plans a grid with so many values of two settings."""
    lr = ",".join(f"{0.001 * (1 + place):g}" for place in range(rates))
    momentum = ",".join(f"{0.009 * (1 + place):g}" for place in range(momenta))
    return [*trainlab_command(), "sweep", PRESET, f"lr={lr}", f"momentum={momentum}", "--dry-run"]
