"""What is needed to do it again: runs, commands, environment, configuration."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from trainlab.experiments.comparison import MeasuredSetting
from trainlab.experiments.config import HOW_IT_IS_RUN, Config
from trainlab.experiments.measured_run import MeasuredRun
from trainlab.experiments.run_folder import RunFolder, kept_epoch
from trainlab.experiments.settings import value_text
from trainlab.report.document import Cell, Code, Fact, Facts, Heading, Paragraph, Section, Table
from trainlab.words import Words

MATTERS = (
    *("trainlab", "numpy", "blas", "torch", "python", "platform", "machine"),
    *("device", "precision", "cores", "threads", "processes"),
)


def again(
    settings: Sequence[MeasuredSetting], folders: Mapping[Path, RunFolder], chosen: RunFolder, say: Words
) -> Section:
    runs = [run for setting in settings for run in setting.runs]
    members = [folders[run.path] for run in runs]
    return Section(
        say("report.again"),
        [
            Heading(say("report.runs")),
            _runs(runs, folders, say),
            Heading(say("report.commands")),
            Code(list(dict.fromkeys(_command(folder) for folder in members))),
            Paragraph(say("report.commands_told"), "note"),
            Heading(say("report.environment")),
            Facts(_environment(members)),
            Heading(say("report.configuration")),
            Paragraph(say("report.configuration_told", run=chosen.path.as_posix())),
            Facts(_configuration(settings, chosen.config), "columns"),
        ],
    )


def _runs(runs: Sequence[MeasuredRun], folders: Mapping[Path, RunFolder], say: Words) -> Table:
    """How each run ended."""
    headings = [say(f"report.{one}") for one in ("run", "seed", "status")]
    headings += [say("metric.validation_accuracy"), say("report.epoch"), say("metric.seconds")]
    rows: list[list[Cell | str]] = []
    for run in runs:
        summary = folders[run.path].read_summary() or {}
        kept = kept_epoch(summary) if summary else None
        status = say(f"status.{run.status}")
        if run.status != "finished" and summary.get("reason"):
            status += f": {summary['reason']}"
        rows.append(
            [
                run.path.as_posix(),
                Cell(str(run.config.seed), run.config.seed),
                status,
                "" if kept is None else _numbered(f"{100 * kept['validation']['accuracy']:.2f} %"),
                "" if kept is None else _numbered(str(kept["epoch"])),
                _numbered(f"{summary['seconds']:.1f}") if "seconds" in summary else "",
            ]
        )
    return Table(headings, rows, left=(0, 2))


def _numbered(text: str) -> Cell:
    return Cell(text, float(text.removesuffix(" %")))


def _command(folder: RunFolder) -> str:
    """The command that makes a run again; of a run that was made by a program, the one that would."""
    words = folder.read_environment().get("command") or ["trainlab", "train", (folder.path / "config.toml").as_posix()]
    return shlex.join(map(str, words)) if isinstance(words, list) else str(words)


def _environment(folders: Sequence[RunFolder]) -> list[Fact]:
    """What the results may depend on besides the configuration; several values where the runs differ."""
    records = [folder.read_environment() for folder in folders]
    facts = []
    for key in MATTERS:
        values = dict.fromkeys(str(record[key]) for record in records if key in record)
        if values:
            facts.append(Fact(key, ", ".join(values)))
    return facts


def _configuration(settings: Sequence[MeasuredSetting], chosen: Config) -> list[Fact]:
    """All that decides the result: strong is what settings differ in, pale what is the default."""
    differing, default = settings[0].settings, asdict(Config())
    return [
        Fact(key, value_text(value), "strong" if key in differing else "pale" if value == default[key] else "plain")
        for key, value in asdict(chosen).items()
        if key not in HOW_IT_IS_RUN - {"seed"}
    ]
