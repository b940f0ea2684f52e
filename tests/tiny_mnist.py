"""A few hundred real MNIST images as a data folder of their own, so that whole runs take a moment."""

from pathlib import Path

from tests.data.idx_files import write_pair
from trainlab.data import load


def write_tiny_mnist(folder: Path, train: int = 600, test: int = 200) -> Path:
    """The first images of both parts, in the files that MNIST has."""
    for part, stem, count in (("train", "train", train), ("test", "t10k", test)):
        whole = load("mnist", part)  # type: ignore[arg-type]
        write_pair(folder, whole.images[:count, 0], whole.labels[:count].astype("uint8"), stem)
    return folder
