"""Statistics over seeds: pure functions of numbers, which know nothing of runs."""

from trainlab.experiments.statistics.difference import ALPHA, Difference, compare, holm, seeds_needed
from trainlab.experiments.statistics.summary import Summary, summarize
from trainlab.experiments.statistics.verdict import verdict

__all__ = ["ALPHA", "Difference", "Summary", "compare", "holm", "seeds_needed", "summarize", "verdict"]
