"""The losses of a long run, kept in a short list."""

import math

FIRST_GROUP = 64
"""Images behind the first points: a mean over fewer would show noise, not a trend."""


class LossTrace:
    """Up to ``capacity`` points (step, mean loss); when it is full, neighbours are merged in pairs.

    Each point is the mean over a group of at least so many images, and the groups grow as points are merged: the
    list spans the whole time since the start, and memory stays the same however long that is.

    >>> trace = LossTrace(capacity=4)
    >>> for step, loss in enumerate([0.8, 0.6, 0.4, 0.2], start=1):
    ...     trace.add(step, loss_sum=loss * 100, images=100)
    >>> [(step, round(loss, 4)) for step, loss in trace.points()]
    [(2, 0.7), (4, 0.3)]
    """

    __slots__ = ("_capacity", "_groups", "_is_open", "_least_images")

    def __init__(self, capacity: int = 128) -> None:
        self._capacity = capacity + capacity % 2
        self._least_images = FIRST_GROUP
        self._groups: list[tuple[int, float, float]] = []
        self._is_open = False

    def add(self, step: int, loss_sum: float, images: float) -> None:
        """Takes in the summed loss of the images up to ``step``; a sum that is not finite leaves no point."""
        if not math.isfinite(loss_sum):
            return
        group = (step, loss_sum, images)
        if self._is_open:
            self._groups[-1] = _merged(self._groups[-1], group)
        else:
            self._groups.append(group)
        self._is_open = self._groups[-1][2] < self._least_images
        if len(self._groups) >= self._capacity and not self._is_open:
            pairs = zip(self._groups[0::2], self._groups[1::2], strict=True)
            self._groups = [_merged(first, second) for first, second in pairs]
            self._least_images *= 2

    def points(self) -> list[tuple[int, float]]:
        """The last step of each group and its mean loss, oldest first."""
        return [(step, loss_sum / images) for step, loss_sum, images in self._groups]


def _merged(first: tuple[int, float, float], second: tuple[int, float, float]) -> tuple[int, float, float]:
    return second[0], first[1] + second[1], first[2] + second[2]
