"""Statistics over seeds: pure functions of numbers, which know nothing of runs."""

from trainlab.experiments.statistics.difference import ALPHA, Difference, compare, seeds_needed
from trainlab.experiments.statistics.several import best_against_others, holm
from trainlab.experiments.statistics.summary import Summary, summarize
from trainlab.experiments.statistics.verdict import verdict

__all__ = [
    "ALPHA",
    "Difference",
    "Summary",
    "best_against_others",
    "compare",
    "holm",
    "seeds_needed",
    "summarize",
    "verdict",
]
