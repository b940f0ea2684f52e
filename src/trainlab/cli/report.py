"""``trainlab report``."""

from pathlib import Path

import click


@click.command(short_help="One HTML file that tells what the runs show, to hand in or to mail.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
@click.option("--lang", default="en", show_default=True, help="Language: en or zh-TW.")
def report(runs: tuple[Path, ...], output: Path, lang: str) -> None:
    """Report on RUNS: folders of runs, or folders that hold them.

    The file holds everything itself and needs no network. The same runs give the same file.

    \b
    trainlab report runs
    trainlab report runs/mnist-mlp-1 --output mlp.html --lang zh-TW
    """
    from trainlab.experiments.measured_run import find_runs
    from trainlab.report.html import write_report

    write_report(find_runs(runs), output, lang)
    click.echo(f"report   {output}")
