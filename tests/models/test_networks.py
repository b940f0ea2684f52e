"""Image networks on the NumPy engine: PyTorch's names, PyTorch's figures, and everything that a resume needs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.nn.battery import assert_close
from tests.stopped_run import check_resumed_alike
from trainlab.data import Batch
from trainlab.engines import NumpyEngine
from trainlab.engines.torch_engine import TorchEngine
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.assemble import build_engine, summarize_network
from trainlab.models import BasicBlock, build, convnet, lenet, resnet, torch_models
from trainlab.models.torch_resnet import BasicBlock as TorchBasicBlock
from trainlab.models.torch_resnet import ResNet
from trainlab.models.torch_summary import summarize_torch
from trainlab.nn import BatchNorm2d, Conv2d, CrossEntropyLoss, Module, Sequential, gradcheck
from trainlab.optim import SGD

NARROW, BLOCKS = (4, 6, 8, 10), (1, 2, 1, 1)
NAMES = [
    ("lenet", (1, 28, 28)),
    ("lenet", (3, 32, 20)),
    ("convnet", (3, 32, 32)),
    ("convnet", (1, 7, 10)),
    ("resnet18", (3, 8, 8)),
    ("resnet34", (1, 8, 8)),
    ("vit", (3, 8, 12)),
    ("vit", (1, 28, 28)),
]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def narrow_resnet() -> Sequential:
    model = resnet(BLOCKS, 3, widths=NARROW, rng=rng())
    for _, module in model.named_modules():
        if isinstance(module, BatchNorm2d):  # 1 and 0 would hide that they are forgotten
            module.weight.data[...] = rng(1).uniform(0.5, 1.5, module.num_features)
            module.bias.data[...] = rng(2).uniform(-0.5, 0.5, module.num_features)
    return model


def batch(step: int, size: int = 6) -> Batch:
    draw = rng(step)
    labels = draw.integers(0, 3, size, dtype=np.uint8)
    return Batch(draw.standard_normal((size, 3, 10, 12), dtype=np.float32), labels)


def in_float64(model: Sequential) -> Sequential:
    for parameter in model.parameters():
        parameter.data = parameter.data.astype(np.float64)
    for _, module in model.named_modules():
        if isinstance(module, BatchNorm2d):
            module.running_mean = module.running_mean.astype(np.float64)
            module.running_var = module.running_var.astype(np.float64)
    return model


def load(twin: torch.nn.Module, model: Module) -> None:
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})


@pytest.mark.parametrize(("name", "shape"), NAMES)
def test_a_state_of_one_engine_loads_into_the_other_and_gives_the_same_scores(
    name: str, shape: tuple[int, int, int]
) -> None:
    ours = in_float64(build(name, 10, shape, rng()))
    theirs = torch_models.build(name, 10, shape, torch.Generator().manual_seed(0)).double()
    state = theirs.state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == {
        key: array.shape for key, array in ours.state_dict().items()
    }
    images = rng().standard_normal((4, *shape))
    ours.load_state_dict({key: tensor.numpy() for key, tensor in state.items()})
    for training in (True, False):
        scores = theirs.train(training)(torch.from_numpy(images)).detach().numpy()
        assert_close(ours.train(training)(images), scores, f"scores, training={training}", 1e-10)
    load(theirs, build(name, 10, shape, rng(1)))  # and the other way


def test_ten_training_steps_of_a_narrow_resnet_are_pytorch_s() -> None:
    model, twin = narrow_resnet(), ResNet(BLOCKS, 3, widths=NARROW)
    load(twin, model)
    ours = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.05, 0.9, weight_decay=1e-3))
    theirs = TorchEngine(twin, torch.optim.SGD(twin.parameters(), 0.05, 0.9, weight_decay=1e-3))
    for step in range(10):
        one, other = ours.train_step(batch(step)), theirs.train_step(batch(step))
        assert one.loss == pytest.approx(other.loss, rel=2e-4)
        assert (one.correct, one.size) == (other.correct, other.size)
    state = theirs.state().model
    for name, array in ours.state().model.items():
        assert_close(array, state[name], name, 1e-3)
    assert ours.eval_step(batch(99)).loss == pytest.approx(theirs.eval_step(batch(99)).loss, rel=1e-3)


@pytest.mark.parametrize(
    "chosen",
    [
        {"model": "resnet18"},
        {"model": "lenet", "momentum": 0.9},
        {"model": "convnet", "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        {"model": "lenet", "optimizer": "adamw", "lr": 0.001},
        {"model": "lenet", "optimizer": "muon", "momentum": 0.9, "nesterov": True},
        {"model": "lenet", "clip_norm": 0.05, "loss": "mse"},
        {"model": "vit", "vit_width": 16, "vit_heads": 2, "optimizer": "adamw", "lr": 0.001},
    ],
    ids=str,
)
def test_both_engines_begin_with_the_same_weights_and_take_the_same_steps(chosen: dict[str, Any]) -> None:
    settings = {"lr": 0.01, "precision": "fp32", **chosen}
    shape = (3, 16, 16)
    ours, theirs = (
        build_engine(Config.from_mapping({**settings, "engine": engine}), shape, 3) for engine in ("numpy", "torch")
    )
    assert ours.parameter_count == theirs.parameter_count
    for name, array in theirs.state().model.items():
        np.testing.assert_array_equal(ours.state().model[name], array, err_msg=name)
    images = batch(0)._replace(images=rng().standard_normal((6, *shape), dtype=np.float32))
    for _ in range(3):
        assert ours.train_step(images).loss == pytest.approx(theirs.train_step(images).loss, rel=2e-3)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_basic_block_has_pytorch_s_gradients(stride: int) -> None:
    out_channels = 3 if stride == 1 else 4  # with the identity, then with a convolution as shortcut
    block, twin = BasicBlock(3, out_channels, stride, rng=rng()), TorchBasicBlock(3, out_channels, stride)
    load(twin, block)
    x = rng().standard_normal((2, 3, 5, 6), dtype=np.float32)
    x_torch = torch.from_numpy(x).requires_grad_()
    y = block.forward(x)
    y_torch = twin(x_torch)
    g = rng(3).standard_normal(y.shape, dtype=np.float32)
    y_torch.backward(torch.from_numpy(g))
    assert_close(y, y_torch.detach().numpy(), "output", 1e-5)
    assert x_torch.grad is not None
    assert_close(block.backward(g), x_torch.grad.numpy(), "grad_input", 1e-5)
    gradients = dict(twin.named_parameters())
    for name, parameter in block.named_parameters():
        expected = gradients[name].grad
        assert expected is not None
        assert_close(parameter.grad, expected.numpy(), name, 1e-5)


def test_a_whole_resnet_passes_the_gradient_check() -> None:
    model = in_float64(resnet((1, 1), 2, channels=1, widths=(2, 3), rng=rng()))
    gradcheck(model, rng(4).standard_normal((3, 1, 4, 3)), rng=rng(3)).raise_if_wrong()


# ---------------------------------------------------------------- state


@pytest.mark.parametrize("stop", [1, 4])
def test_a_state_goes_on_bit_for_bit_running_statistics_included(stop: int) -> None:
    def engine() -> NumpyEngine:
        model = narrow_resnet()
        return NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.05, 0.9))

    whole, first, second = engine(), engine(), engine()
    losses = [whole.train_step(batch(step)).loss for step in range(6)]
    for step in range(stop):
        first.train_step(batch(step))
    second.load_state(first.state())
    assert second.eval_step(batch(9)) == first.eval_step(batch(9))
    assert [second.train_step(batch(step)).loss for step in range(stop, 6)] == losses[stop:]
    expected = whole.state().model
    assert "bn1.running_var" in expected
    for name, array in second.state().model.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_evaluation_leaves_running_statistics_alone() -> None:
    model = narrow_resnet()
    engine = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.05))
    engine.train_step(batch(0))
    before = engine.state().model
    engine.eval_step(batch(1))
    engine.predict(batch(1).images)
    for name, array in engine.state().model.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_an_interrupted_run_of_lenet_on_numpy_resumes_to_the_same_figures(tiny_mnist: Path, tmp_path: Path) -> None:
    config = Config(model="lenet", data_dir=str(tiny_mnist), batch_size=20, epochs=3, optimizer="adam", lr=0.003)
    whole = check_resumed_alike(config, tmp_path, stop_after=3)
    assert whole.summary["final"]["validation"]["accuracy"] > 0.5


# ---------------------------------------------------------------- what they are made of


def test_lenet_refuses_images_of_which_nothing_would_be_left() -> None:
    assert lenet(10, 1, 16, 17, rng=rng())(np.zeros((1, 1, 16, 17), np.float32)).shape == (1, 10)
    with pytest.raises(InputError, match="model = lenet needs images of at least 16×16 pixels, got 16×15"):
        lenet(10, 1, 16, 15, rng=rng())


def test_convnet_refuses_images_of_one_pixel() -> None:
    assert convnet(10, 1, 2, rng=rng()).eval()(np.zeros((1, 1, 2, 3), np.float32)).shape == (1, 10)
    with pytest.raises(InputError, match="model = convnet needs images of at least 2×2 pixels, got a side of 1"):
        convnet(10, 1, 1, rng=rng())


def test_weights_are_within_one_over_the_root_of_fan_in_and_depend_on_the_generator_alone() -> None:
    first, same, other = (build("lenet", 10, (1, 28, 28), rng(seed)) for seed in (0, 0, 1))
    for one, again, different in zip(first.parameters(), same.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(one.data, again.data)
        assert (one.data != different.data).any()
    conv = dict(first.named_modules())["conv2"]
    assert isinstance(conv, Conv2d)
    bound = 1 / np.sqrt(6 * 25)
    assert 0.9 * bound < np.abs(conv.weight.data).max() <= bound
    # n uniform numbers in ±b have standard deviation b/√3, and that of the sample is about 1/√n of it off
    assert conv.weight.data.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)


@pytest.mark.parametrize(
    ("model", "shape"),
    [("lenet", (1, 28, 28)), ("convnet", (3, 32, 32)), ("resnet18", (3, 32, 32)), ("vit", (3, 32, 32))],
)
def test_layers_cost_what_they_cost_in_pytorch(model: str, shape: tuple[int, int, int]) -> None:
    ours = {row.name: row for row in summarize_network(Config(model=model), shape, 10)}
    theirs = summarize_torch(torch_models.build(model, 10, shape, torch.Generator()), shape)
    with_weights = [row for row in theirs if row.parameters]
    assert len(with_weights) == {"lenet": 5, "convnet": 7, "resnet18": 41, "vit": 24}[model]
    for row in with_weights:
        one = ours[row.name]
        assert (one.output_shape, one.parameters, one.flops) == (row.output_shape, row.parameters, row.flops)


def test_a_summary_leaves_the_network_as_it_was_and_shows_both_ways_of_a_block() -> None:
    rows = summarize_network(Config(model="resnet18"), (3, 32, 32), 10)
    names = [row.name for row in rows]
    first = names.index("layer2.0.conv1")
    assert names[first : first + 8] == [
        *(f"layer2.0.{name}" for name in ("conv1", "bn1", "relu1", "conv2", "bn2")),
        "layer2.0.shortcut.0",
        "layer2.0.shortcut.1",
        "layer2.0.relu",
    ]
    assert names[first + 8 : first + 14] == [
        *(f"layer2.1.{name}" for name in ("conv1", "bn1", "relu1", "conv2", "bn2")),
        "layer2.1.relu",  # the identity is no layer
    ]
    assert sum(row.parameters for row in rows) == 11_173_962
