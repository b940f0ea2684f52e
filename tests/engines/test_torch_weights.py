"""Weights for each image, and numbers of float64: the torch engine's figures are the NumPy engine's."""

from typing import Any

import numpy as np
import pytest
import torch

from trainlab.data import Batch
from trainlab.engines import Engine, Group
from trainlab.engines.torch_engine import TorchEngine
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.assemble import build_engine

SHAPE = (1, 4, 3)
RULES: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3},
    "adam": {"optimizer": "adam", "lr": 0.01},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
    "muon": {"optimizer": "muon", "lr": 0.02, "momentum": 0.9, "weight_decay": 0.1, "hidden": [8, 6]},
    "smoothed and clipped": {"label_smoothing": 0.1, "clip_norm": 0.05},
    "squared error": {"loss": "mse"},
    "in parts": {"accumulate": 3},
}

every_rule = pytest.mark.parametrize("settings", RULES.values(), ids=RULES)


def engine(dtype: Any, **settings: Any) -> Engine:
    config = Config.from_mapping({"hidden": [8], "batch_size": 16, "precision": "fp32", "device": "cpu", **settings})
    return build_engine(config, SHAPE, 3, dtype=dtype)


def pair(dtype: Any, settings: dict[str, Any]) -> tuple[Engine, Engine]:
    numpy_settings = {name: value for name, value in settings.items() if name != "accumulate"}
    return engine(dtype, **numpy_settings), engine(dtype, engine="torch", **settings)


def batch(seed: int, dtype: Any) -> Batch:
    """Sixteen images of which the first six, a whole part of three, weigh nothing."""
    rng = np.random.default_rng(seed)
    weights = np.where(np.arange(16) < 6, 0, rng.random(16)).astype(dtype)
    return Batch(rng.random((16, *SHAPE)).astype(dtype), rng.integers(0, 3, 16), weights=weights)


@every_rule
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)], ids=["fp32", "fp64"])
@pytest.mark.parametrize("has_weights", [True, False], ids=["weighted", "plain"])
def test_both_engines_tell_the_same(settings: dict[str, Any], dtype: Any, tolerance: float, has_weights: bool) -> None:
    ours, theirs = pair(dtype, settings)
    for step in range(20):
        of = batch(step, dtype) if has_weights else batch(step, dtype)._replace(weights=None)
        for one, other in ((ours.eval_step(of), theirs.eval_step(of)), (ours.train_step(of), theirs.train_step(of))):
            assert tuple(other) == pytest.approx(tuple(one), abs=tolerance)
    predicted = theirs.predict(batch(7, dtype).images)
    assert predicted.dtype == dtype
    np.testing.assert_allclose(predicted, ours.predict(batch(7, dtype).images), atol=tolerance)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_weights_of_float32_are_those_of_float64_rounded(name: str) -> None:
    single, double = (engine(dtype, engine=name).state().model for dtype in (np.float32, np.float64))
    for key, array in double.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(single[key], array.astype(np.float32))


@pytest.mark.parametrize("model", ["convnet", "resnet18"])
def test_image_networks_compute_in_float64(model: str) -> None:
    config = Config(model=model, engine="torch", precision="fp32", device="cpu", lr=0.01)
    one = build_engine(config, (1, 8, 8), 3, dtype=np.float64)
    images = np.random.default_rng(0).random((4, 1, 8, 8))
    labels = np.array([0, 1, 2, 0])
    first = one.train_step(Batch(images, labels)).loss
    assert one.train_step(Batch(images, labels)).loss < first
    assert one.predict(images).dtype == np.float64


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_float64_is_not_rounded_to_half_precision_on_the_way(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.experiments.assemble_torch.choose_precision", lambda wanted, device: wanted)
    with pytest.raises(InputError, match=f"precision = {precision} is for float32 numbers, and these are float64"):
        engine(np.float64, engine="torch", precision=precision)


def test_a_gpu_of_apple_s_has_no_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    mps = torch.device("mps")
    monkeypatch.setattr("trainlab.experiments.assemble_torch.choose_device", lambda wanted, group: mps)
    with pytest.raises(InputError, match=r"device = mps has no float64. Give float32 numbers, or take device=cpu"):
        engine(np.float64, engine="torch")


def test_several_processes_refuse_weights() -> None:
    class Pair(Group):
        size = 2

    one = engine(np.float32, engine="torch")
    assert isinstance(one, TorchEngine)
    one.group = Pair()
    with pytest.raises(InputError, match="images have weights in one process only"):
        one.train_step(batch(0, np.float32))
