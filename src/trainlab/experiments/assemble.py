"""From a configuration to what computes: network, loss, optimizer, engine, schedule."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.engines import Engine, Group, NumpyEngine
from trainlab.errors import InputError
from trainlab.experiments.config import Config
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

Sample = Callable[[], NDArray[np.floating[Any]]]
FloatType = type[np.float32] | type[np.float64]


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
    from trainlab.engines.torch_hardware import errors_explained
    from trainlab.experiments.assemble_torch import TOO_LARGE, build_torch_model
    from trainlab.models.torch_summary import summarize_torch

    with errors_explained(TOO_LARGE):
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


def learning_rates(config: Config, steps_per_epoch: int, points: int = 400) -> list[tuple[float, float]]:
    """(epoch, learning rate) at about so many points over the whole run, for a picture."""
    schedule = build_schedule(config, steps_per_epoch)
    total = config.epochs * steps_per_epoch
    steps = sorted({round(i * (total - 1) / (points - 1)) for i in range(points)})
    return [(step / steps_per_epoch, config.lr * schedule(step)) for step in steps]
