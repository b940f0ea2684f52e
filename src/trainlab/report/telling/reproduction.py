"""What was published, beside what our runs say: sections for the report of a reproduction."""

from collections.abc import Iterable
from pathlib import Path

from trainlab.experiments.measured_run import find_runs, measure
from trainlab.experiments.reproduction import confront, is_reproduction, read_reproduction
from trainlab.experiments.reproduction.telling import ToldConfrontation, tell
from trainlab.report.document import Block, Bullets, Paragraph, Section, Table
from trainlab.words import words


def reproduction_sections(told: ToldConfrontation, language: str = "en") -> list[Section]:
    """The published conclusions and what our runs say of each, then the published figures beside ours."""
    say = words(language)
    warning: list[Block] = [Bullets([told.warning], look="warning")] if told.warning else []
    source: list[Block] = [Paragraph(told.source)] if told.source else []
    sections: list[Section] = []
    if told.claims:
        headings = [say(f"reproduction.{key}") for key in ("conclusion", "verdict", "why")]
        rows = [(claim.says, claim.verdict, claim.why) for claim in told.claims]
        blocks = [
            *warning,
            Paragraph(told.count),
            Table(headings, rows, left=(0, 1, 2), is_sortable=False),
            Paragraph(say("reproduction.claims_told"), look="note"),
        ]
        sections.append(Section(say("reproduction.conclusions"), [*source, *blocks]))
    if told.rows:
        table = Table(told.headings, told.rows, left=(0, 1), is_sortable=False)
        blocks = [*warning, table, Paragraph(say("reproduction.told"), look="note")]
        sections.append(Section(say("reproduction.title"), blocks if sections else [*source, *blocks]))
    return sections


def sections_of(folders: Iterable[Path], language: str = "en") -> list[Section]:
    """The sections of those folders that are reproductions. Raises InputError for one that is damaged."""
    found = []
    for folder in filter(is_reproduction, folders):
        runs = [measure(run) for run in find_runs([folder])]
        found += reproduction_sections(tell(confront(read_reproduction(folder), runs), language), language)
    return found
