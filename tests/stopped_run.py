"""A run that is stopped in the middle and resumed, held against one that never was."""

from pathlib import Path

import numpy as np

from trainlab.experiments import Config, Result, RunFolder, resume, train
from trainlab.training import Event, StepEnded, Trainer


def check_resumed_alike(config: Config, folder: Path, *, stop_after: int) -> Result:
    """Train twice, once with a stop after so many steps; figures and weights must agree to the last bit.

    Returns the run that was not stopped.
    """
    whole = train(config, folder / "whole", "run")
    trainers: list[Trainer] = []

    def stop(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == stop_after:
            trainers[0].request_stop()

    stopped = train(config, folder / "stopped", "run", listeners=[stop], on_start=trainers.append)
    assert stopped.outcome.status == "interrupted"
    resumed = resume(folder / "stopped")
    assert resumed is not None
    for kind in ("final", "best", "test"):
        assert resumed.summary[kind] == whole.summary[kind]
    first, second = (
        RunFolder.open(folder / name).checkpoints.load_latest()[0].engine.model for name in ("whole", "stopped")
    )
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], strict=True, err_msg=name)
    return whole
