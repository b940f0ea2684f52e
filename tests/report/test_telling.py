"""What is told of many settings."""

from dataclasses import replace
from pathlib import Path

from trainlab.experiments import Config
from trainlab.experiments.comparison import compare_runs
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.report.document import Bullets
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
