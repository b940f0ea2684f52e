"""What a sweep is going to do, in words and numbers, before anything starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.cores import available_cores
from trainlab.experiments.sweep.estimate import NO_COST, SPLITTING, CannotRun, Estimate, estimate_apart
from trainlab.experiments.sweep.pruning import most_saved
from trainlab.experiments.sweep.search import corners
from trainlab.experiments.sweep.space import Choices, Settings, settings_text
from trainlab.experiments.sweep.sweep import Sweep
from trainlab.training.progress.wording import count_text, countdown_text

COST_NOTHING = {*NO_COST} - {*SPLITTING, "epochs"}
"""Settings that change neither the time of a step nor the number of steps."""

Costs = tuple[Any, ...]


@dataclass(frozen=True)
class SweepPlan:
    """A checked sweep and what it will cost. Made by `plan_sweep`."""

    sweep: Sweep
    points: int
    estimates: list[Estimate]
    """One a point; of a tpe search, whose points are not known yet, one a corner of the space."""

    @property
    def runs(self) -> int:
        return self.points * len(self.sweep.seeds)

    @property
    def steps(self) -> int:
        """Of all runs together."""
        mean = sum(one.steps for one in self.estimates) / len(self.estimates)
        return round(mean * self.runs)

    @property
    def seconds(self) -> float:
        """From beginning to end, as if jobs did not slow each other down."""
        mean = sum(one.seconds for one in self.estimates) / len(self.estimates)
        at_once = min(self.sweep.jobs, self.runs)
        if not self.sweep.executor.is_elsewhere:
            at_once = min(at_once, available_cores())
        return mean * self.runs / at_once

    def lines(self, folder: Path) -> list[str]:
        """The plan, for people."""
        sweep = self.sweep
        least, most = (pick(one.steps for one in self.estimates) for pick in (min, max))
        each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        seeds = f"{sweep.seeds[0]} to {sweep.seeds[-1]}" if len(sweep.seeds) > 1 else str(sweep.seeds[0])
        head = f"{count_text(self.points, 'point')} × {count_text(len(sweep.seeds), 'seed')}"
        rows = [(key, f"{varied}{_note(key, varied)}") for key, varied in sweep.space.items()]
        idle = sweep.without_effect(sweep.space)
        rows += [("warning", f"no run reads {key}; it belongs to {of}") for key, of in idle.items()]
        rows += [
            ("search", f"{sweep.search}, seed {sweep.search_seed}" if sweep.trials else sweep.search),
            ("seeds", seeds),
            ("jobs", f"{sweep.jobs} at a time, {count_text(sweep.cores_per_job, 'core')} each{self._crowd_text()}"),
            ("steps", f"{self.steps:,} in all, {each} a run"),
            ("time", f"about {countdown_text(self.seconds)}, from timed steps ({self._step_text()})"),
            ("chosen by", "validation accuracy; the test set is not read"),
        ]
        if sweep.executor.is_elsewhere:
            rows.append(("executor", f"{sweep.executor}; the time is that of this machine's steps"))
        if sweep.budget:
            rows.append(("budget", f"no new run begins after {countdown_text(sweep.budget)}; those under way end"))
        if sweep.prune != "none":
            rows.append(("prune", self._pruning_text()))
        rows.append(("folder", str(folder)))
        width = max(len(name) for name, _ in rows) + 2
        return [f"sweep of {sweep.name}: {head} = {count_text(self.runs, 'run')}"] + [
            f"  {name:{width}}{text}" for name, text in rows
        ]

    def _crowd_text(self) -> str:
        """Says so where jobs get in each other's way."""
        sweep, cores = self.sweep, available_cores()
        if sweep.executor.is_elsewhere or min(sweep.jobs, self.runs) * sweep.cores_per_job <= cores:
            return ""
        return f"; with {count_text(cores, 'core')} here, more at a time are no faster and take more memory"

    def _pruning_text(self) -> str:
        sweep = self.sweep
        most = most_saved(sweep.prune, self.points, sweep.base.epochs, len(sweep.seeds), sweep.lag)
        if not most:
            return (
                f"{sweep.prune}; warning: nothing can be pruned, since no point of {self.points} comes after enough "
                f"others to be judged by. Take more points{' or fewer jobs' if sweep.lag > 1 else ''}."
            )
        return f"{sweep.prune}, saves 0 to {most:.0%} of the epochs; steps and time above are without pruning"

    def _step_text(self) -> str:
        least, most = (1000 * pick(one.step_seconds for one in self.estimates) for pick in (min, max))
        text = f"{least:.3g} ms" if most < 1.2 * least else f"{least:.3g} to {most:.3g} ms"
        others = sum(not one.is_timed for one in self.estimates)
        return f"{text} each" + (f"; {others} of {len(self.estimates)} judged by their batch size" if others else "")


def plan_sweep(sweep: Sweep) -> SweepPlan:
    """Look at every point, also together with the data, and time some steps.

    Of a tpe search, which does not know its points yet, the corners of the space are looked at. Raises InputError that
    names the first bad point.
    """
    known = sweep.check_points()
    points = known or _checked_corners(sweep)
    first_alike: dict[Costs, Settings] = {}
    for settings in points:
        first_alike.setdefault(_costs(settings), settings)
    configs = [sweep.config(settings, sweep.seeds[0]) for settings in first_alike.values()]
    try:
        estimates = dict(zip(first_alike, estimate_apart(configs, sweep.cores_per_job), strict=True))
    except CannotRun as error:
        where = settings_text(list(first_alike.values())[error.position])
        raise InputError(f"{where}: {error}" if where else str(error)) from error
    return SweepPlan(sweep, len(known) or sweep.trials, [estimates[_costs(settings)] for settings in points])


def _checked_corners(sweep: Sweep) -> list[Settings]:
    points = corners(sweep.space)
    for settings in points:
        try:
            sweep.config(settings, sweep.seeds[0])
        except InputError as error:
            raise InputError(f"{settings_text(settings)}: {error}") from error
    return points


def _costs(settings: Settings) -> Costs:
    """What decides the cost of a point, and whether it fits the data: points that differ in the rest are alike."""
    return tuple(value for key, value in settings.items() if key not in COST_NOTHING)


def _note(key: str, varied: object) -> str:
    """Says so when a list of single widths may have been meant as one list."""
    is_list = isinstance(getattr(Config(), key), tuple)
    if not is_list or not isinstance(varied, Choices) or any(len(value) != 1 for value in varied.values):
        return ""
    joined = ("+" if isinstance(varied.values[0][0], str) else "x").join(str(value[0]) for value in varied.values)
    return f"   ({len(varied.values)} points; one with all of them is {key}={joined})"
