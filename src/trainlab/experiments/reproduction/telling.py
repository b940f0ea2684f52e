"""A confrontation in words: two tables of texts, for terminal and report alike."""

from dataclasses import dataclass

from trainlab.experiments.reproduction.confrontation import Cell, Confrontation, JudgedClaim
from trainlab.experiments.reproduction.study import Study
from trainlab.experiments.statistics import Summary, verdict
from trainlab.experiments.statistics.verdict import p_text
from trainlab.experiments.sweep import settings_text
from trainlab.experiments.sweep.space import Settings
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
    write = Summary.percent if is_share else Summary.text
    published = write(Summary(1, cell.published, None, None))
    ours = "–" if cell.ours is None else write(cell.ours)
    n = "0" if cell.ours is None else str(cell.ours.n)
    limits = "–"
    if cell.range is not None:
        low, high = (scale * max(0.0, min(end, 1.0) if is_share else end) for end in cell.range)
        limits = f"{low:.{places}f} … {high:.{places}f}{unit}"
    can_tell = cell.fits is not None and study.scale == 1
    fits = say("reproduction.yes" if cell.fits else "reproduction.no") if can_tell else "–"
    return settings_text(study.points[cell.point]), say(f"figure.{cell.figure}"), published, ours, n, limits, fits


def _claim(judged: JudgedClaim, study: Study, say: Words) -> ToldClaim:
    claim = judged.claim
    more = study.points[claim.more]
    if judged.difference is None:
        why = say("reproduction.no_runs")
    elif claim.less is None:
        why = _against_zero(judged, settings_text(more), say)
    else:
        unit = "accuracy" if claim.figure.endswith("accuracy") else "loss"
        less = study.points[claim.less]
        why = verdict(judged.difference, _unlike(more, less), _unlike(less, more), unit=unit, language=say.language)
    says = claim.says.get(say.language, claim.says["en"])
    by = say("reproduction.by", figure=say(f"figure.{claim.figure}"))
    return ToldClaim(say(f"reproduction.{judged.verdict}"), says, say.paragraph([by, why]))


def _unlike(settings: Settings, others: Settings) -> str:
    """What of some settings is otherwise in others: a claim is about that, and two texts of all are hard to compare."""
    return settings_text({key: value for key, value in settings.items() if value != others[key]})


def _against_zero(judged: JudgedClaim, setting: str, say: Words) -> str:
    difference = judged.difference
    assert difference is not None
    figure = f"{difference.mean:+.4f}" + ("" if difference.margin is None else f" ± {difference.margin:.4f}")
    told = {"setting": setting, "figure": figure, "seeds": say.count("seed", difference.n[0])}
    if difference.p is None:
        return say("reproduction.zero_single", **told)
    key = "reproduction.zero_more" if difference.exceeds_noise else "reproduction.zero_noise"
    return say(key, p=p_text(difference.p), **told)
