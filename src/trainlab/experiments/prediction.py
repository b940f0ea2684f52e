"""What a trained network takes a picture for."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data import describe, prepare_digit, resize_plain
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.training_run import load_network


def predict_image(
    run: RunFolder, path: Path, *, invert: bool | Literal["auto"] = "auto", center: bool = True
) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """The pixels (H, W) that the network of a run sees in an image file, and its probability for each class.

    For MNIST the picture is prepared as MNIST's authors did (`data.prepare_digit`); otherwise it is resized.

    Raises InputError for a file that is no picture, and for a run without a finished epoch.
    """
    shape = describe(run.config.dataset).image_shape
    network = load_network(run, shape)
    if run.config.dataset == "mnist":
        seen = prepare_digit(path, invert=invert, center=center)
        images: NDArray[np.uint8] = seen[np.newaxis, np.newaxis]
    else:
        images = resize_plain(path, *shape)[np.newaxis]
        seen = images[0].mean(axis=0).astype(np.uint8)
    probabilities: NDArray[Any] = network.engine.predict(network.transform(images))[0]
    return seen, dict(zip(network.classes, map(float, probabilities), strict=True))
