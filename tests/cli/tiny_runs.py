"""Finished runs of a moment, for commands that look at several."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainlab.experiments import Config, train


def train_two_rates(data_dir: Path, folder: Path, *, seeds: int, command: Sequence[str] = ()) -> Path:
    """A good learning rate and a poor one, so many seeds each, in ``folder/RATE-SEED``; returns the folder."""
    base = Config(hidden=(16,), batch_size=50, epochs=2, data_dir=str(data_dir))
    for lr in (0.5, 0.01):
        for seed in range(seeds):
            train(replace(base, lr=lr, seed=seed), folder / f"{lr}-{seed}", "tiny", command=command)
    return folder
