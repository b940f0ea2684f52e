"""A confrontation in words: two tables of texts, for terminal and report alike."""

from dataclasses import dataclass

from trainlab.experiments.reproduction.confrontation import Cell, Confrontation, JudgedClaim
from trainlab.experiments.reproduction.study import Study
from trainlab.experiments.statistics import Summary, verdict
from trainlab.experiments.sweep import settings_text
from trainlab.words import Words, words


@dataclass(frozen=True)
class ToldClaim:
    """A published conclusion and what our runs say of it."""

    verdict: str
    says: str
    why: str
    """By which figure, and with what numbers."""


@dataclass(frozen=True)
class ToldConfrontation:
    """All of it, in one language."""

    source: str
    warning: str
    """That only a part of the work was done; empty when all of it was."""
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """One a published figure, under ``headings``; none where no figure was published."""
    claims: tuple[ToldClaim, ...]
    count: str
    """How many conclusions were confirmed; empty where there are none."""


def tell(found: Confrontation, language: str = "en") -> ToldConfrontation:
    """Put it into words. Raises InputError for a language that trainlab lacks."""
    say, study = words(language), found.study
    headings = tuple(
        say(f"reproduction.{key}") for key in ("setting", "figure", "published", "ours", "n", "range", "fits")
    )
    count = ""
    if found.claims:
        verdicts = [judged.verdict for judged in found.claims]
        count = say(
            "reproduction.count",
            all=len(verdicts),
            **{one: verdicts.count(one) for one in ("confirmed", "contradicted", "open")},
        )
    return ToldConfrontation(
        source=study.source,
        warning="" if study.scale == 1 else say("reproduction.scaled", percent=f"{100 * study.scale:g}"),
        headings=headings,
        rows=tuple(_row(cell, study, say) for cell in found.cells),
        claims=tuple(_claim(judged, study, say) for judged in found.claims),
        count=count,
    )


def _row(cell: Cell, study: Study, say: Words) -> tuple[str, ...]:
    is_share = cell.figure.endswith("accuracy")
    scale, places, unit = (100, 2, " %") if is_share else (1, 4, "")
    published = Summary(1, cell.published, None, None).text(places, scale) + unit
    ours = "–" if cell.ours is None else cell.ours.text(places, scale) + unit
    n = "0" if cell.ours is None else str(cell.ours.n)
    limits = "–"
    if cell.range is not None:
        low, high = (scale * end for end in cell.range)
        limits = f"{low:.{places}f} … {high:.{places}f}{unit}"
    fits = "–" if cell.fits is None else say("reproduction.yes" if cell.fits else "reproduction.no")
    return settings_text(study.points[cell.point]), say(f"figure.{cell.figure}"), published, ours, n, limits, fits


def _claim(judged: JudgedClaim, study: Study, say: Words) -> ToldClaim:
    claim = judged.claim
    more = settings_text(study.points[claim.more])
    less = "0" if claim.less is None else settings_text(study.points[claim.less])
    if judged.difference is None:
        why = say("reproduction.no_runs")
    else:
        unit = "accuracy" if claim.figure.endswith("accuracy") else "loss"
        why = verdict(judged.difference, more, less, unit=unit, language=say.language)
    says = claim.says.get(say.language, claim.says["en"])
    by = say("reproduction.by", figure=say(f"figure.{claim.figure}"))
    return ToldClaim(say(f"reproduction.{judged.verdict}"), says, f"{by} {why}")
