"""What a trained network takes pictures for."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data import frame_digit, resize_light_on_dark, resize_plain
from trainlab.experiments.kept_network import load_network
from trainlab.experiments.run_folder import RunFolder

INVERTED, CENTERED = ("mnist", "fashion-mnist"), ("mnist",)
"""Data sets that are light on black, and those that were centred: pictures are made so before they are judged."""


def predict_images(
    run: RunFolder, paths: Iterable[Path], *, invert: bool | Literal["auto"] = "auto", center: bool = True
) -> Iterator[tuple[NDArray[np.uint8], dict[str, float]]]:
    """Of each image file the pixels (H, W) that the network of a run sees, and its probability for each class.

    For MNIST a picture is prepared as MNIST's authors did (`data.frame_digit`); otherwise it is resized, and for
    Fashion-MNIST inverted where its background is light. The network is loaded once.

    Raises InputError for a file that is no picture, and for a run without a finished epoch.
    """
    dataset = run.config.dataset
    network = load_network(run)
    for path in paths:
        if dataset in INVERTED:
            prepare = frame_digit if center and dataset in CENTERED else resize_light_on_dark
            seen = prepare(path, invert)
            images: NDArray[np.uint8] = seen[np.newaxis, np.newaxis]
        else:
            images = resize_plain(path, *network.image_shape)[np.newaxis]
            seen = images[0].mean(axis=0).astype(np.uint8)
        probabilities: NDArray[Any] = network.engine.predict(network.transform(images))[0]
        yield seen, dict(zip(network.classes, map(float, probabilities), strict=True))
