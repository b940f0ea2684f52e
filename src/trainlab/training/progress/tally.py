"""The numbers of a run, summed up from its events while it goes on."""

from collections.abc import Sequence
from operator import mul

from trainlab.training.events import EpochEnded, Metrics, RunStarted, StepEnded
from trainlab.training.progress.pace import Pace
from trainlab.training.progress.snapshot import Snapshot, seconds_left
from trainlab.training.progress.trace import LossTrace


class Tally:
    """Sums up steps, epochs and seconds; it is told how long things took and reads no clock.

    >>> tally = Tally(RunStarted("run", 10, 100, 32, 3200, 800, 1000, first_step=0))
    >>> tally.add_steps([StepEnded(1, 1, 2.0, 8, 32, 0.1), StepEnded(2, 1, 1.0, 24, 32, 0.1)], seconds=0.5)
    >>> tally.snapshot().train, tally.snapshot().pace
    (Metrics(loss=1.5, accuracy=0.5), 4.0)
    """

    def __init__(self, run: RunStarted) -> None:
        self._run = run
        self._latest: StepEnded | None = None
        self._epochs: list[EpochEnded] = []
        self._best: EpochEnded | None = None
        self._losses = LossTrace()
        self._pace = Pace()
        self._pause_seconds = 0.0
        self._begin_epoch(run.first_step // run.steps_per_epoch + 1)

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._loss_sum = 0.0
        self._correct = 0.0
        self._images = 0.0
        self._steps = 0
        self.epoch_seconds = 0.0

    @property
    def steps_to_come(self) -> int:
        """Steps that this epoch still needs; 0 between two epochs."""
        latest = self._latest
        return max(0, latest.epoch * self._run.steps_per_epoch - latest.step) if latest else 0

    def add_steps(self, steps: Sequence[StepEnded], seconds: float) -> None:
        """Takes in one or more steps of the same epoch that took ``seconds`` together."""
        latest = steps[-1]
        if latest.epoch != self._epoch:
            self._begin_epoch(latest.epoch)
        _, _, losses, correct, sizes, _ = zip(*steps, strict=True)  # columns: summed up faster than in a loop
        loss_sum = sum(map(mul, losses, sizes))
        images = sum(sizes)
        self._latest = latest
        self._loss_sum += loss_sum
        self._correct += sum(correct)
        self._images += images
        self._steps += len(steps)
        self.epoch_seconds += seconds
        self._pace.add(len(steps), seconds)
        if not self._epochs:
            self._losses.add(latest.step, loss_sum, images)
        if self.steps_to_come == 0:
            self._pause_seconds = 0.0

    def add_pause(self, seconds: float) -> None:
        """Takes in time between two epochs that went into validating and saving."""
        self._pause_seconds += seconds

    def end_epoch(self, epoch: EpochEnded) -> None:
        """Takes in the figures of an epoch."""
        self._epochs.append(epoch)
        if epoch.is_best:
            self._best = epoch

    def snapshot(self) -> Snapshot:
        """The state of the run now."""
        run, latest = self._run, self._latest
        step = latest.step if latest else run.first_step
        epochs_done = self._epochs[-1].epoch if self._epochs else run.first_step // run.steps_per_epoch
        pace = self._pace.steps_per_second
        has_steps = self._images > 0
        return Snapshot(
            run=run,
            epoch=min(self._epoch, run.epochs),
            step=step,
            train=Metrics(self._loss_sum / self._images, self._correct / self._images) if has_steps else None,
            learning_rate=latest.learning_rate if latest else None,
            pace=pace,
            epoch_pace=self._steps / self.epoch_seconds if self.epoch_seconds > 0 else None,
            seconds_left=seconds_left(run, step, epochs_done, pace, self._pause_seconds),
            epochs=self._epochs,
            best=self._best,
            losses=self._losses.points(),
        )
