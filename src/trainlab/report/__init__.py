"""What remains of a run for people to look at: the picture of its curves."""

from trainlab.report.curves import draw_curves

__all__ = ["draw_curves"]
