"""A CIFAR-10 and a CIFAR-100 of a few hundred random images, which the catalog takes for the real ones."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data.cifar_files import Rows, archive_bytes, small_rows, version_files, write_version
from trainlab.data import catalog
from trainlab.data.source import Edition, SourceFile

BATCHES: dict[str, dict[str, Rows]] = {
    "cifar-10": {
        **{f"data_batch_{number}": small_rows(40, seed=number) for number in range(1, 6)},
        "test_batch": small_rows(30),
    },
    "cifar-100": {"train": small_rows(60, 100, 20), "test": small_rows(25, 100, 20, seed=1)},
}


def use_small_cifar(monkeypatch: pytest.MonkeyPatch, mirror: str = "") -> None:
    """Let the catalog know the digests of `BATCHES`, and only this mirror."""
    for name, batches in BATCHES.items():
        known = catalog.describe(name)
        editions = tuple(_with_digests(edition, name, batches, mirror) for edition in known.editions)
        monkeypatch.setitem(catalog._SOURCES, name, replace(known, editions=editions))


def packed(name: str, version: str) -> tuple[str, bytes]:
    """The name and the content of the archive of one version."""
    edition = _edition(name, version)
    assert edition.archive is not None
    files = version_files(BATCHES[name], version)
    members = {f"{edition.archive.folder}/{file}": content for file, content in files.items()}
    return edition.archive.name, archive_bytes({f"{edition.archive.folder}/readme.html": b"<p>", **members})


def write_unpacked(folder: Path, name: str, version: str) -> Path:
    """The folder that unpacking the archive in ``folder`` would make."""
    edition = _edition(name, version)
    assert edition.archive is not None
    return write_version(folder / edition.archive.folder, BATCHES[name], version)


def _edition(name: str, version: str) -> Edition:
    (edition,) = [one for one in catalog.describe(name).editions if one.name == f"{version} version"]
    return edition


def _with_digests(edition: Edition, name: str, batches: dict[str, Rows], mirror: str) -> Edition:
    def known(file: SourceFile) -> SourceFile:
        rows = batches[file.name.removesuffix(".bin")]
        return SourceFile(file.names, hashlib.sha256(rows.tobytes()).hexdigest())

    assert edition.archive is not None
    _, content = packed(name, edition.name.removesuffix(" version"))
    archive = replace(edition.archive, sha256=hashlib.sha256(content).hexdigest(), download_bytes=len(content))
    files = {part: tuple(map(known, of_part)) for part, of_part in edition.files.items()}
    return replace(edition, files=files, archive=archive, mirrors=(mirror,) if mirror else ())
