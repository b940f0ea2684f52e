"""What a sweep costs, and which points do not fit this machine or the data."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.sweep import Options, SweepPlan, build_sweep, plan_sweep
from trainlab.experiments.sweep.estimate import TIMED_KINDS, CannotRun, Estimate, estimate
from trainlab.experiments.sweep.executors.local import THREAD_VARIABLES, job_environment


def config(tiny_mnist: Path, *words: str) -> Config:
    return Config().override(["hidden=[8]", "batch_size=50", "epochs=3", f"data_dir={tiny_mnist}", *words])


class Clock:
    """A clock that goes on by an eighth of a second whenever somebody looks."""

    def __init__(self) -> None:
        self._times: Iterator[int] = iter(range(10**9))

    def __call__(self) -> float:
        return next(self._times) / 8


def test_steps_are_counted_and_timed(tiny_mnist: Path) -> None:
    one = estimate([config(tiny_mnist)], Clock())[0]
    assert one.steps == 3 * 11  # of 540 images
    assert one.is_timed
    # the clock is read after steps 1, 3, 4, 5 and at the end: four steps in four eighths of a second
    assert one.step_seconds == pytest.approx(0.5 / 4)
    validation = one.step_seconds * 60 / 50 / 3
    assert one.seconds == pytest.approx(7 / 8 + 3 * (11 * one.step_seconds + validation))


def test_configurations_of_one_kind_are_timed_once_and_many_kinds_are_judged_by_images(tiny_mnist: Path) -> None:
    same = estimate([config(tiny_mnist, f"lr={lr}", f"split={split}") for lr in (0.1, 1e30) for split in (0.1, 0.5)])
    assert len({one.step_seconds for one in same}) == 1
    assert [one.steps for one in same] == [33, 18, 33, 18]
    sizes = range(50, 50 + TIMED_KINDS + 1)
    kinds = estimate([config(tiny_mnist, f"batch_size={size}") for size in sizes], Clock())
    assert [one.is_timed for one in kinds] == [True] * TIMED_KINDS + [False]
    mean = sum(one.step_seconds / size for one, size in zip(kinds, sizes, strict=True) if one.is_timed) / TIMED_KINDS
    assert kinds[-1].step_seconds == pytest.approx(mean * sizes[-1])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["batch_size=541"], "batch_size=541: expected 1 to 540"),
        (["split=700"], "split = 700 does not fit: expected a share"),
        (["subset=700"], "subset = 700 does not fit"),
        (["data_dir=nowhere"], "no such folder"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named_by_its_position(
    tiny_mnist: Path, words: list[str], message: str
) -> None:
    with pytest.raises(CannotRun, match=message) as raised:
        estimate([config(tiny_mnist), config(tiny_mnist, *words)])
    assert raised.value.position == 1


def test_the_process_that_times_steps_ends_when_nobody_waits_for_it(tiny_mnist: Path) -> None:
    asked = json.dumps([asdict(config(tiny_mnist))])
    command = [sys.executable, "-m", "trainlab.experiments.sweep", "estimate"]
    done = subprocess.run(command, input=asked.encode() + b"\n", capture_output=True, check=False)  # closes the pipe
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_a_plan_adds_up_and_shares_the_jobs(tiny_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_CORES", "2")
    sweep = build_sweep(tiny_file, ["lr=0.1,0.2", "batch_size=50,100"], Options(seeds=3, jobs=4, budget=90.0))
    estimates = [Estimate(10, 4.0, 0.01, True), Estimate(20, 8.0, 0.02, False)] * 2
    plan = SweepPlan(sweep, 4, estimates)
    assert (plan.runs, plan.steps, plan.seconds) == (12, 180, 36.0)
    assert "core each; with 2 cores here, more at a time are no faster" in "\n".join(plan.lines(Path("s")))
    monkeypatch.setenv("TRAINLAB_CORES", "4")
    assert "at a time are no faster" not in "\n".join(plan.lines(Path("s")))
    monkeypatch.setenv("TRAINLAB_CORES", "2")
    text = "\n".join(plan.lines(Path("sweeps/tiny-1")))
    for words in (
        "sweep of tiny: 4 points × 3 seeds = 12 runs",
        "seeds       0 to 2",
        "jobs        4 at a time, 1 core each",
        "steps       180 in all, 10 to 20 a run",
        "time        about 0:36, from timed steps (10 to 20 ms each; 2 of 4 judged by their batch size)",
        "budget      no new run begins after 1:30; those under way end",
        "folder      sweeps/tiny-1",
    ):
        assert words in text


def test_a_plan_of_a_tpe_search_looks_at_the_corners(tiny_file: str) -> None:
    options = Options(search="tpe", trials=7)
    plan = plan_sweep(build_sweep(tiny_file, ["lr=log:0.01..1", "batch_size=10,50"], options))
    assert (plan.runs, [one.steps for one in plan.estimates]) == (7, [108, 108, 22])
    with pytest.raises(InputError, match=r"lr=0.01 batch_size=541: batch_size=541: expected 1 to 540"):
        plan_sweep(build_sweep(tiny_file, ["lr=log:0.01..1", "batch_size=10,541"], options))
    with pytest.raises(InputError, match=r"momentum=0.0: nesterov = true needs a momentum"):
        plan_sweep(build_sweep(tiny_file, ["momentum=0..0.9", "nesterov=true"], options))


def test_points_that_cost_the_same_are_estimated_once(tiny_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Config] = []

    def estimated(configs: list[Config], cores: int) -> list[Estimate]:
        asked.extend(configs)
        return [Estimate(one.epochs, one.batch_size, 0.01, True) for one in configs]

    monkeypatch.setattr("trainlab.experiments.sweep.plan.estimate_apart", estimated)
    words = ["lr=0.1,0.2", "batch_size=50,100", "momentum=0,0.9", "epochs=2,3"]
    plan = plan_sweep(build_sweep(tiny_file, words))
    assert [(one.batch_size, one.epochs) for one in asked] == [(50, 2), (50, 3), (100, 2), (100, 3)]
    points = plan.sweep.known_points()
    assert [(one.seconds, one.steps) for one in plan.estimates] == [(p["batch_size"], p["epochs"]) for p in points]


def test_a_job_s_libraries_are_told_how_many_threads_to_take() -> None:
    environment = job_environment(3)
    assert "PATH" in environment
    assert {environment[name] for name in THREAD_VARIABLES} == {"3"}
