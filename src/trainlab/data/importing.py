"""Taking over data that somebody has: published files under any name, archives, and folders of pictures."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trainlab.atomic import write_atomically
from trainlab.data.archive import file_digest, is_archive, member_names
from trainlab.data.catalog import describe, names
from trainlab.data.content import is_gzip
from trainlab.data.folder_source import FolderContent, ImageFolder
from trainlab.data.folders import cache_folder, files_below
from trainlab.data.foreign_name import shown_list
from trainlab.data.picture import is_picture
from trainlab.data.source import Edition, Source, SourceFile
from trainlab.data.transfer import Progress
from trainlab.errors import InputError

UNPACK = "is a .zip archive, and no data set is published as one. Unpack it, and import the folder that comes out."


@dataclass(frozen=True)
class ImportedFile:
    """A file that `import_files` recognised by its content, whatever it was called."""

    dataset: str
    edition: str
    """In which form it is published, such as "binary version"."""
    name: str
    source: Path
    destination: Path


@dataclass(frozen=True)
class PassedOver:
    """A file in a known format that is nobody's, one that cannot be read, or a .zip archive."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Import:
    """What `import_files` found."""

    recognised: tuple[ImportedFile, ...]
    unrecognised: tuple[PassedOver, ...]
    """Files that are changed or damaged, that cannot be read, and .zip archives."""
    pictures: FolderContent | None = None
    """The folder, when it is one of pictures by class; it stays where it is."""


def import_files(
    path: Path, data_dir: Path | None = None, pictures: ImageFolder | None = None, progress: Progress | None = None
) -> Import:
    """Copy the files of known data sets that lie at ``path`` to where `trainlab.data.load` finds them.

    Files are recognised by the digest of their content, so neither their names nor their packing matters; an archive
    is copied as it is. Each copy appears whole or not at all. A folder of pictures by class is decoded, so that
    ``folder:PATH`` opens at once.

    Arguments:
        path: one file, or a folder, which is searched with its subfolders.
        data_dir: the folder whose subfolders receive the files; the cache folder when None.
        pictures: how to read ``path`` if it turns out to be a folder of pictures; as `ImageFolder` does when None.
        progress: told (pictures decoded, pictures in all).

    Raises:
        InputError: nothing at ``path``, neither a known file nor a picture among what is there, a folder of pictures
            that cannot be used, a folder that cannot be written, or a damaged file that is read before the copy.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder to import.")
    root = data_dir or cache_folder()
    recognised: list[ImportedFile] = []
    editions: list[Edition] = []
    unrecognised: list[PassedOver] = []
    holds_pictures = False
    companions = {name for _, edition in _editions() if edition.archive for name in edition.archive.companions}
    for candidate in filter(Path.is_file, files_below(path)) if path.is_dir() else [path]:
        if candidate.name in companions:
            continue
        if candidate.suffix.lower() == ".zip":
            unrecognised.append(PassedOver(candidate, f"{candidate}: {UNPACK}"))
            continue
        try:
            if is_picture(candidate):
                holds_pictures = True
                continue
            match = _recognise_archive(candidate) if is_archive(candidate) else _recognise(candidate)
        except InputError as error:
            unrecognised.append(PassedOver(candidate, str(error)))
            continue
        if match is not None:
            recognised.append(_copy(candidate, *match, root))
            editions.append(match[1])
    for edition, file in zip(editions, recognised, strict=True):  # now that all are copied
        edition.refuse_hidden(root / file.dataset, file.destination)
    if recognised:
        return Import(tuple(recognised), tuple(unrecognised))
    if holds_pictures and path.is_dir():
        return Import((), tuple(unrecognised), (pictures or ImageFolder(path)).read(progress))
    seen = "\n  ".join(["", *(f"{passed.path}: {_without(passed)}" for passed in unrecognised)])
    raise InputError(
        f"{path}: holds no file of a known data set; expected the published files of {' or '.join(names())}, packed "
        "or not, under any name, or a folder of PNG or JPEG pictures with a folder for each class."
        + (f" What was passed over, and why:{seen}" if unrecognised else "")
    )


Match = tuple[Source, Edition, SourceFile | None]
"""None stands for the whole archive."""


def _recognise(path: Path) -> Match | None:
    """Whose file this is; None for a file in no known format.

    Raises:
        InputError: a file in a known format, but nobody's; the message says why.
    """
    reasons: dict[str, str] = {}
    digests: dict[object, str] = {}
    for source, edition in _editions():
        if not edition.looks_like(path):
            continue
        try:
            if edition.digest not in digests:
                digests[edition.digest] = edition.digest(path)
            for file in edition.all_files():
                if digests[edition.digest] == file.sha256 or file.md5 == file_digest(path, "md5"):
                    return source, edition, file
            reasons[edition.name] = f"{path}: is in {edition.name}, but no known data set's file."
        except InputError as error:
            reasons.setdefault(edition.name, str(error))
    if reasons:
        raise InputError(" ".join(reasons.values()))
    return None


def _recognise_archive(path: Path) -> Match:
    """Whose archive this is.

    Raises:
        InputError: an archive that is damaged, was made to do harm, holds other content under the right names, or
            is of no known data set.
    """
    published = {edition.archive.sha256: (source, edition) for source, edition in _editions() if edition.archive}
    if (known := published.get(file_digest(path, "sha256"))) is not None:
        return *known, None
    held = member_names(path)
    for source, edition in _editions():
        if edition.archive is None:
            continue
        members = {file: f"{edition.archive.folder}/{file.name}" for file in edition.all_files()}
        if not set(members.values()) <= set(held):
            continue
        problems = edition.problems({file: path / member for file, member in members.items()})
        for problem in problems.values():
            if problem is not None:
                raise InputError(problem)
        return source, edition, None
    found = shown_list(held, most=3) or "no files"
    raise InputError(f"{path}: is an archive of no known data set; it holds {found}.")


def _editions() -> Iterator[tuple[Source, Edition]]:
    for name in names():
        source = describe(name)
        for edition in source.editions:
            yield source, edition


def _copy(path: Path, wanted: Source, edition: Edition, file: SourceFile | None, root: Path) -> ImportedFile:
    name, destination = _destination(path, edition, file, root / wanted.name)

    def copy(target: BinaryIO) -> None:
        with path.open("rb") as original:
            shutil.copyfileobj(original, target)

    if not (destination.exists() and destination.samefile(path)):
        write_atomically(destination, copy)
    return ImportedFile(wanted.name, edition.name, name, path, destination)


def _destination(path: Path, edition: Edition, file: SourceFile | None, folder: Path) -> tuple[str, Path]:
    """Under which published name a file is recognised, and where it goes."""
    if edition.archive is None:
        assert file is not None
        packed = is_gzip(path)
        return file.name, folder / next(name for name in file.names if name.endswith(".gz") == packed)
    if file is None:
        packed_name, plain_name = edition.archive.names
        return edition.archive.name, folder / (packed_name if is_gzip(path) else plain_name)
    return file.name, folder / edition.archive.folder / file.name


def _without(passed: PassedOver) -> str:
    return passed.reason.removeprefix(f"{passed.path}: ")
