"""``trainlab export``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import RunFolder


def to_csv(run: "RunFolder", output: Path | None) -> None:
    from trainlab.atomic import write_bytes_atomically
    from trainlab.export import metrics_as_csv

    table = metrics_as_csv(run)
    if output is None:
        click.echo(table, nl=False)
        return
    write_bytes_atomically(output, table.encode())
    click.echo(f"table    {output}")


def to_tensorboard(run: "RunFolder", output: Path | None) -> None:
    from trainlab.export import write_event_files
    from trainlab.export.tensorboard import FOLDER

    folder = output or run.path / FOLDER
    write_event_files(run, folder)
    click.echo(f"events   {folder}\nlook at it:  tensorboard --logdir {folder if output else run.path.parent}")


TARGETS = {"csv": to_csv, "tensorboard": to_tensorboard}


@click.command(short_help=f"Take a run elsewhere: {', '.join(TARGETS)}.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, metavar="|".join(TARGETS), help="What to make of the run.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Where to put it; must not exist.  [default: a folder in RUN; csv: standard output]",
)
def export(run: Path, target: str, output: Path | None) -> None:
    """Export RUN for other programs. Nothing is ever overwritten.

    \b
    trainlab export runs/mnist-mlp-1 --to csv               the figures of every epoch, on standard output
    trainlab export runs/mnist-mlp-1 --to tensorboard       event files, as train --tensorboard writes them
    """
    from trainlab.errors import InputError
    from trainlab.experiments import RunFolder
    from trainlab.spelling import unknown_name

    if target not in TARGETS:
        raise unknown_name("export format", target, TARGETS)
    opened = RunFolder.open(run)
    if output is not None and output.exists():
        raise InputError(f"{output} exists already, and an export never overwrites anything. Choose another --output.")
    TARGETS[target](opened, output)
