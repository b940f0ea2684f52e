"""Every test runs in an empty folder, and signal handlers are put back."""

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.command import Command, command


@pytest.fixture
def trainlab(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command line, in an empty folder and without a data cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "cache"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield partial(command, capsys)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def tiny(tiny_mnist: Path, tmp_path: Path) -> str:
    """A file with settings for a run of a moment."""
    path = tmp_path / "tiny.toml"
    path.write_text(f"hidden = [16]\nlr = 0.5\nbatch_size = 50\nepochs = 2\ndata_dir = '{tiny_mnist}'\n")
    return str(path)
