"""Each section of the report as texts, tables and charts, ready to be laid out. Nothing here is HTML but the charts."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from trainlab.data import describe
from trainlab.errors import InputError
from trainlab.experiments.assemble import learning_rates, summarize_network
from trainlab.experiments.comparison import HOW_IT_IS_RUN, Comparison, MeasuredSetting
from trainlab.experiments.config import Config
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.settings import value_text
from trainlab.experiments.statistics import Summary
from trainlab.report.first_layer import COLUMNS, MOST_FILTERS, filters_picture
from trainlab.report.html.charts import Line, line_chart
from trainlab.report.html.judgement import Judgement
from trainlab.report.html.pictures import image_uri, png_uri
from trainlab.report.seed_bands import MOST_CURVES, band
from trainlab.training.progress.wording import learning_rate_text, loss_text
from trainlab.words import Words

COLUMNS_OF_TABLE = ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "seconds")
MOST_CLASSES = 20
"""With more classes, the confusion matrix is left out and the classes recognized worst are told."""
MOST_PAIRS = 5
MATTERS = ("trainlab", "numpy", "python", "platform", "machine", "cores", "threads", "processes")


def title(settings: Sequence[MeasuredSetting], say: Words) -> str:
    config, keys = settings[0].runs[0].config, list(settings[0].settings)
    if keys:
        return say("report.title_of_settings", keys=say.listed(keys), dataset=config.dataset)
    return say("report.title_of_run", name=settings[0].label, dataset=config.dataset)


def question(settings: Sequence[MeasuredSetting], say: Words) -> str:
    config, keys = settings[0].runs[0].config, list(settings[0].settings)
    about = {"model": config.model, "dataset": config.dataset}
    if keys:
        return say("report.question_of_settings", keys=say.listed(keys), **about)
    return say("report.question_of_run", **about)


def answer(settings: Sequence[MeasuredSetting], comparison: Comparison | None, say: Words) -> list[str]:
    """Three sentences: what was run, which is best and whether that is more than noise, what the test set says."""
    best, count = settings[0], sum(len(setting.runs) for setting in settings)
    runs = say.count("run", count)
    keys = say.listed(list(best.settings))
    told = {"runs": runs, "label": best.label, "seeds": say.count("seed", len(best.finished))}
    if len(settings) > 1:
        labels = [setting.label for setting in settings[:MOST_CURVES]] + ["…"] * (len(settings) > MOST_CURVES)
        enumerated = say("list.separator").join(labels)
        count_told = say.count("setting", len(settings))
        sentences = [say("answer.settings", keys=keys, settings=count_told, labels=enumerated, **told)]
    else:
        sentences = [say("answer.one_setting" if count > 1 else "answer.one_run", **told)]
    found = best.summary("validation_accuracy")
    if found is None:
        return [*sentences, _so_far(best.runs[0], say)]
    figure = percent(found)
    if comparison is not None and len(settings) > 1:
        tested = comparison.sentences[0] if comparison.sentences else say("answer.nothing_else_finished")
        sentences.append(say("answer.best", figure=figure, verdict=tested, **told))
    elif found.n > 1:
        margin = f"{100 * (found.margin or 0.0):.2f}"
        sentences.append(say("answer.several_seeds", figure=figure, margin=margin, **told))
    else:
        sentences.append(say("answer.one_seed", figure=figure, **told))
    test = best.summary("test_accuracy")
    if test is None:
        sentences.append(say("answer.no_test"))
    else:
        sentences.append(say("answer.test", figure=percent(test), **told))
    return sentences


def _so_far(run: MeasuredRun, say: Words) -> str:
    best = max(run.epochs, key=lambda line: line["validation"]["accuracy"])
    figure = f"{100 * best['validation']['accuracy']:.2f} %"
    epochs = say.count("epoch", len(run.epochs))
    return say("answer.so_far", status=say(f"status.{run.status}"), figure=figure, epoch=best["epoch"], epochs=epochs)


def percent(found: Summary) -> str:
    """
    >>> percent(Summary(3, 0.9712, 0.0008, 0.002)), percent(Summary(1, 0.9712, None, None))
    ('97.12 ± 0.08 %', '97.12 %')
    """
    return f"{found.text(places=2, scale=100)} %"


def settings_table(settings: Sequence[MeasuredSetting], say: Words) -> dict[str, Any]:
    """Headings and rows of (text, what it sorts by, whether it is the best of its column)."""
    keys = list(settings[0].settings)
    metrics = [metric for metric in COLUMNS_OF_TABLE if any(setting.summary(metric) for setting in settings)]
    best: dict[str, float] = {}
    for metric in metrics:
        means = [found.mean for setting in settings if (found := setting.summary(metric)) is not None]
        if len(means) > 1:
            best[metric] = max(means) if metric.endswith("accuracy") else min(means)
    rows = []
    for setting in settings:
        names: list[Any] = [(value_text(setting.settings[key]), setting.settings[key], False) for key in keys]
        row = names or [(setting.label, setting.label, False)]
        row.append((str(len(setting.finished)), len(setting.finished), False))
        for metric in metrics:
            found = setting.summary(metric)
            is_best = found is not None and found.mean == best.get(metric)
            row.append((_cell(metric, found), "" if found is None else found.mean, is_best))
        rows.append(row)
    return {"headings": [*(keys or [say("report.run")]), "n", *(say(f"metric.{one}") for one in metrics)], "rows": rows}


def _cell(metric: str, found: Summary | None) -> str:
    if found is None:
        return "–"
    if metric.endswith("accuracy"):
        return percent(found)
    return found.text(places=1 if metric == "seconds" else 4)


def curves(settings: Sequence[MeasuredSetting], say: Words) -> dict[str, Any]:
    """The charts over the epochs, with a legend of (name, look)."""
    drawn = [setting for setting in settings if any(run.epochs for run in setting.runs)][:MOST_CURVES]
    charts = []
    if len(drawn) == 1:
        parts = [("validation", 0), ("train", 1)]
        whose = f"{drawn[0].label}: " if len(settings) > 1 else ""
        legend = [(whose + say(f"report.{part}"), look) for part, look in parts]
        for name in ("accuracy", "loss"):
            lines = [_line(drawn[0], part, name, say(f"report.{part}"), look) for part, look in parts]
            charts.append(_chart(lines, name, say(f"metric.{name}"), say))
    else:
        legend = [(setting.label, look) for look, setting in enumerate(drawn)]
        for part, name in (
            ("validation", "accuracy"),
            ("validation", "loss"),
            ("train", "accuracy"),
            ("train", "loss"),
        ):
            lines = [_line(setting, part, name, setting.label, look) for look, setting in enumerate(drawn)]
            charts.append(_chart(lines, name, say(f"metric.{part}_{name}"), say))
    left_out = len(settings) - len(drawn)
    has_bands = any(len(setting.finished) > 1 for setting in drawn)
    told = [say("report.curves_told" if has_bands else "report.curves_of_one_seed")]
    if left_out:
        told.append(say("report.best_drawn", drawn=len(drawn), all=len(settings)))
    return {"charts": charts, "legend": legend, "told": " ".join(told)}


def _line(setting: MeasuredSetting, part: str, name: str, label: str, look: int) -> Line:
    found = band(setting, part, name)
    return Line(label, look, found.epochs, found.means, found.stds)


def _chart(lines: Sequence[Line], name: str, heading: str, say: Words) -> str:
    write = (lambda value: f"{value:.4f}") if name == "accuracy" else loss_text
    return line_chart(lines, heading, say("report.epoch"), write, bounded=name == "accuracy")


def rate_chart(settings: Sequence[MeasuredSetting], say: Words) -> dict[str, Any]:
    """The learning rate over the epochs, once for all settings that share it."""
    found: dict[tuple[tuple[float, float], ...], list[tuple[str, int]]] = {}
    for look, setting in enumerate(settings[:MOST_CURVES]):
        run = next((run for run in setting.runs if run.epochs), None)
        if run is not None:
            steps = max(1, round(run.epochs[0]["step"] / run.epochs[0]["epoch"]))
            rates = tuple(learning_rates(run.config, steps, 150))
            found.setdefault(rates, []).append((setting.label, look))
    lines, legend = [], []
    for rates, users in found.items():
        name = say.listed([label for label, _ in users]) if len(found) > 1 else say("report.all_settings")
        xs, ys = zip(*rates, strict=True)
        lines.append(Line(name, users[0][1], xs, ys))
        legend.append((name, users[0][1]))
    chart = line_chart(lines, say("report.rate"), say("report.epoch"), learning_rate_text)
    return {"chart": chart, "legend": legend if len(legend) > 1 else []}


def judged(found: Judgement, say: Words) -> dict[str, Any]:
    """Confusion matrix, classes, worst images and first-layer weights."""
    accuracies = found.class_accuracies()
    classes = [
        (found.classes[number], accuracy, int(found.confusion[number].sum()))
        for number, accuracy in enumerate(accuracies)
        if accuracy is not None
    ]
    is_small = len(found.classes) <= MOST_CLASSES
    if not is_small:
        classes = sorted(classes, key=lambda one: one[1])[:MOST_CLASSES]
    right = int(found.confusion.trace())
    pairs = [
        say("report.confused", a=a, b=b, images=say.count("image", count)) for count, a, b in found.confused(MOST_PAIRS)
    ]
    matrix = [
        (name, [(int(count), int(count) / max(1, int(row.sum())), i == j) for j, count in enumerate(row)])
        for i, (name, row) in enumerate(zip(found.classes, found.confusion, strict=True))
    ]
    filters = found.filters
    return {
        "told": say("report.judged", right=f"{right:,}", all=f"{found.size:,}", epoch=found.epoch),
        "pairs": pairs,
        "names": found.classes,
        "matrix": matrix if is_small else None,
        "classes": classes,
        "all_classes": len(found.classes) if not is_small else None,
        "mistakes": [(image_uri(one.pixels), one) for one in found.mistakes],
        "filters": None if filters is None else png_uri(filters_picture(filters)),
        "filters_told": "" if filters is None else _filters_told(filters, say),
        "filters_width": 0 if filters is None else min(COLUMNS, len(filters)) * (filters.shape[3] + 1),
    }


def _filters_told(filters: Any, say: Words) -> str:
    count = say("report.filters", shown=min(MOST_FILTERS, len(filters)), all=len(filters))
    return f"{count} {say('report.filters_grey' if filters.shape[1] == 1 else 'report.filters_colour')}"


def network(config: Config, say: Words) -> dict[str, Any] | None:
    """The layers; None where the data set or a package for that is not here."""
    try:
        described = describe(config.dataset)
        rows = summarize_network(config, described.image_shape, len(described.classes))
    except InputError:
        return None
    cells = [
        (row.name, row.layer, "×".join(map(str, row.output_shape)), f"{row.parameters:,}", f"{row.flops:,}")
        for row in rows
    ]
    total = ("", say("report.together"), "", f"{sum(r.parameters for r in rows):,}", f"{sum(r.flops for r in rows):,}")
    return {"rows": cells, "total": total}


def run_record(run: MeasuredRun, folder: RunFolder, say: Words) -> dict[str, Any]:
    """One run: how it ended and the command that makes it again."""
    summary = folder.read_summary() or {}
    best = summary.get("best")
    words_of_command = folder.read_environment().get("command") or ["trainlab", "train", str(run.path / "config.toml")]
    return {
        "path": str(run.path),
        "seed": run.config.seed,
        "status": say(f"status.{run.status}"),
        "reason": summary.get("reason", "") if run.status != "finished" else "",
        "best": "" if best is None else f"{100 * best['validation']['accuracy']:.2f} %",
        "epoch": "" if best is None else best["epoch"],
        "seconds": f"{summary['seconds']:.1f}" if "seconds" in summary else "",
        "command": shlex.join(map(str, words_of_command)),
    }


def environment(folders: Sequence[RunFolder]) -> list[tuple[str, str]]:
    """What the results may depend on besides the configuration; several values where the runs differ."""
    records = [folder.read_environment() for folder in folders]
    facts = []
    for key in MATTERS:
        values = dict.fromkeys(str(record[key]) for record in records if key in record)
        if values:
            facts.append((key, ", ".join(values)))
    return facts


def configuration(settings: Sequence[MeasuredSetting], chosen: Config) -> list[tuple[str, str, bool, bool]]:
    """(key, value, whether settings differ in it, whether it is the default) of all that decides the result."""
    differing, default = settings[0].settings, asdict(Config())
    return [
        (key, value_text(value), key in differing, value == default[key])
        for key, value in asdict(chosen).items()
        if key not in HOW_IT_IS_RUN - {"seed"}
    ]
