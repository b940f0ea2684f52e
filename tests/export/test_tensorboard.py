"""Event files, read with TensorBoard's own reader."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tests.event_files import of_epochs, read, scalars
from trainlab.errors import InputError
from trainlab.experiments import Config, RunFolder, resume, train
from trainlab.export import EventFiles, write_event_files
from trainlab.training import Event, StepEnded


def settings(folder: Path) -> dict[str, Any]:
    content = read(folder).SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    found = HParamsPluginData.FromString(content).session_start_info.hparams
    return {key: getattr(value, value.WhichOneof("kind")) for key, value in found.items()}


@pytest.fixture(scope="module")
def exported(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "events"
    write_event_files(run, folder)
    return folder


def test_an_export_holds_the_figures_of_every_epoch(run: RunFolder, exported: Path) -> None:
    assert scalars(exported) == of_epochs(run)


def test_an_export_holds_every_setting(run: RunFolder, exported: Path) -> None:
    found = settings(exported)
    assert found["lr"] == 0.5
    assert found["hidden"] == "16"
    assert found["stratified"] is True
    assert set(found) == set(vars(run.config))


def test_an_export_holds_pictures(exported: Path) -> None:
    found = read(exported)
    assert found.Tags()["images"] == ["curves", "first_layer"]
    for tag, least in (("curves", 500), ("first_layer", 4 * 57)):
        with Image.open(io.BytesIO(found.Images(tag)[0].encoded_image_string)) as picture:
            assert picture.width >= least
            assert len(np.unique(np.asarray(picture))) > 10


def test_nothing_is_overwritten(run: RunFolder, exported: Path) -> None:
    before = [path.read_bytes() for path in exported.iterdir()]
    with pytest.raises(InputError, match="events exists already, and is not overwritten"):
        write_event_files(run, exported)
    assert [path.read_bytes() for path in exported.iterdir()] == before


def test_event_files_grow_while_a_run_trains(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "run"
    with EventFiles(path) as events:
        run = train(config, path, "tiny", listeners=[events]).run
    found = scalars(path / "tensorboard")
    assert {tag: found[tag] for tag in found if not tag.startswith("steps/")} == of_epochs(run)
    assert [step for step, _ in found["steps/loss"]] == list(range(1, 23))
    assert found["steps/learning_rate"] == [(step, 0.5) for step in range(1, 23)]
    np.testing.assert_allclose(  # batches of one size: the mean over them is the epoch's loss
        np.mean([value for _, value in found["steps/loss"][:11]]), found["loss/train"][0][1], rtol=0.02
    )
    assert set(settings(path / "tensorboard")) == set(vars(config))


def test_a_long_epoch_has_a_hundred_points_each_a_mean(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "run"
    losses: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, StepEnded):
            losses.append(event.loss)

    with EventFiles(path) as events:
        train(config.override(["batch_size=1", "epochs=1", "lr=0.01"]), path, "tiny", listeners=[events, note])
    points = scalars(path / "tensorboard")["steps/loss"]
    assert [step for step, _ in points] == list(range(6, 541, 6))
    np.testing.assert_allclose([value for _, value in points], np.reshape(losses, (-1, 6)).mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("step", [5, 16])
def test_a_run_that_was_killed_goes_on_without_duplicated_steps(config: Config, tmp_path: Path, step: int) -> None:
    """In the first epoch (there is a checkpoint of step 0 alone) and in the second."""
    path = tmp_path / "run"

    def kill(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), EventFiles(path) as events:
        train(config, path, "tiny", listeners=[events, kill])
    assert scalars(path / "tensorboard")["steps/loss"][-1][0] == step
    with EventFiles(path) as events:
        resumed = resume(path, listeners=[events])
    assert resumed is not None
    whole = tmp_path / "whole"
    with EventFiles(whole) as events:
        train(config, whole, "tiny", listeners=[events])
    assert scalars(path / "tensorboard") == scalars(whole / "tensorboard")
    assert len(list((path / "tensorboard").iterdir())) == 2


def test_a_missing_package_is_named_with_the_command(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    message = r"TensorBoard needs tensorboardX, which is not installed here: pip install 'trainlab\[track\]'"
    with pytest.raises(InputError, match=message):
        write_event_files(run, run.path / "events")
    with pytest.raises(InputError, match=message):
        EventFiles(run.path)
