"""What a difference means, in words."""

from trainlab.experiments.statistics.difference import MOST_SEEDS, Difference


def verdict(difference: Difference, better: str, worse: str, *, unit: str = "accuracy", higher: bool = True) -> str:
    """One or two sentences: whether the difference exceeds seed noise, how large it is, how many seeds would settle it.

    Args:
        difference: the better setting's mean minus the worse one's.
        better: name of the setting with the better mean.
        worse: name of the other.
        unit: "accuracy" is told in percentage points, anything else as it is.
        higher: whether higher is better.
    """
    size = _amount(difference.mean, difference.margin, unit)
    direction = "above" if higher else "below"
    if difference.mean == 0:
        return f"{better} and {worse} come to the same mean {unit}{_seeds(difference)}."
    if difference.p is None:
        return (
            f"{better} is {size} {direction} {worse}, but nothing can be concluded: at least one of the two was run "
            "with a single seed, which says nothing of how much seeds differ."
        )
    p = "p < 0.001" if difference.p < 0.001 else f"p = {difference.p:.2g}"
    told = f"{better} is {size} {direction} {worse} ({p}{_seeds(difference)})"
    if difference.exceeds_noise:
        return f"{told}: more than seed noise."
    if difference.seeds_needed is None:
        return f"{told}: not more than seed noise, and more than {MOST_SEEDS:,} seeds would be needed to settle it."
    if difference.seeds_needed <= max(difference.n):  # the correction for several comparisons, or a lucky draw
        return f"{told}: not more than seed noise; a few more seeds would settle it."
    return f"{told}: not more than seed noise; about {difference.seeds_needed} seeds each would settle it."


def _amount(mean: float, margin: float | None, unit: str) -> str:
    scale, places, name = (100, 2, " percentage points") if unit == "accuracy" else (1, 4, "")
    spread = "" if margin is None else f" ± {margin * scale:.{places}f}"
    return f"{abs(mean) * scale:.{places}f}{spread}{name}"


def _seeds(difference: Difference) -> str:
    first, second = difference.n
    if difference.paired:
        return f", {first} pairs of seeds"
    return f", {first} seeds each" if first == second else f", {first} and {second} seeds"
