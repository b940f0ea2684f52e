"""Sweeps of a moment: a small network on a few hundred real images."""

from pathlib import Path

import pytest

from trainlab.experiments.sweep import Options, Sweep, build_sweep


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
