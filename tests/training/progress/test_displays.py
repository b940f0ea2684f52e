"""What a user sees while a run goes on: in a log, on a terminal, in a notebook."""

import io
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.training.progress.staged_run import (
    Clock,
    ended,
    run_events,
    show,
    snapshot_after,
    started,
    without_validation,
)
from trainlab.training.events import RunEnded, StepEnded
from trainlab.training.progress import Progress
from trainlab.training.progress.notebook import NotebookDisplay
from trainlab.training.progress.plain import PlainDisplay
from trainlab.training.progress.screen import screen
from trainlab.training.progress.terminal import TerminalDisplay

# ------------------------------------------------------------ plain lines


def test_plain_writes_what_runs_one_line_an_epoch_and_how_it_ended() -> None:
    clock, stream = Clock(), io.StringIO()
    show(Progress(PlainDisplay(stream), clock), run_events(), clock, seconds_per_step=0.0001)
    assert stream.getvalue().splitlines() == [
        "mnist-mlp: 101,770 parameters, 12,800 training and 1,000 validation images, batch size 128, "
        "3 epochs of 100 steps",
        "epoch 1/3  train loss 0.1203 acc 0.9641  valid loss 0.1310 acc 0.9600  lr 0.05  10,000 it/s  4.2 s  best",
        "epoch 2/3  train loss 0.1203 acc 0.9641  valid loss 0.1310 acc 0.9700  lr 0.05  10,000 it/s  4.2 s  best",
        "epoch 3/3  train loss 0.1203 acc 0.9641  valid loss 0.1310 acc 0.9600  lr 0.05  10,000 it/s  4.2 s",
        "mnist-mlp: finished 3 epochs; 300 steps in 12.3 s; best validation accuracy 0.9700 (epoch 2)",
    ]


def test_plain_adds_a_line_each_half_minute_of_a_long_epoch() -> None:
    clock, stream = Clock(), io.StringIO()
    show(Progress(PlainDisplay(stream), clock), run_events(epochs=1), clock, seconds_per_step=1.0)
    within = [line for line in stream.getvalue().splitlines() if "step " in line]
    assert [line[:31] for line in within] == [
        "epoch 1/1  step 30/100 (30%)  l",
        "epoch 1/1  step 60/100 (60%)  l",
        "epoch 1/1  step 90/100 (90%)  l",
    ]
    assert within[0].endswith("lr 0.05  1 it/s  1:10 left")


def test_plain_says_why_a_run_stopped() -> None:
    stream = io.StringIO()
    progress = Progress(PlainDisplay(stream), Clock())
    progress(started())
    progress(RunEnded("diverged", 12, 0, 0.31, "the loss became nan at step 12"))
    last = stream.getvalue().splitlines()[-1]
    assert last == "mnist-mlp: diverged in epoch 1; the loss became nan at step 12; 12 steps in 0.3 s"


def test_plain_leaves_validation_out_where_there_is_none() -> None:
    clock, stream = Clock(), io.StringIO()
    events = without_validation(run_events(epochs=1))
    show(Progress(PlainDisplay(stream), clock), events, clock, seconds_per_step=0.0001)
    assert stream.getvalue().splitlines() == [
        "mnist-mlp: 101,770 parameters, 12,800 training images, batch size 128, 1 epoch of 100 steps",
        "epoch 1/1  train loss 0.1203 acc 0.9641  lr 0.05  10,000 it/s  4.2 s",
        "mnist-mlp: finished 1 epoch; 100 steps in 12.3 s",
    ]


# ------------------------------------------------------------ terminal


def console(stream: io.StringIO, **options: Any) -> Console:
    return Console(
        file=stream, force_terminal=True, width=100, height=30, _environ={"TERM": "xterm-256color"}, **options
    )


def test_the_terminal_ends_with_the_outcome_the_curve_and_the_best_epoch() -> None:
    clock, stream = Clock(), io.StringIO()
    show(Progress(TerminalDisplay(console(stream)), clock), run_events(), clock)
    last_frame = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue().split("\x1b[2K")[-1])
    whole = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "epoch 2/3 ━" in whole
    assert "finished 3 epochs · 300 steps in 12.3 s · best validation accuracy 0.9700 (epoch 2)" in last_frame
    assert "━ validation 0.9600  ┅ train 0.9641" in last_frame
    best_lines = [line for line in last_frame.splitlines() if line.rstrip().endswith("best")]
    assert [line.split()[-6] for line in best_lines] == ["2"]


def test_the_terminal_draws_the_training_curve_where_nothing_validates() -> None:
    clock, stream = Clock(), io.StringIO()
    show(Progress(TerminalDisplay(console(stream)), clock), without_validation(run_events()), clock)
    last_frame = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue().split("\x1b[2K")[-1])
    assert "┅ train 0.9641" in last_frame
    assert "validation" not in last_frame
    assert "best" not in last_frame


def test_the_terminal_gets_its_cursor_back_even_after_an_exception() -> None:
    stream = io.StringIO()

    def fail() -> None:
        with Progress(TerminalDisplay(console(stream)), Clock()) as progress:
            progress(started())
            progress(StepEnded(1, 1, 0.5, 1, 1, 0.1))
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        fail()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


@pytest.mark.parametrize("width", [20, 45, 60, 80, 100, 140])
@pytest.mark.parametrize("height", [5, 24, 50])
@pytest.mark.parametrize("count", [1, 60, 102, 240, 303])
def test_the_screen_never_grows_beyond_the_terminal(width: int, height: int, count: int) -> None:
    now = snapshot_after(max(2, count))
    for lines in (screen(now, width, height), screen(now, width, height, ended())):
        assert max(sum(len(text) for text, _ in line) for line in lines) <= width
        assert len(lines) <= height - 1


def test_the_screen_shows_the_running_loss_before_there_is_a_curve_of_epochs() -> None:
    text = ["".join(piece for piece, _ in line) for line in screen(snapshot_after(60), 80, 24)]
    assert any(line.startswith("loss  ━ last steps") for line in text)
    assert any("━" in line and "59/100" in line for line in text)


# ------------------------------------------------------------ notebook


def test_a_notebook_gets_one_output_that_updates(ipython: list[dict[str, str]]) -> None:
    clock = Clock()
    show(Progress(NotebookDisplay(), clock), run_events(name="<b>mine</b> & yours"), clock)
    assert len(ipython) > 3
    for bundle in ipython:
        assert "&lt;b&gt;mine&lt;/b&gt; &amp; yours" in bundle["text/html"]
        ElementTree.fromstring(bundle["text/html"])
    assert ipython[-1]["text/plain"].startswith("finished 3 epochs")
    assert "<polyline" in ipython[-1]["text/html"]
