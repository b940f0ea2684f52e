"""Workers that end at once, in an order of the test's choosing, so that a coordinator's decisions can be looked at."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainlab.experiments.sweep.coordinator import Display
from trainlab.experiments.sweep.executors.workers import Message
from trainlab.experiments.sweep.folder import RunKey
from trainlab.experiments.sweep.snapshot import Snapshot
from trainlab.experiments.sweep.table import Row
from trainlab.experiments.sweep.worker import Request

Outcome = Callable[[dict[str, Any], int], str | float | list[float]]
"""From a run's configuration and how often it was begun to its accuracy or all of its epochs', or how else it ends."""


class ScriptedWorkers:
    """Stands in for `LocalWorkers`. A run ends when the coordinator waits, the one to end drawn by ``seed``.

    An outcome is a validation accuracy, or one for each epoch, or ``failed``, ``killed``, ``diverged``. A run that is
    judged ends where its judge says so.
    """

    def __init__(self, outcome: Outcome, seed: int = 0) -> None:
        self.started: list[RunKey] = []
        self.most_at_once = 0
        self.stops = 0
        self._outcome = outcome
        self._random = random.Random(seed)
        self._running: dict[RunKey, Request] = {}

    def start(self, key: RunKey, request: Request) -> None:
        self.started.append(key)
        self._running[key] = request
        self.most_at_once = max(self.most_at_once, len(self._running))

    def receive(self, timeout: float) -> list[Message]:
        key = self._random.choice(sorted(self._running))
        return self.end(key, self._running.pop(key))

    def end(self, key: RunKey, request: Request) -> list[Message]:
        """Leave behind what the run does, and say so."""
        outcome = self._outcome(request.config, self.started.count(key))
        if outcome == "failed":
            return [Message(key, {"failed": "no\nluck"}), Message(key, None, 1)]
        if outcome == "killed":
            return [Message(key, None, -9)]
        if isinstance(outcome, str):
            return self._ended(key, request, outcome, [])
        curve = [outcome] if isinstance(outcome, float) else outcome
        if (pruning := Request.from_line(request.to_line()).pruning) is not None:
            for epochs in range(1, len(curve)):
                if reason := pruning.judge()(curve[:epochs]):
                    return self._ended(key, request, "pruned", curve[:epochs], reason)
        return self._ended(key, request, "finished", curve)

    def _ended(self, key: RunKey, request: Request, status: str, curve: list[float], reason: str = "") -> list[Message]:
        write_run(Path(request.path), status, curve, reason)
        return [Message(key, {"ended": status}), Message(key, None)]

    @property
    def count(self) -> int:
        return len(self._running)

    def stop(self) -> None:
        self.stops += 1

    def kill(self) -> None:
        self.stops += 1

    def close(self) -> None:
        self._running.clear()


class Notes(Display):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.snapshots: list[Snapshot] = []
        self.texts: list[str] = []

    def refresh(self, now: Snapshot) -> None:
        self.snapshots.append(now)

    def run_ended(self, now: Snapshot, row: Row, seconds: float) -> None:
        self.snapshots.append(now)
        self.rows.append(row)

    def note(self, text: str) -> None:
        self.texts.append(text)


def write_run(run: Path, status: str, curve: list[float], reason: str = "") -> None:
    """What a run leaves behind, as far as a sweep reads it."""
    epochs: list[dict[str, Any]] = [
        {"epoch": epoch, **{part: {"loss": 1.0 - accuracy, "accuracy": accuracy} for part in ("train", "validation")}}
        for epoch, accuracy in enumerate(curve, start=1)
    ]
    summary = {
        "status": status,
        "reason": reason or ("all epochs are done" if status == "finished" else "the training loss became nan"),
        "final": epochs[-1] if epochs else None,
        "best": max(epochs, key=lambda line: line["validation"]["accuracy"]) if epochs else None,
        "steps": 22,
        "parameters": 100,
    }
    run.mkdir(exist_ok=True)
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in epochs))
    (run / "summary.json").write_text(json.dumps(summary))
