"""Runs what a sweep still has to run, so many at a time, until all has ended or something says stop."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal, Protocol

from trainlab.errors import InputError
from trainlab.experiments.sweep.executors.executor import Executor, make_workers
from trainlab.experiments.sweep.executors.workers import Message, Workers
from trainlab.experiments.sweep.folder import RunKey, SweepFolder
from trainlab.experiments.sweep.search import Tried, propose
from trainlab.experiments.sweep.snapshot import Running, Snapshot
from trainlab.experiments.sweep.table import PointScore, Row, best_point, scores
from trainlab.experiments.sweep.worker import Request

POLL_SECONDS = 0.1
DEATHS = 3
"""A run whose process was killed so often from outside is given up; each time it goes on from its last checkpoint."""


class Display(Protocol):
    """Shows a sweep while it goes on."""

    def refresh(self, now: Snapshot) -> None:
        """Called several times a second."""

    def run_ended(self, now: Snapshot, row: Row, seconds: float) -> None:
        """A run has ended: finished, diverged, pruned, failed, or stopped on its way."""

    def note(self, text: str) -> None:
        """Something to tell."""


@dataclass(frozen=True)
class SweepOutcome:
    """How a sweep ended, for now."""

    status: Literal["finished", "interrupted", "out of time"]
    rows: list[Row]

    def count(self, status: str) -> int:
        """Runs that ended so."""
        return sum(row.status == status for row in self.rows)


class Coordinator:
    """Runs the rest of a sweep.

    Args:
        folder: of the sweep; must be locked by the caller (`SweepFolder.alone`).
        display: is told what happens.
        jobs: runs at a time.
        budget: seconds after which no new run begins; 0 for no limit. Counted from `run` on.
        command: what the user typed, for the runs' ``environment.json``.
        listeners: of each run, in its worker's process: see `Request`.
        executor: where runs are computed; by default where the sweep says.
        workers: stand in for those of the executor.
    """

    def __init__(
        self,
        folder: SweepFolder,
        display: Display,
        *,
        jobs: int | None = None,
        budget: float | None = None,
        command: list[str] | None = None,
        listeners: Sequence[str] = (),
        executor: Executor | None = None,
        workers: Workers | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.folder = folder
        self.sweep = folder.sweep
        self._display = display
        self._jobs = jobs or self.sweep.jobs
        self._budget = self.sweep.budget if budget is None else budget
        self._command = command or []
        self._listeners = listeners
        self._clock = clock
        self._executor = executor or self.sweep.executor
        self._given_workers = workers
        self._waiting = [key for key in folder.runs() if folder.is_open(key)]
        self._running: dict[RunKey, Running] = {}
        self._failures: dict[RunKey, str] = {}
        self._deaths: dict[RunKey, int] = {}
        self._rows: list[Row] = []
        self._scores: list[PointScore] = []
        self._first_ended: list[bool] = []
        """Of each point, whether its first seed's run has ended."""
        self._all_ended_before = 0
        """The first point of which it has not."""
        self._stops = 0
        self._started = 0.0
        self._ended_before = self._ended = 0

    @cached_property
    def _workers(self) -> Workers:
        if self._given_workers is not None:
            return self._given_workers
        if self._executor.is_elsewhere:
            self._display.note(f"waiting for {self._executor} …")
        return make_workers(self._executor, self.folder.path, self._jobs, self.sweep.cores_per_job)

    @property
    def is_done(self) -> bool:
        """Nothing is left to run."""
        return not self._waiting and not self._running and not self._is_point_missing()

    def request_stop(self) -> None:
        """Begin no new run and let those under way save and end; the second time, end them at once."""
        self._stops += 1

    def run(self) -> SweepOutcome:
        """Go on to the end of the sweep, or until something stops it."""
        self._started = self._clock()
        self._update_results()
        self._ended_before, self._ended = self._ended, 0
        told_stops = 0
        with closing(self._workers):
            while True:
                while self._may_begin() and (key := self._next_run()) is not None:
                    self._begin(key)
                if not self._workers.count:
                    break
                for message in self._workers.receive(POLL_SECONDS):
                    self._take(message)
                if self._stops > told_stops:
                    told_stops = self._stops
                    self._stop_workers()
                self._display.refresh(self.snapshot())
        rows = self._update_results()
        if not self._is_point_missing() and all(row.status != "unfinished" for row in rows):
            return SweepOutcome("finished", rows)
        return SweepOutcome("interrupted" if self._stops else "out of time", rows)

    def _stop_workers(self) -> None:
        if self._stops > 1:
            self._workers.kill()
            return
        self._display.note("stopping: runs save and end (Ctrl-C again to end them at once) …")
        self._workers.stop()

    def snapshot(self) -> Snapshot:
        """How far the sweep is."""
        total = len(self.sweep.seeds) * max(len(self.folder.points), self.sweep.trials)
        return Snapshot(
            ended=self._ended_before + self._ended,
            total=total,
            ended_before=self._ended_before,
            running=list(self._running.values()),
            best=best_point(self._scores),
            seconds=self._clock() - self._started,
        )

    # ------------------------------------------------------------ which run is next

    def _may_begin(self) -> bool:
        if self._stops or self._workers.count >= self._jobs:
            return False
        has_begun = bool(self._running) or self._ended > 0  # however short the budget, one run is made
        return not (self._budget and has_begun) or self._clock() - self._started < self._budget

    def _next_run(self) -> RunKey | None:
        key = self._take_ready()
        if key is None and self._is_point_missing():
            self._propose_point()
            key = self._take_ready()
        return key

    def _take_ready(self) -> RunKey | None:
        key = next((key for key in self._waiting if self._is_ready(key)), None)
        if key is not None:
            self._waiting.remove(key)
        return key

    def _is_ready(self, key: RunKey) -> bool:
        """Whether all that decides about the run is known. Without pruning, that is nothing."""
        if self.sweep.prune == "none":
            return True
        if key.seed == self.sweep.seeds[0]:
            return key.point - self.sweep.lag < self._all_ended_before
        return self._first_ended[key.point]

    def _is_point_missing(self) -> bool:
        return self.sweep.search == "tpe" and len(self.folder.points) < self.sweep.trials

    def _propose_point(self) -> None:
        """Add the next point of a tpe search, once the results that it is to know are there."""
        number = len(self.folder.points)
        known = max(0, number - self.sweep.lag + 1)
        by_point = {score.point: score for score in self._scores}
        if any(row.status == "unfinished" for row in self._rows if row.point < known):
            return
        tried = [
            self._tried(by_point[point]) if point < known else Tried(settings, None)
            for point, settings in enumerate(self.folder.points)
        ]
        point = self.folder.add_point(propose(self.sweep.space, number, self.sweep.search_seed, tried))
        self._waiting.extend(RunKey(point, seed) for seed in self.sweep.seeds)
        self._update_results()

    def _tried(self, score: PointScore) -> Tried:
        """What a search may know of a point that has ended."""
        if score.pruned_after is None:
            return Tried(score.settings, score.accuracy.mean if score.accuracy else 0.0)
        first = RunKey(score.point, self.sweep.seeds[0])
        return Tried(score.settings, self.folder.curve(first).accuracies[-1], score.pruned_after)

    # ------------------------------------------------------------ one run

    def _begin(self, key: RunKey) -> None:
        try:
            config = self.sweep.config(self.folder.points[key.point], key.seed)
        except InputError as error:  # a tpe search may propose settings that do not go together
            self._running[key] = Running(key, self.folder.run_text(key), started=self._clock())
            self._settle(key, failure=str(error))
            return
        self._running.setdefault(key, Running(key, self.folder.run_text(key), started=self._clock()))
        request = Request(
            path=str(self.folder.run_path(key)),
            lock=str(self.folder.lock_path(key)),
            name=self.sweep.name,
            config=asdict(config),
            command=self._command,
            pruning=self.folder.pruning(key),
            listeners=self._listeners,
        )
        self._workers.start(key, request)

    def _take(self, message: Message) -> None:
        running = self._running[message.key]
        if message.values is not None:
            running.take(message.values)
            return
        key = message.key
        if self.folder.summary(key) is not None or running.failure:
            self._settle(key, running.failure)
        elif self._stops:
            self._settle(key)
        elif message.death:
            self._restart(key, message.death)
        elif running.has_stopped:
            self._settle(key)
        else:
            self._settle(key, f"its process ended with status {message.status}; see errors.log")

    def _restart(self, key: RunKey, death: str) -> None:
        """Go on with a run whose worker was ended from outside."""
        self._deaths[key] = self._deaths.get(key, 0) + 1
        if self._deaths[key] >= DEATHS:
            self._settle(
                key,
                f"it was lost {DEATHS} times; the last time, {death}. Perhaps there is too little memory: try fewer "
                "--jobs.",
            )
            return
        self._display.note(f"{self.folder.run_text(key)}: {death}; it goes on from its last checkpoint")
        self._begin(key)

    def _settle(self, key: RunKey, failure: str = "") -> None:
        """A run has ended, or will not go on now: note why and write the table."""
        running = self._running.pop(key)
        if failure:
            self._failures[key] = " ".join(failure.split())
        rows = self._update_results()
        row = rows[self.folder.runs().index(key)]
        self._display.run_ended(self.snapshot(), row, self._clock() - running.started)

    def _update_results(self) -> list[Row]:
        self._rows = self.folder.write_results(self._failures)
        self._scores = scores(self._rows)
        pruned = {RunKey(row.point, row.seed) for row in self._rows if row.status == "pruned"}
        self._waiting = [key for key in self._waiting if key not in pruned]
        self._first_ended = [row.status != "unfinished" for row in self._rows[:: len(self.sweep.seeds)]]
        self._all_ended_before = [*self._first_ended, False].index(False)
        ended = [row for row in self._rows if row.status != "unfinished"]  # its worker may still be clearing up
        self._ended = sum(RunKey(row.point, row.seed) not in self._running for row in ended) - self._ended_before
        return self._rows
