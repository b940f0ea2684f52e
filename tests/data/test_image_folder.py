"""What is found in a folder of pictures, and which folders are refused before a picture is opened."""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.data.picture_files import write_layout, write_pets
from trainlab.data.image_folder import has_validation_folder, list_pictures
from trainlab.errors import InputError


def test_each_folder_of_a_single_one_is_a_class_in_alphabetical_order(tmp_path: Path) -> None:
    listing = list_pictures(write_pets(tmp_path))
    assert listing.classes == ("cat", "dog")
    assert not listing.has_layout
    assert [listing.classes[label] for label in listing.labels] == [file.parent.name for file in listing.files]


def test_a_fifth_of_each_class_becomes_the_test_part_and_always_the_same(tmp_path: Path) -> None:
    found = list_pictures(write_pets(tmp_path, cats=10, dogs=5))
    order = found.order(np.arange(15, dtype=np.uint32))
    listing = found.arrange(order)
    assert listing.roles == ("train",) * 12 + ("test",) * 3
    assert np.bincount(listing.labels[:12]).tolist() == [8, 4]
    assert np.bincount(listing.labels[12:]).tolist() == [2, 1]
    assert sorted(listing.files) == sorted(found.files)
    assert [file.parent.name for file in listing.files] == [listing.classes[label] for label in listing.labels]
    np.testing.assert_array_equal(list_pictures(tmp_path).order(np.arange(15, dtype=np.uint32)), order)


def test_the_test_part_is_drawn_from_the_readable_files_alone(tmp_path: Path) -> None:
    found = list_pictures(write_pets(tmp_path, cats=12, dogs=5))
    readable = np.arange(2, 17, dtype=np.uint32)
    listing = found.arrange(found.order(readable))
    assert np.bincount(listing.labels[12:]).tolist() == [2, 1]
    assert set(listing.files) == set(found.files[2:])


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("Training", "val", "testing")])
def test_the_parts_of_a_layout_are_kept_whatever_their_usual_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    listing = list_pictures(write_layout(tmp_path, *names))
    assert listing.roles == ("train",) * 5 + ("validation",) * 5 + ("test",) * 5
    assert listing.labels.tolist() == [0, 0, 1, 1, 1] * 3
    assert listing.has_layout


def test_subfolders_of_a_class_belong_to_it_and_notes_do_not(tmp_path: Path) -> None:
    write_pets(tmp_path)
    (tmp_path / "cat" / "black").mkdir()
    (tmp_path / "cat" / "000.png").rename(tmp_path / "cat" / "black" / "first.png")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "dog" / ".DS_Store").touch()
    (tmp_path / "dog" / "Thumbs.db").touch()
    listing = list_pictures(tmp_path)
    assert listing.classes == ("cat", "dog")
    assert len(listing.files) == 15


def test_train_may_be_a_class_of_its_own(tmp_path: Path) -> None:
    write_pets(tmp_path)
    (tmp_path / "dog").rename(tmp_path / "train")  # the vehicle: it holds pictures, not classes
    assert list_pictures(tmp_path).classes == ("cat", "train")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="typo: there is no such folder; expected a folder with one folder of"):
        list_pictures(tmp_path / "typo")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: is a file; expected a folder"):
        list_pictures(tmp_path / "file")


def test_no_class_or_one_class_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no class folder; expected at least two"):
        list_pictures(tmp_path)
    write_layout(tmp_path / "layout", "train")
    write_pets(tmp_path / "single")
    for path in (tmp_path / "layout" / "train" / "dog", tmp_path / "single" / "dog"):
        path.rename(tmp_path / f"elsewhere {path.parent.name}")
    for path in (tmp_path / "layout", tmp_path / "single"):
        with pytest.raises(InputError, match=r"holds one class only \(cat\); expected at least two folders"):
            list_pictures(path)


def test_all_empty_classes_are_named(tmp_path: Path) -> None:
    write_pets(tmp_path)
    for name in ("bird", "fish"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="no pictures in bird, fish; expected at least one in each class folder"):
        list_pictures(tmp_path)


def test_classes_that_differ_between_the_parts_are_named(tmp_path: Path) -> None:
    write_layout(tmp_path, "train", "test")
    (tmp_path / "test" / "dog").rename(tmp_path / "test" / "Dog")
    with pytest.raises(
        InputError, match="of test differ from those of train: Dog only in test; dog only in train; exp"
    ):
        list_pictures(tmp_path)


def test_folders_beside_the_parts_are_named(tmp_path: Path) -> None:
    write_layout(tmp_path, "train", "unlabelled")
    with pytest.raises(InputError, match="holds unlabelled beside train; expected only the folders train"):
        list_pictures(tmp_path)


def test_classes_too_small_to_be_split_are_named_with_their_size(tmp_path: Path) -> None:
    found = list_pictures(write_pets(tmp_path, dogs=5))
    with pytest.raises(InputError, match=r"too few pictures of dog \(4\); expected at least 5 a class"):
        found.order(np.arange(14, dtype=np.uint32))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids such names")
def test_names_of_folders_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    write_pets(tmp_path)
    (tmp_path / "dog").rename(tmp_path / "dog\x1b[2J\n")
    (tmp_path / "dog\x1b[2J\n" / "000.png").unlink()
    found = list_pictures(tmp_path)
    with pytest.raises(InputError) as refusal:
        found.order(np.arange(len(found.files), dtype=np.uint32))
    assert r"too few pictures of 'dog\x1b[2J\n' (4); expected" in str(refusal.value)
    (tmp_path / "\x1bfish").mkdir()
    with pytest.raises(InputError, match=r"no pictures in '\\x1bfish'; expected"):
        list_pictures(tmp_path)


def test_parts_without_class_folders_are_no_classes(tmp_path: Path) -> None:
    flat, no_train = write_pets(tmp_path / "flat"), write_layout(tmp_path / "layout", "train", "validation", "test")
    (flat / "cat").rename(flat / "train")
    (flat / "dog").rename(flat / "test")
    with pytest.raises(
        InputError, match=r"flat: holds only test, train, and no class folders in a folder train; expected"
    ):
        list_pictures(flat)
    shutil.rmtree(no_train / "train")
    with pytest.raises(InputError, match="layout: holds only test, validation, and no class folders in a folder train"):
        list_pictures(no_train)


def test_a_folder_may_say_itself_which_pictures_validate(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", "train", "val", "test")
    assert has_validation_folder(layout)
    shutil.rmtree(layout / "val")
    assert not has_validation_folder(layout)
    assert not has_validation_folder(write_pets(tmp_path / "pets"))
    assert not has_validation_folder(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_followed_once_and_broken_ones_are_pictures_that_cannot_be_read(tmp_path: Path) -> None:
    pets, linked = write_pets(tmp_path / "pets"), tmp_path / "linked"
    linked.mkdir()
    for kind in ("cat", "dog"):
        (linked / kind).symlink_to(pets / kind)
    assert [file.name for file in list_pictures(linked).files] == [file.name for file in list_pictures(pets).files]
    write_pets(tmp_path / "more")
    (pets / "cat" / "more").symlink_to(tmp_path / "more" / "dog")
    (pets / "cat" / "round").symlink_to(pets / "cat")
    (pets / "dog" / "gone.png").symlink_to(tmp_path / "gone.png")
    before, after = list_pictures(tmp_path / "more"), list_pictures(pets)
    cats, dogs = np.bincount(before.labels)
    assert np.bincount(after.labels).tolist() == [cats + dogs, dogs + 1]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    write_pets(tmp_path)
    (tmp_path / "dog").rename(tmp_path / os.fsdecode(b"\xb8\xaa"))
    with pytest.raises(
        InputError, match=r"a name that is not UTF-8, as archives from other systems leave them. Rename"
    ):
        list_pictures(tmp_path)


def test_a_folder_that_is_not_here_is_told_with_where_one_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"pets: there is no such folder in {re.escape(str(tmp_path))}; expected"):
        list_pictures(Path("pets"))
