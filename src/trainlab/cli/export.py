"""``trainlab export``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import RunFolder


def to_csv(run: "RunFolder", output: str | None) -> None:
    from trainlab.atomic import write_bytes_atomically
    from trainlab.export import metrics_as_csv

    table = metrics_as_csv(run)
    if output is None:
        click.echo(table, nl=False)
        return
    write_bytes_atomically(Path(output), table.encode())
    click.echo(f"table    {output}")


def to_tensorboard(run: "RunFolder", output: str | None) -> None:
    from trainlab.export import write_event_files
    from trainlab.export.tensorboard import FOLDER

    folder = Path(output) if output else run.path / FOLDER
    write_event_files(run, folder)
    click.echo(f"events   {folder}\nlook at it:  tensorboard --logdir {folder if output else run.path.parent}")


def to_onnx(run: "RunFolder", output: str | None) -> None:
    from trainlab.export.onnx import write_onnx_folder

    folder = Path(output) if output else run.path / "onnx"
    network = write_onnx_folder(run, folder)
    click.echo(f"network  {folder / 'model.onnx'}  ({len(network.content) / 1e6:.1f} MB, images in, probabilities out)")
    click.echo(f"card     {folder / 'README.md'}")
    click.echo(
        f"checked with ONNX Runtime on {network.checked} validation images: probabilities differ by at most "
        f"{network.difference:.1g}"
    )


def to_mlflow(run: "RunFolder", output: str | None) -> None:
    from trainlab.export.mlflow_store import write_to_mlflow

    stored = write_to_mlflow(run, output)
    click.echo(f"run      {stored.run_id} of experiment {stored.experiment} in {stored.store}")
    if "://" in stored.store and not stored.store.startswith("http"):
        allowed = "MLFLOW_ALLOW_FILE_STORE=true " if stored.store.startswith("file:") else ""
        click.echo(f"look at it:  {allowed}mlflow ui --backend-store-uri {stored.store}")


TARGETS = {"csv": to_csv, "tensorboard": to_tensorboard, "mlflow": to_mlflow, "onnx": to_onnx}


@click.command(short_help=f"Take a run elsewhere: {', '.join(TARGETS)}.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, metavar="|".join(TARGETS), help="What to make of the run.")
@click.option(
    "--output",
    help="Where to put it; must not exist, but for a store of MLflow: a folder, a .db file or an address.  "
    "[default: a folder in RUN; csv: standard output; mlflow: MLFLOW_TRACKING_URI]",
)
def export(run: Path, target: str, output: str | None) -> None:
    """Export RUN for other programs. Nothing is ever overwritten.

    \b
    trainlab export runs/mnist-mlp-1 --to csv               the figures of every epoch, on standard output
    trainlab export runs/mnist-mlp-1 --to tensorboard       event files, as train --tensorboard writes them
    trainlab export runs/mnist-mlp-1 --to mlflow            a run in MLflow's store, which it is added to
    trainlab export runs/mnist-mlp-1 --to onnx              the network for other programs, with a model card
    """
    from trainlab.atomic import refuse_existing
    from trainlab.experiments import RunFolder
    from trainlab.spelling import unknown_name

    if target not in TARGETS:
        raise unknown_name("export format", target, TARGETS)
    opened = RunFolder.open(run)
    if output is not None and target != "mlflow":
        refuse_existing(Path(output))
    TARGETS[target](opened, output)
