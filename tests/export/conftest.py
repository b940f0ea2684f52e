"""Runs to export."""

from pathlib import Path

import pytest

from trainlab.experiments import Config, RunFolder, train


@pytest.fixture(scope="session")
def config(tiny_mnist: Path) -> Config:
    """Of a run that takes a moment: 2 epochs of 11 steps."""
    return Config(hidden=(16,), lr=0.5, batch_size=50, epochs=2, transform="standardize", data_dir=str(tiny_mnist))


@pytest.fixture(scope="session")
def run(config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run, not to be changed."""
    return train(config, tmp_path_factory.mktemp("runs") / "tiny-1", "tiny").run
