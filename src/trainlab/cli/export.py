"""``trainlab export``."""

from pathlib import Path

import click

FORMATS = ("csv",)


@click.command(short_help="Take a run elsewhere: csv.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, metavar="|".join(FORMATS), help="What to make of the run.")
@click.option("--output", type=click.Path(path_type=Path), help="Where to put it; must not exist.  [csv: stdout]")
def export(run: Path, target: str, output: Path | None) -> None:
    """Export RUN for other programs. Nothing is ever overwritten.

    \b
    trainlab export runs/mnist-mlp-1 --to csv               the figures of every epoch, on standard output
    """
    from trainlab.atomic import write_bytes_atomically
    from trainlab.errors import InputError
    from trainlab.experiments import RunFolder
    from trainlab.export import metrics_as_csv
    from trainlab.spelling import unknown_name

    if target not in FORMATS:
        raise unknown_name("export format", target, FORMATS)
    opened = RunFolder.open(run)
    if output is not None and output.exists():
        raise InputError(f"{output} exists already, and an export never overwrites anything. Choose another --output.")
    table = metrics_as_csv(opened)
    if output is None:
        click.echo(table, nl=False)
        return
    write_bytes_atomically(output, table.encode())
    click.echo(f"table    {output}")
