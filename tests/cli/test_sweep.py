"""``trainlab sweep`` and ``resume`` of a sweep, as a user types them."""

import csv
import json
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.event_files import of_epochs, scalars
from trainlab.experiments import RunFolder
from trainlab.experiments.sweep import SweepFolder, build_sweep


def test_a_sweep_prints_its_plan_and_leaves_runs_and_a_table(trainlab: Command, tiny: str) -> None:
    done = trainlab("sweep", tiny, "lr=0.1,0.5", "--seeds", "2", "--jobs", "2")
    assert done.status == 0, done.err
    for words in (
        "sweep of tiny: 2 points × 2 seeds = 4 runs",
        "lr         0.1,0.5",
        "steps      88 in all, 22 a run",
        "time       about 0:",
        "the test set is not read",
        "% (n = 2)",
        "table    sweeps/tiny-1/results.csv",
        "trainlab compare sweeps/tiny-1",
        "trainlab evaluate sweeps/tiny-1/point-001-seed-0",
    ):
        assert words in done.out
    assert "[4/4]  lr=0.5 seed=" in done.err
    with Path("sweeps/tiny-1/results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["lr"], row["seed"], row["status"]) for row in rows] == [
        ("0", "0.1", "0", "finished"),
        ("0", "0.1", "1", "finished"),
        ("1", "0.5", "0", "finished"),
        ("1", "0.5", "1", "finished"),
    ]
    run = RunFolder.open(Path("sweeps/tiny-1") / rows[3]["run"])
    assert (run.config.lr, run.config.seed, run.config.evaluate_test) == (0.5, 1, False)
    summary = run.read_summary()
    assert summary is not None
    assert summary["test"] is None
    assert float(rows[3]["validation_accuracy"]) == summary["best"]["validation"]["accuracy"]
    assert trainlab("evaluate", str(run.path)).status == 0
    assert "sweeps/tiny-1                 4 of 4 runs ended, best lr=0.5" in trainlab("list").out
    again = trainlab("resume", "sweeps/tiny-1")
    assert (again.status, again.out[:34]) == (0, "sweeps/tiny-1 has finished already")


def test_a_file_of_a_finished_sweep_repeats_it(trainlab: Command, tiny: str) -> None:
    trainlab("sweep", tiny, "lr=0.1,0.5", "--progress", "none")
    done = trainlab("sweep", "sweeps/tiny-1/sweep.toml", "--out", "again", "--jobs", "2", "--progress", "none")
    assert done.status == 0, done.err
    assert Path("again/results.csv").read_bytes() == Path("sweeps/tiny-1/results.csv").read_bytes()


def test_a_dry_run_stops_after_the_plan(trainlab: Command, tiny: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = trainlab("sweep", tiny, "hidden=8,16", "split=0.1..0.3", "--search", "random", "--trials", "3", "--dry-run")
    assert done.status == 0, done.err
    assert "3 points × 1 seed = 3 runs" in done.out
    assert "hidden     8,16   (2 points; one with all of them is hidden=8x16)" in done.out
    assert sorted(tmp_path.rglob("*")) == before


def test_the_plan_warns_of_a_setting_that_no_run_reads(trainlab: Command, tiny: str) -> None:
    done = trainlab(
        "sweep", tiny, "crop_padding=1,2", "gamma=0.1,0.5", "schedule=constant,step", "beta2=0.9", "--dry-run"
    )
    assert done.status == 0, done.err
    assert "warning       no run reads crop_padding; it belongs to augment=crop\n" in done.out
    assert done.out.count("no run reads") == 1  # gamma counts in half of the points
    assert "beta2 changes nothing here; it belongs to optimizer=adam or" in done.err


def test_a_diverging_point_is_told_and_a_sweep_of_nothing_else_fails(trainlab: Command, tiny: str) -> None:
    done = trainlab("sweep", tiny, "lr=0.5,1e30", "--jobs", "2", "--progress", "none")
    assert done.status == 0, done.err
    assert "diverged: lr=1e+30 seed=0: the training loss became nan in step" in done.out
    assert done.err == ""
    results = json.loads(Path("sweeps/tiny-1/results.json").read_text())
    assert [run["status"] for run in results["runs"]] == ["finished", "diverged"]
    assert trainlab("sweep", tiny, "lr=1e30", "--progress", "none").status == 1


def test_a_failing_point_has_its_reason_and_is_tried_again(
    trainlab: Command, tiny: str, tmp_path: Path, tiny_mnist: Path
) -> None:
    SweepFolder.create(Path("sweep"), build_sweep(tiny, ["data_dir=data", "lr=0.1,0.5"]))
    done = trainlab("resume", "sweep", "--progress", "none")
    assert done.status == 1
    assert "failed: lr=0.1 seed=0: " in done.out
    assert "no such folder" in done.out
    assert "try again with `trainlab resume sweep`" in done.err
    (tmp_path / "data").symlink_to(tiny_mnist)
    assert trainlab("resume", "sweep", "--progress", "none").status == 0


def test_every_run_has_event_files_also_one_that_a_resume_begins(trainlab: Command, tiny: str) -> None:
    words = ("sweep", tiny, "lr=0.1,0.5", "--tensorboard", "--budget", "0.1s", "--progress", "none")
    begun = trainlab(*words, "--out", "sweep")
    assert begun.status == 0, begun.err
    assert "watch it with:  tensorboard --logdir sweep" in begun.err
    assert trainlab("resume", "sweep", "--progress", "none").status == 0
    for name in ("point-000-seed-0", "point-001-seed-0"):
        run = RunFolder.open(Path("sweep", name))
        found = scalars(run.path / "tensorboard")
        assert {tag: found[tag] for tag in found if not tag.startswith("steps/")} == of_epochs(run)
        assert [step for step, _ in found["steps/loss"]] == list(range(1, 23))


def test_a_sweep_without_event_files_has_none_and_one_that_cannot_have_them_does_not_begin(
    trainlab: Command, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainlab("sweep", tiny, "--progress", "none", "--out", "sweep")
    assert not Path("sweep/point-000-seed-0/tensorboard").exists()
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    done = trainlab("sweep", tiny, "--tensorboard", "--out", "other")
    assert (done.status, "pip install 'trainlab[track]'" in done.err) == (2, True)
    assert not Path("other").exists()


def test_the_budget_is_told(trainlab: Command, tiny: str) -> None:
    done = trainlab("sweep", tiny, "lr=0.1,0.2,0.3,0.4,0.5", "--budget", "0.1s", "--progress", "none")
    assert done.status == 0
    assert "no new run begins after" in done.out
    assert "the budget is used up after 1 run had ended; go on with:  trainlab resume sweeps/tiny-1" in done.out


def test_pruning_is_planned_told_and_left_out_of_the_comparison(trainlab: Command, tiny: str) -> None:
    words = ("lr=0.01,0.1,0.001,0.0001", "--prune", "halving", "--seeds", "2")
    plan = trainlab("sweep", tiny, *words, "--dry-run")
    assert "prune      halving, saves 0 to 56% of the epochs; steps and time above are without pruning" in plan.out
    done = trainlab("sweep", tiny, *words, "--out", "sweep")
    assert done.status == 0, done.err
    assert "lr=0.001 seed=0  pruned: behind after epoch 1 of 2, with validation accuracy 0." in done.err
    assert "(halving, against points 0 to 1)" in done.err
    assert "  pruned: 2 points, which saved 6 of 16 epochs; why stands in results.csv" in done.out
    assert done.out.count("% (n = 2)") == 2
    compared = trainlab("compare", "sweep")
    assert "2 of 4 settings were pruned by the sweep" in compared.out
    assert trainlab("show", "sweep/point-002-seed-0").status == 0
    assert trainlab("report", "sweep", "--output", "sweep.html").status == 0
    assert trainlab("resume", "sweep").out.startswith("sweep has finished already")


def test_too_few_points_to_prune_are_told(trainlab: Command, tiny: str) -> None:
    words = ("lr=0.1,0.5,0.001", "--prune", "median", "--jobs", "2", "--dry-run")
    done = trainlab("sweep", tiny, *words)
    assert done.status == 0, done.err
    assert (
        "median; warning: nothing can be pruned, since no point of 3 comes after enough others to be judged by. Take "
        "more points or fewer jobs."
    ) in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny.toml", "lr=0.1,0.5", "--prune", "medan"], "unknown way to prune 'medan'; did you mean 'median'?"),
        (["tiny.toml", "lr=0.1,0.5", "epochs=1", "--prune", "median"], "--prune median ends runs between two epochs"),
        (["mnst-fast", "lr=0.1,0.2"], "unknown preset 'mnst-fast'; did you mean 'mnist-fast'?"),
        (["tiny.toml", "bach_size=3,4"], "did you mean 'batch_size'?"),
        (["a run", "lr=0.1,0.2"], "a run is a folder. Its settings stand in a run/config.toml: give that file."),
        (["tiny.toml", "lr=0.1,0.1"], "lr has the value 0.1 twice"),
        (["tiny.toml", "lr=0.1,-1"], "lr = -1 does not fit"),
        (["tiny.toml", "batch_size=50,541"], "batch_size=541: batch_size=541: expected 1 to 540"),
        (["tiny.toml", "split=0.1,700"], "split=700.0: split = 700 does not fit: expected a share"),
        (["tiny.toml", "nesterov=true,false"], "point 1 of 2, nesterov=true: nesterov = true needs a momentum"),
        (["tiny.toml", "dropout=0..0.5"], "dropout=0.0..0.5 is a range, and a grid needs values"),
        (["tiny.toml", "lr=0.1,0.2", "--jobs", "0"], "jobs = 0 does not fit"),
        (["tiny.toml", "lr=0.1,0.2", "--seeds", "0"], "seeds = 0 does not fit"),
        (["tiny.toml", "lr=0.1,0.2", "--search", "tree"], "'tree' is not one of"),
        (["tiny.toml", "lr=0.1,0.2", "--budget", "soon"], "budget = soon is not a time"),
        (["tiny.toml", "lr=0.1,0.2", "--out", "."], ". exists already, and a sweep never overwrites anything"),
        (["tiny.toml", "data_dir=none", "lr=0.1,0.2"], "no such folder"),
        (["tiny.toml", "lr=0.1,0.2", "--executor", "local", "--address", "auto"], "belongs to --executor ray"),
        (["tiny.toml", "lr=0.1,0.2", "--slurm", "partition"], "--slurm partition does not fit: write KEY=VALUE"),
    ],
)
def test_bad_input_is_one_message_status_2_and_nothing_written(
    trainlab: Command, tiny: str, tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "a run").mkdir()
    (tmp_path / "a run" / "config.toml").touch()
    before = sorted(tmp_path.rglob("*"))
    done = trainlab("sweep", *words)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_neither_a_run_nor_a_sweep_is_not_resumed(trainlab: Command) -> None:
    done = trainlab("resume", ".")
    assert done.status == 2
    assert ". is neither a run nor a sweep" in done.err


def test_executors_are_for_sweeps(trainlab: Command, tiny: str) -> None:
    trainlab("train", tiny, "--run", "run", "--progress", "none")
    done = trainlab("resume", "run", "--executor", "ray")
    assert done.status == 2
    assert "run is no sweep, and --executor, --address and --slurm are for sweeps" in done.err


def test_the_plan_names_the_executor(trainlab: Command, tiny: str) -> None:
    done = trainlab("sweep", tiny, "lr=0.1,0.5", "--slurm", "partition=short", "--cores-per-job", "3", "--dry-run")
    assert done.status == 0, done.err
    assert "jobs       1 at a time, 3 cores each" in done.out
    assert "executor   Slurm jobs, partition=short; the time is that of this machine's steps" in done.out


def test_a_sweep_is_not_changed_under_way(trainlab: Command, tiny: str) -> None:
    SweepFolder.create(Path("sweep"), build_sweep(tiny, ["lr=0.1,0.2"]))
    file = Path("sweep/sweep.toml")
    text = file.read_text()
    assert "lr = [0.1, 0.2]" in text
    file.write_text(text.replace("lr = [0.1, 0.2]", "lr = [0.1, 0.3]"))
    done = trainlab("resume", "sweep")
    assert done.status == 2
    assert "was changed after the sweep began" in done.err


@pytest.mark.parametrize("text", ["{", "[1]", '[{"lr": 0}]', '{"lr": 0.1}'])
def test_damaged_points_are_named(trainlab: Command, tiny: str, text: str) -> None:
    SweepFolder.create(Path("sweep"), build_sweep(tiny))
    Path("sweep/points.json").write_text(text)
    done = trainlab("resume", "sweep")
    assert done.status == 2
    assert "sweep/points.json is damaged" in done.err
