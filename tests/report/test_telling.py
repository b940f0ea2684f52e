"""What is told of many settings."""

from dataclasses import replace
from pathlib import Path

from trainlab.experiments import Config
from trainlab.experiments.comparison import compare_runs
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.report.charts import draw
from trainlab.report.charts.shapes import Area, Stroke, Text
from trainlab.report.document import Bullets, Charts, Paragraph
from trainlab.report.telling.answer import answer
from trainlab.report.telling.hyperparameters import hyperparameters
from trainlab.report.telling.results import MOST_SENTENCES, results
from trainlab.words import words


def measured(seed: int, lr: float) -> MeasuredRun:
    figures = {"validation_accuracy": 0.9 - lr + 0.001 * seed, "seconds": 1.0}
    return MeasuredRun(Path(f"{lr}-{seed}"), "mlp", replace(Config(), lr=lr, seed=seed), "finished", [], figures)


def sentences_about(settings: int) -> list[str]:
    found = compare_runs([measured(seed, lr / 100) for lr in range(1, settings + 1) for seed in (0, 1)])
    (told,) = [block for block in results(found.settings, found, words("en")).blocks if isinstance(block, Bullets)]
    return list(told.items)


def test_every_comparison_is_told_of_a_few_settings_and_the_rest_counted_of_many() -> None:
    few = sentences_about(MOST_SENTENCES + 1)
    assert len(few) == MOST_SENTENCES
    assert all("percentage points above" in sentence for sentence in few)
    many = sentences_about(MOST_SENTENCES + 4)
    assert len(many) == MOST_SENTENCES + 1
    assert all("percentage points above" in sentence for sentence in many[:-1])
    assert many[-1] == "3 settings with a lower mean are compared in the same way by `trainlab compare`."


def searched(points: int) -> list[MeasuredRun]:
    """A search in which the rate decides everything and momentum nothing."""
    runs = []
    for place in range(1, points + 1):
        config = replace(Config(), lr=0.01 * place, momentum=round((7 * place) % points / points, 3))
        figures = {"validation_accuracy": 0.9 - abs(0.01 * place - 0.2), "seconds": 1.0}
        runs.append(MeasuredRun(Path(f"{place}"), "mlp", config, "finished", [], figures))
    return runs


def test_a_search_s_importance_is_a_bar_for_each_setting_with_its_interval() -> None:
    found = compare_runs(searched(40))
    for language, told in (("en", "over 40 settings"), ("zh-TW", "在 40 種設定之間")):
        section = hyperparameters(found.settings, found, words(language))
        assert section is not None
        paragraph, bars, _, dots = section.blocks
        assert isinstance(paragraph, Paragraph)
        assert told in paragraph.text
        assert isinstance(bars, Charts)
        assert isinstance(dots, Charts)
        (chart,) = bars.charts
        assert list(chart.x_names) == ["lr", "momentum"] == [one.x_label for one in dots.charts]
        drawing = draw(chart)
        texts = [shape.text for shape in drawing.axes if isinstance(shape, Text)]
        for one in found.importance:
            assert f"{one.share:.2f} ({one.low:.2f} … {one.high:.2f})" in texts
        ends = [[x for x, _ in shape.outline] for shape in drawing.series if isinstance(shape, Area)]
        spans = [shape.pieces[0] for shape in drawing.series if isinstance(shape, Stroke)]
        for one, end, ((low, _), (high, _)) in zip(found.importance, ends, spans, strict=True):
            assert max(end) == round(drawing.x(one.share), 1)
            assert (low, high) == (round(drawing.x(one.low), 1), round(drawing.x(one.high), 1))
            assert drawing.frame[0] <= low <= high <= drawing.frame[0] + drawing.frame[2]


def test_of_few_points_no_importance_is_told() -> None:
    found = compare_runs(searched(9))
    section = hyperparameters(found.settings, found, words("en"))
    assert section is not None
    assert [len(block.charts) for block in section.blocks if isinstance(block, Charts)] == [2]


def test_of_many_settings_the_best_are_named_and_the_rest_counted() -> None:
    found = compare_runs(searched(9))
    first = answer(found.settings, found, words("en"))[0]
    assert first.count("lr=") == 6
    assert first.endswith(", … (3 more).")
    assert answer(found.settings, found, words("zh-TW"))[0].endswith("、……（另有 3 種）。")
