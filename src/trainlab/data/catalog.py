"""The data sets that trainlab knows by name, and how one of them gets into memory."""

import hashlib
import struct
from pathlib import Path

from trainlab.data.dataset import Dataset
from trainlab.data.folders import cache_folder, search_folders
from trainlab.data.idx import LABELS_MAGIC
from trainlab.data.source import PARTS, Arrays, Part, Source, SourceFile, idx_files, read_idx_pair
from trainlab.errors import InputError
from trainlab.spelling import unknown_name

_MNIST = Source(
    name="mnist",
    description="handwritten digits, 28×28, grey (LeCun, Cortes and Burges, 1998)",
    licence="CC BY-SA 3.0",
    classes=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    image_shape=(1, 28, 28),
    sizes={"train": 60_000, "test": 10_000},
    files=idx_files(
        train_images=("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 9_912_422),
        train_labels=("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 28_881),
        test_images=("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 1_648_877),
        test_labels=("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 4_542),
    ),
    mirrors=(),
    bundled=Path(__file__).parent / "files" / "mnist",
    read=read_idx_pair,
)

_FASHION_MNIST = Source(
    name="fashion-mnist",
    description="photographs of clothing, 28×28, grey (Xiao, Rasul and Vollgraf, 2017)",
    licence="MIT",
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    image_shape=(1, 28, 28),
    sizes={"train": 60_000, "test": 10_000},
    files=idx_files(
        train_images=("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 26_421_880),
        train_labels=("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 29_515),
        test_images=("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 4_422_102),
        test_labels=("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 5_148),
    ),
    # The content is checked against the digests above, so that an address without TLS does no harm.
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    bundled=None,
    read=read_idx_pair,
)

_SOURCES = {source.name: source for source in (_MNIST, _FASHION_MNIST)}


def names() -> tuple[str, ...]:
    """The names that `load` accepts.

    >>> names()
    ('mnist', 'fashion-mnist')
    """
    return tuple(_SOURCES)


def describe(name: str) -> Source:
    """What the catalog knows about one data set.

    Raises:
        InputError: the name is unknown; the nearest right one is proposed.
    """
    if name not in _SOURCES:
        raise unknown_name("data set", name, _SOURCES)
    return _SOURCES[name]


def load(name: str, part: Part, data_dir: Path | None = None) -> Dataset:
    """Read one part of a data set into memory; the other part's files are not touched.

    The first of these folders that holds any of the part's files is used: ``data_dir``, ``TRAINLAB_DATA``, the
    platform's cache folder (in each the subfolder called ``name``, then the folder itself), the package.

    Arguments:
        name: one of `names`.
        part: "train" or "test".
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
    paths = list(locate(name, part, data_dir).values())
    images_path, labels_path = paths[0], paths[-1]
    arrays = known.read(paths)
    if arrays[0].shape[1:] != known.image_shape:
        raise InputError(
            f"{images_path}: its images are {_times(arrays[0].shape[1:])}; expected {_times(known.image_shape)} "
            f"(channels × height × width) for {name}. It probably belongs to another data set."
        )
    _refuse_labels_of_another_set(known, part, arrays, labels_path)
    try:
        return Dataset(name, *arrays, known.classes)
    except InputError as error:
        raise InputError(f"{labels_path.parent}: {error}") from error


def locate(name: str, part: Part, data_dir: Path | None = None) -> dict[SourceFile, Path]:
    """Where `load` finds the files of one part, in their order.

    Raises:
        InputError: unknown name, or no folder holds them all.
    """
    known = describe(name)
    folders = search_folders(name, data_dir)
    if known.bundled is not None:
        folders.append(known.bundled)
    for folder in folders:
        found = known.find_in(folder, part)
        if len(found) == len(known.files[part]):
            return found
        if found:
            missing = [file.name for file in known.files[part] if file not in found]
            present = ", ".join(path.name for path in found.values())
            raise InputError(
                f"{folder}: holds {present} but not {' and '.join(missing)}, which {name} ({part}) needs as well. "
                f"Put it beside them, or run `trainlab data get {name}`."
            )
    needed = " and ".join(file.name for file in known.files[part])
    raise InputError(
        f"{name} ({part}) is not on this machine; looked in {', '.join(map(str, folders))}. "
        f"Put {needed} into {cache_folder() / name}, or run `trainlab data get {name}`."
    )


def _refuse_labels_of_another_set(known: Source, part: Part, arrays: Arrays, labels_path: Path) -> None:
    """MNIST and its look-alikes share file names, sizes and counts: only the labels' digest tells them apart."""
    labels = arrays[1]
    digest = hashlib.sha256(struct.pack(">II", LABELS_MAGIC, len(labels)) + labels.tobytes()).hexdigest()
    for other in _SOURCES.values():
        for other_part in PARTS:
            is_asked_for = other is known and other_part == part
            if not is_asked_for and digest in (file.sha256 for file in other.files[other_part]):
                raise InputError(
                    f"{labels_path}: holds the labels of {other.name} ({other_part}); expected those of {known.name} "
                    f"({part}). The file names are the same for both: put each data set into a folder of its own name."
                )


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
