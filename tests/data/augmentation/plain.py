"""Every augmentation again as its definition reads: one image after the other, one pixel after the other.

The twins draw from the same `Draws`, one image at a time, and take nothing else from the package. Images are
(C, H, W) arrays; each twin returns a new one.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.augmentation import (
    AlternatingFlip,
    Augmentation,
    ColorJitter,
    CutMix,
    Cutout,
    Draws,
    Elastic,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
)

Image = NDArray[Any]


def one_by_one(piece: Augmentation, images: np.ndarray, draw: Draws) -> np.ndarray:
    """What ``piece(images, draw)`` has to be."""
    twin: Any = TWINS[type(piece)]
    alone = [Draws(draw.seed, draw.epoch, np.array([index]), draw.repeat) for index in draw.indices.tolist()]
    return np.stack([twin(piece, image, one) for image, one in zip(images, alone, strict=True)])


def crop(piece: RandomCrop, image: Image, draw: Draws) -> Image:
    channels, height, width = image.shape
    new_height, new_width = (piece.size, piece.size) if piece.size else (height, width)
    u, v = draw.uniform("crop", 2)[0].tolist()
    top = math.floor(u * (height + 2 * piece.padding - new_height + 1))
    left = math.floor(v * (width + 2 * piece.padding - new_width + 1))
    output = np.zeros((channels, new_height, new_width), image.dtype)
    for y in range(new_height):
        for x in range(new_width):
            from_y, from_x = top + y - piece.padding, left + x - piece.padding
            if piece.mode == "reflect":
                from_y, from_x = reflected(from_y, height), reflected(from_x, width)
            if 0 <= from_y < height and 0 <= from_x < width:
                output[:, y, x] = image[:, from_y, from_x]
    return output


def reflected(place: int, size: int) -> int:
    """0 1 2 3 continued as … 2 1 0 1 2 3 2 1 …"""
    if place < 0:
        return -place
    return place if place < size else 2 * (size - 1) - place


def affine(piece: RandomAffine, image: Image, draw: Draws) -> Image:
    u = [2 * number - 1 for number in draw.uniform("affine", 6)[0].tolist()]
    angle, shear = math.radians(piece.rotation) * u[0], piece.shear * u[3]
    stretch = np.diag([1 + piece.scale * u[1], 1 + piece.scale * u[2]])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    a = turn @ np.array([[1, shear], [0, 1]]) @ stretch
    t = piece.translation * np.array(u[4:])
    _, height, width = image.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    output = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            from_x, from_y = np.linalg.solve(a, np.array([x, y]) - centre - t) + centre
            output[:, y, x] = between_pixels(image, from_y, from_x)
    return in_type_of(image, output)


def elastic(piece: Elastic, image: Image, draw: Draws) -> Image:
    _, height, width = image.shape
    noise = 2 * draw.coarse("elastic", 2 * height * width)[0].astype(float).reshape(height, 2, width) - 1
    output = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            move_y = move_x = 0.0
            for other_y in range(height):
                for other_x in range(width):
                    weight = piece.alpha * bell(y - other_y, piece.sigma) * bell(x - other_x, piece.sigma)
                    move_y += weight * noise[other_y, 0, other_x]
                    move_x += weight * noise[other_y, 1, other_x]
            output[:, y, x] = between_pixels(image, y + move_y, x + move_x)
    return in_type_of(image, output)


@cache
def bell(distance: int, sigma: float) -> float:
    """A Gaussian over the whole numbers, which adds up to 1."""
    reach = range(-100, 101)
    return math.exp(-(distance**2) / (2 * sigma**2)) / sum(math.exp(-(k**2) / (2 * sigma**2)) for k in reach)


def between_pixels(image: Image, y: float, x: float) -> Image:
    """(C,): each of the four pixels around a point counts by how near it is; what is outside counts as 0."""
    _, height, width = image.shape
    value = np.zeros(len(image))
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < height and 0 <= column < width:
                value += (1 - abs(y - row)) * (1 - abs(x - column)) * image[:, row, column]
    return value


def in_type_of(image: Image, numbers: Image) -> Image:
    rounded: Image = np.rint(numbers).astype(np.uint8) if image.dtype == np.uint8 else numbers.astype(np.float32)
    return rounded


def flip(piece: RandomHorizontalFlip, image: Image, draw: Draws) -> Image:
    return mirrored(image) if draw.uniform("flip", 1).item() < piece.p else image.copy()


def alternating_flip(piece: AlternatingFlip, image: Image, draw: Draws) -> Image:
    first = Draws(draw.seed, 0, draw.indices, draw.repeat).uniform("alternating_flip", 1).item() < 0.5
    return mirrored(image) if first == (draw.epoch % 2 == 1) else image.copy()


def mirrored(image: Image) -> Image:
    width = image.shape[2]
    output = np.empty_like(image)
    for x in range(width):
        output[:, :, x] = image[:, :, width - 1 - x]
    return output


def erasing(piece: RandomErasing, image: Image, draw: Draws) -> Image:
    channels, height, width = image.shape
    u, place_y, place_x, *tries = draw.uniform("erasing", 23)[0].tolist()
    output = image.copy()
    if u >= piece.p:
        return output
    for area_draw, shape_draw in zip(tries[:10], tries[10:], strict=True):
        area = height * width * (piece.scale[0] + (piece.scale[1] - piece.scale[0]) * area_draw)
        low, high = math.log(piece.ratio[0]), math.log(piece.ratio[1])
        shape = math.exp(low + (high - low) * shape_draw)
        h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if h < height and w < width:
            top, left = math.floor(place_y * (height - h + 1)), math.floor(place_x * (width - w + 1))
            for c in range(channels):
                for y in range(top, top + h):
                    for x in range(left, left + w):
                        output[c, y, x] = erased_value(piece, image, draw, c, y, x)
            return output
    return output


def erased_value(piece: RandomErasing, image: Image, draw: Draws, c: int, y: int, x: int) -> float:
    if isinstance(piece.value, tuple):
        return float(piece.value[c if len(piece.value) > 1 else 0])
    if not isinstance(piece.value, str):
        return piece.value
    _, height, width = image.shape
    number = 2 * ((c * height + y) * width + x)
    first, second = draw.uniform("erasing noise", number + 2)[0, number:].tolist()
    if image.dtype == np.uint8:
        return float(math.floor(256 * first))
    return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)


def cutout(piece: Cutout, image: Image, draw: Draws) -> Image:
    _, height, width = image.shape
    u, v = draw.uniform("cutout", 2)[0].tolist()
    top, left = math.floor(u * height) - piece.size // 2, math.floor(v * width) - piece.size // 2
    output = image.copy()
    for y in range(max(0, top), min(height, top + piece.size)):
        for x in range(max(0, left), min(width, left + piece.size)):
            output[:, y, x] = np.broadcast_to(piece.value, len(image))
    return output


def jitter(piece: ColorJitter, image: Image, draw: Draws) -> Image:
    top = 255.0 if image.dtype == np.uint8 else 1.0
    strengths = (piece.brightness, piece.contrast, piece.saturation)
    lows = [max(0.0, 1 - strength) for strength in strengths]
    uniform = draw.uniform("jitter", 3)[0].tolist()
    bright, contrast, saturation = (
        low + (1 + strength - low) * u for low, strength, u in zip(lows, strengths, uniform, strict=True)
    )
    output = np.clip(image.astype(np.float64) * bright, 0, top)
    output = np.clip(output * contrast + (1 - contrast) * grey(output).mean(), 0, top)
    if len(output) == 3:
        output = np.clip(output * saturation + (1 - saturation) * grey(output), 0, top)
    return in_type_of(image, output)


def grey(image: Image) -> Image:
    grey_image: Image = image[0] if len(image) == 1 else 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    return grey_image


def cutmix_box(piece: CutMix, draw: Draws, weight: float, height: int, width: int) -> np.ndarray:
    """(H, W): which pixels show the partner of the one image in ``draw``."""
    u, v = draw.uniform("cutmix place", 2)[0].tolist()
    h, w = math.floor(height * math.sqrt(1 - weight)), math.floor(width * math.sqrt(1 - weight))
    top, left = math.floor(u * height) - h // 2, math.floor(v * width) - w // 2
    box = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            box[y, x] = top <= y < top + h and left <= x < left + w
    return box


TWINS = {
    RandomCrop: crop,
    RandomAffine: affine,
    Elastic: elastic,
    RandomHorizontalFlip: flip,
    AlternatingFlip: alternating_flip,
    RandomErasing: erasing,
    Cutout: cutout,
    ColorJitter: jitter,
}
