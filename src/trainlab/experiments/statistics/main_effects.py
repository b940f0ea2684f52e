"""What each hyperparameter does on the average over the others."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class Level:
    """One value of a hyperparameter."""

    value: Any
    mean: float
    by_seed: dict[int, float]
    """The same mean for each seed that all settings counted have; figures for `best_against_others`."""


@dataclass(frozen=True)
class MainEffect:
    """One hyperparameter over the settings that can be matched."""

    name: str
    levels: tuple[Level, ...]
    """In ascending order."""
    combinations: int
    """Values of the other hyperparameters at which every level was measured; the means are over these."""
    left_out: int
    """Settings that lack a counterpart at some level, and are not counted; 0 in a balanced design."""

    @property
    def span(self) -> float:
        """The highest level's mean minus the lowest's."""
        means = [level.mean for level in self.levels]
        return max(means) - min(means)


def main_effects(figures: Sequence[tuple[Mapping[str, Hashable], Mapping[int, float]]]) -> list[MainEffect]:
    """The main effect of each hyperparameter, the largest first.

    A level's mean is over the means of its settings, one at each combination of the other hyperparameters::

        mean(level) = Σ over combinations of mean over seeds / number of combinations

    In a full grid every combination has every level. Elsewhere only those count at which all levels were measured:
    otherwise a level might look good because it was tried in good company. A hyperparameter without such a combination
    (in a random search nothing is tried twice) has no main effect here.

    A main effect says nothing of a hyperparameter whose best value depends on another one, such as learning rate and
    batch size.

    Args:
        figures: of each setting, its hyperparameters, all with the same names, and its figure by seed. A setting
            without a figure counts as not measured.

    Source: Montgomery 2017, "Design and analysis of experiments", section 5.1.

    >>> grid = [({"lr": lr, "momentum": m}, {0: 10 * lr + m}) for lr in (0.1, 0.2) for m in (0.0, 0.9)]
    >>> [(effect.name, round(effect.span, 2)) for effect in main_effects(grid)]
    [('lr', 1.0), ('momentum', 0.9)]
    """
    measured = [(settings, by_seed) for settings, by_seed in figures if by_seed]
    names = list(measured[0][0]) if measured else []
    found = [effect for name in names if (effect := _main_effect(name, measured)) is not None]
    return sorted(found, key=lambda effect: -effect.span)


def _main_effect(
    name: str, measured: Sequence[tuple[Mapping[str, Hashable], Mapping[int, float]]]
) -> MainEffect | None:
    tables: dict[Any, dict[Hashable, Mapping[int, float]]] = {}
    for settings, by_seed in measured:
        others = tuple(value for key, value in settings.items() if key != name)
        tables.setdefault(settings[name], {})[others] = by_seed
    matched = [others for others in next(iter(tables.values())) if all(others in table for table in tables.values())]
    if len(tables) < 2 or not matched:
        return None
    cells = {value: [table[others] for others in matched] for value, table in tables.items()}
    seeds = set.intersection(*(set(cell) for row in cells.values() for cell in row))
    levels = tuple(
        Level(
            value,
            fmean(fmean(cell.values()) for cell in row),
            {seed: fmean(cell[seed] for cell in row) for seed in sorted(seeds)},
        )
        for value, row in sorted(cells.items(), key=lambda cell: cell[0])
    )
    return MainEffect(name, levels, len(matched), len(measured) - len(matched) * len(tables))
