"""``trainlab evaluate``."""

import json
from pathlib import Path

import click


@click.command(short_help="Loss and accuracy of a run on one part of its data.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(["test", "validation", "train"]), default="test", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(run: Path, part: str, as_json: bool) -> None:
    """Evaluate the best epoch's weights of RUN.

    Choose between runs on the validation part; look at the test set once, for the run that you chose.
    """
    from trainlab.experiments import RunFolder, evaluate_run

    found = evaluate_run(RunFolder.open(run), part)
    if as_json:
        click.echo(json.dumps({"part": part, "images": found.size, "epoch": found.epoch, **found.metrics._asdict()}))
        return
    correct = round(found.metrics.accuracy * found.size)
    click.echo(
        f"{part}: {correct:,} of {found.size:,} images right ({found.metrics.accuracy:.2%}), "
        f"loss {found.metrics.loss:.4f}, weights of epoch {found.epoch}"
    )
