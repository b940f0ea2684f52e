"""``trainlab lr-find``."""

from pathlib import Path
from shlex import quote

import click

from trainlab.cli.without_effect import tell_idle_settings


@click.command("lr-find", short_help="A learning-rate range test: which rate to try first.")
@click.argument("preset")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Runs, each with its own seed."
)
@click.option("--low", type=float, default=1e-5, show_default=True, help="The first rate.")
@click.option("--high", type=float, default=10.0, show_default=True, help="The last rate.")
@click.option("--steps", type=int, help="From low to high.  [default: by batch size, 300 to 5,000]")
@click.option("--out", "path", type=click.Path(path_type=Path), help="Picture to make.  [default: lr-PRESET-N.png]")
def lr_find(
    preset: str, overrides: tuple[str, ...], seeds: int, low: float, high: float, steps: int | None, path: Path | None
) -> None:
    """Train PRESET for a moment with a learning rate that grows in each step, and say where the loss was lowest.

    \b
    trainlab lr-find mnist-fast
    trainlab lr-find mnist-fast optimizer=adam momentum=0 nesterov=false --seeds 5
    """
    from trainlab.errors import InputError
    from trainlab.experiments import load_preset, next_run_path
    from trainlab.experiments.rate_test import rate_test
    from trainlab.report.rate_curve import draw_rate_test

    chosen = load_preset(preset)
    config = chosen.config.override(overrides)
    tell_idle_settings(chosen.config, config, overrides)
    path = path or next_run_path(Path(), f"lr-{chosen.name}", ".png")
    if path.exists():
        raise InputError(f"{path} exists already and is not overwritten. Give another name with --out.")
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: the curve is drawn as PNG. Give a name that ends in .png.")
    test = rate_test(
        config,
        range(config.seed, config.seed + seeds),
        low,
        high,
        steps,
        on_curve=lambda curve: click.echo(
            f"seed {curve.seed}: {len(curve.rates):,} steps, lowest loss {min(curve.smoothed):.4f} at "
            f"{curve.rates[curve.lowest]:.2g}"
        ),
    )
    draw_rate_test(test, path, f"{chosen.name}: learning-rate range test")
    click.echo("\n" + "\n".join(test.words()))
    click.echo(f"\ncurve    {path}")
    middle = test.suggestion
    if middle is not None:
        around = ",".join(f"{factor * middle:.2g}" for factor in (1 / 3, 1, 3))
        words = [quote(_as_one_value(word)) for word in overrides if not word.startswith("lr=")]
        click.echo(" ".join(["compare  trainlab sweep", quote(preset), *words, f"lr={around}", "--seeds 3"]))


def _as_one_value(word: str) -> str:
    """A word for `trainlab sweep`, to which a comma begins another value."""
    from trainlab.experiments.sweep.space import split_values

    key, _, text = word.partition("=")
    return word if len(split_values(text)) == 1 else f"{key}='{text}'"
