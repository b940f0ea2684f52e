"""Whether the files of a data set are the published ones."""

from dataclasses import dataclass
from pathlib import Path

from trainlab.data.catalog import describe
from trainlab.data.source import PARTS, Edition, Part, SourceFile
from trainlab.errors import InputError


@dataclass(frozen=True)
class FileCheck:
    """What `verify` found about one published file."""

    name: str
    """As it is published."""
    part: Part
    path: Path | None
    """Where it was found (it may run through an archive), or None."""
    problem: str | None
    """Why it cannot be trusted, or None when its content is the original."""

    @property
    def present(self) -> bool:
        return self.path is not None

    @property
    def ok(self) -> bool:
        return self.problem is None


def verify(name: str, data_dir: Path | None = None) -> list[FileCheck]:
    """Compare every file of a data set with the digest of the original; nothing is downloaded or changed.

    The folders are those of `trainlab.data.load`, in the same order. Of a set that is published in several editions,
    the one of which most is there is checked. What is compared is the content: a repacked archive or a pickle that
    was written anew, in a form that can be read, is genuine when its labels and pixels are.

    Raises:
        InputError: unknown name, ``data_dir`` is no folder, or a folder of pictures, which has no original.

    >>> [check.ok for check in verify("mnist")]
    [True, True, True, True]
    """
    wanted = describe(name)
    if wanted.home is not None:
        raise InputError(
            f"{name}: there is no published original to compare somebody's own pictures with. All of them can be "
            f"read; `trainlab data import {wanted.home}` says what they are."
        )
    folders = wanted.folders(data_dir)
    found = [_find(edition, folders) for edition in wanted.editions]
    edition, paths = max(zip(wanted.editions, found, strict=True), key=lambda pair: len(pair[1]))
    absent = f"not found in {', '.join(map(str, folders))}"
    problems = dict.fromkeys(edition.all_files(), absent) | edition.problems(paths)
    return [
        FileCheck(file.name, part, paths.get(file), problems[file]) for part in PARTS for file in edition.files[part]
    ]


def _find(edition: Edition, folders: list[Path]) -> dict[SourceFile, Path]:
    """Each file in the first folder that holds all of its part, else in the first that holds it."""
    found: dict[SourceFile, Path] = {}
    for part in PARTS:
        whole = [folder for folder in folders if edition.find_whole(folder, part) is not None]
        for folder in [*whole, *folders]:
            found = edition.find_in(folder, part) | found
    return found
