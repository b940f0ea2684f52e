"""The processes of a job on this machine, found by the name that the shell before its worker has."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple, Self

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


class Held:
    """Workers that are held still, so that no run ends while a test waits for something else to begin."""

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder
        self.held: dict[RunKey, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self.held.values():
            _send(worker, signal.SIGCONT)

    def hold(self, *keys: RunKey, but: Container[int] = ()) -> bool:
        """Whether the workers of these runs are all held; each is as soon as it is there, if it is not in ``but``."""
        for key in keys:
            found = None if key in self.held else job_processes(self.folder.path, key)
            if found is not None and found.worker not in but:
                self.held[key] = found.worker
                _send(found.worker, signal.SIGSTOP)
        return self.held.keys() >= set(keys)


def kill(*pids: int) -> None:
    for pid in pids:
        _send(pid, signal.SIGKILL)


def _send(pid: int, signal_number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal_number)
