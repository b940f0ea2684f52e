"""Samples of training images: they are what a run trains on, whatever is done to them."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.picture_files import write_pets
from tests.data.small_cifar import use_small_cifar, write_unpacked
from trainlab.data import Compose, Lab1, Raw, Standardize, Transform, Unit
from trainlab.data.transforms import as_bytes
from trainlab.errors import InputError
from trainlab.experiments import Config, Samples, take_samples
from trainlab.experiments.prepared_data import prepare_data


def configuration(folder: Path, *words: str) -> Config:
    return Config().override([f"data_dir={folder}", "batch_size=50", *words])


def places(samples: Samples, config: Config) -> list[int]:
    """Where each row's stored image lies in the data set."""
    images = prepare_data(config).dataset.images
    found = [np.flatnonzero((images == row[0]).all(axis=(1, 2, 3))) for row in samples.pixels]
    assert all(len(positions) == 1 for positions in found)
    return [int(positions[0]) for positions in found]


def test_each_class_has_a_row_and_each_epoch_a_column(tiny_mnist: Path) -> None:
    config = configuration(tiny_mnist, "augment=crop", "epochs=12")
    samples = take_samples(config)
    assert samples.rows == tuple("0123456789")
    assert samples.columns == ("original", *(f"epoch {epoch}" for epoch in range(1, 8)))
    assert samples.pixels.shape == (10, 8, 1, 28, 28)
    assert samples.pixels.dtype == np.uint8
    data = prepare_data(config)
    for place, name in zip(places(samples, config), samples.rows, strict=True):
        assert place in data.split.train
        assert data.dataset.classes[data.dataset.labels[place]] == name


@pytest.mark.parametrize("transform", ["unit", "lab1", "standardize", "raw"])
@pytest.mark.parametrize("augment", ["crop+erasing", "mixup", "crop+cutmix"])
def test_columns_are_the_images_that_the_epochs_train_on(tiny_mnist: Path, augment: str, transform: str) -> None:
    config = configuration(tiny_mnist, f"augment={augment}", f"transform={transform}", "epochs=2", "seed=5")
    samples, data = take_samples(config), prepare_data(config)
    rows = places(samples, config)
    assert len(samples.columns) == 3
    for column, epoch in ((1, 1), (2, 2)):
        trained = np.concatenate([batch.images for batch in data.train_batches.epoch(epoch)])
        order = data.train_batches._order(epoch).tolist()
        for row, place in enumerate(rows):
            shown = data.transform(samples.pixels[row, column][np.newaxis])[0]
            np.testing.assert_array_equal(shown, trained[order.index(place)])


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_mixtures_are_the_targets_with_an_image_s_own_class_first(tiny_mnist: Path, mix: str) -> None:
    config = configuration(tiny_mnist, f"augment={mix}", "epochs=3")
    samples, data = take_samples(config), prepare_data(config)
    rows = np.array(places(samples, config))
    for column in (1, 2, 3):
        targets = data.train_batches.serve(rows, epoch=column).targets
        assert targets is not None
        for row, name in enumerate(samples.rows):
            mixture = samples.mixtures[row][column]
            assert mixture[0][1] == name
            assert sum(share for share, _ in mixture) == pytest.approx(1)
            assert {int(other): share for share, other in mixture} == {
                number: share for number, share in enumerate(targets[row].tolist()) if share or str(number) == name
            }
    assert all(row[0] == () for row in samples.mixtures)  # the stored image


def test_without_mixing_there_are_no_mixtures(tiny_mnist: Path) -> None:
    samples = take_samples(configuration(tiny_mnist, "augment=crop", "epochs=2"))
    assert samples.mixtures == (((),) * 3,) * 10


def test_without_augmentation_the_columns_are_other_images_of_the_class(tiny_mnist: Path) -> None:
    config = configuration(tiny_mnist)
    samples, data = take_samples(config), prepare_data(config)
    assert samples.columns == ()
    assert samples.pixels.shape == (10, 8, 1, 28, 28)
    for label, row in enumerate(samples.pixels):
        of_class = data.split.train[data.dataset.labels[data.split.train] == label]
        np.testing.assert_array_equal(row, data.dataset.images[of_class[:8]])


def test_of_many_classes_ten_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_cifar(monkeypatch)
    write_unpacked(tmp_path, "cifar-100", "binary")
    words = ["dataset=cifar-100", "stratified=false", "batch_size=8", "augment=flip+mixup"]
    samples = take_samples(configuration(tmp_path, *words))
    assert len(set(samples.rows)) == 10
    assert samples.pixels.shape == (10, 8, 3, 32, 32)


def test_of_two_classes_several_images_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "cache"))
    pets = write_pets(tmp_path / "pets", cats=20, dogs=16)
    words = [f"dataset=folder:{pets},size=16x24", "batch_size=4", "augment=cutout"]
    samples = take_samples(Config().override(words))
    assert samples.rows == ("cat",) * 3 + ("dog",) * 3
    assert samples.pixels.shape == (6, 8, 3, 16, 24)


def test_a_saved_split_is_used(tiny_mnist: Path) -> None:
    config = configuration(tiny_mnist, "augment=crop")
    saved = prepare_data(config.override(["seed=9"])).split
    shown = places(take_samples(config, saved), config)
    assert set(shown) <= set(saved.train.tolist())
    assert shown == [saved.train[prepare_data(config).dataset.labels[saved.train] == k][0] for k in range(10)]


@pytest.mark.parametrize(
    "transform",
    [
        Unit(),
        Lab1(),
        Raw(),
        Standardize((100.0, 120.0, 140.0), (10.0, 70.0, 1.0)),
        Compose((Unit(), Standardize((0.5,), (0.2,)))),
    ],
    ids=lambda transform: transform.name,
)
def test_every_byte_comes_back_from_every_transform(transform: Transform) -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, axis=1)
    np.testing.assert_array_equal(as_bytes(transform(images), transform), images, strict=True)


def test_missing_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        take_samples(configuration(tmp_path / "none", "augment=crop"))
