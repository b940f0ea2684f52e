"""The torch engine: the NumPy engine's figures from the same weights, and everything that a resume needs."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.stopped_run import check_resumed_alike
from trainlab.data import Batch
from trainlab.engines import Engine
from trainlab.engines.torch_engine import TorchEngine
from trainlab.engines.torch_hardware import choose_device, choose_precision
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.assemble import FloatType, build_engine

SHAPE = (1, 4, 3)


def config(**settings: Any) -> Config:
    """In fp32, which both engines have: where the hardware has bf16, PyTorch's would otherwise be that."""
    return Config.from_mapping({"hidden": [8], "batch_size": 16, "lr": 0.1, "precision": "fp32", **settings})


def engine(dtype: FloatType = np.float32, **settings: Any) -> Engine:
    return build_engine(config(**settings), SHAPE, 3, dtype=dtype)


def batch(seed: int, size: int = 16, dtype: FloatType = np.float32) -> Batch:
    rng = np.random.default_rng(seed)
    images = rng.random((size, *SHAPE), dtype=np.float32).astype(dtype)
    return Batch(images, rng.integers(0, 3, size, dtype=np.uint8))


def mixed_batch(seed: int, size: int) -> Batch:
    targets = np.random.default_rng(seed).dirichlet([0.5] * 3, size).astype(np.float32)
    return batch(seed, size)._replace(labels=targets.argmax(axis=1).astype(np.uint8), targets=targets)


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-3},
    "adam": {"optimizer": "adam", "lr": 0.01},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
    "muon": {"optimizer": "muon", "lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "hidden": [8, 6]},
    "muon with unit rows": {"optimizer": "muon", "lr": 0.1, "unit_rows": True, "hidden": [8, 6]},
    "smoothed and clipped": {"label_smoothing": 0.1, "clip_norm": 0.05},
    "squared error": {"loss": "mse"},
    "gelu": {"activation": "gelu"},
    "dropout": {"dropout": 0.3, "hidden": [8, 6]},
}


@pytest.mark.parametrize(("steps", "dtype", "tolerance"), [(20, np.float32, 1e-5), (100, np.float64, 1e-9)], ids=str)
@pytest.mark.parametrize("settings", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_have_the_numpy_engine_s_losses(
    settings: dict[str, Any], steps: int, dtype: FloatType, tolerance: float
) -> None:
    """Training makes a difference in the last digit grow from step to step: many steps are compared in float64."""
    ours, theirs = engine(dtype, **settings), engine(dtype, engine="torch", **settings)
    assert isinstance(theirs, TorchEngine)
    assert theirs.parameter_count == ours.parameter_count
    for step in range(steps):
        one, other = (of.train_step(batch(step, dtype=dtype)) for of in (ours, theirs))
        assert other.loss == pytest.approx(one.loss, abs=tolerance)
        assert (other.correct, other.size) == (one.correct, one.size)
    last = batch(7, dtype=dtype)
    assert theirs.eval_step(last).loss == pytest.approx(ours.eval_step(last).loss, abs=tolerance)
    np.testing.assert_allclose(theirs.predict(last.images), ours.predict(last.images), atol=tolerance)


@pytest.mark.parametrize("settings", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("size", [1, 3, 16])
def test_targets_of_mixed_images_have_the_numpy_engine_s_losses(settings: dict[str, Any], size: int) -> None:
    ours, theirs = engine(**settings), engine(engine="torch", **settings)
    for step in range(20):
        mixed = mixed_batch(step, size)
        one, other = ours.train_step(mixed), theirs.train_step(mixed)
        assert other.loss == pytest.approx(one.loss, abs=1e-5)
        assert (other.correct, other.size) == (one.correct, one.size)
    mixed = mixed_batch(7, size)
    assert theirs.eval_step(mixed).loss == pytest.approx(ours.eval_step(mixed).loss, abs=1e-5)


@pytest.mark.parametrize("settings", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_targets_of_a_single_class_are_that_class(settings: dict[str, Any]) -> None:
    with_labels, with_targets = engine(engine="torch", **settings), engine(engine="torch", **settings)
    for step in range(5):
        plain = batch(step)
        one = with_labels.train_step(plain)
        other = with_targets.train_step(plain._replace(targets=np.eye(3, dtype=np.float32)[plain.labels]))
        assert other.loss == pytest.approx(one.loss, abs=1e-6)
        assert other.correct == one.correct


@pytest.mark.parametrize("settings", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_state_goes_on_bit_for_bit_dropout_included(settings: dict[str, Any]) -> None:
    settings = settings | {"engine": "torch", "dropout": 0.3}
    whole, first, second = engine(**settings), engine(**settings), engine(**settings)
    losses = [whole.train_step(batch(step)).loss for step in range(8)]
    for step in range(3):
        first.train_step(batch(step))
    second.load_state(first.state())
    assert [second.train_step(batch(step)).loss for step in range(3, 8)] == losses[3:]
    for name, array in whole.state().model.items():
        np.testing.assert_array_equal(array, second.state().model[name])


@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter:UserWarning")
@pytest.mark.parametrize(("optimizer", "counted_on"), [("adam", "meta"), ("adamw", "meta"), ("muon", "cpu")])
def test_a_resumed_optimizer_counts_where_its_kernel_looks(optimizer: str, counted_on: str) -> None:
    first, second = (engine(engine="torch", optimizer=optimizer, hidden=[8, 6]) for _ in range(2))
    first.train_step(batch(0))
    assert isinstance(second, TorchEngine)
    before = list(second.model.parameters())
    second.model.to("meta")  # stands in for a GPU; that makes other parameters, which the optimizer must hold
    moved = dict(zip(before, second.model.parameters(), strict=True))
    for group in second.optimizer.param_groups:
        group["params"] = [moved[parameter] for parameter in group["params"]]
    second.load_state(first.state())
    state = {name: second.optimizer.state[parameter] for name, parameter in second.model.named_parameters()}
    for name, values in state.items():
        places = {key: tensor.device.type for key, tensor in values.items()}
        assert places == {key: counted_on if key == "step" else "meta" for key in values}, name
    assert any("step" in values for values in state.values())


def test_what_figures_depend_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = engine(engine="torch")
    assert isinstance(one, TorchEngine)
    assert one.surroundings == {"device": "cpu", "precision": "fp32", "torch": torch.__version__}
    assert engine(np.float64, engine="torch").surroundings["precision"] == "fp64"
    one.device = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GPU of " + device.type)
    assert one.surroundings["device"] == "GPU of cuda"


@pytest.mark.parametrize(("device", "goes_on"), [("cuda", True), ("mps", False)])
def test_only_cuda_copies_a_batch_while_python_goes_on(
    monkeypatch: pytest.MonkeyPatch, device: str, goes_on: bool
) -> None:
    one = engine(engine="torch")
    assert isinstance(one, TorchEngine)
    one.device = torch.device(device)
    asked: list[bool] = []

    def to(tensor: torch.Tensor, *where: Any, non_blocking: bool = False) -> torch.Tensor:
        if torch.device(device) in where:
            asked.append(non_blocking)
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", to)
    one.predict(batch(0).images)
    assert asked == [goes_on]


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    engine(engine="torch", dropout=0.5).train_step(batch(0))
    assert torch.equal(torch.rand(3), expected)


def test_weights_move_between_the_engines_by_name() -> None:
    ours, theirs = engine(seed=1), engine(engine="torch", seed=2)
    assert ours.state().model.keys() == theirs.state().model.keys()


def test_weights_of_another_network_name_every_mismatch() -> None:
    with pytest.raises(ValueError, match=r"(?s)1.weight: shape \(8, 12\), expected \(9, 12\).*3.weight"):
        engine(engine="torch", hidden=[9]).load_state(engine(engine="torch").state())


def test_a_resumed_run_equals_one_that_was_never_stopped(tiny_mnist: Path, tmp_path: Path) -> None:
    words = [
        "engine=torch",
        "hidden=[8]",
        "optimizer=adam",
        "lr=0.01",
        "batch_size=50",
        "epochs=2",
        "dropout=0.2",
        "augment=crop",
    ]
    check_resumed_alike(Config().override([*words, f"data_dir={tiny_mnist}"]), tmp_path, stop_after=5)


def test_resnet18_has_the_lab_report_s_parameters_and_trains() -> None:
    settings = {"engine": "torch", "model": "resnet18", "optimizer": "adam", "lr": 0.001, "precision": "fp32"}
    one = build_engine(config(**settings), (3, 32, 32), 10)
    assert one.parameter_count == 11_173_962
    rng = np.random.default_rng(0)
    images = Batch(rng.standard_normal((4, 3, 32, 32), dtype=np.float32), np.arange(4, dtype=np.uint8))
    losses = [one.train_step(images).loss for _ in range(3)]
    assert losses[-1] < losses[0]
    state = one.state()
    again = build_engine(config(**settings), (3, 32, 32), 10)
    again.load_state(state)
    assert again.train_step(images) == one.train_step(images)


@pytest.mark.parametrize(
    ("model", "shape", "parameters"),
    [
        # 6·(25+1) + 16·(6·25+1) + 120·(400+1) + 84·121 + 10·85, with its second layer dense
        ("lenet", (1, 28, 28), 61_706),
        ("lenet", (3, 32, 32), 62_006),
        # 32·48 + 64·288 + 128·576 weights, 2·(32+64+128) in BatchNorm, 10·129 in the last layer
        ("convnet", (3, 32, 32), 95_434),
        ("resnet34", (3, 32, 32), 21_282_122),
        # 24 biases, 9·(24·8 + 8²) weights, 2·8 biases of BatchNorm, 10·8 in the last layer; the whitening is fixed
        ("fastnet", (3, 32, 32), 24 + 9 * (24 * 8 + 8 * 8) + 2 * 8 + 80),
    ],
)
def test_the_other_networks_have_their_parameters(model: str, shape: tuple[int, int, int], parameters: int) -> None:
    one = build_engine(config(engine="torch", model=model), shape, 10)
    assert one.parameter_count == parameters
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, *shape), dtype=np.float32)
    assert one.predict(images).shape == (2, 10)


def test_a_third_convolution_in_each_stage_has_its_parameters() -> None:
    deep = build_engine(config(engine="torch", model="fastnet", hidden=[8, 8], fastnet_depth=3), (3, 32, 32), 10)
    plain = build_engine(config(engine="torch", model="fastnet", hidden=[8, 8]), (3, 32, 32), 10)
    assert deep.parameter_count == plain.parameter_count + 2 * (9 * 8 * 8 + 8)


def test_without_a_bias_the_fast_network_has_24_parameters_fewer() -> None:
    one = config(engine="torch", model="fastnet", hidden=[8, 8])
    with_bias, without = (build_engine(each, (3, 32, 32), 10) for each in (one, one.override(["fastnet_bias=false"])))
    assert with_bias.parameter_count - without.parameter_count == 24


@pytest.mark.parametrize(("model", "size"), [("lenet", 16), ("convnet", 2), ("fastnet", 5)])
def test_the_smallest_images_fit_and_smaller_ones_are_refused(model: str, size: int) -> None:
    one = config(engine="torch", model=model, hidden=[8, 8])
    images = np.zeros((2, 3, size, size), np.float32)
    assert build_engine(one, (3, size, size), 2).predict(images).shape == (2, 2)
    with pytest.raises(InputError, match=f"got (a side of {size - 1}|{size}×{size - 1})"):
        build_engine(one, (3, size, size - 1), 2)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    first, same, other = (
        build_engine(config(engine="torch", model="convnet", seed=seed), (3, 32, 32), 10).state().model["fc.weight"]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_fastnet_needs_torch() -> None:
    with pytest.raises(InputError, match="model = fastnet needs engine = torch; the NumPy engine has mlp, lenet"):
        config(model="fastnet")


@pytest.mark.parametrize("settings", [{"device": "cuda"}, {"precision": "bf16"}])
def test_device_and_precision_belong_to_torch(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="belong to engine=torch"):
        config(**settings)


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device = cuda is not to be had here; this PyTorch finds"):
        choose_device("cuda")


@pytest.mark.parametrize(("has_bf16", "chosen"), [(True, "bf16"), (False, "fp32")])
def test_auto_takes_bf16_where_the_hardware_has_it(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has_bf16})
    assert choose_precision("auto", torch.device("cpu")) == chosen


@pytest.mark.parametrize(("capability", "chosen"), [(7, "fp32"), (8, "bf16")])
def test_a_gpu_that_only_imitates_bf16_computes_in_fp32(
    monkeypatch: pytest.MonkeyPatch, capability: int, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(major=capability))
    monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda device: True)
    assert choose_precision("auto", torch.device("cuda")) == chosen


def test_bf16_without_instructions_and_fp16_on_a_cpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    with pytest.raises(InputError, match="has no bf16 instructions"):
        choose_precision("bf16", torch.device("cpu"))
    with pytest.raises(InputError, match="fp16 is for GPUs"):
        choose_precision("fp16", torch.device("cpu"))


def test_a_missing_torch_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "trainlab.experiments.assemble_torch", raising=False)
    with pytest.raises(InputError, match=r"pip install 'trainlab\[torch\]'"):
        engine(engine="torch")
