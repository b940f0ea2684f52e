"""From a configuration to its images: which train, which validate, and what is done to their pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data import Dataset, Loader, Split, Transform, augmentation, load, split, transforms
from trainlab.data.folders import expand_home
from trainlab.engines import Engine, LateEngine
from trainlab.errors import InputError
from trainlab.experiments.config import Config

SAMPLE = 5000  # images: enough for the covariance of a 2×2 patch, 60 MB of float32 at 3×32×32
EVALUATION_BATCH = 512  # images; no effect on the figures beyond rounding
PIXELS = 32 * 32  # of an image: of larger ones there are fewer in either, so that both take the same memory


@dataclass(frozen=True)
class PreparedData:
    """The training images, which of them train and which validate, and what is done to their pixels."""

    dataset: Dataset
    split: Split
    transform: Transform
    train_batches: Loader
    validation_batches: Loader

    def place(self, engine: Engine) -> None:
        """Put images and labels where the engine wants them, before the first batch is served."""
        if isinstance(engine, LateEngine):
            images, labels = engine.place(self.dataset.images), engine.place(self.dataset.labels)
            for loader in (self.train_batches, self.validation_batches):
                loader.place(images, labels)

    def sample(self) -> NDArray[np.float32]:
        """Some training images as the network gets them, none of them augmented."""
        train = self.split.train  # a folder's pictures come class by class, so the first ones would not do
        chosen = train[np.linspace(0, len(train) - 1, min(len(train), at_most(SAMPLE, self.dataset))).astype(np.int64)]
        sample: NDArray[np.float32] = self.transform(self.dataset.images[chosen])
        return sample


def prepare_data(
    config: Config, chosen: Split | None = None, dataset: Dataset | None = None, part: tuple[int, int] = (0, 1)
) -> PreparedData:
    """Read the training images and split them, or use the split that a run has saved. Never reads the test set.

    With ``dataset``, images that are in memory stand in for those that the configuration names. ``part`` is the part of
    each batch that this process computes, see `Loader`.
    """
    dataset = dataset or load(config.dataset, "train", data_directory(config))
    chosen = chosen or choose_images(config, dataset)
    transform = transforms.build(config.transform, dataset.images, chosen.train)
    augment = build_augment(config, transform)
    return PreparedData(
        dataset,
        chosen,
        transform,
        Loader(
            dataset,
            chosen.train,
            config.batch_size,
            transform,
            config.seed,
            shuffle=True,
            augment=augment,
            part=part,
            ahead=config.engine == "torch",
        ),
        evaluation_batches(dataset, chosen.validation, transform, part),
    )


def choose_images(config: Config, dataset: Dataset) -> Split:
    """Which images train and which validate: the data set's own split where it has one, else one drawn by the seed.

    Raises InputError for a subset that is larger than the data set, and where a class would have no image.
    """
    labels, names = dataset.labels, dataset.classes
    own = dataset.split  # a folder of pictures may come with its own validation folder
    pool = np.arange(len(labels)) if own is None else own.train
    if config.subset > len(pool):
        raise InputError(
            f"subset = {config.subset} does not fit: {dataset.name} has {len(pool):,} training images. "
            "Leave subset out to use them all."
        )
    if 0 < config.subset < len(pool):  # the same images whatever the run's seed
        pool = pool[split(labels[pool], config.subset, 0, config.stratified, classes=names, called="subset").validation]
    if own is not None:
        return Split(pool, own.validation)
    validation = int(config.split) if config.split >= 1 else config.split
    within = split(labels[pool], validation, config.seed, config.stratified, classes=names, called="split")
    return Split(pool[within.train], pool[within.validation])


def build_augment(config: Config, transform: Transform) -> augmentation.Augment | None:
    """What is done at random to training images; None for nothing.

    Erased pixels are 0 once they are transformed, as if they were erased then: so do cutout's authors.
    """
    settings: dict[str, dict[str, Any]] = {
        "crop": {"padding": config.crop_padding, "mode": config.crop_mode},
        "affine": {
            "rotation": config.affine_rotation,
            "scale": config.affine_scale,
            "shear": config.affine_shear,
            "translation": config.affine_translation,
        },
        "elastic": {"sigma": config.elastic_sigma, "alpha": config.elastic_alpha},
        "cutout": {"size": config.cutout_size, "value": transform.byte_of_zero},
        "erasing": {"p": config.erasing_p, "value": transform.byte_of_zero},
        "mixup": {"alpha": config.mix_alpha},
        "cutmix": {"alpha": config.mix_alpha},
    }
    return augmentation.build([{name: settings.get(name, {})} for name in config.augment]) if config.augment else None


def evaluation_batches(dataset: Dataset, indices: Any, transform: Transform, part: tuple[int, int] = (0, 1)) -> Loader:
    """Batches in order, for measuring."""
    _, processes = part
    size = min(at_most(EVALUATION_BATCH, dataset) * processes, len(indices))
    return Loader(dataset, indices, size, transform, seed=0, shuffle=False, part=part)


def at_most(images: int, dataset: Dataset) -> int:
    """So many images, or as many as have the pixels that those would have at 32×32; at least one."""
    _, height, width = dataset.image_shape
    return max(1, min(images, images * PIXELS // (height * width)))


def data_directory(config: Config) -> Path | None:
    return expand_home(config.data_dir) if config.data_dir else None
