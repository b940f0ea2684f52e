"""Whole networks as ONNX files, checked against the engine that trained them."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from trainlab.data import load
from trainlab.engines.torch_engine import TorchEngine
from trainlab.errors import InputError, RunFailed
from trainlab.experiments import Config, RunFolder, images_of, load_network, train
from trainlab.export.onnx.graph import IR_VERSION, OPSET, OnnxGraph
from trainlab.export.onnx.network import TOLERANCE, ExportedNetwork, export_network, largest_difference


@pytest.fixture(scope="module")
def exported(run: RunFolder) -> ExportedNetwork:
    return export_network(run)


def probabilities(network: ExportedNetwork, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    session: Any = onnxruntime.InferenceSession(network.content, providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, {"images": images})[0]
    return found


def test_stored_pixels_go_in_and_probabilities_come_out(run: RunFolder, exported: ExportedNetwork) -> None:
    images = load("mnist", "test", Path(run.config.data_dir)).images
    network = load_network(run)
    expected = network.engine.predict(network.transform(images))
    found = probabilities(exported, images)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert expected.max(axis=1).mean() > 0.4, "a network that knows nothing would hide a wrong export"


@pytest.mark.parametrize("count", [1, 2, 65])
def test_any_number_of_images_goes_in(exported: ExportedNetwork, count: int) -> None:
    assert probabilities(exported, np.zeros((count, 1, 28, 28), np.uint8)).shape == (count, 10)


def test_a_model_says_what_it_is(run: RunFolder, exported: ExportedNetwork) -> None:
    model = onnx.load_from_string(exported.content)
    assert [opset.version for opset in model.opset_import] == [OPSET]
    assert model.ir_version == IR_VERSION
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["classes"]) == [str(digit) for digit in range(10)]
    assert (metadata["run"], metadata["epoch"]) == ("tiny", str(exported.epoch.epoch))
    assert export_network(run).content == exported.content


def test_the_check_is_on_validation_images_of_all_parts_of_the_split(run: RunFolder, exported: ExportedNetwork) -> None:
    assert exported.checked == len(images_of(run, "validation")[1]) == 60
    assert 0 < exported.difference < 1e-5


@pytest.mark.parametrize(
    "words",
    [
        ["engine=torch", "ema=0.9", "hidden=8"],
        ["engine=torch", "precision=auto", "model=lenet"],
        ["model=lenet"],
        ["hidden=[]", "transform=lab1", "loss=mse", "split=2", "stratified=false"],
    ],
)
def test_what_either_engine_trained_can_be_exported(config: Config, tmp_path: Path, words: list[str]) -> None:
    run = train(replace(config.override(words), epochs=1), tmp_path / "run", "other").run
    assert export_network(run).difference < 1e-5


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_vision_transformer_is_refused_before_anything_is_read(config: Config, tmp_path: Path, engine: str) -> None:
    words = ["model=vit", "vit_patch=14", "vit_width=8", "vit_depth=1", f"engine={engine}"]
    run = train(replace(config.override(words), epochs=1), tmp_path / "run", "tiny-vit").run
    with pytest.raises(InputError, match=r"is a vision transformer, whose attention cannot be exported to ONNX yet"):
        export_network(run)


def test_the_averaged_weights_are_exported(config: Config, tmp_path: Path) -> None:
    words = ["engine=torch", "precision=fp32", "ema=0.99"]
    run = train(config.override(words), tmp_path / "run", "averaged").run
    images = load("mnist", "test", Path(config.data_dir)).images[:50]
    network = load_network(run)
    x = network.transform(images)
    found = probabilities(export_network(run), images)
    np.testing.assert_allclose(found, network.engine.predict(x), atol=1e-5)
    assert isinstance(network.engine, TorchEngine)
    last = torch.softmax(network.engine.model(torch.from_numpy(x)), dim=1).detach().numpy()
    assert np.abs(found - last).max() > 0.01


def test_a_file_that_computes_something_else_is_refused(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxGraph, "relu", OnnxGraph.tanh)
    with pytest.raises(RunFailed, match=r"probabilities by up to 0\.\d+ on 60 validation images.*Nothing was written"):
        export_network(run)


@pytest.mark.parametrize("wrong", [2 * TOLERANCE, np.nan, np.inf])
def test_a_difference_above_the_tolerance_is_refused(wrong: float) -> None:
    ours = np.full((3, 2), 0.5)
    theirs = ours.copy()
    theirs[2, 1] += wrong
    with pytest.raises(RunFailed, match="the exported network differs from the trained one"):
        largest_difference(ours, theirs)
    assert largest_difference(ours, ours + TOLERANCE / 2) == pytest.approx(TOLERANCE / 2)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_the_command(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"needs {package}, which is not installed here: pip install 'trainlab\[exp"):
        export_network(run)
