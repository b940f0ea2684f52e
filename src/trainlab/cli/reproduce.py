"""``trainlab reproduce``, and how ``trainlab resume`` goes on with one."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainlab.cli.executor import executor_options, read_executor
from trainlab.cli.sweep import check_event_files, run_sweep, tell_rest, tensorboard_option
from trainlab.cli.train import progress_option
from trainlab.errors import InputError

if TYPE_CHECKING:
    from trainlab.experiments.reproduction import Study
    from trainlab.experiments.reproduction.telling import ToldConfrontation
    from trainlab.experiments.sweep import Executor, SweepFolder, SweepPlan
    from trainlab.training.progress import ProgressMode

PATIENCE_SECONDS = 24 * 3600
"""What takes longer must be asked for with ``--scale 1``."""
N_COLUMN = 4
SHORT_SECONDS = 2 * 3600
"""What a smaller scale is proposed for."""


@click.command(short_help="Run a published experiment again, with several seeds, and report how it compares.")
@click.argument("study")
@click.argument("words", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--seeds", type=int, help="Runs of each setting.  [default: as the experiment says, 5 or 3]")
@click.option("--jobs", type=int, help="Runs at a time.  [default: as many as this machine's cores leave room for]")
@click.option("--cores-per-job", type=int, help="Threads of a run at most.")
@click.option("--scale", type=float, help="Do only this share of the work: fewer images and epochs.  [default: 1]")
@click.option(
    "--out", "path", type=click.Path(path_type=Path), help="Folder to make.  [default: reproductions/STUDY-N]"
)
@click.option("--lang", help="Language of results and report: en or zh-TW.  [default: en]")
@executor_options
@tensorboard_option
@click.option("--dry-run", is_flag=True, help="Check everything, print the plan, and stop.")
@progress_option
def reproduce(
    study: str,
    words: tuple[str, ...],
    seeds: int | None,
    jobs: int | None,
    cores_per_job: int | None,
    scale: float | None,
    path: Path | None,
    lang: str | None,
    executor: str | None,
    address: str | None,
    slurm: tuple[str, ...],
    tensorboard: bool | None,
    dry_run: bool,
    progress: "ProgressMode",
) -> int:
    """Run STUDY again: lab1-mnist, lab1-cifar10, or what somebody's FILE.toml says was published.

    Every setting is run with several seeds. The report puts mean ± standard deviation beside each published figure,
    and says of each published conclusion whether the runs confirm it, contradict it, or cannot tell.

    \b
    trainlab reproduce lab1-mnist
    trainlab reproduce lab1-cifar10 --scale 0.02 --seeds 3

    Killed or stopped, it goes on with `trainlab resume FOLDER`. With --executor ray or slurm runs are computed on
    other machines, see docs/sweeps-on-a-cluster.md.
    """
    from trainlab.data import describe
    from trainlab.experiments import next_run_path
    from trainlab.experiments.reproduction import STUDY_FILE, load_study, scaled
    from trainlab.experiments.sweep import Options, SweepFolder, plan_sweep
    from trainlab.words import words as words_of

    chosen = load_study(study)
    chosen = replace(chosen, language=words_of(lang or chosen.language).language)
    where = read_executor(executor, address, slurm)
    options = Options(seeds=seeds, jobs=jobs, cores_per_job=cores_per_job, executor=where, tensorboard=tensorboard)
    whole = chosen.sweep(options, words)
    images = describe(whole.base.dataset).sizes["train"]
    chosen = replace(chosen, scale=chosen.scale if scale is None else scale)
    points = [whole.config(point, 0) for point in chosen.points]
    kept = [word.partition("=")[0] for word in words]
    sweep = chosen.sweep(options, words, scaled(points, images, chosen.scale, kept))
    check_event_files(sweep)
    path = path or next_run_path(Path("reproductions"), chosen.name)
    if path.exists():
        SweepFolder.create(path, sweep)  # says that it exists, before the steps are timed
    plan = plan_sweep(sweep)
    click.echo("\n".join([*plan.lines(path), ""]))
    if scale is None:
        _refuse_long(plan, study)
    if dry_run:
        return 0
    folder = SweepFolder.create(path, sweep, {STUDY_FILE: chosen.to_toml()})
    return run_reproduction(folder, progress)


def _refuse_long(plan: "SweepPlan", study: str) -> None:
    if plan.seconds > PATIENCE_SECONDS:
        fitting = max(0.001, float(f"{SHORT_SECONDS / plan.seconds:.1g}"))
        raise InputError(
            f"that takes about {plan.seconds / 86400:.1f} days on this machine. `trainlab reproduce {study} --scale "
            f"{fitting:g}` does that share of the work; if you want all of it, say --scale 1."
        )


def run_reproduction(folder: "SweepFolder", progress: "ProgressMode", executor: "Executor | None" = None) -> int:
    """Run what is left, then print and report how it compares; returns the exit status."""
    from trainlab.experiments.measured_run import find_runs, measure
    from trainlab.experiments.reproduction import confront, read_reproduction
    from trainlab.experiments.reproduction.telling import tell
    from trainlab.report import write_report
    from trainlab.report.telling.reproduction import reproduction_sections

    study = read_reproduction(folder.path)
    outcome = run_sweep(folder, progress, executor)
    if outcome is not None and outcome.status != "finished":
        return tell_rest(folder, outcome)
    runs = find_runs([folder.path])
    told = tell(confront(study, [measure(run) for run in runs]), study.language)
    _print(told, study)
    report = folder.path / "report.html"
    write_report(runs, report, study.language, extra=reproduction_sections(told, study.language))
    click.echo(f"report   {report}")
    return 0 if outcome is None else tell_rest(folder, outcome)


def _lines(told: "ToldConfrontation") -> list[tuple[str, str]]:
    """The figures as lines with a style each, a setting above its own: columns as narrow as they can be."""
    from rich.cells import cell_len

    shown = [place for place in range(1, len(told.headings)) if place != N_COLUMN]
    widths = {place: max(cell_len(row[place]) for row in (told.headings, *told.rows)) for place in shown}

    def line(row: tuple[str, ...]) -> str:
        gaps = {place: " " * (widths[place] - cell_len(row[place])) for place in shown}
        return "  ".join(row[place] + gaps[place] if place == 1 else gaps[place] + row[place] for place in shown)

    lines = [(line(told.headings), "dim")]
    setting = ""
    for row in told.rows:
        if row[0] != setting:
            setting = row[0]
            lines.append((f"{setting}  n = {row[N_COLUMN]}", "bold"))
        lines.append((line(row), ""))
    return lines


def _print(told: "ToldConfrontation", study: "Study") -> None:
    from rich.cells import cell_len, set_cell_size
    from rich.console import Console

    from trainlab.words import words

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n{study.title}\n", markup=False, style="bold")
    if told.rows:
        for text, style in _lines(told):
            console.print(text, markup=False, style=style)
        console.print()
    width = max((cell_len(claim.verdict) for claim in told.claims), default=0)  # a Chinese character takes two cells
    for claim in told.claims:
        console.print(f"{set_cell_size(claim.verdict, width)}   {claim.says}", markup=False, style="bold")
        console.print(f"{'':{width}}   {claim.why}\n", markup=False)
    if told.count:
        console.print(told.count, markup=False)
    if told.warning:
        warning = words(study.language)("compare.warning", text=told.warning)
        console.print(f"\n{warning}", markup=False, style="yellow")
