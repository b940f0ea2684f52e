"""Files inside a .tar.gz or .tar archive, read where they are: nothing is ever unpacked onto the disk.

A file in an archive is named by a path that runs through it: ``data/cifar-10-python.tar.gz/cifar-10-batches-py/
test_batch``. Functions here take such paths and ordinary ones alike.

An archive is a row of blocks of 512 bytes: a header for each member, its content behind it, zeros at the end.

Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from trainlab.data.content import cannot_read, is_gzip, open_content
from trainlab.data.foreign_name import shown, shown_list
from trainlab.errors import InputError

_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1 << 18
_MOST_BYTES = 1 << 28  # of what is unpacked; the largest published archive holds 187 MB
_FILE_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_NOTE_TYPES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME)
"""Notes on the member behind them, such as a name of more than 100 characters, which no published file has."""


def is_archive(path: Path) -> bool:
    """True when the content is a tar archive, gzip-packed or not, whatever its name says."""
    try:
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
        InputError: a file is missing, damaged or far larger than any published one, or an archive holds what no
            published one does (see `member_names`).
    """
    by_archive: dict[Path, set[Path]] = {}
    for path in paths:
        archive = archive_of(path)
        if archive is None:
            yield path, _read_whole(path)
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
    """The names of the files in an archive, without a ``./`` in front.

    Raises:
        InputError: it is no archive or damaged, or was made to do harm: a member is a link, a device or a file with
            holes, lies outside the archive's own folder (an absolute name, or one with ``..``), or unpacks to far
            more than any published archive.
    """
    return [name for name, _ in _members(archive, wanted=())]


def _read_whole(path: Path) -> bytes:
    with open_content(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(
            f"{path}: holds more than {_MOST_BYTES:,} bytes, which no published file does. It is another file or may "
            "be malicious: fetch the data again."
        )
    return content


def _read_members(archive: Path, wanted: set[Path]) -> Iterator[tuple[Path, bytes]]:
    missing = {path.relative_to(archive).as_posix(): path for path in wanted}
    for name, content in _members(archive, wanted=list(missing)):
        if name in missing:
            yield missing.pop(name), content
    if missing:
        names = shown_list(sorted(path.name for path in missing.values()))
        raise InputError(f"{archive}: holds no {names}. It is cut off or another archive; fetch it again.")


def _members(archive: Path, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The name of every file in an archive, and its content if it is wanted (else b"")."""
    with _opened(archive) as content:
        while (header := content.read(_BLOCK_BYTES)).strip(b"\0"):
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            if member.type in _NOTE_TYPES:
                _refuse_larger(member, content.bytes_left, archive)
                content.skip(_padded(member.size))
                continue
            _refuse_harmful(member, archive)
            if member.type == tarfile.DIRTYPE:
                continue
            _refuse_larger(member, content.bytes_left, archive)
            name = str(PurePosixPath(member.name))
            found = content.read(member.size) if name in wanted else b""
            content.skip(_padded(member.size) - len(found))
            yield name, found


def _padded(size: int) -> int:
    """With the zeros that fill the last block."""
    return -(-size // _BLOCK_BYTES) * _BLOCK_BYTES


def _refuse_harmful(member: tarfile.TarInfo, archive: Path) -> None:
    name = PurePosixPath(member.name)
    if member.type not in (*_FILE_TYPES, tarfile.DIRTYPE):
        raise _refusal(member, archive, "is no plain file", "plain files below one folder")
    if name.is_absolute() or ".." in name.parts:
        raise _refusal(member, archive, "lies outside the archive", "plain files below one folder")


def _refuse_larger(member: tarfile.TarInfo, bytes_left: int, archive: Path) -> None:
    if not 0 <= member.size <= bytes_left:
        claim = f"claims to have {member.size:,} bytes"
        raise _refusal(member, archive, claim, f"at most {_MOST_BYTES:,} in all members together")


def _refusal(member: tarfile.TarInfo, archive: Path, reason: str, expected: str) -> InputError:
    return InputError(
        f"{archive}: its member {shown(member.name)} {reason}; expected {expected}. Nothing was unpacked. "
        "It is not the published archive and may be malicious: delete it and fetch the data again."
    )


class _Content:
    """What an archive unpacks to, read forwards and no further than a published one reaches."""

    def __init__(self, file: BinaryIO, archive: Path) -> None:
        self.bytes_left = _MOST_BYTES
        self._file = file
        self._archive = archive

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, or none at the very end.

        Raises:
            EOFError: the end comes in between.
            InputError: the archive holds too much.
        """
        found = self._file.read(size)
        if 0 < len(found) < size:
            raise EOFError("it ends too early")
        self._count(found)
        return found

    def skip(self, size: int) -> None:
        """Raises as `read`."""
        while size:
            chunk = min(size, _CHUNK_BYTES)
            if not self.read(chunk):
                raise EOFError("it ends too early")
            size -= chunk

    def read_to_the_end(self) -> None:
        """So that gzip compares its checksum; raises as `read`."""
        while rest := self._file.read(_CHUNK_BYTES):
            self._count(rest)

    def _count(self, found: bytes) -> None:
        self.bytes_left -= len(found)
        if self.bytes_left < 0:
            raise InputError(
                f"{self._archive}: unpacks to more than {_MOST_BYTES:,} bytes, which no published archive does. It may "
                "be malicious: delete it and fetch the data again."
            )


@contextmanager
def _opened(archive: Path) -> "Iterator[_Content]":
    try:
        opener = gzip.open if is_gzip(archive) else open
        with cast(BinaryIO, opener(archive, "rb")) as file:
            content = _Content(file, archive)
            yield content
            content.read_to_the_end()
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{archive}: is no .tar.gz archive or is damaged ({error}). The download or copy failed; fetch it again."
        ) from None
    except OSError as error:
        raise cannot_read(archive, error) from error
