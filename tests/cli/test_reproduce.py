"""``trainlab reproduce``, as a user types it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.command import Command
from tests.event_files import of_epochs, scalars
from trainlab.experiments import RunFolder

STUDY = """
title = "Two rates"
source = "somebody <b>careful</b>"
preset = "tiny.toml"
seeds = 3
jobs = 2

[[points]]
lr = 0.001
published = { validation_accuracy = 0.1 }

[[points]]
lr = 0.5

[[claims]]
says = { en = "0.5 learns more", zh-TW = "0.5 學得較多" }
figure = "validation_accuracy"
more = { lr = 0.5 }
less = { lr = 0.001 }

[[claims]]
says = { en = "0.5 learns less", zh-TW = "0.5 學得較少" }
figure = "validation_accuracy"
more = { lr = 0.001 }
less = { lr = 0.5 }
"""


@pytest.fixture
def study(tiny: str, tmp_path: Path) -> str:
    """A published experiment of a moment, beside its preset."""
    path = tmp_path / "rates.toml"
    path.write_text(STUDY, encoding="utf-8")
    return str(path)


def test_a_reproduction_puts_figures_and_conclusions_side_by_side(trainlab: Command, study: str) -> None:
    done = trainlab("reproduce", study)
    assert done.status == 0, done.err
    for words in (
        "2 points × 3 seeds = 6 runs",
        "Two rates",
        "lr=0.001  n = 3",
        "confirm it      0.5 learns more",
        "contradict it   0.5 learns less",
        "pairs of seeds): more than seed noise.",
        "Of 2 published conclusions, our runs confirm 1 and contradict 1; of 0 they cannot tell.",
        "report   reproductions/rates-1/report.html",
        "table    reproductions/rates-1/results.csv",
    ):
        assert words in done.out
    report = Path("reproductions/rates-1/report.html").read_text(encoding="utf-8")
    assert "What was concluded from it" in report
    assert "somebody &lt;b&gt;careful&lt;/b&gt;" in report
    assert "contradict it" in report

    again = trainlab("resume", "reproductions/rates-1")
    assert again.status == 0, again.err
    assert Path("reproductions/rates-1/report.html").read_text(encoding="utf-8") == report
    assert "reproductions/rates-1         6 of 6 runs ended" in trainlab("list").out
    chinese = trainlab("report", "reproductions/rates-1", "--lang", "zh-TW", "--output", "zh.html")
    assert chinese.status == 0, chinese.err
    assert "0.5 學得較多" in Path("zh.html").read_text(encoding="utf-8")


def test_a_smaller_scale_says_so_loudly(trainlab: Command, study: str) -> None:
    done = trainlab("reproduce", study, "subset=300", "--scale", "0.4", "--seeds", "1", "--lang", "zh-TW")
    assert done.status == 0, done.err
    assert "只做了原實驗 40 % 的運算量" in done.out
    assert "只做了原實驗 40 % 的運算量" in Path("reproductions/rates-1/report.html").read_text(encoding="utf-8")
    assert "  –\n" in done.out, "figures of less work fit nothing"
    assert "\n注意：只做了" in done.out
    (verdict,) = [line for line in done.out.splitlines() if line.endswith("0.5 學得較多")]
    why = done.out.splitlines()[done.out.splitlines().index(verdict) + 1]
    assert cell_len(why) - cell_len(why.lstrip()) == cell_len(verdict.removesuffix("0.5 學得較多"))
    assert "只做了原實驗 40 % 的運算量" in trainlab("resume", "reproductions/rates-1").out, (
        "in the language it began in"
    )


def test_jobs_of_slurm_give_the_figures_of_this_machine_s_processes(trainlab: Command, study: str) -> None:
    words = ("reproduce", study, "--seeds", "1", "--jobs", "2", "--cores-per-job", "1", "--progress", "none")
    here = trainlab(*words, "--out", "here")
    assert here.status == 0, here.err
    jobs = trainlab(*words, "--out", "jobs", "--slurm", "cluster=local", "--tensorboard")
    assert jobs.status == 0, jobs.err
    assert "executor   Slurm jobs, cluster=local; the time is that of this machine's steps" in jobs.out
    assert Path("jobs/results.csv").read_bytes() == Path("here/results.csv").read_bytes()
    assert _conclusions(jobs.out) == _conclusions(here.out)
    for run in ("point-000-seed-0", "point-001-seed-0"):
        found = scalars(Path("jobs", run, "tensorboard"))
        expected = of_epochs(RunFolder.open(Path("here", run)))
        assert {tag: found[tag] for tag in found if not tag.startswith("steps/")} == expected
    assert not list(Path("here").glob("*/tensorboard"))


def test_the_plan_names_the_cluster(trainlab: Command, study: str) -> None:
    done = trainlab(
        "reproduce", study, "--address", "10.0.0.1:6379", "--jobs", "6", "--cores-per-job", "4", "--dry-run"
    )
    assert done.status == 0, done.err
    assert "jobs       6 at a time, 4 cores each" in done.out
    assert "executor   Ray at 10.0.0.1:6379" in done.out


def test_a_dry_run_stops_after_the_plan(trainlab: Command, study: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = trainlab("reproduce", study, "--dry-run")
    assert (done.status, "6 runs" in done.out) == (0, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_days_of_work_must_be_asked_for(trainlab: Command, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["trainlab.cli.reproduce"]
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1e-6)
    monkeypatch.setattr(module, "SHORT_SECONDS", 0.0)
    done = trainlab("reproduce", study)
    assert done.status == 2
    assert "trainlab: that takes about 0.0 days on this machine. `trainlab reproduce" in done.err
    assert "--scale 0.001` does that share of the work; if you want all of it, say --scale 1." in done.err
    assert not Path("reproductions").exists()
    assert trainlab("reproduce", study, "--scale", "1", "--dry-run").status == 0


def test_what_does_not_fit_is_told_before_anything_runs(trainlab: Command, study: str) -> None:
    for words, message in (
        (("lab1-mnst",), "unknown reproduction 'lab1-mnst'; did you mean 'lab1-mnist'?"),
        ((study, "lr=0.2"), "lr is what the experiment varies"),
        ((study, "--scale", "2"), "--scale 2 does not fit"),
        (
            (study, "--scale", "0.001"),
            "would leave 60 images for 2 epochs, which says nothing. Take --scale 0.0017 or more",
        ),
        ((study, "--executor", "local", "--address", "auto"), "an address belongs to --executor ray"),
        ((study, "--slurm", "partition"), "--slurm partition does not fit: write KEY=VALUE"),
        ((study, "--cores-per-job", "0"), "cores_per_job = 0 does not fit"),
        ((study, "--seeds", "0"), "seeds = 0 does not fit"),
        ((study, "--lang", "de"), "unknown language 'de'"),
    ):
        done = trainlab("reproduce", *words)
        assert (done.status, message in done.err) == (2, True), done.err
    assert not Path("reproductions").exists()


def test_a_damaged_study_beside_the_runs_is_named(trainlab: Command, study: str) -> None:
    trainlab("reproduce", study, "--seeds", "1", "--progress", "none")
    Path("reproductions/rates-1/reproduction.toml").write_text("[[points]")
    for verb in ("resume", "report"):
        done = trainlab(verb, "reproductions/rates-1")
        assert (done.status, "rates-1/reproduction.toml is not valid TOML" in done.err) == (2, True), done.err


def test_killed_it_goes_on_to_the_same_table_and_report(trainlab: Command, study: str, tmp_path: Path) -> None:
    words = ("reproduce", study, "epochs=20", "--seeds", "2", "--progress", "none")
    whole = trainlab(*words, "--out", "whole")
    assert whole.status == 0, whole.err
    process = subprocess.Popen(
        [sys.executable, "-m", "trainlab", *words, "--out", "killed"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        env=os.environ,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("killed/point-*/summary.json")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = trainlab("resume", "killed", "--progress", "none")
    assert resumed.status == 0, resumed.err
    assert Path("killed/results.csv").read_bytes() == Path("whole/results.csv").read_bytes()
    assert _conclusions(resumed.out) == _conclusions(whole.out)


def _conclusions(printed: str) -> str:
    return printed[printed.index("Two rates") : printed.index("report ")]
