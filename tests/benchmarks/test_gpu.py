"""The script for a GPU runs from end to end without one; what it would say of a GPU that computes something else."""

import argparse
import json
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.gpu import __main__ as script
from benchmarks.gpu import checks, clock, speed, training
from benchmarks.gpu.amounts import QUICK
from benchmarks.gpu.checks import Check
from benchmarks.gpu.report import lines
from benchmarks.image_problem import random_images
from trainlab.data.augmentation import NAMES
from trainlab.engines import Batch, LateResult
from trainlab.engines.torch_engine import TorchEngine
from trainlab.errors import InputError
from trainlab.experiments import load_preset

CPU = torch.device("cpu")
IMAGES = training.Images(random_images("a", 100), random_images("b", 20), real=True, note="dots")


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """What a trial of the whole script measures."""
    options = argparse.Namespace(device="cpu", quick=True, data="", minutes=1e6)  # however busy the machine is
    return script.measure(options, QUICK)


def test_the_whole_script_runs_on_a_cpu(record: dict[str, Any]) -> None:
    networks = [check for check in record["checks"] if check["name"].startswith("losses of cifar10-lab1: fp32")]
    assert networks[0]["holds"] is True
    assert [check["holds"] for check in record["checks"] if "bit for bit" in check["name"]] == [True] * len(NAMES)
    assert record["peak"]["TFLOP/s"]["n"] == QUICK.times
    assert [one["batch_size"] for one in record["steps"]] == [2, 4]
    assert record["trainings"][0]["preset"] == script.SMALL
    assert record["trainings"][0]["seconds"]["n"] == QUICK.seeds
    assert "test accuracy" not in record["trainings"][0], "random images teach nothing"
    measured = {one["preset"] for one in record["trainings"]} | {one["name"] for one in record["left out"]}
    assert measured == set(script.TRAINED)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    text = "\n".join(lines(record))
    assert "| ResNet-18, batch size 2 |" in text
    assert "| cifar10-tiny, 1 epochs on random images |" in text


def test_a_step_takes_as_many_operations_as_the_summary_says(record: dict[str, Any]) -> None:
    forward = 1_116e6  # 556 million multiplications, each with an addition, and what BatchNorm, ReLU and sums add
    for one in record["steps"]:
        tflops = 3 * forward * one["images/s"]["median"] / 1e12
        assert one["share of peak"]["median"] == pytest.approx(tflops / record["peak"]["TFLOP/s"]["median"], rel=0.01)


@pytest.mark.parametrize("holds", [True, None, False])
def test_a_failed_check_decides_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], record: dict[str, Any], holds: bool | None
) -> None:
    found = record | {"checks": [Check("augmentation flip", holds, "3 numbers differ")._asdict()]}
    monkeypatch.setattr(script, "measure", lambda options, amounts: found)

    assert script.main(["--device", "cpu", "--quick"]) == (holds is False)

    *_, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["checks"][0]["found"] == "3 numbers differ"


def test_without_a_gpu_one_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert script.main([]) == 2

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "No CUDA GPU is to be had here; try the script with --device cpu --quick.\n"


def test_a_cpu_is_for_a_trial_only(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        script.main(["--device", "cpu"])
    assert "--device cpu is a trial of the script: add --quick" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["flip", "mixup"])
def test_another_augmentation_on_the_device_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    on_the_host = checks.augmented

    def other_on_the_device(name: str, images: Any, targets: Any) -> tuple[Any, ...]:
        first, *others = on_the_host(name, images, targets)
        return (first if isinstance(first, np.ndarray) else 1 - first, *others)

    monkeypatch.setattr(checks, "augmented", other_on_the_device)

    check = checks.augmentation_agrees(name, CPU, 16)

    assert check.holds is False
    assert check.found != "0 numbers differ"


def test_other_losses_on_the_device_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([np.array([2.3, 2.2]), np.array([2.3, 2.21]), np.array([2.3, 2.21])])
    monkeypatch.setattr(checks, "first_losses", lambda problem, overrides, steps: next(losses))

    fp32, bf16 = checks.losses_agree("cifar10-tiny", CPU, QUICK)

    assert (fp32.holds, bf16.holds) == (False, True)
    assert fp32.found == "[2.3  2.21] and [2.3 2.2]"


def test_a_training_that_does_not_fit_into_the_time_left_is_not_begun() -> None:
    with pytest.raises(InputError, match=r"1 epochs would take about \d+ s; -1 s are left"):
        training.train_over_seeds("cifar10-tiny", IMAGES, CPU, QUICK, lambda: -1.0)


def test_fewer_seeds_are_trained_when_time_runs_out() -> None:
    left = iter([1e9, 0.0])

    record = training.train_over_seeds("cifar10-tiny", IMAGES, CPU, QUICK, lambda: next(left))

    assert record["seconds"]["n"] == 1
    assert 0 <= record["test accuracy"]["median"] <= 1


def test_images_and_batches_lie_where_the_device_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[torch.Tensor] = []

    def place(engine: TorchEngine, array: NDArray[Any]) -> torch.Tensor:
        tensor = torch.from_numpy(np.array(array))
        placed.append(tensor)
        return tensor

    begin_step = TorchEngine.begin_step

    def begin_step_on_tensors(engine: TorchEngine, batch: Batch) -> LateResult:
        assert isinstance(batch.images, torch.Tensor)
        return begin_step(engine, batch)

    monkeypatch.setattr(TorchEngine, "place", place)
    monkeypatch.setattr(TorchEngine, "begin_step", begin_step_on_tensors)

    training.train(load_preset("cifar10-tiny").config.override([*QUICK.overrides, "device=cpu"]), IMAGES, CPU)
    assert [len(tensor) for tensor in placed] == [100, 100]

    speed.step(2, CPU, QUICK, 1.0)
    assert [len(tensor) for tensor in placed[2:]] == [2, 2]


def test_real_images_that_are_not_here_are_replaced_and_said_to_be(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TRAINLAB_DATA", raising=False)

    images = training.read_images(str(tmp_path), QUICK, quick=False)

    assert not images.real
    assert images.note.startswith("random images, so times but no accuracies: cifar-10 (train) is not")
    assert len(images.train) == QUICK.train_images


def test_each_call_is_timed_after_the_warm_up() -> None:
    calls: list[int] = []

    values = clock.milliseconds(lambda: calls.append(0), CPU, warm_up=2, times=3)

    assert len(values) == 3
    assert len(calls) == 5


@pytest.mark.parametrize(("found", "mark"), [(0.9399, ""), (0.94, ", 94% reached"), (0.9601, ", 96% reached")])
def test_the_highest_accuracy_that_is_reached_is_marked(record: dict[str, Any], found: float, mark: str) -> None:
    accuracies = {"test accuracy": {"median": found, "low": 0.9, "high": 0.97, "n": 3}}
    trainings = [record["trainings"][0] | accuracies]
    (row,) = (line for line in lines(record | {"trainings": trainings}) if line.startswith("| cifar10-tiny"))
    assert f"{found:.2%} (90.00%–97.00%){mark} |" in row


@pytest.mark.parametrize(
    ("words", "hidden", "depth", "padding"),
    [
        (script.TO_94, (64, 256, 256), 2, 2),
        (script.TO_95, (128, 384, 384), 2, 2),
        (script.TO_96, (128, 384, 512), 3, 4),
    ],
)
def test_published_networks_stay_what_they_are_when_presets_change(
    words: str, hidden: tuple[int, ...], depth: int, padding: int
) -> None:
    preset, *changes = words.split()
    config = load_preset(preset).config.override(changes)
    assert (config.hidden, config.fastnet_depth, config.crop_padding) == (hidden, depth, padding)
    assert (config.fastnet_bias, config.fastnet_border, config.fastnet_pool, config.keep) == (True, False, 2, "last")
