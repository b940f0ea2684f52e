"""What the catalog knows about a data set: the forms in which it is published, their files, how to read them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data.archive import archive_of, file_digest, on_disk
from trainlab.data.content import content_digest
from trainlab.data.folders import search_folders
from trainlab.data.split import Split
from trainlab.errors import InputError

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = ("train", "test")

Arrays = tuple[NDArray[np.uint8], NDArray[np.unsignedinteger[Any]]]
"""Images (N, C, H, W) and labels (N,)."""


@dataclass(frozen=True)
class SourceFile:
    """One published file."""

    names: tuple[str, ...]
    """The names under which it is accepted on disk; a download is stored under the first."""
    sha256: str
    """Of the content as its edition's ``digest`` sees it: packers differ, the content does not."""
    download_bytes: int = 0
    """Size as its author publishes it, for a progress bar; a mirror's may differ by a few bytes."""
    md5: str | None = None
    """Of the file itself, where that is what its author or others have published: accepted instead of ``sha256``."""

    @property
    def name(self) -> str:
        return self.names[0]

    def find_in(self, folder: Path) -> Path | None:
        """The file under the first of its names that ``folder`` holds, or None."""
        return next((folder / name for name in self.names if (folder / name).is_file()), None)


@dataclass(frozen=True)
class Archive:
    """The one .tar.gz file in which all files of an edition are published."""

    name: str
    """Ends in .tar.gz."""
    folder: str
    """Inside the archive, and beside it once somebody has unpacked it."""
    sha256: str
    """Of the archive as it is published."""
    download_bytes: int
    companions: tuple[str, ...] = ()
    """Files beside the data that nothing here needs, such as the list of class names."""

    @property
    def names(self) -> tuple[str, str]:
        """Under which it is accepted on disk: as it is published, and with gzip undone."""
        return self.name, self.name.removesuffix(".gz")


@dataclass(frozen=True)
class Edition:
    """One form in which a data set is published."""

    name: str
    """What messages call it, such as "python version"."""
    files: dict[Part, tuple[SourceFile, ...]]
    read: Callable[[Sequence[Path]], Arrays]
    """Reads the files of one part, given in the order of ``files[part]``."""
    looks_like: Callable[[Path], bool]
    """True when a file may be one of these by its first bytes or its size; keeps others from being read through."""
    digest: Callable[[Path], str] = content_digest
    """SHA-256 of what a file means."""
    mirrors: tuple[str, ...] = ()
    """Addresses of folders, each ending in "/", tried in this order. Empty: it cannot be downloaded."""
    archive: Archive | None = None

    def find_in(self, folder: Path, part: Part) -> dict[SourceFile, Path]:
        """Those files of one part that ``folder`` holds: in itself, in the archive's folder, or in the archive."""
        if self.archive is None:
            return self._find_unpacked(folder, part)
        found = max(self._find_unpacked(folder / self.archive.folder, part), self._find_unpacked(folder, part), key=len)
        packed = next((folder / name for name in self.archive.names if (folder / name).is_file()), None)
        if len(found) < len(self.files[part]) and packed is not None:
            return {file: packed / self.archive.folder / file.name for file in self.files[part]}
        return found

    def find_whole(self, folder: Path, part: Part) -> dict[SourceFile, Path] | None:
        """The files of one part, or None when ``folder`` lacks one of them or one is empty."""
        found = self.find_in(folder, part)
        return None if len(found) < len(self.files[part]) or any(map(_is_empty, found.values())) else found

    def _find_unpacked(self, folder: Path, part: Part) -> dict[SourceFile, Path]:
        found = {file: file.find_in(folder) for file in self.files[part]}
        return {file: path for file, path in found.items() if path is not None}

    def refuse_hidden(self, folder: Path, copy: Path) -> None:
        """Raises InputError where a damaged file is read before a genuine ``copy`` of it in the same folder.

        Unpacked files come before the archive, and of two names the first: the copy then repairs nothing.

        Arguments:
            copy: a file of this edition or its archive, which need not be there yet.
        """
        for part in PARTS:
            found = self.find_in(folder, part).items()
            before = {file: path for file, path in found if self._is_before(path, copy, file)}
            for problem in filter(None, self.problems(before).values()):
                raise InputError(f"{problem.rstrip('.')}. It is read before {copy}, so remove it.")

    def _is_before(self, path: Path, copy: Path, file: SourceFile) -> bool:
        names: tuple[str, ...] = file.names
        if self.archive is not None and copy.name in self.archive.names:
            path, names = on_disk(path), self.archive.names  # of a file in an archive, the archive
            if path.name not in names:
                return True
        return copy.name in names and names.index(path.name) < names.index(copy.name)

    def all_files(self) -> Iterator[SourceFile]:
        for part in PARTS:
            yield from self.files[part]

    def published_names(self, part: Part) -> str:
        """What somebody has to fetch in order to have one part, for messages."""
        if self.archive is not None:
            return self.archive.name
        return " and ".join(file.name for file in self.files[part])

    def problems(self, found: dict[SourceFile, Path]) -> dict[SourceFile, str | None]:
        """Why each file is not the published one, or None.

        An archive as it was published is not unpacked for that; of a repacked one, every file is looked at.
        """
        archives = {archive_of(path) for path in found.values()}
        archive = archives.pop() if len(archives) == 1 else None
        if self.archive is not None and archive is not None and file_digest(archive, "sha256") == self.archive.sha256:
            return dict.fromkeys(found)
        return {file: self._problem(path, file) for file, path in found.items()}

    def _problem(self, path: Path, file: SourceFile) -> str | None:
        try:
            digest = self.digest(path)
            if digest == file.sha256 or (file.md5 is not None and file_digest(path, "md5") == file.md5):
                return None
        except InputError as error:
            return str(error)
        return f"{path}: SHA-256 of the content is {digest}, expected {file.sha256}"


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:  # it runs through an archive
        return on_disk(path).stat().st_size == 0


@dataclass(frozen=True)
class Source:
    """One data set. A new one joins the catalog by describing its files and a function that reads them."""

    name: str
    description: str
    licence: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    """Channels, height, width."""
    sizes: dict[Part, int]
    """Images in each part as published."""
    editions: tuple[Edition, ...]
    """The forms in which it may lie on this machine; the first is downloaded."""
    bundled: Path | None = None
    """The folder inside the package that holds the files, or None."""
    home: Path | None = None
    """The only folder that holds it: somebody's own pictures. None: `search_folders` are looked through."""
    split: Split | None = None
    """Which images of the training part train and which validate, when whoever made the set has decided that."""

    def folders(self, data_dir: Path | None = None) -> list[Path]:
        """Where the files may lie, in the order in which one looks.

        Raises:
            InputError: ``data_dir`` is given but is no folder.
        """
        if self.home is not None:
            return [self.home]
        return search_folders(self.name, data_dir) + ([self.bundled] if self.bundled is not None else [])
