"""``trainlab predict``."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from trainlab.cli.without_effect import tell_without_effect

SHADES = ("  ", "░░", "▒▒", "▓▓", "██")


@click.command(short_help="What a trained network sees in your own images.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--invert",
    type=click.Choice(["auto", "yes", "no"]),
    default="auto",
    show_default=True,
    help="Swap dark and light for networks of MNIST and Fashion-MNIST; auto does it for a light background.",
)
@click.option("--no-center", is_flag=True, help="Do not box and centre the digit as MNIST's authors did.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an image.")
def predict(run: Path, images: tuple[Path, ...], invert: str, no_center: bool, as_json: bool) -> None:
    """Show what the network of RUN sees in each IMAGE (PNG or JPEG), and what it takes it for."""
    from trainlab.experiments import RunFolder, predict_images
    from trainlab.experiments.prediction import CENTERED, INVERTED

    opened = RunFolder.open(run)
    for option, is_given, of in (("--invert", invert != "auto", INVERTED), ("--no-center", no_center, CENTERED)):
        if is_given and opened.config.dataset not in of:
            tell_without_effect({option: " and ".join(of)})
    is_inverted: dict[str, bool | Literal["auto"]] = {"auto": "auto", "yes": True, "no": False}
    found = predict_images(opened, images, invert=is_inverted[invert], center=not no_center)
    for path, (seen, probabilities) in zip(images, found, strict=True):
        if as_json:
            click.echo(json.dumps({"image": str(path), "probabilities": probabilities}))
            continue
        click.echo(f"{path}, as the network sees it ({seen.shape[1]}×{seen.shape[0]}):")
        click.echo(as_text(seen))
        ranked = sorted(probabilities.items(), key=lambda item: -item[1])
        width = max(len(name) for name in probabilities)
        for name, probability in ranked[:5]:
            click.echo(f"  {name:>{width}}  {probability:7.2%}  {'█' * round(40 * probability)}")


def as_text(pixels: Any) -> str:
    """A grey picture (H, W) of bytes in five shades, two characters a pixel; empty rows above and below are cut."""
    rows = ["".join(SHADES[min(4, int(value) * 5 // 256)] for value in row) for row in pixels]
    used = [number for number, row in enumerate(rows) if row.strip()]
    return "\n".join(f"│{row}│" for row in rows[used[0] : used[-1] + 1]) if used else "│ (blank) │"
