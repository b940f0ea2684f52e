from pathlib import Path

import pytest

from trainlab.data.folders import cache_folder, expand_home, search_folders
from trainlab.errors import InputError


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "chosen/trainlab"),
        ("linux", None, "home/.cache/trainlab"),
        ("darwin", None, "home/Library/Caches/trainlab"),
        ("win32", "LOCALAPPDATA", "chosen/trainlab"),
        ("win32", None, "home/AppData/Local/trainlab"),
    ],
)
def test_the_cache_folder_is_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None, expected: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / expected


def test_the_environment_moves_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"


def test_an_empty_variable_counts_as_unset(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", "")
    assert cache_folder() == cache


def test_the_argument_is_searched_before_the_environment_before_the_platforms_folder(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "variable"))
    roots = [tmp_path, tmp_path / "variable", cache]
    assert search_folders("mnist", tmp_path) == [folder for root in roots for folder in (root / "mnist", root)]


def test_an_argument_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data_dir=.*typo: there is no such folder; expected one that holds mnist's"):
        search_folders("mnist", tmp_path / "typo")


def test_without_a_home_folder_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(InputError, match="Set TRAINLAB_DATA to a folder"):
        cache_folder()


def test_a_home_that_nobody_has_is_named() -> None:
    assert expand_home("~") == Path.home()
    with pytest.raises(InputError, match=r"~nosuch/x: there is no such user"):
        expand_home("~nosuch/x")
