"""A labelled set of images in memory: the one form in which every floor above receives its data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.split import Split
from trainlab.errors import InputError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels, checked once when the set is made.

    ======  ============  ================================================================================
    images  (N, C, H, W)  uint8: a byte a pixel, a quarter of float32; may be mapped from a file and read-only
    labels  (N,)          unsigned integers, each the index of its class
    ======  ============  ================================================================================

    Arguments:
        name: what messages call it, such as "mnist".
        images: 0 is black and 255 is full intensity; transforms turn the bytes into floats batch by batch.
        labels: image ``i`` belongs to class ``classes[labels[i]]``.
        classes: the K class names in the order of their labels.
        split: which images train and which validate, when whoever made the set has decided that; else None.

    Raises:
        InputError: wrong type or number of axes, counts that differ, no image at all, or a label of K or more.

    >>> dataset = Dataset("dots", np.zeros((2, 1, 3, 3), np.uint8), np.array([0, 1], np.uint8), ("white", "black"))
    >>> len(dataset), dataset.image_shape
    (2, (1, 3, 3))
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.unsignedinteger[Any]]
    classes: tuple[str, ...]
    split: Split | None = None

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise InputError(
                f"{self.name}: images are {self.images.dtype} of shape {self.images.shape}; expected uint8 of shape "
                "(N, C, H, W). Grey images need a channel axis of length 1: images[:, None]."
            )
        if not np.issubdtype(self.labels.dtype, np.unsignedinteger) or self.labels.ndim != 1:
            raise InputError(
                f"{self.name}: labels are {self.labels.dtype} of shape {self.labels.shape}; expected unsigned integers "
                "of shape (N,). One-hot labels become indices with labels.argmax(axis=1).astype(numpy.uint8)."
            )
        if len(self.images) != len(self.labels):
            raise InputError(
                f"{self.name}: {len(self.images):,} images but {len(self.labels):,} labels; expected one label an "
                "image. The two files probably belong to different parts (train, test) or data sets."
            )
        if len(self.images) == 0:
            raise InputError(f"{self.name}: holds no images; expected at least one.")
        largest = int(self.labels.max())
        if largest >= len(self.classes):
            where = int(self.labels.argmax())
            raise InputError(
                f"{self.name}: label {largest} (image {where}) is out of range; expected 0 to "
                f"{len(self.classes) - 1} for {len(self.classes)} classes. The label file is damaged or belongs to "
                "another data set."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of each image."""
        _, channels, height, width = self.images.shape
        return channels, height, width
