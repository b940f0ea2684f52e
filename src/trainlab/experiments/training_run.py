"""A whole run: from a configuration to a folder with weights, curves data and figures; and going on with one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.data import load, transforms
from trainlab.engines import Engine
from trainlab.errors import InputError
from trainlab.experiments.assemble import (
    PreparedData,
    build_engine,
    build_schedule,
    data_directory,
    evaluation_batches,
    prepare_data,
    summarize_network,
    thread_count,
)
from trainlab.experiments.config import Config
from trainlab.experiments.run_folder import RunFolder
from trainlab.training import (
    Checkpoint,
    Listener,
    Metrics,
    Outcome,
    Plan,
    Trainer,
    TrainingState,
    evaluate,
    evaluate_mirrored,
)
from trainlab.training.checkpoint import CheckpointError
from trainlab.training.checkpoint import load as load_checkpoint
from trainlab.training.progress import make_progress

OnStart = Callable[[Trainer], None]


@dataclass(frozen=True)
class Result:
    """What a run ended with."""

    run: RunFolder
    outcome: Outcome
    summary: dict[str, Any]


def train(
    config: Config,
    path: Path,
    name: str,
    *,
    listeners: Sequence[Listener] = (),
    command: Sequence[str] = (),
    on_start: OnStart = lambda trainer: None,
) -> Result:
    """Start a run in a new folder and train to its end.

    Everything that can be wrong with configuration and data is found before the folder is made.

    Args:
        on_start: gets the trainer before its first step, so that a signal handler can ask it to stop.
    """
    data = prepare_data(config)
    engine = build_engine(config, data.dataset.image_shape, len(data.dataset.classes), data.sample)
    layers = summarize_network(config, data.dataset.image_shape, len(data.dataset.classes))
    threads = thread_count(config, sum(layer.flops for layer in layers))
    run = RunFolder.create(path, name, config, threads, list(command))
    with run.alone():
        data.split.save(path / "split.npz")
        return _train(run, data, engine, TrainingState(), listeners, on_start)


def resume(
    path: Path,
    *,
    listeners: Sequence[Listener] = (),
    on_start: OnStart = lambda trainer: None,
    on_refused: Callable[[CheckpointError], None] = lambda error: None,
) -> Result | None:
    """Go on with a run from its last usable checkpoint; None when it has finished already.

    The figures and the final weights are those of a run that was never stopped (same machine, same thread count).
    """
    run = RunFolder.open(path)
    with run.alone():
        summary = run.read_summary()
        if summary is not None and summary["status"] == "finished":
            return None
        checkpoint, refused = run.checkpoints.load_latest()
        for error in refused:
            on_refused(error)
        data = prepare_data(run.config, run.load_split())
        engine = build_engine(run.config, data.dataset.image_shape, len(data.dataset.classes))
        load_engine(engine, checkpoint, run)
        run.keep_metrics(checkpoint.training.epoch)
        return _train(run, data, engine, checkpoint.training, listeners, on_start)


def _train(
    run: RunFolder,
    data: PreparedData,
    engine: Engine,
    state: TrainingState,
    listeners: Sequence[Listener],
    on_start: OnStart,
) -> Result:
    config = run.config
    parameters = engine.parameter_count
    plan = Plan(
        name=run.name,
        epochs=config.epochs,
        lr=config.lr,
        schedule=build_schedule(config, data.train_batches.steps_per_epoch),
        patience=config.patience,
        checkpoint_steps=config.checkpoint_steps,
        checkpoint_seconds=config.checkpoint_seconds,
    )
    with run.open_log() as log, engine.thread_limit(run.threads):
        trainer = Trainer(
            engine,
            data.train_batches,
            data.validation_batches,
            plan,
            listeners=[run.record, make_progress("plain", log), *listeners],
            checkpoints=run.checkpoints,
            state=state,
            parameters=parameters,
            extra={"transform": data.transform.to_dict(), "classes": list(data.dataset.classes)},
        )
        on_start(trainer)
        try:
            outcome = trainer.run()
        except InputError as error:  # the disk is full, say
            raise InputError(f"{error} What was saved is whole: go on with `trainlab resume {run.path}`.") from error
    test = None
    if outcome.status == "finished" and config.evaluate_test:
        test = evaluate_run(run, "test", mirrored=config.tta)
    figures = {} if test is None else {"test": test.metrics, "test_tta": test.mirrored}
    return Result(run, outcome, run.write_summary(outcome, parameters, figures))


def load_engine(engine: Engine, checkpoint: Checkpoint, run: RunFolder) -> None:
    """Put a checkpoint's weights and optimizer into an engine. Raises InputError with every mismatch."""
    try:
        engine.load_state(checkpoint.engine)
    except ValueError as error:
        raise InputError(f"the checkpoint in {run.path} does not fit its config.toml: {error}") from error


@dataclass(frozen=True)
class TrainedNetwork:
    """The best weights of a run, ready to be used."""

    run: RunFolder
    engine: Engine
    transform: Any
    classes: tuple[str, ...]
    epoch: int


def load_network(run: RunFolder, image_shape: tuple[int, int, int]) -> TrainedNetwork:
    """The weights of the best epoch so far. Raises InputError when no epoch was finished."""
    path = run.checkpoints.best_path
    if not path.exists():
        raise InputError(
            f"{run.path} holds no best checkpoint: no epoch was finished. Go on with `trainlab resume {run.path}`."
        )
    checkpoint = load_checkpoint(path)
    classes = tuple(checkpoint.extra["classes"])
    engine = build_engine(run.config, image_shape, len(classes))
    load_engine(engine, checkpoint, run)
    best = checkpoint.training.best
    return TrainedNetwork(
        run, engine, transforms.from_dict(checkpoint.extra["transform"]), classes, best.epoch if best else 0
    )


@dataclass(frozen=True)
class Evaluation:
    """The figures of one network on one part of the data."""

    part: str
    size: int
    metrics: Metrics
    epoch: int
    """Whose weights were used."""
    mirrored: Metrics | None = None
    """With test-time augmentation, when it was asked for."""


def evaluate_run(run: RunFolder, part: str, *, mirrored: bool = False) -> Evaluation:
    """Loss and accuracy of the best epoch's weights on the test, validation or training images.

    Args:
        mirrored: judge each image also together with its mirror image, see `evaluate_mirrored`.
    """
    if part == "test":
        dataset = load(run.config.dataset, "test", data_directory(run.config))
        indices = np.arange(len(dataset))
    else:
        dataset = load(run.config.dataset, "train", data_directory(run.config))
        chosen = run.load_split()
        indices = chosen.validation if part == "validation" else chosen.train
    network = load_network(run, dataset.image_shape)
    batches = evaluation_batches(dataset, indices, network.transform)
    with network.engine.thread_limit(run.threads):
        plain = evaluate(network.engine, batches.epoch(0))
        both = evaluate_mirrored(network.engine, batches.epoch(0)) if mirrored else None
    return Evaluation(part, len(indices), plain, network.epoch, both)
