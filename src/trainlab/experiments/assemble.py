"""From a configuration to the things that it describes: data, network, engine, schedule."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data import Dataset, Loader, Split, Transform, augmentation, load, split, transforms
from trainlab.data.folders import expand_home
from trainlab.engines import Engine, Group, LateEngine, NumpyEngine
from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.cores import available_cores
from trainlab.models import LayerSummary, mlp, networks, summarize
from trainlab.nn import CrossEntropyLoss, Loss, MSELoss, Sequential
from trainlab.nn.initialization import by_name
from trainlab.optim import (
    SGD,
    Adam,
    AdamW,
    Muon,
    Optimizer,
    Schedule,
    constant,
    cosine,
    linear,
    linear_warm_up,
    multi_step,
    one_cycle,
    step_decay,
)
from trainlab.randomness import generator

SAMPLE = 5000  # images: enough for the covariance of a 2×2 patch, 60 MB of float32 at 3×32×32
Sample = Callable[[], NDArray[np.floating[Any]]]
FloatType = type[np.float32] | type[np.float64]
EVALUATION_BATCH = 512  # images; no effect on the figures beyond rounding, 1.6 MB of float32 at 28×28


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
        images: NDArray[np.uint8] = self.dataset.images[self.split.train[:SAMPLE]]
        sample: NDArray[np.float32] = self.transform(images)
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

    Raises InputError for a subset that is larger than the data set.
    """
    labels, own = dataset.labels, dataset.split  # a folder of pictures may come with its own validation folder
    pool = np.arange(len(labels)) if own is None else own.train
    if config.subset > len(pool):
        raise InputError(
            f"subset = {config.subset} does not fit: {dataset.name} has {len(pool):,} training images. "
            "Leave subset out to use them all."
        )
    if 0 < config.subset < len(pool):  # the same images whatever the run's seed
        pool = pool[split(labels[pool], config.subset, 0, config.stratified).validation]
    if own is not None:
        return Split(pool, own.validation)
    validation = int(config.split) if config.split >= 1 else config.split
    within = split(labels[pool], validation, config.seed, config.stratified)
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
    size = min(EVALUATION_BATCH * processes, len(indices))
    return Loader(dataset, indices, size, transform, seed=0, shuffle=False, part=part)


def data_directory(config: Config) -> Path | None:
    return expand_home(config.data_dir) if config.data_dir else None


def build_model(
    config: Config, image_shape: tuple[int, int, int], classes: int, dtype: FloatType = np.float32
) -> Sequential:
    """The network with its initial weights, which depend on the seed alone."""
    channels, height, width = image_shape
    rng = generator(config.seed, "weights")
    if config.model != "mlp":
        return networks.build(config.model, classes, image_shape, rng, dtype, config.vit_size())
    return mlp(
        channels * height * width,
        config.hidden,
        classes,
        activation=config.activation,
        dropout=config.dropout,
        initialization=by_name(config.initialization, config.initial_std),
        rng=rng,
        dtype=dtype,
    )


def summarize_network(config: Config, image_shape: tuple[int, int, int], classes: int) -> list[LayerSummary]:
    """The network of a configuration, layer by layer."""
    if config.model in networks.NUMPY_MODELS:
        return summarize(build_model(config, image_shape, classes), image_shape)
    from trainlab.experiments.assemble_torch import build_torch_model
    from trainlab.models.torch_summary import summarize_torch

    return summarize_torch(build_torch_model(config, image_shape, classes), image_shape)


def build_loss(config: Config) -> Loss:
    if config.loss == "mse":
        return MSELoss()
    return CrossEntropyLoss(label_smoothing=config.label_smoothing)


def build_optimizer(config: Config, model: Sequential) -> Optimizer:
    parameters = model.parameters()
    if config.optimizer == "sgd":
        return SGD(parameters, config.lr, config.momentum, config.nesterov, config.weight_decay)
    if config.optimizer == "muon":
        return Muon(
            parameters,
            config.lr,
            config.adam_lr,
            config.momentum,
            config.nesterov,
            (config.beta1, config.beta2),
            config.weight_decay,
            config.unit_rows,
        )
    kind = AdamW if config.optimizer == "adamw" else Adam
    return kind(parameters, config.lr, (config.beta1, config.beta2), weight_decay=config.weight_decay)


def build_engine(
    config: Config,
    image_shape: tuple[int, int, int],
    classes: int,
    sample: Sample | None = None,
    group: Group | None = None,
    dtype: FloatType = np.float32,
) -> Engine:
    """The engine of a configuration, with initial weights that depend on the seed alone.

    Args:
        sample: gives training images to networks whose first weights are computed from them (fastnet). Not needed where
            weights will be loaded.
        group: the processes that train together.
        dtype: of images, weights and losses. float64 takes twice the time and memory; training rarely gains from it.

    Raises InputError for what this machine cannot compute.
    """
    if group is not None and group.size > 1 and config.engine != "torch":
        raise InputError(
            f"engine = {config.engine} computes in one process, and there are {group.size}. "
            "Add engine=torch, or start trainlab without torchrun."
        )
    if config.engine == "torch":
        from trainlab.experiments.assemble_torch import build_torch_engine  # imports torch

        return build_torch_engine(config, image_shape, classes, sample, group, dtype)
    return build_numpy_engine(config, image_shape, classes, dtype)


def build_numpy_engine(
    config: Config, image_shape: tuple[int, int, int], classes: int, dtype: FloatType = np.float32
) -> NumpyEngine:
    model = build_model(config, image_shape, classes, dtype)
    optimizer = build_optimizer(config, model)
    return NumpyEngine(model, build_loss(config), optimizer, seed=config.seed, clip_norm=config.clip_norm)


def open_group(environment: Mapping[str, str] = os.environ) -> Group:
    """The processes that this one trains together with: those that torchrun has started, else it is alone.

    Raises InputError when they cannot find each other.
    """
    if environment.get("WORLD_SIZE", "") in ("", "0", "1"):
        return Group()
    from trainlab.experiments.assemble_torch import build_torch_group  # imports torch

    return build_torch_group(environment)


def build_schedule(config: Config, steps_per_epoch: int) -> Schedule:
    """The factor on the learning rate in every step; epochs of the configuration become steps."""
    total = config.epochs * steps_per_epoch
    schedules: dict[str, Schedule] = {
        "constant": constant,
        "step": partial(step_decay, every=config.step_every * steps_per_epoch, gamma=config.gamma),
        "multi_step": partial(
            multi_step, milestones=[epoch * steps_per_epoch for epoch in config.milestones], gamma=config.gamma
        ),
        "linear": partial(linear, total_steps=total),
        "cosine": partial(cosine, total_steps=total),
        "one_cycle": partial(one_cycle, total_steps=total),
    }
    schedule = schedules[config.schedule]
    warm_up_steps = round(config.warm_up * steps_per_epoch)
    if warm_up_steps == 0:
        return schedule
    return lambda step: schedule(step) * linear_warm_up(step, warm_up_steps)


WORK_FOR_A_THREAD = 100e6  # FLOPs a step; below, two threads gain 10 % alone and lose 100 % beside a busy process


def thread_count(config: Config, forward_flops: int, group: Group | None = None) -> int:
    """Threads for matrix products: what the configuration says, else as many as have enough to do in a step.

    A training step costs about three forward passes: one forward, two backward. ``forward_flops`` is for one image.
    The processes of a group share the cores of their machine, and each has its part of the batch to compute.
    """
    if config.threads:
        return config.threads
    group = group or Group()
    cores = available_cores()
    work = 3 * forward_flops * config.batch_size / group.size
    return max(1, min(cores // group.local_size, int(work / WORK_FOR_A_THREAD)))


def threads_for(config: Config, image_shape: tuple[int, int, int], classes: int, group: Group | None = None) -> int:
    """`thread_count` of a configuration's own network."""
    layers = summarize_network(config, image_shape, classes)
    return thread_count(config, sum(layer.flops for layer in layers), group)


def learning_rates(config: Config, steps_per_epoch: int, points: int = 400) -> list[tuple[float, float]]:
    """(epoch, learning rate) at about so many points over the whole run, for a picture."""
    schedule = build_schedule(config, steps_per_epoch)
    total = config.epochs * steps_per_epoch
    steps = sorted({round(i * (total - 1) / (points - 1)) for i in range(points)})
    return [(step / steps_per_epoch, config.lr * schedule(step)) for step in steps]
