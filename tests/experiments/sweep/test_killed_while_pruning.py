"""A sweep that prunes decides the same whenever and however often its processes are killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.experiments.sweep import killed_judge
from tests.experiments.sweep.scripted_workers import Notes
from tests.processes import environment
from trainlab.experiments.sweep import Coordinator, Options, RunKey, Sweep, SweepFolder, SweepOutcome, build_sweep
from trainlab.experiments.sweep.executors.local import LocalWorkers
from trainlab.experiments.sweep.snapshot import Snapshot
from trainlab.experiments.sweep.worker import Request

PATIENCE = 120  # seconds, for a busy machine
EPOCHS = 12


@pytest.fixture(scope="module")
def sweep(tiny_file: str) -> Sweep:
    """Six points of two seeds, two at a time; runs of 132 steps."""
    words = ["lr=0.02,0.001,0.1,0.005,0.3,0.01", f"epochs={EPOCHS}"]
    return build_sweep(tiny_file, words, Options(seeds=2, jobs=2, prune="halving", cores_per_job=1))


@pytest.fixture(scope="module")
def whole(sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep that nothing stopped."""
    folder = SweepFolder.create(tmp_path_factory.mktemp("sweeps") / "whole", sweep)
    outcome = Coordinator(folder, Notes()).run()
    assert outcome.status == "finished", (folder.path / "errors.log").read_text()
    assert outcome.count("pruned") >= 4
    assert outcome.count("finished") >= 4
    assert outcome.count("failed") == 0
    return folder


def finish(path: Path) -> SweepOutcome:
    folder = SweepFolder.open(path)
    with folder.alone():
        return Coordinator(folder, Notes()).run()


def assert_whole(path: Path, whole: SweepFolder) -> None:
    for name in ("results.csv", "results.json", "points.json", "sweep.toml"):
        assert (path / name).read_bytes() == (whole.path / name).read_bytes()
    assert (path / "errors.log").read_text() == ""
    begun = [key.folder for key in whole.runs() if (path / key.folder).exists()]
    assert begun == [key.folder for key in whole.runs() if whole.run_path(key).exists()]


def pruned_run(whole: SweepFolder) -> RunKey:
    """The last run that was pruned on its way."""
    rows = whole.rows({})
    return [RunKey(row.point, row.seed) for row in rows if row.status == "pruned" and row.epochs][-1]


@pytest.mark.parametrize("moment", ["decided", "told", "written"])
def test_a_worker_killed_between_decision_and_deed_is_pruned_by_the_next_one_at_the_same_step(
    sweep: Sweep, whole: SweepFolder, tmp_path: Path, moment: str
) -> None:
    key = pruned_run(whole)
    shutil.copytree(whole.path, tmp_path / "sweep")
    folder = SweepFolder.open(tmp_path / "sweep")
    shutil.rmtree(folder.run_path(key))  # the last run: all that decides about it is there
    request = Request(
        str(folder.run_path(key)),
        str(folder.lock_path(key)),
        sweep.name,
        asdict(sweep.config(folder.points[key.point], key.seed)),
        [],
        folder.pruning(key),
    )
    process = subprocess.Popen(
        [sys.executable, killed_judge.__file__, moment], stdin=subprocess.PIPE, env=environment(), bufsize=0
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(request.to_line())  # and it stays open: closed, it would stop the run
        assert process.wait(PATIENCE) == -signal.SIGKILL
    assert (SweepFolder.open(folder.path).summary(key) is not None) == (moment == "written")
    assert finish(folder.path).status == "finished"
    assert_whole(folder.path, whole)


class Killer(Notes):
    """Kills the process of each first run, once, as soon as it has told of an epoch."""

    def __init__(self, workers: LocalWorkers) -> None:
        super().__init__()
        self.workers = workers
        self.killed: set[RunKey] = set()

    def refresh(self, now: Snapshot) -> None:
        for run in now.running:
            if run.key.seed == 0 and run.epoch and run.key not in self.killed:
                self.killed.add(run.key)
                os.kill(self.workers.process_id(run.key), signal.SIGKILL)


def test_killed_workers_are_followed_by_others_that_decide_the_same(
    sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    workers = LocalWorkers(sweep.cores_per_job, folder.path / "errors.log")
    killer = Killer(workers)
    assert Coordinator(folder, killer, workers=workers).run().status == "finished"
    assert killer.killed
    assert_whole(folder.path, whole)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_coordinator_killed_again_and_again_leaves_a_sweep_that_ends_the_same(
    sweep: Sweep, whole: SweepFolder, tmp_path: Path
) -> None:
    """After the first epoch of each third run, whatever else is under way."""
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    for begun in range(1, len([key for key in whole.runs() if whole.run_path(key).exists()]), 3):
        process = subprocess.Popen(
            [sys.executable, "-m", "trainlab", "resume", str(folder.path), "--progress", "none"],
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        with process:
            wait_for(lambda: len(list(folder.path.glob("*/metrics.jsonl"))) > begun or process.poll() is not None)  # noqa: B023
            process.kill()
    assert finish(folder.path).status == "finished"
    assert_whole(folder.path, whole)
