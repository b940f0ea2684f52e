"""Runs on a folder of people's own pictures, which may be moved or changed while a run still needs them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.experiments.whole_runs import assert_equal_runs, interrupt_after
from trainlab.data import load
from trainlab.data.transforms import Raw
from trainlab.errors import InputError
from trainlab.experiments import Config, RunFolder, evaluate_run, prepared_data, resume, train
from trainlab.experiments.prediction import predict_images
from trainlab.experiments.prepared_data import at_most, evaluation_batches, prepare_data
from trainlab.training import Event, StepEnded


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pictures with train, validation and test, and a cache of its own."""
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "cache"))
    digits = load("mnist", "test")
    for part, start, stop in (("train", 0, 60), ("validation", 60, 90), ("test", 90, 120)):
        for position in range(start, stop):
            kind = tmp_path / "pictures" / part / ("even" if digits.labels[position] % 2 == 0 else "odd")
            kind.mkdir(parents=True, exist_ok=True)
            Image.fromarray(digits.images[position, 0]).save(kind / f"{position}.png")
    return tmp_path / "pictures"


def of_pictures(pictures: Path, *words: str) -> Config:
    settings = [f"dataset=folder:{pictures},size=28", "batch_size=10", "epochs=2", "hidden=[8]"]
    return Config().override([*settings, *words])


def test_a_folder_of_pictures_keeps_its_own_validation_part(pictures: Path, tmp_path: Path) -> None:
    result = train(of_pictures(pictures), tmp_path / "run", "pictures")
    split = result.run.load_split()
    assert (len(split.train), len(split.validation)) == (60, 30)
    assert evaluate_run(result.run, "test").size == 30
    assert evaluate_run(result.run, "validation").metrics._asdict() == result.summary["best"]["validation"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tta=true", "tta_shift=8"], "tta_shift: images of 8 × 8 pixels cannot be moved by 8; expected at most 7."),
        (["augment=crop", "crop_padding=8", "crop_mode=reflect"], "crop: padding=8 reflects more than images of 8 × 8"),
    ],
)
def test_what_no_image_is_large_enough_for_is_found_before_the_folder_is_made(
    pictures: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    config = of_pictures(pictures, *words).override([f"dataset=folder:{pictures},size=8"])
    with pytest.raises(InputError, match=message):
        train(config, tmp_path / "run", "pictures")
    assert not (tmp_path / "run").exists()


def test_test_images_of_another_size_are_refused(pictures: Path, tmp_path: Path) -> None:
    run = train(of_pictures(pictures), tmp_path / "run", "pictures").run
    config = run.path / "config.toml"
    config.write_text(config.read_text().replace(",size=28", ",size=14"))
    expected = (
        r"\(test\) has images of 1 × 14 × 14, and .*run learned those of 1 × 28 × 28 \(channels × height × width\)"
    )
    with pytest.raises(InputError, match=expected):
        evaluate_run(RunFolder.open(run.path), "test")


def test_larger_pictures_are_evaluated_fewer_at_a_time(pictures: Path) -> None:
    dataset = load(f"folder:{pictures},size=256", "train")
    assert (at_most(512, dataset), at_most(10, dataset)) == (8, 1)
    assert evaluation_batches(dataset, np.arange(30), Raw()).batch_size == 8
    assert at_most(512, load("mnist", "test")) == 512


def test_the_sample_of_training_images_has_every_class(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_data, "SAMPLE", 8)
    data = prepare_data(of_pictures(pictures, "transform=raw"))
    sample = data.sample()
    shown = [next(i for i in data.split.train if (data.dataset.images[i] == image).all()) for image in sample]
    assert len(shown) == 8
    assert set(data.dataset.labels[shown]) == {0, 1}
    assert set(data.dataset.labels[data.split.train[:8]]) == {0}  # they come class by class


def test_a_run_predicts_where_its_pictures_are_not(pictures: Path, tmp_path: Path) -> None:
    result = train(of_pictures(pictures, "evaluate_test=false"), tmp_path / "run", "pictures")
    one = next((pictures / "test" / "even").iterdir()).rename(tmp_path / "one.png")
    shutil.rmtree(pictures)
    [(pixels, probabilities)] = predict_images(result.run, [one])
    assert (pixels.shape, list(probabilities)) == ((28, 28), ["even", "odd"])


def test_missing_test_images_are_found_before_anything_is_trained(pictures: Path, tmp_path: Path) -> None:
    shutil.rmtree(pictures / "test")
    with pytest.raises(InputError, match=r"has no folder test.*add evaluate_test=false"):
        train(of_pictures(pictures), tmp_path / "run", "pictures")
    assert not (tmp_path / "run").exists()
    assert train(of_pictures(pictures, "evaluate_test=false"), tmp_path / "run", "x").summary["test"] is None


def test_test_images_that_go_while_it_trains_leave_a_finished_run(pictures: Path, tmp_path: Path) -> None:
    def remove(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == 3:
            shutil.rmtree(pictures / "test")

    with pytest.raises(InputError, match=r"has no folder test.*The training is done and saved.*trainlab evaluate"):
        train(of_pictures(pictures), tmp_path / "run", "pictures", listeners=[remove])
    summary = RunFolder.open(tmp_path / "run").read_summary()
    assert summary is not None
    assert (summary["status"], summary["final"]["epoch"], summary["test"]) == ("finished", 2, None)
    assert resume(tmp_path / "run") is None


def add_one(pictures: Path) -> None:
    shutil.copy(next((pictures / "train" / "even").iterdir()), pictures / "train" / "even" / "another.png")


def rename_a_class(pictures: Path) -> None:
    for part in pictures.iterdir():
        (part / "even").rename(part / "straight")


def test_a_picture_that_was_replaced_is_noticed(pictures: Path, tmp_path: Path) -> None:
    interrupted = interrupt_after(9, of_pictures(pictures), tmp_path / "run")
    picture = next((pictures / "validation" / "odd").iterdir())
    with Image.open(picture) as opened:
        kept, other = opened.copy(), ImageOps.invert(opened)
    other.save(picture)
    expected = r"has changed since .*run was started: there are as many images of the same classes, but not the same"
    with pytest.raises(InputError, match=expected):
        resume(tmp_path / "run")
    with pytest.raises(InputError, match=expected):
        evaluate_run(interrupted.run, "train")
    kept.save(picture)
    assert resume(tmp_path / "run") is not None


def test_pictures_that_lie_elsewhere_now_are_the_same(pictures: Path, tmp_path: Path) -> None:
    interrupt_after(9, of_pictures(pictures), tmp_path / "run")
    moved = pictures.rename(tmp_path / "moved")
    config = tmp_path / "run" / "config.toml"
    config.write_text(config.read_text().replace(str(pictures), str(moved)))
    assert resume(tmp_path / "run") is not None
    train(of_pictures(moved), tmp_path / "again", "pictures")
    assert_equal_runs(tmp_path / "run", tmp_path / "again")


@pytest.mark.parametrize("change", [add_one, rename_a_class])
def test_pictures_that_have_changed_since_are_refused(
    pictures: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    config = of_pictures(pictures)
    interrupted = interrupt_after(9, config, tmp_path / "run")
    change(pictures)
    with pytest.raises(InputError, match=r"has changed since .*run was started, with 90 images of even, odd; now"):
        resume(tmp_path / "run")
    if change is add_one:
        with pytest.raises(InputError, match=r"has changed since .*now there are 91 of even, odd"):
            evaluate_run(interrupted.run, "validation")
    else:
        with pytest.raises(InputError, match=r"other classes than .*run learned: odd, straight instead of even, odd"):
            evaluate_run(interrupted.run, "test")
