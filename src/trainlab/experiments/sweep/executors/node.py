"""What a job does on its node: it starts the worker, and lives as long as the coordinator holds its lock.

The coordinator may be on another machine, so that no pipe leads to it. In its place stands a file that it has locked,
in the folder of the sweep, which both see. The lock goes when the coordinator lets go of it, to stop all runs, and when
it dies: then the job closes the worker's pipe, and the run saves and ends.
"""

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trainlab.experiments.sweep.executors.local import WORKER_COMMAND
from trainlab.experiments.sweep.worker import FAILED, GRACE_SECONDS
from trainlab.lock import is_locked

WATCH_SECONDS = 1.0
"""Between two looks at the coordinator's lock."""

LOCK = "coordinator"
"""The file that the coordinator holds locked, in the folder that `Job.folder` names."""


@dataclass(frozen=True)
class Job:
    """What a node must know to run one worker. All paths are absolute."""

    folder: str
    """Of the files between coordinator and jobs."""
    name: str
    """The job's own files there are ``NAME.messages`` and ``NAME.errors``."""
    request: bytes
    """The line that the worker is to read."""
    directory: str
    """In which relative paths of the configuration are looked up, where this node has it."""
    variables: dict[str, str]
    """Of the worker's environment, besides those of the node."""

    @property
    def messages(self) -> Path:
        return Path(self.folder, f"{self.name}.messages")

    @property
    def errors(self) -> Path:
        return Path(self.folder, f"{self.name}.errors")


class Ended(NamedTuple):
    """How a job has ended."""

    status: int
    """Of the worker's process; below 0 the signal that killed it."""
    failure: str = ""
    """Why there was no worker."""
    cause: str = ""
    """What ended it from outside."""


def run_worker(job: Job, hear: Callable[[], str] = lambda: "") -> Ended:
    """Start the worker and wait until it has ended.

    It is told to end when the coordinator has gone, or when ``hear`` gives a cause.
    """
    if failure := _obstacle(job):
        return Ended(FAILED, failure)
    directory = job.directory if Path(job.directory).is_dir() else job.folder
    with job.messages.open("ab") as messages, job.errors.open("ab") as errors:
        process = subprocess.Popen(
            [*_APART, str(Path(job.folder, job.name)), *WORKER_COMMAND] if _APART else WORKER_COMMAND,
            stdin=subprocess.PIPE,
            stdout=messages,
            stderr=errors,
            cwd=directory,
            env={**os.environ, **job.variables},
            start_new_session=True,
        )
    pipe, cause = process.stdin, ""
    assert pipe is not None
    try:
        with contextlib.suppress(OSError):  # it has died already
            pipe.write(job.request)
            pipe.flush()
        while process.poll() is None and not (cause := hear() or _loss(job)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(WATCH_SECONDS)
    finally:
        with contextlib.suppress(OSError):
            pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS + 10)  # the worker itself ends after its grace
    status = process.poll()
    return Ended(FAILED if status is None else 128 - status if status > 128 else status, cause=cause)


_APART = ["/bin/sh", "-c", 'trap "" TERM USR2; "$@"; exit $?'] if os.name == "posix" else []
"""A shell between job and worker, so that the worker can save when the job is ended: Ray kills the children of a
process that it ends, and Slurm sends its signals to all processes of a job. After a signal n it ends with 128 + n.
Its first argument is nothing but a name, which `ps` shows."""


def _obstacle(job: Job) -> str:
    """Why this node cannot run the job; empty if it can."""
    host, folder = socket.gethostname(), Path(job.folder)
    if not folder.is_dir():
        return (
            f"the node {host} does not see {folder}. The folder of a sweep must lie on a file system that all nodes "
            "share; choose one with --out."
        )
    if _loss(job):
        return (
            f"on the node {host} the lock that this sweep holds on {folder / LOCK} does not show. Without shared "
            "locks two nodes might write one run: mount the file system with them (NFS without nolock, Lustre with "
            "flock), or choose another with --out."
        )
    return ""


def _loss(job: Job) -> str:
    """In words, that the coordinator's lock is not there any more."""
    try:
        return "" if is_locked(Path(job.folder, LOCK)) else "its node lost sight of the coordinator's lock"
    except OSError:  # the network file system does not answer for a moment
        return ""
