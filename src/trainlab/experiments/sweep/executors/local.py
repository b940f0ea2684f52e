"""Workers on this machine: a process for each run, with its share of the cores."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from trainlab.experiments.cores import CORES_VARIABLE
from trainlab.experiments.sweep.executors.workers import Message, content
from trainlab.experiments.sweep.folder import RunKey
from trainlab.experiments.sweep.worker import Request

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    CORES_VARIABLE,
)


WORKER_COMMAND = [sys.executable, "-m", "trainlab.experiments.sweep", "worker"]


class LocalWorkers:
    """Starts workers, and gathers what they say in one queue."""

    def __init__(self, cores_per_job: int, errors: Path) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cores = cores_per_job
        self._errors = errors
        self._processes: dict[RunKey, subprocess.Popen[bytes]] = {}
        self._listeners: dict[RunKey, threading.Thread] = {}

    def start(self, key: RunKey, request: Request) -> None:
        """Begin a run in a new process."""
        with self._errors.open("ab") as errors:
            process = subprocess.Popen(
                WORKER_COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=job_environment(self._cores),
                start_new_session=True,  # a terminal's Ctrl-C reaches the coordinator alone
            )
        self._processes[key] = process
        self._listeners[key] = threading.Thread(target=self._listen, args=(key, process), daemon=True)
        self._listeners[key].start()
        with contextlib.suppress(BrokenPipeError):  # it has died already, and its end will be told
            _stream(process.stdin).write(request.to_line())
            _stream(process.stdin).flush()

    def _listen(self, key: RunKey, process: "subprocess.Popen[bytes]") -> None:
        for line in _stream(process.stdout):
            if (values := content(line)) is not None:
                self._messages.put(Message(key, values))
        self._messages.put(Message(key, None, process.wait()))

    def receive(self, timeout: float) -> list[Message]:
        """What workers have said; waits so many seconds for the first word. The last of each is that it has ended."""
        messages: list[Message] = []
        with contextlib.suppress(queue.Empty):
            messages.append(self._messages.get(timeout=timeout))
            while True:
                messages.append(self._messages.get_nowait())
        for message in messages:
            if message.values is None:
                self._forget(message.key)
        return messages

    @property
    def count(self) -> int:
        """Workers whose end has not been received."""
        return len(self._processes)

    def _forget(self, key: RunKey) -> None:
        process = self._processes.pop(key)
        self._listeners.pop(key).join()
        _close(process.stdin)
        _close(process.stdout)

    def stop(self) -> None:
        """Let every run save and end."""
        for process in self._processes.values():
            _close(process.stdin)

    def kill(self) -> None:
        """End every process at once; their end is still received."""
        for process in self._processes.values():
            process.kill()

    def close(self) -> None:
        """End every process at once, and let go of all."""
        self.kill()
        for thread in self._listeners.values():
            thread.join()
        for key in list(self._processes):
            self._forget(key)

    def process_id(self, key: RunKey) -> int:
        """Of a worker whose end has not been received."""
        return self._processes[key].pid


def job_variables(cores: int) -> dict[str, str]:
    """What is set in the environment of a job that may use so many cores; libraries read it when they are loaded."""
    return dict.fromkeys(THREAD_VARIABLES, str(cores))


def job_environment(cores: int) -> dict[str, str]:
    """The environment of such a job on this machine."""
    return {**os.environ, **job_variables(cores)}


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # every stream is a pipe
    return stream


def _close(stream: IO[bytes] | None) -> None:
    with contextlib.suppress(OSError):  # what was still to be written has no reader any more
        _stream(stream).close()
