"""Networks by name."""

from trainlab.models.mlp import mlp
from trainlab.models.summary import LayerSummary, summarize

__all__ = ["LayerSummary", "mlp", "summarize"]
