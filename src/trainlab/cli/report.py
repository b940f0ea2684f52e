"""``trainlab report``."""

from pathlib import Path

import click


@click.command(short_help="One file that tells what the runs show, to hand in or to mail: HTML, Markdown or PDF.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Default: report.html, .md or .pdf.")
@click.option("--format", "kind", help="html, md or pdf. Default: what the output's name ends in, else html.")
@click.option("--lang", default="en", show_default=True, help="Language: en or zh-TW.")
def report(runs: tuple[Path, ...], output: Path | None, kind: str | None, lang: str) -> None:
    """Report on RUNS: folders of runs, or folders that hold them.

    HTML and PDF hold everything themselves and need no network; Markdown has its pictures in a folder beside it. The
    same runs give the same file.

    \b
    trainlab report runs
    trainlab report runs/mnist-mlp-1 --output mlp.html --lang zh-TW
    trainlab report sweeps/mnist-fast-1 --format pdf
    """
    from trainlab.experiments.measured_run import find_runs
    from trainlab.report import write_report
    from trainlab.report.telling.reproduction import sections_of

    if output is None:
        output = Path(f"report.{kind or 'html'}")
    write_report(find_runs(runs), output, lang, kind=kind, extra=sections_of(runs, lang))
    click.echo(f"report   {output}")
