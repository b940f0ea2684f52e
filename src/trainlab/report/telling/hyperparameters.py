"""What each setting does to validation accuracy, a small chart for each."""

import math
from collections.abc import Hashable, Sequence
from statistics import median

from trainlab.experiments.comparison import Comparison, MeasuredSetting
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import Importance, MainEffect, summarize
from trainlab.report.charts.bars import height_of
from trainlab.report.document import Block, Chart, Charts, Line, Paragraph, Section
from trainlab.report.seed_bands import MOST_CURVES
from trainlab.training.progress.wording import accuracy_text
from trainlab.words import Words

WIDTH, HEIGHT = 300, 210
BEST_LOOK = 5
LEAST_RATIO = 10
"""A logarithmic axis needs at least so much between its ends."""


def hyperparameters(settings: Sequence[MeasuredSetting], comparison: Comparison | None, say: Words) -> Section | None:
    """Main effects of a grid; of a search, how much each setting matters, and every point as a dot.

    None where the table says it all.
    """
    if comparison is None:
        return None
    effects = comparison.main_effects
    told = {effect.name for effect in effects}
    measured = [setting for setting in settings if setting.finished]
    others = [key for key in settings[0].settings if key not in told]
    if not effects and len(measured) <= MOST_CURVES:
        others = [] if len(settings[0].settings) == 1 else others
    scattered = [key for key in others if len({setting.settings[key] for setting in measured}) > 1]
    blocks: list[Block] = []
    if effects:
        sentences = [say("report.effects_told")]
        if any(len(level.by_seed) > 1 for effect in effects for level in effect.levels):
            sentences.append(say("report.effects_intervals"))
        sentences += [
            say("report.effects_left_out", name=effect.name, settings=say.count("setting", effect.left_out))
            for effect in effects
            if effect.left_out
        ]
        blocks += [Paragraph(say.paragraph(sentences))]
        blocks += [Charts([_effect(effect, say) for effect in effects])]
    if shares := comparison.importance:
        order = [one.name for one in shares]
        scattered.sort(key=lambda key: order.index(key) if key in order else len(order))
        told_of = say.count("setting", len(measured))
        sentences = [say("report.importance_told", settings=told_of), say("report.importance_intervals")]
        blocks += [Paragraph(say.paragraph(sentences))]
        blocks += [Charts([_importance(shares, say)])]
    if scattered:
        sentences = [say("report.scatter_told")]
        if any(len(setting.finished) > 1 for setting in measured):
            sentences.append(say("report.scatter_bars"))
        if len(scattered) + len(effects) > 1:
            sentences.append(say("report.scatter_others"))
        blocks += [Paragraph(say.paragraph(sentences))]
        blocks += [Charts([_scatter(key, measured, say) for key in scattered])]
    return Section(say("report.effects"), blocks) if blocks else None


def _effect(effect: MainEffect, say: Words) -> Chart:
    """Mean and 95 % interval of each value."""
    margins = [summarize(list(level.by_seed.values())).margin if level.by_seed else None for level in effect.levels]
    line = Line(
        "",
        0,
        list(range(len(effect.levels))),
        [level.mean for level in effect.levels],
        [margin or 0.0 for margin in margins],
        [len(level.by_seed) for level in effect.levels] if any(margins) else (),
        "dots",
    )
    return _small(effect.name, [line], say, names=[value_text(level.value) for level in effect.levels])


def _importance(shares: Sequence[Importance], say: Words) -> Chart:
    """Each hyperparameter's share of the variance, with its interval."""
    metric = say("metric.validation_accuracy")
    line = Line(
        "",
        0,
        list(range(len(shares))),
        [one.share for one in shares],
        [max(one.share - one.low, one.high - one.share) for one in shares],
        drawn="bars",
    )
    return Chart(
        say("report.importance", metric=metric),
        "",
        [line],
        lambda share: f"{share:.2f}",
        x_names=[one.name for one in shares],
        height=height_of(len(shares)),
    )


def _scatter(key: str, measured: Sequence[MeasuredSetting], say: Words) -> Chart:
    """Each setting's value and accuracy, the best setting last and in a colour of its own."""
    values = [setting.settings[key] for setting in measured]
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    names: list[Hashable] = [] if is_number else sorted(set(values), key=lambda value: (str(type(value)), value))
    lines = []
    for look, members in ((0, measured[1:]), (BEST_LOOK, measured[:1])):
        found = [summary for one in members if (summary := one.summary("validation_accuracy")) is not None]
        places = [one.settings[key] if is_number else names.index(one.settings[key]) for one in members]
        spreads = [summary.std or 0.0 for summary in found]
        counts = [summary.n for summary in found]
        lines.append(Line("", look, places, [one.mean for one in found], spreads, counts, "dots"))
    is_log = is_number and spans_powers([float(value) for value in values])
    return _small(key, lines, say, names=[value_text(name) for name in names], is_log=is_log)


def _small(key: str, lines: Sequence[Line], say: Words, *, names: Sequence[str], is_log: bool = False) -> Chart:
    return Chart(
        say("metric.validation_accuracy"),
        key,
        lines,
        accuracy_text,
        is_bounded=True,
        x_names=names,
        x_is_log=is_log,
        width=WIDTH,
        height=HEIGHT,
    )


def spans_powers(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis spreads these better: their median is then nearer to the middle.

    >>> spans_powers([0.001, 0.004, 0.02, 0.1, 0.8]), spans_powers([0.0, 0.3, 0.9]), spans_powers([1, 5, 6, 9, 10])
    (True, False, False)
    """
    low, high, middle = min(values), max(values), median(values)
    if low <= 0 or high / low < LEAST_RATIO:
        return False
    linear = (middle - low) / (high - low)
    logarithmic = math.log(middle / low) / math.log(high / low)
    return abs(logarithmic - 0.5) < abs(linear - 0.5)
