"""A published experiment as data: its settings, the figures that were published, and what was concluded from them.

```toml
title = "Task 1: MNIST"
source = "who published it, and where"
preset = "mnist-lab1"
seeds = 5
cores_per_job = 1              # as many jobs as there are cores

[[points]]
lr = 0.001
published = { train_loss = 0.2505, validation_accuracy = 0.9712 }

[[points]]
lr = 0.1

[[claims]]                     # the figure is larger here than there; without `less`, larger than 0
says = { en = "0.1 oscillates", zh-TW = "0.1 會震盪" }
figure = "fall_of_accuracy"
more = { lr = 0.1 }
less = { lr = 0.001 }
```

All other keys are those of a sweep's file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.cores import available_cores
from trainlab.experiments.preset import packaged_files
from trainlab.experiments.reproduction.figures import FIGURES
from trainlab.experiments.settings import value_text
from trainlab.experiments.sweep import Options, Sweep, settings_text
from trainlab.experiments.sweep.reading import sweep_from_values
from trainlab.experiments.sweep.space import Settings, read_words
from trainlab.experiments.toml_file import read_toml, toml_value
from trainlab.spelling import unknown_name
from trainlab.words import LANGUAGES

PUBLISHED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
OWN_KEYS = ("title", "source", "scale", "language", "claims")


@dataclass(frozen=True)
class Claim:
    """A published conclusion that can be tested: a figure is larger with these settings than with those."""

    says: Mapping[str, str]
    """The conclusion in each language."""
    figure: str
    """One of `FIGURES`."""
    more: int
    """Which point has the larger figure."""
    less: int | None
    """Than which one; None: than 0."""


@dataclass(frozen=True)
class Study:
    """A published experiment. Made by `load_study`."""

    name: str
    title: str
    source: str
    path: Path
    values: Mapping[str, Any]
    """What the file says of the sweep."""
    points: tuple[Settings, ...]
    """Each with every setting that any of them names."""
    published: tuple[Mapping[str, float], ...]
    """The figures of each point that were published, which may be none."""
    claims: tuple[Claim, ...]
    scale: float = 1.0
    """The share of the published work that is done: see `trainlab.experiments.reproduction.scaled`."""
    language: str = "en"
    """In which results are told, also after a resume: one of `trainlab.words.LANGUAGES`."""

    def to_toml(self) -> str:
        """A file that says the same of what was published, whatever becomes of the preset."""
        lines = [
            f"{key} = {toml_value(getattr(self, key))}" for key in ("name", "title", "source", "scale", "language")
        ]
        for point, published in zip(self.points, self.published, strict=True):
            lines += ["", "[[points]]", *(f"{key} = {toml_value(value)}" for key, value in point.items())]
            lines += [f"published = {_inline(published)}"] if published else []
        for claim in self.claims:
            lines += ["", "[[claims]]", f"says = {_inline(claim.says)}", f"figure = {toml_value(claim.figure)}"]
            lines += [f"more = {_inline(self.points[claim.more])}"]
            lines += [f"less = {_inline(self.points[claim.less])}"] if claim.less is not None else []
        return "\n".join([*lines, ""])

    def sweep(self, options: Options, words: tuple[str, ...] = (), shorter: Settings | None = None) -> Sweep:
        """The sweep that runs it.

        Args:
            options: what goes before the file. Without jobs, there are as many as ``cores_per_job`` leaves room for.
            words: ``key=value``, the same in all runs.
            shorter: settings that make it shorter, from `scaled`; words go before them.
        """
        fixed, varied = read_words(words)
        if varied:
            key = next(iter(varied))
            raise InputError(f"{key} is given several values, but what a reproduction varies is fixed. Give it one.")
        for key in fixed:
            if key in self.points[0]:
                raise InputError(f"{key} is what the experiment varies, so it cannot be set. Set something else.")
        sweep = sweep_from_values(self.values, self.path, (shorter or {}) | fixed, {}, options)
        if options.jobs is None and "jobs" not in self.values:
            runs = len(self.points) * len(sweep.seeds)
            own = int(self.values.get("cores_per_job", available_cores()))
            cores = options.cores_per_job or own
            sweep = replace(sweep, jobs=max(1, min(available_cores() // cores, runs)), cores_per_job=cores)
        return sweep


def _inline(table: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {toml_value(value)}" for key, value in table.items()) + " }"


def load_study(name_or_path: str) -> Study:
    """A published experiment by name, or from somebody's own TOML file.

    Raises InputError with the nearest name for an unknown one, or that names the file and what is wrong in it.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    elif name_or_path in (studies := packaged_files("studies")):
        path = studies[name_or_path]
    else:
        raise unknown_name("reproduction", name_or_path, studies)
    return read_study(path)


def read_study(path: Path) -> Study:
    """The published experiment that a file describes. Raises InputError that names the file."""
    values = read_toml(path)
    try:
        return _study(values, path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _study(values: dict[str, Any], path: Path) -> Study:
    tables = values.get("points")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise InputError("a reproduction lists its points: write [[points]] and the settings of one below, for each.")
    published = tuple(_published(table.get("published", {})) for table in tables)
    points = [{key: value for key, value in table.items() if key != "published"} for table in tables]
    name = str(values.get("name", path.stem))
    of_sweep = {**values, "name": name, "points": points}
    of_sweep = {key: value for key, value in of_sweep.items() if key not in OWN_KEYS}
    listed = sweep_from_values(of_sweep, path, {}, {}, Options()).listed
    claims = values.get("claims", [])
    if not isinstance(claims, list) or not all(isinstance(claim, dict) for claim in claims):
        raise InputError("claims is a list of tables: write [[claims]] for each.")
    texts = {key: values.get(key, "") for key in ("title", "source")}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise InputError(f"{key} is a text, got {text!r}.")
    if (language := values.get("language", "en")) not in LANGUAGES:
        raise unknown_name("language", str(language), LANGUAGES)
    scale = values.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
        raise InputError(f"scale = {scale!r} does not fit: it is a share of the work, above 0 and at most 1.")
    return Study(
        name,
        texts["title"] or name,
        texts["source"],
        path,
        of_sweep,
        listed,
        published,
        tuple(_claim(claim, number, listed) for number, claim in enumerate(claims, start=1)),
        float(scale),
        language,
    )


def _published(figures: Any) -> dict[str, float]:
    if not isinstance(figures, dict):
        raise InputError("published is a table of figures: published = { validation_accuracy = 0.97 }.")
    for key, value in figures.items():
        if key not in PUBLISHED:
            raise unknown_name("published figure", key, PUBLISHED)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"published {key} = {value!r} is not a number.")
    return {key: float(value) for key, value in figures.items()}


def _claim(table: dict[str, Any], number: int, points: tuple[Settings, ...]) -> Claim:
    where = f"claim {number}"
    for key in table:
        if key not in Claim.__dataclass_fields__:
            raise InputError(f"{where}: {unknown_name('key of a claim', key, Claim.__dataclass_fields__)}")
    for key in ("says", "figure", "more"):
        if key not in table:
            raise InputError(f"{where} has no {key}. A claim has says, figure, more and, if need be, less.")
    says = table["says"]
    if isinstance(says, str):
        says = dict.fromkeys(LANGUAGES, says)
    if not isinstance(says, dict) or not all(isinstance(text, str) for text in says.values()) or "en" not in says:
        raise InputError(f'{where}: says is a text, or one for each language: {{ en = "…", zh-TW = "…" }}.')
    if table["figure"] not in FIGURES:
        raise InputError(f"{where}: {unknown_name('figure', str(table['figure']), FIGURES)}")
    more, less = (_place(table[key], where, key, points) if key in table else None for key in ("more", "less"))
    assert more is not None
    if more == less:
        raise InputError(f"{where} compares a point with itself: more and less name the same.")
    return Claim(says, table["figure"], more, less)


def _place(settings: Any, where: str, key: str, points: tuple[Settings, ...]) -> int:
    """The one point that has these settings."""
    if not isinstance(settings, dict) or not settings:
        raise InputError(f"{where}: {key} names a point by its settings, such as {{ lr = 0.1 }}.")
    wanted = {name: Config.value_of(name, value) for name, value in settings.items()}
    found = [place for place, point in enumerate(points) if wanted.items() <= point.items()]
    if len(found) != 1:
        text = settings_text(wanted)
        fits = "no point has" if not found else f"{len(found)} points have"
        listed = "; ".join(" ".join(f"{name}={value_text(value)}" for name, value in one.items()) for one in points)
        raise InputError(f"{where}: {fits} {text} ({key}). The points: {listed}.")
    return found[0]
