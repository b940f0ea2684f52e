"""``trainlab show`` and ``trainlab list``."""

from pathlib import Path
from typing import Any

import click

from trainlab.errors import InputError


@click.command(short_help="A preset's settings, and its network layer by layer.")
@click.argument("preset")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
def show(preset: str, overrides: tuple[str, ...]) -> None:
    """Show the settings that PRESET, FILE.toml or the folder of a run stands for, and its network layer by layer."""
    from trainlab.data import describe
    from trainlab.experiments import RunFolder, load_preset, summarize_network

    if Path(preset).is_dir():
        config, title = RunFolder.open(Path(preset)).config, preset
    else:
        chosen = load_preset(preset)
        config, title = chosen.config, f"{chosen.name}: {chosen.description}"
    config = config.override(overrides)
    described = describe(config.dataset)
    click.echo(f"# {title}\n{config.to_toml()}")
    rows = summarize_network(config, described.image_shape, len(described.classes))
    width, layer_width = (max(len(getattr(row, name)) for row in rows) for name in ("name", "layer"))
    click.echo(f"{'':>{width}}  {'layer':{layer_width}}{'output':>14}{'parameters':>14}{'FLOPs':>13}{'memory':>12}")
    for row in rows:
        shape = "×".join(map(str, row.output_shape))
        memory = _bytes(4 * row.parameters + row.output_bytes)
        layer = f"{row.name:>{width}}  {row.layer:{layer_width}}"
        click.echo(f"{layer}{shape:>14}{row.parameters:>14,}{row.flops:>13,}{memory:>12}")
    parameters = sum(row.parameters for row in rows)
    flops = sum(row.flops for row in rows)
    memory = _bytes(sum(4 * row.parameters + row.output_bytes for row in rows))
    click.echo(f"{'':>{width}}  {'together':{layer_width}}{'':>14}{parameters:>14,}{flops:>13,}{memory:>12}")
    copies = 2 + {"sgd": int(config.momentum > 0), "adam": 3, "adamw": 3, "muon": 1}[config.optimizer]
    activations = config.batch_size * sum(row.output_bytes for row in rows)
    click.echo(
        f"\nOne image forward; a training step costs about 3 × {config.batch_size} × {flops:,} FLOPs and holds "
        f"{_bytes(4 * parameters * copies + activations)} (weights, gradients, optimizer, outputs of a batch)."
    )


@click.command("list", short_help="The presets and data sets.")
def list_presets() -> None:
    """List the presets that `trainlab train` and `trainlab show` take, and the runs in ./runs."""
    from trainlab.experiments import load_preset, preset_names

    for name in preset_names():
        click.echo(f"{name:20}{load_preset(name).description}")
    runs = sorted(path.parent for path in Path("runs").glob("*/config.toml"))
    if runs:
        click.echo("\nruns")
        for run in runs:
            click.echo(f"{run!s:30}{_state_of(run)}")
    click.echo("\ndata sets: trainlab data list")


def _state_of(run: Path) -> str:
    from trainlab.experiments import RunFolder

    try:
        summary: dict[str, Any] | None = RunFolder.open(run).read_summary()
    except InputError as error:
        return str(error)
    if summary is None:
        return "under way, or killed"
    best = summary["best"]
    accuracy = f", validation {best['validation']['accuracy']:.2%} in epoch {best['epoch']}" if best else ""
    return f"{summary['status']}{accuracy}"


def _bytes(number: int) -> str:
    return f"{number / 1024:.1f} KB" if number < 1024**2 else f"{number / 1024**2:.1f} MB"
