"""Mixing two images and their targets: a weighted sum (mixup) or a rectangle of one in the other (CutMix).

The partner of an image is drawn by (seed, epoch, image) from all training images, and not taken from the same batch as
in the papers' programs. What an image becomes is then the same in whatever batch it is served; each pair is as likely.

The loss is taken against the mixed targets. Accuracy in training needs one right answer an image: the class with the
larger share. It is lower than without mixing, since shares near one half are hard to tell apart; validation images are
never mixed.

>>> images = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1)
>>> targets = one_hot(np.array([0, 1, 2, 0]), classes=3)
>>> mixup, draw = Mixup(alpha=1), Draws(seed=0, epoch=1, indices=np.array([2, 3]))
>>> other = mixup.partners(draw, pool=np.arange(4))
>>> mixed, mixed_targets = mixup(images[[2, 3]], targets[[2, 3]], images[other], targets[other], draw)
>>> mixed.shape, mixed_targets.sum(axis=1).tolist()
((2, 1, 1, 1), [1.0, 1.0])
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, convert, dtype_of, namespace, put
from trainlab.data.augmentation.beta import beta_quantile
from trainlab.data.augmentation.checks import check_batch, check_number
from trainlab.data.augmentation.draws import Draws, integers
from trainlab.data.augmentation.piece import Settings
from trainlab.data.augmentation.rectangles import Rectangles
from trainlab.errors import InputError


def one_hot(labels: Array, classes: int) -> Array:
    """(N,) labels to (N, K) float32 targets: 1 at the label, 0 elsewhere. Best made once for a whole data set.

    Raises:
        InputError: a label outside 0 to K − 1.

    >>> one_hot(np.array([1, 0]), classes=3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise InputError(
            f"labels run from {int(labels.min())} to {int(labels.max())}; expected 0 to {classes - 1} for {classes} "
            "classes."
        )
    return marked(labels, classes)


def marked(labels: Array, classes: int) -> Array:
    """`one_hot` of labels that are known to fit: nobody waits until a GPU has found the smallest and the largest."""
    return convert(labels[:, None] == put(np.arange(classes), labels), "float32")


@dataclass(frozen=True)
class Mix(Settings, ABC):
    """Makes one batch of images and targets from two: λ of the first and 1 − λ of the second, λ ~ Beta(α, α).

    ========  ============  ==========================================================
    images    (N, C, H, W)  uint8 or float32, NumPy or torch; dtype in = dtype out
    targets   (N, K)        float32, rows that sum to 1, such as those of `one_hot`
    ========  ============  ==========================================================

    Arguments:
        alpha: 0.01 to 100. Small leaves one of the two nearly as it is, 1 draws λ uniformly, large mixes half and half.

    Raises:
        InputError: alpha outside its range.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.name, "alpha", self.alpha, low=0.01, high=100)

    def partners(self, draw: Draws, pool: NDArray[np.integer]) -> NDArray[Any]:
        """(N,) the index of each image's partner, uniform over ``pool``: the training images' indices.

        The partner is to be served as it is in this epoch: augmented with ``Draws(seed, epoch, partners)``.
        """
        if len(pool) == 0:
            raise InputError(f"{self.name}: no images to draw partners from; expected those of the training part.")
        return pool[integers(draw.uniform(f"{self.name} partner", 1)[:, 0], len(pool))]

    def __call__(
        self, images: Array, targets: Array, other_images: Array, other_targets: Array, draw: Draws
    ) -> tuple[Array, Array]:
        """The mixed images and their targets, new arrays.

        Arguments:
            draw: the seed, epoch and indices of ``images``.

        Raises:
            InputError: another type or shape, or batches that do not match.
        """
        self._check(images, targets, other_images, other_targets, draw)
        mixed, weight = self._mix(images, other_images, draw)
        first = put(weight.astype(np.float32)[:, np.newaxis], targets)
        second = put((1 - weight).astype(np.float32)[:, np.newaxis], targets)
        return mixed, targets * first + other_targets * second

    @abstractmethod
    def _mix(self, images: Array, others: Array, draw: Draws) -> tuple[Array, NDArray[np.float64]]:
        """The mixed images, and how much of each (N,) is the first."""

    def _weights(self, draw: Draws) -> NDArray[np.float64]:
        return beta_quantile(draw.uniform(f"{self.name} weight", 1)[:, 0], self.alpha)

    def _check(self, images: Array, targets: Array, others: Array, other_targets: Array, draw: Draws) -> None:
        check_batch(self.name, images, draw)
        check_batch(self.name, others, draw)
        if namespace(images) is not namespace(others) or images.dtype != others.dtype or images.shape != others.shape:
            raise InputError(
                f"{self.name}: {dtype_of(images)} images of shape {tuple(images.shape)} met partners of "
                f"{dtype_of(others)} and {tuple(others.shape)}; expected the same. Both must come out of the same "
                "augmentation."
            )
        for given in (targets, other_targets):
            if namespace(given) is None or given.ndim != 2 or len(given) != len(images) or dtype_of(given) != "float32":
                found = f"{dtype_of(given)} of shape {tuple(given.shape)}" if namespace(given) else type(given).__name__
                raise InputError(
                    f"{self.name}: targets are {found}; expected float32 of shape ({len(images)}, K). "
                    "Labels become targets with one_hot(labels, classes)."
                )
        if targets.shape != other_targets.shape:
            raise InputError(
                f"{self.name}: targets for {targets.shape[1]} classes met partners' targets for "
                f"{other_targets.shape[1]}; expected the same number."
            )


@dataclass(frozen=True)
class Mixup(Mix):
    """The weighted sum of two images, ``λ · x + (1 − λ) · x'``, and of their targets, ``λ · y + (1 − λ) · y'``.

    Bytes are mixed in float32 and rounded. Arguments and shapes: see `Mix`.

    Source: Zhang et al. 2018, "mixup: beyond empirical risk minimization", arXiv:1710.09412, section 2. There one λ
    serves a whole batch; here each image has its own.
    """

    name = "mixup"

    def _mix(self, images: Array, others: Array, draw: Draws) -> tuple[Array, NDArray[np.float64]]:
        weight = self._weights(draw)
        first = put(weight.astype(np.float32).reshape(-1, 1, 1, 1), images)
        second = put((1 - weight).astype(np.float32).reshape(-1, 1, 1, 1), images)
        mixed, other = convert(images, "float32"), convert(others, "float32")
        mixed *= first  # in place: fresh memory for every product would take longer than the arithmetic
        other *= second
        mixed += other
        if dtype_of(images) == "uint8":
            mixed = convert(namespace(images).round(mixed, out=mixed), "uint8")
        return mixed, weight


@dataclass(frozen=True)
class CutMix(Mix):
    """A rectangle of the second image pasted into the first, in place; targets by the areas that are seen.

        height = ⌊H · √(1 − λ)⌋          width = ⌊W · √(1 − λ)⌋          around a pixel uniform over the image

    cut off at the image's edges; ``y_mixed = κ · y + (1 − κ) · y'`` with κ the share of pixels outside the rectangle.
    Arguments and shapes: see `Mix`.

    Source: Yun et al. 2019, "CutMix: regularization strategy to train strong classifiers with localizable features",
    arXiv:1905.04899, section 3.1. There one rectangle serves a whole batch; here each image has its own.
    """

    name = "cutmix"

    def rectangles(self, draw: Draws, height: int, width: int) -> Rectangles:
        """Where each image shows its partner."""
        uniform = draw.uniform("cutmix place", 2)
        row, column = integers(uniform[:, 0], height), integers(uniform[:, 1], width)
        side = np.sqrt(1 - self._weights(draw))
        return Rectangles.centred(row, column, integers(side, height), integers(side, width))

    def _mix(self, images: Array, others: Array, draw: Draws) -> tuple[Array, NDArray[np.float64]]:
        height, width = images.shape[2:]
        rectangles = self.rectangles(draw, height, width)
        mixed = namespace(images).where(rectangles.mask(images), others, images)
        return mixed, 1 - rectangles.share_of(height, width)
