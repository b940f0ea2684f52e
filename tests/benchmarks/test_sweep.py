"""What a sweep costs, of two trials of a moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import sweep
from benchmarks.size import QUICK
from trainlab.errors import RunFailed


@pytest.fixture(autouse=True)
def _two_trials(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tiny_mnist))
    monkeypatch.setattr(sweep, "SETTINGS", ("epochs=1", "evaluate_test=false"))
    monkeypatch.setattr(sweep, "RATES", (0.1, 0.2))
    monkeypatch.setattr(sweep, "GRID", 3)


def test_trials_and_plans_are_timed_in_turn() -> None:
    share, trial, plans = sweep.measure(replace(QUICK, rounds=1, starts=1, overrides=()))["parts"]

    assert share["kind"] == trial["kind"] == plans["kind"] == "limits"
    assert [row["name"] for row in share["rows"]] == ["`sweep --jobs 2`", "`trainlab train` in 2 shells"]
    assert [row["name"] for row in plans["rows"]] == ["9 points", "2 points"]
    for part in (share, trial, plans):
        assert all(len(row["values"]) == 1 for row in part["rows"])
        assert "target" in part["rows"][0]


def test_a_sweep_that_does_other_work_is_no_measurement(tmp_path: Path) -> None:
    (tmp_path / "alone" / "0.1").mkdir(parents=True)
    (tmp_path / "alone" / "0.1" / "summary.json").write_text('{"best": {"validation": {"accuracy": 0.75}}}')
    results = tmp_path / "results.csv"

    results.write_text("lr,validation_accuracy\n0.1,0.75\n")
    sweep.check_same(tmp_path, tmp_path / "alone")
    results.write_text("lr,validation_accuracy\n0.1,0.5\n")
    with pytest.raises(RunFailed, match=r"the sweep's run with lr=0\.1 came to 0\.5, by itself to 0\.75"):
        sweep.check_same(tmp_path, tmp_path / "alone")
