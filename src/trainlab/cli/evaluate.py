"""``trainlab evaluate``."""

import json
from pathlib import Path

import click


@click.command(short_help="Loss and accuracy of a run on one part of its data.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(["test", "validation", "train"]), default="test", show_default=True)
@click.option("--tta", is_flag=True, help="Judge each image also together with its mirror image.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(run: Path, part: str, tta: bool, as_json: bool) -> None:
    """Evaluate the weights that RUN has kept: its best epoch's, or with keep=last its last one's.

    Choose between runs on the validation part; look at the test set once, for the run that you chose.
    """
    from trainlab.experiments import RunFolder, evaluate_run

    found = evaluate_run(RunFolder.open(run), part, mirrored=tta)
    if as_json:
        figures = {"part": part, "images": found.size, "epoch": found.epoch, **found.metrics._asdict()}
        if found.mirrored is not None:
            figures["tta"] = found.mirrored._asdict()
        click.echo(json.dumps(figures))
        return
    for metrics, how in ((found.metrics, ""), (found.mirrored, " together with their mirror images")):
        if metrics is not None:
            correct = round(metrics.accuracy * found.size)
            click.echo(
                f"{part}: {correct:,} of {found.size:,} images right{how} ({metrics.accuracy:.2%}), "
                f"loss {metrics.loss:.4f}, weights of epoch {found.epoch}"
            )
