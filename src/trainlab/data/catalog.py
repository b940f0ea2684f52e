"""The data sets that trainlab knows by name, and how one of them gets into memory."""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

from trainlab.data.archive import on_disk
from trainlab.data.cifar_sources import CIFAR_10, CIFAR_100
from trainlab.data.dataset import Dataset
from trainlab.data.folder_source import PREFIX, ImageFolder
from trainlab.data.folders import cache_folder
from trainlab.data.idx import LABELS_MAGIC
from trainlab.data.mnist_sources import FASHION_MNIST, MNIST
from trainlab.data.source import PARTS, Arrays, Edition, Part, Source, SourceFile
from trainlab.errors import InputError
from trainlab.spelling import unknown_name

_SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST, CIFAR_10, CIFAR_100)}
_OTHER_SPELLINGS = {"cifar10": "cifar-10", "cifar100": "cifar-100"}


def names() -> tuple[str, ...]:
    """The names that `load` accepts, apart from folders of pictures.

    >>> names()
    ('mnist', 'fashion-mnist', 'cifar-10', 'cifar-100')
    """
    return tuple(_SOURCES)


def describe(name: str) -> Source:
    """What the catalog knows about one data set; a folder of pictures is looked through and decoded for that.

    Arguments:
        name: one of `names`, or ``folder:PATH`` for somebody's own pictures (`trainlab.data.ImageFolder` says which
            settings may follow).

    Raises:
        InputError: the name is unknown (the nearest right one is proposed), or what `ImageFolder.read` refuses.
    """
    if name.startswith(PREFIX):
        return ImageFolder.from_name(name).source()
    known = _OTHER_SPELLINGS.get(name, name)
    if known not in _SOURCES:
        raise unknown_name("data set", name, [*_SOURCES, f"{PREFIX}PATH"])
    return _SOURCES[known]


def load(name: str, part: Part, data_dir: Path | None = None) -> Dataset:
    """Read one part of a data set into memory; the other part's files are not touched.

    The first of these folders that holds all of the part's files is used: ``data_dir``, ``TRAINLAB_DATA``, the
    platform's cache folder (in each the subfolder called ``name``, then the folder itself), the package. Half of them
    in ``data_dir`` are an error; elsewhere only if no other folder holds them all.

    Images that were packed or compressed are decoded once; from then on they are mapped into memory, read-only (see
    `trainlab.data.decoded`).

    Arguments:
        name: one of `names`, or ``folder:PATH`` as in `describe`.
        part: "train" or "test"; "train" holds the images that validate as well, and ``Dataset.split`` says which
            these are if it is decided.
        data_dir: an additional folder to look in first.

    Raises:
        InputError: unknown name or part; files missing (the message says which file goes into which folder), damaged,
            of unequal counts, with labels out of range, with images of another size, or of another data set.

    >>> test = load("mnist", "test")
    >>> test.images.shape, test.classes[test.labels[0]]
    ((10000, 1, 28, 28), '7')
    """
    known = describe(name)
    if part not in PARTS:
        raise InputError(f"unknown part {part!r} of {name}; expected 'train' or 'test'.")
    edition, found = _find(known, part, data_dir)
    paths = list(found.values())
    images_path, labels_path = paths[0], paths[-1]
    arrays = edition.read(paths)
    if arrays[0].shape[1:] != known.image_shape:
        raise InputError(
            f"{images_path}: its images are {_times(arrays[0].shape[1:])}; expected {_times(known.image_shape)} "
            f"(channels × height × width) for {name}. It probably belongs to another data set."
        )
    _refuse_labels_of_another_set(known, part, arrays, labels_path)
    try:
        return Dataset(known.name, *arrays, known.classes, known.split if part == "train" else None)
    except InputError as error:
        raise InputError(f"{on_disk(labels_path).parent}: {error}") from error


def locate(name: str, part: Part, data_dir: Path | None = None) -> dict[SourceFile, Path]:
    """Where `load` finds the files of one part, in their order; such a path may run through an archive.

    Raises:
        InputError: unknown name, or no folder holds them all.
    """
    return _find(describe(name), part, data_dir)[1]


Found = tuple[Edition, dict[SourceFile, Path]]


def _find(known: Source, part: Part, data_dir: Path | None) -> Found:
    """The edition that is used of one part, and its files."""
    if known.home is not None and not known.editions[0].files[part]:
        raise InputError(
            f"{known.home}: has no folder {part}, and with the layout of a folder train nothing is split off. Add the "
            f"folder {part}, or do without that part."
        )
    folders = known.folders(data_dir)
    named = [folder for folder in folders if data_dir is not None and folder in (data_dir / known.name, data_dir)]
    for places in (named, folders):  # half a set in a folder that somebody named is not passed over
        found = _find_whole(known, part, places) or _find_some(known, part, places)
        if found is not None:
            return found
    needed = " or ".join(edition.published_names(part) for edition in known.editions)
    raise InputError(
        f"{known.name} ({part}) is not on this machine; looked in {', '.join(map(str, folders))}. "
        f"Put {needed} into {cache_folder() / known.name}, or run `trainlab data get {known.name}`."
    )


def _find_whole(known: Source, part: Part, folders: Sequence[Path]) -> Found | None:
    for folder in folders:
        for edition in known.editions:
            if (found := edition.find_whole(folder, part)) is not None:
                return edition, found
    return None


def _find_some(known: Source, part: Part, folders: Sequence[Path]) -> Found | None:
    """What is there although a file is empty, which whoever reads it says; refuses a folder that lacks a file."""
    for folder in folders:
        held = [(edition, edition.find_in(folder, part)) for edition in known.editions]
        edition, found = max(held, key=lambda pair: len(pair[1]))
        missing = [file.name for file in edition.files[part] if file not in found]
        if found and missing:
            present = ", ".join(path.name for path in found.values())
            raise InputError(
                f"{next(iter(found.values())).parent}: holds {present} but not {' and '.join(missing)}, which "
                f"{known.name} ({part}) needs as well. Put it beside them, or run `trainlab data get {known.name}`."
            )
        if found:
            return edition, found
    return None


def _refuse_labels_of_another_set(known: Source, part: Part, arrays: Arrays, labels_path: Path) -> None:
    """MNIST and its look-alikes share file names, sizes and counts: only the labels' digest tells them apart."""
    labels = arrays[1]
    digest = hashlib.sha256(struct.pack(">II", LABELS_MAGIC, len(labels)) + labels.tobytes()).hexdigest()
    for other in _SOURCES.values():
        for other_part in PARTS:
            is_asked_for = other is known and other_part == part
            files = [file for edition in other.editions for file in edition.files[other_part]]
            if not is_asked_for and digest in (file.sha256 for file in files):
                raise InputError(
                    f"{labels_path}: holds the labels of {other.name} ({other_part}); expected those of {known.name} "
                    f"({part}). The file names are the same for both: put each data set into a folder of its own name."
                )


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
