"""The network that a run has kept: its weights, and the figures that they have on any part of the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data import Dataset, describe, load, transforms
from trainlab.engines import Engine, Group, View
from trainlab.errors import InputError
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.prepared_data import data_directory, evaluation_batches
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.unchanged import few, refuse_changed_images
from trainlab.training import Checkpoint, Metrics, evaluate
from trainlab.training.checkpoint import load as load_checkpoint


def load_engine(engine: Engine, checkpoint: Checkpoint, run: RunFolder) -> None:
    """Put a checkpoint's weights and optimizer into an engine. Raises InputError with every mismatch."""
    try:
        engine.load_state(checkpoint.engine)
    except ValueError as error:
        raise InputError(f"the checkpoint in {run.path} does not fit its config.toml: {error}") from error


@dataclass(frozen=True)
class TrainedNetwork:
    """The weights that a run has kept, ready to be used."""

    run: RunFolder
    engine: Engine
    transform: Any
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    epoch: int


def load_network(run: RunFolder, group: Group | None = None) -> TrainedNetwork:
    """The weights that the run has kept so far; its images need not be there.

    Raises InputError when no epoch was finished.
    """
    checkpoint = (group or Group()).from_first(lambda: load_kept(run))
    classes, image_shape = tuple(checkpoint.extra["classes"]), image_shape_of(run, checkpoint)
    engine = build_engine(run.config, image_shape, len(classes), group=group)
    load_engine(engine, checkpoint, run)
    transform = transforms.from_dict(checkpoint.extra["transform"])
    return TrainedNetwork(run, engine, transform, classes, image_shape, checkpoint.training.epoch)


def image_shape_of(run: RunFolder, checkpoint: Checkpoint) -> tuple[int, int, int]:
    """Channels, height and width of the images that a run learned; the first runs did not note them."""
    noted = checkpoint.extra.get("image_shape")
    if noted is None:
        return describe(run.config.dataset).image_shape
    channels, height, width = noted
    return channels, height, width


def load_kept(run: RunFolder) -> Checkpoint:
    """The checkpoint of the best epoch so far, or with keep = "last" the newest. Raises InputError when no epoch was
    finished."""
    if run.config.keep == "last":
        checkpoint, refused = run.checkpoints.load_latest()
        if refused:  # an older one would pass for the last
            raise refused[0]
        if checkpoint.training.last is not None and checkpoint.training.step_in_epoch:
            raise InputError(
                f'{run.path} is in the middle of epoch {checkpoint.training.epoch + 1}, and with keep = "last" it has '
                f"the weights of no whole epoch then. Wait for its end, or go on with `trainlab resume {run.path}`."
            )
    elif run.checkpoints.best_path.exists():
        checkpoint = load_checkpoint(run.checkpoints.best_path)
    else:
        checkpoint = None
    if checkpoint is None or checkpoint.training.last is None:
        raise InputError(
            f"{run.path} holds no weights to use: no epoch was finished. Go on with `trainlab resume {run.path}`."
        )
    return checkpoint


@dataclass(frozen=True)
class Evaluation:
    """The figures of one network on one part of the data."""

    part: str
    size: int
    metrics: Metrics
    epoch: int
    """Whose weights were used."""
    augmented: Metrics | None = None
    """With test-time augmentation, when it was asked for."""


def evaluate_run(run: RunFolder, part: str, *, views: Sequence[View] = (), group: Group | None = None) -> Evaluation:
    """Loss and accuracy of the weights that a run has kept, on the test, validation or training images.

    Args:
        views: judge each image also by all of these together, see `augmented_views`; none: only as it is.
        group: the processes that share the work, each of which calls this.
    """
    group = group or Group()
    dataset, indices = group.agreed(lambda: images_of(run, part))
    network = load_network(run, group)
    if dataset.classes != network.classes:
        raise InputError(
            f"{dataset.name} ({part}) has other classes than {run.path} learned: {few(dataset.classes)} instead of "
            f"{few(network.classes)}. Put the images back as they were, or train again."
        )
    if dataset.image_shape != network.image_shape:
        raise InputError(
            f"{dataset.name} ({part}) has images of {_text(dataset.image_shape)}, and {run.path} learned those of "
            f"{_text(network.image_shape)} (channels × height × width). Put dataset in its config.toml back as it was."
        )
    batches = evaluation_batches(dataset, indices, network.transform, group.part)
    with network.engine.thread_limit(run.threads):
        plain = evaluate(network.engine, batches.epoch(0), group)
        augmented = evaluate(network.engine, batches.epoch(0), group, views=views) if views else None
    return Evaluation(part, len(indices), plain, network.epoch, augmented)


def _text(image_shape: tuple[int, int, int]) -> str:
    return " × ".join(map(str, image_shape))


def images_of(run: RunFolder, part: str) -> tuple[Dataset, NDArray[np.int64]]:
    """A data set, and which of its images are the test, validation or training images of a run."""
    if part == "test":
        dataset = load(run.config.dataset, "test", data_directory(run.config))
        return dataset, np.arange(len(dataset))
    chosen = run.load_split()
    dataset = load(run.config.dataset, "train", data_directory(run.config))
    refuse_changed_images(run, dataset, chosen, dataset.classes)
    return dataset, chosen.validation if part == "validation" else chosen.train
