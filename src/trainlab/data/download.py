"""How a data set gets onto this machine and whether it is the real one: get, import, verify."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trainlab.atomic import write_atomically
from trainlab.data.catalog import describe, names
from trainlab.data.content import content_digest, is_gzip, open_content
from trainlab.data.folders import cache_folder, search_folders
from trainlab.data.source import PARTS, Part, Source, SourceFile
from trainlab.data.transfer import Progress, download
from trainlab.errors import InputError, RunFailed

__all__ = ["FileCheck", "Import", "ImportedFile", "Progress", "download", "get", "import_files", "verify"]


@dataclass(frozen=True)
class FileCheck:
    """What `verify` found about one published file."""

    name: str
    """As it is published."""
    part: Part
    path: Path | None
    """Where it was found, or None."""
    problem: str | None
    """Why it cannot be trusted, or None when its content is the original."""

    @property
    def present(self) -> bool:
        return self.path is not None

    @property
    def ok(self) -> bool:
        return self.problem is None


@dataclass(frozen=True)
class ImportedFile:
    """A file that `import_files` recognised by its content, whatever it was called."""

    dataset: str
    name: str
    source: Path
    destination: Path


@dataclass(frozen=True)
class Import:
    """What `import_files` found."""

    recognised: tuple[ImportedFile, ...]
    unrecognised: tuple[Path, ...]
    """Files in IDX format whose content is no known data set's."""


def get(name: str, data_dir: Path | None = None, progress: Progress | None = None) -> Path:
    """Make sure that every file of a data set is here and genuine, downloading what is not; returns their folder.

    Arguments:
        name: one of `trainlab.data.names`.
        data_dir: the folder whose subfolder ``name`` receives the files; the cache folder when None.
        progress: told (bytes there, bytes in all) over all files together.

    Raises:
        InputError: unknown name, or a folder that cannot be written.
        RunFailed: no mirror delivered a file; the message names each mirror's reason and which file goes where.
    """
    wanted = describe(name)
    if wanted.bundled is not None:
        return wanted.bundled
    folder = (data_dir or cache_folder()) / name
    missing = [file for part in PARTS for file in wanted.files[part] if not _is_genuine(file, folder)]
    for position, file in enumerate(missing):
        report = _within_all(progress, missing[:position], missing[position + 1 :])
        try:
            download([mirror + file.name for mirror in wanted.mirrors], folder / file.name, file.sha256, report)
        except RunFailed as error:
            needed = ", ".join(file.name for file in missing if not (folder / file.name).is_file())
            raise RunFailed(
                f"{error}\n{name} still needs {needed} in {folder}. A folder with these files from elsewhere is taken "
                "over by `trainlab data import FOLDER`."
            ) from error
    return folder


def verify(name: str, data_dir: Path | None = None) -> list[FileCheck]:
    """Compare every file of a data set with the digest of the original; nothing is downloaded or changed.

    The folders are those of `trainlab.data.load`, in the same order.

    Raises:
        InputError: unknown name, or ``data_dir`` is no folder.

    >>> [check.ok for check in verify("mnist")]
    [True, True, True, True]
    """
    wanted = describe(name)
    folders = search_folders(name, data_dir) + ([wanted.bundled] if wanted.bundled is not None else [])
    return [_check(file, part, folders) for part in PARTS for file in wanted.files[part]]


def import_files(path: Path, data_dir: Path | None = None) -> Import:
    """Copy the files of known data sets that lie at ``path`` to where `trainlab.data.load` finds them.

    Files are recognised by the digest of their content, so neither their names nor their packing matters. Each copy
    appears whole or not at all.

    Arguments:
        path: one file, or a folder, which is searched with its subfolders.
        data_dir: the folder whose subfolders receive the files; the cache folder when None.

    Raises:
        InputError: nothing at ``path``, no known file among what is there, or a folder that cannot be written.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder to import.")
    known = {file.sha256: (wanted, file) for wanted in map(describe, names()) for file in _files(wanted)}
    recognised, unrecognised = [], []
    for candidate in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if not candidate.is_file() or not _looks_like_idx(candidate):
            continue
        try:
            match = known.get(content_digest(candidate))
        except InputError:  # damaged
            match = None
        if match is None:
            unrecognised.append(candidate)
        else:
            recognised.append(_import_file(candidate, *match, data_dir or cache_folder()))
    if not recognised:
        seen = (
            f" These are IDX files, but changed or damaged: {', '.join(map(str, unrecognised))}."
            if unrecognised
            else ""
        )
        raise InputError(
            f"{path}: holds no file of a known data set; expected the original IDX files of {' or '.join(names())}, "
            f"gzip-packed or not, under any name.{seen}"
        )
    return Import(tuple(recognised), tuple(unrecognised))


def _within_all(
    progress: Progress | None, finished: Sequence[SourceFile], to_come: Sequence[SourceFile]
) -> Progress | None:
    """Turn the progress of one file into that of all files, the others counted with their published sizes."""
    if progress is None:
        return None
    before, after = (sum(file.download_bytes for file in files) for files in (finished, to_come))

    def report(done: int, total: int | None) -> None:
        progress(before + done, None if total is None else before + total + after)

    return report


def _files(wanted: Source) -> Iterator[SourceFile]:
    for part in PARTS:
        yield from wanted.files[part]


def _is_genuine(file: SourceFile, folder: Path) -> bool:
    path = file.find_in(folder)
    return path is not None and _content_problem(path, file) is None


def _check(file: SourceFile, part: Part, folders: list[Path]) -> FileCheck:
    path = next((found for folder in folders if (found := file.find_in(folder)) is not None), None)
    if path is None:
        return FileCheck(file.name, part, None, f"not found in {', '.join(map(str, folders))}")
    return FileCheck(file.name, part, path, _content_problem(path, file))


def _content_problem(path: Path, file: SourceFile) -> str | None:
    try:
        digest = content_digest(path)
    except InputError as error:
        return str(error)
    return None if digest == file.sha256 else f"{path}: SHA-256 of the content is {digest}, expected {file.sha256}"


def _looks_like_idx(path: Path) -> bool:
    """True when the content starts as an IDX file of bytes does; keeps other files from being read through."""
    try:
        with open_content(path) as content:
            return content.read(3) == b"\x00\x00\x08"
    except InputError:
        return False


def _import_file(path: Path, wanted: Source, file: SourceFile, root: Path) -> ImportedFile:
    packed = is_gzip(path)
    destination = root / wanted.name / next(name for name in file.names if name.endswith(".gz") == packed)

    def copy(target: BinaryIO) -> None:
        with path.open("rb") as original:
            shutil.copyfileobj(original, target)

    if not (destination.exists() and destination.samefile(path)):
        write_atomically(destination, copy)
    return ImportedFile(wanted.name, file.name, path, destination)
