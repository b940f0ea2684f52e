"""A folder of pictures as a data set of its own: named in one word, decoded once, read like any other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data.decoded import decoded, state_of
from trainlab.data.folders import expand_home
from trainlab.data.foreign_name import shown, shown_list
from trainlab.data.image_folder import Listing, list_pictures
from trainlab.data.images import resize_plain
from trainlab.data.source import Arrays, Edition, Part, Source, SourceFile
from trainlab.data.split import Split
from trainlab.data.transfer import Progress
from trainlab.errors import InputError

PREFIX = "folder:"

Channels = Literal["auto", 1, 3]

_OPTION = re.compile(r",(?P<key>size|channels)=(?P<value>[^,]*)$|,(?P<flag>skip[_-]unreadable)$")
_LARGEST_SIDE = 4096  # pixels


@dataclass(frozen=True)
class ImageFolder:
    """A folder of PNG and JPEG pictures by class, and how they become images of one size.

    Its name is ``folder:PATH``, with settings that are not the default behind it:
    ``folder:PATH,size=64``, ``folder:PATH,size=48x64,channels=1,skip_unreadable``.

    Arguments:
        path: in one of the layouts of `trainlab.data.image_folder`.
        size: height and width in pixels that every picture is resized to as a whole; other proportions are
            stretched. Larger shows more and costs more in proportion to height × width.
        channels: 1 for grey, 3 for colour, "auto" for grey when no picture has a colour.
        skip_unreadable: True goes on without files that are no pictures; False refuses the folder and names them all.

    Raises:
        InputError: a size or number of channels that cannot be.

    >>> ImageFolder(Path("pets"), size=(48, 64), channels=1).name
    'folder:pets,size=48x64,channels=1'
    >>> ImageFolder.from_name("folder:pets,size=64,skip_unreadable").size
    (64, 64)
    """

    path: Path
    size: tuple[int, int] = (32, 32)
    channels: Channels = "auto"
    skip_unreadable: bool = False

    def __post_init__(self) -> None:
        if not all(1 <= side <= _LARGEST_SIDE for side in self.size):
            raise InputError(
                f"size={_by(self.size)}: expected 1 to {_LARGEST_SIDE:,} pixels for height and width, such as 32 or "
                "48x64."
            )
        if self.channels not in ("auto", 1, 3):
            raise InputError(f"channels={self.channels}: expected auto, 1 (grey) or 3 (red, green, blue).")

    @classmethod
    def from_name(cls, name: str) -> "ImageFolder":
        """The folder that a name stands for.

        Raises:
            InputError: a setting with a value that cannot be.
        """
        rest = name.removeprefix(PREFIX)
        size, channels, skip_unreadable = cls.size, cls.channels, cls.skip_unreadable
        while option := _OPTION.search(rest):
            rest = rest[: option.start()]
            if option["flag"]:
                skip_unreadable = True
            elif option["key"] == "size":
                size = parse_size(option["value"])
            else:
                channels = parse_channels(option["value"])
        return cls(expand_home(rest), size, channels, skip_unreadable)

    @property
    def name(self) -> str:
        options = [f"size={_by(self.size)}"] if self.size != (32, 32) else []
        options += [f"channels={self.channels}"] if self.channels != "auto" else []
        options += ["skip_unreadable"] if self.skip_unreadable else []
        return ",".join([f"{PREFIX}{self.path}", *options])

    def read(self, progress: Progress | None = None) -> "FolderContent":
        """Decode the pictures, or map them when they were decoded before.

        ``progress`` is told (pictures decoded, pictures in all).

        Raises:
            InputError: what `trainlab.data.image_folder.list_pictures` refuses, or files that are no pictures, all
                of which are named; with ``skip_unreadable`` only if a class of a part has nothing else.
        """
        listing = list_pictures(self.path)
        owner = f"folder {self.path.resolve()} {self.size} {self.channels} {self.skip_unreadable}"
        relative = "\n".join(str(file.relative_to(self.path)) for file in listing.files)
        state = state_of(listing.files, also=relative)
        images, order = decoded(owner, state, partial(self._decode, listing, progress))
        used = set(order.tolist())
        skipped = tuple(file for position, file in enumerate(listing.files) if position not in used)
        content = FolderContent(self, listing.arrange(order), images, skipped)
        content.refuse_emptied_classes()
        return content

    def source(self) -> Source:
        """What the catalog would know about it.

        Raises:
            InputError: as `read`.
        """
        return self.read().source

    def _decode(self, listing: Listing, progress: Progress | None) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """The images of all readable files, and the positions of these in the listing."""
        from concurrent.futures import ThreadPoolExecutor  # decoders release the interpreter's lock

        channels = 1 if self.channels == 1 else 3
        images = np.empty((len(listing.files), channels, *self.size), np.uint8)
        problems: dict[int, str] = {}

        def fill(position: int) -> None:
            file = listing.files[position]
            try:
                images[position] = resize_plain(file, channels, *self.size)
            except InputError as error:
                reason = str(error).removeprefix(f"{file}: ")
                problems[position] = f"{shown(str(file.relative_to(self.path)))}: {reason}"

        with ThreadPoolExecutor() as pool:
            for done, _ in enumerate(pool.map(fill, range(len(images))), 1):
                if progress is not None:
                    progress(done, len(images))
        if problems and not self.skip_unreadable:
            listed = "\n  ".join(problems[position] for position in sorted(problems))
            raise InputError(
                f"{self.path}: {len(problems)} of {len(images)} files cannot be read as pictures:\n  {listed}\n"
                f"Replace or remove them, or go on without them as {replace(self, skip_unreadable=True).name} "
                "(--skip-unreadable when importing)."
            )
        readable = np.array([position for position in range(len(images)) if position not in problems], np.uint32)
        order = listing.order(readable)
        if self.channels == "auto" and all(_is_grey(images[position]) for position in order):
            images = images[:, :1]
        return images[order], order


@dataclass(frozen=True, eq=False)
class FolderContent:
    """What a folder of pictures holds, and the images that it was decoded to."""

    folder: ImageFolder
    listing: Listing
    """Of the files that are used, in the order of the images."""
    images: NDArray[np.uint8] = field(repr=False)
    """(N, C, H, W)"""
    skipped: tuple[Path, ...]
    """The files that were left out because they are no pictures."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures of each class in each part, as they are used."""
        found: dict[str, dict[str, int]] = {
            role: dict.fromkeys(self.listing.classes, 0) for role in dict.fromkeys(self.listing.roles)
        }
        for role, label in zip(self.listing.roles, self.listing.labels.tolist(), strict=True):
            found[role][self.listing.classes[label]] += 1
        return found

    @property
    def source(self) -> Source:
        files: dict[Part, list[SourceFile]] = {"train": [], "test": []}
        for path, role in zip(self.listing.files, self.listing.roles, strict=True):
            file = SourceFile((path.relative_to(self.folder.path).as_posix(),), sha256="")
            files["test" if role == "test" else "train"].append(file)
        validates = np.array([role == "validation" for role in self.listing.roles if role != "test"])
        edition = Edition(
            "folder of pictures",
            {part: tuple(of_part) for part, of_part in files.items()},
            self._read_part,
            looks_like=lambda _: False,
        )
        channels, height, width = self.images.shape[1:]
        return Source(
            name=self.folder.name,
            description=f"pictures in {self.folder.path}, {height}×{width}, {'grey' if channels == 1 else 'colour'}",
            licence="your own",
            classes=self.listing.classes,
            image_shape=(channels, height, width),
            sizes={part: len(of_part) for part, of_part in files.items()},
            editions=(edition,),
            home=self.folder.path,
            split=_split(validates),
        )

    def refuse_emptied_classes(self) -> None:
        """Raise InputError when skipping has left a class without pictures in a part that had some."""
        for role, of_class in self.counts.items():
            emptied = [name for name, count in of_class.items() if count == 0]
            if emptied:
                raise InputError(
                    f"{self.folder.path}: no readable picture is left of {shown_list(emptied)} ({role}) once "
                    "unreadable files are skipped; expected at least one. Add pictures, or remove the class."
                )

    def _read_part(self, paths: Sequence[Path]) -> Arrays:
        """The images and labels of one part, whose files stand together in the listing."""
        train_count = sum(role != "test" for role in self.listing.roles)
        is_test = self.listing.roles[self.listing.files.index(paths[0])] == "test"
        chosen = slice(train_count, None) if is_test else slice(0, train_count)
        smallest = np.uint8 if len(self.listing.classes) <= 256 else np.uint16
        return self.images[chosen], self.listing.labels[chosen].astype(smallest)


def parse_size(text: str) -> tuple[int, int]:
    """Height and width from "64" or "48x64".

    Raises:
        InputError: anything else.

    >>> parse_size("64"), parse_size("48x64")
    ((64, 64), (48, 64))
    """
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) not in (1, 2) or not all(side.isdecimal() for side in sides):
        raise InputError(f"size={text}: expected pixels, such as 64, or height and width, such as 48x64.")
    return int(sides[0]), int(sides[-1])


def parse_channels(text: str) -> Channels:
    """The number of channels from "auto", "1" or "3".

    Raises:
        InputError: anything else.
    """
    known: dict[str, Channels] = {"auto": "auto", "1": 1, "3": 3}
    if text not in known:
        raise InputError(f"channels={text}: expected auto, 1 (grey) or 3 (red, green, blue).")
    return known[text]


def _split(validates: NDArray[np.bool_]) -> Split | None:
    if not validates.any():
        return None
    return Split(train=np.flatnonzero(~validates), validation=np.flatnonzero(validates))


def _is_grey(image: NDArray[np.uint8]) -> bool:
    return bool((image == image[:1]).all())


def _by(size: tuple[int, int]) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"
