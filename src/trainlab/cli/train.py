"""``trainlab train`` and ``trainlab resume``."""

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from trainlab.cli.executor import executor_options, read_executor
from trainlab.cli.without_effect import tell_idle_settings
from trainlab.errors import InputError

if TYPE_CHECKING:
    from trainlab.engines import Group
    from trainlab.experiments.training_run import Result
    from trainlab.export import EventFiles
    from trainlab.training import Trainer
    from trainlab.training.progress import NoProgress, Progress, ProgressMode

WIDEST = 60
"""Characters of a command to try next; the explanation of a longer one does not stand below the others'."""

progress_option = click.option(
    "--progress",
    type=click.Choice(["auto", "rich", "plain", "notebook", "none"]),
    default="auto",
    show_default=True,
    help="How to show progress; auto is rich on a terminal, one plain line an epoch elsewhere.",
)


@click.command(short_help="Train a network; makes a run folder.")
@click.argument("preset")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--run", "path", type=click.Path(path_type=Path), help="Folder to make.  [default: runs/PRESET-N]")
@click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard into the run folder as well.")
@progress_option
def train(
    preset: str, overrides: tuple[str, ...], path: Path | None, tensorboard: bool, progress: "ProgressMode"
) -> int:
    """Train PRESET (see `trainlab list`) or FILE.toml, with settings changed by KEY=VALUE words.

    \b
    trainlab train mnist-mlp
    trainlab train mnist-lab1 lr=0.01 epochs=3
    torchrun --nproc-per-node 2 -m trainlab train cifar10-resnet18
    """
    from trainlab.experiments import load_preset, open_group
    from trainlab.experiments import train as train_config

    group = open_group()
    chosen = group.agreed(lambda: load_preset(preset))
    config = group.agreed(lambda: chosen.config.override(overrides))
    if group.is_first:
        tell_idle_settings(chosen.config, config, overrides)

    def train_in(folder: Path) -> "Result":
        with _progress_of(group, progress) as shown, _event_files(group, folder, tensorboard) as events:
            return train_config(
                config,
                folder,
                chosen.name,
                listeners=[shown, events] if events else [shown],
                command=["trainlab", *sys.argv[1:]],
                on_start=stop_on_signals,
                group=group,
            )

    result = train_in(path) if path else _in_next_folder(train_in, chosen.name, group)
    return _finish(result, preset, overrides) if group.is_first else 0


def _in_next_folder(train_in: "Callable[[Path], Result]", name: str, group: "Group") -> "Result":
    """Train in ``runs/NAME-N``; where another trainlab took that number meanwhile, in the next one that is free.

    The processes of a group would have to agree on that: theirs is refused.
    """
    from trainlab.experiments import next_run_path
    from trainlab.experiments.run_folder import RunExists

    folder = next_run_path(Path("runs"), name)
    while True:
        try:
            return train_in(folder)
        except RunExists:
            following = next_run_path(Path("runs"), name)
            if group.size > 1 or following == folder:
                raise
            folder = following


@click.command(short_help="Go on with a run or a sweep that was stopped.")
@click.argument("run", type=click.Path(path_type=Path))
@executor_options
@progress_option
def resume(
    run: Path, executor: str | None, address: str | None, slurm: tuple[str, ...], progress: "ProgressMode"
) -> int:
    """Go on with RUN, a run or a sweep, from its last checkpoint, to the figures of one that was never stopped.

    A sweep goes on where it began, or for this time with the executor that is named.
    """
    from trainlab.experiments import open_group
    from trainlab.experiments import resume as resume_run
    from trainlab.experiments.sweep import is_sweep
    from trainlab.export.tensorboard import FOLDER

    if is_sweep(run):
        from trainlab.cli.sweep import resume_sweep

        return resume_sweep(run, progress, read_executor(executor, address, slurm))
    if executor or address or slurm:
        raise InputError(f"{run} is no sweep, and --executor, --address and --slurm are for sweeps. Leave them out.")
    if run.is_dir() and not (run / "config.toml").exists():
        raise InputError(
            f"{run} is neither a run nor a sweep: it has no config.toml and no sweep.toml. Both are made by trainlab, "
            "as runs/… and sweeps/…."
        )
    group = open_group()
    has_event_files = group.from_first(lambda: (run / FOLDER).is_dir())
    with _progress_of(group, progress) as shown, _event_files(group, run, has_event_files) as events:
        result = resume_run(
            run,
            listeners=[shown, events] if events else [shown],
            on_start=stop_on_signals,
            on_refused=lambda error: click.echo(f"trainlab: passed over: {error}", err=True),
            group=group,
        )
    if not group.is_first:
        return 0  # process 0 speaks for all
    if result is None:
        click.echo(f"{run} has finished already. Its figures: trainlab evaluate {quote(str(run))}")
        return 0
    return _finish(result, str(run / "config.toml"))


def _progress_of(group: "Group", mode: "ProgressMode") -> "Progress | NoProgress":
    """What process 0 shows; the others show nothing."""
    from trainlab.training.progress import make_progress

    return group.agreed(lambda: make_progress(mode if group.is_first else "none"))


def _event_files(group: "Group", run: Path, wanted: bool) -> "AbstractContextManager[EventFiles | None]":
    """What process 0 writes for TensorBoard, if that is wanted."""
    if not wanted:
        return nullcontext()
    from trainlab.export import EventFiles

    files = group.agreed(lambda: EventFiles(run) if group.is_first else nullcontext())
    if group.is_first:
        click.echo(f"watch it with:  tensorboard --logdir {quote(str(run.parent))}", err=True)
    return files


def stop_on_signals(trainer: "Trainer") -> None:
    """Let Ctrl-C (and a polite kill) end the run after the step under way; a second Ctrl-C ends it at once."""

    def stop(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if trainer.group.is_first:
            print("stopping after this step (Ctrl-C again to stop at once) …", file=sys.stderr)
        trainer.request_stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _finish(result: "Result", preset: str, overrides: Sequence[str] = ()) -> int:
    """Draw the curves, print the figures and what to do next; returns the exit status.

    ``preset`` and ``overrides`` are the words that train such a network again.
    """
    run, outcome = result.run, result.outcome
    metrics = run.read_metrics()
    lines = [""]
    if metrics:
        lines += [*figures_table(result.summary), ""]
        picture = _draw(result, metrics)
        lines.append(f"curves   {picture}")
    lines.append(f"folder   {run.path}")
    click.echo("\n".join(lines))
    if outcome.status == "diverged":
        click.echo(
            f"\ntrainlab: the run diverged: {outcome.reason}. The last good checkpoint is kept. "
            f"Most often the learning rate is too high: try lr={run.config.lr / 10:g}.",
            err=True,
        )
        return 1
    if outcome.status == "interrupted":
        click.echo(f"\nsaved after step {outcome.state.step:,}; go on with:  trainlab resume {quote(str(run.path))}")
        return 130
    place = quote(str(run.path))
    suggestions = {
        f"trainlab predict {place} IMAGE.png": "what it sees in a photo or drawing of yours",
        f"trainlab show {place}": "every setting, and the network layer by layer",
        _with_another_rate(preset, overrides, run.config.lr / 10): "change any setting with key=value",
    }
    width = max((len(command) for command in suggestions if len(command) <= WIDEST), default=0)
    click.echo("\ntry next\n" + "\n".join(f"  {command:{width}}   {why}" for command, why in suggestions.items()))
    return 0


def _with_another_rate(preset: str, overrides: Sequence[str], lr: float) -> str:
    """The command that trains the same with another learning rate."""
    from trainlab.experiments.config import read_word

    kept = [word for word in overrides if read_word(word)[0] != "lr"]
    return " ".join(["trainlab train", *map(quote, [preset, *kept]), f"lr={lr:g}"])


def figures_table(summary: dict[str, Any]) -> list[str]:
    """The lines of a small table: loss and accuracy of the last epoch, the best one, and the test set."""
    kinds = [("final", "last epoch"), ("best", "best epoch")]
    if summary["final"] == summary["best"]:
        kinds = [("best", "best, last epoch")]
    rows = [
        (f"{title} {summary[kind]['epoch']}", part, summary[kind][part])
        for kind, title in kinds
        for part in ("train", "validation")
    ]
    kept = summary.get("kept", "best")
    tested = f"{'best' if kept == 'best' else 'last'} epoch {summary[kept]['epoch']}"
    for part, title in (("test", "test"), ("test_tta", "test, tta")):
        if summary.get(part) is not None:
            rows.append((tested, title, summary[part]))
    header = f"{'':20}{'':16}{'loss':>8}{'accuracy':>11}"
    lines = [f"{when:20}{part:16}{row['loss']:8.4f}{row['accuracy']:11.2%}" for when, part, row in rows]
    footer = f"{summary['parameters']:,} parameters, {summary['steps']:,} steps, {summary['seconds']:.1f} s"
    return [header, *lines, footer]


def _draw(result: "Result", metrics: list[dict[str, Any]]) -> Path:
    from trainlab.experiments import learning_rates
    from trainlab.report import draw_curves

    run = result.run
    steps_per_epoch = metrics[0]["step"]
    rates = learning_rates(run.config, steps_per_epoch)
    note = result.outcome.reason if result.outcome.status == "diverged" else ""
    picture, _ = draw_curves(metrics, run.path, title=run.name, learning_rates=rates, note=note)
    return picture
