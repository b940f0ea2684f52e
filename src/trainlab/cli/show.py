"""``trainlab show`` and ``trainlab list``."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainlab.cli.without_effect import tell_idle_settings
from trainlab.errors import InputError

if TYPE_CHECKING:
    from trainlab.experiments import Config, RunFolder

SPLIT_SETTINGS = {"dataset", "data_dir", "split", "stratified", "seed"}
"""What decides which images train and which validate."""


class _Show(click.Command):
    """Lets ``--samples`` stand anywhere: it takes the next word only where that is the name of a picture."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for place, (word, following) in enumerate(pairwise([*args, ""])):
            if word == "--samples" and not _names_a_picture(following):
                args[place] = "--samples=samples.png"
        return super().parse_args(ctx, args)


def _names_a_picture(word: str) -> bool:
    path = Path(word)
    return path.suffix not in ("", ".toml") and not word.startswith("-") and "=" not in word and not path.is_dir()


@click.command(cls=_Show, short_help="A preset's settings, its network layer by layer, its training images.")
@click.argument("preset")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="[PATH.png]",
    help="Instead, draw training images as each epoch shows them to the network.  [default: samples.png]",
)
def show(preset: str, overrides: tuple[str, ...], samples: Path | None) -> None:
    """Show the settings that PRESET, FILE.toml or the folder of a run stands for, and its network layer by layer.

    \b
    trainlab show cifar10-lab1
    trainlab show cifar10-lab1 augment=crop+flip+mixup --samples
    """
    from trainlab.experiments import RunFolder, load_preset, summarize_network

    run = RunFolder.open(Path(preset)) if Path(preset).is_dir() else None
    if run is not None:
        chosen, name, title = run.config, preset, preset
    else:
        found = load_preset(preset)
        chosen, name, title = found.config, found.name, f"{found.name}: {found.description}"
    config = chosen.override(overrides)
    tell_idle_settings(chosen if run is None else None, config, overrides)
    if samples is not None:
        _draw_samples(config, run, name, preset, samples)
        return
    image_shape, classes = _images(config, run)
    click.echo(f"# {title}\n{_settings_text(config)}")
    rows = summarize_network(config, image_shape, classes)
    width, layer_width = (max(len(getattr(row, name)) for row in rows) for name in ("name", "layer"))
    click.echo(f"{'':>{width}}  {'layer':{layer_width}}{'output':>14}{'parameters':>14}{'FLOPs':>15}{'memory':>12}")
    for row in rows:
        shape = "×".join(map(str, row.output_shape))
        memory = _bytes(4 * row.parameters + row.output_bytes)
        layer = f"{row.name:>{width}}  {row.layer:{layer_width}}"
        click.echo(f"{layer}{shape:>14}{row.parameters:>14,}{row.flops:>15,}{memory:>12}")
    parameters = sum(row.parameters for row in rows)
    flops = sum(row.flops for row in rows)
    memory = _bytes(sum(4 * row.parameters + row.output_bytes for row in rows))
    click.echo(f"{'':>{width}}  {'together':{layer_width}}{'':>14}{parameters:>14,}{flops:>15,}{memory:>12}")
    copies = 2 + {"sgd": int(config.momentum > 0), "adam": 3, "adamw": 3, "muon": 1}[config.optimizer]
    activations = config.batch_size * sum(row.output_bytes for row in rows)
    click.echo(
        f"\nOne image forward; a training step costs about 3 × {config.batch_size} × {flops:,} FLOPs and holds "
        f"{_bytes(4 * parameters * copies + activations)} (weights, gradients, optimizer, outputs of a batch)."
    )


def _images(config: "Config", run: "RunFolder | None") -> tuple[tuple[int, int, int], int]:
    """Channels, height and width of the images, and how many classes they have.

    Where the pictures of a run have gone, as its last checkpoint has noted them.
    """
    from trainlab.data import describe
    from trainlab.experiments.kept_network import image_shape_of

    try:
        described = describe(config.dataset)
    except InputError:
        if run is None or config.dataset != run.config.dataset or not run.checkpoints.step_paths():
            raise
        checkpoint, _ = run.checkpoints.load_latest()
        return image_shape_of(run, checkpoint), len(checkpoint.extra["classes"])
    return described.image_shape, len(described.classes)


def _settings_text(config: "Config") -> str:
    """The configuration as a TOML file; idle settings that nobody has set by name alone, beside what they belong to."""
    from trainlab.experiments import Config
    from trainlab.experiments.belonging import without_effect

    idle = without_effect(config)
    changed = config.differences(Config())
    groups: dict[str, list[str]] = {}
    for key, belongs_to in idle.items():
        if key not in changed:
            groups.setdefault(belongs_to, []).append(key)
    named = [f"#   {', '.join(keys)}: {belongs_to}\n" for belongs_to, keys in groups.items()]
    return "".join([config.to_toml(but=idle.keys() - changed.keys()), "# without effect here:\n", *named])


def _draw_samples(config: "Config", run: "RunFolder | None", name: str, preset: str, path: Path) -> None:
    from trainlab.experiments import take_samples
    from trainlab.report import draw_samples, refuse_to_overwrite

    refuse_to_overwrite(path)  # before the data is read
    is_split_as_run = run is not None and not SPLIT_SETTINGS & config.differences(run.config).keys()
    samples = take_samples(config, run.load_split() if run is not None and is_split_as_run else None)
    augment = "+".join(config.augment) or "none: every epoch shows the same images"
    undone = "" if config.transform == "raw" else ", undone here"
    facts = [config.dataset, f"augment={augment}", f"transform={config.transform}{undone}", f"seed={config.seed}"]
    draw_samples(samples, path, name, facts)
    if config.augment:
        what = f"{len(samples.rows)} training images as they are stored, then as the first epochs show them"
    else:
        what = f"training images; every epoch shows the same. Try: trainlab show {preset} augment=crop+mixup --samples"
    click.echo(f"{path}: {what}")


@click.command("list", short_help="The presets, the runs so far, the published experiments.")
def list_presets() -> None:
    """List the presets that `trainlab train` and `trainlab show` take, and what has been run in this folder."""
    from trainlab.experiments import load_preset, preset_names, study_names

    names = preset_names()
    width = max(map(len, names)) + 2
    for name in names:
        click.echo(f"{name:{width}}{load_preset(name).description}")
    runs = sorted(path.parent for path in Path("runs").glob("*/config.toml"))
    if runs:
        click.echo("\nruns")
        for run in runs:
            click.echo(f"{run!s:30}{_state_of(run)}")
    for kind in ("sweeps", "reproductions"):
        sweeps = sorted(path.parent for path in Path(kind).glob("*/sweep.toml"))
        if sweeps:
            click.echo(f"\n{kind}")
        for sweep in sweeps:
            click.echo(f"{sweep!s:30}{_state_of_sweep(sweep)}")
    click.echo(f"\npublished experiments, for `trainlab reproduce`: {', '.join(study_names())}")
    click.echo("data sets: trainlab data list")


def _state_of(run: Path) -> str:
    from trainlab.experiments import RunFolder
    from trainlab.experiments.run_folder import kept_epoch
    from trainlab.experiments.written_figures import check_summary

    try:
        summary: dict[str, Any] | None = RunFolder.open(run).read_summary()
        if summary is None:
            return "under way, or killed"
        check_summary(summary, run / "summary.json")
    except InputError as error:
        return str(error)
    kept = kept_epoch(summary)
    accuracy = f", validation {kept['validation']['accuracy']:.2%} in epoch {kept['epoch']}" if kept else ""
    return f"{summary['status']}{accuracy}"


def _state_of_sweep(path: Path) -> str:
    from trainlab.experiments.sweep import SweepFolder, best_point, scores, settings_text

    try:
        rows = SweepFolder.open(path).rows({})
    except InputError as error:
        return str(error)
    best = best_point(scores(rows))
    ended = f"{sum(row.status != 'unfinished' for row in rows)} of {len(rows)} runs ended"
    return f"{ended}, best {settings_text(best.settings)} {best.text}" if best else ended


def _bytes(number: int) -> str:
    return f"{number / 1024:.1f} KB" if number < 1024**2 else f"{number / 1024**2:.1f} MB"
