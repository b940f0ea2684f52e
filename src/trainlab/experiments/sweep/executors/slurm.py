"""Jobs of Slurm, submitted through submitit. Slurm's own requeueing is switched off: the coordinator submits anew."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.sweep.executors.node import Ended, Job, run_worker
from trainlab.experiments.sweep.worker import FAILED
from trainlab.extras import optional_package

STATE_SECONDS = {"slurm": 10.0, "local": 0.2}
"""Between two questions how jobs are. Each asks Slurm's accounting (sacct), about all jobs at once."""

UNDER_WAY = (
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "SUSPENDED",
    "COMPLETING",
    "STAGE_OUT",
    "RESIZING",
    "UNKNOWN",
    "READY",
)
"""States of a job that has not ended; it is unknown until Slurm's accounting has heard of it."""

YEAR_MINUTES = 365 * 24 * 60

OURS = {
    "array": "each run is a job of its own",
    "cpus_per_task": "give --cores-per-job",
    "ntasks": "a run is one task",
    "nodes": "a run takes one node",
    "requeue": "a job that is lost is submitted anew",
    "output": "what a job says stands in the sweep's folder",
    "error": "what a job says stands in the sweep's folder",
    "chdir": "a job starts in this folder",
}
"""Options of sbatch that are decided here, and why."""


class SlurmCluster:
    """Slurm, or with ``cluster=local`` processes of this machine in its place, to try things out.

    Args:
        path: the sweep's folder; submitit's files go into ``.slurm`` there.
        cores_per_job: of each job.
        options: of sbatch, by their long names.

    Raises InputError when submitit or Slurm are missing or an option cannot be given.
    """

    def __init__(self, path: Path, cores_per_job: int, options: Mapping[str, str]) -> None:
        submitit = optional_package("submitit", "--executor slurm", "pip install 'trainlab[slurm]'")
        named = {key.strip("-").replace("-", "_"): value for key, value in options.items()}
        kind = named.pop("cluster", "slurm")
        if kind not in STATE_SECONDS:
            raise InputError(
                f"--slurm cluster={kind} does not fit: leave it out, or try jobs out here with cluster=local."
            )
        for key in named:
            if key in OURS:
                raise InputError(f"--slurm {key}=… is not for you to give: {OURS[key]}. Leave it out.")
        folder = (path / ".slurm").absolute()
        if kind == "local":
            self._executor = submitit.LocalExecutor(folder)
            self._executor.update_parameters(timeout_min=YEAR_MINUTES)
        else:
            for program in ("sbatch", "srun", "sacct", "scancel"):
                if shutil.which(program) is None:
                    raise InputError(
                        f"--executor slurm needs {program}, which is not found here. Start trainlab on a login node of "
                        "the cluster, or try jobs out on this machine with --slurm cluster=local."
                    )
            self._executor = submitit.SlurmExecutor(folder)
            flags = {key: True if value == "true" else value for key, value in named.items()}
            self._executor.update_parameters(
                job_name=path.name,
                time=None,  # the partition's own limit, unless the options give one; submitit's is five minutes
                wckey=None,
                cpus_per_task=cores_per_job,
                additional_parameters={"no_requeue": True, **flags},
            )
        self._submission_error: type[Exception] = submitit.core.utils.FailedJobError
        self._is_slurm = kind == "slurm"
        self._seconds = STATE_SECONDS[kind]
        self._states: dict[str, tuple[float, str]] = {}

    def submit(self, job: Job) -> Any:
        try:
            return self._executor.submit(run_as_job, job)
        except (OSError, self._submission_error, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            raise InputError(f"Slurm does not take the job: {said.strip().splitlines()[-1]}") from error

    def ended(self, handle: Any) -> Ended | None:
        if not handle.paths.result_pickle.exists():
            state = self._state(handle)
            if state.split(" ")[0] in UNDER_WAY or handle.paths.result_pickle.exists():
                return None
            return Ended(FAILED, cause=f"its Slurm job {handle.job_id} ended as {state}")
        error = handle.exception()
        if error is not None:
            return Ended(FAILED, f"its Slurm job {handle.job_id} failed: {str(error).strip().splitlines()[-1]}")
        ended: Ended = handle.result()
        return ended

    def _state(self, handle: Any) -> str:
        """What Slurm says of a job, asked now and then."""
        now = time.monotonic()
        asked_at, state = self._states.get(handle.job_id, (now, "UNKNOWN"))
        if now - asked_at >= self._seconds:
            asked_at, state = (
                now,
                handle.watcher.get_state(handle.job_id, mode="force") if self._is_slurm else handle.state,
            )
        self._states[handle.job_id] = (asked_at, state)
        return state

    def kill(self, handle: Any) -> None:
        handle.cancel(check=False)

    def close(self) -> None:
        """Nothing to let go of."""


def run_as_job(job: Job) -> Ended:
    """`run_worker` in a job's process: when Slurm announces an end (preemption, time limit, scancel), the run saves."""
    said: list[str] = []

    def hear(number: int, frame: Any) -> None:
        said.append(f"Slurm ended its job {os.environ.get('SLURM_JOB_ID', '')} ({signal.Signals(number).name})")

    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, hear)
    return run_worker(job, lambda: said[0] if said else "")
