"""What a coordinator decides: which run is next, what happens to one that fails, when to stop."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.sweep.scripted_workers import Notes, Outcome, ScriptedWorkers, write_run
from trainlab.experiments.sweep import Coordinator, Options, Sweep, SweepFolder, SweepOutcome, build_sweep
from trainlab.experiments.sweep.executors.workers import Message


def run(
    folder: SweepFolder, outcome: Outcome, seed: int = 0, **rest: Any
) -> tuple[SweepOutcome, ScriptedWorkers, Notes]:
    workers, notes = ScriptedWorkers(outcome, seed), Notes()
    return Coordinator(folder, notes, workers=workers, **rest).run(), workers, notes


def by_learning_rate(config: dict[str, Any], attempt: int) -> float:
    return float(round(1 - config["lr"] - config["seed"] / 100, 4))


def tables(folder: SweepFolder) -> tuple[bytes, bytes]:
    return (folder.path / "results.csv").read_bytes(), (folder.path / "results.json").read_bytes()


def test_every_run_is_begun_once_in_order_and_no_more_at_a_time_than_jobs(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    outcome, workers, notes = run(folder, by_learning_rate)
    assert workers.started == folder.runs()
    assert workers.most_at_once == 2
    assert outcome.status == "finished"
    assert outcome.count("finished") == 4
    assert notes.snapshots[-1].ended == notes.snapshots[-1].total == 4


def test_the_table_does_not_depend_on_which_run_ends_first(sweep: Sweep, tmp_path: Path) -> None:
    found = []
    for seed in range(3):
        folder = SweepFolder.create(tmp_path / str(seed), sweep)
        run(folder, by_learning_rate, seed)
        found.append(tables(folder))
    assert found[0] == found[1] == found[2]


def test_means_and_deviations_are_those_of_the_finished_runs(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    run(folder, by_learning_rate)
    results = json.loads((folder.path / "results.json").read_text())
    assert results["best_point"] == 0
    assert results["points"][0] == {
        "point": 0,
        "settings": {"lr": 0.1},
        "finished": 2,
        "runs": 2,
        "accuracy": {
            "n": 2,
            "mean": pytest.approx((0.9 + 0.89) / 2),
            "std": pytest.approx(0.01 / 2**0.5),
            "margin": pytest.approx(12.7062 * 0.01 / 2, rel=1e-5),
        },
        "pruned_after": None,
    }
    assert "The test set was not read" in results["selection"]


def test_a_failing_and_a_diverging_run_are_noted_and_the_rest_goes_on(sweep: Sweep, tmp_path: Path) -> None:
    def outcome(config: dict[str, Any], attempt: int) -> str | float:
        if config["lr"] == 0.1:
            return "failed" if config["seed"] == 0 else "diverged"
        return 0.5

    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    ended, _, _ = run(folder, outcome)
    assert ended.status == "finished"
    assert [row.status for row in ended.rows] == ["failed", "diverged", "finished", "finished"]
    assert [row.reason for row in ended.rows] == ["no luck", "the training loss became nan", "", ""]
    results = json.loads((folder.path / "results.json").read_text())
    assert results["best_point"] == 1  # a point with a lost seed is not compared


def test_a_resume_runs_what_failed_again_and_nothing_that_ended(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    run(folder, lambda config, attempt: "failed" if config["lr"] == 0.1 else 0.5)
    again = SweepFolder.open(folder.path)
    ended, workers, notes = run(again, lambda config, attempt: 0.6)
    assert [key.point for key in workers.started] == [0, 0]
    assert ended.count("finished") == 4
    assert notes.snapshots[0].ended_before == 2
    assert Coordinator(SweepFolder.open(folder.path), notes).is_done


def test_a_killed_process_is_started_again_twice(sweep: Sweep, tmp_path: Path) -> None:
    def outcome(config: dict[str, Any], attempt: int) -> str | float:
        is_hungry = config["lr"] == 0.5
        return "killed" if is_hungry or (config["seed"] == 1 and attempt == 1) else 0.9

    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    ended, workers, notes = run(folder, outcome)
    assert [workers.started.count(key) for key in folder.runs()] == [1, 2, 3, 3]
    assert [row.status for row in ended.rows] == ["finished", "finished", "failed", "failed"]
    assert (
        "it was lost 3 times; the last time, its process was killed by signal 9. Perhaps there is too little memory"
        in ended.rows[2].reason
    )
    assert "lr=0.1 seed=1: its process was killed by signal 9; it goes on from its last checkpoint" in notes.texts


def test_after_the_budget_no_run_begins_and_those_under_way_end(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    clock = iter(range(1000))
    ended, workers, _ = run(folder, by_learning_rate, budget=10.0, clock=lambda: float(next(clock)))
    assert ended.status == "out of time"
    assert 0 < ended.count("finished") == len(workers.started) < 4
    assert ended.count("unfinished") == 4 - len(workers.started)
    whole, rest, _ = run(SweepFolder.open(folder.path), by_learning_rate)
    assert whole.status == "finished"
    assert sorted(workers.started + rest.started) == folder.runs()


def test_however_short_the_budget_one_run_is_made(sweep: Sweep, tmp_path: Path) -> None:
    clock = iter(range(1000))
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    ended, workers, _ = run(folder, by_learning_rate, budget=0.5, clock=lambda: float(next(clock)))
    assert ended.status == "out of time"
    assert len(workers.started) == ended.count("finished") == 1


def test_a_stop_begins_nothing_new(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    workers = ScriptedWorkers(by_learning_rate)
    coordinator = Coordinator(folder, Notes(), workers=workers)
    coordinator.request_stop()
    assert coordinator.run().status == "interrupted"
    assert workers.started == []


# ---------------------------------------------------------------- a tpe search


def tpe(tiny_file: str, trials: int = 14) -> Sweep:
    words = ["lr=log:1e-3..0.9", "hidden=8,16", "momentum=0,0.9"]
    return build_sweep(tiny_file, words, Options(seeds=2, jobs=4, search="tpe", trials=trials))


def test_a_tpe_search_is_the_same_whichever_run_ends_first_and_wherever_it_was_stopped(
    tiny_file: str, tmp_path: Path
) -> None:
    found = []
    for seed in range(2):
        folder = SweepFolder.create(tmp_path / str(seed), tpe(tiny_file))
        _, workers, _ = run(folder, by_learning_rate, seed)
        assert sorted(workers.started) == folder.runs()
        assert len(folder.runs()) == 28
        found.append(tables(folder))
    stopped = SweepFolder.create(tmp_path / "stopped", tpe(tiny_file))
    clock = iter(range(10_000))
    ended, _, _ = run(stopped, by_learning_rate, 5, budget=60.0, clock=lambda: float(next(clock)))
    assert ended.status == "out of time"
    run(SweepFolder.open(stopped.path), by_learning_rate, 6)
    found.append(tables(stopped))
    assert found[0] == found[1] == found[2]


def test_a_point_of_a_tpe_search_that_fits_nothing_is_noted(tiny_file: str, tmp_path: Path) -> None:
    words = ["nesterov=true,false", "momentum=0,0.9"]
    folder = SweepFolder.create(
        tmp_path / "sweep", build_sweep(tiny_file, words, Options(search="tpe", trials=6, search_seed=1))
    )
    ended, _, _ = run(folder, by_learning_rate)
    failed = [row for row in ended.rows if row.status == "failed"]
    assert failed
    assert all("nesterov = true needs a momentum above 0" in row.reason for row in failed)
    assert ended.count("finished") + len(failed) == 6


def test_a_summary_that_says_interrupted_is_no_end(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    write_run(folder.run_path(folder.runs()[0]), "interrupted", [0.1])
    assert folder.summary(folder.runs()[0]) is None


class Tidying(ScriptedWorkers):
    """All runs have written their summaries before the first worker's end is heard."""

    def receive(self, timeout: float) -> list[Message]:
        for request in self._running.values():
            write_run(Path(request.path), "finished", [by_learning_rate(request.config, 1)])
        return super().receive(timeout)


def test_a_run_counts_as_ended_when_its_worker_has(sweep: Sweep, tmp_path: Path) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", sweep)
    workers, notes = Tidying(by_learning_rate), Notes()
    clock = iter(range(1000))
    Coordinator(folder, notes, jobs=4, workers=workers, clock=lambda: float(next(clock))).run()
    assert sorted({now.ended for now in notes.snapshots}) == [1, 2, 3, 4]
    assert all(now.ended + len(now.running) == 4 for now in notes.snapshots)
    assert all((now.seconds_left or 0.0) >= 0 for now in notes.snapshots)
