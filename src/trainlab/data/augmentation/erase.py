"""Erasing: a rectangle of each image painted over, so that a network learns to do without it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, dtype_of, namespace, put
from trainlab.data.augmentation.checks import check_integer, check_interval, check_number
from trainlab.data.augmentation.draws import Draws, integers
from trainlab.data.augmentation.piece import Augmentation
from trainlab.data.augmentation.rectangles import Rectangles
from trainlab.errors import InputError

_TRIES = 10
_RANDOM = "random"


@dataclass(frozen=True)
class RandomErasing(Augmentation):
    """With probability p, a rectangle of random area, shape and place is painted over.

        h = round(√(area · H · W · shape))          area uniform over ``scale``
        w = round(√(area · H · W / shape))          ln(shape) uniform over ln(``ratio``)

    drawn up to ten times, until h < H and w < W; after ten misfits the image stays as it is. Then

        top uniform over 0, …, H − h                left uniform over 0, …, W − w

    Arguments:
        p: from 0 (never) to 1 (nearly always).
        scale: smallest and largest share of the image's area, from 0 to 1.
        ratio: smallest and largest height divided by width, above 0.
        value: what is painted, in the units of the images: one number, one a channel, or "random". Random means a new
            number for each pixel and channel: uniform over 0, …, 255 in bytes, standard normal in float32 (which fits
            images that were standardized). Its cost is that of drawing them on the CPU.

    Raises:
        InputError: a setting outside its range, or a value that the images cannot hold.

    Source: Zhong et al. 2020, "Random erasing data augmentation", algorithm 1, in the form of torchvision's
    ``RandomErasing`` (pytorch.org/vision), whose ten tries and defaults these are.

    >>> images = np.full((1, 1, 2, 4), 9, np.uint8)
    >>> RandomErasing(p=1, scale=(0.25, 0.25), ratio=(0.5, 0.5))(images, Draws(0, 1, np.array([0])))[0, 0].tolist()
    [[0, 0, 9, 9], [9, 9, 9, 9]]
    """

    name = "erasing"

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    value: float | tuple[float, ...] | str = 0

    def __post_init__(self) -> None:
        check_number(self.name, "p", self.p, low=0, high=1)
        check_interval(self.name, "scale", self.scale, low=0, high=1)
        check_interval(self.name, "ratio", self.ratio, low=1e-6)
        if self.value == _RANDOM:
            return
        _check_values(self.name, self.value, or_else=f", or {_RANDOM!r}")

    def change(self, images: Array, draw: Draws) -> Array:
        rectangles = self.rectangles(draw, *images.shape[2:])
        chosen = np.flatnonzero((rectangles.bottom > rectangles.top) & (rectangles.right > rectangles.left))
        rectangles = rectangles[chosen]
        if self.value == _RANDOM:
            paint = put(_noise(draw, chosen, rectangles, images), images)
        else:
            paint = _paint(self.name, self.value, images)  # type: ignore[arg-type]  # no other string passes the check
        return painted(images, chosen, rectangles, paint)

    def rectangles(self, draw: Draws, height: int, width: int) -> Rectangles:
        """What is erased of each image; empty where nothing is."""
        uniform = draw.uniform(self.name, 3 + 2 * _TRIES)
        low, high = self.scale
        areas = height * width * (low + (high - low) * uniform[:, 3 : 3 + _TRIES])
        flattest, steepest = np.log(self.ratio)
        shapes = np.exp(flattest + (steepest - flattest) * uniform[:, 3 + _TRIES :])
        heights = np.rint(np.sqrt(areas * shapes)).astype(np.int64)
        widths = np.rint(np.sqrt(areas / shapes)).astype(np.int64)
        fits = (heights < height) & (widths < width)
        images, first = np.arange(len(draw)), fits.argmax(axis=1)
        erased = (uniform[:, 0] < self.p) & fits.any(axis=1)
        h = np.where(erased, heights[images, first], 0)
        w = np.where(erased, widths[images, first], 0)
        top, left = integers(uniform[:, 1], height - h + 1), integers(uniform[:, 2], width - w + 1)
        return Rectangles(top, top + h, left, left + w)


@dataclass(frozen=True)
class Cutout(Augmentation):
    """A square around a random pixel of each image is painted over; what lies outside of the image is cut off.

        rows y − size // 2, …, y − size // 2 + size − 1          y uniform over 0, …, H − 1
        columns x − size // 2, …, x − size // 2 + size − 1       x uniform over 0, …, W − 1

    Arguments:
        size: the side of the square in pixels; larger hides more. Even sizes are those of the paper's program.
        value: what is painted, in the units of the images: one number, or one a channel. The paper paints zeros after
            the images were normalized, which is the colour of their mean; black squares would shift the statistics of
            BatchNorm away from those of whole images.

    Raises:
        InputError: a size below 1, or a value that the images cannot hold.

    Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout",
    arXiv:1708.04552, section 3.2 (16 on CIFAR-10).

    >>> images = np.full((1, 1, 3, 3), 9, np.uint8)
    >>> Cutout(size=2)(images, Draws(seed=0, epoch=1, indices=np.array([0])))[0, 0].tolist()
    [[0, 0, 9], [0, 0, 9], [9, 9, 9]]
    """

    name = "cutout"

    size: int = 16
    value: float | tuple[float, ...] = 0

    def __post_init__(self) -> None:
        check_integer(self.name, "size", self.size, low=1)
        _check_values(self.name, self.value)

    def change(self, images: Array, draw: Draws) -> Array:
        height, width = images.shape[2:]
        uniform = draw.uniform(self.name, 2)
        row, column = integers(uniform[:, 0], height), integers(uniform[:, 1], width)
        side = np.full(len(draw), self.size)
        rectangles = Rectangles.centred(row, column, side, side)
        return painted(images, np.arange(len(draw)), rectangles, _paint(self.name, self.value, images))


def painted(images: Array, chosen: NDArray[np.int64], rectangles: Rectangles, paint: Array) -> Array:
    """The images, with ``paint`` put into the rectangle of each chosen one in place."""
    places = put(chosen, images)
    images[places] = namespace(images).where(rectangles.mask(images), paint, images[places])
    return images


def _check_values(name: str, value: float | tuple[float, ...] | str, or_else: str = "") -> None:
    if isinstance(value, str) or value == ():
        raise InputError(f"{name}: value={value!r}; expected a number, or one a channel{or_else}.")
    for number in value if isinstance(value, tuple) else (value,):
        check_number(name, "value", number, low=-math.inf)


def _paint(name: str, value: float | tuple[float, ...], images: Array) -> Array:
    """(1, 1, 1) or (C, 1, 1) in the type of the images."""
    values = value if isinstance(value, tuple) else (value,)
    if len(values) not in (1, images.shape[1]):
        raise InputError(
            f"{name}: value={value} is for {len(values)} channels but the images have {images.shape[1]}; expected "
            "one number, or one a channel."
        )
    if dtype_of(images) == "uint8" and any(number != int(number) or not 0 <= number <= 255 for number in values):
        raise InputError(
            f"{name}: value={value} met images of bytes; expected whole numbers from 0 to 255. Images are erased "
            "before they are scaled: 0 is black and 255 is full intensity."
        )
    return put(np.array(values, dtype_of(images)).reshape(-1, 1, 1), images)


def _noise(draw: Draws, chosen: NDArray[np.int64], rectangles: Rectangles, images: Array) -> NDArray[Any]:
    """(chosen, C, H, W): a random number in each pixel of the rectangle, keyed by the pixel; zero elsewhere."""
    _, _, height, width = images.shape
    noise = np.zeros((len(chosen), *images.shape[1:]), dtype_of(images))
    which, channel, y, x = np.nonzero(np.broadcast_to(rectangles.mask(noise), noise.shape))
    numbers = 2 * ((channel * height + y) * width + x)
    first = draw.uniform_at("erasing noise", chosen[which], numbers)
    if noise.dtype == np.uint8:
        noise[which, channel, y, x] = integers(first, 256)
    else:  # Box and Muller 1958
        second = draw.uniform_at("erasing noise", chosen[which], numbers + 1)
        noise[which, channel, y, x] = np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second)
    return noise
