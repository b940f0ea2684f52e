"""Sweeps of Slurm jobs: what sbatch is told, what a state means, and that killed jobs and coordinators lose nothing."""

import signal
import time
from pathlib import Path

import pytest
from submitit.slurm.slurm import SlurmJob

from tests.experiments.sweep.jobs import kill, run_under_way
from tests.experiments.sweep.whole_sweep import PATIENCE, assert_whole, start, wait_for
from trainlab.errors import InputError
from trainlab.experiments.sweep import Sweep, SweepFolder
from trainlab.experiments.sweep.executors import slurm
from trainlab.experiments.sweep.executors.node import Ended, Job
from trainlab.experiments.sweep.executors.slurm import SlurmCluster

HERE = ("--executor", "slurm", "--slurm", "cluster=local")
"""submitit's processes of this machine in place of Slurm jobs."""


def test_a_killed_job_and_a_killed_coordinator_leave_the_table_of_a_local_sweep(
    slow_sweep: Sweep, slow_whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", slow_sweep)
    with start(folder.path, *HERE) as process:
        found = run_under_way(folder)
        while found is None:
            assert process.poll() is None, process.communicate()
            found = run_under_way(folder)
        key, processes = found
        kill(*processes)  # as Slurm ends a job: all of its processes at once
        second = f".workers/*/{key.folder}.2.messages"
        wait_for(lambda: any(folder.path.glob(second)) or process.poll() is not None)
        process.kill()
        _, err = process.communicate()
    assert "ended as FINISHED; it goes on from its last checkpoint" in err
    with start(folder.path, *HERE) as process:  # at once: jobs of the first coordinator are still under way
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, (out, err)
    assert_whole(folder.path, slow_whole)


def test_ctrl_c_lets_jobs_save(slow_sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", slow_sweep)
    with start(folder.path, *HERE) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, (out, err)
    assert "stopped; what was done is saved" in err
    assert f"go on with:  trainlab resume {folder.path}" in out
    assert not any((folder.path / ".workers").iterdir())


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for Slurm's programs: sbatch keeps the script, sacct says what stands in the file ``state``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    said = f"printf 'JobID|State|NodeList\\n17|%s|node1\\n' \"$(cat {folder}/state)\""
    for name, does in {
        "sbatch": f'cp "$1" {folder}/script; echo Submitted batch job 17',
        "sacct": said,
        "scancel": f'echo "$@" > {folder}/cancelled',
        "srun": "exit 1",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setitem(slurm.STATE_SECONDS, "slurm", 0.0)
    SlurmJob.watcher.clear()  # it remembers states, and every test has a job 17
    return folder


JOB = Job("/nowhere", "point-000-seed-0.1", b"{}\n", "/", {})


def test_sbatch_is_told_what_the_options_say_and_nothing_that_submitit_would_add(
    programs: Path, tmp_path: Path
) -> None:
    cluster = SlurmCluster(
        tmp_path / "lr-sweep", 3, {"partition": "short", "time": "2:00:00", "gpus-per-node": "1", "exclusive": "true"}
    )
    cluster.submit(JOB)
    told = {line.removeprefix("#SBATCH --") for line in (programs / "script").read_text().splitlines()}
    assert {
        "job-name=lr-sweep",
        "partition=short",
        "time=2:00:00",
        "gpus-per-node=1",
        "exclusive",
        "cpus-per-task=3",
        "no-requeue",
    } <= told
    assert not any(line.startswith("wckey") for line in told)
    SlurmCluster(tmp_path / "plain", 1, {}).submit(JOB)
    assert "--time" not in (programs / "script").read_text()


@pytest.mark.parametrize("state", ["TIMEOUT", "PREEMPTED", "CANCELLED by 1000", "NODE_FAIL", "OUT_OF_MEMORY", "FAILED"])
def test_a_job_that_slurm_has_ended_is_lost(programs: Path, tmp_path: Path, state: str) -> None:
    cluster = SlurmCluster(tmp_path / "sweep", 1, {})
    handle = cluster.submit(JOB)
    for going_on in ("PENDING", "RUNNING", "COMPLETING"):
        (programs / "state").write_text(going_on)
        time.sleep(0.002)  # submitit does not ask twice within a millisecond
        assert cluster.ended(handle) is None
    (programs / "state").write_text(state)
    time.sleep(0.002)
    assert cluster.ended(handle) == Ended(1, cause=f"its Slurm job 17 ended as {state}")
    cluster.kill(handle)
    assert (programs / "cancelled").read_text() == "17\n"


def test_a_refused_job_says_why(programs: Path, tmp_path: Path) -> None:
    (programs / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: shrt' >&2; exit 1\n")
    with pytest.raises(InputError, match=r"Slurm does not take the job: .*invalid partition specified: shrt"):
        SlurmCluster(tmp_path / "sweep", 1, {"partition": "shrt"}).submit(JOB)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "mars"}, "cluster=mars does not fit: leave it out, or try jobs out here with cluster=local"),
        ({"cpus-per-task": "2"}, "cpus_per_task=… is not for you to give: give --cores-per-job"),
        ({"requeue": "true"}, "requeue=… is not for you to give: a job that is lost is submitted anew"),
    ],
)
def test_options_that_do_not_fit_are_named(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SlurmCluster(tmp_path, 1, options)


def test_without_slurm_its_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"needs sbatch, which is not found here. Start trainlab on a login node"):
        SlurmCluster(tmp_path, 1, {})
