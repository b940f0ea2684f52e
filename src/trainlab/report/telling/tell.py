"""The whole report: its sections in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainlab.errors import InputError
from trainlab.experiments.comparison import Comparison, MeasuredSetting, compare_runs, group_runs, warnings_of
from trainlab.experiments.measured_run import MeasuredRun, measure
from trainlab.experiments.run_folder import RunFolder, kept_epoch
from trainlab.report.document import Bullets, Document, Paragraph, Part, Section
from trainlab.report.judgement import Judgement, judge
from trainlab.report.telling.again import again
from trainlab.report.telling.answer import answer, question, title
from trainlab.report.telling.hyperparameters import hyperparameters
from trainlab.report.telling.network import mistakes, network
from trainlab.report.telling.over_epochs import curves, rates
from trainlab.report.telling.results import results
from trainlab.words import Words, words

MOST_MISTAKES = 24
MOST_ROUNDING = 0.002
"""Another machine may round a few answers differently; a larger share means other images."""


@dataclass(frozen=True)
class Subject:
    """What a part of a report is about: runs on one data set."""

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


def tell(folders: Sequence[RunFolder], language: str = "en", extra: Sequence[Section] = ()) -> Document:
    """What these runs show. The same runs give the same document.

    Args:
        language: one of `trainlab.words.LANGUAGES`.
        extra: a caller's sections, to stand behind the answer.

    Raises InputError for an unknown language, runs that cannot be compared, a damaged file, or when not one of the runs
    has finished an epoch.
    """
    say = words(language)
    runs = [measure(folder) for folder in folders]
    if not any(run.epochs for run in runs):
        names = ", ".join(str(run.path) for run in runs)
        raise InputError(
            f"there is nothing to report: no epoch was finished in {names}. Go on with "
            f"`trainlab resume {runs[0].path}`."
        )
    by_path = {folder.path: folder for folder in folders}
    by_dataset: dict[str, list[MeasuredRun]] = {}
    for run in runs:
        by_dataset.setdefault(run.config.dataset, []).append(run)
    if len(by_dataset) == 1:
        part = _part(_subject(runs, by_path, language), extra, say)
        return Document(language, part.title, (), (), (part,))
    without = [name for name, members in by_dataset.items() if not any(run.epochs for run in members)]
    parts = [
        _part(_subject(members, by_path, language), (), say)
        for name, members in by_dataset.items()
        if name not in without
    ]
    datasets = say.listed(list(by_dataset))
    opening = [say("report.several_datasets", datasets=datasets)]
    opening += [say("report.dataset_without_epoch", dataset=name) for name in without]
    return Document(language, say("report.title_of_datasets", datasets=datasets), opening, tuple(extra), parts)


def _subject(runs: Sequence[MeasuredRun], folders: dict[Path, RunFolder], language: str) -> Subject:
    if len(runs) > 1:
        comparison = compare_runs(runs, language=language)
        return Subject(comparison.settings, comparison, comparison.warnings, folders)
    (setting,), _ = group_runs(runs, language)
    return Subject((setting,), None, tuple(warnings_of([setting], language)), folders)


def _part(subject: Subject, extra: Sequence[Section], say: Words) -> Part:
    settings, comparison, chosen = subject.settings, subject.comparison, subject.chosen
    found = judge(chosen, MOST_MISTAKES)
    warnings = list(subject.warnings)
    if isinstance(found, Judgement):
        warnings += _judged_otherwise(found, chosen, say)
        of_run = say("report.of_run", run=chosen.path.as_posix()) if len(settings) > 1 else ""
        wrong = mistakes(found, of_run, say)
    else:
        missing = say(f"report.no_{found}", dataset=chosen.config.dataset)
        wrong = Section(say("report.mistakes"), [Paragraph(missing, "note")])
    sections = [
        *extra,
        results(settings, comparison, say),
        Section(say("report.warnings"), [Bullets(warnings, "warning")]) if warnings else None,
        hyperparameters(settings, comparison, say),
        curves(settings, say),
        rates(settings, say),
        wrong,
        network(chosen.config, say),
        again(settings, subject.folders, chosen, say),
    ]
    return Part(
        title(settings, say),
        question(settings, say),
        answer(settings, comparison, say),
        [section for section in sections if section is not None],
    )


def _judged_otherwise(found: Judgement, run: RunFolder, say: Words) -> list[str]:
    """A warning where the weights do not get here what the run noted."""
    summary = run.read_summary()
    kept = None if summary is None else kept_epoch(summary)
    if kept is None:
        return []
    recorded = kept["validation"]["accuracy"]
    if abs(found.accuracy - recorded) <= MOST_ROUNDING:
        return []
    told = {"now": f"{found.accuracy:.2%}", "then": f"{recorded:.2%}", "run": run.path.as_posix()}
    return [say("report.judged_otherwise", **told)]
