"""Curves over the epochs with their bands, and the learning rate."""

from collections.abc import Sequence

from trainlab.experiments.assemble import learning_rates
from trainlab.experiments.comparison import MeasuredSetting
from trainlab.report.document import Chart, Charts, Line, Paragraph, Section
from trainlab.report.seed_bands import MOST_CURVES, band
from trainlab.training.progress.wording import accuracy_text, learning_rate_text, loss_text
from trainlab.words import Words

PARTS = ("validation", "train")
FIGURES = ("accuracy", "loss")
MOST_RATES = 150
"""Points of a learning rate's line."""


def curves(settings: Sequence[MeasuredSetting], say: Words) -> Section:
    """Accuracy and loss: of one setting with both parts in one chart, of several with a chart for each part."""
    drawn = [setting for setting in settings if any(run.epochs for run in setting.runs)][:MOST_CURVES]
    if len(drawn) == 1:
        whose = f"{drawn[0].label}: " if len(settings) > 1 else ""
        legend = [(whose + say(f"report.{part}"), look) for look, part in enumerate(PARTS)]
        charts = [
            _chart(
                [_line(drawn[0], part, name, say(f"report.{part}"), look) for look, part in enumerate(PARTS)], name, say
            )
            for name in FIGURES
        ]
    else:
        legend = [(setting.label, look) for look, setting in enumerate(drawn)]
        charts = [
            _chart([_line(one, part, name, one.label, look) for look, one in enumerate(drawn)], f"{part}_{name}", say)
            for part in PARTS
            for name in FIGURES
        ]
    has_bands = any(len(setting.finished) > 1 for setting in drawn)
    told = [say("report.curves_told" if has_bands else "report.curves_of_one_seed")]
    if len(drawn) < len(settings):
        told.append(say("report.best_drawn", drawn=len(drawn), all=len(settings)))
    return Section(say("report.curves"), [Paragraph(say.paragraph(told)), Charts(charts, legend)])


def _line(setting: MeasuredSetting, part: str, name: str, label: str, look: int) -> Line:
    found = band(setting, part, name)
    return Line(label, look, found.epochs, found.means, found.stds, found.counts)


def _chart(lines: Sequence[Line], metric: str, say: Words) -> Chart:
    is_accuracy = metric.endswith("accuracy")
    write = accuracy_text if is_accuracy else loss_text
    heading = say(f"metric.{metric}")
    return Chart(heading, say("report.epoch"), lines, write, is_bounded=is_accuracy, can_zoom=True)


def rates(settings: Sequence[MeasuredSetting], say: Words) -> Section:
    """The learning rate over the epochs, once for all settings that share it."""
    found: dict[tuple[tuple[float, float], ...], list[tuple[str, int]]] = {}
    for look, setting in enumerate(settings[:MOST_CURVES]):
        run = next((run for run in setting.runs if run.epochs), None)
        if run is not None:
            steps = max(1, round(run.epochs[0]["step"] / run.epochs[0]["epoch"]))
            points = tuple(learning_rates(run.config, steps, MOST_RATES))
            found.setdefault(points, []).append((setting.label, look))
    lines = []
    for points, users in found.items():
        name = say.listed([label for label, _ in users]) if len(found) > 1 else say("report.all_settings")
        xs, ys = zip(*points, strict=True)
        lines.append(Line(name, users[0][1], xs, ys))
    chart = Chart(say("report.rate"), say("report.epoch"), lines, learning_rate_text, can_zoom=True)
    legend = [(line.name, line.look) for line in lines] if len(lines) > 1 else []
    return Section(say("report.rate"), [Charts([chart], legend)])
