"""The processes of a job on this machine, found by the name that the shell before its worker has."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from trainlab.experiments.sweep import RunKey, SweepFolder


class Processes(NamedTuple):
    job: int
    """Calls `run_worker`: a worker of Ray, or a job of Slurm."""
    shell: int
    worker: int


def job_processes(folder: Path, key: RunKey, attempt: int = 1) -> Processes | None:
    """Those of a run's so manieth job; None while it has not begun, or when it has ended."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(None, 2) for line in listed.splitlines()]
    name = f"/{key.folder}.{attempt} "
    for pid, parent, words in lines:
        if words.startswith("/bin/sh -c trap") and name in words and f" {folder.absolute()}/.workers/" in words:
            for worker, its_parent, _ in lines:
                if its_parent == pid:
                    return Processes(int(parent), int(pid), int(worker))
    return None


def run_under_way(folder: SweepFolder) -> tuple[RunKey, Processes] | None:
    """A run that has a fifth of its epochs before it at least, and is in its first job; None if there is none."""
    for key in folder.runs():
        with contextlib.suppress(FileNotFoundError):
            epochs = (folder.run_path(key) / "metrics.jsonl").read_text().count("\n")
            if 1 <= epochs <= 0.8 * folder.sweep.base.epochs and (processes := job_processes(folder.path, key)):
                return key, processes
    return None


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
