"""A run made of events, a clock that is moved by hand, and a display that keeps what it is shown."""

from collections.abc import Iterable, Iterator

from trainlab.training.events import EpochEnded, Event, Metrics, RunEnded, RunStarted, StepEnded
from trainlab.training.progress import Progress, Snapshot

STEPS_PER_EPOCH = 100


class Clock:
    """A clock that the test moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.readings = 0

    def __call__(self) -> float:
        self.readings += 1
        return self.now


class Recorder:
    """A display that keeps what it is shown."""

    def __init__(self, interval: float = 0.0) -> None:
        self.interval = interval
        self.snapshots: list[Snapshot] = []
        self.calls: list[str] = []

    def start(self, now: Snapshot) -> None:
        self.calls.append("start")

    def refresh(self, now: Snapshot) -> None:
        self.calls.append("refresh")
        self.snapshots.append(now)

    def start_validation(self, now: Snapshot) -> None:
        self.calls.append("start_validation")

    def end_epoch(self, now: Snapshot, epoch: EpochEnded) -> bool:
        self.calls.append("end_epoch")
        return False

    def end(self, now: Snapshot, ended: RunEnded) -> None:
        self.calls.append("end")

    def close(self) -> None:
        self.calls.append("close")


def started(epochs: int = 3, name: str = "mnist-mlp", first_step: int = 0) -> RunStarted:
    return RunStarted(name, epochs, STEPS_PER_EPOCH, 128, 12_800, 1_000, 101_770, first_step)


def ended(epochs: int = 3) -> RunEnded:
    return RunEnded("finished", epochs * STEPS_PER_EPOCH, epochs, 12.34, "all epochs are done")


def epoch_ended(epoch: int, accuracy: float, is_best: bool) -> EpochEnded:
    step = epoch * STEPS_PER_EPOCH
    return EpochEnded(epoch, step, Metrics(0.1203, 0.9641), Metrics(0.131, accuracy), 0.05, 4.2, is_best)


def without_validation(events: Iterable[Event]) -> Iterator[Event]:
    """The same run where nothing validates."""
    for event in events:
        if isinstance(event, RunStarted):
            yield event._replace(validation_size=0)
        elif isinstance(event, EpochEnded):
            yield event._replace(validation=None, is_best=False)
        else:
            yield event


def run_events(epochs: int = 3, name: str = "mnist-mlp") -> Iterator[Event]:
    """A whole run whose second epoch is the best."""
    yield started(epochs, name)
    for epoch in range(1, epochs + 1):
        for i in range(1, STEPS_PER_EPOCH + 1):
            step = (epoch - 1) * STEPS_PER_EPOCH + i
            yield StepEnded(step, epoch, 2.0 / step, 120, 128, 0.05)
        yield epoch_ended(epoch, accuracy=0.97 if epoch == 2 else 0.96, is_best=epoch <= 2)
    yield ended(epochs)


def show(progress: Progress, events: Iterator[Event], clock: Clock, seconds_per_step: float = 0.01) -> None:
    for event in events:
        if isinstance(event, StepEnded):
            clock.now += seconds_per_step
        progress(event)


def snapshot_after(count: int, epochs: int = 3, name: str = "mnist-mlp") -> Snapshot:
    """The state after ``count`` events of the run."""
    clock, recorder = Clock(), Recorder()
    progress = Progress(recorder, clock)
    show(progress, (event for _, event in zip(range(count), run_events(epochs, name), strict=False)), clock)
    return recorder.snapshots[-1]
