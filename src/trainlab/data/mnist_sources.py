"""MNIST and its look-alikes: a file of grey images and a file of labels for each part, in IDX format."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainlab.data.content import open_content
from trainlab.data.idx import read_images, read_labels
from trainlab.data.source import Arrays, Edition, Part, Source, SourceFile
from trainlab.errors import InputError


def idx_edition(
    train_images: tuple[str, int],
    train_labels: tuple[str, int],
    test_images: tuple[str, int],
    test_labels: tuple[str, int],
    mirrors: tuple[str, ...] = (),
) -> Edition:
    """The four files of MNIST or a look-alike, each given as (SHA-256 of its content, published bytes).

    >>> edition = idx_edition(("0", 4), ("1", 3), ("2", 2), ("3", 1))
    >>> edition.files["test"][1].names[:2]
    ('t10k-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte')
    """
    files: dict[Part, tuple[SourceFile, ...]] = {
        "train": (_idx_file("train-images", "idx3", *train_images), _idx_file("train-labels", "idx1", *train_labels)),
        "test": (_idx_file("t10k-images", "idx3", *test_images), _idx_file("t10k-labels", "idx1", *test_labels)),
    }
    return Edition("IDX format", files, read_idx_pair, looks_like_idx, mirrors=mirrors)


def read_idx_pair(paths: Sequence[Path]) -> Arrays:
    """Read a part of MNIST or a look-alike: a file of grey images and a file of labels."""
    images_path, labels_path = paths
    labels = read_labels(labels_path)  # the small file first: its defects show at once
    images = read_images(images_path)
    return images[:, np.newaxis], labels


def looks_like_idx(path: Path) -> bool:
    """True when the content starts as an IDX file of bytes does."""
    try:
        with open_content(path) as content:
            return content.read(3) == b"\x00\x00\x08"
    except InputError:
        return False


def _idx_file(stem: str, kind: str, sha256: str, download_bytes: int) -> SourceFile:
    dashed, dotted = f"{stem}-{kind}-ubyte", f"{stem}.{kind}-ubyte"
    return SourceFile((f"{dashed}.gz", dashed, f"{dotted}.gz", dotted), sha256, download_bytes)


MNIST = Source(
    name="mnist",
    description="handwritten digits, 28×28, grey (LeCun, Cortes and Burges, 1998)",
    licence="CC BY-SA 3.0",
    classes=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    image_shape=(1, 28, 28),
    sizes={"train": 60_000, "test": 10_000},
    editions=(
        idx_edition(
            train_images=("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 9_912_422),
            train_labels=("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 28_881),
            test_images=("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 1_648_877),
            test_labels=("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 4_542),
        ),
    ),
    bundled=Path(__file__).parent / "files" / "mnist",
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    description="photographs of clothing, 28×28, grey (Xiao, Rasul and Vollgraf, 2017)",
    licence="MIT",
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    image_shape=(1, 28, 28),
    sizes={"train": 60_000, "test": 10_000},
    editions=(
        idx_edition(
            train_images=("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 26_421_880),
            train_labels=("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 29_515),
            test_images=("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 4_422_102),
            test_labels=("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 5_148),
            # The content is checked against the digests above, so that an address without TLS does no harm.
            mirrors=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            ),
        ),
    ),
)
