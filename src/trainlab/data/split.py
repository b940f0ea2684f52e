"""Setting images aside for validation: at random, the same for the same seed, every class in proportion."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from trainlab.atomic import write_atomically
from trainlab.errors import InputError
from trainlab.randomness import generator

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Which images are trained on and which validate; both arrays are sorted and share no index."""

    train: Indices
    validation: Indices
    images: str = ""
    """A digest of these images, by which a run knows them again; empty where none was taken."""

    @property
    def used(self) -> Indices:
        """Both parts together, sorted."""
        return np.sort(np.concatenate([self.train, self.validation]))

    def save(self, path: Path) -> None:
        """Write everything to an .npz file, which appears whole or not at all.

        Raises:
            InputError: the file cannot be written.
        """

        def write(file: BinaryIO) -> None:
            np.savez(file, train=self.train, validation=self.validation, images=np.array(self.images))

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path) -> "Split":
        """Read what `save` wrote; nothing in the file is executed.

        Raises:
            InputError: no such file, or a file that is damaged or holds something else.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                train, validation = arrays["train"], arrays["validation"]
                images = str(arrays["images"]) if "images" in arrays else ""  # the first runs have none
        except FileNotFoundError:
            raise InputError(f"{path}: there is no such file; expected a split saved with a run.") from None
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(
                f"{path}: is not a saved split or is damaged ({error}). Draw the split again with the run's seed."
            ) from error
        if not (_are_sorted_indices(train) and _are_sorted_indices(validation)):
            raise InputError(f"{path}: expected sorted int64 indices; the file was changed. Draw the split again.")
        if np.intersect1d(train, validation).size:
            raise InputError(f"{path}: some images are in both parts; the file was changed. Draw the split again.")
        return cls(train, validation, images)


def split(
    labels: NDArray[Any],
    validation: float | int,
    seed: int,
    stratified: bool = True,
    *,
    classes: Sequence[str] | None = None,
    called: str = "validation",
) -> Split:
    """Draw the images that validate; all others are trained on.

    Of N images, round(share · N) validate, or exactly the count. Stratified, class k with n_k images gives
    share · n_k of them, rounded down or up so that the total is right: the classes with the largest remainders are
    rounded up. Class proportions then are the same in both parts, which makes accuracies comparable.

    Arguments:
        labels: (N,) one class index an image.
        validation: a share strictly between 0 and 1, or a count from 1 to N - 1. The larger, the less noisy the
            validation accuracy and the less there is to learn from.
        seed: another seed draws other images.
        stratified: False draws from all images alike, whatever their class.
        classes: their names, for messages; None calls them by their index.
        called: what messages call ``validation``, such as the setting that it came from.

    Raises:
        InputError: a share or count outside its range, or, when stratified, a class too small to be in both parts.

    >>> labels = np.repeat(np.arange(2, dtype=np.uint8), [8, 4])
    >>> parts = split(labels, 0.25, seed=0)
    >>> len(parts.train), np.bincount(labels[parts.validation]).tolist()
    (9, [2, 1])
    """
    refused = f"{called} = {validation!r} does not fit:"
    count, share = _count_and_share(validation, len(labels), refused)
    random = generator(seed, "split")
    if stratified:
        chosen = _draw_from_each_class(labels, count, share, random, classes, refused)
    else:
        chosen = random.permutation(len(labels))[:count]
    validates = np.zeros(len(labels), bool)
    validates[chosen] = True
    return Split(train=np.flatnonzero(~validates), validation=np.flatnonzero(validates))


def _are_sorted_indices(array: NDArray[Any]) -> bool:
    return (
        array.dtype == np.int64
        and array.ndim == 1
        and len(array) > 0
        and bool(array[0] >= 0 and np.all(np.diff(array) > 0))
    )


def _count_and_share(validation: object, size: int, refused: str) -> tuple[int, float]:
    """How many images validate, and as which share of all."""
    expected = f"expected a share strictly between 0 and 1, such as 0.1, or a count from 1 to {size - 1}"
    if isinstance(validation, bool) or not isinstance(validation, int | float | np.integer | np.floating):
        raise InputError(f"{refused} {expected}.")
    if isinstance(validation, int | np.integer):
        if not 1 <= validation < size:
            raise InputError(f"{refused} {expected}, because both parts need an image.")
        return int(validation), int(validation) / size
    share = float(validation)
    if not 0 < share < 1:
        hint = " A count is written without a point." if share >= 1 else ""
        raise InputError(f"{refused} {expected}.{hint}")
    count = round(share * size)
    if not 1 <= count < size:
        raise InputError(
            f"{refused} of {size} images, {count} would validate and {size - count} train; both parts "
            "need one. Choose another share or use more data."
        )
    return count, share


def _draw_from_each_class(
    labels: NDArray[Any],
    count: int,
    share: float,
    random: np.random.Generator,
    names: Sequence[str] | None,
    refused: str,
) -> NDArray[np.int64]:
    """``count`` indices, of each class its share rounded by the largest remainders."""
    classes, sizes = np.unique(labels, return_counts=True)
    exact = share * sizes
    counts = np.floor(exact).astype(np.int64)
    to_round_up = np.argsort(counts - exact, kind="stable")[: count - counts.sum()]  # a tie rounds the lower class up
    counts[to_round_up] += 1
    too_small = (counts == 0) | (counts == sizes)
    if too_small.any():
        k = int(np.argmax(too_small))
        name = classes[k] if names is None else names[classes[k]]
        raise InputError(
            f"{refused} class {name} has {sizes[k]:,} of {len(labels):,} images, of which {counts[k]:,} would be drawn "
            f"and {sizes[k] - counts[k]:,} left, but a stratified draw needs some of every class in both parts. "
            "Choose another share or number, or stratified=false for a plain draw."
        )
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]  # class after class, shuffled within each
    starts = np.cumsum(sizes) - sizes
    return np.concatenate([by_class[start : start + taken] for start, taken in zip(starts, counts, strict=True)])
