"""Several processes of one run on this machine, started as torchrun starts them but without the seconds it takes."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cli.command import Done

ROOT = Path(__file__).parents[1]
Process = subprocess.Popen[str]


def environment() -> dict[str, str]:
    """Where a process finds trainlab and its tests; a step waits for the others as long as a busy machine may need."""
    places = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": places, "TRAINLAB_STEP_TIMEOUT": "120"}


def start(script: str, words: Sequence[str], folders: Sequence[Path], **variables: str) -> list[Process]:
    """``python SCRIPT WORDS…`` once in each of ``folders``, as ranks 0, 1, … of one group."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    count = str(len(folders))
    group = {"WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, script, *words],
            cwd=folder,
            env={**environment(), **group, "RANK": str(rank), "LOCAL_RANK": str(rank), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, folder in enumerate(folders)
    ]


def finish(processes: Sequence[Process], timeout: float = 240) -> list[Done]:
    """How each process ended and what it printed."""
    ended = []
    try:
        for process in processes:
            out, err = process.communicate(timeout=timeout)
            ended.append(Done(process.returncode, out, err))
    finally:
        for process in processes:
            process.kill()
    return ended


def run(script: str, words: Sequence[str], folders: Sequence[Path], **variables: str) -> list[Done]:
    return finish(start(script, words, folders, **variables))
