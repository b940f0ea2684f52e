"""``trainlab compare``."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from trainlab.experiments.comparison import Comparison, MeasuredSetting
    from trainlab.words import Words

COLUMNS = ("validation_accuracy", "validation_loss", "train_accuracy", "seconds")
"""The last one is left out where the table would be too wide for the terminal, and words cut in two."""
WIDEST = 10_000


@click.command(short_help="Runs side by side: mean ± std over seeds, and which differences exceed seed noise.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metric", default="validation_accuracy", show_default=True, help="What decides which setting is best.")
@click.option("--epoch", type=click.Choice(["best", "last"]), default="best", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV table.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw curves with bands over seeds into a .png or .svg file."
)
@click.option("--lang", default="en", show_default=True, help="Language of what is told: en or zh-TW.")
def compare(
    runs: tuple[Path, ...], metric: str, epoch: str, as_json: bool, as_csv: bool, plot: Path | None, lang: str
) -> None:
    """Compare RUNS: folders of runs, or folders that hold them.

    Runs that differ in nothing but their seed are one setting. The best setting is chosen on validation, and tested
    against each of the others: paired over common seeds, corrected for the number of comparisons.

    \b
    trainlab compare runs
    trainlab compare runs/mnist-mlp-1 runs/mnist-mlp-2
    """
    from trainlab.errors import InputError
    from trainlab.experiments.comparison import compare_runs
    from trainlab.experiments.measured_run import find_runs, measure
    from trainlab.words import words

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other. Choose one.")
    say = words(lang)
    found = compare_runs([measure(run, epoch) for run in find_runs(runs)], metric, epoch, lang)
    if plot is not None:
        from trainlab.report.seed_bands import draw_seed_bands, picture_words

        of_picture = picture_words(say)
        draw_seed_bands(found, plot, of_picture)
        if of_picture is not say:
            click.echo(f"trainlab: {say('plot.no_font')}", err=True)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    elif as_csv:
        click.echo(_csv(found), nl=False)
    else:
        _print(found, plot, say)


def _csv(found: "Comparison") -> str:
    from trainlab.experiments.settings import value_text

    rows = found.to_rows()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        settings = found.settings[0].settings
        writer.writerow(
            ["" if value is None else value_text(value) if key in settings else value for key, value in row.items()]
        )
    return file.getvalue()


def _print(found: "Comparison", plot: Path | None, say: "Words") -> None:
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, soft_wrap=True)
    table, left_out = _table(found, say), ""
    if Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum > console.width:
        table, left_out = _table(found, say, COLUMNS[:-1]), say("compare.narrow", column=say(f"compare.{COLUMNS[-1]}"))
    console.print(table)
    if left_out:
        console.print(left_out, style="dim")
    console.print(say("compare.told", epoch=say(f"compare.{found.epoch}")) + "\n")
    for sentence in found.sentences:
        console.print(sentence, markup=False)
    if found.main_effects:
        console.print("\n" + say("compare.effects", metric=say(f"metric.{found.metric}")))
        console.print(_effects(found, say))
    if shares := found.importance:
        measured = say.count("setting", sum(bool(setting.finished) for setting in found.settings))
        console.print("\n" + say("compare.importance", metric=say(f"metric.{found.metric}"), settings=measured))
        for one in shares:
            console.print(f"{one.name:20}{one.share:.2f}  ({one.low:.2f} … {one.high:.2f})", markup=False)
    test = found.settings[0].summary("test_accuracy")
    if test is not None:  # of the chosen one alone: whoever sees all of them chooses by them
        label, figure = found.settings[0].label, _cell(found.settings[0], "test_accuracy")
        console.print("\n" + say("compare.test", label=label, figure=figure, n=test.n), markup=False)
    if found.warnings:
        console.print()
    for warning in found.warnings:
        console.print(say("compare.warning", text=warning), markup=False, style="yellow")
    if plot is not None:
        console.print("\n" + say("compare.curves", path=plot), markup=False)


def _table(found: "Comparison", say: "Words", columns: Sequence[str] = COLUMNS) -> "Table":
    from rich.table import Table

    from trainlab.experiments.settings import value_text

    used = [metric for metric in columns if any(setting.summary(metric) for setting in found.settings)]
    keys = list(found.settings[0].settings)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in keys or [say("compare.runs")]:
        table.add_column(title, overflow="fold")
    for title in ("n", *(say(f"compare.{metric}") for metric in used)):
        table.add_column(title, justify="right", no_wrap=True)
    for place, setting in enumerate(found.settings):
        values = [value_text(setting.settings[key]) for key in keys] or [setting.label]
        cells = [_cell(setting, metric) for metric in used]
        table.add_row(*values, str(len(setting.finished)), *cells, style="bold" if place == 0 and keys else None)
    return table


def _effects(found: "Comparison", say: "Words") -> "Table":
    from rich.table import Table

    from trainlab.experiments.settings import value_text

    higher = not found.metric.endswith("loss")
    table = Table(box=None, pad_edge=False, show_header=False)
    for effect in found.main_effects:
        best = max(effect.levels, key=lambda level: level.mean if higher else -level.mean)
        cells = [f"{value_text(one.value)}: {one.mean:.4f}" for one in effect.levels]
        cells = [
            f"[bold]{cell}[/bold]" if one is best else cell for cell, one in zip(cells, effect.levels, strict=True)
        ]
        left_out = say("compare.left_out", n=effect.left_out) if effect.left_out else ""
        table.add_row(effect.name, "   ".join(cells), left_out)
    return table


def _cell(setting: "MeasuredSetting", metric: str) -> str:
    summary = setting.summary(metric)
    if summary is None:
        return "–"
    places = 4 if metric != "seconds" else 1 if summary.mean >= 10 else 2
    return summary.text(places)
