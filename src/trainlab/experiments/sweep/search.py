"""Which points of a space are tried: all of them, some at random, or those that Optuna proposes.

A point is a choice of the varied settings; it is run once with each seed.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.sweep.space import Choices, Settings, Space
from trainlab.extras import optional_package
from trainlab.randomness import generator

LARGEST_GRID = 10_000
"""Points. More than that is a slip of the keyboard, or better searched at random."""


def grid(space: Space) -> list[Settings]:
    """Every combination of the values; the last setting changes fastest.

    Raises InputError for a range, of which a grid cannot have every number, and for more than 10,000 points.
    """
    for key, varied in space.items():
        if not isinstance(varied, Choices):
            raise InputError(
                f"{key}={varied} is a range, and a grid needs values. Write some, such as "
                f"{key}={varied.at(0.0)},{varied.at(0.5)},{varied.at(0.999999)}, or add --search random --trials 20."
            )
    count = math.prod(len(varied.corners) for varied in space.values())
    if count > LARGEST_GRID:
        raise InputError(
            f"the grid has {count:,} points; at most {LARGEST_GRID:,} are run. Give fewer values, or add "
            "--search random --trials 20."
        )
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*(v.corners for v in space.values()))]


def random_points(space: Space, trials: int, seed: int) -> list[Settings]:
    """So many different points, each drawn by (seed, its number).

    Raises InputError when the space has not so many.
    """
    count = math.prod(len(v.values) if isinstance(v, Choices) else math.inf for v in space.values())
    if trials > count:
        raise InputError(
            f"--trials {trials} is more than the {count:,} points there are. Ask for fewer, or for the grid."
        )
    points: list[Settings] = []
    drawn = set()
    number = 0
    while len(points) < trials:
        if number > 1000 * trials:
            raise InputError(f"{trials} different points cannot be found in these ranges. Ask for fewer with --trials.")
        quantiles = generator(seed, "sweep", number).random(len(space)).tolist()
        point = {key: varied.at(quantile) for (key, varied), quantile in zip(space.items(), quantiles, strict=True)}
        number += 1
        if (values := tuple(point.values())) not in drawn:
            drawn.add(values)
            points.append(point)
    return points


def corners(space: Space) -> list[Settings]:
    """Points in which every value and both ends of every range occur at least once, one setting changed at a time."""
    first = {key: varied.corners[0] for key, varied in space.items()}
    others = [{**first, key: value} for key, varied in space.items() for value in varied.corners[1:]]
    return [first, *others]


@dataclass(frozen=True)
class Tried:
    """A point that was run, for `propose`."""

    settings: Settings
    score: float | None
    """What is made large; None while it is not known. Of a pruned point, what it had come to."""
    pruned_after: int | None = None
    """Epochs, of a point that was pruned: it counts as worse than those that finished, more so the sooner it was."""


def propose(space: Space, number: int, seed: int, tried: Sequence[Tried]) -> Settings:
    """Optuna's proposal for point ``number``, after those that were tried (Bergstra et al. 2011: TPE).

    It depends on the arguments alone: the study is built anew for each proposal. So a sweep that was stopped goes on as
    if nothing had happened. The first ten points are drawn at random.
    """
    optuna = import_optuna("--search tpe")
    distributions = _distributions(optuna, space)
    sampler = optuna.samplers.TPESampler(
        seed=int(generator(seed, "tpe", number).integers(2**32)),
        n_startup_trials=10,
        multivariate=True,
        constant_liar=True,  # a point that is still running counts as a poor one, so that others are tried meanwhile
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for point in tried:
        study.add_trial(
            optuna.trial.create_trial(
                params={key: _to_optuna(varied, point.settings[key]) for key, varied in space.items()},
                distributions=distributions,
                value=None if point.pruned_after else point.score,
                intermediate_values={point.pruned_after: point.score} if point.pruned_after else None,
                state=getattr(optuna.trial.TrialState, _state(point)),
            )
        )
    proposed = study.ask(distributions).params
    return {
        key: varied.values[proposed[key]] if isinstance(varied, Choices) else varied.rounded(proposed[key])
        for key, varied in space.items()
    }


def _state(point: Tried) -> str:
    return "RUNNING" if point.score is None else "PRUNED" if point.pruned_after else "COMPLETE"


def import_optuna(option: str) -> Any:
    """Optuna, quiet. Raises InputError that names the option and the command that installs Optuna."""
    install = "pip install 'trainlab[sweep]'. --search random without --prune needs nothing more."
    optuna = optional_package("optuna", option, install)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distributions(optuna: Any, space: Space) -> dict[str, Any]:
    kinds = optuna.distributions
    return {
        key: kinds.CategoricalDistribution(list(range(len(varied.values))))
        if isinstance(varied, Choices)
        else (kinds.IntDistribution if varied.is_whole else kinds.FloatDistribution)(
            varied.low, varied.high, log=varied.is_log
        )
        for key, varied in space.items()
    }


def _to_optuna(varied: Any, value: Any) -> Any:
    return varied.values.index(value) if isinstance(varied, Choices) else value
