"""What there is for people to look at: reports of runs, and pictures of curves and of training images."""

from trainlab.report.curves import draw_curves
from trainlab.report.samples import draw_samples, refuse_to_overwrite
from trainlab.report.writing import write_report

__all__ = ["draw_curves", "draw_samples", "refuse_to_overwrite", "write_report"]
