"""What a trained network gets right and wrong on its validation images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.errors import InputError
from trainlab.experiments.kept_network import images_of, load_network
from trainlab.experiments.prepared_data import evaluation_batches
from trainlab.experiments.run_folder import RunFolder
from trainlab.report.first_layer import first_filters


@dataclass(frozen=True)
class Mistake:
    """A validation image that was taken for something else."""

    pixels: NDArray[np.uint8]
    """(C, H, W)"""
    label: str
    predicted: str
    confidence: float
    """The probability of the class that it was taken for."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """A network's answers for all of its validation images."""

    epoch: int
    """Whose weights were used."""
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    """(K, K): images of class i that were taken for class j."""
    mistakes: tuple[Mistake, ...]
    """The worst first: those whose right class had the least probability."""
    filters: NDArray[Any] | None
    """First-layer weights as images (F, C, H, W)."""

    @property
    def size(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return float(self.confusion.trace() / self.size)

    def class_accuracies(self) -> list[float | None]:
        """The share of each class that was recognized; None for a class without a validation image."""
        return [float(row[number] / row.sum()) if row.sum() else None for number, row in enumerate(self.confusion)]

    def confused(self, most: int) -> list[tuple[int, str, str]]:
        """(images, class, taken for) of the pairs that are confused most often."""
        wrong = [
            (int(count), self.classes[i], self.classes[j])
            for (i, j), count in np.ndenumerate(self.confusion)
            if i != j and count
        ]
        return sorted(wrong, key=lambda pair: -pair[0])[:most]


def judge(run: RunFolder, most_mistakes: int) -> Judgement | str:
    """Let the weights that a run has kept answer for the run's validation images.

    What is missing for that on this machine is told by its name: "data", when the images are not here or are not those
    of the run; "network", when the weights are not, or need a package that is not.
    """
    try:
        dataset, indices = images_of(run, "validation")
    except InputError:
        return "data"
    try:
        network = load_network(run)
    except InputError:
        return "network"
    if network.classes != dataset.classes:
        return "data"
    batches = evaluation_batches(dataset, indices, network.transform)
    with network.engine.thread_limit(run.threads):
        probabilities = np.concatenate([network.engine.predict(batch.images) for batch in batches.epoch(1)])
    labels = dataset.labels[indices].astype(np.int64)
    filters = first_filters(dict(network.engine.state().model), dataset.image_shape)
    images = dataset.images[indices]
    return answers(network.epoch, network.classes, images, labels, probabilities, filters, most_mistakes)


def answers(
    epoch: int,
    classes: tuple[str, ...],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    probabilities: NDArray[Any],
    filters: NDArray[Any] | None,
    most_mistakes: int,
) -> Judgement:
    """Count the answers, and pick the worst."""
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    wrong = np.flatnonzero(predicted != labels)
    of_right_class = probabilities[wrong, labels[wrong]]
    worst = wrong[np.argsort(of_right_class, kind="stable")][:most_mistakes]
    mistakes = tuple(
        Mistake(
            images[place],
            classes[labels[place]],
            classes[predicted[place]],
            float(probabilities[place, predicted[place]]),
        )
        for place in worst
    )
    return Judgement(epoch, classes, confusion, mistakes, filters)
