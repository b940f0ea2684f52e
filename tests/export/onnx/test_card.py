"""The model card, and the folder that it lies in."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.cli.command import command
from tests.data.picture_files import write_pets
from trainlab.data import load
from trainlab.errors import InputError
from trainlab.experiments import Config, RunFolder, load_network, train
from trainlab.export.onnx import write_onnx_folder
from trainlab.export.onnx.card import as_yaml, model_card
from trainlab.export.onnx.network import export_network


@pytest.fixture(scope="module")
def folder(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "network"
    write_onnx_folder(run, path)
    return path


@pytest.fixture(scope="module")
def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def header(card: str) -> dict[str, Any]:
    _, text, _ = card.split("---\n", maxsplit=2)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_the_folder_holds_the_network_its_card_and_its_configuration(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "README.md", "config.toml"}


def test_the_header_is_what_model_hubs_read(run: RunFolder, card: str) -> None:
    found = header(card)
    assert found["license"] == "unknown"
    assert found["library_name"] == "onnx"
    assert found["pipeline_tag"] == "image-classification"
    assert found["datasets"] == ["mnist"]
    assert {"onnx", "trainlab", "mlp"} <= set(found["tags"])
    (model,) = found["model-index"]
    summary = run.read_summary()
    assert summary is not None
    results = {result["dataset"]["split"]: result["metrics"][0] for result in model["results"]}
    assert results["test"] == {
        "type": "accuracy",
        "value": summary["test"]["accuracy"],
        "name": "accuracy, n = 200 test images",
    }
    assert results["validation"]["value"] == summary["best"]["validation"]["accuracy"]
    assert "n = 60 validation images" in results["validation"]["name"]


def test_figures_state_how_many_images_of_which_part(run: RunFolder, card: str) -> None:
    summary = run.read_summary()
    assert summary is not None
    assert f"| train | 540 | {summary['best']['train']['accuracy']:.2%} |" in card
    assert f"| validation | 60 | {summary['best']['validation']['accuracy']:.2%} |" in card
    assert f"| test | 200 | {summary['test']['accuracy']:.2%} |" in card
    assert "on 60 of the validation images" in card
    assert "CC BY-SA 3.0" in card


def test_the_lines_of_code_work(
    run: RunFolder, folder: Path, card: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    images = load("mnist", "test", Path(run.config.data_dir)).images[:1]
    Image.fromarray(images[0, 0]).save("picture.png")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    named, probability = capsys.readouterr().out.split()
    network = load_network(run)
    expected = network.engine.predict(network.transform(images))[0]
    assert named == str(expected.argmax())
    assert float(probability) == pytest.approx(expected.max(), abs=1e-5)
    Path("picture.png").unlink()


def test_the_command_makes_the_same_network_again(
    run: RunFolder, folder: Path, card: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", run.config.data_dir)
    monkeypatch.chdir(folder.parent)
    assert "trainlab train config.toml" in card
    done = command(capsys, "train", "network/config.toml", f"data_dir={run.config.data_dir}", "--run", "again")
    assert done.status == 0, done.err
    assert export_network(RunFolder.open(Path("again"))).difference < 1e-5
    again, first = (RunFolder.open(path).read_summary() for path in (Path("again"), run.path))
    assert again is not None
    assert first is not None
    assert again["best"] == first["best"]


def test_no_path_of_this_machine_is_published(run: RunFolder, folder: Path) -> None:
    for name in ("README.md", "config.toml"):
        assert str(run.config.data_dir) not in (folder / name).read_text(encoding="utf-8")


def test_what_was_not_measured_is_said(config: Config, tmp_path: Path) -> None:
    run = train(replace(config, evaluate_test=False), tmp_path / "run", "untested").run
    card = model_card(run, export_network(run))
    assert "It has not been measured on a test set." in card
    assert [result["dataset"]["split"] for result in header(card)["model-index"][0]["results"]] == ["validation"]


def test_no_path_of_a_folder_of_pictures_is_published_and_the_command_finds_it_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "cache"))
    pets = write_pets(tmp_path / "mine" / "pets", cats=20, dogs=20)
    config = Config(dataset=f"folder:{pets},size=16", hidden=(4,), batch_size=4, epochs=1, split=0.2)
    run = train(config, tmp_path / "run", "pets").run
    write_onnx_folder(run, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert str(tmp_path) not in card + (tmp_path / "out" / "config.toml").read_text(encoding="utf-8")
    assert "datasets" not in header(card)
    assert "2 classes apart in colour images of 16×16 pixels: cat, dog. Trained on pets with trainlab" in card
    assert "pictures in a folder pets, whose licence is for their owner to say" in card
    monkeypatch.chdir(pets.parent)
    assert command(capsys, "train", str(tmp_path / "out" / "config.toml"), "--run", "again").status == 0


def test_nothing_is_overwritten(run: RunFolder, folder: Path) -> None:
    with pytest.raises(InputError, match="network exists already, and is not overwritten"):
        write_onnx_folder(run, folder)


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, "b": {"c": [1.5, True, None], "d": "x: y # z"}},
        {"list": [{"a": {"b": [{"c": "é", "d": 'quote "'}]}, "e": [1]}, {"f": "- g"}]},
    ],
)
def test_the_yaml_that_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(value)) == value
