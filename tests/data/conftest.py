"""Every test here sees an empty cache folder of its own, whatever the machine holds."""

from pathlib import Path

import pytest

from trainlab.data.folders import cache_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The platform's cache folder of trainlab, still to be made; TRAINLAB_DATA is unset."""
    monkeypatch.delenv("TRAINLAB_DATA", raising=False)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):  # Linux, Windows, macOS
        monkeypatch.setenv(variable, str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return cache_folder()
