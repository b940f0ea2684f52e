"""Several augmentations in a row, made from the names and settings of a configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, put
from trainlab.data.augmentation.affine import RandomAffine
from trainlab.data.augmentation.checks import check_batch
from trainlab.data.augmentation.color import ColorJitter
from trainlab.data.augmentation.crop import RandomCrop
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.elastic import Elastic
from trainlab.data.augmentation.erase import Cutout, RandomErasing
from trainlab.data.augmentation.flip import AlternatingFlip, RandomHorizontalFlip
from trainlab.data.augmentation.mix import CutMix, Mix, Mixup
from trainlab.data.augmentation.piece import Augmentation
from trainlab.errors import InputError
from trainlab.spelling import unknown_name

Piece = type[Augmentation] | type[Mix]
_PIECES: tuple[Piece, ...] = (
    RandomCrop,
    RandomAffine,
    Elastic,
    RandomHorizontalFlip,
    AlternatingFlip,
    RandomErasing,
    Cutout,
    ColorJitter,
    Mixup,
    CutMix,
)
NAMES: dict[str, Piece] = {piece.name: piece for piece in _PIECES}
"""The augmentations by the name that a configuration gives them."""

Spec = str | Mapping[str, Mapping[str, Any]] | Sequence[str | Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Augment:
    """The pieces one after the other, each on what the one before returned.

    Two pieces of the same name draw independently of each other; adding a piece leaves what the others draw as it was.

    Arguments:
        pieces: in the order of their application; with none of them the images are returned as they are.
        mix: what mixes the augmented images with their partners, or None. It needs targets and so is not part of the
            call: see `trainlab.data.augmentation.mix`.

    >>> augment = build(["crop", {"flip": {"p": 1}}])
    >>> augment
    Augment(pieces=(RandomCrop(size=None, padding=4, mode='zero'), RandomHorizontalFlip(p=1)), mix=None)
    >>> augment(np.zeros((2, 3, 32, 32), np.uint8), Draws(seed=0, epoch=1, indices=np.array([4, 7]))).shape
    (2, 3, 32, 32)
    """

    pieces: tuple[Augmentation, ...] = ()
    mix: Mix | None = None

    def __call__(self, images: Array, draw: Draws) -> Array:
        """Augment a batch; what each piece raises, this raises."""
        if not self.pieces:
            return images
        check_batch(self.pieces[0].name, images, draw)
        return self.some(images, np.arange(len(draw)), draw)

    def some(self, images: Array, places: NDArray[np.integer], draw: Draws) -> Array:
        """The images at ``places`` of perhaps many more, augmented: see `Augmentation.change_some`."""
        if not self.pieces:
            return images[put(places, images)]
        images = self.pieces[0].change_some(images, places, draw)
        for piece, repeat in self._others:  # from here on the batch is our own
            images = piece.change(images, draw.repeated(repeat))
        return images

    @cached_property
    def _others(self) -> list[tuple[Augmentation, int]]:
        """All pieces but the first, and how many of the same name come before each."""
        names = [piece.name for piece in self.pieces]
        return [(piece, names[:place].count(piece.name)) for place, piece in enumerate(self.pieces) if place]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs to make this chain again, in JSON's types."""
        return {"pieces": [piece.to_dict() for piece in (*self.pieces, *([self.mix] if self.mix else []))]}


def build(spec: Spec) -> Augment:
    """Make a chain from names, with settings where the defaults do not fit.

    Arguments:
        spec: ``"flip"``, or ``["crop", "flip"]``, or ``["crop", {"erasing": {"p": 0.25}}]``, or
            ``{"crop": {"padding": 2}, "flip": {}}``: in the order of their application.

    Raises:
        InputError: an unknown name or setting (the nearest right one is proposed), a value outside its range, or a
            mixing piece that is not the last one.

    >>> build({"crop": {"padding": 2}, "cutmix": {}}).mix
    CutMix(alpha=1.0)
    """
    parts: Sequence[Any] = [spec] if isinstance(spec, str | Mapping) else spec
    named: list[tuple[str, Any]] = []
    for part in parts:
        if not isinstance(part, str | Mapping):
            raise InputError(
                f"augmentation {part!r}: expected a name, or a name with its settings such as "
                "{'crop': {'padding': 4}}."
            )
        named += [(part, {})] if isinstance(part, str) else part.items()
    return _chain([_make(name, settings) for name, settings in named])


def from_dict(description: Mapping[str, Any]) -> Augment:
    """Make the chain that ``to_dict`` described, as it is stored in a checkpoint.

    Raises:
        InputError: an unknown name or settings that do not belong to it.

    >>> from_dict(build(["crop", "mixup"]).to_dict()) == build(["crop", "mixup"])
    True
    """
    try:
        described = [dict(piece) for piece in description["pieces"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"augmentation {description!r}: expected a list of 'pieces' ({error!r}).") from error
    return _chain([_make(piece.pop("name", None), piece) for piece in described])


def _make(name: Any, settings: Any) -> Augmentation | Mix:
    if name not in NAMES:
        raise unknown_name("augmentation", name, NAMES)
    if not isinstance(settings, Mapping):
        raise InputError(f"{name}: settings are {settings!r}; expected a table such as {{'p': 0.5}}, or none.")
    piece: Any = NAMES[name]
    known = [field.name for field in fields(piece)]
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of {name}", setting, known)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    made: Augmentation | Mix = piece(**values)
    return made


def _chain(made: list[Augmentation | Mix]) -> Augment:
    pieces = tuple(piece for piece in made if isinstance(piece, Augmentation))
    mixes = [piece for piece in made if isinstance(piece, Mix)]
    if not mixes:
        return Augment(pieces)
    if len(mixes) > 1 or made[-1] is not mixes[0]:
        raise InputError(
            f"augmentation {', '.join(piece.name for piece in made)}: expected at most one of mixup and cutmix, at the "
            "end. Images are mixed when everything else is done to them."
        )
    return Augment(pieces, mixes[0])
