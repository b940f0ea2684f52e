"""Every preset on either engine: it takes a step, or one clear message says why not."""

from itertools import islice

import numpy as np
import pytest

from trainlab.data import Batch
from trainlab.errors import InputError
from trainlab.experiments import Config, load_preset, preset_names
from trainlab.experiments.assemble import build_engine, build_schedule
from trainlab.experiments.prepared_data import prepare_data

REFUSED = {
    ("cifar10-fast", "numpy"): "model = fastnet needs engine = torch; the NumPy engine has mlp, lenet, convnet",
    ("cifar10-94", "numpy"): "model = fastnet needs engine = torch; the NumPy engine has mlp, lenet, convnet",
}
CASES = [(preset, engine) for preset in preset_names() for engine in ("numpy", "torch")]


def shape_of(config: Config) -> tuple[int, int, int]:
    return (3, 32, 32) if config.dataset.startswith("cifar") else (1, 28, 28)


def random_batch(seed: int, shape: tuple[int, int, int], size: int) -> Batch:
    draw = np.random.default_rng(seed)
    return Batch(draw.standard_normal((size, *shape), dtype=np.float32), draw.integers(0, 10, size))


@pytest.mark.parametrize(("preset", "engine"), [case for case in CASES if case not in REFUSED])
def test_a_preset_takes_a_step_on_an_engine(preset: str, engine: str) -> None:
    config = load_preset(preset).config.override([f"engine={engine}"])
    shape = shape_of(config)
    images = np.random.default_rng(0).standard_normal((100, *shape), dtype=np.float32)
    one = build_engine(config, shape, 10, lambda: images)
    before = one.state().model
    loss = one.train_step(random_batch(1, shape, 4)).loss
    assert 0 < loss < np.inf
    after = one.state().model
    changed = [name for name, array in before.items() if (array != after[name]).any()]
    assert any(name.endswith("weight") for name in changed)
    assert one.predict(images[:2]).shape == (2, 10)


@pytest.mark.parametrize(("preset", "engine"), REFUSED)
def test_what_an_engine_lacks_is_one_message(preset: str, engine: str) -> None:
    with pytest.raises(InputError, match=REFUSED[preset, engine]) as refusal:
        load_preset(preset).config.override([f"engine={engine}"])
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "word",
    ["precision=bf16", "device=cuda", "ema=0.9", "accumulate=2", "compile=true"],
)
def test_what_belongs_to_torch_is_refused_by_numpy(word: str) -> None:
    with pytest.raises(InputError, match="belong to engine=torch"):
        load_preset("cifar10-tiny").config.override(["engine=numpy", word])


@pytest.mark.parametrize("seed", [0, 3])
def test_a_hundred_steps_of_mnist_mlp_have_the_same_losses_on_both(seed: int) -> None:
    """In float32, dropout included. The largest difference of ten seeds is 2.6e-6, of seed 3."""
    config = load_preset("mnist-mlp").config.override([f"seed={seed}"])
    data = prepare_data(config)
    schedule = build_schedule(config, len(data.train_batches))
    numpy, torch = (
        build_engine(config.override([f"engine={one}", "precision=fp32"]), (1, 28, 28), 10)
        for one in ("numpy", "torch")
    )
    for step, batch in enumerate(islice(data.train_batches.epoch(1), 100)):
        for engine in (numpy, torch):
            engine.set_learning_rate(config.lr * schedule(step))
        assert torch.train_step(batch).loss == pytest.approx(numpy.train_step(batch).loss, abs=1e-5)


def losses(words: list[str], preset: str, shape: tuple[int, int, int], steps: int, images: int) -> np.ndarray:
    """(steps,): of the first steps of a preset in float64, on a few random images that come again and again."""
    config = load_preset(preset).config.override(words)
    one = build_engine(config, shape, 10, dtype=np.float64)
    batches = [random_batch(step, shape, images) for step in range(3)]
    wide = [batch._replace(images=batch.images.astype(np.float64)) for batch in batches]
    return np.array([one.train_step(wide[step % 3]).loss for step in range(steps)])


# The largest relative difference measured is 2e-14 with SGD (cifar10-tiny) and 2e-11 with Adam at 0.01 (cifar10-lab1):
# Adam divides by the root of squares that may be nearly 0, so rounding grows. In float32 it grows to 6 % in 20 steps,
# on 32×32 images, which would hide a wrong term; hence float64. On 8×8 images the last BatchNorm sees one pixel of
# each, and rounding grows to 2e-4; hence 16×16.
@pytest.mark.parametrize(
    ("preset", "shape", "images", "tolerance"),
    [("cifar10-tiny", (3, 32, 32), 8, 1e-12), ("cifar10-lab1", (3, 16, 16), 8, 1e-9)],
)
def test_twenty_steps_on_numpy_are_torch_s(
    preset: str, shape: tuple[int, int, int], images: int, tolerance: float
) -> None:
    ours, theirs = (losses([f"engine={engine}"], preset, shape, 20, images) for engine in ("numpy", "torch"))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance)
    assert ours[-3:].mean() < ours[:3].mean()
