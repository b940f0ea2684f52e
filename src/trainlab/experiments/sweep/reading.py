"""Reading a sweep from the words of a command line, or from a TOML file.

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

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.cores import available_cores
from trainlab.experiments.preset import load_preset
from trainlab.experiments.sweep.executors.executor import HERE, Executor
from trainlab.experiments.sweep.pruning import Prune
from trainlab.experiments.sweep.search import import_optuna
from trainlab.experiments.sweep.space import Choices, Range, Settings, read_table, read_words, settings_text
from trainlab.experiments.sweep.sweep import Options, Search, Sweep
from trainlab.experiments.toml_file import read_toml
from trainlab.spelling import unknown_name

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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
