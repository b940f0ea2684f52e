"""A run goes on with what it began with: its settings, which ``environment.json`` holds as well, and its images."""

import hashlib
from collections.abc import Sequence

from trainlab.data import Dataset, Split
from trainlab.errors import InputError
from trainlab.experiments.config import HOW_IT_IS_RUN, Config
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.toml_file import toml_value

MAY_CHANGE = HOW_IT_IS_RUN - {"seed"} | {"dataset", "precision", "accumulate"}
"""What may be edited in a run's config.toml: where its images lie, what computes, and what is told of it."""

MOST_CLASSES = 10
"""That a message enumerates."""


def fingerprint(dataset: Dataset, chosen: Split) -> str:
    """A digest of the images that train and validate: of their labels, and of the middle row of their pixels.

    It is for pictures that were replaced. A row a picture tells them apart, and of many large ones, mapped from a
    file, all pixels would take minutes to read.
    """
    used, middle = chosen.used, dataset.image_shape[1] // 2
    digest = hashlib.sha256(str((dataset.image_shape, dataset.classes)).encode("utf-8", "surrogateescape"))
    digest.update(dataset.labels[used].astype("<u4").tobytes())
    digest.update(dataset.images[:, :, middle][used].tobytes())
    return digest.hexdigest()


def refuse_changed_settings(run: RunFolder) -> None:
    """Raises InputError where a run's config.toml was edited since it began: two trainings would pass for one."""
    noted = run.read_environment().get("settings")
    if noted is None:  # begun by a trainlab that did not note them
        return
    try:
        began = Config.from_mapping(noted)
    except (InputError, AttributeError) as error:
        raise InputError(
            f"{run.path / 'environment.json'} is damaged: its settings cannot be read ({error})."
        ) from error
    edited = [key for key in run.config.differences(began) if key not in MAY_CHANGE]
    if edited:
        path = run.path / "config.toml"
        told = ", ".join(
            f"{key} = {toml_value(getattr(run.config, key))} was {toml_value(getattr(began, key))}" for key in edited
        )
        raise InputError(
            f"{path} is not what the run began with: {told}. Put it back to go on, or begin another run with "
            f"`trainlab train {path}`."
        )


def refuse_changed_images(run: RunFolder, dataset: Dataset, chosen: Split, classes: Sequence[str]) -> None:
    """Raises InputError where the images of a run are not those any more that it began with."""
    used = chosen.used
    is_whole = used[-1] < len(dataset) if run.config.subset else len(used) == len(dataset)
    began = f"{dataset.name} has changed since {run.path} was started"
    advice = "Put them back as they were, or start another run."
    if dataset.classes != tuple(classes) or not is_whole:
        raise InputError(
            f"{began}, with {len(used):,} images of {few(classes)}; now there are {len(dataset):,} of "
            f"{few(dataset.classes)}. {advice}"
        )
    if chosen.images and chosen.images != fingerprint(dataset, chosen):
        raise InputError(f"{began}: there are as many images of the same classes, but not the same ones. {advice}")


def few(classes: Sequence[str]) -> str:
    """The names of the first classes."""
    return ", ".join(classes[:MOST_CLASSES]) + (" …" if len(classes) > MOST_CLASSES else "")
