"""What is to be told of some runs: a `trainlab.report.document.Document`, which knows nothing of formats."""

from trainlab.report.telling.tell import tell

__all__ = ["tell"]
