"""A sweep that nothing stopped, and what one that was killed must equal; `trainlab resume` of it in another process."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.processes import environment
from trainlab.experiments import RunFolder
from trainlab.experiments.sweep import SweepFolder

PATIENCE = 240  # seconds, for a busy machine


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("results.csv", "results.json", "points.json", "sweep.toml")]


def assert_whole(folder: Path, whole: SweepFolder) -> None:
    """The tables are the same to the byte, the figures of every epoch as well, and every run has ended once."""
    assert tables(folder) == tables(whole.path)
    for key in whole.runs():
        runs = [RunFolder.open(parent / key.folder) for parent in (folder, whole.path)]
        lines = [[{**line, "seconds": 0} for line in run.read_metrics()] for run in runs]
        assert lines[0] == lines[1]
        assert (folder / key.folder / "log.txt").read_text().count(f"finished {whole.sweep.base.epochs} epochs") == 1
    assert (folder / "errors.log").read_text() == ""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """`trainlab resume` of a sweep in a process of its own, as soon as a run has validated an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trainlab", "resume", str(folder), *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(folder.glob("*/metrics.jsonl")) or process.poll() is not None)
    return process
