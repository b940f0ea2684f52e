"""Files inside a .tar.gz archive, read where they are: nothing is ever unpacked onto the disk.

A file in an archive is named by a path that runs through it: ``data/cifar-10-python.tar.gz/cifar-10-batches-py/
test_batch``. Functions here take such paths and ordinary ones alike.
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trainlab.data.content import cannot_read, is_gzip, open_content
from trainlab.errors import InputError

if TYPE_CHECKING:
    from tarfile import TarFile

_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"
_CHUNK_BYTES = 1 << 18


def is_archive(path: Path) -> bool:
    """True when the content is a gzip-packed tar archive, whatever its name says."""
    try:
        if not is_gzip(path):
            return False
        with open_content(path) as content:
            return content.read(_TAR_MAGIC_AT + len(_TAR_MAGIC))[_TAR_MAGIC_AT:] == _TAR_MAGIC
    except (InputError, OSError):
        return False


def archive_of(path: Path) -> Path | None:
    """The archive that ``path`` runs through, or None for an ordinary path."""
    return next((parent for parent in path.parents if parent.is_file()), None)


def on_disk(path: Path) -> Path:
    """The file that holds what ``path`` names: the archive, or the file itself."""
    return archive_of(path) or path


def read_files(paths: Sequence[Path]) -> Iterator[tuple[Path, bytes]]:
    """The content of each file, gzip undone; those of one archive in a single pass, in the archive's order.

    Raises:
        InputError: a file is missing or damaged, or an archive holds what no published one does (see `member_names`).
    """
    by_archive: dict[Path, set[Path]] = {}
    for path in paths:
        archive = archive_of(path)
        if archive is None:
            with open_content(path) as file:
                yield path, file.read()
        else:
            by_archive.setdefault(archive, set()).add(path)
    for archive, wanted in by_archive.items():
        yield from _read_members(archive, wanted)


def file_digest(path: Path, algorithm: str) -> str:
    """The digest of a file as it lies there, gzip or not, in hexadecimal; ``algorithm`` as hashlib calls it.

    Raises:
        InputError: as `read_files`.
    """
    if archive_of(path) is not None:
        ((_, content),) = read_files([path])
        return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, partial(hashlib.new, algorithm, usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise cannot_read(path, error) from error


def member_names(archive: Path) -> list[str]:
    """The names of the files in an archive.

    Raises:
        InputError: it is no .tar.gz archive or damaged, or a member is a link, a device, or lies outside the
            archive's own folder (an absolute name, or one with ``..``): such archives are made to do harm.
    """
    with _opened(archive) as tar:
        return [member.name for member in _checked_members(tar, archive) if member.isfile()]


def _read_members(archive: Path, wanted: set[Path]) -> Iterator[tuple[Path, bytes]]:
    missing = set(wanted)
    with _opened(archive) as tar:
        for member in _checked_members(tar, archive):
            path = archive / member.name
            if path in missing and member.isfile():
                file = tar.extractfile(member)
                assert file is not None  # a regular file always has content
                missing.remove(path)
                yield path, file.read()
    if missing:
        names = ", ".join(sorted(path.name for path in missing))
        raise InputError(f"{archive}: holds no {names}. It is cut off or another archive; fetch it again.")


def _checked_members(tar: "TarFile", archive: Path) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
            kind = "is no plain file" if not (member.isfile() or member.isdir()) else "lies outside the archive"
            raise InputError(
                f"{archive}: its member {member.name!r} {kind}; expected plain files below one folder. Nothing was "
                "unpacked. It is not the published archive and may be malicious: delete it and fetch the data again."
            )
        yield member


@contextmanager
def _opened(archive: Path) -> "Iterator[TarFile]":
    try:
        # gzip is undone here, because tarfile would take the end of a file that was cut off for the end of the archive
        with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as tar:
            yield tar
            while content.read(_CHUNK_BYTES):  # to the checksum at the end
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{archive}: is no .tar.gz archive or is damaged ({error}). The download or copy failed; fetch it again."
        ) from None
    except OSError as error:
        raise cannot_read(archive, error) from error
