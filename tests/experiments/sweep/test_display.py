"""How a sweep is shown: on a terminal, in a log, and not at all."""

import io

import pytest
from rich.console import Console

from trainlab.experiments.statistics import Summary
from trainlab.experiments.sweep import RunKey, make_sweep_display
from trainlab.experiments.sweep.display import NoSweepDisplay, PlainSweepDisplay, TerminalSweepDisplay
from trainlab.experiments.sweep.snapshot import Running, Snapshot
from trainlab.experiments.sweep.table import PointScore, Row

BEST = PointScore(1, {"lr": 0.3}, 2, 2, Summary(2, 0.9772, 0.0012, 0.0108))
ROW = Row(1, {"lr": 0.3}, 0, "point-001-seed-0", "finished", best_epoch=3, validation_accuracy=0.978)


def running(step: int = 30, epoch: int = 1) -> Running:
    return Running(RunKey(2, 0), "lr=1.0 seed=0", step=step, steps=120, epoch=epoch, accuracy=0.5 if epoch else None)


def snapshot(seconds: float = 10.0) -> Snapshot:
    return Snapshot(ended=2, total=4, ended_before=0, running=[running()], best=BEST, seconds=seconds)


def test_a_log_has_a_line_for_each_run_that_ends() -> None:
    stream = io.StringIO()
    display = PlainSweepDisplay(stream)
    display.run_ended(snapshot(), ROW, 4.23)
    assert stream.getvalue() == (
        "[2/4]  lr=0.3 seed=0  validation accuracy 0.9780 (epoch 3)  4.2 s  "
        "best so far lr=0.3: 97.72 ± 0.12 % (n = 2)  about 0:08 left\n"
    )


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ("diverged", "the training loss became nan", "lr=0.3 seed=0  diverged: the training loss became nan"),
        ("failed", "no luck", "lr=0.3 seed=0  failed: no luck"),
        ("unfinished", "", "lr=0.3 seed=0  stopped; what was done is saved"),
    ],
)
def test_a_run_that_ends_badly_says_why(status: str, reason: str, text: str) -> None:
    stream = io.StringIO()
    PlainSweepDisplay(stream).run_ended(snapshot(), Row(1, {"lr": 0.3}, 0, "run", status, reason=reason), 1.0)
    assert text in stream.getvalue()


def test_a_log_says_how_things_stand_after_half_a_minute_of_silence() -> None:
    stream = io.StringIO()
    display = PlainSweepDisplay(stream)
    for seconds in (10.0, 29.0, 31.0, 40.0):
        display.refresh(snapshot(seconds))
    assert stream.getvalue() == "[2/4]  under way: lr=1.0 seed=0 25%\n"


def test_a_log_that_cannot_be_written_does_not_end_the_sweep() -> None:
    asked: list[str] = []

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            asked.append(text)
            raise OSError(28, "No space left on device")

    PlainSweepDisplay(Full()).run_ended(snapshot(), ROW, 1.0)
    assert len(asked) == 1


def test_a_terminal_has_a_line_for_each_run_under_way_and_one_for_the_whole() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=20, _environ={})
    display = TerminalSweepDisplay(console)
    display.refresh(snapshot())
    display.run_ended(snapshot(10.2), ROW, 4.2)
    display.close()
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for text in (
        "━━━━━───────────────",
        " 25%  lr=1.0 seed=0  step 30/120, epoch 1 done, validation accuracy 0.5000",
        "[2/4]  best so far lr=0.3: 97.72 ± 0.12 % (n = 2)  about 0:08 left",
        "[2/4]  lr=0.3 seed=0  validation accuracy 0.9780 (epoch 3)  4.2 s",
    ):
        assert text in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_the_mode_follows_the_stream() -> None:
    assert isinstance(make_sweep_display("none"), NoSweepDisplay)
    assert isinstance(make_sweep_display("auto", io.StringIO(), {}), PlainSweepDisplay)
    assert isinstance(make_sweep_display("rich", io.StringIO(), {}), TerminalSweepDisplay)


def test_the_time_left_counts_what_this_process_did() -> None:
    def left(ended: int, before: int, step: int) -> float | None:
        runs = [running(step)] if step else []
        return Snapshot(ended, 4, before, runs, None, seconds=10.0).seconds_left

    assert left(2, 0, 0) == 10.0
    assert left(2, 1, 0) == 20.0
    assert left(0, 0, 6) is None  # too early to tell
    assert left(0, 0, 60) == 70.0
