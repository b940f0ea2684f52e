"""The training loop: the order of events, what is averaged, and every way in which a run can end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.scripted_engine import LateScriptedEngine, ScriptedEngine
from trainlab.data import Dataset, Loader, Raw
from trainlab.engines import StepResult
from trainlab.errors import InputError
from trainlab.optim import constant, step_decay
from trainlab.training import (
    CheckpointFolder,
    CheckpointSaved,
    EpochEnded,
    Event,
    Plan,
    RunEnded,
    RunningMean,
    RunStarted,
    StepEnded,
    Trainer,
    TrainingState,
)
from trainlab.training.checkpoint import load


def batches(count: int, batch_size: int) -> Loader:
    dataset = Dataset("dots", np.zeros((count, 1, 1, 1), np.uint8), np.zeros(count, np.uint8), ("dot",))
    return Loader(dataset, np.arange(count), batch_size, Raw(), seed=0, shuffle=True)


def trainer(
    engine: ScriptedEngine, events: list[Event], *, folder: Path | None = None, epochs: int = 2, **plan: Any
) -> Trainer:
    """Five training images in batches of two (three steps an epoch), four validation images in one batch."""
    return Trainer(
        engine,
        batches(5, 2),
        batches(4, 4),
        Plan(name="test", epochs=epochs, lr=0.1, schedule=plan.pop("schedule", constant), **plan),
        listeners=[events.append],
        checkpoints=None if folder is None else CheckpointFolder(folder),
    )


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_events_come_in_order_and_each_epoch_is_saved_after_it_was_told(tmp_path: Path) -> None:
    events: list[Event] = []
    trainer(ScriptedEngine(), events, folder=tmp_path).run()
    epoch = ["StepEnded"] * 3 + ["EpochEnded", "CheckpointSaved"]
    assert kinds(events) == ["RunStarted", "CheckpointSaved", *epoch, *epoch, "RunEnded"]


def test_the_first_event_tells_the_sizes() -> None:
    events: list[Event] = []
    trainer(ScriptedEngine(), events).run()
    assert events[0] == RunStarted("test", 2, 3, 2, 5, 4, 0, 0)


def test_a_mean_weighs_every_image_the_same_whatever_its_batch() -> None:
    # batches of 2, 2 and 1 images with losses 1, 2 and 6: (2·1 + 2·2 + 1·6) / 5 = 12 / 5 = 2.4, not (1 + 2 + 6) / 3 = 3
    events: list[Event] = []
    trainer(ScriptedEngine(losses=[1.0, 2.0, 6.0]), events, epochs=1).run()
    (ended,) = [event for event in events if isinstance(event, EpochEnded)]
    assert ended.train.loss == pytest.approx(2.4, abs=1e-15)


def test_no_batch_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no batch was counted"):
        RunningMean().metrics()


def test_the_learning_rate_follows_the_schedule_step_by_step() -> None:
    engine = ScriptedEngine()
    events: list[Event] = []
    trainer(engine, events, schedule=lambda step: step_decay(step, every=2, gamma=0.5)).run()
    assert engine.rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])
    assert [event.learning_rate for event in events if isinstance(event, StepEnded)] == engine.rates


def test_the_best_epoch_is_the_first_with_the_highest_validation_accuracy(tmp_path: Path) -> None:
    events: list[Event] = []
    engine = ScriptedEngine(accuracies=[0.25, 0.75, 0.5, 0.75])
    outcome = trainer(engine, events, folder=tmp_path, epochs=4).run()
    assert [event.is_best for event in events if isinstance(event, EpochEnded)] == [True, True, False, False]
    assert outcome.state.best is not None
    assert outcome.state.best.epoch == 2
    assert load(tmp_path / "best.safetensors").training.epoch == 2


def test_patience_stops_a_run_that_no_longer_gets_better() -> None:
    events: list[Event] = []
    engine = ScriptedEngine(accuracies=[0.5, 0.75, 0.5])
    outcome = trainer(engine, events, epochs=50, patience=3).run()
    assert outcome.status == "finished"
    assert outcome.state.epoch == 5
    assert "no better validation accuracy for 3 epochs" in outcome.reason


def test_a_judge_ends_a_run_after_an_epoch_and_is_not_asked_after_the_last() -> None:
    events: list[Event] = []
    asked: list[int] = []

    def judge() -> str:
        asked.append(running.state.epoch)
        return "behind" if len(asked) == 2 else ""

    running = trainer(ScriptedEngine(), events, epochs=4)
    running.judge = judge
    outcome = running.run()
    assert (outcome.status, outcome.reason, outcome.state.epoch) == ("pruned", "behind", 2)
    assert isinstance(events[-1], RunEnded)
    assert events[-1].status == "pruned"
    asked.clear()
    running = trainer(ScriptedEngine(), events, epochs=2)
    running.judge = judge
    assert running.run().status == "finished"
    assert asked == [1]


@pytest.mark.parametrize("patience", [0, 1])
def test_a_run_killed_after_the_epoch_that_ends_it_takes_no_further_step_when_it_is_resumed(
    tmp_path: Path, patience: int
) -> None:
    class Killed(BaseException):
        pass

    def die(event: Event) -> None:
        if isinstance(event, CheckpointSaved) and event.step == 6:
            raise Killed

    def make(state: TrainingState) -> Trainer:
        engine = ScriptedEngine(accuracies=[0.5, 0.25])
        running = trainer(engine, events, folder=tmp_path, epochs=4, patience=patience)
        running.state = state
        running.judge = lambda: "" if patience else "behind" if running.state.epoch == 2 else ""
        return running

    events: list[Event] = []
    killed = make(TrainingState())
    killed.listeners = [*killed.listeners, die]
    with pytest.raises(Killed):
        killed.run()
    resumed = make(CheckpointFolder(tmp_path).load_latest()[0].training)
    outcome = resumed.run()
    assert (outcome.state.step, outcome.state.epoch) == (6, 2)
    assert outcome.status == ("finished" if patience else "pruned")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_at_once_and_keeps_the_last_checkpoint(tmp_path: Path, bad: float) -> None:
    events: list[Event] = []
    outcome = trainer(ScriptedEngine(losses=[1, 1, 1, 1, bad]), events, folder=tmp_path).run()
    assert outcome.status == "diverged"
    assert outcome.reason == f"the training loss became {bad} in step 5 (epoch 2)"
    assert CheckpointFolder(tmp_path).load_latest()[0].training.step == 3
    assert isinstance(events[-1], RunEnded)
    assert events[-1].status == "diverged"


def test_a_validation_loss_that_is_not_finite_stops_too() -> None:
    class Blind(ScriptedEngine):
        def eval_step(self, batch: Any, views: Any = ()) -> StepResult:
            return StepResult(float("nan"), 0, 4)

    outcome = trainer(Blind(), []).run()
    assert outcome.status == "diverged"
    assert "validation loss became nan after epoch 1" in outcome.reason


def test_without_validation_batches_nothing_is_validated_and_no_epoch_is_best(tmp_path: Path) -> None:
    events: list[Event] = []
    running = trainer(ScriptedEngine(losses=[3.0]), events, folder=tmp_path)
    running.validation_batches = None
    outcome = running.run()
    assert (outcome.status, outcome.state.best) == ("finished", None)
    started, *_ = events
    assert isinstance(started, RunStarted)
    assert started.validation_size == 0
    for event in events:
        if isinstance(event, EpochEnded):
            assert (event.train.loss, event.validation, event.is_best) == (3.0, None, False)
    saved = CheckpointFolder(tmp_path).load_latest()[0].training
    assert (saved.last, saved.best) == (outcome.state.last, None)
    assert not (tmp_path / "best.safetensors").exists()


def test_patience_needs_validation_batches() -> None:
    plan = Plan("test", 2, 0.1, constant, patience=3)
    with pytest.raises(InputError, match="patience = 3 waits for a better validation accuracy, and there are no"):
        Trainer(ScriptedEngine(), batches(5, 2), None, plan)


def test_a_batch_counts_as_much_as_its_images_weigh() -> None:
    mean = RunningMean()
    mean.add(StepResult(loss=1.0, correct=0.5, size=0.5))
    mean.add(StepResult(loss=4.0, correct=0.0, size=1.0))
    # (0.5 · 1 + 1 · 4) / 1.5 = 3; 0.5 / 1.5 = 1/3
    assert mean.metrics() == pytest.approx((3.0, 1 / 3), rel=1e-15)


def test_a_stop_request_finishes_the_step_and_saves_it(tmp_path: Path) -> None:
    events: list[Event] = []
    running = trainer(ScriptedEngine(), events, folder=tmp_path)

    def stop_in_step_2(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == 2:
            running.request_stop()

    running.listeners = [events.append, stop_in_step_2]
    outcome = running.run()
    assert (outcome.status, outcome.state.step) == ("interrupted", 2)
    saved = CheckpointFolder(tmp_path).load_latest()[0].training
    assert (saved.step, saved.epoch, saved.step_in_epoch, saved.running.size) == (2, 0, 2, 4)


def test_a_stop_request_in_the_last_step_of_all_is_a_finished_run() -> None:
    running = trainer(ScriptedEngine(), [], epochs=1)
    running.listeners = [
        lambda event: running.request_stop() if isinstance(event, StepEnded) and event.step == 3 else None
    ]
    assert running.run().status == "finished"


def test_checkpoints_every_few_steps(tmp_path: Path) -> None:
    events: list[Event] = []
    trainer(ScriptedEngine(), events, folder=tmp_path, checkpoint_steps=2).run()
    assert [event.step for event in events if isinstance(event, CheckpointSaved)] == [0, 2, 3, 4, 6, 6]


def test_checkpoints_every_few_seconds(tmp_path: Path) -> None:
    events: list[Event] = []
    running = trainer(ScriptedEngine(), events, folder=tmp_path, checkpoint_seconds=10.0)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 6.0  # at every look
        return now

    running.clock = clock
    running.run()
    steps = [event.step for event in events if isinstance(event, CheckpointSaved)]
    assert set(range(0, 7, 3)) < set(steps), "besides the start and the two epochs there were others"


@pytest.mark.parametrize("stop_after", range(1, 7))
def test_a_run_resumed_after_any_step_tells_the_same_figures(tmp_path: Path, stop_after: int) -> None:
    losses, accuracies = [3.0, 2.0, 1.5, 1.0, 0.5, 0.25], [0.25, 0.5]
    whole: list[Event] = []
    trainer(ScriptedEngine(losses, accuracies), whole).run()

    first: list[Event] = []
    running = trainer(ScriptedEngine(losses, accuracies), first, folder=tmp_path)

    def stop(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == stop_after:
            running.request_stop()

    running.listeners = [first.append, stop]
    running.run()
    checkpoint = CheckpointFolder(tmp_path).load_latest()[0]
    engine = ScriptedEngine(losses, accuracies[checkpoint.training.epoch :])
    engine.load_state(checkpoint.engine)
    second: list[Event] = []
    resumed = trainer(engine, second)
    resumed.state = TrainingState.from_json(checkpoint.training.to_json())
    resumed.run()

    def figures(events: Sequence[Event]) -> list[tuple[Any, ...]]:
        return [(event.epoch, event.step, event.train, event.validation, event.is_best)
                for event in events if isinstance(event, EpochEnded)]  # fmt: skip

    assert figures([*first, *second]) == figures(whole)
    started = second[0]
    assert isinstance(started, RunStarted)
    assert started.first_step == stop_after


LOSSES, ACCURACIES = [3.0, 2.0, 1.5, 1.0, 0.5, 0.25], [0.25, 0.5]


def test_results_that_come_late_change_nothing_that_is_told_or_saved(tmp_path: Path) -> None:
    told: list[list[Event]] = [[], []]
    late = LateScriptedEngine(LOSSES, ACCURACIES)
    for number, engine in enumerate([ScriptedEngine(LOSSES, ACCURACIES), late]):
        folder = tmp_path / str(number)
        running = trainer(engine, told[number], folder=folder, checkpoint_steps=5, schedule=lambda step: 1 / (step + 1))
        running.clock = lambda: 0.0
        running.run()
    assert late.most_in_flight == 3
    without_paths = [
        [event.step if isinstance(event, CheckpointSaved) else event for event in events] for events in told
    ]
    # steps are told later, when they are read; what is told of each, and the order of steps and epochs, is the same
    assert [e for e in without_paths[0] if not isinstance(e, int)] == [
        e for e in without_paths[1] if not isinstance(e, int)
    ]
    assert [e for e in without_paths[0] if isinstance(e, int)] == [e for e in without_paths[1] if isinstance(e, int)]
    for name in sorted(path.name for path in (tmp_path / "0").iterdir()):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name


def test_a_late_loss_that_is_not_finite_stops_before_anything_is_saved(tmp_path: Path) -> None:
    events: list[Event] = []
    outcome = trainer(LateScriptedEngine(losses=[1, 1, 1, 1, float("nan")]), events, folder=tmp_path).run()
    assert (outcome.status, outcome.reason) == ("diverged", "the training loss became nan in step 5 (epoch 2)")
    assert CheckpointFolder(tmp_path).load_latest()[0].training.step == 3


def test_a_stop_request_waits_for_the_steps_that_have_begun(tmp_path: Path) -> None:
    running = trainer(LateScriptedEngine(), [], folder=tmp_path, epochs=4)

    def stop_in_step_4(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == 4:
            running.request_stop()

    running.listeners = [stop_in_step_4]
    outcome = running.run()
    assert outcome.status == "interrupted"
    assert outcome.state.step == 6  # step 4 was read when step 6 had begun
    checkpoint = CheckpointFolder(tmp_path).load_latest()[0]
    assert (checkpoint.training.step, checkpoint.engine.model["steps"].item()) == (6, 6)
