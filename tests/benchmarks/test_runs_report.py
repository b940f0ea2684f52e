"""What a report costs, of a few runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import runs_report
from benchmarks.size import QUICK
from trainlab.experiments.measured_run import find_runs, measure


def test_made_runs_are_read_as_any_others(tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tiny_mnist))
    runs_report.make_runs(tmp_path / "runs", (0.1, 0.5), seeds=2)
    runs = [measure(run) for run in find_runs([tmp_path / "runs"])]
    assert [(run.config.lr, run.config.seed) for run in runs] == [(0.1, 0), (0.1, 1), (0.5, 0), (0.5, 1)]
    assert all(run.status == "finished" and len(run.epochs) == 50 for run in runs)
    assert len({run.figures["validation_accuracy"] for run in runs}) == 4


def test_time_memory_and_size_of_each_format_are_measured(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tiny_mnist))
    monkeypatch.setattr(runs_report, "RATES", (0.1, 0.5))
    monkeypatch.setattr(runs_report, "SEEDS", 1)
    seconds, peaks, sizes = runs_report.measure(replace(QUICK, rounds=1))["parts"]
    assert seconds["kind"] == peaks["kind"] == sizes["kind"] == "limits"
    for part in (seconds, peaks):
        assert [row["name"] for row in part["rows"]] == ["--format html", "--format md", "--format pdf"]
        assert all(len(row["values"]) == 1 for row in part["rows"])
    assert 0.02 < (sizes["rows"][0]["values"][0] or 0) < 2
