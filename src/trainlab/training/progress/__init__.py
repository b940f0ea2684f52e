"""How a run is watched while it goes on: on a terminal, in a log or in a notebook.

`make_progress` picks the display; what it returns is a listener for `Trainer`.
"""

from trainlab.training.progress.choose import ProgressMode, make_progress
from trainlab.training.progress.listener import Display, NoProgress, Progress
from trainlab.training.progress.snapshot import Snapshot

__all__ = ["Display", "NoProgress", "Progress", "ProgressMode", "Snapshot", "make_progress"]
