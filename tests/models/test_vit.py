"""The vision transformer: its parts by hand, the whole against numerical derivatives and PyTorch."""

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
from trainlab.models import ViTSize, build, torch_models, vit
from trainlab.models.torch_vit import ViT
from trainlab.models.vit import MeanOverPlaces, PatchEmbedding, PlaceMLP, PositionEmbedding, TransformerBlock
from trainlab.nn import Array, CrossEntropyLoss, LayerNorm, Module, Sequential, gradcheck
from trainlab.optim import SGD

SMALL = ViTSize(patch=2, width=4, depth=2, heads=2)
SHAPE = (2, 4, 6)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def small_vit(dtype: Any = np.float64) -> Sequential:
    """With every parameter drawn: 1 and 0 would hide that they are forgotten."""
    model = build("vit", 3, SHAPE, rng(), dtype, SMALL)
    for parameter in model.parameters():
        parameter.data += 0.3 * rng(parameter.size).standard_normal(parameter.shape)
    return model


def twin_of(model: Module) -> ViT:
    twin = ViT(SMALL, 3, *SHAPE).to(torch.from_numpy(model.parameters()[0].data).dtype)
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    return twin


def batch(step: int, dtype: Any) -> Batch:
    return Batch(rng(step).standard_normal((5, *SHAPE)).astype(dtype), rng(step).integers(0, 3, 5))


# ---------------------------------------------------------------- the parts


def test_a_patch_is_a_square_of_the_image_row_by_row() -> None:
    layer = PatchEmbedding(1, 4, 2, rng=rng())
    layer.proj.weight.data[...] = np.eye(4).reshape(4, 1, 2, 2)  # each output is one pixel of the patch
    images = np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6)
    patches = layer(images)[0].tolist()
    assert patches[:3] == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]
    assert patches[3] == [12, 13, 18, 19]


def test_places_get_what_their_embedding_is_and_the_mean_is_over_places() -> None:
    layer = PositionEmbedding(2, 3)
    layer.weight.data[...] = [[1, 2, 3], [4, 5, 6]]
    y = layer(np.zeros((2, 2, 3), np.float32))
    assert y.tolist() == [[[1, 2, 3], [4, 5, 6]]] * 2
    assert MeanOverPlaces()(y).tolist() == [[2.5, 3.5, 4.5]] * 2


PARTS: dict[str, tuple[Module, tuple[int, ...]]] = {
    "patches": (PatchEmbedding(2, 3, 2, rng=rng(), dtype=np.float64), (2, 2, 4, 6)),
    "positions": (PositionEmbedding(4, 3, dtype=np.float64), (2, 4, 3)),
    "mean": (MeanOverPlaces(), (2, 4, 3)),
    "MLP": (PlaceMLP(3, rng=rng(), dtype=np.float64), (2, 4, 3)),
    "block": (TransformerBlock(4, 2, rng=rng(), dtype=np.float64), (2, 3, 4)),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_passes_the_gradient_check(part: str) -> None:
    layer, shape = PARTS[part]
    gradcheck(layer, rng(4).standard_normal(shape), rng=rng(3)).raise_if_wrong()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_changes_neither_its_input_nor_its_gradient_and_two_backwards_add_up(part: str) -> None:
    layer, shape = PARTS[part]
    layer.zero_grad()
    x = rng(4).standard_normal(shape)
    before = x.copy()
    y = layer.forward(x)
    grad_output = rng(5).standard_normal(y.shape)
    kept = grad_output.copy()
    layer.backward(grad_output)
    first = [np.array(parameter.grad) for parameter in layer.parameters()]
    layer.forward(x)
    layer.backward(grad_output)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(grad_output, kept)
    for parameter, once in zip(layer.parameters(), first, strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad, 2 * once, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("part", ["patches", "positions", "mean", "block"])
def test_backward_needs_a_forward_in_training(part: str) -> None:
    layer, shape = PARTS[part]
    y = layer.eval().forward(np.zeros(shape))
    layer_again = layer.train()
    with pytest.raises(RuntimeError, match="there is no forward pass to go back through"):
        layer_again.backward(y)


@pytest.mark.parametrize("part", ["patches", "positions", "mean"])
def test_a_gradient_of_another_shape_is_refused(part: str) -> None:
    layer, shape = PARTS[part]
    y = layer.train().forward(np.zeros(shape))
    with pytest.raises(ValueError, match=r"takes a gradient of its output's shape"):
        layer.backward(y[:1])


def test_a_sequence_of_another_length_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"PositionEmbedding\(4, 3\) takes input of shape \(N, 4, 3\), got \(2, 5, 3\)"
    ):
        PositionEmbedding(4, 3)(np.zeros((2, 5, 3), np.float32))


# ---------------------------------------------------------------- the whole


def test_the_whole_network_passes_the_gradient_check() -> None:
    gradcheck(small_vit(), rng(4).standard_normal((2, *SHAPE)), rng=rng(3)).raise_if_wrong()


def wrong_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block whose second shortcut is forgotten on the way back."""
    monkeypatch.setattr(TransformerBlock, "backward", lambda block, g: block[0].backward(block[1].body.backward(g)))


def wrong_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(layer: PositionEmbedding, grad_output: Array) -> Array:
        layer.weight.accumulate(grad_output.mean(axis=0))
        return grad_output

    monkeypatch.setattr(PositionEmbedding, "backward", backward)


def wrong_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches column by column on the way back."""

    def backward(layer: PatchEmbedding, grad_output: Array) -> Array | None:
        assert layer._shape is not None
        batch, width, rows, columns = layer._shape
        turned = grad_output.swapaxes(1, 2).reshape(batch, width, columns, rows).swapaxes(2, 3)
        return layer.proj.backward(turned)

    monkeypatch.setattr(PatchEmbedding, "backward", backward)


@pytest.mark.parametrize("plant", [wrong_block, wrong_positions, wrong_patches])
def test_the_gradient_check_finds_planted_errors(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert not gradcheck(small_vit(), rng(4).standard_normal((2, *SHAPE)), rng=rng(3))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_scores_and_every_gradient_are_pytorch_s(dtype: Any, tolerance: float) -> None:
    model = small_vit(dtype)
    twin = twin_of(model)
    images = rng(1).standard_normal((3, *SHAPE)).astype(dtype)
    x = torch.from_numpy(images.copy()).requires_grad_()
    scores, expected = model.forward(images), twin(x)
    grad_output = rng(2).standard_normal(scores.shape).astype(dtype)
    expected.backward(torch.from_numpy(grad_output))
    assert_close(scores, expected.detach().numpy(), "scores", tolerance)
    assert x.grad is not None
    assert_close(model.backward(grad_output), x.grad.numpy(), "grad_input", tolerance)
    gradients = {name: parameter.grad for name, parameter in twin.named_parameters()}
    assert set(gradients) == {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        found = gradients[name]
        assert found is not None
        assert_close(parameter.grad, found.numpy(), name, tolerance)


def test_ten_training_steps_are_pytorch_s() -> None:
    model = small_vit()
    twin = twin_of(model)
    ours = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.05, 0.9, weight_decay=1e-3))
    theirs = TorchEngine(twin, torch.optim.SGD(twin.parameters(), 0.05, 0.9, weight_decay=1e-3))
    for step in range(10):
        of = batch(step, np.float64)
        assert ours.train_step(of).loss == pytest.approx(theirs.train_step(of).loss, rel=1e-10)
    state = theirs.state().model
    for name, array in ours.state().model.items():
        assert_close(array, state[name], name, 1e-9)


def test_a_state_of_either_engine_goes_on_in_the_other() -> None:
    settings = ["model=vit", "vit_patch=2", "vit_width=8", "vit_heads=2", "vit_depth=1", "precision=fp32"]
    ours, theirs = (build_engine(Config().override([*settings, f"engine={e}"]), SHAPE, 3) for e in ("numpy", "torch"))
    of = batch(0, np.float32)
    for step in range(3):
        ours.train_step(batch(step, np.float32))
    assert isinstance(ours, NumpyEngine)
    assert isinstance(theirs, TorchEngine)
    theirs.model.load_state_dict({name: torch.from_numpy(array) for name, array in ours.state().model.items()})
    np.testing.assert_allclose(theirs.predict(of.images), ours.predict(of.images), atol=1e-6)
    theirs.train_step(of)
    ours.model.load_state_dict(theirs.state().model)
    np.testing.assert_allclose(theirs.predict(of.images), ours.predict(of.images), atol=1e-6)


def test_weights_depend_on_the_generator_alone() -> None:
    first, same, other = (build("vit", 3, SHAPE, rng(seed), vit_size=SMALL) for seed in (0, 0, 1))
    constant = {name for name, _ in first.named_parameters() if "norm" in name or "in_proj_bias" in name}
    again, different = dict(same.named_parameters()), dict(other.named_parameters())
    for name, parameter in first.named_parameters():
        np.testing.assert_array_equal(parameter.data, again[name].data)
        assert (parameter.data != different[name].data).any() != (name in constant), name
    positions = build("vit", 3, (3, 32, 32), rng()).state_dict()["pos_embed.weight"]
    assert positions.std() == pytest.approx(0.02, rel=0.1)


def test_an_interrupted_run_resumes_to_the_same_figures(tiny_mnist: Path, tmp_path: Path) -> None:
    settings = {"model": "vit", "vit_patch": 7, "vit_width": 16, "vit_depth": 1, "optimizer": "adam", "lr": 0.01}
    config = Config.from_mapping({**settings, "data_dir": str(tiny_mnist), "batch_size": 20, "epochs": 3})
    whole = check_resumed_alike(config, tmp_path, stop_after=3)
    assert whole.summary["final"]["validation"]["accuracy"] > 0.3


# ---------------------------------------------------------------- what it costs, and what it refuses


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_the_table_has_attention_as_one_layer_with_all_its_parameters(engine: str) -> None:
    config = Config.from_mapping({"model": "vit", "vit_patch": 4, "vit_width": 8, "vit_heads": 2, "vit_depth": 1})
    rows = {row.name: row for row in summarize_network(config.override([f"engine={engine}"]), (3, 8, 12), 10)}
    attention = rows["blocks.0.attn"]
    assert "blocks.0.attn.out_proj" not in rows
    assert attention.output_shape == (6, 8)
    assert attention.parameters == 3 * 8 * 8 + 3 * 8 + 8 * 8 + 8
    # four maps of 6 places, each 8 numbers of 2·8 + 1 operations; 6·6 pairs, compared and added up in 8 dimensions
    assert attention.flops == 4 * 6 * 8 * (2 * 8 + 1) + 2 * (2 * 6 * 6 * 8)
    assert rows["blocks.0.mlp.fc1"].output_shape == (6, 32)
    assert rows["blocks.0.mlp.fc1"].flops == 6 * 32 * (2 * 8 + 1)
    model = build("vit", 10, (3, 8, 12), rng(), vit_size=config.vit_size())
    assert sum(row.parameters for row in rows.values()) == sum(parameter.size for parameter in model.parameters())


def test_torch_s_table_has_the_same_rows() -> None:
    theirs = summarize_torch_rows()
    ours = {row.name: row for row in summarize_network(Config(model="vit"), (1, 28, 28), 10)}
    for name, row in theirs.items():
        if row.parameters:
            assert (ours[name].output_shape, ours[name].parameters, ours[name].flops) == (
                row.output_shape,
                row.parameters,
                row.flops,
            )


def summarize_torch_rows() -> dict[str, Any]:
    from trainlab.models.torch_summary import summarize_torch

    rows = summarize_torch(torch_models.bare("vit", 10, (1, 28, 28)), (1, 28, 28))
    return {row.name: row for row in rows}


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_images_that_patches_do_not_fill_are_refused(engine: str) -> None:
    config = Config().override(["model=vit", "vit_patch=5", f"engine={engine}"])
    message = "patches of 5×5 pixels, which do not fill images of 28×28. Take one of vit_patch=1, 2, 4, 7, 14, 28"
    with pytest.raises(InputError, match=message):
        build_engine(config, (1, 28, 28), 10)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"vit_heads = 3 must divide vit_width = 64, .* Take vit_width=66, or"):
        Config().override(["model=vit", "vit_heads=3"])
    Config().override(["vit_heads=3"])  # plays no part in another network


def test_a_norm_in_front_of_each_part_and_one_at_the_end() -> None:
    model = vit(SMALL, 3, *SHAPE, rng=rng())
    norms = [name for name, module in model.named_modules() if isinstance(module, LayerNorm)]
    assert norms == ["blocks.0.norm1", "blocks.0.norm2", "blocks.1.norm1", "blocks.1.norm2", "norm"]
