"""Statistics over seeds: pure functions of numbers, which know nothing of runs."""

from trainlab.experiments.statistics.difference import ALPHA, Difference, compare, seeds_needed
from trainlab.experiments.statistics.importance import Importance, importance
from trainlab.experiments.statistics.main_effects import Level, MainEffect, main_effects
from trainlab.experiments.statistics.several import best_against_others, holm
from trainlab.experiments.statistics.summary import Summary, summarize
from trainlab.experiments.statistics.verdict import verdict

__all__ = [
    "ALPHA",
    "Difference",
    "Importance",
    "Level",
    "MainEffect",
    "Summary",
    "best_against_others",
    "compare",
    "holm",
    "importance",
    "main_effects",
    "seeds_needed",
    "summarize",
    "verdict",
]
