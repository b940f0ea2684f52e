"""Workers on other machines: jobs that Ray or Slurm starts, and files in the sweep's folder between them and us.

======================================  ===========================================================================
``.workers/SESSION/``                   of one coordinator; what an earlier one has left is removed
``…/coordinator``                       locked as long as runs are wanted, see `node.py` beside this file
``…/point-000-seed-0.1.messages``       what the worker says, a line of JSON each; the number counts the run's jobs
``…/point-000-seed-0.1.errors``         its standard error, which goes into ``errors.log`` when it has ended
======================================  ===========================================================================
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from trainlab.experiments.sweep.executors.local import job_variables
from trainlab.experiments.sweep.executors.node import LOCK, Ended, Job
from trainlab.experiments.sweep.executors.workers import Message, content
from trainlab.experiments.sweep.folder import RunKey
from trainlab.experiments.sweep.worker import Request
from trainlab.lock import locked

LOOK_SECONDS = 0.5
"""Between two looks at the files of all jobs. Each is opened anew: only then a network file system shows new lines."""


class Cluster(Protocol):
    """What starts jobs on other machines: `RayCluster` or `SlurmCluster`."""

    def submit(self, job: Job) -> Any:
        """Have `run_worker` called with the job on some node; returns what the other methods know the job by."""

    def ended(self, handle: Any) -> Ended | None:
        """How a job has ended; None while it waits or runs."""

    def kill(self, handle: Any) -> None:
        """End a job at once."""

    def close(self) -> None:
        """Let go of the cluster."""


@dataclass
class Sent:
    """A job that was submitted."""

    job: Job
    handle: Any
    read: int = 0
    """Bytes of its messages that have been read: whole lines."""


class ClusterWorkers:
    """Starts workers through a cluster and reads what they write.

    Args:
        cluster: starts the jobs; closed by `close`.
        path: the sweep's folder, which every node must see.
        cores_per_job: threads of a run.
    """

    def __init__(self, cluster: Cluster, path: Path, cores_per_job: int) -> None:
        self._cluster = cluster
        self._errors = path / "errors.log"
        self._errors.touch()
        self._cores = cores_per_job
        self._sent: dict[RunKey, Sent] = {}
        self._counts: Counter[RunKey] = Counter()
        self._next_look = 0.0
        sessions = (path / ".workers").absolute()
        shutil.rmtree(sessions, ignore_errors=True)  # a coordinator's that was killed; its jobs see that and end
        sessions.mkdir(exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=sessions))
        self._wanted = contextlib.ExitStack()
        self._wanted.enter_context(locked(self._folder / LOCK))

    def start(self, key: RunKey, request: Request) -> None:
        """Submit a job for the run."""
        self._counts[key] += 1
        placed = replace(request, path=str(Path(request.path).absolute()), lock=str(Path(request.lock).absolute()))
        own = {name: value for name, value in os.environ.items() if name.startswith("TRAINLAB_")}
        job = Job(
            folder=str(self._folder),
            name=f"{key.folder}.{self._counts[key]}",
            request=placed.to_line(),
            directory=str(Path.cwd()),
            variables={**own, **job_variables(self._cores)},
        )
        self._sent[key] = Sent(job, self._cluster.submit(job))

    def receive(self, timeout: float) -> list[Message]:
        """What workers have written since the last look; there is one every half second."""
        now = time.monotonic()
        if now + timeout < self._next_look:
            time.sleep(timeout)
            return []
        time.sleep(max(0.0, self._next_look - now))
        messages = [message for key in list(self._sent) for message in self._hear(key)]
        self._next_look = time.monotonic() + LOOK_SECONDS
        return messages

    def _hear(self, key: RunKey) -> list[Message]:
        """New messages of one worker."""
        sent = self._sent[key]
        ended = self._cluster.ended(sent.handle)  # first: then every line that it wrote is read below
        lines = _new_lines(sent)
        messages = [Message(key, values) for values in map(content, lines) if values is not None]
        if ended is not None:
            if ended.failure:
                messages.append(Message(key, {"failed": ended.failure}))
            messages.append(Message(key, None, ended.status, ended.cause))
            self._forget(key)
        return messages

    def _forget(self, key: RunKey) -> None:
        sent = self._sent.pop(key)
        with contextlib.suppress(OSError):  # its node never saw the folder
            if text := sent.job.errors.read_bytes():
                with self._errors.open("ab") as file:
                    file.write(text)

    @property
    def count(self) -> int:
        """Jobs whose end has not been received."""
        return len(self._sent)

    def stop(self) -> None:
        """Let go of the lock: every run saves and ends, and a job that still waits for a node ends when it gets one."""
        self._wanted.close()

    def kill(self) -> None:
        """End every job at once; a worker that is under way still saves."""
        for sent in self._sent.values():
            self._cluster.kill(sent.handle)

    def close(self) -> None:
        """End every job, and let go of all."""
        self.stop()
        self.kill()
        for key in list(self._sent):
            self._forget(key)
        self._cluster.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _new_lines(sent: Sent) -> list[bytes]:
    """Whole lines that were written since the last look."""
    try:
        with sent.job.messages.open("rb") as file:
            file.seek(sent.read)
            text, _, _ = file.read().rpartition(b"\n")
    except FileNotFoundError:  # it still waits for a node
        return []
    sent.read += len(text) + 1 if text else 0
    return text.splitlines()
