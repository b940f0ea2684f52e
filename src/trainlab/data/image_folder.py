"""Somebody's own pictures: a folder for each class, found, labelled and checked before a picture is opened.

Two layouts are known:

==============================================  ==============================================================
PATH/train/CLASS/… PATH/test/CLASS/…            the parts as they are; PATH/validation/CLASS/… may stand beside
PATH/CLASS/…                                    one folder to be split: a fifth of each class becomes the test
                                                part, always the same; the rest is for training
==============================================  ==============================================================

Every file below a class folder counts as a picture of that class, except hidden ones and those in which file
managers keep their notes. Links are followed; one that leads nowhere counts as a picture that cannot be read.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainlab.data.folders import files_below
from trainlab.data.foreign_name import shown, shown_list
from trainlab.data.split import Split, split
from trainlab.errors import InputError

Role = Literal["train", "validation", "test"]

_ROLE_NAMES: dict[str, Role] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_TEST_SHARE = 0.2  # of a single folder
_FEWEST_TO_SPLIT = 5  # pictures a class: a fifth of fewer is no picture
_NOTES = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True, eq=False)
class Listing:
    """The pictures of a folder, those of the training part first, then validation, then test."""

    path: Path
    classes: tuple[str, ...]
    """In alphabetical order; labels count in it."""
    files: tuple[Path, ...]
    labels: NDArray[np.uint16]
    """(N,) the class of each file."""
    roles: tuple[Role, ...]
    """(N,) the part of each file."""
    has_layout: bool
    """False for a single folder: all is training part until `arrange` has drawn the test part."""

    def order(self, readable: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.unsignedinteger[Any]]:
        """Positions of the readable files (given in ascending order), those of the test part last.

        Of a single folder, the test part is drawn here: a fifth of each class's readable files.

        Raises:
            InputError: a single folder with too few readable pictures of a class to be split.
        """
        if self.has_layout:
            return readable
        parts = self._draw_test_part(readable)
        order: NDArray[np.unsignedinteger[Any]] = readable[np.concatenate([parts.train, parts.validation])]
        return order

    def arrange(self, order: NDArray[np.unsignedinteger[Any]]) -> "Listing":
        """The listing of the files in this `order` alone."""
        positions = order.tolist()
        if self.has_layout:
            roles = tuple(self.roles[position] for position in positions)
        else:
            tests = len(self._draw_test_part(np.sort(order)).validation)
            roles = ("train",) * (len(order) - tests) + ("test",) * tests
        files = tuple(self.files[position] for position in positions)
        return replace(self, files=files, labels=self.labels[order], roles=roles)

    def _draw_test_part(self, readable: NDArray[np.unsignedinteger[Any]]) -> Split:
        labels = self.labels[readable]
        sizes = np.bincount(labels, minlength=len(self.classes))
        small = [
            f"{shown(name)} ({size})" for name, size in zip(self.classes, sizes, strict=True) if size < _FEWEST_TO_SPLIT
        ]
        if small:
            raise InputError(
                f"{self.path}: too few pictures of {', '.join(small)}; expected at least {_FEWEST_TO_SPLIT} a class, "
                "because a fifth of each becomes the test part. Add pictures, or make the folders train and test "
                "yourself."
            )
        return split(labels, _TEST_SHARE, seed=0)


def list_pictures(path: Path) -> Listing:
    """Find the classes and pictures of a folder in either layout.

    Raises:
        InputError: no such folder, no class folder in it, one class only, a class without pictures, classes that
            differ between the parts, or a name that is no text.
    """
    if not path.is_dir():
        found, advice = (
            ("is a file", "Unpack it if it is an archive")
            if path.is_file()
            else (_no_such_folder(path), "Check the path")
        )
        raise InputError(f"{path}: {found}; expected a folder with one folder of pictures for each class. {advice}.")
    _refuse_broken_names(path)
    parts = _parts(path)
    if "train" in parts and _folders(parts["train"]):
        return _list_layout(path, parts)
    if parts and len(parts) == len(_folders(path)):
        raise InputError(
            f"{path}: holds only {shown_list([folder.name for folder in parts.values()])}, and no class folders in a "
            "folder train; expected train/CLASS/… and test/CLASS/…, or a folder for each class. Sort the pictures."
        )
    return _list_single(path)


def has_validation_folder(path: Path) -> bool:
    """Whether a folder of pictures says itself which of them validate."""
    parts = _parts(path) if path.is_dir() else {}
    return {"train", "validation"} <= parts.keys() and bool(_folders(parts["train"]))


def _parts(path: Path) -> dict[Role, Path]:
    """The subfolders that are called like a part."""
    return {_ROLE_NAMES[folder.name.lower()]: folder for folder in _folders(path) if folder.name.lower() in _ROLE_NAMES}


def _no_such_folder(path: Path) -> str:
    place = "" if path.is_absolute() else f" in {Path.cwd()}"
    return f"there is no such folder{place}"


def _refuse_broken_names(path: Path) -> None:
    """A run and its reports write down the names of folder and classes, as text."""
    for folder in [path, *_folders(path), *(inner for part in _parts(path).values() for inner in _folders(part))]:
        try:
            str(folder).encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(
                f"{shown(str(folder))}: a name that is not UTF-8, as archives from other systems leave them. Rename "
                "the folder."
            ) from None


def _list_layout(path: Path, folders: dict[Role, Path]) -> Listing:
    strangers = [folder.name for folder in _folders(path) if folder not in folders.values()]
    if strangers:
        raise InputError(
            f"{path}: holds {shown_list(strangers)} beside {folders['train'].name}; expected only the folders train, "
            "validation and test. Move the others elsewhere."
        )
    by_role = {role: _by_class(folders[role]) for role in ("train", "validation", "test") if role in folders}
    classes = tuple(by_role["train"])
    for role, found in by_role.items():
        if set(found) != set(classes):
            only_here, missing = sorted(set(found) - set(classes)), sorted(set(classes) - set(found))
            raise InputError(
                f"{path}: the classes of {folders[role].name} differ from those of {folders['train'].name}:"
                + (f" {shown_list(only_here)} only in {folders[role].name};" if only_here else "")
                + (f" {shown_list(missing)} only in {folders['train'].name};" if missing else "")
                + " expected the same class folders in both. A folder is missing or spelled differently."
            )
    _refuse_too_few_classes(path, classes)
    rows = [
        (file, label, role)
        for role, found in by_role.items()
        for label, name in enumerate(classes)
        for file in found[name]
    ]
    files, labels, roles = zip(*rows, strict=True)
    return Listing(path, classes, files, np.array(labels, np.uint16), roles, has_layout=True)


def _list_single(path: Path) -> Listing:
    by_class = _by_class(path)
    classes = tuple(by_class)
    _refuse_too_few_classes(path, classes)
    files = tuple(file for of_class in by_class.values() for file in of_class)
    labels = np.repeat(np.arange(len(classes), dtype=np.uint16), [len(of_class) for of_class in by_class.values()])
    everything: Role = "train"
    return Listing(path, classes, files, labels, (everything,) * len(files), has_layout=False)


def _by_class(path: Path) -> dict[str, list[Path]]:
    """The pictures below each class folder of ``path``."""
    found = {folder.name: _pictures(folder) for folder in _folders(path)}
    empty = [name for name, files in found.items() if not files]
    if empty:
        raise InputError(
            f"{path}: no pictures in {shown_list(empty)}; expected at least one in each class folder. Add pictures, or "
            "remove the folder."
        )
    return found


def _refuse_too_few_classes(path: Path, classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        found = f"one class only ({shown(classes[0])})" if classes else "no class folder"
        raise InputError(
            f"{path}: holds {found}; expected at least two folders, each with the pictures of one class. Perhaps the "
            "folder above or below this one is meant."
        )


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not _is_note(entry))


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in files_below(folder)
        if not any(_is_note(folder / part) for part in file.relative_to(folder).parts)
    )


def _is_note(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _NOTES
