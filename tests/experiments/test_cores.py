"""How many cores there are to use: a sweep's share goes before what the machine and its container give."""

import os
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.experiments.cores import available_cores


@pytest.fixture
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


@pytest.mark.usefixtures("_eight_cores")
@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu.max": "something else\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "300000\n"}, 8),
    ],
)
def test_a_container_s_quota_counts(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_cores({}, tmp_path) == cores


@pytest.mark.usefixtures("_eight_cores")
def test_a_share_goes_before_everything_else(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert available_cores({"TRAINLAB_CORES": "5"}, tmp_path) == 5


@pytest.mark.parametrize("share", ["two", "0", "-1", "1.5"])
def test_a_share_that_is_no_number_is_refused(share: str) -> None:
    with pytest.raises(InputError, match=f"TRAINLAB_CORES = '{share}' does not fit"):
        available_cores({"TRAINLAB_CORES": share})
