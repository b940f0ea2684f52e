"""A long experiment made short: fewer images for fewer epochs."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config

LEAST_IMAGES = 100
LEAST_EPOCHS = 2


def scaled(points: Sequence[Config], images: int, scale: float, kept: Collection[str] = ()) -> dict[str, Any]:
    """The settings that make runs cost a share ``scale`` of the work, epochs × images.

    The epochs are shortened by √scale and the images make up for the rest. With ``schedule = step`` the distance of two
    drops is what is shortened, so that there are as many of them as before::

        step_every' = round(step_every · √scale)      epochs' = epochs / step_every · step_every'
        images'     = images · scale · epochs / epochs'

    Args:
        points: of the whole experiment. The first decides, since all get the same settings.
        images: training images of the data set, of which a part validates.
        scale: in (0, 1]; 1 changes nothing.
        kept: settings that stay as they are.

    Raises InputError for another scale, one that leaves fewer than 100 images or fewer than a batch to train on, which
    names the smallest scale that does not, or a schedule with milestones.

    >>> scaled([Config(schedule="step", step_every=10, epochs=50)], 50_000, 0.02)
    {'epochs': 5, 'subset': 10000, 'step_every': 1}
    >>> scaled([Config(epochs=10)], 60_000, 0.1)
    {'epochs': 3, 'subset': 20000}
    """
    if not 0 < scale <= 1:
        raise InputError(f"--scale {scale:g} does not fit: it is a share of the work, above 0 and at most 1.")
    if scale == 1:
        return {}
    if points[0].schedule == "multi_step":
        raise InputError("--scale cannot shorten schedule = multi_step, whose milestones are counted in epochs.")
    settings = {key: value for key, value in _shortened(points[0], images, scale).items() if key not in kept}
    if "subset" in settings and (obstacle := _obstacle(points, settings)):
        least = next(one for one in _round_scales() if not _obstacle(points, _shortened(points[0], images, one)))
        raise InputError(f"--scale {scale:g} would leave {obstacle}. Take --scale {least:g} or more.")
    return settings


def _shortened(config: Config, images: int, scale: float) -> dict[str, Any]:
    """The formula of `scaled`."""
    settings: dict[str, Any] = {}
    if config.schedule == "step":
        step_every = max(1, round(config.step_every * math.sqrt(scale)))
        epochs = math.ceil(config.epochs / config.step_every) * step_every
        settings["step_every"] = step_every
    else:
        epochs = max(LEAST_EPOCHS, round(config.epochs * math.sqrt(scale)))
    whole = config.subset or images
    return {"epochs": epochs, "subset": min(whole, round(whole * scale * config.epochs / epochs)), **settings}


def _obstacle(points: Sequence[Config], settings: dict[str, Any]) -> str:
    """What is left, in words, where that is too little; empty where it is enough."""
    epochs, subset = settings["epochs"], settings["subset"]
    if subset < LEAST_IMAGES:
        return f"{subset} images for {epochs} epochs, which says nothing"
    for point in points:
        training = subset - (int(point.split) if point.split >= 1 else round(point.split * subset))
        if training < point.batch_size:
            return (
                f"{max(0, training)} of {subset} images to train on, fewer than one batch of batch_size = "
                f"{point.batch_size}"
            )
    return ""


def _round_scales() -> Iterator[float]:
    """Scales with two significant digits, from small to large; 1 at the end."""
    for exponent in range(-6, 0):
        yield from (float(f"{digits}e{exponent - 1}") for digits in range(10, 100))
    yield 1.0
