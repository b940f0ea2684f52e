"""How long a training step on CIFAR-10 waits for its data, and how much memory serving them takes."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from benchmarks.figures import Limits, Result, Series, Target
from benchmarks.memory import UNKNOWN_PEAKS, peak_megabytes, peak_of
from benchmarks.problem import make_trainer
from benchmarks.rounds import WARM_UP_STEPS
from benchmarks.size import Size
from trainlab.engines import Batch
from trainlab.experiments import load_preset
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.prepared_data import prepare_data
from trainlab.experiments.thread_count import threads_for
from trainlab.training import Batches

RESNET18 = "cifar10-lab1"
SMALL = "cifar10-tiny"
TARGET: Target = {"at_least": 2, "aim": 0.5}
LONG_STEPS = 8  # of ResNet-18 in a round, a second each
SHORT_STEPS = 20  # of the small network for one of `Size.steps`: most of an epoch
IMPORTS = """
import sys
from trainlab.experiments import load_preset
from trainlab.experiments.prepared_data import prepare_data
config = load_preset(sys.argv[1]).config.override(sys.argv[2:])
"""
AN_EPOCH = """
for batch in prepare_data(config).train_batches.epoch(1):
    pass
"""


class ClockedLoader:
    """A loader that adds up how long those who ask for a batch are kept waiting."""

    def __init__(self, loader: Batches, clock: Callable[[], float] = time.perf_counter) -> None:
        self.loader = loader
        self.clock = clock
        self.waiting = 0.0
        """Seconds inside ``next(batches)``."""
        self.total = 0.0
        """Seconds from the first question for a batch to the answer that there is none left: all steps of an epoch."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[Batch]:
        began = self.clock()
        batches = self.loader.epoch(number, first_step)
        while True:
            asked = self.clock()
            batch = next(batches, None)
            answered = self.clock()
            self.waiting += answered - asked
            if batch is None:
                self.total += answered - began
                return
            yield batch


def measure(size: Size, overrides: Sequence[str] = ()) -> Result:
    """Train some steps of both presets again and again; then start processes that only serve data."""
    steps = {RESNET18: min(LONG_STEPS, size.steps), SMALL: SHORT_STEPS * size.steps}
    rows: list[Series] = [
        {
            "name": f"{preset}, {count} steps",
            "values": waiting_shares(preset, overrides, count, size.rounds),
            "target": TARGET,
        }
        for preset, count in steps.items()
    ]
    waiting: Limits = {
        "kind": "limits",
        "title": "Waiting for data, share of a training step",
        "unit": "%",
        "rows": rows,
        "missing": [],
    }
    return {
        "question": "How long does a training step on CIFAR-10 wait for its data, and what memory do they take?",
        "parts": [waiting, _memory(min(size.rounds, 3), overrides)],
        "notes": [
            "Waiting: the time inside next(batches) in Trainer's own loop over the public Loader, which shuffles, "
            "augments and standardizes bytes, against the time of all steps; a warm-up before, in the file cache.",
            "Serving alone: the peak of a process that reads CIFAR-10's training images, splits them and goes through "
            "one epoch, less the peak of one that stops after its imports. The images are mapped from a file that was "
            "decoded before: their pages count here, but the system can take them back. 1 MB = 10⁶ bytes.",
        ],
    }


def waiting_shares(preset: str, overrides: Sequence[str], steps: int, rounds: int) -> list[float | None]:
    """Per cent of the time of so many training steps that went into waiting for batches; one value a round."""
    config = load_preset(preset).config.override(overrides)
    data = prepare_data(config)
    shape, classes = data.dataset.image_shape, len(data.dataset.classes)
    engine = build_engine(config, shape, classes, data.sample)
    threads = threads_for(config, shape, classes)
    shares: list[float | None] = []
    with engine.thread_limit(threads):
        make_trainer(config, data, engine, min(steps, WARM_UP_STEPS)).run()
        for _ in range(rounds):
            trainer = make_trainer(config, data, engine, steps)
            clocked = ClockedLoader(trainer.train_batches)
            trainer.train_batches = cast(Batches, clocked)
            trainer.run()
            shares.append(100 * clocked.waiting / clocked.total)
    return shares


def _memory(times: int, overrides: Sequence[str]) -> Limits:
    """Peaks of processes of their own."""
    part: Limits = {"kind": "limits", "title": "Peak resident memory", "unit": "MB", "rows": [], "missing": []}
    if not hasattr(os, "wait4"):
        part["missing"] = [{"name": "memory", "reason": UNKNOWN_PEAKS}]
        return part
    config = load_preset(SMALL).config.override(overrides)
    images = prepare_data(config).dataset.images  # decoded here, so that no measured process does it
    measures: dict[str, Callable[[], float]] = {
        f"serving an epoch of {SMALL}, above the imports": lambda: served_megabytes(SMALL, overrides),
        "of that, the training images as bytes": lambda: images.nbytes / 1e6,
        f"trainlab train {SMALL}, one epoch and the test: everything": lambda: peak_megabytes(
            SMALL, [*overrides, "epochs=1"]
        ),
        "of that, import torch": lambda: peak_of([sys.executable, "-c", "import torch"]),
    }
    part["rows"] = [{"name": name, "values": [take() for _ in range(times)]} for name, take in measures.items()]
    return part


def served_megabytes(preset: str, overrides: Sequence[str]) -> float:
    """What reading, splitting and serving one epoch adds to the peak of a process."""
    scripts = (IMPORTS + AN_EPOCH, IMPORTS)
    served, imported = (peak_of([sys.executable, "-c", script, preset, *overrides]) for script in scripts)
    return served - imported
