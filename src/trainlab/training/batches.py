"""What the training loop asks of whatever serves its batches."""

from collections.abc import Iterator
from typing import Protocol

from trainlab.engines import Batch


class Batches(Protocol):
    """A data set cut into batches, epoch after epoch: `data.Loader`, `data.ArrayLoader`, or one's own."""

    @property
    def batch_size(self) -> int:
        """Images of every batch but the last, which has what is left."""

    @property
    def size(self) -> int:
        """Images an epoch."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch."""

    def epoch(self, number: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number`` (from 1; 0 when evaluating), from its ``first_step``-th on (from 0).

        The same for the same arguments, whatever was served before: a resumed run depends on it.
        """
