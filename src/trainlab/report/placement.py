"""Where labels can stand without covering each other or the curves. All lengths are in points."""

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle that a text fills."""

    left: float
    bottom: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies within the rectangle."""
        return self.left <= x <= self.left + self.width and self.bottom <= y <= self.bottom + self.height


def spread(heights: Sequence[float], gap: float, top: float) -> list[float]:
    """Heights as near to the given ones as possible, at least ``gap`` apart and between 0 and ``top``.

    Labels that would overlap form a group around their mean height; groups that touch become one.

    >>> spread([10.0, 12.0, 50.0], gap=10.0, top=100.0)
    [6.0, 16.0, 50.0]
    >>> spread([99.0, 100.0], gap=10.0, top=100.0)
    [90.0, 100.0]
    """
    groups: list[list[int]] = []
    order = sorted(range(len(heights)), key=heights.__getitem__)

    def bottom_of(group: list[int]) -> float:
        length = gap * (len(group) - 1)
        middle = sum(heights[i] for i in group) / len(group)
        return max(0.0, min(middle - length / 2, top - length))

    for index in order:
        groups.append([index])
        while len(groups) > 1 and bottom_of(groups[-1]) < bottom_of(groups[-2]) + gap * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    placed = [0.0] * len(heights)
    for group in groups:
        for i, index in enumerate(group):
            placed[index] = bottom_of(group) + i * gap
    return placed


def free_place(
    point: tuple[float, float],
    size: tuple[float, float],
    taken: Sequence[tuple[float, float]],
    area: tuple[float, float],
    distance: float,
) -> Box:
    """The place near ``point`` for a text of this size that covers the fewest of the points ``taken``.

    Tried are places below, above and beside the point, close by first; always within ``area`` (width, height).

    >>> free_place((50, 50), (20, 10), taken=[(50, 70)], area=(100, 100), distance=5)
    Box(left=40.0, bottom=35, width=20, height=10)
    """
    x, y = point
    width, height = size
    area_width, area_height = area
    candidates = []
    for away in (distance, 2.5 * distance, 4 * distance):
        for left in (x - width / 2, x - width - distance / 2, x + distance / 2):
            for bottom in (y - away - height, y + away):
                candidates.append(Box(left, bottom, width, height))
        for left in (x - away - width, x + away):
            candidates.append(Box(left, y - height / 2, width, height))
    inside = [
        box for box in candidates if 0 <= box.left <= area_width - width and 0 <= box.bottom <= area_height - height
    ]
    return min(inside or candidates, key=lambda box: sum(box.contains(*other) for other in taken))
