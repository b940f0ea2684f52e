"""A sweep whose processes are killed loses nothing but steps: its table ends as that of one that nothing stopped."""

import os
import signal
from pathlib import Path

import pytest

from tests.experiments.sweep.scripted_workers import Notes
from tests.experiments.sweep.whole_sweep import PATIENCE, assert_whole, start, tables
from trainlab.errors import InputError
from trainlab.experiments import RunFolder
from trainlab.experiments.cores import CORES_VARIABLE
from trainlab.experiments.sweep import Coordinator, Options, RunKey, Sweep, SweepFolder, build_sweep
from trainlab.experiments.sweep.executors.local import LocalWorkers
from trainlab.experiments.sweep.snapshot import Snapshot
from trainlab.lock import locked


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


def test_a_process_takes_the_threads_that_its_share_of_the_cores_allows(
    tiny_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of this network is worth more than two."""
    monkeypatch.setenv(CORES_VARIABLE, "4")
    taken = []
    for cores in (1, 2):
        words = ["hidden=512", "batch_size=540", "epochs=1"]
        folder = SweepFolder.create(tmp_path / str(cores), build_sweep(tiny_file, words, Options(cores_per_job=cores)))
        assert Coordinator(folder, Notes()).run().status == "finished"
        taken.append(RunFolder.open(folder.run_path(folder.runs()[0])).threads)
    assert taken == [1, 2]
