"""Batches in parts, averaged weights, compiled networks: what they change and what they must not."""

from typing import Any

import numpy as np
import pytest

from tests.engines.test_torch_engine import batch, config, engine
from trainlab.engines import State
from trainlab.engines.torch_engine import TorchEngine
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.assemble_torch import _build_optimizer


def torch_engine(**settings: Any) -> TorchEngine:
    made = engine(engine="torch", **settings)
    assert isinstance(made, TorchEngine)
    return made


@pytest.mark.parametrize("parts", [2, 3, 16])
def test_a_batch_in_parts_is_learned_as_a_whole(parts: int) -> None:
    whole, divided = torch_engine(momentum=0.9), torch_engine(momentum=0.9, accumulate=parts)
    for step in range(20):
        one, other = whole.train_step(batch(step)), divided.train_step(batch(step))
        assert other.loss == pytest.approx(one.loss, abs=1e-6)
        assert (other.correct, other.size) == (one.correct, one.size)
    assert divided.train_step(batch(0, size=1)).size == 1  # fewer images than parts


def test_batchnorm_sees_one_part_at_a_time() -> None:
    settings = {"engine": "torch", "model": "convnet", "optimizer": "sgd"}
    whole, divided = (build_engine(config(**settings, accumulate=parts), (3, 8, 8), 3) for parts in (1, 2))
    images = np.random.default_rng(0).random((8, 3, 8, 8), dtype=np.float32)
    one = batch(0, 8)._replace(images=images)
    assert whole.train_step(one).loss != divided.train_step(one).loss


def test_the_average_is_the_mean_of_all_weights_until_its_memory_is_full() -> None:
    averaged = torch_engine(ema=0.9)
    seen = [averaged.state().model["1.weight"]]
    for step in range(4):
        averaged.train_step(batch(step))
        seen.append(averaged.state().model["1.weight"])
    average = averaged.state().optimizer["average:1.weight"]
    np.testing.assert_allclose(average, np.mean(seen, axis=0), atol=1e-6)
    for step in range(20):
        before = averaged.state().optimizer["average:1.weight"]
        averaged.train_step(batch(step))
    state = averaged.state()
    expected = before + 0.1 * (state.model["1.weight"] - before)
    np.testing.assert_allclose(state.optimizer["average:1.weight"], expected, atol=1e-6)


def test_averaging_changes_evaluation_and_not_training() -> None:
    plain, averaged = torch_engine(), torch_engine(ema=0.9)
    for step in range(5):
        assert plain.train_step(batch(step)) == averaged.train_step(batch(step))
    assert plain.eval_step(batch(9)).loss != averaged.eval_step(batch(9)).loss
    mean = torch_engine()
    average = {name: averaged.state().optimizer[f"average:{name}"] for name in averaged.state().model}
    mean.load_state(mean.state().__class__(average, mean.state().optimizer))
    assert mean.eval_step(batch(9)) == averaged.eval_step(batch(9))
    np.testing.assert_array_equal(mean.predict(batch(9).images), averaged.predict(batch(9).images))


@pytest.mark.parametrize("settings", [{"ema": 0.9}, {"optimizer": "muon", "hidden": [8, 6]}], ids=["ema", "muon"])
def test_a_state_goes_on_bit_for_bit(settings: dict[str, Any]) -> None:
    whole, first, second = torch_engine(**settings), torch_engine(**settings), torch_engine(**settings)
    for step in range(8):
        whole.train_step(batch(step))
    for step in range(3):
        first.train_step(batch(step))
    second.load_state(first.state())
    for step in range(3, 8):
        second.train_step(batch(step))
    assert second.eval_step(batch(9)) == whole.eval_step(batch(9))
    for name, array in whole.state().optimizer.items():
        np.testing.assert_array_equal(array, second.state().optimizer[name])


def half_engine(growth_interval: int = 5) -> TorchEngine:
    """In float16, for which a CPU has what it takes; only slowly. Gradients are scaled up after a few good steps."""
    plain = torch_engine()
    half = TorchEngine(plain.model, plain.optimizer, precision="fp16")
    assert half._scaler is not None
    half._scaler.set_growth_interval(growth_interval)
    return half


@pytest.mark.parametrize("stop", range(1, 8))
def test_a_state_in_float16_goes_on_bit_for_bit(stop: int) -> None:
    """The scale of the gradients, and when it grows, are part of it."""
    whole, first, second = half_engine(), half_engine(), half_engine(growth_interval=2000)
    for step in range(12):
        whole.train_step(batch(step))
    for step in range(stop):
        first.train_step(batch(step))
    second.load_state(first.state())
    for step in range(stop, 12):
        second.train_step(batch(step))
    state = whole.state()
    assert state.optimizer["scaler:scale"] > half_engine().state().optimizer["scaler:scale"]
    for part in ("model", "optimizer"):
        for name, array in getattr(state, part).items():
            np.testing.assert_array_equal(array, getattr(second.state(), part)[name])


@pytest.mark.parametrize("settings", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"optimizer": "adam"}])
def test_a_step_in_float16_that_overflows_leaves_nothing_behind(settings: dict[str, Any]) -> None:
    """Gradients are scaled up until one is infinite; the step is then left out, momentum included."""
    half = torch_engine(**settings, precision="fp32")
    half = TorchEngine(half.model, _build_optimizer(config(**settings), half.model, "fp16"), precision="fp16")
    assert half._scaler is not None
    half._scaler.update(2.0**40)  # a float16 ends at 65,504
    first = half.state()
    half.train_step(batch(0))
    state = half.state()
    assert state.optimizer["scaler:scale"] == 2.0**39
    for name, array in first.model.items():
        np.testing.assert_array_equal(array, state.model[name])
    for name, array in state.optimizer.items():
        assert not name.endswith(("momentum_buffer", "exp_avg", "exp_avg_sq")) or not array.any(), name


@pytest.mark.parametrize("steps", [0, 3])
def test_a_run_in_float16_goes_on_in_another_number_format_and_back(steps: int) -> None:
    half, whole, again = half_engine(), torch_engine(), half_engine()
    for step in range(steps):
        half.train_step(batch(step))
    whole.load_state(half.state())
    for name, array in half.state().model.items():
        np.testing.assert_array_equal(array, whole.state().model[name])
    whole.train_step(batch(steps))
    again.load_state(whole.state())
    assert np.isfinite(again.train_step(batch(steps + 1)).loss)
    assert again.state().optimizer["scaler:scale"] > 0


STRANGERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sgd's for adam": ({"momentum": 0.9}, {"optimizer": "adam"}),
    "adam's for sgd": ({"optimizer": "adam"}, {}),
    "adam's for muon": ({"optimizer": "adam", "hidden": [8, 6]}, {"optimizer": "muon", "hidden": [8, 6]}),
    "none for momentum": ({}, {"momentum": 0.9}),
    "an average for none": ({"ema": 0.9}, {}),
    "none for an average": ({}, {"ema": 0.9}),
}


@pytest.mark.parametrize(("stranger", "own"), STRANGERS.values(), ids=STRANGERS)
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(
    stranger: dict[str, Any], own: dict[str, Any]
) -> None:
    other, mine = torch_engine(**stranger), torch_engine(**own)
    for step in range(2):
        other.train_step(batch(step))
    mine.train_step(batch(7))
    before = mine.state()
    with pytest.raises(ValueError, match=r"this state does not fit this \w+:\n.*: (missing|unknown)"):
        mine.load_state(other.state())
    for part in ("model", "optimizer"):
        for name, array in getattr(before, part).items():
            np.testing.assert_array_equal(array, getattr(mine.state(), part)[name])


def test_an_average_begins_with_the_weights_that_training_begins_with() -> None:
    """As when an estimator goes on with the weights of another, but with nothing that its optimizer remembers."""
    trained, fresh = torch_engine(), torch_engine(ema=0.9)
    for step in range(20):
        trained.train_step(batch(step))
    fresh.load_state(State(trained.state().model, fresh.state().optimizer))
    assert fresh.eval_step(batch(9)) == trained.eval_step(batch(9))


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")  # PyTorch's own
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")  # and this one
@pytest.mark.parametrize("dropout", [0, 0.3])
def test_a_compiled_network_learns_the_same(dropout: float) -> None:
    plain, compiled = torch_engine(dropout=dropout), torch_engine(dropout=dropout, compile=True)
    for step in range(3):
        assert compiled.train_step(batch(step)).loss == pytest.approx(plain.train_step(batch(step)).loss, abs=1e-5)
    assert compiled.state().model.keys() == plain.state().model.keys()
    assert compiled.predict(batch(0).images).shape == (16, 3)


@pytest.mark.parametrize("bias", [True, False])
def test_the_fast_network_whitens_what_it_is_shown_and_keeps_it_in_its_state(bias: bool) -> None:
    settings = {
        "engine": "torch",
        "model": "fastnet",
        "hidden": [8, 8],
        "optimizer": "muon",
        "lr": 0.1,
        "adam_lr": 0.02,
        "fastnet_bias": bias,
    }
    images = np.random.default_rng(0).random((64, 3, 8, 8), dtype=np.float32)
    fitted = build_engine(config(**settings), (3, 8, 8), 3, lambda: images)
    unfitted = build_engine(config(**settings), (3, 8, 8), 3)
    name = "whitening.conv.weight"
    whitened = fitted.state().model[name]
    assert not np.allclose(whitened, unfitted.state().model[name])
    one = batch(0)._replace(images=images[:16])
    losses = [fitted.train_step(one).loss for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]
    np.testing.assert_array_equal(fitted.state().model[name], whitened)
    unfitted.load_state(fitted.state())
    assert unfitted.eval_step(one) == fitted.eval_step(one)
