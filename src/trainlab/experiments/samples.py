"""A few training images as the epochs of a run show them to the network, for a picture of the augmentation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data import Batch, Dataset, Split
from trainlab.data.transforms import as_bytes
from trainlab.experiments.config import Config
from trainlab.experiments.prepared_data import PreparedData, prepare_data

MOST_CLASSES = 10
FEWEST_ROWS = 6
"""With fewer classes than that, several images of each are shown."""
MOST_EPOCHS = 7


Mixture = tuple[tuple[float, str], ...]
"""The shares of a mixed image and their classes, its own first, such as ((0.7, "cat"), (0.3, "dog"))."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures of training images in rows, with a column for each epoch; the first shows the stored image."""

    rows: tuple[str, ...]
    """The class of each row's image."""
    columns: tuple[str, ...]
    """What each column shows; empty where nothing is done at random, and the columns are other images of the class."""
    pixels: NDArray[np.uint8]
    """(rows, columns, C, H, W)"""
    mixtures: tuple[tuple[Mixture, ...], ...]
    """For each row and column what was mixed; nothing where nothing was."""


def take_samples(config: Config, chosen: Split | None = None) -> Samples:
    """Serve some training images as a run of this configuration does in its first epochs.

    Arguments:
        chosen: the split that a run has saved; None draws it as a new run does.

    Raises:
        InputError: the data is not here, or does not fit the configuration.
    """
    data = prepare_data(config, chosen)
    if not config.augment:
        return _gallery(data)
    loader, dataset = data.train_batches, data.dataset
    classes = _some_classes(dataset, data.split)
    indices = np.concatenate([of_class[: max(1, FEWEST_ROWS // len(classes))] for of_class in classes])
    epochs = range(1, min(MOST_EPOCHS, config.epochs) + 1)
    batches = [loader.serve(indices, epoch) for epoch in epochs]
    columns = [dataset.images[indices], *(as_bytes(batch.images, data.transform) for batch in batches)]
    own = dataset.labels[indices]
    mixtures = [_mixtures(batch, own, dataset.classes) for batch in batches]
    return Samples(
        tuple(dataset.classes[label] for label in own),
        ("original", *(f"epoch {epoch}" for epoch in epochs)),
        np.stack(columns, axis=1),
        tuple(zip([()] * len(own), *mixtures, strict=True)),
    )


def _gallery(data: PreparedData) -> Samples:
    """Without augmentation each epoch shows the same: rather as many different images of each class."""
    classes = _some_classes(data.dataset, data.split)
    count = min(MOST_EPOCHS + 1, *(len(of_class) for of_class in classes))
    images = np.stack([data.dataset.images[of_class[:count]] for of_class in classes])
    names = tuple(data.dataset.classes[data.dataset.labels[of_class[0]]] for of_class in classes)
    return Samples(names, (), images, tuple(((),) * count for _ in classes))


def _some_classes(dataset: Dataset, split: Split) -> list[NDArray[np.int64]]:
    """The training images of each class, or of ten that lie evenly among more."""
    labels = dataset.labels[split.train]
    present = np.unique(labels)
    places = np.linspace(0, len(present) - 1, min(MOST_CLASSES, len(present))).round().astype(int)
    return [split.train[labels == label] for label in present[places]]


def _mixtures(batch: Batch, own: NDArray[np.unsignedinteger[Any]], classes: tuple[str, ...]) -> list[Mixture]:
    if batch.targets is None:
        return [()] * len(own)
    mixtures = []
    for shares, label in zip(batch.targets, own, strict=True):
        others = [number for number in np.flatnonzero(shares) if number != label]
        mixtures.append(tuple((float(shares[number]), classes[number]) for number in (label, *others)))
    return mixtures
