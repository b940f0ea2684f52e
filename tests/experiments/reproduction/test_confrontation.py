"""Published figures and claims against runs whose truth is known."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest
from scipy import stats

from trainlab.experiments import Config
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.experiments.reproduction import Confrontation, Study, confront, load_study
from trainlab.experiments.reproduction.figures import FIGURES
from trainlab.experiments.reproduction.telling import tell
from trainlab.experiments.statistics import compare

STUDY = """
[[points]]
lr = 0.1
published = { validation_accuracy = 0.97 }

[[points]]
lr = 0.2
published = { validation_accuracy = 0.8, train_loss = 0.5 }

[[claims]]
says = { en = "0.1 is better", zh-TW = "0.1 較好" }
figure = "validation_accuracy"
more = { lr = 0.1 }
less = { lr = 0.2 }

[[claims]]
says = "0.2 is better"
figure = "validation_accuracy"
more = { lr = 0.2 }
less = { lr = 0.1 }

[[claims]]
says = "0.2 begins better"
figure = "first_accuracy"
more = { lr = 0.2 }
less = { lr = 0.1 }

[[claims]]
says = "its loss rises"
figure = "late_rise_of_loss"
more = { lr = 0.2 }
"""
NOISE = (0.0, 0.002, -0.001, 0.001, -0.002)


def epoch(number: int, accuracy: float, loss: float) -> dict[str, Any]:
    return {
        "epoch": number,
        "train": {"accuracy": 1.0, "loss": 0.5},
        "validation": {"accuracy": accuracy, "loss": loss},
    }


def study_in(folder: Path) -> Study:
    path = folder / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return load_study(str(path))


def confronted(study: Study, run: Callable[[float, int], list[dict[str, Any]]], seeds: int = 5) -> Confrontation:
    runs = [
        MeasuredRun(
            Path("run"), "run", replace(Config(), lr=point["lr"], seed=seed), "finished", run(point["lr"], seed), {}
        )
        for point in study.points
        for seed in range(seeds)
    ]
    return confront(study, runs)


def better_with_small_rates(lr: float, seed: int) -> list[dict[str, Any]]:
    """0.1 ends 5 points higher, both begin alike, the loss of 0.2 rises by 0.3."""
    begins = epoch(1, 0.5 + NOISE[(seed + (lr > 0.1)) % 5] + 0.001 * lr, 1.0)
    ends = epoch(
        2, (0.97 if lr < 0.15 else 0.92) + NOISE[seed] * (1 + lr), 1.0 + (0.3 if lr > 0.15 else 0) + NOISE[seed]
    )
    return [begins, ends]


def test_claims_are_confirmed_contradicted_or_left_open(tmp_path: Path) -> None:
    found = confronted(study_in(tmp_path), better_with_small_rates)
    assert [judged.verdict for judged in found.claims] == ["confirmed", "contradicted", "open", "confirmed"]
    told = tell(found)
    assert told.count == "Of 4 published conclusions, our runs confirm 2 and contradict 1; of 1 they cannot tell."
    assert told.claims[0].why.startswith("By validation accuracy: lr=0.1 is 5.00 ± 0.02 percentage points above lr=0.2")
    assert "lr=0.2 has +0.3000 ± 0.0020 (p < 0.001, 5 seeds): not 0 by more than seed noise." in told.claims[3].why
    assert "not more than seed noise" in told.claims[2].why
    assert tell(found, "zh-TW").claims[0].says == "0.1 較好"
    json.dumps(found.to_dict(), allow_nan=False)


def test_more_claims_ask_for_more(tmp_path: Path) -> None:
    found = confronted(study_in(tmp_path), better_with_small_rates)
    first = found.claims[0].difference
    assert first is not None
    assert first.p is not None
    alone = compare({s: 0.92 + NOISE[s] * 1.2 for s in range(5)}, {s: 0.97 + NOISE[s] * 1.1 for s in range(5)})
    assert alone.p is not None
    assert first.p > alone.p


def test_a_published_figure_fits_where_one_more_run_could_end(tmp_path: Path) -> None:
    found = confronted(study_in(tmp_path), better_with_small_rates)
    values = [0.97 + noise * 1.1 for noise in NOISE]
    margin = stats.t.ppf(0.975, 4) * stdev(values) * math.sqrt(1 + 1 / 5)
    ours, other, constant = found.cells
    assert ours.range == pytest.approx((0.97 - margin, 0.97 + margin), abs=1e-9)
    assert (ours.fits, other.fits) == (True, False)
    assert constant.fits is True
    rows = tell(found).rows
    assert [row[-1] for row in rows] == ["yes", "no", "yes"]
    assert rows[0][:5] == ("lr=0.1", "validation accuracy", "97.00 %", "97.00 ± 0.17 %", "5")


def test_a_single_seed_concludes_nothing(tmp_path: Path) -> None:
    found = confronted(study_in(tmp_path), better_with_small_rates, seeds=1)
    assert {judged.verdict for judged in found.claims} == {"open"}
    assert {cell.fits for cell in found.cells} == {None}
    told = tell(found)
    assert "nothing can be concluded" in told.claims[0].why
    assert "with 1 seed, nothing can be concluded" in told.claims[3].why


def test_without_runs_all_is_open(tmp_path: Path) -> None:
    told = tell(confront(study_in(tmp_path), []))
    assert [claim.verdict for claim in told.claims] == ["cannot tell"] * 4
    assert "no run of one of the two settings has finished" in told.claims[0].why
    assert told.rows[0][3:] == ("–", "0", "–", "–")


def test_equal_settings_are_rarely_told_apart(tmp_path: Path) -> None:
    """Of two equal settings, some claim is believed in at most 5 of 100 rounds; 200 rounds allow for chance."""
    draw, study = random.Random(1), study_in(tmp_path)
    believed = 0
    for _ in range(200):
        found = confronted(
            study, lambda lr, seed: [epoch(1, draw.gauss(0.5, 0.01), 1.0), epoch(2, draw.gauss(0.9, 0.01), 1.0)]
        )
        believed += any(judged.verdict != "open" for judged in found.claims[:3])
    assert believed <= 20


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("validation_accuracy", 0.7),
        ("validation_loss", 0.9),
        ("train_loss", 0.5),
        ("train_accuracy", 1.0),
        ("first_accuracy", 0.5),
        ("fall_of_accuracy", 0.1),
        ("late_rise_of_loss", 0.3),
    ],
)
def test_figures_of_a_run(name: str, expected: float) -> None:
    lines = [epoch(1, 0.5, 1.0), epoch(2, 0.9, 0.6), epoch(3, 0.7, 0.9)]
    assert FIGURES[name](lines) == pytest.approx(expected)
    assert math.isfinite(FIGURES[name](lines[:1]))
