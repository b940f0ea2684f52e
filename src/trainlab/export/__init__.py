"""Taking a run elsewhere: what other programs read."""

from trainlab.export.table import finished_epochs, metrics_as_csv

__all__ = ["finished_epochs", "metrics_as_csv"]
