"""What a difference means, in words."""

from trainlab.experiments.statistics.difference import MOST_SEEDS, Difference
from trainlab.words import Words, words


def verdict(
    difference: Difference,
    better: str,
    worse: str,
    *,
    unit: str = "accuracy",
    higher: bool = True,
    language: str = "en",
) -> str:
    """One or two sentences: whether the difference exceeds seed noise, how large it is, how many seeds would settle it.

    Args:
        difference: the better setting's mean minus the worse one's. Over common seeds alone it may go the other way;
            then the sentence does too.
        better: name of the setting with the better mean over all of its seeds.
        worse: name of the other.
        unit: "accuracy" is told in percentage points, "loss" as it is.
        higher: whether higher is better.
        language: one of `trainlab.words.LANGUAGES`.
    """
    say = words(language)
    seeds = _seeds(difference, say)
    if difference.mean == 0:
        return say("verdict.same", better=better, worse=worse, unit=say(f"metric.{unit}"), seeds=seeds)
    if (difference.mean > 0) != higher:
        better, worse = worse, better
    size = _amount(difference.mean, difference.margin, unit, say)
    told = say("verdict.above" if higher else "verdict.below", better=better, size=size, worse=worse)
    if difference.p is None:
        return say("verdict.single", told=told)
    told = say("verdict.tested", told=told, p=p_text(difference.p), seeds=seeds)
    if difference.exceeds_noise:
        return say("verdict.more", told=told)
    if difference.seeds_needed is None:
        return say("verdict.never", told=told, most=f"{MOST_SEEDS:,}")
    if difference.seeds_needed <= max(difference.n):  # those at hand were unlucky
        return say("verdict.nearly", told=told)
    return say("verdict.settled_by", told=told, n=difference.seeds_needed)


def p_text(p: float) -> str:
    """
    >>> p_text(0.0123), p_text(2e-5)
    ('p = 0.012', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _amount(mean: float, margin: float | None, unit: str, say: Words) -> str:
    scale, places = (100, 2) if unit == "accuracy" else (1, 4)
    spread = "" if margin is None else f" ± {margin * scale:.{places}f}"
    size = f"{abs(mean) * scale:.{places}f}{spread}"
    return say("verdict.points", size=size) if unit == "accuracy" else size


def _seeds(difference: Difference, say: Words) -> str:
    first, second = difference.n
    if difference.paired:
        return say("verdict.pairs", n=first)
    if first != second:
        return say("verdict.unequal", first=first, second=second)
    return say("verdict.each", seeds=say.count("seed", first))
