"""Taking a run elsewhere: what other programs read."""

from trainlab.export.table import finished_epochs, metrics_as_csv
from trainlab.export.tensorboard import EventFiles, write_event_files

__all__ = ["EventFiles", "finished_epochs", "metrics_as_csv", "write_event_files"]
