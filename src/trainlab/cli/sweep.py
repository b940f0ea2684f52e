"""``trainlab sweep``, and how ``trainlab resume`` goes on with one."""

import signal
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from trainlab.cli.executor import executor_options, read_executor
from trainlab.cli.train import progress_option
from trainlab.cli.without_effect import tell_without_effect

if TYPE_CHECKING:
    from trainlab.experiments.sweep import Coordinator, Executor, Sweep, SweepFolder, SweepOutcome
    from trainlab.training.progress import ProgressMode

SHOWN_POINTS = 10
EVENT_FILES = "trainlab.export:EventFiles"

tensorboard_option = click.option(
    "--tensorboard", is_flag=True, default=None, help="Write event files for TensorBoard into the run folders as well."
)


@click.command(short_help="Run many settings, each with several seeds.")
@click.argument("preset")
@click.argument("words", nargs=-1, metavar="[KEY=VALUE[,VALUE]...]...")
@click.option("--seeds", type=int, help="Runs of each point, with seeds that count up.  [default: 1]")
@click.option("--jobs", type=int, help="Runs at a time; they share the cores.  [default: 1]")
@click.option("--cores-per-job", type=int, help="Threads of a run at most.  [default: this machine's cores / jobs]")
@click.option("--search", type=click.Choice(["grid", "random", "tpe"]), help="How points are found.  [default: grid]")
@click.option("--trials", type=int, help="Points of a random or tpe search.")
@click.option("--search-seed", type=int, help="Which points random and tpe try.  [default: 0]")
@click.option("--budget", metavar="TIME", help="Begin no new run after so long: 90s, 30m, 1.5h.")
@click.option("--prune", metavar="HOW", help="End runs that are behind: median, halving or hyperband.  [default: none]")
@click.option("--out", "path", type=click.Path(path_type=Path), help="Folder to make.  [default: sweeps/PRESET-N]")
@executor_options
@tensorboard_option
@click.option("--dry-run", is_flag=True, help="Check everything, print the plan, and stop.")
@progress_option
def sweep(
    preset: str,
    words: tuple[str, ...],
    seeds: int | None,
    jobs: int | None,
    cores_per_job: int | None,
    search: Any,
    trials: int | None,
    search_seed: int | None,
    budget: str | None,
    prune: Any,
    path: Path | None,
    executor: str | None,
    address: str | None,
    slurm: tuple[str, ...],
    tensorboard: bool | None,
    dry_run: bool,
    progress: "ProgressMode",
) -> int:
    """Run PRESET, or what a sweep's FILE.toml says, with every combination of the settings that have several values.

    \b
    trainlab sweep mnist-fast lr=0.1,0.3 split=0.1,0.2 --seeds 5 --jobs 2
    trainlab sweep mnist-fast lr=log:1e-3..1 dropout=0..0.5 --search random --trials 20
    trainlab sweep mnist-fast lr=log:1e-3..1 --search random --trials 20 --prune median

    A comma begins another value; a list of widths is written 256x128. Killed or stopped, a sweep goes on with
    `trainlab resume SWEEP`.

    With --executor ray or slurm runs are computed on other machines: the sweep's folder and the data must then lie on
    a file system that all of them see. See docs/sweeps-on-a-cluster.md.
    """
    from trainlab.experiments import next_run_path
    from trainlab.experiments.config import read_word
    from trainlab.experiments.sweep import Options, SweepFolder, build_sweep, parse_budget, plan_sweep

    seconds = None if budget is None else parse_budget(budget)
    where = read_executor(executor, address, slurm)
    options = Options(
        seeds=seeds,
        jobs=jobs,
        search=search,
        trials=trials,
        budget=seconds,
        search_seed=search_seed,
        cores_per_job=cores_per_job,
        prune=prune,
        executor=where,
        tensorboard=tensorboard,
    )
    chosen = build_sweep(preset, words, options)
    check_event_files(chosen)
    path = path or next_run_path(Path("sweeps"), chosen.name)
    if path.exists():
        SweepFolder.create(path, chosen)  # says that it exists, before the steps are timed
    plan = plan_sweep(chosen)
    tell_without_effect(chosen.without_effect(key for key, _ in map(read_word, words) if key not in chosen.space))
    click.echo("\n".join([*plan.lines(path), ""]))
    if dry_run:
        return 0
    return _run(SweepFolder.create(path, chosen), progress)


def resume_sweep(path: Path, progress: "ProgressMode", executor: "Executor | None" = None) -> int:
    """Run what a sweep has not run to its end, by another executor if one is given; returns the exit status."""
    from trainlab.cli.reproduce import run_reproduction
    from trainlab.experiments.reproduction import is_reproduction
    from trainlab.experiments.sweep import SweepFolder

    folder = SweepFolder.open(path)
    if is_reproduction(path):
        return run_reproduction(folder, progress, executor=executor)
    return _run(folder, progress, executor)


def _run(folder: "SweepFolder", progress: "ProgressMode", executor: "Executor | None" = None) -> int:
    outcome = run_sweep(folder, progress, executor)
    if outcome is None:
        click.echo(f"{folder.path} has finished already; its table: {folder.path / 'results.csv'}")
        return 0
    return _finish(folder, outcome)


def check_event_files(sweep: "Sweep") -> None:
    """Raises InputError when event files are wanted and the package that writes them is missing here."""
    if sweep.tensorboard:
        from trainlab.export.tensorboard import tensorboard_package

        tensorboard_package()


def run_sweep(
    folder: "SweepFolder", progress: "ProgressMode", executor: "Executor | None" = None
) -> "SweepOutcome | None":
    """Run what is left of a sweep, with a display; None when nothing is."""
    from trainlab.experiments.sweep import Coordinator, make_sweep_display

    display = make_sweep_display(progress)
    with folder.alone():
        coordinator = Coordinator(
            folder,
            display,
            command=["trainlab", *sys.argv[1:]],
            executor=executor,
            listeners=[EVENT_FILES] if folder.sweep.tensorboard else [],
        )
        if coordinator.is_done:
            return None
        if folder.sweep.tensorboard:
            click.echo(f"watch it with:  tensorboard --logdir {quote(str(folder.path))}", err=True)
        _stop_on_signals(coordinator)
        try:
            return coordinator.run()
        finally:
            display.close()


def _pruned_text(folder: "SweepFolder", outcome: "SweepOutcome") -> str:
    """How many points were pruned, and what that has saved."""
    from trainlab.training.progress.wording import count_text

    pruned = [row for row in outcome.rows if row.status == "pruned"]
    points = count_text(len({row.point for row in pruned}), "point")
    saved = sum(folder.sweep.base.epochs - (row.epochs or 0) for row in pruned)
    whole = folder.sweep.base.epochs * len(outcome.rows)
    return f"  pruned: {points}, which saved {saved:,} of {whole:,} epochs; why stands in results.csv"


def _stop_on_signals(coordinator: "Coordinator") -> None:
    """Let Ctrl-C (and a polite kill) end the sweep when its runs have saved; a second one ends them at once."""

    def stop(number: int, frame: Any) -> None:
        coordinator.request_stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _finish(folder: "SweepFolder", outcome: "SweepOutcome") -> int:
    """Print the best points, what went wrong and what to do next; returns the exit status."""
    from trainlab.experiments.sweep import ranked, scores, settings_text

    points = [point for point in ranked(scores(outcome.rows)) if point.is_whole]
    if points:
        click.echo("\nvalidation accuracy, mean ± standard deviation over seeds")
    for point in points[:SHOWN_POINTS]:
        click.echo(f"  {point.text:26}{settings_text(point.settings) or folder.sweep.name}")
    if len(points) > SHOWN_POINTS:
        click.echo(f"  … and {len(points) - SHOWN_POINTS} more in results.csv")
    status = tell_rest(folder, outcome)
    if outcome.status == "finished" and points:
        if len(points) > 1:
            click.echo(f"\nIs the best one more than luck?  trainlab compare {quote(str(folder.path))}")
        best = next(row for row in outcome.rows if row.point == points[0].point)
        chosen = quote(str(folder.path / best.run))
        click.echo(f"The test set was not read. Once you have chosen:  trainlab evaluate {chosen}")
    return status


def tell_rest(folder: "SweepFolder", outcome: "SweepOutcome") -> int:
    """Print what went wrong, where the table is, and how to go on; returns the exit status."""
    from trainlab.experiments.sweep import settings_text
    from trainlab.training.progress.wording import count_text

    for row in outcome.rows:
        if row.status in ("failed", "diverged"):
            click.echo(f"  {row.status}: {settings_text({**row.settings, 'seed': row.seed})}: {row.reason}")
    if outcome.count("pruned"):
        click.echo(_pruned_text(folder, outcome))
    click.echo(f"\ntable    {folder.path / 'results.csv'} (and .json)")
    ended = count_text(sum(row.status != "unfinished" for row in outcome.rows), "run")
    if outcome.status != "finished":
        why = "stopped" if outcome.status == "interrupted" else "the budget is used up"
        click.echo(f"{why} after {ended} had ended; go on with:  trainlab resume {quote(str(folder.path))}")
        if outcome.status == "interrupted":
            return 130
    if outcome.count("failed"):
        click.echo(
            f"\ntrainlab: {count_text(outcome.count('failed'), 'run')} failed; try again with "
            f"`trainlab resume {quote(str(folder.path))}`",
            err=True,
        )
    return 1 if outcome.count("failed") or not outcome.count("finished") else 0
