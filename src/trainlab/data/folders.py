"""Where data sets may lie on this machine."""

import os
import sys
from pathlib import Path

from trainlab.errors import InputError


def cache_folder() -> Path:
    """The folder that downloads go to: ``TRAINLAB_DATA`` when set, else the platform's cache folder."""
    chosen = os.environ.get("TRAINLAB_DATA")
    return expand_home(chosen) if chosen else _platform_cache_folder()


def expand_home(path: str) -> Path:
    """The path with ``~`` or ``~NAME`` at its beginning replaced. Raises InputError when nobody has that name."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}: there is no such user. Check the name behind ~, or write the whole path.") from error


def search_folders(name: str, data_dir: Path | None = None) -> list[Path]:
    """Every folder that may hold the files of one data set, in the order in which they are tried.

    ``data_dir`` first, then ``TRAINLAB_DATA``, then the platform's cache folder; in each of them the subfolder
    called ``name``, then the folder itself.

    Raises:
        InputError: ``data_dir`` is given but is no folder.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise InputError(
            f"data_dir={data_dir}: there is no such folder; expected one that holds {name}'s files or a subfolder "
            f"{name}. Check the path, or leave data_dir out."
        )
    roots = [data_dir, cache_folder(), _platform_cache_folder()]
    distinct = dict.fromkeys(root for root in roots if root is not None)
    return [folder for root in distinct for folder in (root / name, root)]


def files_below(folder: Path) -> list[Path]:
    """All files in a folder and its subfolders, in alphabetical order.

    Links are followed, but into no folder twice; those that lead nowhere are among the files.
    """
    found: list[Path] = []
    seen: set[str] = set()
    for place, subfolders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            subfolders.clear()
            continue
        seen.add(real)
        found += [path for name in names if (path := Path(place, name)).is_file() or path.is_symlink()]
    return sorted(found)


def _platform_cache_folder() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
    return Path(base) / "trainlab"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise InputError(
            "this user has no home folder, so there is no place for data sets. Set TRAINLAB_DATA to a folder."
        ) from None
