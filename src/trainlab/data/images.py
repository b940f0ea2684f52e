"""Somebody's picture as the network wants to see it: a digit framed as MNIST's were, or simply resized."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data.picture import open_picture
from trainlab.errors import InputError

_SIDE, _BOX = 28, 20  # pixels: the image, and the box inside it that MNIST's digits were scaled to
_CENTRE = 14  # the pixel on which MNIST's centres of mass lie: 14.0 ± 0.3 measured over its test images
_WORKING_SIDE = 1024  # pixels: larger pictures are first reduced to this, far above the 20 that are needed
_LEAST_CONTRAST = 24  # of 255, between background and stroke; JPEG noise on a blank page stays below
_INK_SHARE = 1 / 8  # of the darkest stroke: what counts as drawn when the digit is boxed


def frame_digit(path: Path, invert: Literal["auto"] | bool = "auto") -> NDArray[np.uint8]:
    """Turn a PNG or JPEG of one handwritten digit into a 28×28 image such as MNIST's, white on black.

    1. Transparent parts become white, colours become grey.
    2. A light background is inverted; which it is, the median along the border tells.
    3. The background is subtracted and the strongest stroke set to 255.
    4. The digit's bounding box is scaled to 20 pixels on its longer side, smoothed, its proportions kept.
    5. It is placed so that its centre of mass is the centre of the 28×28 image.

    Arguments:
        path: any PNG or JPEG: grey, colour, palette, 16 bits, transparent, turned by a camera.
        invert: "auto", or True for dark strokes on a light background, or False for light strokes on a dark one.

    Returns:
        uint8 of shape (28, 28).

    Raises:
        InputError: no usable picture (see `trainlab.data.picture.open_picture`), or nothing drawn on it.

    Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", III.A.
    """
    grey, background = _read_light_on_dark(path, invert)
    ink = (grey - background).clip(0, None)
    digit = _scale_to_box(_crop_to_ink(ink))
    return _place_by_mass(digit * (255 / digit.max()))


def resize_light_on_dark(path: Path, invert: Literal["auto"] | bool = "auto") -> NDArray[np.uint8]:
    """Turn a PNG or JPEG into a 28×28 image, light on dark as MNIST's and Fashion-MNIST's are, without framing it.

    Its background fills it up to a square, and the whole is resized. Arguments, result and errors are those of
    `frame_digit`.
    """
    grey, background = _read_light_on_dark(path, invert)
    height, width = grey.shape
    side = max(height, width)
    square = np.full((side, side), background, np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = grey
    return _resize(square, _SIDE, _SIDE).round().astype(np.uint8)


def resize_plain(path: Path, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """Turn a PNG or JPEG into an image of a data set's shape by resizing it as a whole, without framing or inverting.

    Arguments:
        path: any PNG or JPEG.
        channels: 1 for grey, 3 for red, green and blue.
        height, width: of the result, in pixels; other proportions than the picture's stretch it.

    Returns:
        uint8 of shape (channels, height, width).

    Raises:
        InputError: no usable picture, or another number of channels.
    """
    if channels not in (1, 3):
        raise InputError(f"channels={channels}: expected 1 (grey) or 3 (red, green, blue).")
    needed_side = 2 * max(height, width)  # so that what is decoded smaller still is made smaller by the resizing
    picture = open_picture(path, needed_side).convert("L" if channels == 1 else "RGB")
    from PIL.Image import Resampling

    pixels = np.asarray(picture.resize((width, height), Resampling.BICUBIC))
    return np.ascontiguousarray(pixels.reshape(height, width, channels).transpose(2, 0, 1))


def _read_light_on_dark(path: Path, invert: Literal["auto"] | bool) -> tuple[NDArray[np.float32], float]:
    """The picture's greys, inverted where its background is light, and the grey of its background after that."""
    grey = _read_grey(path)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    is_light = background > (float(grey.min()) + float(grey.max())) / 2 if invert == "auto" else invert
    if is_light:
        grey, background = 255 - grey, 255 - background
    if grey.max() - background < _LEAST_CONTRAST:
        was, stroke = (255 - background, "dark") if is_light else (background, "light")
        raise InputError(
            f"{path}: nothing is drawn on it: no stroke stands out {stroke} from a background of {was:.0f} (0 is "
            "black, 255 white; transparent counts as white). Take a picture with more contrast"
            f"{'' if invert == 'auto' else ', or leave invert at auto'}."
        )
    return grey, background


def _read_grey(path: Path) -> NDArray[np.float32]:
    picture = open_picture(path).convert("L")
    from PIL.Image import Resampling

    if max(picture.size) > _WORKING_SIDE:
        picture.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Resampling.BOX)
    return np.asarray(picture, np.float32)


def _crop_to_ink(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    is_drawn = ink > _INK_SHARE * ink.max()
    rows, columns = np.flatnonzero(is_drawn.any(axis=1)), np.flatnonzero(is_drawn.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scale_to_box(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale so that the longer side has 20 pixels; each new pixel is the mean of the area that it covers."""
    scale = _BOX / max(ink.shape)
    height, width = (max(1, round(length * scale)) for length in ink.shape)
    return _resize(ink, height, width)


def _place_by_mass(digit: NDArray[Any]) -> NDArray[np.uint8]:
    """Put the digit into a black image with its centre of mass on the centre, but never over the edge."""
    top, left = (_offset(digit.sum(axis=axis)) for axis in (1, 0))
    image = np.zeros((_SIDE, _SIDE), np.uint8)
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit.round()
    return image


def _offset(mass: NDArray[Any]) -> int:
    """Where along one axis the digit starts; ``mass`` is the ink in each of its rows or columns."""
    centre_of_mass = float(mass @ np.arange(len(mass)) / mass.sum())
    return min(max(round(_CENTRE - centre_of_mass), 0), _SIDE - len(mass))


def _resize(grey: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resize floats between 0 and 255: by areas when it shrinks, smoothly when it grows."""
    from PIL import Image

    shrinks = height <= grey.shape[0] and width <= grey.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    resized: NDArray[np.float32] = np.asarray(Image.fromarray(grey).resize((width, height), method))
    return resized.clip(0, 255)
