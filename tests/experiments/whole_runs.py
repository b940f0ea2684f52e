"""What tests of whole runs do with them."""

from pathlib import Path
from typing import Any

import numpy as np

from trainlab.experiments import Config, Result, RunFolder, train
from trainlab.training import Checkpoint, Event, StepEnded


def interrupt_after(step: int, config: Config, run: Path) -> Result:
    trainers: list[Any] = []

    def stop(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == step:
            trainers[0].request_stop()

    return train(config, run, "interrupted", listeners=[stop], on_start=trainers.append)


def figures(run: Path) -> list[dict[str, Any]]:
    """metrics.jsonl without its timings."""
    return [
        {key: value for key, value in line.items() if key != "seconds"} for line in RunFolder.open(run).read_metrics()
    ]


def last_weights(run: Path) -> dict[str, Any]:
    checkpoint: Checkpoint = RunFolder.open(run).checkpoints.load_latest()[0]
    return dict(checkpoint.engine.model)


def assert_equal_runs(one: Path, other: Path) -> None:
    assert figures(one) == figures(other)
    weights = last_weights(other)
    for name, array in last_weights(one).items():
        np.testing.assert_array_equal(array, weights[name], strict=True)
