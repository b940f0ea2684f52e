"""What every augmentation of images alone is: settings, and a call that makes a new batch from a batch."""

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, put
from trainlab.data.augmentation.checks import check_batch
from trainlab.data.augmentation.draws import Draws


class Settings:
    """A frozen dataclass with a name, which can be written down and made again (`Augment.to_dict`)."""

    name: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """The name and the settings in JSON's types, tuples as lists."""
        described: dict[str, Any] = {"name": self.name}
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            described[field.name] = list(value) if isinstance(value, tuple) else value
        return described


class Augmentation(Settings, ABC):
    """Changes each image at random, by the numbers that (seed, epoch, image) give.

    ======  ============  ================================================================
    input   (N, C, H, W)  uint8 or float32; a NumPy array or a torch tensor; left as it is
    output  (N, C, H, W)  the same type, on the same device; a new array
    ======  ============  ================================================================
    """

    def __call__(self, images: Array, draw: Draws) -> Array:
        """Change a batch.

        Arguments:
            images: (N, C, H, W).
            draw: seed, epoch and the N indices of the images in their data set.

        Raises:
            InputError: another type or shape, or another number of images than indices.
        """
        check_batch(self.name, images, draw)
        return self.change_some(images, np.arange(len(draw)), draw)

    def change_some(self, images: Array, places: NDArray[np.integer], draw: Draws) -> Array:
        """The same for the images at ``places`` of perhaps many more: a new array, and ``images`` are left as they are.

        Arguments:
            images: (M, C, H, W).
            places: (N,) from 0 to M − 1, one for each index of ``draw``.
        """
        return self.change(images[put(places, images)], draw)

    @abstractmethod
    def change(self, images: Array, draw: Draws) -> Array:
        """The same for a batch that nobody else needs, whose memory may be overwritten or returned."""
