"""A run as TensorBoard event files, written while it trains or afterwards.

================================  ======================================================================
``loss/train`` ``/validation``    after each epoch, and the same for ``accuracy``
``learning_rate``                 of each epoch's last step
``steps/loss`` ``/learning_rate`` about a hundred times an epoch, while training only
``curves`` ``first_layer``        pictures, afterwards only
hyperparameters                   every setting, for TensorBoard's HPARAMS page
================================  ======================================================================

The horizontal axis is the number of training steps.
"""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from trainlab.atomic import fill_folder_atomically
from trainlab.data import describe
from trainlab.experiments import Config, RunFolder, learning_rates, load_kept
from trainlab.experiments.settings import value_text
from trainlab.export.table import finished_epochs
from trainlab.extras import optional_package
from trainlab.report.first_layer import filters_picture, first_filters
from trainlab.training import CheckpointSaved, EpochEnded, Event, RunEnded, RunStarted, StepEnded

FOLDER = "tensorboard"
"""In the run's own folder, so that ``tensorboard --logdir runs`` finds all runs."""
POINTS = 100
"""A curve over an epoch's steps has so many; more cannot be told apart on a screen."""
FLUSH_SECONDS = 10
PARTS = ("train", "validation")
FIGURES = ("loss", "accuracy")


def tensorboard_package() -> Any:
    """tensorboardX. Raises InputError with the command that installs it."""
    return optional_package("tensorboardX", "TensorBoard", "pip install 'trainlab[track]'")


def write_event_files(run: RunFolder, output: Path) -> None:
    """Make the folder ``output`` with everything that is known of a run.

    Raises InputError when no epoch was finished, or something is there already.
    """
    package = tensorboard_package()
    epochs = finished_epochs(run)
    shape = describe(run.config.dataset).image_shape
    filters = first_filters(load_kept(run).engine.model, shape)

    def fill(folder: Path) -> None:
        with package.SummaryWriter(str(folder)) as writer:
            _write_settings(writer, package, run.config)
            for figures in epochs:
                _write_epoch(writer, figures)
            last_step = epochs[-1]["step"]
            writer.add_image("curves", _curves(run, epochs), last_step, dataformats="HWC")
            if filters is not None:
                writer.add_image("first_layer", filters_picture(filters), last_step, dataformats="HWC")

    fill_folder_atomically(output, fill)


class EventFiles:
    """A listener of `Trainer` that writes a run's event files while it trains.

    A resumed run goes on in a new file, which tells readers to forget what came after the checkpoint: no step is there
    twice.

    Args:
        run: the folder of the run, which is there when training begins.

    Raises InputError when tensorboardX is missing.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self._package = tensorboard_package()
        self._writer: Any = None
        self._every = 1
        self._loss_sum = 0.0
        self._size = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is still in memory."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepEnded):  # by far the most frequent
            self._note_step(event)
        elif isinstance(event, RunStarted):
            self._begin(event)
        elif isinstance(event, EpochEnded):
            _write_epoch(self._writer, _as_mapping(event))
            self._writer.flush()
        elif isinstance(event, CheckpointSaved):
            self._writer.flush()  # what a resumed run will not do again
        elif isinstance(event, RunEnded):
            self.close()

    def _begin(self, event: RunStarted) -> None:
        folder = self.run / FOLDER
        written = len(list(folder.iterdir())) if folder.exists() else 0
        self._writer = self._package.SummaryWriter(
            str(folder),
            purge_step=event.first_step + 1 if written else None,
            flush_secs=FLUSH_SECONDS,
            filename_suffix=f".{written:04d}",  # names begin with the second, and are read in their order
        )
        self._every = math.ceil(event.steps_per_epoch / POINTS)
        _write_settings(self._writer, self._package, RunFolder.open(self.run).config)

    def _note_step(self, event: StepEnded) -> None:
        self._loss_sum += event.loss * event.size
        self._size += event.size
        if event.step % self._every == 0:
            self._writer.add_scalar("steps/loss", self._loss_sum / self._size, event.step)
            self._writer.add_scalar("steps/learning_rate", event.learning_rate, event.step)
            self._loss_sum = 0.0
            self._size = 0.0


def _as_mapping(event: EpochEnded) -> dict[str, Any]:
    return {
        **event._asdict(),
        "train": event.train._asdict(),
        "validation": event.validation and event.validation._asdict(),
    }


def _write_epoch(writer: Any, figures: Mapping[str, Any]) -> None:
    """The figures of one epoch, as a line of metrics.jsonl has them."""
    for part in PARTS:
        for figure in FIGURES:
            if figures[part] is not None:
                writer.add_scalar(f"{figure}/{part}", figures[part][figure], figures["step"])
    writer.add_scalar("learning_rate", figures["learning_rate"], figures["step"])


def _write_settings(writer: Any, package: Any, config: Config) -> None:
    """In the run's own event file: `SummaryWriter.add_hparams` would make a second run of it."""
    settings = {
        key: value if isinstance(value, bool | int | float) else value_text(value)
        for key, value in asdict(config).items()
    }
    measured = {f"{figure}/validation": 0.0 for figure in FIGURES}  # the names alone count
    for summary in package.summary.hparams(settings, measured):
        writer.file_writer.add_summary(summary)


def _curves(run: RunFolder, epochs: list[dict[str, Any]]) -> Any:
    """The run's curves.png as an array (H, W, 3)."""
    from PIL import Image

    from trainlab.report import draw_curves

    with tempfile.TemporaryDirectory() as folder:
        rates = learning_rates(run.config, epochs[0]["step"])
        picture, _ = draw_curves(epochs, Path(folder), title=run.name, learning_rates=rates)
        with Image.open(picture) as image:
            return np.asarray(image.convert("RGB"))
