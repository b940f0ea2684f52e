"""The benchmarks of ResNet-18 and CIFAR-10 do their work on a few small images; how fast is not a test's business."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import cifar10_time, data_wait, presets, resnet18_step
from benchmarks.image_problem import ImageProblem, make_image_problem, trainlab_training
from benchmarks.rivals import resnet18
from benchmarks.rounds import Numbers, admit
from benchmarks.size import QUICK, Size
from trainlab.errors import RunFailed
from trainlab.experiments import load_preset

TINY = replace(QUICK, rounds=2, seeds=2)
FEW = ("batch_size=4", "threads=1")


@pytest.fixture(scope="module")
def problem() -> ImageProblem:
    return make_image_problem("cifar10-lab1", FEW)


@pytest.fixture
def _few_digits(tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tiny_mnist))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_resnet18_is_compared_with_the_lab_reports_way_and_with_its_best() -> None:
    rivals = [resnet18_step.AS_WRITTEN, resnet18_step.BEST, resnet18_step.BEST_FP32]

    (part,) = resnet18_step.measure(TINY, rivals, FEW)["parts"]

    assert part["kind"] == "comparison"
    assert part["missing"] == []
    at_its_best = {"at_least": 1, "aim": 1.1}
    assert [rival["target"] for rival in part["rivals"]] == [{"at_least": 2.5, "aim": 3}, at_its_best, at_its_best]
    assert [len(series["values"]) for series in (part["ours"], *part["rivals"])] == [2, 2, 2, 2]


def test_a_hundred_steps_of_the_lab_reports_way_are_timed() -> None:
    assert Size().rounds * Size().steps >= 100


@pytest.mark.parametrize(
    ("make", "rate", "weights_of"),
    [("as_written", 0.99, 0), ("best", 0.9, 0), ("best", 1.0, 1)],
    ids=["float32, another lr", "bfloat16, another lr", "other weights"],
)
def test_a_resnet18_that_learns_otherwise_is_left_out(
    problem: ImageProblem, make: str, rate: float, weights_of: int
) -> None:
    other = make_image_problem("cifar10-lab1", [*FEW, f"seed={weights_of}"])
    other = replace(other, sampled_lr=rate * problem.sampled_lr)

    admitted, missing = admit(trainlab_training(problem, 1), {"other": lambda: getattr(resnet18, make)(other, 1)})

    assert admitted == {}
    assert missing[0]["reason"].startswith("computes something else")


def test_our_own_losses_in_the_precision_of_the_race_are_checked(
    problem: ImageProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losses(problem: ImageProblem, overrides: list[str], steps: int) -> Numbers:
        return np.array([2.3, 2.1 if "precision=fp32" in overrides else 2.3])

    monkeypatch.setattr("benchmarks.image_problem.first_losses", losses)

    with pytest.raises(RunFailed, match=r"first losses are \[2\.3 2\.3\] in the precision of the race"):
        trainlab_training(problem, 1).sample()


@pytest.mark.usefixtures("_few_digits")
def test_the_lab_reports_recipe_is_extrapolated_and_the_fast_preset_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(preset: str, overrides: list[str], seed: int) -> dict[str, Any]:
        accuracy = (0.9208, 0.92)[seed]  # the second stays below, as if it never ended
        both = {"accuracy": accuracy + 0.01}
        return {"test": {"accuracy": accuracy}, "test_tta": both, "wall_seconds": 10.0}

    monkeypatch.setattr(cifar10_time, "train_once", run)

    result = cifar10_time.measure(TINY, overrides=FEW)

    comparison, table = result["parts"]
    assert comparison["kind"] == "comparison"
    assert comparison["ours"]["values"] == [8640, 0]
    assert comparison["rivals"][0]["target"] == {"at_least": 60, "aim": 100}
    written = result["raw"]["extrapolated seconds"][cifar10_time.WRITTEN]
    assert comparison["rivals"][0]["values"] == [86_400 / seconds for seconds in written]
    assert table["kind"] == "table"
    assert [row[4] for row in table["rows"]] == ["2", "2", "2"]
    assert table["rows"][0][2:4] == ["92.04% ± 0.06%", "93.04% ± 0.06%"]


def test_a_recipe_is_as_many_images_as_the_preset_trains_on() -> None:
    config = load_preset("cifar10-lab1").config

    assert cifar10_time.recipe_images(config) == 50 * 45_000
    assert cifar10_time.recipe_images(replace(config, split=2_000.0, epochs=3)) == 3 * 48_000


@pytest.mark.usefixtures("_few_digits")
def test_waiting_and_memory_are_measured() -> None:
    result = data_wait.measure(replace(TINY, rounds=1), ("dataset=mnist", *FEW))

    waiting, memory = result["parts"]
    assert waiting["kind"] == memory["kind"] == "limits"
    assert [row["name"] for row in waiting["rows"]] == ["cifar10-lab1, 1 steps", "cifar10-tiny, 20 steps"]
    for row in waiting["rows"]:
        assert all(value is not None and 0 < value < 100 for value in row["values"])
    assert memory["missing"] == []
    served, images, whole, torch = (row["values"][0] for row in memory["rows"])
    assert images == 600 * 784 / 1e6
    assert images < (served or 0) < 100 < (torch or 0) < (whole or 0)


def test_the_time_in_a_slow_loader_is_waiting() -> None:
    moments = iter([0.0, 1.0, 3.0, 10.0, 14.0, 20.0, 20.5])

    class Slow:
        batch_size = 7

        def epoch(self, number: int, first_step: int) -> Any:
            return iter([1, 2])

    clocked = data_wait.ClockedLoader(Slow(), clock=lambda: next(moments))  # type: ignore[arg-type]

    assert len(list(clocked.epoch(1))) == 2
    assert clocked.batch_size == 7
    assert clocked.waiting == 2 + 4 + 0.5
    assert clocked.total == 20.5


@pytest.mark.usefixtures("_few_digits")
def test_a_preset_with_settings_behind_its_name_is_trained_so_and_held_to_what_was_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def run(preset: str, overrides: list[str], seeds: int) -> list[dict[str, Any]]:
        asked.append((preset, overrides))
        return [{"test": {"accuracy": 0.98}, "best": {"validation": {"accuracy": 0.9}}, "wall_seconds": 61.0}] * seeds

    monkeypatch.setattr(presets, "train_over_seeds", run)
    monkeypatch.setitem(presets.PROMISED, "mnist-fast engine=numpy", 0.97)
    monkeypatch.setitem(presets.SECONDS, "mnist-fast engine=numpy", 60)

    (part,) = presets.measure(TINY, ("mnist-fast engine=numpy",))["parts"]

    assert asked == [("mnist-fast", ["engine=numpy", *TINY.overrides])]
    assert part["kind"] == "table"
    (row,) = part["rows"]
    assert (row[5], row[8]) == ("97.00% ✓", "60 ✗")


@pytest.mark.usefixtures("_few_digits")
def test_presets_may_have_their_own_number_of_seeds_and_test_time_augmentation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = {"test": {"accuracy": 0.5}, "best": {"validation": {"accuracy": 0.5}}, "wall_seconds": 1.0}

    def run(preset: str, overrides: tuple[str, ...], seeds: int) -> list[dict[str, Any]]:
        return [record | ({"test_tta": {"accuracy": 0.6}} if preset == "mnist-fast" else {})] * seeds

    monkeypatch.setattr(presets, "train_over_seeds", run)
    monkeypatch.setitem(presets.FEWER_SEEDS, "mnist-mlp", 1)

    (part,) = presets.measure(replace(TINY, seeds=3), ("mnist-fast", "mnist-mlp"))["parts"]

    assert part["kind"] == "table"
    assert [row[3] for row in part["rows"]] == ["60.00% ± 0.00%", "–"]
    assert [row[4] for row in part["rows"]] == ["3", "1"]


def test_presets_that_are_not_there_are_left_out_by_name() -> None:
    result = presets.measure(TINY, ("no-such-preset",))

    assert "Left out: no-such-preset, because" in result["notes"][1]
