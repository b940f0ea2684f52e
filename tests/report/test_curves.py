"""The picture of a run: what it shows, and that it can be made of whatever a run leaves behind."""

import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from PIL import Image

from trainlab.errors import InputError
from trainlab.report import draw_curves
from trainlab.report.curves import TRAIN, VALIDATION

Line = dict[str, Any]


def line(epoch: int, loss: float | None = None, accuracy: float | None = None) -> Line:
    return {
        "epoch": epoch,
        "step": 422 * epoch,
        "train": {"loss": 0.4 / epoch, "accuracy": 1 - 0.1 / epoch},
        "validation": {
            "loss": 0.3 / epoch if loss is None else loss,
            "accuracy": 1 - 0.08 / epoch if accuracy is None else accuracy,
        },
        "learning_rate": 0.05,
        "seconds": 1.2,
    }


def svg_of(metrics: list[Line], folder: Path, **options: Any) -> str:
    """The drawing's text; matplotlib writes each label into it as a comment."""
    _, svg = draw_curves(metrics, folder, title="mnist-mlp", **options)
    text = svg.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    return text


def test_it_writes_a_png_and_an_svg_with_all_labels(tmp_path: Path) -> None:
    svg = svg_of([line(epoch) for epoch in range(1, 11)], tmp_path)
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (1350, 480)
    for label in ("mnist-mlp", "loss", "accuracy", "learning rate", "train 0.9900", "validation 0.9920", "best 0.9920"):
        assert f"<!-- {label} -->" in svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "curves.svg"]


def test_the_earliest_of_equally_good_epochs_is_the_best(tmp_path: Path) -> None:
    metrics = [line(1, accuracy=0.91), line(2, accuracy=0.97), line(3, accuracy=0.95), line(4, accuracy=0.97)]
    assert "best validation accuracy 0.9700 in epoch 2 of 4" in svg_of(metrics, tmp_path)


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    metrics = [line(epoch) for epoch in range(1, 4)]
    first = [path.read_bytes() for path in draw_curves(metrics, tmp_path / "first", "mnist-mlp")]
    second = [path.read_bytes() for path in draw_curves(metrics, tmp_path / "second", "mnist-mlp")]
    assert first == second


@pytest.mark.parametrize("epochs", [1, 2, 50])
def test_any_number_of_epochs_can_be_drawn(epochs: int, tmp_path: Path) -> None:
    svg = svg_of([line(epoch) for epoch in range(1, epochs + 1)], tmp_path)
    assert f"in epoch {epochs} of {epochs}" in svg


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
def test_a_value_that_is_not_finite_leaves_a_gap_and_a_note(bad: float | None, tmp_path: Path) -> None:
    metrics = [line(1), line(2), line(3)]
    metrics[2]["validation"] = {"loss": bad, "accuracy": bad}
    svg = svg_of(metrics, tmp_path, note="the loss became nan at step 900")
    assert "not finite in epoch 3" in svg
    assert "in epoch 2 of 3 · the loss became nan at step 900" in svg


def test_a_run_without_any_finite_value_can_be_drawn(tmp_path: Path) -> None:
    metrics = [line(1, loss=math.nan, accuracy=math.nan)]
    metrics[0]["train"] = metrics[0]["validation"]
    assert "no finite validation accuracy" in svg_of(metrics, tmp_path)


def test_a_loss_that_explodes_is_drawn_on_a_logarithmic_axis(tmp_path: Path) -> None:
    assert "<!-- loss (log) -->" in svg_of([line(1), line(2), line(3), line(4, loss=5000.0)], tmp_path)


def test_a_learning_rate_for_every_step_stays_a_small_file(tmp_path: Path) -> None:
    rates = [(step / 5400, 0.1 * (1 - step / 54_000)) for step in range(54_001)]
    svg = svg_of([line(epoch) for epoch in range(1, 11)], tmp_path, learning_rates=rates)
    assert len(svg) < 200_000


def test_a_title_may_hold_any_characters(tmp_path: Path) -> None:
    png, svg = draw_curves([line(1)], tmp_path, title="$lr_{1}$ <b> 手寫 & \\frac")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


def test_training_and_validation_differ_without_colours() -> None:
    def brightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    assert abs(brightness(TRAIN.colour) - brightness(VALIDATION.colour)) > 0.2
    assert (TRAIN.line, TRAIN.marker) != (VALIDATION.line, VALIDATION.marker)


def test_matplotlib_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "pink")
    before = matplotlib.rcParams.copy()
    draw_curves([line(1)], tmp_path, title="mnist-mlp")
    assert "matplotlib.pyplot" not in sys.modules
    assert [key for key in before if key != "backend" and matplotlib.rcParams[key] != before[key]] == []


def test_a_run_without_epochs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to draw: no epoch has ended yet"):
        draw_curves([], tmp_path, title="mnist-mlp")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    cut, wrong = line(2), line(2)
    del cut["validation"]["loss"]
    wrong["train"]["accuracy"] = "0.9"
    with pytest.raises(InputError, match=r"line 2 of the metrics has no 'validation.loss'"):
        draw_curves([line(1), cut], tmp_path, title="mnist-mlp")
    with pytest.raises(InputError, match=r"line 2 of the metrics has '0.9' for 'train.accuracy'. Expected a number"):
        draw_curves([line(1), wrong], tmp_path, title="mnist-mlp")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        draw_curves([line(1)], tmp_path / "file", title="mnist-mlp")
