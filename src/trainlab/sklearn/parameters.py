"""From the parameters of an estimator to the house's `Config`, which knows what each may be."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.spelling import unknown_name

PARAMETERS = (
    "hidden", "model", "activation", "dropout", "engine", "device", "loss", "label_smoothing", "optimizer", "lr",
    "momentum", "weight_decay", "batch_size", "epochs", "schedule", "patience", "threads",
)  # fmt: skip
"""Parameters of the estimator that are settings of `Config` by the same name."""
SETTINGS = (
    "precision", "initialization", "initial_std", "adam_lr", "nesterov", "unit_rows", "beta1", "beta2", "clip_norm",
    "accumulate", "ema", "step_every", "milestones", "gamma", "warm_up", "stratified", "compile", "keep",
    "fastnet_depth", "fastnet_pool", "fastnet_border", "fastnet_bias",
)  # fmt: skip
"""What may stand in the parameter ``settings``: what else a network of arrays can be told."""
BASE = Config(precision="fp32")
"""What is not said. Full precision, so that an estimator predicts the same whatever the hardware offers."""
FREE = {"lr", "batch_size", "epochs", "patience", "threads"}
"""What may change between two calls of ``partial_fit``."""


def configuration(parameters: Mapping[str, Any], seed: int) -> Config:
    """The configuration of an estimator with these parameters.

    Arguments:
        parameters: by name, as ``get_params`` gives them; NumPy's numbers and arrays count as Python's.

    Raises:
        InputError: a value out of range, or a setting that does not exist or has no meaning here.
    """
    settings = parameters["settings"] or {}
    if not isinstance(settings, Mapping):
        raise InputError(f"settings = {settings!r} does not fit: expected a dict such as {{'beta2': 0.99}}, or None.")
    for name in settings:
        if name in PARAMETERS:
            raise InputError(f"{name} is a parameter of its own: NetworkClassifier({name}=…), not in settings.")
        if name not in SETTINGS:
            raise unknown_name("setting", name, SETTINGS)
    values = {name: parameters[name] for name in PARAMETERS} | {"seed": seed} | dict(settings)
    return Config.from_mapping({name: _plain(value) for name, value in values.items()}, base=BASE)


def check_continues(before: Config, now: Config) -> None:
    """Raises InputError when a parameter that is part of the network or its optimizer has changed."""
    changed = sorted(set(now.differences(before)) - FREE - {"seed"})
    if changed:
        name = changed[0]
        raise InputError(
            f"{name} was {getattr(before, name)!r} when training began and is {getattr(now, name)!r} now; between two "
            f"calls of partial_fit only {', '.join(sorted(FREE))} may change. Call fit to begin anew."
        )


def sample_shape(model: str, image_shape: Any, features: int) -> tuple[int, int, int]:
    """Channels, height and width of what a row of X holds; a row without ``image_shape`` is one line of pixels.

    Raises:
        InputError: no shape for a network that needs one, something else than three numbers, or another size.
    """
    if image_shape is None:
        if model != "mlp":
            raise InputError(
                f"model = {model} reads images, and a row of X is {features} numbers: say how they lie with "
                "image_shape=(channels, height, width), such as (1, 28, 28)."
            )
        return 1, 1, features
    shape = _plain(image_shape)
    if not (isinstance(shape, list | tuple) and len(shape) == 3 and all(type(n) is int and n > 0 for n in shape)):
        raise InputError(f"image_shape = {image_shape!r} does not fit: expected (channels, height, width) or None.")
    channels, height, width = shape
    if channels * height * width != features:
        raise InputError(
            f"image_shape = {(channels, height, width)} makes {channels * height * width} numbers, and a row of X has "
            f"{features}. Pixels lie row by row, channel after channel: images of shape (N, C, H, W) become rows with "
            "images.reshape(len(images), -1)."
        )
    return channels, height, width


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's; anything else as it is."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value
