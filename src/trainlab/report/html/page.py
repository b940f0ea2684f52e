"""The report: what it says of the runs, handed to the template that lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.atomic import write_bytes_atomically
from trainlab.errors import InputError
from trainlab.experiments.comparison import Comparison, MeasuredSetting, compare_runs, group_runs, warnings_of
from trainlab.experiments.measured_run import measure
from trainlab.experiments.run_folder import RunFolder
from trainlab.report.html import sections
from trainlab.report.html.judgement import Judgement, judge
from trainlab.words import Words, words

MADE_BY = '<meta name="generator" content="trainlab report">'
MARK_WITHIN = 1000  # bytes
MOST_MISTAKES = 24
MOST_ROUNDING = 0.002
"""Another machine may round a few answers differently; a larger share means other images."""


@dataclass(frozen=True)
class Subject:
    """What a report is about."""

    settings: tuple[MeasuredSetting, ...]
    """The best first."""
    comparison: Comparison | None
    """None for a single run."""
    warnings: tuple[str, ...]
    folders: dict[Path, RunFolder]

    @property
    def chosen(self) -> RunFolder:
        """The first run of the best setting, a finished one if there is any."""
        best = self.settings[0]
        return self.folders[(best.finished or best.runs)[0].path]


def write_report(folders: Sequence[RunFolder], output: Path, language: str = "en") -> None:
    """Write the report of these runs. An earlier report at ``output`` is replaced.

    Args:
        language: one of `trainlab.words.LANGUAGES`.

    Raises InputError for another ending than .html, a file that is no report, an unknown language, runs that cannot be
    compared, or when not one of them has finished an epoch.
    """
    refuse_to_overwrite(output)
    write_bytes_atomically(output, render_report(folders, language).encode())


def refuse_to_overwrite(path: Path) -> None:
    """Raises InputError unless ``path`` is a new HTML file or an earlier report."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: a report is an HTML file. Give a name that ends in .html.")
    if not path.exists():
        return
    is_ours = False
    if path.is_file():
        with path.open("rb") as file:
            is_ours = MADE_BY.encode() in file.read(MARK_WITHIN)
    if not is_ours:
        raise InputError(
            f"{path} exists already and is no report of trainlab's, so it is not overwritten. Move it away, or give "
            "another name: --output other.html."
        )


def render_report(folders: Sequence[RunFolder], language: str = "en") -> str:
    """The report as one HTML text: the same for the same runs. Raises InputError as `write_report`."""
    say = words(language)
    subject = _subject(folders, language)
    found = judge(subject.chosen, MOST_MISTAKES)
    return _render(say, _content(subject, found, say))


def _subject(folders: Sequence[RunFolder], language: str) -> Subject:
    runs = [measure(folder) for folder in folders]
    if not any(run.epochs for run in runs):
        names = ", ".join(str(run.path) for run in runs)
        raise InputError(
            f"there is nothing to report: no epoch was finished in {names}. Go on with "
            f"`trainlab resume {runs[0].path}`."
        )
    by_path = {folder.path: folder for folder in folders}
    if len(runs) > 1:
        comparison = compare_runs(runs, language=language)
        return Subject(comparison.settings, comparison, comparison.warnings, by_path)
    (setting,), _ = group_runs(runs, language)
    return Subject((setting,), None, tuple(warnings_of(setting, language)), by_path)


def _content(subject: Subject, found: Judgement | str, say: Words) -> dict[str, Any]:
    settings, comparison, chosen = subject.settings, subject.comparison, subject.chosen
    judged = found if isinstance(found, Judgement) else None
    missing = "" if isinstance(found, Judgement) else say(f"report.no_{found}", dataset=chosen.config.dataset)
    warnings = list(subject.warnings)
    summary = chosen.read_summary()
    if judged is not None and summary is not None and summary["best"]:
        recorded = summary["best"]["validation"]["accuracy"]
        if abs(judged.accuracy - recorded) > MOST_ROUNDING:
            told = {"now": f"{judged.accuracy:.2%}", "then": f"{recorded:.2%}", "run": chosen.path}
            warnings.append(say("report.judged_otherwise", **told))
    return {
        "title": sections.title(settings, say),
        "question": sections.question(settings, say),
        "answer": sections.answer(settings, comparison, say),
        "sentences": comparison.sentences if comparison is not None and len(settings) > 1 else (),
        "table": sections.settings_table(settings, say),
        "curves": sections.curves(settings, say),
        "rates": sections.rate_chart(settings, say),
        "chosen": str(chosen.path),
        "missing": missing,
        "judged": judged and sections.judged(judged, say),
        "network": sections.network(chosen.config, say),
        "warnings": warnings,
        "runs": [sections.run_record(run, subject.folders[run.path], say) for one in settings for run in one.runs],
        "environment": sections.environment([subject.folders[run.path] for one in settings for run in one.runs]),
        "configuration": sections.configuration(settings, chosen.config),
    }


def _render(say: Words, content: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.jinja").render(say=say, made_by=MADE_BY, **content)
