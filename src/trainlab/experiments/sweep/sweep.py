"""A sweep as data: what is fixed, what varies, over which seeds, how it is searched."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from trainlab.errors import InputError
from trainlab.experiments.belonging import without_effect
from trainlab.experiments.config import Config
from trainlab.experiments.sweep.executors.executor import HERE, Executor
from trainlab.experiments.sweep.pruning import Prune
from trainlab.experiments.sweep.search import corners, grid, random_points
from trainlab.experiments.sweep.space import Choices, Range, Settings, settings_text
from trainlab.experiments.toml_file import toml_value
from trainlab.spelling import unknown_name

Search = Literal["grid", "random", "tpe", "list"]
LARGEST_NUMBER = {"seeds": 1000, "jobs": 1024, "trials": 10_000}


@dataclass(frozen=True)
class Options:
    """How a sweep is run, besides its settings. None where nothing was said."""

    seeds: int | None = None
    """Runs of each point; their seeds count up from the configuration's."""
    jobs: int | None = None
    """Runs at a time."""
    search: Search | None = None
    trials: int | None = None
    """Points of a search that is not a grid."""
    budget: float | None = None
    """Seconds after which no new run begins."""
    search_seed: int | None = None
    """Decides which points random and tpe try."""
    cores_per_job: int | None = None
    prune: Prune | None = None
    """How runs that are behind are found and ended, see `trainlab.experiments.sweep.pruning`."""
    executor: Executor | None = None
    tensorboard: bool | None = None
    """Whether each run writes event files for TensorBoard as well."""

    def __post_init__(self) -> None:
        for name, largest in LARGEST_NUMBER.items():
            value = getattr(self, name)
            if value is not None and not (type(value) is int and 1 <= value <= largest):
                raise InputError(f"{name} = {value} does not fit: it is a whole number from 1 to {largest:,}.")
        if self.tensorboard is not None and type(self.tensorboard) is not bool:
            raise InputError(f"tensorboard = {self.tensorboard!r} does not fit: it is true or false.")
        if self.search is not None and self.search not in get_args(Search):
            raise unknown_name("search", self.search, get_args(Search))
        if self.prune is not None and self.prune not in get_args(Prune):
            raise unknown_name("way to prune", str(self.prune), get_args(Prune))
        for name, low in (("search_seed", 0), ("cores_per_job", 1)):
            value = getattr(self, name)
            if value is not None and not (type(value) is int and low <= value < 2**32):
                raise InputError(f"{name} = {value} does not fit: it is a whole number from {low} on.")

    def over(self, other: "Options") -> "Options":
        """These options, and where nothing was said, the other ones."""
        return replace(other, **{key: value for key, value in vars(self).items() if value is not None})


@dataclass(frozen=True)
class Sweep:
    """All that decides a sweep. Made by `build_sweep`."""

    name: str
    """Of the preset or file."""
    base: Config
    """What the runs have in common; its seed is the first, and what is varied has its default."""
    space: dict[str, Choices | Range]
    seeds: tuple[int, ...]
    jobs: int
    search: Search
    trials: int
    """Points of a random or tpe search; 0 for a grid or a list."""
    budget: float
    """Seconds; 0 for no limit."""
    search_seed: int
    cores_per_job: int
    """Threads of a run may depend on it, and the last digits of its figures on the threads."""
    prune: Prune = "none"
    listed: tuple[Settings, ...] = ()
    """The points of a list."""
    executor: Executor = HERE
    tensorboard: bool = False
    """Each run writes event files as well."""

    def known_points(self) -> list[Settings]:
        """The points that can be told before a run has ended: all, or none of a tpe search."""
        if self.search == "list":
            return [dict(point) for point in self.listed]
        if self.search == "grid":
            return grid(self.space)
        if self.search == "random":
            return random_points(self.space, self.trials, self.search_seed)
        return []

    @property
    def lag(self) -> int:
        """A tpe search proposes point k, and pruning judges it, by the results of points 0 … k − lag and of no others.

        So neither depends on which job happens to end first. With pruning, the jobs begin with the first seeds of as
        many points; without, with all seeds of one point after the other.
        """
        return max(1, math.ceil(self.jobs / len(self.seeds))) if self.prune == "none" else self.jobs

    def config(self, settings: Mapping[str, Any], seed: int) -> Config:
        """The configuration of one run of a point. Raises InputError for settings that do not go together."""
        return self.base.changed({**settings, "seed": seed})

    def without_effect(self, keys: Iterable[str]) -> dict[str, str]:
        """Those of some settings that no run reads, each with what it belongs to."""
        idle = dict.fromkeys(keys, "")
        for settings in self.known_points() or corners(self.space):
            of_point = without_effect(self.config(settings, self.seeds[0]))
            idle = {key: of_point[key] for key in idle if key in of_point}
            if not idle:
                break
        return idle

    def check_points(self) -> list[Settings]:
        """`known_points`, after a look at each. Raises InputError for the first that cannot be run."""
        points = self.known_points()
        for number, settings in enumerate(points):
            try:
                self.config(settings, self.seeds[0])
            except InputError as error:
                where = f"point {number + 1} of {len(points)}, {settings_text(settings)}: " if settings else ""
                raise InputError(f"{where}{error}") from error
        return points

    def to_toml(self) -> str:
        """A file that says the same, whatever becomes of the preset."""
        lines = [f"name = {toml_value(self.name)}"]
        lines += [f"{key} = {toml_value(getattr(self, key))}" for key in ("jobs", "search", "trials", "search_seed")]
        lines += [f"seeds = {len(self.seeds)}", f"cores_per_job = {self.cores_per_job}"]
        if self.budget:
            lines.append(f'budget = "{self.budget:g}s"')
        if self.prune != "none":
            lines.append(f"prune = {toml_value(self.prune)}")
        if self.tensorboard:
            lines.append("tensorboard = true")
        lines = [line for line in lines if line != "trials = 0"]
        if self.executor.is_elsewhere:
            lines.append(f"executor = {toml_value(self.executor.name)}")
        if self.executor.address:
            lines.append(f"address = {toml_value(self.executor.address)}")
        for point in self.listed:
            lines += ["", "[[points]]", *(f"{key} = {toml_value(value)}" for key, value in point.items())]
        if not self.listed:
            lines += ["", "[vary]"]
            for key, varied in self.space.items():
                values = varied.values if isinstance(varied, Choices) else str(varied)
                lines.append(f"{key} = {toml_value(values)}")
        if self.executor.slurm:
            lines += [
                "",
                "[slurm]",
                *(f"{toml_value(key)} = {toml_value(value)}" for key, value in self.executor.slurm.items()),
            ]
        return "\n".join([*lines, "", "[settings]", self.base.to_toml(but=self.space)])
