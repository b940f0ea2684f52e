"""Sweeps of a moment: a small network on a few hundred real images."""

from pathlib import Path

import pytest

from tests.experiments.sweep.scripted_workers import Notes
from trainlab.experiments.sweep import Coordinator, Options, Sweep, SweepFolder, build_sweep


@pytest.fixture(scope="session")
def tiny_file(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A configuration file for runs of 22 steps."""
    path = tmp_path_factory.mktemp("settings") / "tiny.toml"
    path.write_text(f"hidden = [16]\nlr = 0.5\nbatch_size = 50\nepochs = 2\ndata_dir = '{tiny_mnist}'\n")
    return str(path)


@pytest.fixture
def sweep(tiny_file: str) -> Sweep:
    """Two learning rates, two seeds, two jobs."""
    return build_sweep(tiny_file, ["lr=0.1,0.5"], Options(seeds=2, jobs=2))


@pytest.fixture(scope="session")
def long_sweep(tiny_file: str) -> Sweep:
    """Four runs of 660 steps and 60 checkpoints, two at a time."""
    return build_sweep(tiny_file, ["lr=0.1,0.5", "epochs=60"], Options(seeds=2, jobs=2, cores_per_job=1))


@pytest.fixture(scope="session")
def whole(long_sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep that nothing stopped."""
    return run_whole(long_sweep, tmp_path_factory)


@pytest.fixture(scope="session")
def slow_sweep(tiny_file: str) -> Sweep:
    """Two runs of 2,640 steps and 240 checkpoints, both at a time; long enough to be found while they go on."""
    return build_sweep(tiny_file, ["lr=0.1,0.5", "epochs=240"], Options(jobs=2, cores_per_job=1))


@pytest.fixture(scope="session")
def slow_whole(slow_sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """The same by processes of this machine, and nothing stopped it."""
    return run_whole(slow_sweep, tmp_path_factory)


def run_whole(sweep: Sweep, folders: pytest.TempPathFactory) -> SweepFolder:
    folder = SweepFolder.create(folders.mktemp("sweeps") / "whole", sweep)
    outcome = Coordinator(folder, Notes()).run()
    assert outcome.count("finished") == len(folder.runs()), (folder.path / "errors.log").read_text()
    return folder
