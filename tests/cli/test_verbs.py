"""The other verbs: evaluate, predict, show, list."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import Command
from tests.data.picture_files import write_pets
from trainlab import experiments
from trainlab.data import load
from trainlab.experiments import Config, RunFolder, TrainedNetwork, preset_names


@pytest.fixture
def run(trainlab: Command, tiny: str) -> str:
    """A finished run."""
    trainlab("train", tiny, "epochs=6", "--run", "run", "--progress", "none")
    return "run"


def test_help_and_version_name_every_verb(trainlab: Command) -> None:
    done = trainlab("--help")
    assert done.status == 0
    first = ("train", "resume", "sweep", "lr-find", "compare", "report")
    for verb in (*first, "evaluate", "predict", "export", "show", "list", "data"):
        assert f"\n  {verb} " in done.out
    assert trainlab("--version").out.strip() == "0.1.0"


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys, trainlab.cli; print(*sorted({'numpy', 'matplotlib', 'rich', 'torch', 'PIL'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_an_unknown_verb_names_the_nearest(trainlab: Command) -> None:
    done = trainlab("tran")
    assert done.status == 2
    assert "Did you mean 'train'?" in done.err


def test_evaluate_is_a_sentence_or_json(trainlab: Command, run: str) -> None:
    summary = json.loads(Path("run/summary.json").read_text())
    done = trainlab("evaluate", run)
    assert done.status == 0
    assert f"of 200 images right ({summary['test']['accuracy']:.2%})" in done.out
    found = json.loads(trainlab("evaluate", run, "--part", "validation", "--json").out)
    assert found["accuracy"] == summary["best"]["validation"]["accuracy"]
    assert found["images"] == 60
    assert "tta" not in found


def test_evaluate_looks_at_images_in_several_ways(trainlab: Command, run: str) -> None:
    (plain, mirrored), (again, six) = (
        trainlab("evaluate", run, "--tta", *words).out.splitlines() for words in ([], ["--tta-shift", "1"])
    )
    assert plain == again
    assert " images right together with their mirror images (" in mirrored
    assert " images right in six views (" in six
    found = json.loads(trainlab("evaluate", run, "--tta", "--tta-shift", "2", "--json").out)
    assert found["tta"].keys() == {"loss", "accuracy", "views"}
    assert found["tta"]["views"] == 6
    assert found["tta"]["loss"] != found["loss"]
    done = trainlab("evaluate", run, "--tta-shift", "1")
    assert done.status == 2
    assert "--tta-shift belongs to --tta. Give both, or neither." in done.err


def test_evaluate_refuses_what_is_no_run(trainlab: Command) -> None:
    done = trainlab("evaluate", ".")
    assert done.status == 2
    assert "is not the folder of a run" in done.err


def save_digit(path: Path, position: int, size: int = 280) -> int:
    """A test image as a photo: large, dark on white. Returns its label."""
    digits = load("mnist", "test")
    pixels = 255 - digits.images[position, 0]
    Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC).save(path)
    return int(digits.labels[position])


def test_predict_shows_the_pixels_and_the_probabilities(trainlab: Command, run: str) -> None:
    label = save_digit(Path("seven.png"), 0)
    done = trainlab("predict", run, "seven.png")
    assert done.status == 0, done.err
    assert "as the network sees it (28×28)" in done.out
    assert "██" in done.out
    found = json.loads(trainlab("predict", run, "seven.png", "--json").out)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert max(found["probabilities"], key=found["probabilities"].get) == str(label)


def test_predict_takes_many_pictures(trainlab: Command, run: str) -> None:
    for position in range(3):
        save_digit(Path(f"{position}.png"), position)
    lines = trainlab("predict", run, "0.png", "1.png", "2.png", "--json").out.splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["0.png", "1.png", "2.png"]


def test_predict_loads_the_network_once(trainlab: Command, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save_digit(Path("seven.png"), 0)
    loaded: list[RunFolder] = []

    def load_network(run: RunFolder) -> TrainedNetwork:
        loaded.append(run)
        return experiments.load_network(run)

    monkeypatch.setattr("trainlab.experiments.prediction.load_network", load_network)
    assert trainlab("predict", run, *3 * ["seven.png"]).status == 0
    assert len(loaded) == 1


def test_predict_shows_a_network_of_fashion_mnist_clothes_on_black_and_centres_nothing(
    trainlab: Command, run: str
) -> None:
    config = Path(run, "config.toml")
    config.write_text(config.read_text().replace('dataset = "mnist"', 'dataset = "fashion-mnist"'))
    shirt = np.full((56, 56), 250, np.uint8)
    shirt[4:20, 4:20] = 50
    Image.fromarray(shirt).save("shirt.png")
    done = trainlab("predict", run, "shirt.png", "--no-center")
    assert done.status == 0, done.err
    assert done.err == "trainlab: note: --no-center changes nothing here; it belongs to mnist.\n"
    first, second = [line for line in done.out.splitlines() if line.startswith("│")][:2]
    assert first == "│" + "    " + "██" * 8 + "  " * 18 + "│"
    assert second == first


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_predict_refuses_what_is_no_picture(trainlab: Command, run: str, content: bytes) -> None:
    Path("bad.png").write_bytes(content)
    done = trainlab("predict", run, "bad.png")
    assert done.status == 2
    assert "bad.png" in done.err
    assert "Traceback" not in done.err


def test_predict_refuses_a_missing_and_a_blank_picture(trainlab: Command, run: str) -> None:
    assert "none.png" in trainlab("predict", run, "none.png").err
    Image.fromarray(np.full((50, 50), 255, np.uint8)).save("blank.png")
    done = trainlab("predict", run, "blank.png")
    assert done.status == 2
    assert "blank.png" in done.err


def test_show_gives_the_settings_and_the_layers(trainlab: Command) -> None:
    done = trainlab("show", "mnist-lab1", "lr=0.01")
    assert done.status == 0
    assert "lr = 0.01 " in done.out
    assert "Linear(784, 128)" in done.out
    assert "101,770" in done.out
    assert "203,530" in done.out  # FLOPs of one image forward


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_can_be_shown_without_its_data(trainlab: Command, preset: str) -> None:
    done = trainlab("show", preset)
    assert done.status == 0
    assert "together" in done.out


def test_what_show_prints_is_a_configuration_file(trainlab: Command, tmp_path: Path) -> None:
    shown = trainlab("show", "mnist-best").out
    settings = shown.split("\n\n")[0]
    (tmp_path / "copy.toml").write_text(settings, encoding="utf-8")
    again = trainlab("show", "copy.toml").out
    assert again.splitlines()[1:] == shown.splitlines()[1:]


def test_show_names_what_has_no_effect_and_keeps_what_was_set(trainlab: Command) -> None:
    plain = trainlab("show", "mnist-mlp").out
    assert "#   crop_padding, crop_mode: augment=crop\n" in plain
    assert "\ncrop_padding = " not in plain
    assert "\ncrop_padding = 4 " in trainlab("show", "mnist-mlp", "augment=crop").out
    assert "\ncrop_padding = 2 " in trainlab("show", "mnist-mlp", "crop_padding=2").out
    for name in Config.__dataclass_fields__:
        assert name in plain


def test_show_takes_the_folder_of_a_run(trainlab: Command, run: str) -> None:
    assert "hidden = [16]" in trainlab("show", run).out


def test_show_tells_of_a_run_whose_pictures_have_gone(trainlab: Command, tmp_path: Path) -> None:
    write_pets(tmp_path / "pets", cats=10, dogs=6)
    settings = ["dataset=folder:pets,size=8", "epochs=1", "batch_size=4", "hidden=[4]", "split=4"]
    assert trainlab("train", "mnist-mlp", *settings, "--run", "run", "--progress", "none").status == 0
    shown = trainlab("show", "run").out
    assert "(192, 4)" in shown
    (tmp_path / "pets").rename(tmp_path / "elsewhere")
    assert trainlab("show", "run").out == shown
    assert "pets: there is no such folder" in trainlab("show", "run", "dataset=folder:pets,size=9").err


@pytest.mark.parametrize(
    ("words", "picture"),
    [
        (["tiny.toml", "augment=crop", "--samples"], "samples.png"),
        (["--samples", "tiny.toml", "augment=crop"], "samples.png"),
        (["tiny.toml", "--samples", "augment=crop"], "samples.png"),
        (["tiny.toml", "augment=crop", "--samples", "pictures/crop.png"], "pictures/crop.png"),
        (["--samples", "crop.png", "tiny.toml", "augment=crop+mixup"], "crop.png"),
        (["tiny.toml", "augment=crop", "--samples=crop.png"], "crop.png"),
    ],
)
def test_show_draws_samples_wherever_the_option_stands(
    trainlab: Command, tiny: str, words: list[str], picture: str
) -> None:
    done = trainlab("show", *words)
    assert done.status == 0, done.err
    assert done.out == f"{Path(picture)}: 10 training images as they are stored, then as the first epochs show them\n"
    assert Path(picture).read_bytes().startswith(b"\x89PNG")


def test_show_draws_different_images_where_nothing_is_random(trainlab: Command, tiny: str) -> None:
    done = trainlab("show", "tiny.toml", "--samples")
    assert done.out.startswith("samples.png: training images; every epoch shows the same. Try: trainlab show tiny.toml")
    assert trainlab("show", "tiny.toml", "--samples").status == 0  # again, over its own picture


def test_show_draws_the_samples_of_a_run_from_its_own_split(
    trainlab: Command, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(RunFolder, "load_split", lambda self: opened.append(self.path))
    assert trainlab("show", run, "augment=mixup", "--samples").status == 0
    assert trainlab("show", run, "augment=mixup", "seed=3", "--samples").status == 0
    assert opened == [Path(run)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fashion-mnist-mlp", "--samples"], "fashion-mnist (train) is not on this machine"),
        (["tiny.toml", "--samples", "crop.jpg"], "crop.jpg: samples are drawn as PNG"),
        (["tiny.toml", "--samples", "mine.png"], "mine.png exists already and is no picture of samples"),
        (["tiny.toml", "augment=mixup+crop", "--samples"], "expected at most one of mixup and cutmix, at the end"),
        (["--samples"], "Missing argument 'PRESET'"),
    ],
)
def test_samples_that_cannot_be_drawn_are_one_message(
    trainlab: Command, tiny: str, words: list[str], message: str
) -> None:
    Path("mine.png").write_text("mine")
    done = trainlab("show", *words)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert Path("mine.png").read_text() == "mine"
    assert not Path("samples.png").exists()


def test_list_names_presets_and_runs(trainlab: Command, tiny: str) -> None:
    trainlab("train", tiny, "--progress", "none")
    out = trainlab("list").out
    for words in (
        "mnist-mlp",
        "mnist-lab1",
        "mnist-fast",
        "mnist-best",
        "fashion-mnist-mlp",
        "tiny-1",
        "finished, validation",
    ):
        assert words in out


def test_list_survives_a_damaged_run(trainlab: Command, tiny: str) -> None:
    trainlab("train", tiny, "--progress", "none")
    Path("runs/tiny-1/environment.json").write_text("{")
    done = trainlab("list")
    assert done.status == 0
    assert "damaged" in done.out


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ("{}", "no 'status'"),
        ("[]", "[], not figures by their names"),
        ('{"status": "finished", "seconds": 1}', "no 'best'"),
    ],
)
def test_a_summary_that_was_edited_is_told_and_hides_no_other_run(
    trainlab: Command, run: str, content: str, missing: str
) -> None:
    shutil.copytree(run, "runs/edited")
    shutil.copytree(run, "runs/whole")
    Path("runs/edited/summary.json").write_text(content)
    expected = f"summary.json has {missing}, so the run cannot be read. trainlab did not write that"
    listed = trainlab("list")
    assert listed.status == 0
    assert expected in listed.out
    assert "finished, validation" in listed.out
    done = trainlab("resume", "runs/edited")
    assert (done.status, "Traceback" in done.err) == (0 if "finished" in content else 2, False)
