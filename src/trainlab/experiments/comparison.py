"""Runs side by side: those that differ in nothing but their seed are one setting; settings are compared over seeds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import prod
from statistics import median
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import HOW_IT_IS_RUN, Config
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import (
    Difference,
    Importance,
    MainEffect,
    Summary,
    best_against_others,
    importance,
    main_effects,
    summarize,
    verdict,
)
from trainlab.words import Words, words

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

DECIDE_LOSS = ("loss", "label_smoothing")
"""Losses mean different things where these differ."""
DECIDE_IMAGES = ("split", "subset", "stratified")
"""Validation images are not the same where these differ."""

ENOUGH_SEEDS = 3
MOST_NAMED = 3
"""Of more settings with the same trouble, the number is told."""


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

    @property
    def main_effects(self) -> list[MainEffect]:
        """What each setting does on the average over the others; none where a single one differs."""
        several = len(self.settings[0].settings) > 1
        return main_effects([(one.settings, one.by_seed(self.metric)) for one in self.settings]) if several else []

    @property
    def importance(self) -> list[Importance]:
        """How much of the variance each setting explains; none for a grid, where main effects say more."""
        measured = [(one.settings, found.mean) for one in self.settings if (found := one.summary(self.metric))]
        names = list(self.settings[0].settings)
        grid = prod(len({one.settings[name] for one in self.settings}) for name in names)
        if len(names) < 2 or len(self.settings) == grid:
            return []
        return importance([settings for settings, _ in measured], [mean for _, mean in measured])

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
            "main_effects": [{**asdict(effect), "span": effect.span} for effect in self.main_effects],
            "importance": [asdict(one) for one in self.importance],
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


def compare_runs(
    runs: Sequence[MeasuredRun], metric: str = "validation_accuracy", epoch: str = "best", language: str = "en"
) -> Comparison:
    """Group runs into settings, order these by the mean of a figure, and test the best against each other one.

    Args:
        runs: at least two, all on one data set.
        metric: one of `COMPARED`.
        epoch: which epoch the figures are of, for the record.
        language: of sentences and warnings, see `trainlab.words`.

    Raises InputError for fewer than two runs, different data sets, losses of different kinds, or if none has finished.
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
    elif best.label in means and not sentences:
        sentences = [say("answer.nothing_else_finished")]
    elif len(sentences) > 1 and all(len(setting.finished) == 1 for setting in (best, *tested)):
        sentences = [say("verdict.all_single")]
    pruned = [setting for setting in ordered if all(run.status == "pruned" for run in setting.runs)]
    warnings += warnings_of([setting for setting in ordered if setting not in pruned], language)
    if pruned:
        count = say("comparison.of_settings", some=len(pruned), all=len(settings))
        warnings.append(say("comparison.pruned", count=count))
    warnings += [say("comparison.images", setting=key) for key in DECIDE_IMAGES if key in best.settings]
    warnings += [say("comparison.losses", setting=key) for key in DECIDE_LOSS if key in best.settings]
    warnings += [say("comparison.epochs")] if "epochs" in best.settings else []
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
    for key in DECIDE_LOSS if metric.endswith("loss") else ():
        values = sorted({value_text(getattr(run.config, key)) for run in runs})
        if len(values) > 1:
            raise InputError(
                f"{metric} cannot be compared between runs with {key}={' and '.join(values)}: it means different "
                f"things. Compare by --metric {metric.replace('loss', 'accuracy')}."
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
    name, seeds = say(f"metric.{metric}"), say.count("seed", found.n)
    return say("comparison.one_setting", metric=name, figure=found.text(), seeds=seeds)


def warnings_of(settings: Sequence[MeasuredSetting], language: str = "en") -> list[str]:
    """What keeps the figures of these settings from meaning what they seem to."""
    say = words(language)
    return [text for one in settings for text in _warnings_of(one, say)] + _few_seeds(settings, say)


def _warnings_of(setting: MeasuredSetting, say: Words) -> list[str]:
    label = setting.label
    warnings = []
    for status in ("diverged", "pruned", "interrupted", "unfinished"):
        seeds = [run.config.seed for run in setting.runs if run.status == status]
        if seeds:
            of_runs = say("comparison.of_runs", some=len(seeds), all=len(setting.runs))
            count = of_runs if len(setting.runs) > 1 else say("comparison.only_run")
            told = {"status": say(f"status.{status}"), "seeds": ", ".join(map(str, seeds))}
            warnings.append(say("comparison.not_counted", label=label, count=count, **told))
    overfit = [after for run in setting.finished if (after := run.overfits_after) is not None]
    if len(overfit) * 2 > len(setting.finished):
        warnings.append(say("comparison.overfits", label=label, epoch=f"{median(overfit):g}"))
    return warnings


def _few_seeds(settings: Sequence[MeasuredSetting], say: Words) -> list[str]:
    """A warning for each setting with few seeds, or one for all where there are many of them."""
    labels: dict[int, list[str]] = {}
    for setting in settings:
        if 0 < (n := len(setting.finished)) < ENOUGH_SEEDS:
            labels.setdefault(n, []).append(setting.label)
    return [
        say("comparison.few_seeds", label=label, seeds=say.count("seed", n), enough=ENOUGH_SEEDS)
        for n, members in labels.items()
        for label in (members if len(members) <= MOST_NAMED else [say.count("setting", len(members))])
    ]
