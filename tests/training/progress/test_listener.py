"""What the listener counts, how seldom it looks at the clock, and that it always tidies up."""

import io
from pathlib import Path

import pytest

from tests.training.progress.staged_run import Clock, Recorder, run_events, show, started
from trainlab.training.events import CheckpointSaved, EpochEnded, Metrics, RunStarted, StepEnded
from trainlab.training.progress import Progress
from trainlab.training.progress.plain import PlainDisplay


def test_running_loss_and_accuracy_weigh_every_image_alike() -> None:
    progress = Progress(recorder := Recorder(), Clock())
    progress(started())
    progress(StepEnded(1, 1, 1.0, 3, 3, 0.1))
    progress(StepEnded(2, 1, 5.0, 0, 1, 0.1))
    progress(CheckpointSaved(2, Path("checkpoint")))
    progress(StepEnded(3, 1, 2.0, 1, 2, 0.1))
    assert recorder.snapshots[-1].train == Metrics(loss=(3 + 5 + 4) / 6, accuracy=4 / 6)


def test_an_epoch_starts_its_means_anew() -> None:
    clock, recorder = Clock(), Recorder()
    progress = Progress(recorder, clock)
    show(progress, run_events(), clock)
    first_of_last_epoch = next(now for now in recorder.snapshots if now.epoch == 3)
    assert first_of_last_epoch.step == 201
    assert first_of_last_epoch.train == Metrics(2.0 / 201, 120 / 128)


def test_it_draws_at_most_as_often_as_the_display_wants() -> None:
    clock, recorder = Clock(), Recorder(interval=1 / 8)
    show(Progress(recorder, clock), run_events(), clock, seconds_per_step=0.01)
    assert 16 <= recorder.calls.count("refresh") <= 24  # 300 steps take 3 seconds


def test_fast_steps_seldom_read_the_clock() -> None:
    clock = Clock()
    progress = Progress(Recorder(), clock)
    progress(RunStarted("lab1", 1, 54_000, 1, 54_000, 6_000, 101_770, 0))
    for step in range(1, 54_001):
        clock.now += 25e-6
        progress(StepEnded(step, 1, 0.5, 1, 1, 0.01))
    assert clock.readings < 54_000 / 200


def test_slow_steps_are_all_seen_even_after_fast_ones() -> None:
    clock, recorder = Clock(), Recorder(interval=0.1)
    progress = Progress(recorder, clock)
    progress(RunStarted("slow", 1, 2_000, 1, 2_000, 10, 10, 0))
    for step in range(1, 2_001):
        clock.now += 1e-6 if step <= 1_000 else 1.0
        progress(StepEnded(step, 1, 0.5, 1, 1, 0.01))
    seen = [now.step for now in recorder.snapshots]
    assert seen[-500:] == list(range(1_501, 2_001))


def test_pace_and_time_left_keep_validation_apart_from_steps() -> None:
    clock, recorder = Clock(), Recorder()
    progress = Progress(recorder, clock)
    for event in run_events():
        if isinstance(event, StepEnded):
            clock.now += 0.02
        elif isinstance(event, EpochEnded):
            clock.now += 3.0
        progress(event)
        if isinstance(event, EpochEnded):
            break
    now = recorder.snapshots[-1]
    assert now.pace == pytest.approx(50)
    assert now.seconds_left == pytest.approx(200 / 50 + 2 * 3.0)


def test_a_process_that_was_stopped_expects_to_go_on_as_before() -> None:
    clock, recorder = Clock(), Recorder(interval=0.1)
    progress = Progress(recorder, clock)
    progress(RunStarted("stopped", 1, 100, 1, 100, 10, 10, 0))
    for step in range(1, 51):
        clock.now += 3600.0 if step == 40 else 0.5
        progress(StepEnded(step, 1, 0.5, 1, 1, 0.01))
    assert recorder.snapshots[-1].pace == pytest.approx(2.0)
    for step in range(51, 54):
        clock.now += 3600.0
        progress(StepEnded(step, 1, 0.5, 1, 1, 0.01))
    assert recorder.snapshots[-1].pace == pytest.approx(1 / 3600)


def test_the_wait_for_validation_is_shown_after_a_long_epoch_only() -> None:
    for seconds_per_step, expected in ((0.1, 3), (0.001, 0)):
        clock, recorder = Clock(), Recorder()
        show(Progress(recorder, clock), run_events(), clock, seconds_per_step)
        assert recorder.calls.count("start_validation") == expected


def test_a_resumed_run_counts_on() -> None:
    progress = Progress(recorder := Recorder(), Clock())
    progress(started(first_step=150))
    progress(StepEnded(151, 2, 0.5, 64, 128, 0.05))
    now = recorder.snapshots[-1]
    assert (now.epoch, now.step_in_epoch) == (2, 51)


def test_the_display_is_closed_after_an_exception() -> None:
    recorder = Recorder()

    def fail() -> None:
        with Progress(recorder, Clock()) as progress:
            progress(started())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert recorder.calls[-1] == "close"


def test_a_lost_terminal_does_not_end_the_run() -> None:
    attempts = []

    class Broken(io.StringIO):
        def flush(self) -> None:
            attempts.append(self.getvalue())
            raise BrokenPipeError

    clock = Clock()
    show(Progress(PlainDisplay(Broken()), clock), run_events(), clock)
    assert len(attempts) == 1, "after the first failure nothing more is written"


def test_events_before_run_started_are_refused() -> None:
    with pytest.raises(RuntimeError, match="got an event before RunStarted; every run must start with it"):
        Progress(Recorder(), Clock())(StepEnded(1, 1, 0.5, 1, 1, 0.1))
