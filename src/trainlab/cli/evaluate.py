"""``trainlab evaluate``."""

import json
from pathlib import Path

import click


@click.command(short_help="Loss and accuracy of a run on one part of its data.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(["test", "validation", "train"]), default="test", show_default=True)
@click.option("--tta", is_flag=True, help="Judge each image also together with its mirror image.")
@click.option("--tta-shift", type=click.IntRange(0, 8), default=0, help="With --tta: also moved by so many pixels.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(run: Path, part: str, tta: bool, tta_shift: int, as_json: bool) -> None:
    """Evaluate the weights that RUN has kept: its best epoch's, or with keep=last its last one's.

    Choose between runs on the validation part; look at the test set once, for the run that you chose.
    """
    from trainlab.engines import augmented_views
    from trainlab.experiments import RunFolder, evaluate_run

    if tta_shift and not tta:
        raise click.UsageError("--tta-shift belongs to --tta. Give both, or neither.")
    views = augmented_views(tta_shift) if tta else ()
    found = evaluate_run(RunFolder.open(run), part, views=views)
    if as_json:
        figures = {"part": part, "images": found.size, "epoch": found.epoch, **found.metrics._asdict()}
        if found.augmented is not None:
            figures["tta"] = found.augmented._asdict() | {"views": len(views)}
        click.echo(json.dumps(figures))
        return
    together = " in six views" if tta_shift else " together with their mirror images"
    for metrics, how in ((found.metrics, ""), (found.augmented, together)):
        if metrics is not None:
            correct = round(metrics.accuracy * found.size)
            click.echo(
                f"{part}: {correct:,} of {found.size:,} images right{how} ({metrics.accuracy:.2%}), "
                f"loss {metrics.loss:.4f}, weights of epoch {found.epoch}"
            )
