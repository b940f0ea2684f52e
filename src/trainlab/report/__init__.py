"""What there is for people to look at: the picture of a run's curves, and that of its training images."""

from trainlab.report.curves import draw_curves
from trainlab.report.samples import draw_samples, refuse_to_overwrite

__all__ = ["draw_curves", "draw_samples", "refuse_to_overwrite"]
