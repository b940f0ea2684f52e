"""Colour jitter: brightness, contrast and saturation of each image changed at random."""

from dataclasses import dataclass

import numpy as np

from trainlab.data.arrays import Array, convert, dtype_of, mean_over_pixels, put
from trainlab.data.augmentation.checks import check_batch, check_number
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.piece import Augmentation
from trainlab.errors import InputError

_LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look: ITU-R BT.601


@dataclass(frozen=True)
class ColorJitter(Augmentation):
    """Brightness, contrast and saturation are multiplied by a random factor each, in this order.

        brightness   x ← f · x
        contrast     x ← f · x + (1 − f) · m          m: mean over the image's pixels of grey
        saturation   x ← f · x + (1 − f) · grey       grey = 0.299 R + 0.587 G + 0.114 B, at each pixel

    each clamped to the range of the images, with f uniform over [max(0, 1 − s), 1 + s] for the setting s. Computed in
    float32; bytes are rounded once, at the end. Grey images (C = 1) have no saturation to change.

    Arguments:
        brightness, contrast, saturation: s, 0 or more; 0 changes nothing, larger changes more.

    Raises:
        InputError: a negative setting, images with other than 1 or 3 channels, or float32 images outside [0, 1]:
            colours must be changed before images are standardized.

    Source: torchvision's ``ColorJitter`` (pytorch.org/vision), which applies the three in random order; Krizhevsky,
    Sutskever and Hinton 2012 introduced changes of colour for training.

    >>> images = np.array([[[[100, 200]]]], np.uint8)
    >>> brighter = ColorJitter(brightness=0.2, contrast=0, saturation=0)
    >>> brighter(images, Draws(seed=0, epoch=1, indices=np.array([0])))[0, 0].tolist()
    [[120, 239]]
    """

    name = "jitter"

    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2

    def __post_init__(self) -> None:
        for setting in ("brightness", "contrast", "saturation"):
            check_number(self.name, setting, getattr(self, setting), low=0)

    def __call__(self, images: Array, draw: Draws) -> Array:
        check_batch(self.name, images, draw)
        return self.change(images, draw)

    def change(self, images: Array, draw: Draws) -> Array:
        top = _full_intensity(images)
        settings = np.array([self.brightness, self.contrast, self.saturation])
        low = np.maximum(0, 1 - settings)
        factors = low + (1 + settings - low) * draw.uniform(self.name, 3)
        factors_and_rest = np.stack([factors, 1 - factors]).astype(np.float32)[..., np.newaxis, np.newaxis, np.newaxis]
        factor, rest = put(factors_and_rest, images)  # (N, 3, 1, 1, 1) each
        output = convert(images, "float32")
        if self.brightness:
            output = (output * factor[:, 0]).clip(0, top)
        if self.contrast:
            output = (output * factor[:, 1] + rest[:, 1] * mean_over_pixels(_grey(output))).clip(0, top)
        if self.saturation and images.shape[1] == 3:
            output = (output * factor[:, 2] + rest[:, 2] * _grey(output)).clip(0, top)
        if dtype_of(images) == "uint8":
            return convert(output.round(), "uint8")
        return output


def _full_intensity(images: Array) -> float:
    """255 for bytes, 1 for float32."""
    if images.shape[1] not in (1, 3):
        raise InputError(
            f"jitter: images of {images.shape[1]} channels; expected 1 (grey) or 3 (red, green, blue). "
            "Leave 'jitter' out of the augmentation."
        )
    if dtype_of(images) == "uint8":
        return 255
    if len(images) and not (float(images.min()) >= 0 and float(images.max()) <= 1):
        raise InputError(
            f"jitter: float32 images from {float(images.min()):g} to {float(images.max()):g}; expected 0 to 1. "
            "They were probably standardized; change their colours before that."
        )
    return 1


def _grey(images: Array) -> Array:
    """(N, 1, H, W): how bright each pixel looks."""
    if images.shape[1] == 1:
        return images
    red, green, blue = (images[:, channel : channel + 1] for channel in range(3))
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
