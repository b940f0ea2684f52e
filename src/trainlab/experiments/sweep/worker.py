"""One run of a sweep, in a process of its own: ``python -m trainlab.experiments.sweep worker``.

The coordinator writes one line of JSON to standard input (`Request`) and keeps the pipe open. When the pipe closes,
because the run is to stop or because the coordinator was killed, the run saves a checkpoint and ends. What happens goes
to standard output, a line of JSON each: how far the run is, each epoch's accuracy, how it ended.
"""

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.errors import InputError
from trainlab.experiments.sweep.pruning import Pruning
from trainlab.lock import locked

if TYPE_CHECKING:
    from trainlab.experiments.training_run import Result
    from trainlab.training import Event, Trainer

TELL_SECONDS = 0.2
"""Between two lines about the same epoch."""

GRACE_SECONDS = 20.0
"""For the step under way and its checkpoint, when the run is to stop; then the process ends at once."""

FAILED = 1


@dataclass(frozen=True)
class Request:
    """What a worker is to do: begin a run, or go on with it."""

    path: str
    """The run's folder."""
    lock: str
    """A file to lock: a worker whose coordinator was killed may still be saving this run."""
    name: str
    config: dict[str, Any]
    command: list[str]
    pruning: Pruning | None = None
    """What the run is judged by after each epoch."""
    listeners: Sequence[str] = ()
    """Of the run, besides the coordinator: ``MODULE:NAME`` of what makes one from the run's folder and closes it."""

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Request":
        values = json.loads(line)
        pruning = values.pop("pruning")
        return cls(**values, pruning=pruning and Pruning(**pruning))


class Teller:
    """A listener of `Trainer` that writes lines for the coordinator."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._steps = 0
        self._told_at = self._checked_at = time.perf_counter()
        self._stride, self._unchecked = 1, 0

    def tell(self, **values: Any) -> None:
        """Write a line. A coordinator that has gone must not stop the last checkpoint."""
        with contextlib.suppress(OSError):
            self._write(json.dumps(values).encode() + b"\n")

    def __call__(self, event: "Event") -> None:
        from trainlab.training import EpochEnded, RunStarted, StepEnded

        if type(event) is StepEnded:
            self._unchecked += 1
            if self._unchecked >= self._stride:
                self._check(event.step)
        elif type(event) is RunStarted:
            self._steps = event.epochs * event.steps_per_epoch
            self.tell(step=event.first_step, steps=self._steps)
        elif type(event) is EpochEnded:
            accuracy = event.validation.accuracy if event.validation is not None else None
            self.tell(step=event.step, steps=self._steps, epoch=event.epoch, accuracy=accuracy)

    def _check(self, step: int) -> None:
        from trainlab.training.progress.pace import next_stride

        now = time.perf_counter()
        self._stride = next_stride(self._stride, now - self._checked_at)
        self._unchecked, self._checked_at = 0, now
        if now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            self.tell(step=step, steps=self._steps)


class Watch:
    """Waits in a thread for standard input to close; then the run is to stop."""

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._is_closed = False
        threading.Thread(target=self._wait, daemon=True).start()

    def attend(self, trainer: "Trainer") -> None:
        """Stop this trainer when the time has come."""
        self._trainer = trainer
        if self._is_closed:
            trainer.request_stop()

    def _wait(self) -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock would be held when the process ends
            pass
        self._is_closed = True
        if self._trainer is not None:
            self._trainer.request_stop()
            time.sleep(GRACE_SECONDS)
        os._exit(FAILED)  # nothing is lost but the steps since the last checkpoint


def run(request: Request, watch: Watch, teller: Teller) -> "Result | None":
    """Begin the run or go on with it; None when it had finished already."""
    from trainlab.experiments.config import Config
    from trainlab.experiments.training_run import resume, train
    from trainlab.training import CheckpointFolder

    path = Path(request.path)
    judge = request.pruning.judge() if request.pruning else None
    with locked(Path(request.lock)), contextlib.ExitStack() as opened:
        listeners = [teller, *(opened.enter_context(_made(name)(path)) for name in request.listeners)]
        if path.exists() and not CheckpointFolder(path / "checkpoints").step_paths():
            shutil.rmtree(path)  # killed before its first checkpoint: there is nothing to go on with
        if path.exists():
            return resume(path, listeners=listeners, on_start=watch.attend, judge=judge)
        config = Config.from_mapping(request.config)
        return train(
            config,
            path,
            request.name,
            listeners=listeners,
            command=request.command,
            on_start=watch.attend,
            judge=judge,
        )


def _made(name: str) -> Any:
    """What ``MODULE:NAME`` names."""
    module, _, inside = name.partition(":")
    return getattr(importlib.import_module(module), inside)


def main() -> int:
    """Do what standard input asks for; returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the coordinator, which closes the pipe
    line = sys.stdin.buffer.readline()
    if not line:
        return FAILED  # the coordinator was killed before it could say what to do
    request = Request.from_line(line)
    watch, teller = Watch(), Teller(partial(os.write, 1))
    try:
        result = run(request, watch, teller)
    except InputError as error:
        teller.tell(failed=str(error))
        return FAILED
    except Exception as error:
        traceback.print_exc()
        teller.tell(failed=f"{type(error).__name__}: {error}")
        return FAILED
    teller.tell(ended="finished" if result is None else result.outcome.status)
    return 0
