"""Training steps of one process of a group, told as numbers; the test runs the same functions with a group of one.

Usage: python group_steps.py OUTPUT_DIR, with torchrun's environment. Writes OUTPUT_DIR/RANK.json.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.data import Dataset, Loader, Unit, augmentation
from trainlab.engines import Group
from trainlab.errors import InputError
from trainlab.experiments import Config, open_group
from trainlab.experiments.assemble import build_engine
from trainlab.training import evaluate

STEPS = 20
MLP: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {"momentum": 0.9, "dropout": 0.3, "clip_norm": 0.5, "accumulate": 2, "label_smoothing": 0.1},
    "averaged": {"optimizer": "adam", "lr": 0.01, "ema": 0.9, "augment": ["mixup"]},
    "tiny batches": {"batch_size": 1, "momentum": 0.9},
}


def images(count: int, shape: tuple[int, int, int]) -> Dataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count, dtype=np.uint8)
    return Dataset("random", rng.integers(0, 256, (count, *shape), dtype=np.uint8), labels, ("a", "b", "c"))


def train(group: Group, settings: dict[str, Any], shape: tuple[int, int, int], steps: int) -> dict[str, Any]:
    """Figures of each step, and what is left at the end. 43 images: the last batch of 7 is a single image."""
    config = Config.from_mapping(
        {"engine": "torch", "precision": "fp32", "hidden": [8], "batch_size": 7, "lr": 0.1, **settings}
    )
    dataset = images(43, shape)
    augment = augmentation.build(list(config.augment)) if config.augment else None
    batches = Loader(
        dataset, np.arange(43), config.batch_size, Unit(), 0, shuffle=True, augment=augment, part=group.part
    )
    engine = build_engine(config, shape, 3, group=group)
    told: list[list[float]] = []
    epoch = 0
    while len(told) < steps:
        epoch += 1
        for batch in batches.epoch(epoch):
            told.append(list(engine.train_step(batch)))
            if len(told) == steps:
                break
    measured = evaluate(engine, Loader(dataset, np.arange(43), 20, Unit(), 0, False, part=group.part).epoch(0), group)
    weights = {name: array.ravel().tolist() for name, array in engine.state().model.items()}
    return {"steps": told, "evaluation": list(measured), "weights": weights}


def mlps(group: Group) -> dict[str, Any]:
    return {name: train(group, settings, (1, 4, 3), STEPS) for name, settings in MLP.items()}


def convnet(group: Group, steps: int) -> dict[str, Any]:
    return train(group, {"model": "convnet", "augment": ["flip"]}, (3, 32, 32), steps)


def errors(group: Group) -> dict[str, list[str]]:
    """What each process is told when both fail, when the second one fails, and when the first one fails for all."""

    def fail(failing: bool) -> str:
        if failing:
            raise InputError(f"bad data in {group.rank}")
        return "fine"

    questions: dict[str, Callable[[], str]] = {
        "both": lambda: group.agreed(lambda: fail(True)),
        "second": lambda: group.agreed(lambda: fail(group.rank == 1)),
        "first": lambda: group.from_first(lambda: fail(True)),
        "none": lambda: group.from_first(lambda: f"from {group.rank}"),
    }
    told = {}
    for name, ask in questions.items():
        try:
            told[name] = ["", ask()]
        except InputError as error:
            told[name] = [type(error).__name__, str(error)]
    return told


def stopping(group: Group) -> list[bool]:
    """`is_stopping` before and after the step in which process 1 wishes to stop."""
    if group.rank == 1:
        group.request_stop()
    before = group.is_stopping
    group.totals([0])
    return [before, group.is_stopping]


def main() -> None:
    group = open_group()
    told = {
        "mlp": mlps(group),
        "one step": convnet(group, 1),
        "more steps": convnet(group, 8),
        "errors": errors(group),
        "stopping": stopping(group),
    }
    Path(sys.argv[1], f"{group.rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
