"""A whole run: from a configuration to a folder with weights, curves data and figures; and going on with one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainlab.data import Split, locate
from trainlab.engines import Engine, Group, augmented_views
from trainlab.engines.group import ProcessLost
from trainlab.errors import InputError
from trainlab.experiments.assemble import build_engine, build_schedule
from trainlab.experiments.config import Config
from trainlab.experiments.kept_network import evaluate_run, load_engine
from trainlab.experiments.prepared_data import PreparedData, data_directory, prepare_data
from trainlab.experiments.run_folder import RunFolder
from trainlab.experiments.thread_count import threads_for
from trainlab.experiments.unchanged import fingerprint, refuse_changed_images, refuse_changed_settings
from trainlab.training import (
    Checkpoint,
    Listener,
    Metrics,
    Outcome,
    Plan,
    Trainer,
    TrainingState,
)
from trainlab.training.checkpoint import CheckpointError
from trainlab.training.progress import make_progress

OnStart = Callable[[Trainer], None]
Judge = Callable[[Sequence[float]], str]
"""From the validation accuracies after each epoch so far to the reason why the run ends there, or "" to go on."""


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
    group: Group | None = None,
    judge: Judge | None = None,
) -> Result:
    """Start a run in a new folder and train to its end.

    Everything that can be wrong with configuration and data is found before the folder is made.

    Args:
        on_start: gets the trainer before its first step, so that a signal handler can ask it to stop.
        group: the processes that train together, each of which calls this; process 0 alone writes files.
        judge: may end the run after an epoch, with status "pruned".
    """
    group = group or Group()
    data, engine = group.agreed(lambda: _assemble(config, group))
    group.agreed(lambda: _look_for_test_images(config))
    threads = group.agreed(lambda: _thread_count(config, data, group))
    with ExitStack() as held:

        def create() -> RunFolder:
            images = fingerprint(data.dataset, data.split)
            run = RunFolder.create(path, name, config, threads, list(command), group.size, engine.surroundings)
            held.enter_context(run.alone())
            replace(data.split, images=images).save(path / "split.npz")
            return run

        run = group.from_first(create)
        if group.size > 1:  # other machines may compute the last bit of the first weights differently
            engine.load_state(group.from_first(engine.state))
        return _train(run, data, engine, TrainingState(), listeners, on_start, group, judge)


def resume(
    path: Path,
    *,
    listeners: Sequence[Listener] = (),
    on_start: OnStart = lambda trainer: None,
    on_refused: Callable[[CheckpointError], None] = lambda error: None,
    group: Group | None = None,
    judge: Judge | None = None,
) -> Result | None:
    """Go on with a run from its last usable checkpoint; None when it has finished already.

    The figures and the final weights are those of a run that was never stopped (same machine, same thread count, same
    number of processes).

    Args:
        on_start, group, judge: as for `train`. A run that was pruned goes on as well, if the judge lets it.
        on_refused: gets the error of each newer checkpoint that had to be passed over.
    """
    group = group or Group()
    with ExitStack() as held:

        def read() -> tuple[RunFolder, Split, Checkpoint] | None:
            run = RunFolder.open(path)
            held.enter_context(run.alone())
            summary = run.read_summary()
            if summary is not None and summary["status"] == "finished":
                return None
            refuse_changed_settings(run)
            checkpoint, refused = run.checkpoints.load_latest()
            for error in refused:
                on_refused(error)
            return run, run.load_split(), checkpoint

        saved = group.from_first(read)
        if saved is None:
            return None
        run, chosen, checkpoint = saved

        def assemble() -> tuple[PreparedData, Engine]:
            data, engine = _assemble(run.config, group, chosen)
            refuse_changed_images(run, data.dataset, chosen, checkpoint.extra["classes"])
            load_engine(engine, checkpoint, run)
            if run.processes != group.size:
                run.threads = _thread_count(run.config, data, group)
            return data, engine

        data, engine = group.agreed(assemble)
        group.from_first(lambda: run.reopen(checkpoint))
        return _train(run, data, engine, checkpoint.training, listeners, on_start, group, judge)


def _look_for_test_images(config: Config) -> None:
    """Raises InputError where the images are not to be had that the run would be tested with when it has ended."""
    if config.evaluate_test:
        try:
            locate(config.dataset, "test", data_directory(config))
        except InputError as error:
            raise InputError(f"{error} To train without a test at the end, add evaluate_test=false.") from error


def _assemble(config: Config, group: Group, chosen: Split | None = None) -> tuple[PreparedData, Engine]:
    """Data and engine of a new run; with the split of a run that goes on, for weights that will be loaded."""
    data = prepare_data(config, chosen, part=group.part)
    _try_one_image(config, data)
    sample = data.sample if chosen is None else None
    engine = build_engine(config, data.dataset.image_shape, len(data.dataset.classes), sample, group)
    data.place(engine)
    return data, engine


def _try_one_image(config: Config, data: PreparedData) -> None:
    """Raises InputError where images are too small for what is done to them, in training or in the test at its end."""
    one = data.train_batches.serve(data.split.train[:1], epoch=1).images
    if config.evaluate_test and config.tta:
        for view in augmented_views(config.tta_shift):
            view.of(one)


def _thread_count(config: Config, data: PreparedData, group: Group) -> int:
    return threads_for(config, data.dataset.image_shape, len(data.dataset.classes), group)


def _train(
    run: RunFolder,
    data: PreparedData,
    engine: Engine,
    state: TrainingState,
    listeners: Sequence[Listener],
    on_start: OnStart,
    group: Group,
    judge: Judge | None,
) -> Result:
    config = run.config
    parameters, here = engine.parameter_count, engine.surroundings
    plan = Plan(
        name=run.name,
        epochs=config.epochs,
        lr=config.lr,
        schedule=build_schedule(config, data.train_batches.steps_per_epoch),
        patience=config.patience,
        checkpoint_steps=config.checkpoint_steps,
        checkpoint_seconds=config.checkpoint_seconds,
    )
    with ExitStack() as opened:
        opened.enter_context(engine.thread_limit(run.threads))
        if group.is_first:
            log = opened.enter_context(run.open_log())
            listeners = [run.record, make_progress("plain", log), *listeners]
        trainer = Trainer(
            engine,
            data.train_batches,
            data.validation_batches,
            plan,
            listeners=listeners,
            checkpoints=run.checkpoints if group.is_first else None,
            state=state,
            parameters=parameters,
            computes_on=f"{here['device']} in {here['precision']}" if config.engine == "torch" else "",
            extra={
                "transform": data.transform.to_dict(),
                "classes": list(data.dataset.classes),
                "image_shape": list(data.dataset.image_shape),
            },
            group=group,
            judge=_asked_of_first(judge, run, group),
        )
        on_start(trainer)
        try:
            outcome = trainer.run()
        except (InputError, ProcessLost) as error:  # the disk is full, say
            if run.checkpoints.step_paths():
                advice = f"What was saved is whole: with the same settings, go on with `trainlab resume {run.path}`."
            else:
                advice = f"Nothing was saved yet: remove {run.path} and start again."
            raise type(error)(f"{error} {advice}") from error
    figures: dict[str, Metrics | None] = {}
    if outcome.status == "finished" and config.evaluate_test:
        try:
            views = augmented_views(config.tta_shift) if config.tta else ()
            test = evaluate_run(run, "test", views=views, group=group)
        except InputError as error:  # the test images have gone, say
            group.from_first(lambda: run.write_summary(outcome, parameters, {}))
            advice = f"The training is done and saved; later, `trainlab evaluate {run.path}` looks at the test images."
            raise type(error)(f"{error} {advice}") from error
        figures = {"test": test.metrics, "test_tta": test.augmented}
    return Result(run, outcome, group.from_first(lambda: run.write_summary(outcome, parameters, figures)))


def _asked_of_first(judge: Judge | None, run: RunFolder, group: Group) -> Callable[[], str]:
    """What `Trainer` asks after each epoch: process 0, which has the figures, answers for all."""
    if judge is None:
        return lambda: ""
    return lambda: group.from_first(lambda: judge(validation_accuracies(run.read_metrics())))


def validation_accuracies(metrics: Sequence[Mapping[str, Any]]) -> list[float]:
    """After each epoch, from the lines of ``metrics.jsonl``."""
    return [line["validation"]["accuracy"] for line in metrics]
