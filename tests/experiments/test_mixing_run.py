"""Whole runs with mixed images: both engines learn from them, alike, and go on in the middle of an epoch."""

from pathlib import Path

import numpy as np
import pytest

from tests.stopped_run import check_resumed_alike
from trainlab.experiments import Config, load_preset, train
from trainlab.training import Event, StepEnded

both_engines = pytest.mark.parametrize("engine", ["numpy", "torch"])


def configuration(tiny_mnist: Path, *words: str) -> Config:
    """The preset on the 540 training images of `tiny_mnist`: 11 steps an epoch."""
    quick = ["hidden=[32]", "batch_size=50", "epochs=3", "lr=0.1", "augment=mixup", f"data_dir={tiny_mnist}"]
    return load_preset("mnist-mlp").config.override([*quick, *words])


@both_engines
@pytest.mark.parametrize("augment", ["mixup", "crop+cutmix"])
def test_a_network_learns_from_mixed_images(tiny_mnist: Path, tmp_path: Path, engine: str, augment: str) -> None:
    config = configuration(tiny_mnist, f"augment={augment}", f"engine={engine}", "epochs=8")
    summary = train(config, tmp_path / "run", "mnist-mlp").summary
    assert summary["status"] == "finished"
    assert summary["best"]["validation"]["accuracy"] > 0.5  # guessing gives 0.1
    # the right answer to two mixed images is not certain, and the loss of training says so
    assert summary["final"]["train"]["loss"] > summary["final"]["validation"]["loss"]


def test_the_engines_have_the_same_losses(tiny_mnist: Path, tmp_path: Path) -> None:
    losses = {}
    for engine in ("numpy", "torch"):
        seen: list[float] = []
        losses[engine] = seen

        def note(event: Event, seen: list[float] = seen) -> None:
            if isinstance(event, StepEnded):
                seen.append(event.loss)

        config = configuration(
            tiny_mnist, f"engine={engine}", "precision=fp32", "dropout=0", "label_smoothing=0.1", "epochs=1"
        )
        train(config, tmp_path / engine, "mnist-mlp", listeners=[note])
    np.testing.assert_allclose(losses["torch"], losses["numpy"], atol=1e-5)
    assert len(losses["numpy"]) == 11


@both_engines
def test_a_run_stopped_in_an_epoch_goes_on_as_if_it_had_not_been(tiny_mnist: Path, tmp_path: Path, engine: str) -> None:
    config = configuration(tiny_mnist, "augment=crop+mixup", f"engine={engine}")
    check_resumed_alike(config, tmp_path, stop_after=16)
