"""From stored bytes to the network's input: scaling and shifting whole batches, channel by channel.

Every piece is affine, ``y = scale · x + shift`` with one scale and one shift a channel, and so is a chain of them:

    y = s₂ · (s₁ · x + t₁) + t₂ = (s₂ · s₁) · x + (s₂ · t₁ + t₂)

A chain costs one multiplication and one addition a pixel. Its numbers are combined in float64 and rounded once.

======  ============  ====================================================================
input   (N, C, H, W)  uint8, left as it is; a NumPy array, or a torch tensor on any device
output  (N, C, H, W)  float32, C-contiguous, a new array or tensor on the same device
======  ============  ====================================================================
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, empty_floats, table
from trainlab.data.channel_statistics import mean_and_std
from trainlab.errors import InputError
from trainlab.spelling import unknown_name

PerChannel = tuple[float, ...]
"""One number for all channels alike, or one a channel."""


class Transform(ABC):
    """Turns a batch of stored images into the network's input: ``y = scale · x + shift``."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def scale(self) -> PerChannel: ...

    @property
    @abstractmethod
    def shift(self) -> PerChannel: ...

    def __call__(self, images: Array, out: Array | None = None) -> Array:
        """Transform a batch.

        Arguments:
            out: (N, C, H, W) in float32, C-contiguous, where the images lie: is filled and returned. None: a new one.

        Raises:
            InputError: the images have another number of channels than the transform.
        """
        output = empty_floats(tuple(images.shape), images) if out is None else out
        output[...] = images
        count, channels, height, width = output.shape
        # NumPy begins anew with each row that it broadcasts over; two images a row take half as long as a channel a row
        per_row = 2 - count % 2
        rows = output.reshape(count // per_row, per_row * channels * height * width)
        rows *= table(_for_each_pixel, rows, self.scale, channels, height * width, per_row)
        if any(self.shift):
            rows += table(_for_each_pixel, rows, self.shift, channels, height * width, per_row)
        return output

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs to make this transform again, in JSON's types."""
        return {"name": self.name}

    @property
    def byte_of_zero(self) -> tuple[int, ...]:
        """The byte that comes nearest to ``y = 0``, one a channel: what to paint to show the network nothing.

        >>> Standardize(mean=(125.3, 123.0), std=(63.0, 62.1)).byte_of_zero, Unit().byte_of_zero
        ((125, 123), (0,))
        """
        zero = np.zeros((1, len(self.scale), 1, 1), np.float32)
        return tuple(as_bytes(zero, self).ravel().tolist())


def as_bytes(images: NDArray[np.float32], transform: Transform) -> NDArray[np.uint8]:
    """The network's input (N, C, H, W) as the bytes that it was made from: ``x = (y − shift) / scale``, rounded."""
    scale, shift = (np.array(values)[:, np.newaxis, np.newaxis] for values in (transform.scale, transform.shift))
    pixels: NDArray[np.uint8] = np.rint((images - shift) / scale).clip(0, 255).astype(np.uint8)
    return pixels


@dataclass(frozen=True)
class Unit(Transform):
    """``y = x / 255``: bytes to [0, 1].

    >>> Unit()(np.full((1, 1, 1, 1), 255, np.uint8)).item()
    1.0
    """

    name = "unit"

    @property
    def scale(self) -> PerChannel:
        return (1 / 255,)

    @property
    def shift(self) -> PerChannel:
        return (0.0,)


@dataclass(frozen=True)
class Lab1(Transform):
    """``y = x / 255 · 0.99 + 0.01``: bytes to [0.01, 1], so that no input is zero.

    >>> round(Lab1()(np.zeros((1, 1, 1, 1), np.uint8)).item(), 6)
    0.01
    """

    name = "lab1"

    @property
    def scale(self) -> PerChannel:
        return (0.99 / 255,)

    @property
    def shift(self) -> PerChannel:
        return (0.01,)


@dataclass(frozen=True)
class Raw(Transform):
    """``y = x``: the bytes 0 to 255 as they are. Nearly always a mistake: networks expect inputs of about size one.

    >>> Raw()(np.full((1, 1, 1, 1), 255, np.uint8)).item()
    255.0
    """

    name = "raw"

    @property
    def scale(self) -> PerChannel:
        return (1.0,)

    @property
    def shift(self) -> PerChannel:
        return (0.0,)


@dataclass(frozen=True)
class Standardize(Transform):
    """``y = (x − mean) / std``, channel by channel: each channel of the training images gets mean 0 and std 1.

    Arguments:
        mean: (C,) in the units of the piece's input: bytes 0 to 255 when it stands alone or first in a chain.
        std: (C,) in the same units, over all pixels (divided by their number, not by one less); above 0.

    Raises:
        InputError: lengths that differ, or a value that is not finite, or a std of 0.

    >>> Standardize(mean=(100.0,), std=(50.0,))(np.full((1, 1, 1, 1), 200, np.uint8)).item()
    2.0
    """

    name = "standardize"

    mean: PerChannel
    std: PerChannel

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or not self.mean:
            raise InputError(
                f"standardize: {len(self.mean)} means but {len(self.std)} standard deviations; expected one of each "
                "a channel."
            )
        if not np.isfinite([*self.mean, *self.std]).all() or min(self.std) < 0:
            raise InputError(
                f"standardize: mean {self.mean} and std {self.std}; expected finite numbers and no negative std."
            )
        if 0 in self.std:
            raise InputError(
                f"standardize: channel {self.std.index(0)} has a standard deviation of 0, which cannot be divided by. "
                "All its training pixels are equal; use the transform 'unit' instead."
            )

    @classmethod
    def fit(
        cls, images: NDArray[np.uint8], indices: NDArray[np.int64], after: Transform | None = None
    ) -> "Standardize":
        """Compute mean and std from the images at ``indices``, which are to be the training part only.

        Arguments:
            after: the piece before this one in a chain; the statistics are those of its output, by
                mean(s · x + t) = s · mean(x) + t and std(s · x + t) = |s| · std(x).

        Raises:
            InputError: a channel whose training pixels are all equal.
        """
        mean, std = mean_and_std(images, indices)
        if after is not None:
            scale, shift = np.array(after.scale), np.array(after.shift)
            mean, std = scale * mean + shift, np.abs(scale) * std
        return cls(tuple(mean.tolist()), tuple(std.tolist()))

    @property
    def scale(self) -> PerChannel:
        return tuple(1 / std for std in self.std)

    @property
    def shift(self) -> PerChannel:
        return tuple(-mean / std for mean, std in zip(self.mean, self.std, strict=True))

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "mean": list(self.mean), "std": list(self.std)}


@dataclass(frozen=True)
class Compose(Transform):
    """The pieces one after the other, collapsed into a single scale and shift.

    Raises:
        InputError: no piece.

    >>> chain = Compose((Unit(), Standardize(mean=(0.5,), std=(0.25,))))
    >>> chain.scale == (4 / 255,), chain.shift
    (True, (-2.0,))
    """

    name = "compose"

    pieces: tuple[Transform, ...]

    def __post_init__(self) -> None:
        if not self.pieces:
            raise InputError("a chain of transforms needs at least one piece; 'raw' leaves the bytes as they are.")

    @property
    def scale(self) -> PerChannel:
        return self._scale_and_shift[0]

    @property
    def shift(self) -> PerChannel:
        return self._scale_and_shift[1]

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "pieces": [piece.to_dict() for piece in self.pieces]}

    @cached_property
    def _scale_and_shift(self) -> tuple[PerChannel, PerChannel]:
        scale, shift = np.ones(1), np.zeros(1)
        for piece in self.pieces:
            scale, shift = scale * piece.scale, shift * piece.scale + piece.shift
        return tuple(scale.tolist()), tuple(shift.tolist())


_FIXED = {piece.name: piece for piece in (Unit(), Lab1(), Raw())}


def build(
    transform_names: str | Sequence[str], images: NDArray[np.uint8], train_indices: NDArray[np.int64]
) -> Transform:
    """Make a transform from its name, or a chain from several names in the order of their application.

    Arguments:
        transform_names: "unit", "lab1", "standardize", "raw", or a sequence of them.
        images: (N, C, H, W) the stored images.
        train_indices: the images that "standardize" may look at.

    Raises:
        InputError: an unknown name (the nearest right one is proposed), no name, or what `Standardize.fit` refuses.

    >>> images = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2)
    >>> build("standardize", images, np.array([0])).to_dict()
    {'name': 'standardize', 'mean': [1.5], 'std': [1.118033988749895]}
    """
    if isinstance(transform_names, str):
        return _build_piece(transform_names, images, train_indices, before=())
    pieces: tuple[Transform, ...] = ()
    for name in transform_names:
        pieces += (_build_piece(name, images, train_indices, before=pieces),)
    return Compose(pieces)


def from_dict(description: dict[str, Any]) -> Transform:
    """Make the transform that ``to_dict`` described, as it is stored in a checkpoint.

    Raises:
        InputError: an unknown name or settings that do not belong to it.

    >>> from_dict({"name": "unit"})
    Unit()
    """
    settings = dict(description)
    name = settings.pop("name", None)
    try:
        if name == Compose.name:
            return Compose(tuple(from_dict(piece) for piece in settings.pop("pieces")))
        if name == Standardize.name:
            return Standardize(tuple(map(float, settings.pop("mean"))), tuple(map(float, settings.pop("std"))))
    except (KeyError, TypeError) as error:
        raise InputError(f"transform {description!r} lacks a setting or has a wrong one ({error}).") from error
    if name not in _FIXED:
        raise unknown_name("transform", name, [*_FIXED, Standardize.name, Compose.name])
    return _FIXED[name]


def _build_piece(
    name: str, images: NDArray[np.uint8], train_indices: NDArray[np.int64], before: tuple[Transform, ...]
) -> Transform:
    if name == Standardize.name:
        return Standardize.fit(images, train_indices, after=Compose(before) if before else None)
    if name not in _FIXED:
        raise unknown_name("transform", name, [*_FIXED, Standardize.name])
    return _FIXED[name]


@lru_cache(maxsize=64)
def _for_each_pixel(values: PerChannel, channels: int, pixels: int, images: int) -> NDArray[np.float32]:
    """Per-channel numbers spread over a row of so many images; a single number fits everywhere as it is."""
    if len(values) == 1:
        return np.array(values, np.float32)
    if len(values) != channels:
        raise InputError(
            f"images of {channels} channels met a transform for {len(values)}; expected the same number. "
            "The transform was probably fitted on another data set."
        )
    return np.repeat(np.array(values * images, np.float32), pixels)
