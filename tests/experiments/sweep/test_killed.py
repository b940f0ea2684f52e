"""A sweep whose processes are killed loses nothing but steps: its table ends as that of one that nothing stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiments.sweep.scripted_workers import Notes
from tests.processes import environment
from trainlab.errors import InputError
from trainlab.experiments import RunFolder
from trainlab.experiments.sweep import Coordinator, Options, RunKey, Sweep, SweepFolder, build_sweep
from trainlab.experiments.sweep.executors.local import LocalWorkers
from trainlab.experiments.sweep.snapshot import Snapshot
from trainlab.lock import locked

PATIENCE = 120  # seconds, for a busy machine


@pytest.fixture(scope="module")
def long_sweep(tiny_file: str) -> Sweep:
    """Four runs of 660 steps and 60 checkpoints, two at a time."""
    return build_sweep(tiny_file, ["lr=0.1,0.5", "epochs=60"], Options(seeds=2, jobs=2))


@pytest.fixture(scope="module")
def whole(long_sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep that nothing stopped."""
    folder = SweepFolder.create(tmp_path_factory.mktemp("sweeps") / "whole", long_sweep)
    outcome = Coordinator(folder, Notes()).run()
    assert outcome.count("finished") == 4, (folder.path / "errors.log").read_text()
    return folder


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("results.csv", "results.json", "points.json", "sweep.toml")]


def assert_whole(folder: Path, whole: SweepFolder) -> None:
    """The tables are the same to the byte, the figures of every epoch as well, and every run has ended once."""
    assert tables(folder) == tables(whole.path)
    for key in whole.runs():
        runs = [RunFolder.open(parent / key.folder) for parent in (folder, whole.path)]
        lines = [[{**line, "seconds": 0} for line in run.read_metrics()] for run in runs]
        assert lines[0] == lines[1]
        assert (folder / key.folder / "log.txt").read_text().count("finished 60 epochs") == 1
    assert (folder / "errors.log").read_text() == ""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Killer(Notes):
    """Kills the process of one run when it has said how many steps it will take."""

    def __init__(self, key: RunKey) -> None:
        super().__init__()
        self.key = key
        self.workers: LocalWorkers | None = None
        self.killed = False

    def refresh(self, now: Snapshot) -> None:
        if not self.killed and any(run.key == self.key and run.steps for run in now.running):
            self.killed = True
            assert self.workers is not None
            os.kill(self.workers.process_id(self.key), signal.SIGKILL)


def test_a_killed_worker_is_followed_by_another_that_goes_on(
    long_sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", long_sweep)
    killer = Killer(RunKey(0, 1))
    killer.workers = LocalWorkers(long_sweep.cores_per_job, folder.path / "errors.log")
    outcome = Coordinator(folder, killer, workers=killer.workers).run()
    assert outcome.status == "finished"
    assert "lr=0.1 seed=1: its process was killed by signal 9" in killer.texts[0]
    assert_whole(folder.path, whole)


def start(folder: Path) -> "subprocess.Popen[str]":
    """`trainlab resume` of a sweep in a process of its own, as soon as the first run has validated an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trainlab", "resume", str(folder)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(folder.glob("*/metrics.jsonl")) or process.poll() is not None)
    return process


def test_workers_end_with_a_killed_coordinator_and_the_sweep_goes_on(
    long_sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", long_sweep)
    with start(folder.path) as process:
        process.kill()
        process.communicate()
    assert tables(folder.path) != tables(whole.path)
    for key in folder.runs()[:2]:
        with locked(folder.lock_path(key)):  # as soon as the workers have ended
            pass
    with start(folder.path) as process:
        process.kill()  # and once more, and this time nobody waits
        process.communicate()
    assert Coordinator(SweepFolder.open(folder.path), Notes()).run().status == "finished"
    assert_whole(folder.path, whole)


def test_ctrl_c_saves_every_run_and_the_printed_command_goes_on(
    long_sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", long_sweep)
    with start(folder.path) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "stopping: runs save and end" in err
    assert f"go on with:  trainlab resume {folder.path}" in out
    assert Coordinator(SweepFolder.open(folder.path), Notes()).run().status == "finished"
    assert_whole(folder.path, whole)


def test_one_coordinator_at_a_time(long_sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", long_sweep)
    with folder.alone(), pytest.raises(InputError, match="is in use by another process"), folder.alone():
        pass


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(
    long_sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", long_sweep)
    for key in folder.runs():
        folder.run_path(key).mkdir()
        (folder.run_path(key) / "config.toml").write_text("half a fi")
    assert Coordinator(folder, Notes()).run().status == "finished"
    assert_whole(folder.path, whole)


def test_each_process_has_its_share_of_the_cores(whole: SweepFolder) -> None:
    for key in whole.runs():
        assert RunFolder.open(whole.run_path(key)).threads <= whole.sweep.cores_per_job
