"""Event files, read with TensorBoard's own reader."""

from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from trainlab.experiments import RunFolder


def read(folder: Path) -> Any:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0}).Reload()


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = read(folder)
    return {tag: [(point.step, point.value) for point in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def of_epochs(run: RunFolder) -> dict[str, list[tuple[int, float]]]:
    """What the run folder says about its epochs, rounded as event files store it."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for epoch in run.read_metrics():
        for figure in ("loss", "accuracy"):
            for part in ("train", "validation"):
                value = float(np.float32(epoch[part][figure]))
                curves.setdefault(f"{figure}/{part}", []).append((epoch["step"], value))
        curves.setdefault("learning_rate", []).append((epoch["step"], float(np.float32(epoch["learning_rate"]))))
    return curves
