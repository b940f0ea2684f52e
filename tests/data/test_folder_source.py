"""A folder of pictures under the name folder:PATH, read like any other data set."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.picture_files import write_layout, write_pets, write_pictures
from trainlab.data import catalog
from trainlab.data.catalog import describe, load, locate
from trainlab.data.download import get
from trainlab.data.folder_source import ImageFolder
from trainlab.data.importing import import_files
from trainlab.data.loader import Loader
from trainlab.data.transforms import Unit
from trainlab.data.verification import verify
from trainlab.errors import InputError


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Where a folder of pictures is to be made, apart from the cache folder."""
    return tmp_path / "pets"


def test_both_parts_are_read_at_one_size(pets: Path) -> None:
    name = f"folder:{write_pets(pets)}"
    train, test = load(name, "train"), load(name, "test")
    assert train.images.shape == (12, 3, 32, 32)
    assert test.images.shape == (3, 3, 32, 32)
    assert train.name == name
    assert train.classes == ("cat", "dog")
    assert np.bincount(train.labels).tolist() == [8, 4]
    assert train.labels.dtype == np.uint8
    for dataset in (train, test):
        assert ((dataset.images[:, 0] > 150).all(axis=(1, 2)) == (dataset.labels == 0)).all()


def test_the_loader_serves_mapped_images(pets: Path) -> None:
    train = load(f"folder:{write_pets(pets)}", "train")
    assert not train.images.flags.writeable
    batch = next(Loader(train, np.arange(12), 5, Unit(), seed=0, shuffle=True).epoch(1))
    assert batch.images.shape == (5, 3, 32, 32)


def test_what_is_described_is_what_is_loaded(pets: Path) -> None:
    name = f"folder:{write_pets(pets)},size=8x16"
    known = describe(name)
    assert known.name == name
    assert known.image_shape == load(name, "test").image_shape == (3, 8, 16)
    assert known.sizes == {"train": 12, "test": 3}
    assert known.classes == ("cat", "dog")
    assert list(locate(name, "test").values()) == [pets / file.name for file in locate(name, "test")]
    assert get(name) == pets


def test_a_validation_folder_is_the_split_of_the_training_part(pets: Path) -> None:
    name = f"folder:{write_layout(pets, 'train', 'validation', 'test')}"
    train = load(name, "train")
    assert len(train) == 10
    assert train.split is not None
    assert train.split.train.tolist() == [0, 1, 2, 3, 4]
    assert train.split.validation.tolist() == [5, 6, 7, 8, 9]
    assert train.images[:, 0, 0, 0].tolist() == [10, 11, 20, 21, 22, 50, 51, 60, 61, 62]
    test = load(name, "test")
    assert test.images[:, 0, 0, 0].tolist() == [90, 91, 100, 101, 102]
    assert test.split is None


def test_without_a_validation_folder_nothing_is_decided(pets: Path) -> None:
    assert load(f"folder:{write_layout(pets, 'train', 'test')}", "train").split is None


def test_a_layout_without_test_folder_says_so_when_it_is_asked_for(pets: Path) -> None:
    name = f"folder:{write_layout(pets, 'train')}"
    assert len(load(name, "train")) == 5
    with pytest.raises(InputError, match="has no folder test, and with the layout of a folder train nothing is split"):
        load(name, "test")


def test_grey_pictures_stay_grey_and_one_with_colour_makes_all_colour(pets: Path) -> None:
    assert describe(f"folder:{write_pets(pets, colour=90)}").image_shape == (1, 32, 32)
    write_pictures(pets / "cat", 1, (90, 91, 90), ending="jpg")
    Image.new("RGB", (9, 9), (1, 200, 3)).save(pets / "cat" / "green.png")
    assert describe(f"folder:{pets}").image_shape == (3, 32, 32)


def test_the_number_of_channels_can_be_chosen(pets: Path) -> None:
    write_pets(pets)
    assert load(f"folder:{pets},channels=1", "train").image_shape == (1, 32, 32)
    assert load(f"folder:{write_pets(pets / 'x', colour=9)},channels=3", "train").image_shape == (3, 32, 32)


def test_progress_is_told_while_pictures_are_decoded(pets: Path) -> None:
    folder, told = ImageFolder(write_pets(pets)), list[tuple[int, int | None]]()
    count = len(folder.read(lambda done, total: told.append((done, total))).listing.files)
    assert told == [(done, count) for done in range(1, count + 1)]
    folder.read(lambda done, total: told.append((done, total)))
    assert len(told) == count


def test_pictures_are_decoded_once(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"folder:{write_pets(pets)}"
    before = load(name, "train").images.copy()
    monkeypatch.setattr("trainlab.data.folder_source.resize_plain", None)
    np.testing.assert_array_equal(load(name, "train").images, before)


@pytest.mark.parametrize("change", ["content", "new", "gone", "renamed"])
def test_a_changed_folder_is_decoded_again(pets: Path, change: str) -> None:
    name = f"folder:{write_pets(pets)}"
    describe(name)
    first = pets / "cat" / "000.png"
    if change == "content":
        Image.new("RGB", (30, 20), (1, 2, 3)).save(first)
        os.utime(first, ns=(1, 1))
        pixels = np.concatenate([load(name, part).images for part in ("train", "test")])
        assert (pixels[:, :, 0, 0] == [1, 2, 3]).all(axis=1).sum() == 1
        return
    if change == "new":
        write_pictures(pets / "cat", 11)
    elif change == "gone":
        first.unlink()
    else:
        first.rename(pets / "dog" / "moved.png")
    expected = {"new": (11, 5), "gone": (9, 5), "renamed": (9, 6)}[change]
    labels = np.concatenate([load(name, part).labels for part in ("train", "test")])
    assert tuple(np.bincount(labels)) == expected


def spoil(root: Path) -> None:
    """Two files that are no pictures, in different ways."""
    (root / "cat" / "notes.txt").write_text("not a picture")
    whole = (root / "dog" / "001.png").read_bytes()
    (root / "dog" / "001.png").write_bytes(whole[:-20])


def test_unreadable_files_are_all_named_at_once(pets: Path) -> None:
    spoil(write_pets(pets))
    with pytest.raises(InputError) as refusal:
        load(f"folder:{pets}", "train")
    message = str(refusal.value)
    assert "2 of 16 files cannot be read as pictures:" in message
    assert f"{Path('cat', 'notes.txt')}: is neither PNG nor JPEG" in message
    assert f"{Path('dog', '001.png')}: the picture is damaged or cut off" in message
    assert f"folder:{pets},skip_unreadable" in message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids such names")
def test_names_of_files_and_classes_cannot_write_to_the_terminal(pets: Path) -> None:
    write_layout(pets, "train", "test")
    for part in ("train", "test"):
        (pets / part / "cat").rename(pets / part / "cat\x1b[2J\n")
    for file in (pets / "test" / "cat\x1b[2J\n").iterdir():
        file.write_bytes(b"damaged")
    with pytest.raises(InputError) as refusal:
        load(f"folder:{pets}", "train")
    assert "\x1b" not in str(refusal.value)
    assert r"'test/cat\x1b[2J\n/000.png': " in str(refusal.value)
    with pytest.raises(InputError) as refusal:
        load(f"folder:{pets},skip_unreadable", "train")
    assert r"no readable picture is left of 'cat\x1b[2J\n' (test) once" in str(refusal.value)


def test_skipping_goes_on_without_them(pets: Path) -> None:
    spoil(write_pets(pets, dogs=6))
    folder = ImageFolder(pets, skip_unreadable=True)
    for _ in range(2):  # decoded, then from the cache
        assert [file.name for file in sorted(folder.read().skipped)] == ["notes.txt", "001.png"]
    labels = np.concatenate([load(folder.name, part).labels for part in ("train", "test")])
    assert np.bincount(labels).tolist() == [10, 5]
    assert sum(describe(folder.name).sizes.values()) == 15


def test_skipping_all_of_a_class_is_refused(pets: Path) -> None:
    write_layout(pets, "train", "test")
    for file in (pets / "test" / "cat").iterdir():
        file.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"no readable picture is left of cat \(test\) once unreadable files are skip"):
        load(f"folder:{pets},skip_unreadable", "train")


def test_names_and_settings_say_the_same() -> None:
    for folder in (
        ImageFolder(Path("pets")),
        ImageFolder(Path("a,b=c"), size=(64, 64)),
        ImageFolder(Path("/pets"), (48, 64), 1, skip_unreadable=True),
    ):
        assert ImageFolder.from_name(folder.name) == folder
    assert ImageFolder(Path("pets"), (48, 64), 1, True).name == "folder:pets,size=48x64,channels=1,skip_unreadable"


def test_a_setting_may_be_spelled_as_on_the_command_line() -> None:
    folder = ImageFolder.from_name("folder:pets,skip-unreadable,size=64")
    assert folder == ImageFolder(Path("pets"), (64, 64), skip_unreadable=True)
    assert folder.name == "folder:pets,size=64,skip_unreadable"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder:x,size=big", "size=big: expected pixels, such as 64, or height and width, such as 48x64"),
        ("folder:x,size=1x2x3", "size=1x2x3: expected pixels"),
        ("folder:x,size=0", "size=0: expected 1 to 4,096 pixels"),
        ("folder:x,size=5000", "size=5000: expected 1 to 4,096 pixels"),
        ("folder:x,channels=2", r"channels=2: expected auto, 1 \(grey\) or 3"),
        ("folder:nowhere", "nowhere: there is no such folder"),
    ],
)
def test_settings_that_cannot_be_are_refused(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        describe(name)


def test_channels_given_as_another_number_are_refused() -> None:
    with pytest.raises(InputError, match="channels=4: expected auto"):
        ImageFolder(Path("x"), channels=4)  # type: ignore[arg-type]


def test_there_is_nothing_to_verify_them_against(pets: Path) -> None:
    with pytest.raises(InputError, match="there is no published original to compare somebody's own pictures with"):
        verify(f"folder:{write_pets(pets)}")


def test_import_says_what_a_folder_holds(pets: Path) -> None:
    found = import_files(write_layout(pets, "train", "test"))
    assert found.recognised == ()
    assert found.unrecognised == ()
    assert found.pictures is not None
    assert found.pictures.counts == {"train": {"cat": 2, "dog": 3}, "test": {"cat": 2, "dog": 3}}
    assert found.pictures.source.name == f"folder:{pets}"


def test_import_reads_pictures_as_it_is_told(pets: Path) -> None:
    write_pets(pets)
    found = import_files(pets, pictures=ImageFolder(pets, size=(8, 8), channels=1))
    assert found.pictures is not None
    assert found.pictures.images.shape == (15, 1, 8, 8)


def test_import_goes_on_without_a_picture_that_may_not_be_read(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pets(pets)
    secret, open_any = next((pets / "cat").glob("*.png")), Path.open

    def open_but_secret(path: Path, *words: Any) -> Any:
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return open_any(path, *words)

    monkeypatch.setattr(Path, "open", open_but_secret)
    with pytest.raises(InputError, match=r"1 of 15 files .*:\n  .*png: cannot be read \(Permission denied\)"):
        import_files(pets)
    found = import_files(pets, pictures=ImageFolder(pets, skip_unreadable=True))
    assert found.pictures is not None
    assert found.pictures.skipped == (secret,)


def test_a_single_picture_is_no_data_set(pets: Path) -> None:
    write_pictures(pets, 1)
    with pytest.raises(InputError, match="or a folder of PNG or JPEG pictures with a folder for each class"):
        import_files(pets / "000.png")
    with pytest.raises(InputError, match="holds no class folder"):
        import_files(pets)


def test_the_catalog_stays_as_it_is(pets: Path) -> None:
    describe(f"folder:{write_pets(pets)}")
    assert not any(name.startswith("folder:") for name in catalog.names())
