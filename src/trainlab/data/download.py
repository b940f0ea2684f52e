"""Bringing a data set onto this machine from where it is published."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from trainlab.data.archive import file_digest
from trainlab.data.catalog import describe
from trainlab.data.content import content_digest
from trainlab.data.folders import cache_folder
from trainlab.data.source import PARTS, Archive, Edition, SourceFile
from trainlab.data.transfer import Progress, download
from trainlab.errors import RunFailed

__all__ = ["Progress", "get"]


def get(name: str, data_dir: Path | None = None, progress: Progress | None = None) -> Path:
    """Make sure that every file of a data set is here and genuine, downloading what is not; returns their folder.

    A genuine copy is enough, in ``data_dir`` or, without it, in any folder that `load` looks through. Archives stay
    packed: they are read as they are.

    Arguments:
        name: one of `trainlab.data.names`; of a folder of pictures, nothing is downloaded.
        data_dir: the folder whose subfolder ``name`` receives the files; the cache folder when None.
        progress: told (bytes there, bytes in all) over all files together.

    Raises:
        InputError: unknown name, a folder that cannot be written, or a damaged file that would hide the download.
        RunFailed: no mirror delivered a file; the message names each mirror's reason and which file goes where.
    """
    wanted = describe(name)
    if wanted.bundled is not None or wanted.home is not None:
        return wanted.bundled or wanted.folders()[0]
    folder = (data_dir or cache_folder()) / wanted.name
    for place in [folder, folder.parent] if data_dir else wanted.folders():
        if not all(_missing(edition, place) for edition in wanted.editions):
            return place  # some edition is complete
    edition = wanted.editions[0]
    needed: Sequence[Archive | SourceFile] = _missing(edition, folder) if edition.archive is None else [edition.archive]
    digest = content_digest if edition.archive is None else partial(file_digest, algorithm="sha256")
    for position, file in enumerate(needed):
        report = _within_all(progress, needed[:position], needed[position + 1 :])
        urls = [mirror + file.name for mirror in edition.mirrors]
        edition.refuse_hidden(folder, folder / file.name)
        try:
            download(urls, folder / file.name, file.sha256, report, digest=digest)
        except RunFailed as error:
            absent = ", ".join(file.name for file in needed if not (folder / file.name).is_file())
            raise RunFailed(
                f"{error}\n{wanted.name} still needs {absent} in {folder}. A folder with these files from elsewhere is "
                "taken over by `trainlab data import FOLDER`."
            ) from error
    return folder


def _missing(edition: Edition, folder: Path) -> list[SourceFile]:
    """The files of an edition that are not in ``folder`` or not genuine."""
    found = {file: path for part in PARTS for file, path in edition.find_in(folder, part).items()}
    problems = edition.problems(found)
    return [file for file in edition.all_files() if file not in found or problems[file] is not None]


def _within_all(
    progress: Progress | None, finished: Sequence[Archive | SourceFile], to_come: Sequence[Archive | SourceFile]
) -> Progress | None:
    """Turn the progress of one file into that of all files, the others counted with their published sizes."""
    if progress is None:
        return None
    before, after = (sum(file.download_bytes for file in files) for files in (finished, to_come))

    def report(done: int, total: int | None) -> None:
        progress(before + done, None if total is None else before + total + after)

    return report
