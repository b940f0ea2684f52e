"""What a coordinator does with runs that are pruned: which begin when, which not at all, what the table says."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.sweep.scripted_workers import Notes, ScriptedWorkers
from trainlab.experiments.sweep import Coordinator, Options, RunKey, SweepFolder, SweepOutcome, build_sweep
from trainlab.experiments.sweep.display import row_parts
from trainlab.experiments.sweep.pruning import Prune
from trainlab.experiments.sweep.table import best_point, ranked, scores
from trainlab.experiments.sweep.worker import Request
from trainlab.randomness import generator

EPOCHS = 6


def curve(config: dict[str, Any], attempt: int) -> list[float]:
    """Best at lr = 0.3; another seed is another curve."""
    top = 0.95 - 0.2 * abs(math.log10(config["lr"] / 0.3))
    noise = generator(config["seed"], "noise", round(1e4 * config["lr"])).normal(0, 0.02, EPOCHS)
    return [round(float(top * (1 - 2.0**-epoch) + noise[epoch - 1]), 4) for epoch in range(1, EPOCHS + 1)]


def make(path: Path, tiny_file: str, **options: Any) -> SweepFolder:
    how = Options(**{"search": "random", "trials": 14, "prune": "median", **options})
    return SweepFolder.create(path, build_sweep(tiny_file, ["lr=log:1e-3..1", f"epochs={EPOCHS}"], how))


class Careful(ScriptedWorkers):
    """Holds that a run begins only when everything that decides about it has ended."""

    def __init__(self, folder: SweepFolder, seed: int) -> None:
        super().__init__(curve, seed)
        self.folder = folder

    def start(self, key: RunKey, request: Request) -> None:
        if key.seed == self.folder.sweep.seeds[0]:
            assert request.pruning is not None
            known = range(max(0, key.point - self.folder.sweep.lag + 1))
            assert [bool(one.accuracies) for one in request.pruning.earlier] == [True] * len(known)
        else:
            assert request.pruning is None
            first = self.folder.summary(RunKey(key.point, self.folder.sweep.seeds[0]))
            assert first is not None
            assert first["status"] == "finished"
        super().start(key, request)


class Silent(Careful):
    """Its runs have left all behind long before they are heard of, as those of a worker that is killed then."""

    def start(self, key: RunKey, request: Request) -> None:
        super().start(key, request)
        self.end(key, request)


def run(folder: SweepFolder, seed: int = 0, **rest: Any) -> tuple[SweepOutcome, Careful, Notes]:
    workers, notes = Careful(folder, seed), Notes()
    return Coordinator(folder, notes, workers=workers, **rest).run(), workers, notes


def tables(folder: SweepFolder) -> list[bytes]:
    return [(folder.path / name).read_bytes() for name in ("results.csv", "results.json", "points.json")]


@pytest.mark.parametrize(
    ("prune", "jobs", "seeds"),
    [("median", 1, 1), ("median", 2, 1), ("median", 2, 3), ("median", 5, 2), ("halving", 2, 3), ("hyperband", 5, 2)],
)
def test_the_table_does_not_depend_on_which_run_ends_first_nor_on_where_the_sweep_was_stopped(
    tiny_file: str, tmp_path: Path, prune: Prune, jobs: int, seeds: int
) -> None:
    found = []
    for seed in range(2):
        folder = make(tmp_path / str(seed), tiny_file, prune=prune, jobs=jobs, seeds=seeds)
        outcome, workers, _ = run(folder, seed)
        assert outcome.status == "finished"
        assert outcome.count("pruned") > 0
        assert workers.most_at_once == jobs
        found.append(tables(folder))
    folder = make(tmp_path / "stopped", tiny_file, prune=prune, jobs=jobs, seeds=seeds)
    clock = iter(range(100_000))
    for seed in range(2, 100):  # a few runs, and on with the next coordinator
        budget = {"budget": 10.0, "clock": lambda: float(next(clock))}
        if run(SweepFolder.open(folder.path), seed, **budget)[0].status == "finished":
            break
    assert seed > 3
    found.append(tables(folder))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("prune", ["median", "halving"])
def test_other_seeds_of_a_pruned_point_do_not_begin_before_it_is_heard_of(
    tiny_file: str, tmp_path: Path, prune: Prune
) -> None:
    folders = [make(tmp_path / name, tiny_file, prune=prune, jobs=2, seeds=3) for name in ("heard", "silent")]
    for folder, kind in zip(folders, (Careful, Silent), strict=True):
        assert Coordinator(folder, Notes(), workers=kind(folder, seed=1)).run().count("pruned") > 0
    assert tables(folders[0]) == tables(folders[1])


def test_a_tpe_search_with_pruning_is_the_same_whichever_run_ends_first(tiny_file: str, tmp_path: Path) -> None:
    found = []
    for seed in range(3):
        folder = make(tmp_path / str(seed), tiny_file, search="tpe", jobs=2, seeds=2)
        assert run(folder, seed)[0].count("pruned") > 0
        found.append(tables(folder))
    assert found[0] == found[1] == found[2]


def test_a_pruned_point_s_other_seeds_are_not_begun_and_the_others_have_all_of_theirs(
    tiny_file: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "sweep", tiny_file, seeds=3)
    outcome, workers, notes = run(folder)
    points = scores(outcome.rows)
    pruned = {point.point for point in points if point.pruned_after is not None}
    assert 0 < len(pruned) < 14
    assert [key for key in folder.runs() if key.seed == 0 or key.point not in pruned] == sorted(workers.started)
    for point in points:
        assert point.finished == (0 if point.point in pruned else 3)
        assert (point.accuracy is None) == (point.point in pruned)
    assert notes.snapshots[-1].ended == notes.snapshots[-1].total == 42
    assert len(notes.rows) == len(workers.started)


def test_the_table_names_epoch_and_reason_and_pruned_points_come_after_the_finished_ones(
    tiny_file: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "sweep", tiny_file, seeds=2)
    outcome, _, _ = run(folder)
    with (folder.path / "results.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "pruned"]
    first, other = rows[:2]
    epochs = int(first["epochs"])
    assert 1 <= epochs < EPOCHS
    assert first["validation_accuracy"]
    assert first["reason"].startswith(f"behind after epoch {epochs} of 6, with validation accuracy 0.")
    assert (other["epochs"], other["validation_accuracy"]) == ("0", "")
    assert other["reason"] == "not begun, since seed 0 was pruned"
    order = ranked(scores(outcome.rows))
    assert len(order) == 14
    ends = [point.pruned_after for point in order]
    places = [place for place, end in enumerate(ends) if end is not None]
    assert places == list(range(places[0], 14))
    assert sorted((end for end in ends if end is not None), reverse=True) == ends[places[0] :]
    assert order[-1].text == f"pruned after epoch {ends[-1]}"
    assert best_point(order) == order[0]
    assert best_point(order[places[0] :]) is None
    results = json.loads((folder.path / "results.json").read_text())
    assert results["best_point"] == order[0].point
    assert results["prune"] == "median"
    row = next(row for row in outcome.rows if row.status == "pruned")
    assert row_parts(row)[1].startswith("pruned: behind after epoch")


def test_what_was_pruned_is_not_begun_again_and_what_failed_is_judged_when_it_is(
    tiny_file: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "sweep", tiny_file)
    workers = ScriptedWorkers(lambda config, attempt: "failed" if config["lr"] < 0.01 else curve(config, attempt))
    ended = Coordinator(folder, Notes(), workers=workers).run()
    assert ended.count("failed") > 0
    again = SweepFolder.open(folder.path)
    workers = ScriptedWorkers(curve)
    whole = Coordinator(again, Notes(), workers=workers).run()
    assert whole.count("failed") == 0
    assert workers.started == [RunKey(row.point, 0) for row in ended.rows if row.status == "failed"]
    assert Coordinator(SweepFolder.open(folder.path), Notes()).is_done


def test_a_diverged_run_has_a_say_where_it_came(tiny_file: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "sweep", tiny_file, prune="halving", seeds=2)
    outcome = ScriptedWorkers(lambda config, attempt: "diverged" if config["lr"] > 0.5 else curve(config, attempt))
    rows = Coordinator(folder, Notes(), workers=outcome).run().rows
    diverged = [row for row in rows if row.status == "diverged"]
    assert diverged
    assert {row.seed for row in diverged} == {0, 1}  # it was not pruned, so its other seed was run as well
    assert folder.curve(RunKey(diverged[0].point, 0)).status == "diverged"
