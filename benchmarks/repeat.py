"""The same preset trained again with other seeds, in temporary folders."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainlab.experiments import load_preset, train


def train_over_seeds(preset: str, overrides: Sequence[str], seeds: int) -> list[dict[str, Any]]:
    """The summary of each run, see `train_once`; seeds 0, 1, …"""
    return [train_once(preset, overrides, seed) for seed in range(seeds)]


def train_once(preset: str, overrides: Sequence[str], seed: int) -> dict[str, Any]:
    """The summary of a run, with ``wall_seconds`` added: data, training, test and all files together."""
    chosen = load_preset(preset)
    config = chosen.config.override([*overrides, f"seed={seed}"])
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        summary = train(config, Path(folder) / "run", chosen.name).summary
        return {**summary, "wall_seconds": round(time.perf_counter() - started, 3)}
