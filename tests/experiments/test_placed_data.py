"""Data that lie where the engine computes: tensors stand in for a GPU's, and nothing that is learned changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainlab.data import Dataset, Loader, Unit
from trainlab.data.augmentation import build
from trainlab.engines.torch_engine import TorchEngine
from trainlab.experiments import Config, train

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 3, 12, 12), dtype=np.uint8)
DATASET = Dataset("noise", IMAGES, (np.arange(50) % 5).astype(np.uint8), ("a", "b", "c", "d", "e"))


@pytest.mark.parametrize("names", [[], ["crop", "flip", "erasing"], ["jitter", "mixup"], ["cutout", "cutmix"]], ids=str)
def test_a_loader_serves_the_same_from_tensors(names: list[str]) -> None:
    augment = build(names) if names else None
    here, there = (Loader(DATASET, np.arange(40), 16, Unit(), 3, True, augment=augment) for _ in range(2))
    there.place(torch.from_numpy(IMAGES), torch.from_numpy(DATASET.labels))
    for one, other in zip(here.epoch(2), there.epoch(2), strict=True):
        for array, tensor in zip(one[:3], other[:3], strict=True):
            if array is None:
                assert tensor is None
                continue
            assert isinstance(tensor, torch.Tensor)
            np.testing.assert_allclose(array, tensor.numpy(), atol=1e-6)


@pytest.fixture
def _nothing_is_asked_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU would have to finish all that it was asked before it answers."""

    def asked(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("Python waits for the device")

    for question in ("item", "tolist", "numpy", "cpu", "nonzero", "__bool__", "__int__", "__float__", "__index__"):
        monkeypatch.setattr(torch.Tensor, question, asked)


@pytest.mark.usefixtures("_nothing_is_asked_back")
@pytest.mark.parametrize(
    "names",
    [["crop", "flip", "cutout", "erasing"], ["alternating_flip", "jitter", "mixup"], ["affine", "elastic", "cutmix"]],
    ids=str,
)
def test_a_step_asks_nothing_back(names: list[str]) -> None:
    loader = Loader(DATASET, np.arange(40), 16, Unit(), 3, True, augment=build(names))
    loader.place(torch.from_numpy(IMAGES), torch.from_numpy(DATASET.labels))
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Flatten())
    model.append(torch.nn.Linear(800, 5))
    engine = TorchEngine(model, torch.optim.SGD(model.parameters(), 0.1, 0.9, fused=True), clip_norm=1.0, ema=0.9)
    results = [engine.begin_step(batch) for batch in loader.epoch(1)]
    with pytest.raises(AssertionError, match="Python waits for the device"):
        results[0]()


def test_a_run_on_placed_data_learns_the_same(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["engine=torch", "hidden=[8]", "batch_size=50", "epochs=2", "augment=crop", f"data_dir={tiny_mnist}"]
    config = Config().override(words)
    plain = train(config, tmp_path / "plain", "plain").summary
    placed: list[Any] = []

    def place(engine: TorchEngine, array: NDArray[Any]) -> torch.Tensor:
        placed.append(array)
        return torch.from_numpy(np.array(array))

    monkeypatch.setattr(TorchEngine, "place", place)
    summary = train(config, tmp_path / "placed", "placed").summary
    assert [array.ndim for array in placed] == [4, 1]
    assert summary["final"] == plain["final"]


def test_a_cpu_keeps_its_arrays(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(torch.nn.Linear(2, 2), torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1))
    assert engine.place(IMAGES) is IMAGES


@pytest.mark.parametrize(("free", "is_placed"), [(4 * IMAGES.nbytes, True), (IMAGES.nbytes, False)])
def test_a_gpu_takes_what_leaves_it_half_of_its_memory(
    free: int, is_placed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TorchEngine(torch.nn.Linear(2, 2), torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1))
    engine.device = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10 * free))
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, device: tensor)
    assert (engine.place(IMAGES) is not IMAGES) == is_placed
