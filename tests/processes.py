"""Several processes of one run on this machine, started as torchrun starts them but without the seconds it takes.

They are forked by a server that has loaded PyTorch: each would need three seconds of a slow core for that alone.
"""

import atexit
import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.cli.command import Done

ROOT = Path(__file__).parents[1]
LOADED = ["torch.distributed", "trainlab.cli.train", "trainlab.experiments.assemble_torch"]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(LOADED)


def environment() -> dict[str, str]:
    """Where a process finds trainlab and its tests; a step waits for the others as long as a busy machine may need."""
    places = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": places, "TRAINLAB_STEP_TIMEOUT": "120"}


@dataclass
class Process:
    """One of a group, and the folder with what it prints."""

    process: BaseProcess
    printed: Path

    def finish(self, timeout: float = 240) -> Done:
        """How it ended and what it printed; raises TimeoutError when it does not end in so many seconds."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise TimeoutError(f"{self.process.name} still runs after {timeout:g} seconds")
        return Done(self.process.exitcode, *((self.printed / name).read_text() for name in ("out", "err")))

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def start(script: str, words: Sequence[str], folders: Sequence[Path], **variables: str) -> list[Process]:
    """``python SCRIPT WORDS…`` once in each of ``folders``, as ranks 0, 1, … of one group."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    count = str(len(folders))
    group = {"WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = []
    for rank, folder in enumerate(folders):
        printed = Path(tempfile.mkdtemp(dir=folder.parent))
        own = {**environment(), **group, "RANK": str(rank), "LOCAL_RANK": str(rank), **variables}
        process = CONTEXT.Process(target=become, args=(script, words, folder, own, printed))
        process.start()
        started.append(Process(process, printed))
    return started


def become(script: str, words: Sequence[str], folder: Path, variables: Mapping[str, str], printed: Path) -> None:
    """Run a script in this process as a new one would."""
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(printed / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = [script, *words]
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # which a forked process would leave out


def finish(processes: Sequence[Process], timeout: float = 240) -> list[Done]:
    """How each process ended and what it printed."""
    try:
        deadline = time.monotonic() + timeout
        return [process.finish(deadline - time.monotonic()) for process in processes]
    finally:
        for process in processes:
            process.kill()


def run(script: str, words: Sequence[str], folders: Sequence[Path], **variables: str) -> list[Done]:
    return finish(start(script, words, folders, **variables))
