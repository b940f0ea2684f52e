"""How long whole presets train on a device, and how accurate they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from benchmarks.figures import spread
from benchmarks.gpu.amounts import Amounts
from benchmarks.gpu.clock import now
from benchmarks.image_problem import random_images
from trainlab.data import Dataset, load
from trainlab.engines import augmented_views
from trainlab.errors import InputError
from trainlab.experiments import Config, load_preset
from trainlab.experiments.assemble import build_engine, build_schedule
from trainlab.experiments.prepared_data import data_directory, evaluation_batches, prepare_data
from trainlab.experiments.thread_count import threads_for
from trainlab.training import EpochEnded, Event, Plan, Trainer, evaluate


@dataclass(frozen=True)
class Images:
    """What is trained on and tested with; random where CIFAR-10 is not here, and then nothing is learned."""

    train: Dataset
    test: Dataset
    real: bool
    note: str


@dataclass(frozen=True)
class Trained:
    """One training from beginning to end."""

    seconds: float
    """All steps and validations, from the first question for a batch to the last update that the device made."""
    epochs: list[float]
    """Seconds of each epoch with its validation."""
    validation: float
    test: float
    """Accuracy of the last epoch's weights."""
    mirrored: float | None
    """The same over each image and its mirror image, where the preset has test-time augmentation."""
    six_views: float | None
    """The same with both also moved by a pixel, as the published records count."""


def read_images(data_dir: str, amounts: Amounts, *, quick: bool) -> Images:
    """CIFAR-10 from the folder, or from wherever trainlab finds it; random images in a trial or where it is not."""
    if not quick:
        try:
            folder = data_directory(Config(data_dir=data_dir))
            train, test = load("cifar-10", "train", folder), load("cifar-10", "test", folder)
            return Images(train, test, True, "CIFAR-10")
        except InputError as error:
            note = f"random images, so times but no accuracies: {error}"
    else:
        note = "random images"
    train, test = random_images(note, amounts.train_images), random_images(note, amounts.test_images)
    return Images(train, test, False, note)


def train_over_seeds(
    preset: str,
    images: Images,
    device: torch.device,
    amounts: Amounts,
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Train a preset with seeds 0, 1, … as often as there is time for, after an epoch that warms everything up.

    Settings may follow the preset's name.

    Raises InputError for a preset that is not there, or when not even one training fits into the time left.
    """
    name, *changes = preset.split()
    config = load_preset(name).config.override([*changes, f"device={device.type}", *amounts.overrides])
    first_epoch = train(replace(config, epochs=1), images, device).seconds  # the warm-up, thrown away
    expected = first_epoch * config.epochs
    if expected > seconds_left():
        raise InputError(f"{config.epochs} epochs would take about {expected:.0f} s; {seconds_left():.0f} s are left")
    runs: list[Trained] = []
    while len(runs) < amounts.seeds and (not runs or spread([run.seconds for run in runs]).high < seconds_left()):
        runs.append(train(replace(config, seed=len(runs)), images, device))
    record = {
        "preset": preset,
        "data": images.note,
        "epochs": config.epochs,
        "seconds": spread([run.seconds for run in runs])._asdict(),
        "epoch seconds": spread([epoch for run in runs for epoch in run.epochs])._asdict(),
        "runs": [vars(run) for run in runs],
    }
    if images.real:
        record["validation accuracy"] = spread([run.validation for run in runs])._asdict()
        record["test accuracy"] = spread([run.test for run in runs])._asdict()
        if config.tta:
            record["with mirror images"] = spread([run.mirrored for run in runs])._asdict()
            record["in six views"] = spread([run.six_views for run in runs])._asdict()
    return record


def train(config: Config, images: Images, device: torch.device) -> Trained:
    """Train from the beginning to the end, nothing saved; the images are in the device's memory before the clock
    starts."""
    data = prepare_data(config, dataset=images.train)
    data.train_batches.dataset.images.max()  # mapped pages are read now
    epochs: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochEnded):
            epochs.append(event.seconds)

    classes = len(images.train.classes)
    engine = build_engine(config, images.train.image_shape, classes, data.sample)
    data.place(engine)
    schedule = build_schedule(config, data.train_batches.steps_per_epoch)
    plan = Plan("gpu", config.epochs, config.lr, schedule, patience=config.patience)
    trainer = Trainer(engine, data.train_batches, data.validation_batches, plan, [note])
    with engine.thread_limit(threads_for(config, images.train.image_shape, classes)):
        started = now(device)
        outcome = trainer.run()
        seconds = now(device) - started
        last = None if outcome.state.last is None else outcome.state.last.validation
        if outcome.status != "finished" or last is None:
            raise InputError(f"the training ended early: {outcome.reason}")
        tested = evaluation_batches(images.test, np.arange(len(images.test)), data.transform)
        test = evaluate(engine, tested.epoch(0)).accuracy
        mirrored, six_views = (
            evaluate(engine, tested.epoch(0), views=augmented_views(shift)).accuracy if config.tta else None
            for shift in (0, 1)
        )
    return Trained(seconds, epochs, last.accuracy, test, mirrored, six_views)
