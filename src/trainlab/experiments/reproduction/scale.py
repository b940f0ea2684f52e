"""A long experiment made short: fewer images for fewer epochs."""

import math
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config

LEAST_IMAGES = 100
LEAST_EPOCHS = 2


def scaled(config: Config, images: int, scale: float) -> dict[str, Any]:
    """The settings that make a run cost a share ``scale`` of the work, epochs × images.

    The epochs are shortened by √scale and the images make up for the rest. With ``schedule = step`` the distance of two
    drops is what is shortened, so that there are as many of them as before::

        step_every' = round(step_every · √scale)      epochs' = epochs / step_every · step_every'
        images'     = images · scale · epochs / epochs'

    Args:
        config: of the whole experiment.
        images: training images of the data set, of which a part validates.
        scale: in (0, 1]; 1 changes nothing.

    Raises InputError for another scale, one that leaves fewer than 100 images, or a schedule with milestones.

    >>> scaled(Config(schedule="step", step_every=10, epochs=50), 50_000, 0.02)
    {'epochs': 5, 'subset': 10000, 'step_every': 1}
    >>> scaled(Config(epochs=10), 60_000, 0.1)
    {'epochs': 3, 'subset': 20000}
    """
    if not 0 < scale <= 1:
        raise InputError(f"scale = {scale:g} does not fit: it is a share of the work, above 0 and at most 1.")
    if scale == 1:
        return {}
    if config.schedule == "multi_step":
        raise InputError("--scale cannot shorten schedule = multi_step, whose milestones are counted in epochs.")
    settings: dict[str, Any] = {}
    if config.schedule == "step":
        step_every = max(1, round(config.step_every * math.sqrt(scale)))
        epochs = math.ceil(config.epochs / config.step_every) * step_every
        settings["step_every"] = step_every
    else:
        epochs = max(LEAST_EPOCHS, round(config.epochs * math.sqrt(scale)))
    whole = config.subset or images
    subset = min(whole, round(whole * scale * config.epochs / epochs))
    if subset < LEAST_IMAGES:
        least = LEAST_IMAGES * epochs / (whole * config.epochs)
        place = 10.0 ** math.floor(math.log10(least))  # of its first digit, which is rounded up
        raise InputError(
            f"scale = {scale:g} would leave {subset} images for {epochs} epochs, which says nothing. "
            f"Take at least {math.ceil(least / place) * place:g}."
        )
    return {"epochs": epochs, "subset": subset, **settings}
