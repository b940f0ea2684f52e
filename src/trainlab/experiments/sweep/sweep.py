"""A sweep as data: what is fixed, what varies, over which seeds, how it is searched. Read from words or a TOML file.

```toml
preset = "mnist-fast"          # or a configuration file; without it, the defaults
seeds = 5
jobs = 2
search = "random"              # grid, random or tpe
trials = 20
prune = "median"               # none, median, halving or hyperband

[vary]
lr = "log:1e-3..1"             # what `lr=…` says on the command line, or a list
split = [0.1, 0.2]

[settings]
epochs = 5                     # the same in every run
```

Points that are no grid are listed one by one, in place of ``[vary]``:

```toml
[[points]]
lr = 0.001

[[points]]
lr = 0.01
split = 0.2                    # as the preset has it in the points that do not say
```
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from trainlab.errors import InputError
from trainlab.experiments.belonging import without_effect
from trainlab.experiments.config import Config, load_preset, read_toml, toml_value
from trainlab.experiments.cores import available_cores
from trainlab.experiments.sweep.executors.executor import HERE, Executor
from trainlab.experiments.sweep.pruning import Prune
from trainlab.experiments.sweep.search import corners, grid, import_optuna, random_points
from trainlab.experiments.sweep.space import Choices, Range, Settings, read_table, read_words, settings_text
from trainlab.spelling import unknown_name

Search = Literal["grid", "random", "tpe", "list"]
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
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


def build_sweep(preset: str, words: Iterable[str] = (), options: Options | None = None) -> Sweep:
    """A sweep from what the command line says: a preset or file, ``key=value`` words, options.

    Raises InputError for the first thing that is wrong; nothing has been written or started then.
    """
    fixed, varied = read_words(words)
    options = options or Options()
    if preset.endswith(".toml") and is_sweep_file(values := read_toml(Path(preset))):
        try:
            return sweep_from_values(values, Path(preset), fixed, varied, options)
        except InputError as error:
            raise InputError(f"{preset}: {error}") from error
    chosen = load_preset(preset)
    return _build(chosen.name, chosen.config, fixed, varied, options)


FILE_KEYS = (
    *("name", "preset", "seeds", "jobs", "search", "trials", "budget", "search_seed", "cores_per_job", "prune"),
    "tensorboard",
)
EXECUTOR_KEYS = ("executor", "address")
TABLES = ("vary", "settings", "slurm", "points")


def is_sweep_file(values: Mapping[str, Any]) -> bool:
    """Whether a TOML file describes a sweep, not a single configuration."""
    return bool({*FILE_KEYS, *EXECUTOR_KEYS, *TABLES} & set(values))


def read_sweep(path: Path) -> Sweep:
    """The sweep that a file describes. Raises InputError that names the file."""
    return build_sweep(str(path))


def sweep_from_values(
    values: Mapping[str, Any], path: Path, fixed: Settings, varied: dict[str, Choices | Range], options: Options
) -> Sweep:
    """The sweep that the values of a TOML file at ``path`` describe; what else is given goes before the file.

    Raises InputError, which does not name the file.
    """
    for key in values:
        if key not in (known := (*FILE_KEYS, *EXECUTOR_KEYS, *TABLES)):
            hint = f" Settings stand in [settings] or [vary]: put {key} there." if hasattr(Config(), key) else ""
            raise InputError(f"{unknown_name('key of a sweep', key, known)}{hint}")
    for table in ("vary", "settings", "slurm"):
        if not isinstance(values.get(table, {}), dict):
            raise InputError(f"{table} is a table: write [{table}] and its settings below.")
    points = values.get("points", [])
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise InputError("points is a list of tables: write [[points]] and the settings of one below, for each.")
    base, name = Config(), path.stem
    if "preset" in values:
        preset = str(values["preset"])
        beside = path.parent / preset
        chosen = load_preset(str(beside) if preset.endswith(".toml") and beside.is_file() else preset)
        base, name = chosen.config, chosen.name
    in_file = Options(
        **{key: values[key] for key in FILE_KEYS[2:] if key in values and key != "budget"},
        budget=parse_budget(values["budget"]) if "budget" in values else None,
        executor=Executor.of(values.get("executor"), values.get("address"), values.get("slurm")),
    )
    own_varied, own_fixed = read_table(values.get("vary", {})), dict(values.get("settings", {}))
    for key in fixed:
        own_varied.pop(key, None)
    for key in varied:
        own_fixed.pop(key, None)
    name = str(values.get("name", name))
    return _build(name, base, own_fixed | fixed, own_varied | varied, options.over(in_file), points)


def _build(
    name: str,
    base: Config,
    fixed: Settings,
    varied: dict[str, Choices | Range],
    options: Options,
    points: Sequence[Settings] = (),
) -> Sweep:
    search, jobs = options.search or ("list" if points else "grid"), options.jobs or 1
    values = {key: Config.value_of(key, value) for key, value in fixed.items()}
    listed = _list_points(points, replace(base, **values), search)
    if listed and varied:
        raise InputError(
            f"{next(iter(varied))} is varied, and the points are listed already: write [vary] or [[points]], not both."
        )
    if listed:
        varied = {key: Choices(tuple(dict.fromkeys(point[key] for point in listed))) for key in listed[0]}
    if "seed" in varied:
        raise InputError("the seed is not varied as a setting: --seeds 5 runs every point with five seeds.")
    if "evaluate_test" in varied or fixed.get("evaluate_test"):
        raise InputError(
            "a sweep chooses by validation accuracy and never reads the test set. Leave evaluate_test out; "
            "`trainlab evaluate RUN` reads the test set once, for the run that you chose."
        )
    for key in fixed.keys() & varied.keys():
        raise InputError(f"{key} is both fixed and varied. Leave one of the two out.")
    has_trials = search in ("random", "tpe")
    if not has_trials and options.trials is not None:
        raise InputError(f"--trials belongs to --search random and tpe: a {search} has as many points as it has.")
    if has_trials and options.trials is None:
        raise InputError(f"--search {search} needs the number of points to try, such as --trials 20.")
    if has_trials and not varied:
        raise InputError(
            f"--search {search} has nothing to vary. Name a setting with values or a range: lr=log:1e-3..1."
        )
    if search == "tpe":
        import_optuna("--search tpe")
    prune = options.prune or "none"
    if prune != "none":
        import_optuna(f"--prune {prune}")
    # what is varied has its default here, so that it need not go together with the rest before it has its values
    neutral = {key: getattr(Config(), key) for key in varied}
    base = replace(base, **{**neutral, **values, "evaluate_test": False})
    if not varied:
        base.check_together()
    if prune != "none":
        _check_prunable(prune, base, varied)
    count = options.seeds or 1
    if base.seed + count > 2**32:
        raise InputError(f"seed = {base.seed} does not fit: {count} seeds count up from it, to at most {2**32 - 1}.")
    return Sweep(
        name=name,
        base=base,
        space=varied,
        seeds=tuple(range(base.seed, base.seed + count)),
        jobs=jobs,
        search=search,
        trials=options.trials or 0,
        budget=options.budget or 0.0,
        search_seed=options.search_seed or 0,
        cores_per_job=options.cores_per_job or max(1, available_cores() // jobs),
        prune=prune,
        listed=listed,
        executor=options.executor or HERE,
        tensorboard=bool(options.tensorboard),
    )


def _list_points(points: Sequence[Settings], base: Config, search: Search) -> tuple[Settings, ...]:
    """The points, each with every setting that any of them names."""
    if search != "list":
        if points:
            raise InputError(f"search = {search} finds its points itself. Leave search or [[points]] out.")
        return ()
    if not points:
        raise InputError("search = list needs the points: write [[points]] and the settings of one below, for each.")
    keys = dict.fromkeys(key for point in points for key in point)
    listed = tuple(
        {key: Config.value_of(key, point[key]) if key in point else getattr(base, key) for key in keys}
        for point in points
    )
    for number, point in enumerate(listed):
        if point in listed[:number]:
            raise InputError(
                f"point {number + 1}, {settings_text(point)}, is point {listed.index(point) + 1} again. Give it once; "
                "runs with other seeds come from --seeds."
            )
    return listed


def _check_prunable(prune: Prune, base: Config, varied: Mapping[str, Any]) -> None:
    if not varied:
        raise InputError(
            f"--prune {prune} ends runs whose settings are behind others, and nothing is varied. Name a setting with "
            "values or a range: lr=0.1,0.3."
        )
    if "epochs" in varied:
        raise InputError(
            f"--prune {prune} compares runs after the same epoch, and with epochs varied that means something else in "
            "each. Give one number of epochs, or leave --prune out."
        )
    if base.epochs < 2:
        raise InputError(
            f"--prune {prune} ends runs between two epochs, and these have one. Give more, such as epochs=10, or leave "
            "--prune out."
        )


def parse_budget(text: Any) -> float:
    """Seconds of ``90s``, ``30m``, ``1.5h`` or ``2d``. Raises InputError for anything else.

    >>> parse_budget("30m"), parse_budget("1.5h")
    (1800.0, 5400.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", str(text).strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not seconds:
        raise InputError(f"budget = {text} is not a time. Write a number and its unit: 90s, 30m, 1.5h or 2d.")
    return seconds
