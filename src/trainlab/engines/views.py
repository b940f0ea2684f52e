"""Test-time augmentation: ways to look at an image, whose answers are averaged."""

from typing import Any, NamedTuple

from trainlab.data.arrays import mirror
from trainlab.data.augmentation.crop import padded
from trainlab.errors import InputError


class View(NamedTuple):
    """One way to look at an image.

    Arguments:
        share: how much of the mean this view is; the shares of all views add up to 1.
        mirrored: left and right exchanged.
        shift: pixels by which the image is moved down and to the right, up and to the left where it is negative. What
            moves in is the image mirrored at its outermost row or column, which is not repeated.
    """

    share: float
    mirrored: bool = False
    shift: int = 0

    def of(self, images: Any) -> Any:
        """Images (N, C, H, W), an array or a tensor, as this view shows them.

        Raises InputError where an image has no more pixels than it is moved by.

        >>> import numpy as np
        >>> View(0.25, mirrored=True, shift=1).of(np.arange(9).reshape(1, 1, 3, 3))[0, 0].tolist()
        [[4, 3, 4], [1, 0, 1], [4, 3, 4]]
        """
        height, width = images.shape[2:]
        if abs(self.shift) >= min(height, width):
            raise InputError(
                f"tta_shift: images of {height} × {width} pixels cannot be moved by {abs(self.shift)}; expected at "
                f"most {min(height, width) - 1}."
            )
        room, first = abs(self.shift), abs(self.shift) - self.shift
        moved = padded(images, room, "reflect")[:, :, first : first + height, first : first + width] if room else images
        return mirror(moved) if self.mirrored else moved


PLAIN = (View(1.0),)
"""The image as it is: no test-time augmentation."""


def augmented_views(shift: int = 0) -> tuple[View, ...]:
    """The image and its mirror image; with a shift, both also moved.

        p = ½ p(as it is) + ¼ p(moved down and right) + ¼ p(moved up and left)      each the mean with its mirror image

    Source: of the six views, Jordan 2024, arXiv:2404.00498 ("multi-crop evaluation"), which averages scores, not
    probabilities.
    """
    if not shift:
        return View(1 / 2), View(1 / 2, mirrored=True)
    moved = tuple(View(1 / 8, mirrored, by) for by in (shift, -shift) for mirrored in (False, True))
    return View(1 / 4), View(1 / 4, mirrored=True), *moved
