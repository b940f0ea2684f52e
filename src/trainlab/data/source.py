"""What the catalog knows about a data set: its files, their digests, where to fetch them, how to read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data.idx import read_images, read_labels

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = ("train", "test")

Arrays = tuple[NDArray[np.uint8], NDArray[np.unsignedinteger[Any]]]
"""Images (N, C, H, W) and labels (N,)."""


@dataclass(frozen=True)
class SourceFile:
    """One published file."""

    names: tuple[str, ...]
    """The names under which it is accepted on disk; a download is stored under the first."""
    sha256: str
    """Of the content with gzip undone: packers differ, the content does not."""
    download_bytes: int
    """Size as its author publishes it, for a progress bar; a mirror's may differ by a few bytes."""

    @property
    def name(self) -> str:
        return self.names[0]

    def find_in(self, folder: Path) -> Path | None:
        """The file under the first of its names that ``folder`` holds, or None."""
        return next((folder / name for name in self.names if (folder / name).is_file()), None)


@dataclass(frozen=True)
class Source:
    """One data set. A new one joins the catalog by describing its files and a function that reads them."""

    name: str
    description: str
    licence: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    """Channels, height, width."""
    sizes: dict[Part, int]
    """Images in each part as published."""
    files: dict[Part, tuple[SourceFile, ...]]
    mirrors: tuple[str, ...]
    """Addresses of folders, each ending in "/", tried in this order. Empty: it cannot be downloaded."""
    bundled: Path | None
    """The folder inside the package that holds the files, or None."""
    read: Callable[[Sequence[Path]], Arrays]
    """Reads the files of one part, given in the order of ``files[part]``."""

    def find_in(self, folder: Path, part: Part) -> dict[SourceFile, Path]:
        """Those files of one part that ``folder`` holds."""
        found = {file: file.find_in(folder) for file in self.files[part]}
        return {file: path for file, path in found.items() if path is not None}


def read_idx_pair(paths: Sequence[Path]) -> Arrays:
    """Read a part of MNIST or a look-alike: a file of grey images and a file of labels."""
    images_path, labels_path = paths
    labels = read_labels(labels_path)  # the small file first: its defects show at once
    images = read_images(images_path)
    return images[:, np.newaxis], labels


def idx_files(
    train_images: tuple[str, int],
    train_labels: tuple[str, int],
    test_images: tuple[str, int],
    test_labels: tuple[str, int],
) -> dict[Part, tuple[SourceFile, ...]]:
    """The four files of MNIST or a look-alike, each given as (SHA-256 of its content, published bytes).

    >>> files = idx_files(("0", 4), ("1", 3), ("2", 2), ("3", 1))
    >>> files["test"][1].names[:2]
    ('t10k-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte')
    """
    return {
        "train": (_idx_file("train-images", "idx3", *train_images), _idx_file("train-labels", "idx1", *train_labels)),
        "test": (_idx_file("t10k-images", "idx3", *test_images), _idx_file("t10k-labels", "idx1", *test_labels)),
    }


def _idx_file(stem: str, kind: str, sha256: str, download_bytes: int) -> SourceFile:
    dashed, dotted = f"{stem}-{kind}-ubyte", f"{stem}.{kind}-ubyte"
    return SourceFile((f"{dashed}.gz", dashed, f"{dotted}.gz", dotted), sha256, download_bytes)
