"""What the report is about, what it asks, and what it answers: all of it made from the data."""

from collections.abc import Sequence

from trainlab.experiments.comparison import Comparison, MeasuredSetting
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.report.seed_bands import MOST_CURVES
from trainlab.words import Words


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
        labels = [setting.label for setting in settings[:MOST_CURVES]]
        if len(settings) > MOST_CURVES:
            labels.append(say("answer.others", n=len(settings) - MOST_CURVES))
        enumerated = say("list.separator").join(labels)
        count_told = say.count("setting", len(settings))
        sentences = [say("answer.settings", keys=keys, settings=count_told, labels=enumerated, **told)]
    else:
        sentences = [say("answer.one_setting" if count > 1 else "answer.one_run", **told)]
    found = best.summary("validation_accuracy")
    if found is None:
        return [*sentences, _so_far(best.runs[0], say)]
    figure = found.percent()
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
        sentences.append(say("answer.test", figure=test.percent(), **told))
    return sentences


def _so_far(run: MeasuredRun, say: Words) -> str:
    best = max(run.epochs, key=lambda line: line["validation"]["accuracy"])
    figure = f"{100 * best['validation']['accuracy']:.2f} %"
    epochs = say.count("epoch", len(run.epochs))
    return say("answer.so_far", status=say(f"status.{run.status}"), figure=figure, epoch=best["epoch"], epochs=epochs)
