"""The table of settings, and whether their differences are more than seed noise."""

from collections.abc import Sequence

from trainlab.experiments.comparison import Comparison, MeasuredSetting
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import Summary
from trainlab.report.document import Block, Bullets, Cell, Heading, Paragraph, Section, Table
from trainlab.words import Words

COLUMNS = ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "seconds")
MOST_SENTENCES = 12
"""Of more settings, the best are compared in words."""


def results(settings: Sequence[MeasuredSetting], comparison: Comparison | None, say: Words) -> Section:
    blocks: list[Block] = [Paragraph(say("report.results_told")), settings_table(settings, say)]
    if comparison is not None and len(settings) > 1 and comparison.sentences:
        told, left = list(comparison.sentences[:MOST_SENTENCES]), len(comparison.sentences[MOST_SENTENCES:])
        if left:
            told.append(say("report.more_comparisons", settings=say.count("setting", left)))
        blocks += [
            Heading(say("report.more_than_noise")),
            Bullets(told),
            Paragraph(say("report.tests_told"), "note"),
        ]
    return Section(say("report.results"), blocks)


def settings_table(settings: Sequence[MeasuredSetting], say: Words) -> Table:
    """A row for each setting: what differs between them, n, and the figures, the best of each column marked."""
    keys = list(settings[0].settings)
    metrics = [metric for metric in COLUMNS if any(setting.summary(metric) for setting in settings)]
    best: dict[str, float] = {}
    for metric in metrics:
        means = [found.mean for setting in settings if (found := setting.summary(metric)) is not None]
        if len(means) > 1:
            best[metric] = max(means) if metric.endswith("accuracy") else min(means)
    rows = []
    for setting in settings:
        names = [Cell(value_text(setting.settings[key]), setting.settings[key]) for key in keys]
        row = names or [Cell(setting.label)]
        row.append(Cell(str(len(setting.finished)), len(setting.finished)))
        for metric in metrics:
            found = setting.summary(metric)
            is_best = found is not None and found.mean == best.get(metric)
            row.append(Cell(_figure(metric, found), "" if found is None else found.mean, is_best))
        rows.append(row)
    headings = [*(keys or [say("report.run")]), "n", *(say(f"metric.{one}") for one in metrics)]
    return Table(headings, rows, left=() if keys else (0,))


def _figure(metric: str, found: Summary | None) -> str:
    if found is None:
        return "–"
    if metric.endswith("accuracy"):
        return found.percent()
    return found.text(places=1 if metric == "seconds" else 4)
