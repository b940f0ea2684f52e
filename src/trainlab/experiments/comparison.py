"""Runs side by side: those that differ in nothing but their seed are one setting; settings are compared over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import Difference, Summary, best_against_others, summarize, verdict
from trainlab.words import Words, words

HOW_IT_IS_RUN = frozenset(
    {"seed", "data_dir", "device", "threads", "compile", "evaluate_test", "tta", "checkpoint_steps"}
    | {"checkpoint_seconds"}
)
"""Settings that say nothing about what is learned."""

METRICS = (
    "validation_accuracy",
    "validation_loss",
    "train_accuracy",
    "train_loss",
    "test_accuracy",
    "test_loss",
    "seconds",
)
COMPARED = ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss")
"""What settings may be chosen by. Not by the test set: it is looked at for the setting that was chosen."""

ENOUGH_SEEDS = 3
OVERFIT_RISE = 1.05
"""The validation loss counts as risen when it ends so many times above its lowest value."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run's figures."""

    path: Path
    name: str
    config: Config
    status: str
    """finished, diverged, interrupted, or unfinished: under way or killed."""
    epochs: list[dict[str, Any]]
    """The lines of metrics.jsonl."""
    figures: dict[str, float]
    """By the names of `METRICS`; empty unless the run has finished."""

    @property
    def overfits_after(self) -> int | None:
        """The epoch of the lowest validation loss, if it ends well above that while the training loss still falls."""
        if len(self.epochs) < 2:
            return None
        losses = [line["validation"]["loss"] for line in self.epochs]
        lowest = losses.index(min(losses))
        falls = self.epochs[-1]["train"]["loss"] < self.epochs[lowest]["train"]["loss"]
        return self.epochs[lowest]["epoch"] if falls and losses[-1] > OVERFIT_RISE * losses[lowest] else None


@dataclass(frozen=True)
class MeasuredSetting:
    """All runs that differ in nothing but their seed."""

    label: str
    """The settings that differ between the settings compared, as one would type them."""
    settings: dict[str, Any]
    """The same as values."""
    runs: tuple[MeasuredRun, ...]

    @property
    def finished(self) -> list[MeasuredRun]:
        return [run for run in self.runs if run.status == "finished"]

    def by_seed(self, metric: str) -> dict[int, float]:
        return {run.config.seed: run.figures[metric] for run in self.finished if metric in run.figures}

    def summary(self, metric: str) -> Summary | None:
        """Over its finished runs; None when there are none with that figure."""
        values = list(self.by_seed(metric).values())
        return summarize(values) if values else None


@dataclass(frozen=True)
class Comparison:
    """Settings, the best of them first."""

    metric: str
    epoch: str
    settings: tuple[MeasuredSetting, ...]
    differences: tuple[Difference | None, ...]
    """The first setting's advantage over each of the others, in their order; None for those without a finished run."""
    sentences: tuple[str, ...]
    """What the differences mean."""
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything in JSON's types; the same for the same runs."""
        settings = [
            {
                "label": setting.label,
                "settings": setting.settings,
                "seeds": [run.config.seed for run in setting.finished],
                "runs": [str(run.path) for run in setting.runs],
                **{metric: asdict(found) for metric in METRICS if (found := setting.summary(metric)) is not None},
            }
            for setting in self.settings
        ]
        differences = [
            None if difference is None else {**asdict(difference), "exceeds_noise": difference.exceeds_noise}
            for difference in self.differences
        ]
        return {
            "metric": self.metric,
            "epoch": self.epoch,
            "settings": settings,
            "best_minus_others": differences,
            "sentences": list(self.sentences),
            "warnings": list(self.warnings),
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat row a setting, for a CSV file: settings that differ, n, then mean and std of each figure."""
        rows = []
        for setting in self.settings:
            row: dict[str, Any] = {**setting.settings, "n": len(setting.finished)}
            for metric in METRICS:
                found = setting.summary(metric)
                row[f"{metric}_mean"] = None if found is None else found.mean
                row[f"{metric}_std"] = None if found is None else found.std
            rows.append(row)
        return rows


def measure(run: RunFolder, epoch: str = "best") -> MeasuredRun:
    """Read a run's figures.

    Args:
        epoch: "best" takes them from the epoch of the highest validation accuracy, whose weights are kept; "last" from
            the last one.
    """
    summary, epochs = run.read_summary(), run.read_metrics()
    status = "unfinished" if summary is None else str(summary["status"])
    figures: dict[str, float] = {}
    if summary is not None and status == "finished":
        record = summary["best" if epoch == "best" else "final"]
        for part in ("validation", "train"):
            figures |= {f"{part}_{name}": record[part][name] for name in ("accuracy", "loss")}
        if summary["test"] is not None:  # always of the best epoch's weights
            figures |= {f"test_{name}": summary["test"][name] for name in ("accuracy", "loss")}
        figures["seconds"] = summary["seconds"]
    return MeasuredRun(run.path, run.name, run.config, status, epochs, figures)


def find_runs(paths: Iterable[Path]) -> list[RunFolder]:
    """The runs at these paths: each a run's folder, or a folder that holds some at any depth, such as runs or a sweep.

    Raises InputError for a path without any.
    """
    found: dict[Path, RunFolder] = {}
    for path in paths:
        inside = [path] if (path / "config.toml").is_file() else _run_folders_in(path)
        if not inside:
            RunFolder.open(path)  # says what is wrong with it
        found |= {folder.resolve(): RunFolder.open(folder) for folder in inside}
    return list(found.values())


def _run_folders_in(path: Path) -> list[Path]:
    return sorted(
        (about.parent for about in path.rglob("environment.json") if (about.parent / "config.toml").is_file()),
        key=lambda folder: [int(piece) if piece.isdigit() else piece for piece in _pieces(folder)],
    )


def _pieces(folder: Path) -> list[str]:
    """``runs/lr-10`` as "runs/lr-", "10": 9 comes before 10. Texts and numbers alternate, so they never meet."""
    import re

    return re.split(r"(\d+)", str(folder))


def compare_runs(
    runs: Sequence[MeasuredRun], metric: str = "validation_accuracy", epoch: str = "best", language: str = "en"
) -> Comparison:
    """Group runs into settings, order these by the mean of a figure, and test the best against each other one.

    Args:
        runs: at least two, all on one data set.
        metric: one of `COMPARED`.
        epoch: which epoch the figures are of, for the record.
        language: of sentences and warnings, see `trainlab.words`.

    Raises InputError for fewer than two runs, runs on different data sets, or when not one has finished.
    """
    _check(runs, metric)
    say = words(language)
    settings, warnings = group_runs(runs, language)
    higher = not metric.endswith("loss")
    sign = -1 if higher else 1
    means = {setting.label: found.mean for setting in settings if (found := setting.summary(metric)) is not None}
    ordered = sorted(settings, key=lambda setting: (setting.label not in means, sign * means.get(setting.label, 0.0)))
    best, others = ordered[0], ordered[1:]
    tested = [other for other in others if other.label in means]
    differences = best_against_others(best.by_seed(metric), [other.by_seed(metric) for other in tested])
    by_label = dict(zip((other.label for other in tested), differences, strict=True))
    unit = metric.split("_")[-1]
    sentences = [
        verdict(difference, best.label, label, unit=unit, higher=higher, language=language)
        for label, difference in by_label.items()
    ]
    if not others:
        sentences = [_told(best, metric, say)]
    warnings += [text for setting in ordered for text in warnings_of(setting, language)]
    warnings += [say(f"comparison.{key}") for key in ("split", "epochs") if key in best.settings]
    return Comparison(
        metric,
        epoch,
        tuple(ordered),
        tuple(by_label.get(other.label) for other in others),
        tuple(sentences),
        tuple(warnings),
    )


def _check(runs: Sequence[MeasuredRun], metric: str) -> None:
    if metric not in COMPARED:
        from trainlab.spelling import unknown_name

        raise unknown_name("metric", metric, COMPARED)
    if len(runs) < 2:
        raise InputError(
            f"compare needs at least two runs, got {len(runs)}. Name more, or a folder that holds several."
        )
    datasets = sorted({run.config.dataset for run in runs})
    if len(datasets) > 1:
        raise InputError(
            f"runs on {' and '.join(datasets)} cannot be compared: their figures mean different things. "
            "Compare runs on one data set."
        )
    if not any(run.figures for run in runs):
        states = ", ".join(f"{run.path} ({run.status})" for run in runs)
        raise InputError(f"none of the runs has finished: {states}. Finish one with `trainlab resume RUN`.")


def _identity(config: Config) -> tuple[Any, ...]:
    return tuple(getattr(config, one.name) for one in fields(config) if one.name not in HOW_IT_IS_RUN)


def group_runs(runs: Sequence[MeasuredRun], language: str = "en") -> tuple[list[MeasuredSetting], list[str]]:
    """The settings in the order of their first run, and a warning for each run that only repeats another."""
    groups: dict[tuple[Any, ...], dict[int, MeasuredRun]] = {}
    warnings = []
    for run in runs:
        seeds = groups.setdefault(_identity(run.config), {})
        earlier = seeds.get(run.config.seed)
        if earlier is None or (run.figures and not earlier.figures):
            seeds[run.config.seed] = run
        if earlier is not None:
            left_out = earlier if seeds[run.config.seed] is run else run
            kept = seeds[run.config.seed]
            warnings.append(words(language)("comparison.repeated", left_out=left_out.path, kept=kept.path))
    firsts = [next(iter(seeds.values())) for seeds in groups.values()]
    differing = [
        one.name
        for one in fields(Config)
        if one.name not in HOW_IT_IS_RUN and len({getattr(run.config, one.name) for run in firsts}) > 1
    ]
    settings = []
    for first, seeds in zip(firsts, groups.values(), strict=True):
        values = {key: getattr(first.config, key) for key in differing}
        label = " ".join(f"{key}={value_text(value)}" for key, value in values.items()) or first.name
        members = tuple(seeds[seed] for seed in sorted(seeds))
        settings.append(MeasuredSetting(label, values, members))
    return settings, warnings


def _told(setting: MeasuredSetting, metric: str, say: Words) -> str:
    found = setting.summary(metric)
    assert found is not None
    figure = f"{found.mean:.4f}" if found.std is None else f"{found.mean:.4f} ± {found.std:.4f}"
    name, seeds = say(f"metric.{metric}"), say.count("seed", found.n)
    return say("comparison.one_setting", metric=name, figure=figure, seeds=seeds)


def warnings_of(setting: MeasuredSetting, language: str = "en") -> list[str]:
    """What keeps the figures of one setting from meaning what they seem to."""
    say, label = words(language), setting.label
    warnings = []
    for status in ("diverged", "interrupted", "unfinished"):
        seeds = [run.config.seed for run in setting.runs if run.status == status]
        if seeds:
            of_runs = say("comparison.of_runs", some=len(seeds), all=len(setting.runs))
            count = of_runs if len(setting.runs) > 1 else say("comparison.only_run")
            told = {"status": say(f"status.{status}"), "seeds": ", ".join(map(str, seeds))}
            warnings.append(say("comparison.not_counted", label=label, count=count, **told))
    n = len(setting.finished)
    if 0 < n < ENOUGH_SEEDS:
        warnings.append(say("comparison.few_seeds", label=label, seeds=say.count("seed", n), enough=ENOUGH_SEEDS))
    overfit = [after for run in setting.finished if (after := run.overfits_after) is not None]
    if len(overfit) * 2 > n:
        warnings.append(say("comparison.overfits", label=label, epoch=f"{median(overfit):g}"))
    return warnings
